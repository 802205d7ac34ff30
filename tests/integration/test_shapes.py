"""--columns, names of metadata columns, and tables as other tools fill them."""
import json


def columns_of(database, table="demo"):
    return database.rows("SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
                         "WHERE attrelid = %s::regclass AND attnum > 0 ORDER BY attnum", table)


def letters(database):
    return database.rows("SELECT sqlstate, reason FROM kinesis_dead_letters ORDER BY sequence::numeric")


def test_documents_of_any_shape(local, stream, database, shardcopy):
    documents = [{"a": [1, {"b": None}]}, [1, "x", []], "text \\ \u00e9 \U0001F600", 12345678901234567890, -0.5, True,
                 False, None, {}, []]
    source = stream()
    for document in documents:
        source.put(f" {json.dumps(document)}\n")
    source.put("{")
    source.put("1 2")
    source.put('"\\u0000"')
    shardcopy.load(local.url("demo"), database.url(), "--columns=json")
    assert columns_of(database)[0] == ("data", "jsonb") and len(columns_of(database)) == 4
    landed = database.rows("SELECT data::text FROM demo ORDER BY kinesis_sequence_number::numeric")
    assert [json.loads(text) for text, in landed] == documents
    assert [state for state, _ in letters(database)] == ["22P02", "22P02", "22P05"]


def test_documents_into_a_table_that_is_there(local, stream, database, shardcopy):
    for number, kind in enumerate(("json", "text", "bytea", "varchar")):
        table = f"t{number}"
        database.execute(f"CREATE TABLE {table} (id bigserial, data {kind}, more text DEFAULT 'x', tags text[])")
        stream(table).put('{"b":1, "a":2}')
        shardcopy.load(local.url(table), database.url(), "--columns=json", f"--namespace={table}")
        got = database.rows(f"SELECT id, data, more FROM {table}")[0]
        data = bytes(got[1]).decode() if kind == "bytea" else got[1]
        assert (got[0], got[2]) == (1, "x") and data in ('{"b":1, "a":2}', {"a": 2, "b": 1})
    database.execute("CREATE TABLE demo (data int)")
    stream().put("1")
    assert "has no column" in shardcopy.load(local.url("demo"), database.url(), "--columns=json", status=5).err


def test_any_bytes(local, stream, database, shardcopy):
    """No decoding and no refusal; "\\x41" stays four bytes. The same by text COPY."""
    payloads = [b"\\x41", b"\x1f\x8b\x08\x00gzip", b"\xf3\x89\x9a\xc2" + b"k" * 40, b"\x78\x9czlib", b"\xff\xfe\x00",
                b"\\", b"\t\n", b"\\.\n", bytes(range(256)), b"{\"a\":1}"]
    source = stream()
    numbers = [source.put(payload)[1] for payload in payloads]
    shardcopy.load(local.url("demo"), database.url(), "--columns=raw")
    assert columns_of(database)[0] == ("data", "bytea")
    database.execute("CREATE TABLE by_text (data bytea, kinesis_sequence_number text, place inet)")
    shardcopy.load(local.url("demo"), database.url(), "--columns=raw", "--table=by_text", "--namespace=by_text")
    for table in ("demo", "by_text"):
        rows = database.rows(f"SELECT kinesis_sequence_number, data FROM {table}")
        assert {number: bytes(data) for number, data in rows} == dict(zip(numbers, payloads))
    assert database.count("kinesis_dead_letters") == 0
    out = shardcopy.load(local.url("demo"), "-", "--columns=raw").out
    assert '{"a":1}' in out and "gzip" in out


def test_a_table_must_be_there(local, stream, database, shardcopy):
    stream().put_many(['{"id":1,"more":2}'])
    refused = shardcopy.load(local.url("demo"), database.url(), "--columns=table", status=5)
    assert "does not exist" in refused.err and "--columns=auto" in refused.err
    assert database.value("SELECT to_regclass('demo')") is None
    database.execute("CREATE TABLE demo (id int)")
    shardcopy.load(local.url("demo"), database.url(), "--columns=table", "--unknown-keys=add")
    assert database.rows("SELECT * FROM demo") == [(1,)]


def test_names_of_ones_own(local, stream, database, shardcopy):
    shard, sequence = stream().put('{"id":1,"Shard":"a key of that name"}', key="the key")
    shardcopy.load(local.url("demo"), database.url(), "--metadata",
                   "shard:Shard,sequence:numeric:n,sequence:s,partition-key,stream,envelope")
    assert columns_of(database) == [("id", "bigint"), ("Shard_2", "text"), ("Shard", "text"), ("n", "numeric"),
                                    ("s", "text"), ("kinesis_partition_key", "text"), ("kinesis_stream_name", "text"),
                                    ("kinesis", "jsonb")]
    row = database.rows('SELECT id, "Shard_2", "Shard", n::text, s, kinesis_partition_key, kinesis_stream_name, '
                        'kinesis FROM demo')[0]
    assert row[:7] == (1, "a key of that name", shard, sequence, sequence, "the key", "demo")
    ts = row[7].pop("ts")
    assert row[7] == {"shard_id": shard, "seq_no": sequence, "partition": "the key", "stream_name": "demo"}
    assert database.value("SELECT abs(extract(epoch FROM now() - %s::timestamptz)) < 60", ts)
    shardcopy.load(local.url("demo"), database.url(), "--metadata=shard:", status=2)


def test_like_the_others(local, stream, database, shardcopy):
    stream().put('{"id":1,"timestamp":"mine"}')
    made = {
        "dlt": ["id", "timestamp", "_kinesis__shard_id", "_kinesis__seq_no", "_kinesis__ts", "_kinesis__partition",
                "_kinesis__stream_name", "_kinesis_msg_id"],
        "ctk": ["id", "timestamp", "kinesis", "kinesis_msg_id"],
        "flink": ["id", "timestamp_2", "timestamp", "shard-id", "sequence-number"],
        "exasol": ["id", "timestamp", "kinesis_shard_id", "shard_sequence_number"],
    }
    for tool, names in made.items():
        shardcopy.load(local.url("demo"), database.url(), f"--like={tool}", f"--table={tool}", f"--namespace={tool}")
        assert [name for name, _ in columns_of(database, tool)] == names
        assert database.count(tool) == 1
    assert len(database.value("SELECT kinesis_msg_id FROM ctk")) == 20
    assert database.value("SELECT kinesis ->> 'shard_id' FROM ctk") == "shardId-000000000000"


def test_columns_by_position(local, stream, database, shardcopy):
    """Exasol's: the table has the user's names; what is in a column is told by the order of the keys."""
    source = stream()
    source.put('{"sensor":17,"state":"ok","at":"2026-01-31"}')
    source.put('{"state":"late","sensor":18}')
    table = ("(sensor_id DECIMAL(18,0), status VARCHAR(100), day date, KINESIS_SHARD_ID VARCHAR(130), "
             "SHARD_SEQUENCE_NUMBER VARCHAR(2000))")
    database.execute(f"CREATE TABLE demo {table}")
    shardcopy.load(local.url("demo"), database.url(), "--like=exasol")
    assert database.rows("SELECT sensor_id::int, status, day::text, kinesis_shard_id FROM demo ORDER BY 1") == [
        (17, "ok", "2026-01-31", "shardId-000000000000"), (18, "late", None, "shardId-000000000000")]
    assert database.value("SELECT min(length(shard_sequence_number)) FROM demo") > 50
    database.execute("CREATE TABLE narrow (a int, b text, KINESIS_SHARD_ID text)")
    refused = shardcopy.load(local.url("demo"), database.url(), "--like=exasol", "--table=narrow", "--namespace=narrow",
                             status=5)
    assert "2 columns" in refused.err and "3 keys" in refused.err
    database.execute("CREATE TABLE named (STATE text, AT text, SENSOR int)")
    shardcopy.load(local.url("demo"), database.url(), "--like=exasol", "--table=named", "--namespace=named")
    assert database.rows("SELECT * FROM named ORDER BY sensor") == [("ok", "2026-01-31", 17), ("late", None, 18)]
