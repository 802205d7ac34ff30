"""What the target or the program refuses: clear words, the right exit status, and nothing lost."""
import gzip
import zlib

import pytest
from support.records import assert_each_once, numbered

AGGREGATE = bytes.fromhex("f3899ac2") + b"\x0a\x01a" + b"\0" * 16


@pytest.fixture
def secure(database):
    """A role that needs a password."""
    database.execute("DROP ROLE IF EXISTS secure")
    database.execute("CREATE ROLE secure LOGIN PASSWORD 'correct horse'")
    yield "secure"
    database.execute("DROP OWNED BY secure; DROP ROLE secure")


def test_wrong_password(local, stream, database, shardcopy, secure):
    stream().put({"id": 0})
    done = shardcopy.load(local.url("demo"), database.url(user=f"{secure}:battery"), status=4)
    assert "127.0.0.1" in done.err and database.name in done.err and secure in done.err
    assert "hint" in done.err and "battery" not in done.err


def test_right_password(local, stream, database, shardcopy, secure):
    stream().put_many(numbered(0, 3))
    database.execute(f"GRANT CREATE ON DATABASE {database.name} TO secure; GRANT CREATE ON SCHEMA public TO secure")
    shardcopy.load(local.url("demo"), database.url(user=f"{secure}:correct%20horse"))
    assert_each_once(database, "demo", 3)


def test_wrong_database(local, stream, database, shardcopy):
    stream().put({"id": 0})
    done = shardcopy.load(local.url("demo"), database.url().replace(database.name, "nosuch"), status=5)
    assert "nosuch" in done.err and "127.0.0.1" in done.err and "postgres" in done.err and "hint" in done.err


def test_nobody_listens(local, stream, database, shardcopy, proxy):
    stream().put({"id": 0})
    proxy.close()
    done = shardcopy.load(local.url("demo"), database.url(port=proxy.port), status=5)
    assert str(proxy.port) in done.err and "hint" in done.err


def test_a_password_that_is_not_encoded_is_not_shown(local, stream, database, shardcopy):
    stream().put({"id": 0})
    done = shardcopy.load(local.url("demo"), database.url(user="me:half@hidden"), status=2)
    assert "%40" in done.err and "hidden" not in done.err and "half" not in done.err


@pytest.mark.parametrize("table", ["kinesis_checkpoints", "other.kinesis_dead_letters"])
def test_our_own_tables_are_no_targets(local, stream, database, shardcopy, table):
    stream().put({"id": 0})
    done = shardcopy.load(local.url("demo"), database.url(table=table), status=2)
    assert table.split(".")[-1] in done.err and "--table" in done.err


UNLOGGED = {
    "table": "CREATE UNLOGGED TABLE demo (id bigint, word text)",
    "partition": "CREATE TABLE demo (id bigint, word text) PARTITION BY RANGE (id);"
                 "CREATE UNLOGGED TABLE demo_0 PARTITION OF demo DEFAULT",
}


@pytest.mark.parametrize("made", UNLOGGED)
def test_unlogged_tables(local, stream, database, shardcopy, made):
    stream().put_many(numbered(0, 3))
    database.execute(UNLOGGED[made])
    assert "--allow-unlogged" in shardcopy.load(local.url("demo"), database.url(), status=5).err
    shardcopy.load(local.url("demo"), database.url(), "--allow-unlogged")
    assert_each_once(database, "demo", 3)


def test_unlogged_positions(local, stream, database, shardcopy):
    stream().put_many(numbered(0, 3))
    shardcopy.load(local.url("demo"), database.url())
    database.execute("ALTER TABLE kinesis_checkpoints SET UNLOGGED")
    done = shardcopy.load(local.url("demo"), database.url(), status=5)
    assert "kinesis_checkpoints" in done.err and "--allow-unlogged" in done.err


def test_views_and_foreign_tables_are_said(local, stream, database, shardcopy):
    stream().put_many(numbered(0, 3))
    database.execute("CREATE TABLE base (id bigint, word text); CREATE VIEW v AS SELECT * FROM base;"
                     "CREATE FUNCTION put() RETURNS trigger LANGUAGE plpgsql AS "
                     "$$BEGIN INSERT INTO base VALUES (new.*); RETURN new; END$$;"
                     "CREATE TRIGGER t INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION put();"
                     "CREATE EXTENSION postgres_fdw; CREATE SERVER itself FOREIGN DATA WRAPPER postgres_fdw "
                     f"OPTIONS (host '127.0.0.1', port '{database.postgres.port}', dbname '{database.name}');"
                     "CREATE USER MAPPING FOR PUBLIC SERVER itself "
                     "OPTIONS (user 'postgres', password_required 'false');"
                     "CREATE FOREIGN TABLE f (id bigint, word text) SERVER itself OPTIONS (table_name 'base')")
    assert "INSTEAD OF" in shardcopy.load(local.url("demo"), database.url(table="v"), "--namespace=v").err
    assert_each_once(database, "base", 3)
    assert "commits on its own" in shardcopy.load(local.url("demo"), database.url(table="f"), "--namespace=f").err
    assert database.count("base") == 6


def test_settings_of_the_database_that_would_break_a_load(local, stream, database, shardcopy):
    stream().put_many([*numbered(0, 10), *numbered(5, 6)])
    database.execute("CREATE TABLE demo (id bigint UNIQUE, word text)")
    for setting in ("array_nulls = off", "exit_on_error = on"):
        database.execute(f"ALTER DATABASE {database.name} SET {setting}")
    shardcopy.load(local.url("demo"), database.url(), status=None)
    assert_each_once(database, "demo", 10)
    assert database.count("kinesis_dead_letters") == 1


def test_permission_denied(local, stream, database, shardcopy, secure):
    stream().put({"id": 0})
    done = shardcopy.load(local.url("demo"), database.url(user=f"{secure}:correct%20horse"), status=5)
    assert "permission denied" in done.err and "hint" in done.err


def test_permission_denied_on_the_table(local, stream, database, shardcopy, secure):
    """Lost in the middle of the life of a load: nothing is lost, and it goes on when it is given back."""
    source = stream()
    source.put_many(numbered(0, 5))
    database.execute(f"GRANT CREATE ON DATABASE {database.name} TO secure; GRANT CREATE ON SCHEMA public TO secure")
    url = database.url(user=f"{secure}:correct%20horse")
    shardcopy.load(local.url("demo"), url)
    source.put_many(numbered(5, 10))
    database.execute("ALTER TABLE demo OWNER TO postgres")
    assert "permission denied" in shardcopy.load(local.url("demo"), url, status=5).err
    database.execute("GRANT INSERT, SELECT ON demo TO secure")
    shardcopy.load(local.url("demo"), url)
    assert_each_once(database, "demo", 10)


@pytest.mark.parametrize("name, payload", [("KPL", AGGREGATE), ("gzip", gzip.compress(b'{"id":0}', mtime=0)),
                                           ("zlib", zlib.compress(b'{"id":0}'))], ids=["KPL", "gzip", "zlib"])
def test_a_record_of_another_format_does_not_block_the_stream(local, stream, database, shardcopy, name, payload):
    """It is kept aside with its bytes, which a later version may be able to read."""
    source = stream()
    source.put_many(numbered(0, 5))
    source.put(payload)
    source.put_many(numbered(5, 10))
    shardcopy.load(local.url("demo"), database.url())
    assert_each_once(database, "demo", 10)
    dead, reason = database.rows("SELECT data, reason FROM kinesis_dead_letters")[0]
    assert bytes(dead) == payload and name in reason


def test_a_record_of_another_format_stops_a_strict_load(local, stream, database, shardcopy):
    source = stream()
    source.put_many(numbered(0, 5))
    source.put(AGGREGATE)
    done = shardcopy.load(local.url("demo"), database.url(), "--on-error=fail", status=10)
    assert "KPL" in done.err and "--format=raw" in done.err
    assert_each_once(database, "demo", 5)


def test_too_little_memory(local, stream, database, shardcopy):
    stream().put({"id": 0})
    done = shardcopy.load(local.url("demo"), database.url(), "--memory=2MiB", status=2)
    assert "--memory" in done.err and "MiB" in done.err


@pytest.mark.parametrize("payload, words", [(b"\xef\xbb\xbf{}", "byte order mark"), (b"ab\t1\tc", "tab-separated"),
                                            (b"null", "is null"), (b"true", "true or false")])
def test_records_that_are_no_json_object(local, stream, database, shardcopy, payload, words):
    source = stream()
    source.put({"id": 1})
    source.put(payload)
    shardcopy.load(local.url("demo"), database.url())
    assert words in database.value("SELECT reason FROM kinesis_dead_letters")


def test_two_regions(shardcopy):
    done = shardcopy.run("shards", "list", "kinesis://arn:aws:kinesis:eu-west-1:123456789012:stream/x",
                         "--region=us-east-1", status=2)
    assert "eu-west-1" in done.err and "us-east-1" in done.err and "hint" in done.err
