"""One load per name, and positions that do not fit."""
import re

from support.local import Stream
from support.records import assert_each_once, numbered
from support.wait import wait_until


def test_a_second_load_of_the_same_name(local, stream, database, shardcopy):
    source = stream()
    source.put_many(numbered(0, 10))
    first = shardcopy.start("load", local.url("demo"), database.url(), "--follow")
    wait_until(lambda: database.count("demo") == 10, what="the first load at work")
    second = shardcopy.load(local.url("demo"), database.url(), status=6)
    holder = re.search(r"is being loaded by (\d+)@(\S+)", second.err)
    assert holder and int(holder.group(1)) == first.pid
    assert "--take-over" in second.err
    source.put_many(numbered(10, 20))
    wait_until(lambda: database.count("demo") == 20, what="the first load undisturbed")


def test_an_application_name_of_ones_own(local, stream, database, shardcopy):
    stream().put_many(numbered(0, 10))
    first = shardcopy.start("load", local.url("demo"), database.url(application_name="etl"), "--follow")
    wait_until(lambda: database.count("demo") == 10, what="the load at work")
    names = [name for name, in database.rows("SELECT application_name FROM pg_stat_activity "
                                              "WHERE application_name LIKE 'shardcopy etl %'")]
    assert len(names) >= 2 and all(re.search(rf" {first.pid}@\S+$", name) for name in names)
    assert str(first.pid) in shardcopy.load(local.url("demo"), database.url(), status=6).err
    shardcopy.start("load", local.url("demo"), database.url(), "--follow", "--take-over")
    first.wait(status=6)


def test_two_names_read_independently(local, stream, database, shardcopy):
    stream().put_many(numbered(0, 10))
    first = shardcopy.start("load", local.url("demo"), database.url(table="a"), "--follow")
    wait_until(lambda: database.count("a") == 10, what="the first load at work")
    shardcopy.load(local.url("demo"), database.url(table="b"), "--namespace=other")
    assert_each_once(database, "b", 10)
    assert first.status is None


def test_take_over(local, stream, database, shardcopy):
    source = stream(shards=2)
    source.put_many(numbered(0, 100))
    first = shardcopy.start("load", local.url("demo"), database.url(), "--follow")
    wait_until(lambda: database.count("demo") == 100, what="the first load at work")
    second = shardcopy.start("load", local.url("demo"), database.url(), "--follow", "--take-over")
    first.wait(status=6)
    source.put_many(numbered(100, 300))
    wait_until(lambda: database.count("demo") >= 300, what="the second load at work")
    assert second.status is None
    assert_each_once(database, "demo", 300)


def test_an_own_session_the_server_still_believes_in(local, stream, database, proxy, shardcopy):
    """Its connections are gone, the server does not know, and the lock is held by a backend that nobody speaks to any
    more."""
    source = stream(shards=2)
    source.put_many(numbered(0, 10))
    running = shardcopy.start("load", local.url("demo"), database.url(port=proxy.port), "--follow")
    wait_until(lambda: database.count("demo") == 10, what="the load at work")
    for begin in (10, 20):
        locked_by = database.rows("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted")
        assert len(locked_by) == 1
        proxy.cut_clients()
        source.put_many(numbered(begin, begin + 10))
        wait_until(lambda begin=begin: database.count("demo") == begin + 10 or running.status is not None, 60,
                   "the load back at work")
        assert running.status is None, running.story()
        assert database.rows("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted") != locked_by
    assert_each_once(database, "demo", 30)


def test_the_same_stream_made_again(local, stream, database, shardcopy):
    source = stream()
    source.put_many(numbered(0, 10))
    shardcopy.load(local.url("demo"), database.url())
    source.client.delete_stream(StreamName="demo")
    wait_until(lambda: "demo" not in source.client.list_streams()["StreamNames"], what="the stream gone")
    again = Stream(local.client(), "demo")
    again.put_many(numbered(10, 20))
    refused = shardcopy.load(local.url("demo"), database.url(), status=7)
    assert "--restart" in refused.err
    assert database.count("demo") == 10
    shardcopy.load(local.url("demo"), database.url(), "--restart")
    assert_each_once(database, "demo", 20)


def test_positions_without_a_table(local, stream, database, shardcopy):
    stream().put_many(numbered(0, 10))
    shardcopy.load(local.url("demo"), database.url())
    database.execute("DROP TABLE demo")
    refused = shardcopy.load(local.url("demo"), database.url(), status=7)
    assert "--restart" in refused.err
    shardcopy.load(local.url("demo"), database.url(), "--restart")
    assert_each_once(database, "demo", 10)


def test_positions_are_of_one_table(local, stream, database, shardcopy):
    """Another table under the same name would get what the first one has not, and nobody would notice."""
    source = stream()
    source.put_many(numbered(0, 10))
    shardcopy.load(local.url("demo"), database.url(table="a"))
    for table in ("missing", "c"):
        if table == "c":
            database.execute("CREATE TABLE c (id int, n int, name text)")
        refused = shardcopy.load(local.url("demo"), database.url(table=table), status=7)
        assert r'\"public\".\"a\"' in refused.err and "--namespace" in refused.err and "--rename-table" in refused.err
    shardcopy.load(local.url("demo"), database.url(table="c"), "--namespace=second")
    assert database.count("c") == 10 and not database.exists("missing")


def test_a_table_is_renamed_on_purpose(local, stream, database, shardcopy):
    source = stream()
    source.put_many(numbered(0, 10))
    shardcopy.load(local.url("demo"), database.url(table="a"))
    database.execute("ALTER TABLE a RENAME TO b")
    source.put_many(numbered(10, 15))
    shardcopy.load(local.url("demo"), database.url(table="b"), "--rename-table")
    shardcopy.load(local.url("demo"), database.url(table="b"))
    assert database.count("b") == 15


def test_positions_of_an_older_version_have_no_table(local, stream, database, shardcopy):
    source = stream()
    source.put_many(numbered(0, 10))
    shardcopy.load(local.url("demo"), database.url(table="a"))
    database.execute("ALTER TABLE kinesis_checkpoints DROP COLUMN table_name")
    shardcopy.load(local.url("demo"), database.url(table="a"), "--dry-run")
    shardcopy.load(local.url("demo"), database.url(table="a"))
    assert database.count("a") == 10 and database.value("SELECT table_name FROM kinesis_checkpoints") == '"public"."a"'
