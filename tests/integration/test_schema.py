"""A table that changes while it is loaded: new keys, wider types, whose tables are altered and whose never."""
import os
import re
import time

import pytest
from support.records import assert_each_once, assert_positions_match_rows, numbered
from support.wait import wait_until


def types(database, table):
    rows = database.rows("SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
                         f"WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped")
    return {name: kind for name, kind in rows if not name.startswith("kinesis_")}


def load_twice(local, stream, database, shardcopy, first, then, *options, **kwargs):
    """One run makes the table from the first records, a second one meets the others."""
    source = stream()
    source.put_many(first)
    shardcopy.load(local.url("demo"), database.url(), *options)
    source.put_many(then)
    return shardcopy.load(local.url("demo"), database.url(), *options, **kwargs)


def test_new_keys_become_columns(local, stream, database, shardcopy):
    done = load_twice(local, stream, database, shardcopy, numbered(0, 10),
                      [{"id": 10 + n, "word": "x", f"new {n}": n, "nested": {"a": n}} for n in range(5)])
    assert types(database, "demo") == {"id": "bigint", "word": "text", "nested": "jsonb",
                                       **{f"new {n}": "bigint" for n in range(5)}}
    assert_each_once(database, "demo", 15)
    assert database.rows('SELECT id, "new 3", nested FROM demo WHERE "new 3" IS NOT NULL') == [(13, 3, {"a": 3})]
    assert "going back" not in done.err
    assert database.count("kinesis_dead_letters") == 0


def test_a_key_that_is_null_waits_for_its_type(local, stream, database, shardcopy):
    load_twice(local, stream, database, shardcopy, numbered(0, 2), [{"id": 2, "later": None}])
    assert "later" not in types(database, "demo")
    stream_again = local.client()
    stream_again.put_record(StreamName="demo", Data=b'{"id":3,"later":true}', PartitionKey="x")
    shardcopy.load(local.url("demo"), database.url())
    assert types(database, "demo")["later"] == "boolean"


TIME = "2026-01-31T15:00:00Z"
WIDENED = [
    # what the first run saw, what comes then, the type it becomes, all values as PostgreSQL's text
    ([1, -2], [1.5], "double precision", ["1", "-2", "1.5"]),
    ([1, 2**60], [0.5], "numeric", ["1", str(2**60), "0.5"]),
    ([1], [2**64], "numeric", ["1", str(2**64)]),
    ([1], ["x"], "text", ["1", "x"]),
    ([1], [True], "text", ["1", "true"]),
    ([1], [{"a": 1}], "jsonb", ["1", '{"a": 1}']),
    ([0.1, 1e300], [2**60], "numeric", ["0.1", "1" + "0" * 300, str(2**60)]),
    ([0.1], ["x"], "text", ["0.1", "x"]),
    ([0.5], [[1]], "jsonb", ["0.5", "[1]"]),
    ([2**64], ["x"], "text", [str(2**64), "x"]),
    ([2**64], [[]], "jsonb", [str(2**64), "[]"]),
    ([True, False], ["x"], "text", ["true", "false", "x"]),
    ([True], [5], "text", ["true", "5"]),
    ([True], [{}], "jsonb", ["true", "{}"]),
    ([TIME], ["tomorrow"], "text", ["2026-01-31T15:00:00.000000Z", "tomorrow"]),
    ([TIME], ["2026-01-31"], "text", ["2026-01-31T15:00:00.000000Z", "2026-01-31"]),
    ([TIME], [7], "text", ["2026-01-31T15:00:00.000000Z", "7"]),
    ([TIME], [{}], "jsonb", ['"2026-01-31T15:00:00.000000Z"', "{}"]),
    # these hold all that comes
    (["x"], [1, True, {"a": 1}], "text", ["x", "1", "true", '{"a":1}']),
    ([{"a": 1}], [1, "x"], "jsonb", ['{"a": 1}', "1", '"x"']),
    ([1], [2.0, "3"], "bigint", ["1", "2", "3"]),
]


def test_columns_widen(local, stream, database, shardcopy):
    """All pairs in one table, each in a column of its own; then all their changes in one ALTER TABLE after the
    other."""
    first, then = [], []
    for i, (before, after, _, _) in enumerate(WIDENED):
        first += [{"id": len(first) + k, f"c{i}": v} for k, v in enumerate(before)]
    for i, (before, after, _, _) in enumerate(WIDENED):
        then += [{"id": len(first) + len(then) + k, f"c{i}": v} for k, v in enumerate(after)]
    load_twice(local, stream, database, shardcopy, first, then, "--infer-timestamps")
    assert_each_once(database, "demo", len(first) + len(then))
    made = types(database, "demo")
    for i, (_, _, kind, values) in enumerate(WIDENED):
        got = [v for v, in database.rows(f"SELECT c{i}::text FROM demo WHERE c{i} IS NOT NULL ORDER BY id")]
        assert (made[f"c{i}"], got) == (kind, values), WIDENED[i]


def test_a_number_too_small_for_a_double(local, stream, database, shardcopy):
    """It is not 0: the column becomes numeric."""
    load_twice(local, stream, database, shardcopy, ['{"v":0.5}'], ['{"v":1e-400}', '{"v":-0.0}'])
    assert types(database, "demo") == {"v": "numeric"}
    assert [v for v, in database.rows("SELECT v::text FROM demo ORDER BY v")] == ["0.0", "0." + "0" * 399 + "1", "0.5"]


def test_arrays_beside_do_not_keep_a_column_from_widening(local, stream, database, shardcopy):
    """They make the table go by COPY text."""
    source = stream()
    source.put({"id": 1, "v": 1})
    shardcopy.load(local.url("demo"), database.url())
    database.execute("ALTER TABLE demo ADD tags text[]")
    source.put_many([{"id": 2, "v": 0.5, "tags": ["a"]}, {"id": 3, "v": "x"}])
    shardcopy.load(local.url("demo"), database.url())
    assert types(database, "demo") == {"id": "bigint", "v": "text", "tags": "text[]"}
    assert database.rows("SELECT v, tags FROM demo ORDER BY id") == [("1", None), ("0.5", ["a"]), ("x", None)]


def test_times_are_inferred_only_when_asked(local, stream, database, shardcopy):
    stream().put({"at": TIME})
    shardcopy.load(local.url("demo"), database.url())
    shardcopy.load(local.url("demo"), database.url(table="timed"), "--infer-timestamps", "--namespace=timed")
    assert (types(database, "demo"), types(database, "timed")) == ({"at": "text"}, {"at": "timestamp with time zone"})


def test_unknown_keys_ignored(local, stream, database, shardcopy):
    load_twice(local, stream, database, shardcopy, numbered(0, 2), [{"id": 2, "word": "x", "new": 1}],
               "--unknown-keys=ignore")
    assert types(database, "demo") == {"id": "bigint", "word": "text"}
    assert_each_once(database, "demo", 3)


def test_unknown_keys_as_dead_letters(local, stream, database, shardcopy):
    load_twice(local, stream, database, shardcopy, numbered(0, 2),
               [{"id": 2, "word": "x", "new": 1}, {"id": 2, "word": "x"}], "--unknown-keys=dead-letter")
    assert_each_once(database, "demo", 3)
    assert database.rows("SELECT sqlstate, reason FROM kinesis_dead_letters") == [("42703", 'key "new" has no column')]


def test_type_change_as_dead_letter(local, stream, database, shardcopy):
    load_twice(local, stream, database, shardcopy, numbered(0, 2), [{"id": "x"}, {"id": 2}],
               "--on-type-change=dead-letter")
    assert types(database, "demo")["id"] == "bigint"
    assert_each_once(database, "demo", 3)
    assert database.value("SELECT sqlstate FROM kinesis_dead_letters") == "22P02"


def test_type_change_fails(local, stream, database, shardcopy):
    source = stream()
    source.put_many(numbered(0, 2))
    shardcopy.load(local.url("demo"), database.url())
    source.put({"id": 2})
    shard, sequence = source.put({"id": "not a number", "word": "x"})
    source.put({"id": 3})
    done = shardcopy.load(local.url("demo"), database.url(), "--on-type-change=fail", status=9)
    assert shard in done.err and sequence in done.err and "not a number" in done.err
    assert "--on-type-change=dead-letter" in done.err
    assert_each_once(database, "demo", 3)
    assert_positions_match_rows(database, "demo")


OWN = "CREATE TABLE demo (id integer, name varchar(3), g integer GENERATED ALWAYS AS (id * 2) STORED, " \
      "n bigint GENERATED ALWAYS AS IDENTITY, d text DEFAULT 'kept')"
UNTIDY = [{"id": 1, "name": "abc", "new": 1, "g": 7, "n": 9}, {"id": 2.5}, {"id": 3, "name": "abcd"}, {"id": 2**40},
          {"id": 5}]


def test_tables_of_others_are_not_altered(local, stream, database, shardcopy):
    database.execute(OWN)
    before = types(database, "demo")
    stream().put_many(UNTIDY)
    shardcopy.load(local.url("demo"), database.url())
    assert types(database, "demo") == before
    assert database.rows("SELECT id, name, g, n, d FROM demo ORDER BY id") == [(1, "abc", 2, 1, "kept"),
                                                                               (5, None, 10, 2, "kept")]
    letters = {state for state, in database.rows("SELECT sqlstate FROM kinesis_dead_letters")}
    assert letters == {"22P02", "22001", "22003"}


def test_tables_of_others_are_altered_when_asked(local, stream, database, shardcopy):
    database.execute("CREATE TABLE demo (id integer, name varchar(3))")
    stream().put_many(UNTIDY)
    shardcopy.load(local.url("demo"), database.url(), "--unknown-keys=add", "--on-type-change=widen")
    assert types(database, "demo") == {"id": "double precision", "name": "text", "new": "bigint", "g": "bigint",
                                       "n": "bigint"}
    assert database.count("demo") == 5


def test_columns_table_never_alters(local, stream, database, shardcopy):
    database.execute("CREATE TABLE demo (id integer)")
    stream().put_many(UNTIDY)
    shardcopy.load(local.url("demo"), database.url(), "--columns=table", "--unknown-keys=add", "--on-type-change=widen")
    assert types(database, "demo") == {"id": "integer"}


def test_what_the_server_refuses_ends_nothing(local, stream, database, shardcopy):
    """A view keeps a column's type as it is: its other values are dead letters, and other columns change all the
    same."""
    source = stream()
    source.put({"id": 0, "other": 1})
    shardcopy.load(local.url("demo"), database.url())
    database.execute("CREATE VIEW v AS SELECT id FROM demo")
    source.put_many([{"id": "x", "other": "y", "new": 1}, {"id": 1, "other": 2}, {"id": "z"}, {"id": 2, "other": "w"}])
    done = shardcopy.load(local.url("demo"), database.url())
    assert "cannot be changed" in done.err
    assert types(database, "demo") == {"id": "bigint", "other": "text", "new": "bigint"}
    assert_each_once(database, "demo", 3)
    assert database.count("kinesis_dead_letters") == 2


def test_max_columns(local, stream, database, shardcopy):
    load_twice(local, stream, database, shardcopy, numbered(0, 2),
               [{"id": 2, "a": 1, "b": 2, "c": 3}, {"id": 3, "d": 4}], "--max-columns=3")
    assert len(types(database, "demo")) == 3
    assert_each_once(database, "demo", 4)


LONG = "k" * 70
ODD = {"": 0, "Id": 1, "id": 2, "xmin": 3, "ctid": 4, "kinesis_shard_id": 5, LONG + "1": 6, LONG + "2": 7, "ż" * 40: 8,
       'a"b': 9, "a b;--": 10, "x" * 63: 11}


@pytest.mark.parametrize("added", [False, True])
def test_names(local, stream, database, shardcopy, added):
    first = [{"start": 0}] if added else []
    load_twice(local, stream, database, shardcopy, first + ([] if added else [ODD]), [ODD, ODD])
    keys = dict(database.rows("SELECT coalesce(substring(col_description(attrelid, attnum) "
                              "FROM 'shardcopy key: (.*)'), attname), attname"
                              " FROM pg_attribute WHERE attrelid = 'demo'::regclass AND attnum > 0"))
    for key, value in ODD.items():
        column = keys[key] if key != "kinesis_shard_id" else "kinesis_shard_id_2"
        assert len(column.encode()) <= 63
        quoted = column.replace('"', '""')
        assert database.rows(f'SELECT DISTINCT "{quoted}" FROM demo WHERE "Id" = 1') == [(value,)], key
    assert (keys["Id"], keys["id"], keys["x" * 63], keys[""]) == ("Id", "id", "x" * 63, "_")
    assert re.fullmatch("k{54}_[0-9a-f]{8}", keys[LONG + "1"]) and keys[LONG + "1"] != keys[LONG + "2"]
    assert re.fullmatch("ż{27}_[0-9a-f]{8}", keys["ż" * 40])
    assert database.count("kinesis_dead_letters") == 0


def test_a_key_twice_in_a_record(local, stream, database, shardcopy):
    load_twice(local, stream, database, shardcopy, ['{"id":0,"id":1}'], ['{"id":2,"new":1,"new":"last"}'])
    assert database.rows("SELECT id, new FROM demo ORDER BY 1") == [(1, None), (2, "last")]


def test_a_lock_of_others_only_delays(local, stream, database, shardcopy):
    source = stream()
    source.put_many(numbered(0, 10))
    shardcopy.load(local.url("demo"), database.url())
    source.put({"id": 10, "word": "x", "new": 1})
    other = database.postgres.connect(database.name)
    other.autocommit = False
    other.cursor().execute("SELECT count(*) FROM demo")
    loading = shardcopy.start("load", local.url("demo"), database.url())
    loading.wait_err("cannot be altered now", deadline_s=20)
    other.rollback()
    other.close()
    loading.wait()
    assert types(database, "demo")["new"] == "bigint"
    assert_each_once(database, "demo", 11)


def test_a_new_key_every_tenth_of_a_second(local, stream, database, shardcopy):
    """Four write threads; types change, too. SHARDCOPY_SCHEMA_SECONDS makes it longer."""
    seconds = float(os.environ.get("SHARDCOPY_SCHEMA_SECONDS", "10"))
    source = stream(shards=8)
    source.put_many(numbered(0, 100))
    loading = shardcopy.start("load", local.url("demo"), database.url(), "--follow", "--fetch-threads=2",
                              "--parse-threads=4", "--write-threads=4", "--max-columns=1000", "--flush-interval=50ms")
    wait_until(lambda: database.exists("demo") and database.count("demo") == 100, what="the first rows")
    sent, keys, start = 100, int(seconds * 10), time.monotonic()
    for n in range(keys):
        time.sleep(max(0, start + n / 10 - time.monotonic()))  # the pace
        source.put_many([{"id": sent + i, "word": "x", f"key {n}": n if n % 10 else n + 0.5,
                          "growing": [1, 2, 0.5, "x"][min(3, n // 25)]} for i in range(40)])
        sent += 40
    wait_until(lambda: database.count("demo") == sent, 60, "all rows")
    loading.signal(15)
    loading.wait(timeout_s=30)
    assert_each_once(database, "demo", sent)
    assert_positions_match_rows(database, "demo")
    made = types(database, "demo")
    assert [made.get(f"key {n}") for n in range(keys)] == ["bigint" if n % 10 else "double precision"
                                                           for n in range(keys)]
    filled = database.rows("SELECT " + ", ".join(f'count("key {n}")' for n in range(keys)) + " FROM demo")[0]
    assert filled == (40,) * keys
    assert database.count("kinesis_dead_letters") == 0
    assert "deadlock" not in database.postgres.log()
