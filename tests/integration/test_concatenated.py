"""Several JSON documents in one record: a dead letter, or with --concatenated=split a row each, all or none."""
import re

from support.summary import COUNTERS, summary


def counted(program):
    return {**summary(program), "extra_rows": int(re.findall(r"\bextra_rows=(\d+)", program.err)[-1])}


def assert_adds_up(program, **expected):
    its = counted(program)
    assert set(COUNTERS) < set(its)
    assert its["records"] + its["extra_rows"] == its["rows"] + its["dead_letters"] + its["filtered"]
    assert {name: its[name] for name in expected} == expected


def test_dead_letters_by_default(local, stream, database, shardcopy):
    stream().put_many(['{"n":1}{"n":2}', '{"n":3}'])
    done = shardcopy.load(local.url("demo"), database.url())
    assert database.rows("SELECT n FROM demo") == [(3,)]
    assert "more than one JSON document" in database.value("SELECT reason FROM kinesis_dead_letters")
    assert_adds_up(done, records=2, rows=1, dead_letters=1, extra_rows=0)


def test_each_document_is_a_row(local, stream, database, shardcopy):
    source = stream()
    source.put('{"n":0}')
    _, number = source.put('{"n":1}{"n":2,"s":"\\u00e9"} \n\t{"n":3}\n')
    _, last = source.put('{"n":4}')
    done = shardcopy.load(local.url("demo"), database.url(), "--concatenated=split", "--metadata=sequence,sub-sequence")
    assert database.rows("SELECT n, s, kinesis_sequence_number = %s, kinesis_sub_sequence_number FROM demo ORDER BY n",
                         number) == [
        (0, None, False, 0), (1, None, True, 0), (2, "é", True, 1), (3, None, True, 2), (4, None, False, 0)]
    assert database.value("SELECT sequence FROM kinesis_checkpoints") == last
    assert_adds_up(done, records=3, rows=5, dead_letters=0, extra_rows=2)


def test_all_or_none(local, stream, database, shardcopy):
    """Bad JSON behind good, a value that does not fit, NOT NULL: the record is one dead letter with all its bytes."""
    database.execute("CREATE TABLE demo (n int NOT NULL, v smallint)")
    bad = ['{"n":1}{"n":2', '{"n":3}{"n":4,"v":70000}{"n":5}', '{"n":6}{"v":1}', '{"n":7}[8]', '{"n":9} nonsense']
    stream().put_many([*bad, '{"n":10}{"n":11,"v":1}', '{"n":12}'])
    done = shardcopy.load(local.url("demo"), database.url(), "--concatenated=split")
    assert database.rows("SELECT n FROM demo ORDER BY n") == [(10,), (11,), (12,)]
    assert sorted(bytes(data).decode() for data,
                  in database.rows("SELECT data FROM kinesis_dead_letters")) == sorted(bad)
    assert_adds_up(done, records=7, rows=3, dead_letters=5, extra_rows=1)


def test_what_the_server_refuses(local, stream, database, shardcopy):
    """Only the server knows: that row becomes a dead letter, the others of its record stay."""
    database.execute("CREATE TABLE demo (n int CHECK (n <> 2))")
    stream().put_many(['{"n":1}{"n":2}{"n":3}', '{"n":4}'])
    done = shardcopy.load(local.url("demo"), database.url(), "--concatenated=split")
    assert database.rows("SELECT n FROM demo ORDER BY n") == [(1,), (3,), (4,)]
    assert_adds_up(done, records=2, rows=3, dead_letters=1, extra_rows=2)


def test_records_larger_than_a_block(local, stream, database, shardcopy):
    """3,000 documents, and documents of 1 MB in all: one block, one commit, never half of them; 3,001 are too many."""
    source = stream()
    source.put("".join(f'{{"n":{n}}}' for n in range(3000)))
    source.put("".join(f'{{"n":{n},"s":"{"x" * 1000}"}}' for n in range(3000, 3900)))
    source.put("".join(f'{{"n":{n}}}\n' for n in range(10000, 13001)))
    source.put_many(['{"n":3900}{"n":3901}'] * 300)
    done = shardcopy.load(local.url("demo"), database.url(), "--concatenated=split", "--memory=128MiB")
    assert database.rows("SELECT count(*), count(DISTINCT n), max(n) FROM demo") == [(4500, 3902, 3901)]
    assert database.rows("SELECT sqlstate, reason FROM kinesis_dead_letters") == [
        ("54000", "too many JSON documents in one record")]
    assert_adds_up(done, records=303, rows=4500, dead_letters=1, extra_rows=4500 - 302)


def test_a_document_brings_a_column(local, stream, database, shardcopy):
    """The record waits for the column its second document wants; no row of it stands there twice."""
    source = stream()
    source.put_many(['{"n":0}'] * 1000)
    shardcopy.load(local.url("demo"), database.url())
    source.put('{"n":1}{"n":2,"new":true}{"n":3}')
    done = shardcopy.load(local.url("demo"), database.url(), "--concatenated=split")
    assert database.rows("SELECT n, new FROM demo WHERE n > 0 ORDER BY n") == [(1, None), (2, True), (3, None)]
    assert_adds_up(done, records=1, rows=3, dead_letters=0, extra_rows=2)


def test_whole_documents(local, stream, database, shardcopy):
    stream().put_many(['1 "x"[2]\n', '{"a":1}null'])
    done = shardcopy.load(local.url("demo"), database.url(), "--columns=json", "--concatenated=split")
    assert sorted(text for text, in database.rows("SELECT data::text FROM demo")) == sorted(["1", '"x"', "[2]",
                                                                                             '{"a": 1}', "null"])
    assert_adds_up(done, records=2, rows=5, extra_rows=3)


def test_without_columns(local, stream, shardcopy):
    """Standard output gets the record as it is, once."""
    stream().put('{"n":1}{"n":2}')
    done = shardcopy.load(local.url("demo"), "-", "--concatenated=split")
    assert done.out == '{"n":1}{"n":2}\n'
    assert_adds_up(done, records=1, rows=1, extra_rows=0)


def test_killed_in_between(local, stream, database, shardcopy):
    """A commit a few records: killed over and over, each document is there once."""
    from support.wait import wait_until
    source = stream(shards=2)
    source.put_many([f'{{"n":{n}}}{{"n":{n + 1}}}{{"n":{n + 2}}}' for n in range(0, 9000, 3)])
    for least in (1, 3000):
        running = shardcopy.start("load", local.url("demo"), database.url(), "--concatenated=split", "--limit=50",
                                  "--flush-rows=40", "--flush-interval=10ms", "--calls-per-second=100", "--follow")
        wait_until(lambda least=least: database.count("demo") >= least, what="some rows")
        running.kill()
    shardcopy.load(local.url("demo"), database.url(), "--concatenated=split")
    assert database.rows("SELECT count(*), count(DISTINCT n), max(n) FROM demo") == [(9000, 9000, 8999)]
