"""A key that is missing is the column's DEFAULT; one that is there is kept, also where the server would count."""
import pytest
from support.wait import wait_until


def load(local, stream, database, shardcopy, table, records, *options, **kwargs):
    database.execute(table)
    stream().put_many(records)
    return shardcopy.load(local.url("demo"), database.url(), *options, **kwargs)


def test_a_default_applies_to_the_records_without_the_key(local, stream, database, shardcopy):
    """Whatever the first records had: the plan is made from 1,000 of them."""
    load(local, stream, database, shardcopy, "CREATE TABLE demo (k int, status text NOT NULL DEFAULT 'new')",
         [{"k": n} for n in range(1200)] + [{"k": 9999, "status": "done"}])
    assert database.rows("SELECT status, count(*), max(k) FROM demo GROUP BY 1 ORDER BY 1") == [
        ("done", 1, 9999), ("new", 1200, 1199)]
    assert database.count("kinesis_dead_letters") == 0


def test_null_is_not_missing(local, stream, database, shardcopy):
    load(local, stream, database, shardcopy,
         "CREATE TABLE demo (k int, a text DEFAULT 'x', b text NOT NULL DEFAULT 'y')",
         [{"k": 1, "a": None}, {"k": 2, "b": None}, {"k": 3, "a": "", "b": ""}, {"k": 4}])
    assert database.rows("SELECT * FROM demo ORDER BY k") == [(1, None, "y"), (3, "", ""), (4, "x", "y")]
    assert database.rows("SELECT sqlstate, convert_from(data, 'UTF8')::json ->> 'k' FROM kinesis_dead_letters") == [
        ("23502", "2")]


CONSTANTS = {
    "smallint": "-7", "integer": "1 + 2", "bigint": "9", "real": "0.1", "double precision": "1e300",
    "numeric(12,3)": "1.0055", "boolean": "true", "text": "E'tab\\t'", "varchar(9)": "'x'", "char(4)": "'ab'",
    "bytea": "'\\x00ff'", "uuid": "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "date": "'2026-02-28'",
    "timestamp": "'2026-02-28 12:00'", "timestamptz": "'2026-02-28 12:00+02'", "json": "'{\"a\": 1}'",
    "jsonb": "'[]'::jsonb", "small": "upper('x') || 'y'", "date ": "'infinity'",
    "timestamp ": "'0044-03-15 12:00:00 BC'"}


@pytest.mark.parametrize("by_text", [False, True], ids=["binary", "text"])
def test_constants_of_every_type(local, stream, database, shardcopy, by_text):
    """As INSERT would evaluate them; a domain has a DEFAULT of its own, which a column may pass over."""
    database.execute("CREATE DOMAIN small AS varchar(5) DEFAULT 'mine' CHECK (VALUE <> 'bad')")
    columns = [f"c{i} {kind} DEFAULT {sql}" for i, (kind, sql) in enumerate(CONSTANTS.items())]
    extra = ["tags text[] DEFAULT '{a,b}'", "ip inet DEFAULT '10.0.0.1'"] if by_text else []
    load(local, stream, database, shardcopy,
         f"CREATE TABLE demo (k int, own small, {', '.join(columns + extra)})", [{"k": 1}, {"k": 2, "own": "bad"}])
    assert database.rows("SELECT sqlstate FROM kinesis_dead_letters") == [("23514",)]
    database.execute("INSERT INTO demo (k) VALUES (3)")
    ours, servers = database.rows("SELECT to_jsonb(d) - 'k' FROM demo d ORDER BY k")
    assert ours == servers and ours[0]["own"] == "mine"


def test_what_only_the_server_knows(local, stream, database, shardcopy):
    """now() is one moment for a transaction, nextval() another number for each row, however rows with the keys and rows
    without are mixed."""
    database.execute("CREATE SEQUENCE ticket START 100")
    load(local, stream, database, shardcopy,
         "CREATE TABLE demo (k int, at timestamptz NOT NULL DEFAULT now(), no bigint DEFAULT nextval('ticket') * 2,"
         " who text DEFAULT current_user)",
         [{"k": n, **({"at": "2026-01-01T00:00:00Z"} if n % 2 else {}), **({"no": n} if n % 3 == 0 else {}),
           **({"who": None} if n == 7 else {})} for n in range(600)])
    assert database.rows("SELECT count(DISTINCT k), count(*), count(DISTINCT at) FILTER (WHERE k % 2 = 0),"
                         " count(*) FILTER (WHERE at = '2026-01-01Z'), count(DISTINCT no) FILTER (WHERE k % 3 > 0),"
                         " min(no) FILTER (WHERE k % 3 > 0), bool_and(no = k) FILTER (WHERE k % 3 = 0),"
                         " count(who) FROM demo") == [(600, 600, 1, 300, 400, 200, True, 599)]
    assert database.count("kinesis_dead_letters") == 0


def test_a_refused_row_among_rows_of_several_kinds(local, stream, database, shardcopy):
    load(local, stream, database, shardcopy,
         "CREATE TABLE demo (k int CHECK (k % 100 <> 57), at timestamptz DEFAULT now(), d date DEFAULT current_date)",
         [{"k": n, **({"at": "2026-01-01T00:00:00Z"} if n % 2 else {}), **({"d": "2026-01-01"} if n % 5 == 0 else {})}
          for n in range(1000)])
    assert database.count("demo") == 990
    assert database.value("SELECT count(*) FROM demo WHERE (at = '2026-01-01Z') <> (k % 2 = 1)"
                          " OR (d = '2026-01-01') <> (k % 5 = 0)") == 0
    assert [row[0] for row in database.rows("SELECT (convert_from(data, 'UTF8')::json ->> 'k')::int AS k"
                                            " FROM kinesis_dead_letters ORDER BY k")] == list(range(57, 1000, 100))


def test_a_row_needs_a_column(local, stream, database, shardcopy):
    load(local, stream, database, shardcopy, "CREATE TABLE demo (id serial, at timestamptz DEFAULT now())",
         [{"id": 3}, {}, {"other": 1}])
    assert database.rows("SELECT id FROM demo") == [(3,)]
    assert database.rows("SELECT sqlstate FROM kinesis_dead_letters") == [("23502",), ("23502",)]


def test_too_many_defaults_of_the_server(local, stream, database, shardcopy):
    columns = ", ".join(f"c{n} timestamptz DEFAULT now()" for n in range(17))
    done = load(local, stream, database, shardcopy, f"CREATE TABLE demo (k int, {columns})", [{"k": 1}], status=5)
    assert '\\"c16\\" is one too many' in done.err


def test_a_default_that_changes_while_the_load_runs(local, stream, database, shardcopy):
    source = stream()
    source.put({"k": 1})
    database.execute("CREATE TABLE demo (k int, v text DEFAULT 'old')")
    loading = shardcopy.start("load", local.url("demo"), database.url(), "--follow")
    wait_until(lambda: database.count("demo") == 1, what="the first row")
    database.execute("ALTER TABLE demo ALTER v SET DEFAULT 'new'")
    source.put({"k": 2})
    wait_until(lambda: database.count("demo") == 2, what="the second row")
    loading.signal(15)
    loading.wait(timeout_s=30)
    assert database.rows("SELECT k, v FROM demo ORDER BY k") == [(1, "old"), (2, "new")]


@pytest.mark.parametrize("kind", ["bigserial", "bigint GENERATED BY DEFAULT AS IDENTITY",
                                  "int DEFAULT nextval('shared')"])
def test_a_number_that_the_record_gives_is_kept(local, stream, database, shardcopy, kind):
    """And the sequence goes on behind it."""
    database.execute("CREATE SEQUENCE shared")
    load(local, stream, database, shardcopy, f"CREATE TABLE demo (id {kind} UNIQUE, v text)",
         [{"v": "a"}, {"id": 500, "v": "b"}, {"id": 7, "v": "c"}])
    assert database.rows("SELECT * FROM demo ORDER BY v") == [(1, "a"), (500, "b"), (7, "c")]
    database.execute("INSERT INTO demo (v) VALUES ('d')")
    assert database.value("SELECT id FROM demo WHERE v = 'd'") == 501
    assert database.count("kinesis_dead_letters") == 0


def test_a_sequence_that_ends_before_the_number(local, stream, database, shardcopy):
    database.execute("CREATE SEQUENCE small AS smallint")
    load(local, stream, database, shardcopy, "CREATE TABLE demo (id bigint DEFAULT nextval('small'))",
         [{"id": 2**40}])
    assert database.rows("SELECT id FROM demo") == [(2**40,)]


def test_a_sequence_without_the_right(local, stream, database, shardcopy):
    database.execute("CREATE TABLE demo (id serial, v text); DROP ROLE IF EXISTS counter; CREATE ROLE counter LOGIN;"
                     " GRANT ALL ON SCHEMA public TO counter; GRANT ALL ON demo TO counter;"
                     " GRANT USAGE ON SEQUENCE demo_id_seq TO counter")
    stream().put_many([{"id": 500}, {"id": 501}])
    done = shardcopy.load(local.url("demo"), database.url(user="counter"))
    assert done.err.count("sequence that may not be moved") == 1 and 'column="id"' in done.err.replace('\\"', '"')
    assert database.rows("SELECT id FROM demo ORDER BY 1") == [(500,), (501,)]


def test_generated_always(local, stream, database, shardcopy):
    """The server's, unless asked for."""
    table = "CREATE TABLE demo (id int GENERATED ALWAYS AS IDENTITY, v text)"
    load(local, stream, database, shardcopy, table, [{"id": 500, "v": "a"}])
    assert database.rows("SELECT * FROM demo") == [(1, "a")]
    shardcopy.load(local.url("demo"), database.url(), "--restart", "--identity=from-record")
    assert database.rows("SELECT * FROM demo ORDER BY id") == [(1, "a"), (500, "a")]
    database.execute("INSERT INTO demo (v) VALUES ('b')")
    assert database.value("SELECT id FROM demo WHERE v = 'b'") == 501
