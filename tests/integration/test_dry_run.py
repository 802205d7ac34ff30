"""--dry-run tells what a load would do and does nothing: no table, no positions, no lock."""
import json

from support.records import numbered


def tables(database):
    return database.rows("SELECT schemaname, tablename FROM pg_tables "
                         "WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2")


def dry(shardcopy, local, database, *options, **where):
    out = shardcopy.load(local.url("demo"), database.url(**where), "--dry-run", "--output=json", *options).out
    return json.loads(out)


def test_a_table_that_is_not_there(local, stream, database, shardcopy):
    stream(shards=2).put_many(['{"id":1,"A b":"x","n":{"x":1},"f":0.5}'] * 20)
    told = dry(shardcopy, local, database, "--metadata=shard,message-id:mid", table="raw.t")
    assert not tables(database) and database.value("SELECT to_regnamespace('raw')") is None
    assert told["columns"] == [
        {"key": "id", "column": "id", "type": "bigint"}, {"key": "A b", "column": "A b", "type": "text"},
        {"key": "n", "column": "n", "type": "jsonb"}, {"key": "f", "column": "f", "type": "double precision"},
        {"metadata": "shard", "column": "kinesis_shard_id", "type": "text"},
        {"metadata": "message-id", "column": "mid", "type": "text"}]
    assert not told["table_exists"] and sum(shard["sampled"] for shard in told["shards"]) == 20
    assert {(shard["start"], shard["behind_ms"]) for shard in told["shards"]} == {("trim-horizon", 0)}
    database.execute(told["ddl"])
    assert database.rows("SELECT attname FROM pg_attribute "
                         "WHERE attrelid = 'raw.t'::regclass AND attnum > 0 ORDER BY attnum") == [
        (column["column"],) for column in told["columns"]]


def test_the_ddl_is_the_one_a_load_runs(local, stream, database, shardcopy):
    stream().put('{"id":1,"":2,"xmin":true,"kinesis_shard_id":"x","big":12345678901234567890}')
    told = dry(shardcopy, local, database)
    shardcopy.load(local.url("demo"), database.url())
    made = database.rows("SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
                         "WHERE attrelid = 'demo'::regclass AND attnum > 0 ORDER BY attnum")
    assert made == [(column["column"], column["type"]) for column in told["columns"]]


def test_a_table_that_is_there(local, stream, database, shardcopy):
    stream().put_many(['{"id":1,"v":2.5}', '{"id":2}'])
    database.execute("CREATE TABLE demo (v numeric(8,2), other int DEFAULT 5, id bigint, "
                     "KINESIS_ARRIVAL_TIME timestamptz)")
    told = dry(shardcopy, local, database)
    assert told["table_exists"] and told["ddl"] == ""
    assert told["columns"] == [{"key": "v", "column": "v", "type": "numeric(8,2)"},
                               {"key": "other", "column": "other", "type": "integer"},
                               {"key": "id", "column": "id", "type": "bigint"},
                               {"metadata": "arrival", "column": "kinesis_arrival_time",
                                "type": "timestamp with time zone"}]
    assert tables(database) == [("public", "demo")] and database.count("demo") == 0


def test_where_it_goes_on(local, stream, database, shardcopy):
    source = stream()
    source.put_many(numbered(0, 10))
    shardcopy.load(local.url("demo"), database.url())
    before = database.rows("SELECT * FROM kinesis_checkpoints")
    last = database.value("SELECT sequence FROM kinesis_checkpoints")
    source.put_many(numbered(10, 15))
    told = dry(shardcopy, local, database)
    assert [(shard["start"], shard["sampled"]) for shard in told["shards"]] == [(f"after {last}", 5)]
    assert [shard["start"] for shard in dry(shardcopy, local, database, "--restart")["shards"]] == ["trim-horizon"]
    assert database.rows("SELECT * FROM kinesis_checkpoints") == before and database.count("demo") == 10


def test_beside_a_running_load(local, stream, database, shardcopy):
    stream().put_many(numbered(0, 10))
    running = shardcopy.start("load", local.url("demo"), database.url(), "--follow")
    from support.wait import wait_until
    wait_until(lambda: database.count("demo") == 10, what="the rows")
    assert len(dry(shardcopy, local, database)["shards"]) == 1
    running.signal(2)
    running.wait()


def test_shards_that_wait(local, stream, database, shardcopy):
    source = stream()
    source.put_many(numbered(0, 10))
    source.split(source.open_shards()[0])
    told = dry(shardcopy, local, database)
    assert len(told["shards"]) == 1 and told["waiting"] == 2


def test_as_text(local, stream, database, shardcopy):
    stream().put('{"id":1}')
    out = shardcopy.load(local.url("demo"), database.url(), "--dry-run").out
    for part in ("CREATE TABLE", '"id"', "bigint", "(shard)", "trim-horizon", "shardId-000000000000"):
        assert part in out, out
    assert "each record as it is" in shardcopy.load(local.url("demo"), "-", "--dry-run").out


def test_an_empty_stream(local, stream, database, shardcopy):
    stream()
    told = dry(shardcopy, local, database)
    assert told["columns"] == [] and told["ddl"] == "" and told["shards"][0]["sampled"] == 0
    assert [c["type"] for c in dry(shardcopy, local, database, "--columns=json")["columns"]][0] == "jsonb"


def test_the_errors_are_those_of_a_load(local, stream, database, shardcopy):
    stream().put(b"\x1f\x8b\x08\x00")
    shardcopy.load(local.url("nowhere"), database.url(), "--dry-run", status=3)
    shardcopy.load(local.url("demo"), database.url(), "--dry-run", "--columns=table", status=5)
    database.execute("CREATE TABLE other (a int)")
    shardcopy.load(local.url("demo"), database.url(), "--dry-run", "--columns=raw", "--table=other", status=5)
    shardcopy.load(local.url("demo"), database.url(), "--dry-run", "--columns=raw", "--format=json", status=2)
    shardcopy.load(local.url("demo"), database.url(), "--dry-run", "--columns=raw")
    assert tables(database) == [("public", "other")]
