"""Records that cannot become rows: kept with their reason beside the positions, in the same transaction."""
import pytest
from support.records import numbered
from support.summary import assert_adds_up
from support.wait import wait_until

LETTERS = "SELECT shard_id, sequence, sqlstate, reason, data FROM kinesis_dead_letters ORDER BY sequence::numeric"


def assert_letters(database, expected):
    """expected: (shard, sequence, payload, sqlstate, part of the reason), in order."""
    letters = database.rows(LETTERS)
    assert len(letters) == len(expected), letters
    for (shard, sequence, sqlstate, reason, data), (at, number, payload, state, part) in zip(letters, expected):
        assert (shard, sequence, bytes(data), sqlstate) == (at, number, payload, state), reason
        assert part in reason, reason


def put_among_good(source, bad):
    """Good records 0, 1, 2 ... with one bad payload behind each; returns (shard, sequence, payload, state, part) for
    these."""
    expected = []
    for number, (payload, state, part) in enumerate(bad):
        source.put(numbered(number, number + 1)[0])
        shard, sequence = source.put(payload)
        expected.append((shard, sequence, payload, state, part))
    return expected


def assert_loaded_with_letters(done, database, expected):
    good = len(expected)
    assert [row[0] for row in database.rows("SELECT id FROM demo ORDER BY id")] == list(range(good))
    assert_letters(database, expected)
    assert_adds_up(done, records=2 * good, rows=good, dead_letters=good)


UNPARSABLE = [
    (b"not json", "22P02", "JSON"),
    (b'{"id":', "22P02", "JSON"),
    (b'{"id":1}{"id":2}', "22P02", "JSON"),
    (b'{"id":01}', "22P02", "JSON"),
    (b'{"id":1,"word":"\\x"}', "22P02", "escape"),
    (b"[1,2]", "22023", "object"),
    (b"5", "22023", "object"),
    (b"", "22023", "empty"),
    (b'{"id":1,"word":"\\u0000"}', "22021", "word"),
    (b'{"id":1,"word":"\xff"}', "22021", "UTF-8"),
    (b'{"id":1,"word":"\\ud800"}', "22P02", "surrogate"),
]


def test_what_no_row_can_be_made_of(local, stream, database, shardcopy):
    source = stream()
    expected = put_among_good(source, UNPARSABLE)
    assert_loaded_with_letters(shardcopy.load(local.url("demo"), database.url()), database, expected)


MISFITS = [
    ("v smallint", b'{"v":32768}', "22003", "v"),
    ("v integer", b'{"v":-2147483649}', "22003", "v"),
    ("v bigint", b'{"v":9223372036854775808}', "22003", "v"),
    ("v integer", b'{"v":1.5}', "22P02", "v"),
    ("v integer", b'{"v":"x"}', "22P02", "v"),
    ("v real", b'{"v":1e39}', "22003", "v"),
    ("v double precision", b'{"v":1e400}', "22003", "v"),
    ("v boolean", b'{"v":2}', "22P02", "v"),
    ("v varchar(3)", b'{"v":"four"}', "22001", "v"),
    ("v text NOT NULL", b'{"v":null}', "23502", "v"),
    ("v text NOT NULL", b'{"w":1}', "23502", "v"),
    ("v uuid", b'{"v":"a0eebc99"}', "22P02", "v"),
    ("v date", b'{"v":"2026-02-30"}', "22008", "v"),
    ("v timestamptz", b'{"v":"soon"}', "22007", "v"),
    ("v bytea", b'{"v":"\\\\xZZ"}', "22P02", "v"),
    ("v jsonb", b'{"v":{"a":"\\u0000"}}', "22P05", "u0000"),
    ("v numeric(4,2)", b'{"v":123.4}', "22003", "v"),
]


@pytest.mark.parametrize("column, payload, state, part", MISFITS, ids=[f"{c}-{p.decode()}" for c, p, _, _ in MISFITS])
def test_a_value_that_does_not_fit_its_column(local, stream, database, shardcopy, column, payload, state, part):
    database.execute(f"CREATE TABLE demo ({column})")
    shard, sequence = stream().put(payload)
    done = shardcopy.load(local.url("demo"), database.url())
    letters = database.rows(LETTERS)
    assert [(row[0], row[1], bytes(row[4])) for row in letters] == [(shard, sequence, payload)]
    assert letters[0][2][:2] == state[:2] and part in letters[0][3], letters
    assert_adds_up(done, rows=0, dead_letters=1)


REFUSED_BY_THE_SERVER = {
    "check": ("ALTER TABLE demo ADD CONSTRAINT small CHECK (id < 1000)", b'{"id":1000,"word":"x"}', "23514", "small"),
    "unique": ("ALTER TABLE demo ADD CONSTRAINT once UNIQUE (id)", b'{"id":0,"word":"again"}', "23505", "once"),
    "exclude": ("ALTER TABLE demo ADD CONSTRAINT apart EXCLUDE (id WITH =)", b'{"id":0,"word":"again"}', "23P01",
                "apart"),
    "foreign key": ("CREATE TABLE word (word text PRIMARY KEY);"
                    "INSERT INTO word SELECT 'record ' || i FROM generate_series(0, 99) i;"
                    "ALTER TABLE demo ADD CONSTRAINT known FOREIGN KEY (word) REFERENCES word",
                    b'{"id":1,"word":"unknown"}', "23503", "known"),
    "trigger": ("CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN IF NEW.id = 666 THEN RAISE 'not this one'; END IF; RETURN NEW; END $$;"
                "CREATE TRIGGER no BEFORE INSERT ON demo FOR EACH ROW EXECUTE FUNCTION no()",
                b'{"id":666,"word":"x"}', "P0001", "not this one"),
    "deferred unique": ("ALTER TABLE demo ADD CONSTRAINT late UNIQUE (id) DEFERRABLE INITIALLY DEFERRED",
                        b'{"id":0,"word":"again"}', "23505", "late"),
    "deferred foreign key": ("CREATE TABLE word (word text PRIMARY KEY); "
                             "INSERT INTO word SELECT 'record ' || i FROM generate_series(0, 99) i;"
                             "ALTER TABLE demo ADD CONSTRAINT later FOREIGN KEY (word) REFERENCES word "
                             "DEFERRABLE INITIALLY DEFERRED", b'{"id":1,"word":"unknown"}', "23503", "later"),
    "deferred trigger": ("CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS "
                         "$$ BEGIN IF NEW.id = 666 THEN RAISE 'not at the end'; END IF; RETURN NULL; END $$;"
                         "CREATE CONSTRAINT TRIGGER no AFTER INSERT ON demo DEFERRABLE INITIALLY DEFERRED "
                         "FOR EACH ROW EXECUTE FUNCTION no()", b'{"id":666,"word":"x"}', "P0001", "not at the end"),
}


@pytest.mark.parametrize("kind", REFUSED_BY_THE_SERVER)
def test_what_only_the_server_knows(local, stream, database, shardcopy, kind):
    """At the COPY or at the COMMIT: the row is found, kept, and all others of the transaction are rows."""
    constraint, payload, state, part = REFUSED_BY_THE_SERVER[kind]
    database.execute("CREATE TABLE demo (id bigint, word text)")
    database.execute(constraint)
    source = stream()
    source.put_many(numbered(0, 60))
    shard, sequence = source.put(payload)
    source.put_many(numbered(60, 100))
    done = shardcopy.load(local.url("demo"), database.url())
    assert database.rows("SELECT count(*), count(DISTINCT id) FROM demo") == [(100, 100)]
    assert_letters(database, [(shard, sequence, payload, state, part)])
    assert_adds_up(done, records=101, rows=100, dead_letters=1)


RAISES = ("CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.id >= 666 THEN {} END IF;"
          " RETURN NEW; END $$; CREATE TRIGGER no BEFORE INSERT ON demo FOR EACH ROW EXECUTE FUNCTION no()")
# Codes that may be the row's or not.
DOUBTFUL = {code: RAISES.format(f"RAISE 'not this one' USING errcode = '{code}';")
            for code in ("45000", "MY001", "21000", "38000", "39000", "02000", "42P01", "42703", "42501", "0A000")}
DOUBTFUL.update({
    "XX000": "CREATE EXTENSION hstore; ALTER TABLE demo ADD h hstore",
    "42P01 of a statement": RAISES.format("PERFORM * FROM not_this_one;"),
    "MY002": RAISES.replace("CREATE TRIGGER no BEFORE INSERT ON demo",
                            "CREATE CONSTRAINT TRIGGER no AFTER INSERT ON demo DEFERRABLE INITIALLY DEFERRED").format(
                                "RAISE 'not this one' USING errcode = 'MY002';")})


@pytest.mark.parametrize("kind", DOUBTFUL)
def test_a_code_that_may_be_the_row_s_or_not(local, stream, database, shardcopy, kind):
    """It is the row's when others of its transaction are taken."""
    database.execute("CREATE TABLE demo (id bigint, word text)")
    database.execute(DOUBTFUL[kind])
    payload = b'{"id":666,"h":"a"}' if kind == "XX000" else b'{"id":666,"word":"x"}'
    source = stream()
    source.put_many(numbered(0, 60))
    shard, sequence = source.put(payload)
    source.put_many(numbered(60, 100))
    done = shardcopy.load(local.url("demo"), database.url())
    assert database.rows("SELECT count(*), count(DISTINCT id) FROM demo") == [(100, 100)]
    assert_letters(database, [(shard, sequence, payload, kind[:5], "" if kind == "XX000" else "not")])
    assert_adds_up(done, records=101, rows=100, dead_letters=1)


def test_when_no_row_is_taken_the_load_stops(local, stream, database, shardcopy):
    """With the server's words; nothing has moved, and the next run loads all once the cause is gone."""
    database.execute("CREATE TABLE demo (id bigint, word text)")
    database.execute(DOUBTFUL["45000"])
    stream().put_many(numbered(700, 1000))
    done = shardcopy.load(local.url("demo"), database.url(), status=5)
    assert "takes no row of the transaction" in done.err and "not this one" in done.err
    assert database.count("demo") == 0 and database.count("kinesis_dead_letters") == 0
    database.execute("DROP TRIGGER no ON demo")
    shardcopy.load(local.url("demo"), database.url())
    assert database.rows("SELECT count(*), min(id), max(id) FROM demo") == [(300, 700, 999)]


def test_many_refused_rows(local, stream, database, shardcopy):
    """Every tenth row is refused: each is found, whatever block it is in."""
    database.execute("CREATE TABLE demo (id bigint CHECK (id % 10 <> 3), word text)")
    stream(shards=2).put_many(numbered(0, 300))
    done = shardcopy.load(local.url("demo"), database.url(), "--max-dead-letters=100")
    assert_adds_up(done, records=300, rows=270, dead_letters=30)
    assert database.rows("SELECT count(*), count(DISTINCT id) FROM demo") == [(270, 270)]
    assert database.value("SELECT count(DISTINCT sequence) FROM kinesis_dead_letters WHERE sqlstate = '23514'") == 30


def test_a_row_whose_bytes_have_expired_or_not_is_kept_once_after_a_restart(local, stream, database, shardcopy):
    """Resuming brings no dead letter twice."""
    source = stream()
    source.put(b"bad")
    shardcopy.load(local.url("demo"), database.url())
    source.put(b"worse")
    shardcopy.load(local.url("demo"), database.url())
    assert [bytes(row[4]) for row in database.rows(LETTERS)] == [b"bad", b"worse"]


@pytest.mark.parametrize("prepare, payload", [(None, b"not json"),
                                              ("CREATE TABLE demo (id bigint CHECK (id < 100), word text)",
                                               b'{"id":100}')])
def test_on_error_fail(local, stream, database, shardcopy, prepare, payload):
    """Stops with position and reason; what stood before it is committed or not, but never lost or doubled."""
    if prepare:
        database.execute(prepare)
    source = stream()
    source.put_many(numbered(0, 10))
    shard, sequence = source.put(payload)
    done = shardcopy.load(local.url("demo"), database.url(), "--on-error=fail", status=9)
    assert shard in done.err and sequence in done.err
    assert database.count("kinesis_dead_letters") == 0
    source.put_many(numbered(10, 20))
    shardcopy.load(local.url("demo"), database.url())
    assert database.rows("SELECT count(*), count(DISTINCT id) FROM demo") == [(20, 20)]
    assert [row[1] for row in database.rows(LETTERS)] == [sequence]


def test_max_dead_letters(local, stream, database, shardcopy):
    stream().put_many([b"bad %d" % i for i in range(10)])
    done = shardcopy.load(local.url("demo"), database.url(), "--max-dead-letters=3", status=8)
    assert "--max-dead-letters" in done.err


def test_a_thousand_in_a_row_stop_the_load(local, stream, database, shardcopy):
    """Nobody wants a table of a million dead letters because a format was wrong."""
    stream().put_many([b"bad %d" % i for i in range(3000)])
    done = shardcopy.load(local.url("demo"), database.url(), "--limit=500", status=8)
    assert database.count("kinesis_dead_letters") < 3000
    assert "dead letters" in done.err


def test_letters_and_positions_go_together(local, stream, database, shardcopy):
    source = stream()
    source.put_many([b"bad"] * 5 + [b'{"id":0}'])
    running = shardcopy.start("load", local.url("demo"), database.url(), "--follow")
    wait_until(lambda: database.count("kinesis_dead_letters") == 5, what="the dead letters")
    running.kill()
    shardcopy.load(local.url("demo"), database.url())
    assert (database.count("kinesis_dead_letters"), database.count("demo")) == (5, 1)
