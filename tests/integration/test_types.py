"""Every type, both ways: a table made from what the records look like, and a table that was there before."""
import json

import pytest
from support.local import as_bytes
from support.summary import assert_adds_up

INFERRED = [
    # JSON values of one key, the type made, the values as PostgreSQL writes them
    ([0, -1, 2**53, 2**63 - 1, -(2**63)], "bigint", ["0", "-1", "9007199254740992", "9223372036854775807",
                                                     "-9223372036854775808"]),
    ([0.5, -1.25, 1e300, 5e-324, 1.7976931348623157e308], "double precision",
     ["0.5", "-1.25", "1e+300", "5e-324", "1.7976931348623157e+308"]),
    ([1, 0.5], "double precision", ["1", "0.5"]),
    ([2**64, 1], "numeric", ["18446744073709551616", "1"]),
    ([1.5, "@1e-400"], "numeric", ["1.5", "0." + "0" * 399 + "1"]),
    (["@0.12345678901234567890123456789", "@1e400"], "numeric", ["0.12345678901234567890123456789", "1" + "0" * 400]),
    ([2**62 + 1, 0.5], "numeric", ["4611686018427387905", "0.5"]),
    ([True, False, None], "boolean", ["true", "false", None]),
    (["", "tab\tnewline\nquote\"back\\slash", "żółw 🐢 日本", "\\N", "\u007f"], "text",
     ["", "tab\tnewline\nquote\"back\\slash", "żółw 🐢 日本", "\\N", "\u007f"]),
    (['@"\\ud83d\\ude00 \\u00e9 \\/ \\b\\f"'], "text", ["😀 é / \b\f"]),
    ([{"a": {"b": [1, None]}}, {}], "jsonb", ['{"a": {"b": [1, null]}}', "{}"]),
    ([[1, "x"], []], "jsonb", ['[1, "x"]', "[]"]),
    ([{"a": 1}, 5, "x", True], "jsonb", ['{"a": 1}', "5", '"x"', "true"]),
    ([1, "x", True], "text", ["1", "x", "true"]),
    ([None, None], "text", [None, None]),
]

# type of a column that was there before: JSON values, and the same as PostgreSQL would read them from its own text
EXISTING = {
    "smallint": [(32767, "32767"), (-32768, "-32768"), (0, "0"), (None, None)],
    "integer": [(2147483647, "2147483647"), (-2147483648, "-2147483648"), (None, None)],
    "bigint": [(2**63 - 1, str(2**63 - 1)), (-(2**63), str(-(2**63))), (None, None)],
    "real": [(1.5, "1.5"), (-3.4e38, "-3.4e38"), (7, "7"), (None, None)],
    "double precision": [(0.1, "0.1"), (-5e-324, "-5e-324"), (2**53, "9007199254740992"), (None, None)],
    "numeric": [("@123456789012345678901234567890.123456789", "123456789012345678901234567890.123456789"),
                ("@-0.00010", "-0.00010"),
                (10000, "10000"), ("@1e-30", "0.000000000000000000000000000001"), (0, "0"), (None, None)],
    "numeric(10,2)": [(1.005, "1.01"), (99999999.99, "99999999.99"), (None, None)],
    "boolean": [(True, "true"), (False, "false"), (None, None)],
    "text": [("x", "x"), ("", ""), ("\\.\n\t\\", "\\.\n\t\\"), (5, "5"), (True, "true"), (None, None)],
    "varchar(5)": [("12345", "12345"), ("žluťo", "žluťo"), ("", ""), (None, None)],
    "bytea": [("\\x00ff10", "\\x00ff10"), ("\\x", "\\x"), (None, None)],
    "uuid": [("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
             ("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), (None, None)],
    "date": [("2026-02-28", "2026-02-28"), ("1970-01-01", "1970-01-01"), ("0001-01-01", "0001-01-01"),
             ("9999-12-31", "9999-12-31"), (None, None)],
    "timestamp": [("2026-01-31T15:00:00", "2026-01-31 15:00:00"),
                  ("2026-01-31 15:00:00.123456", "2026-01-31 15:00:00.123456"),
                  ("1969-12-31T23:59:59.9", "1969-12-31 23:59:59.9"), (None, None)],
    "timestamptz": [("2026-01-31T15:00:00Z", "2026-01-31 15:00:00+00"),
                    ("2026-01-31T15:00:00+02:00", "2026-01-31 13:00:00+00"),
                    ("2026-01-31 15:00:00.5-0130", "2026-01-31 16:30:00.5+00"), (None, None)],
    "json": [({"a": [1, 2.5]}, '{"a": [1, 2.5]}'), ("x", '"x"'), (5, "5"), (True, "true"), (None, None)],
    "jsonb": [({"b": 1, "a": {"c": None}}, '{"a": {"c": null}, "b": 1}'), ([], "[]"), ("x", '"x"'), (5, "5"),
              (None, None)],
    # not in binary: the whole table goes by text
    "inet": [("10.0.0.1/8", "10.0.0.1/8"), (None, None)],
    "integer[]": [("{1,2,NULL}", "{1,2,NULL}"), ([1, None, -3], "{1,NULL,-3}"), ([[1, 2], [3, 4]], "{{1,2},{3,4}}"),
                  ([], "{}"), (None, None)],
    "text[]": [(["a", "", "null", None], '{a,"","null",NULL}'),
               (["\"x\\\n\t", "{}", "ž", 5, True], '{"\\"x\\\\\n\t","{}",ž,5,true}'),
               ([{"a": "b"}], '{"{\\"a\\": \\"b\\"}"}')],
    "jsonb[]": [([{"a": [1, "\\"]}, "x", 1, None, [2]], '{"{\\"a\\": [1, \\"\\\\\\\\\\"]}","\\"x\\"",1,NULL,[2]}')],
    "interval": [("1 day 02:00:00", "1 day 02:00:00"), (None, None)],
    "char(3)": [("ab", "ab "), (None, None)],
}


def payload(number, value):
    """{"n":..., "v":...}; text that begins with @ is JSON as written."""
    raw = value[1:] if isinstance(value, str) and value.startswith("@") else json.dumps(value)
    return f'{{"n":{number},"v":{raw}}}'


def load_values(local, stream, database, shardcopy, values):
    source = stream()
    for number, value in enumerate(values):
        source.put(payload(number, value))
    shardcopy.load(local.url("demo"), database.url())
    letters = database.rows("SELECT reason FROM kinesis_dead_letters")
    assert letters == []


@pytest.mark.parametrize("values, made, expected", INFERRED,
                         ids=[f"{made}-{i}" for i, (_, made, _) in enumerate(INFERRED)])
def test_a_table_is_made(local, stream, database, shardcopy, values, made, expected):
    load_values(local, stream, database, shardcopy, values)
    assert database.value("SELECT format_type(atttypid, atttypmod) FROM pg_attribute "
                          "WHERE attrelid = 'demo'::regclass AND attname = 'v'") == made
    assert [row[0] for row in database.rows("SELECT v::text FROM demo ORDER BY n")] == expected


@pytest.mark.parametrize("column", EXISTING)
def test_a_table_that_was_there(local, stream, database, shardcopy, column):
    pairs = EXISTING[column]
    database.execute(f"CREATE TABLE demo (v {column}, n int)")
    load_values(local, stream, database, shardcopy, [value for value, _ in pairs])
    for number, (_, text) in enumerate(pairs):
        cast = f"CAST(%s AS {column})::text"
        same = database.value(f"SELECT (SELECT v::text FROM demo WHERE n = %s) IS NOT DISTINCT FROM {cast}", number,
                              text)
        assert same, (database.rows("SELECT v::text FROM demo WHERE n = %s", number), text)


def test_all_types_side_by_side(local, stream, database, shardcopy):
    """One table of all the binary types and one of all of them, the row of NULLs included."""
    binary = [t for t in EXISTING if t not in ("inet", "interval", "char(3)") and not t.endswith("[]")]
    for table, types in (("by_binary", binary), ("by_text", list(EXISTING))):
        columns = [f'"{t}" {t}' for t in types]
        database.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
        first = {t: EXISTING[t][0][0] for t in types if not str(EXISTING[t][0][0]).startswith("@")}
        source = stream(table)
        source.put({**first, "numeric": 1})
        source.put({t: None for t in types})
        source.put({"smallint": 1})
        shardcopy.load(local.url(table), database.url())
        assert database.count("kinesis_dead_letters") == 0
        filled = " + ".join(f'("{t}" IS NOT NULL)::int' for t in types)
        assert database.rows(f"SELECT {filled} FROM {table} ORDER BY 1") == [(0,), (1,), (len(types),)]


JUDGED = {
    # a type: what it takes, as PostgreSQL's text of it; what it refuses, with the SQLSTATE
    "integer": ([("1e3", "1000"), (" 7 ", "7"), ("@3.0", "3")], [("0x1f", "22P02"), (1.5, "22P02"), (2**31, "22003")]),
    "boolean": ([("yes", "true"), (0, "false")], [("@1.0", "22P02"), ("tru", "22P02"), (2, "22P02")]),
    "numeric": ([("NaN", "NaN"), ("1e2", "100")], [("inf", "22P02"), ("1_000", "22P02")]),
    "numeric(3,1)": ([("99.94", "99.9")], [("99.95", "22003")]),
    "double precision": ([("-inf", "-Infinity")], [("@1e-400", "22003"), ("1e400", "22003"), ("0x1p3", "22P02")]),
    "real": ([("0.1", "0.1")], [("@1e-50", "22003"), ("@1e39", "22003")]),
    "date": ([("2020-01-01", "2020-01-01")], [("20200101", "22007"), ("today", "22007"), ("2020-02-30", "22008")]),
    "timestamptz": ([("2020-01-01", "2020-01-01 00:00:00+00"), ("infinity", "infinity")],
                    [("now", "22007"), ("2020-01-01 25:00", "22008"), (1577836800, "22007")]),
    "varchar(3)": ([("abc  ", "abc")], [("abcd", "22001")]),
    "uuid": ([("{a0eebc999c0b4ef8bb6d6bb9bd380a11}", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")], [("x", "22P02")]),
    "bytea": ([("\\x0F", "\\x0f"), ("a\\b", "\\x615c62")], [("\\x0", "22P02")]),
    "jsonb": ([("x", '"x"')], [('@"\\u0000"', "22P05")]),
}


@pytest.mark.parametrize("beside", ["smallint", "inet", "text[]"])
def test_the_rules_do_not_depend_on_the_other_columns(local, stream, database, shardcopy, beside):
    """inet and arrays make the table go by COPY text."""
    kinds = list(JUDGED)
    columns = ", ".join(f"v{i} {kind}" for i, kind in enumerate(kinds))
    database.execute(f"CREATE DOMAIN positive AS int CHECK (VALUE > 0); CREATE TABLE demo (n int, other {beside},"
                     f" own positive, {columns})")
    source, taken, refused = stream(), {}, {}
    for i, kind in enumerate(kinds):
        for value, text in JUDGED[kind][0]:
            taken[len(taken)] = (i, text)
            source.put(payload(len(taken) - 1, value).replace('"v"', f'"v{i}"'))
        for value, state in JUDGED[kind][1]:
            refused[1000 + len(refused)] = state
            source.put(payload(999 + len(refused), value).replace('"v"', f'"v{i}"'))
    source.put('{"n":900,"own":"1e3"}')
    source.put('{"n":2000,"own":-1}')
    source.put('{"n":2001,"own":1.5}')
    refused.update({2000: "23514", 2001: "22P02"})
    shardcopy.load(local.url("demo"), database.url())
    got = {n: state for n, state in database.rows(
        "SELECT (regexp_match(convert_from(data, 'UTF8'), '\"n\":(\\d+)'))[1]::int, sqlstate"
        " FROM kinesis_dead_letters")}
    assert got == refused
    texts = ", ".join(f"v{i}::text" for i in range(len(kinds)))
    for n, own, *values in database.rows(f"SELECT n, own, {texts} FROM demo"):
        if n == 900:
            assert own == 1000
        else:
            i, text = taken.pop(n)
            assert values[i] == text, kinds[i]
    assert taken == {}


def test_keys_in_any_order_and_missing(local, stream, database, shardcopy):
    stream().put_many(['{"a":1,"b":"x","c":true}', '{"c":false,"a":2,"b":"y"}', '{"b":"z"}', '{}', '{"c":true,"b":"w"}',
                       ' { "a" : 5 , "c" : null } \n', '{"a":6,"a":7,"b":"last"}'])
    shardcopy.load(local.url("demo"), database.url())
    assert database.rows("SELECT a, b, c FROM demo ORDER BY kinesis_sequence_number::numeric") == [
        (1, "x", True), (2, "y", False), (None, "z", None), (None, None, None), (None, "w", True), (5, None, None),
        (7, "last", None)]


def test_keys_that_are_no_plain_names(local, stream, database, shardcopy):
    """Upper case, spaces, quotes, reserved words, escapes in the key: a column has the key's own name."""
    stream().put('{"Upper":1,"with space":2,"sel\\"ect":3,"select":4,"\\u006eame":5,"ключ":6}')
    shardcopy.load(local.url("demo"), database.url())
    row = database.rows('SELECT "Upper", "with space", "sel""ect", "select", name, "ключ" FROM demo')
    assert row == [(1, 2, 3, 4, 5, 6)]


def test_real_bytes_survive(local, stream, database, shardcopy):
    """What JSON may hold and PostgreSQL can: every code point but U+0000, in plain and in escaped form."""
    text = "".join(chr(c) for c in [*range(1, 0x800), 0xFFFD, 0xFFFF, 0x10000, 0x10FFFF])
    source = stream()
    source.put(as_bytes(json.dumps({"n": 0, "v": text}, ensure_ascii=False)))
    source.put(as_bytes(json.dumps({"n": 1, "v": text}, ensure_ascii=True)))
    shardcopy.load(local.url("demo"), database.url())
    assert database.rows("SELECT v FROM demo ORDER BY n") == [(text,), (text,)]


def test_a_large_record(local, stream, database, shardcopy):
    """The largest record Kinesis takes by default is a row like any other."""
    long = "x" * (1024 * 1024 - 100)
    source = stream()
    source.put({"id": 0, "word": long})
    source.put({"id": 1, "word": "short"})
    shardcopy.load(local.url("demo"), database.url())
    assert database.rows("SELECT id, length(word) FROM demo ORDER BY id") == [(0, len(long)), (1, 5)]


def test_a_table_of_many_columns(local, stream, database, shardcopy):
    stream().put({f"c{i}": i for i in range(500)})
    shardcopy.load(local.url("demo"), database.url())
    assert database.rows("SELECT c0, c250, c499 FROM demo") == [(0, 250, 499)]


def test_a_table_of_as_many_columns_as_there_can_be(local, stream, database, shardcopy):
    """PostgreSQL's limit is 1,600 columns; three are metadata."""
    source, names = stream(), [f"c{i}" for i in range(1650)]
    source.put_many([dict.fromkeys(names[i:i + 165], 1) for i in range(0, len(names), 165)])
    shardcopy.load(local.url("demo"), database.url(), "--max-columns=1600")
    columns = "SELECT count(*) FROM pg_attribute WHERE attrelid = 'demo'::regclass AND attnum > 0"
    assert database.value(columns) == 1600 and database.count("demo") == 10
    source.put({"c0": 2, "new": 2})
    shardcopy.load(local.url("demo"), database.url(), "--max-columns=1600")
    assert database.value(columns) == 1600 and database.value("SELECT count(*) FROM demo WHERE c0 = 2") == 1


@pytest.mark.parametrize("database", ["LATIN1", "EUC_JP"], indirect=True)
def test_what_the_encoding_of_the_database_lacks(local, stream, database, shardcopy):
    """A key with such a character is left out and counted, in the sample and later; a value is a dead letter."""
    source = stream()
    source.put_many(['{"id":1,"\u4e00\u00df\U0001f422":1,"t":"x"}', '{"id":2,"t":"\U0001f422"}',
                     '{"id":3,"j":{"a":"\\ud83d\\udc22"},"t":"y"}', '{"id":4,"j":{},"t":null}'])
    first = shardcopy.load(local.url("demo"), database.url())
    source.put_many(['{"id":5,"again \U0001f422":5,"t":"z"}', '{"id":6,"again \U0001f422":6,"new":true}'])
    then = shardcopy.load(local.url("demo"), database.url())
    assert_adds_up(first, records=4, rows=2, dead_letters=2)
    assert_adds_up(then, records=2, rows=2, dead_letters=0)
    assert " unknown_keys=1 " in first.err and " unknown_keys=2 " in then.err
    assert database.rows("SELECT id, t FROM demo ORDER BY id") == [(1, "x"), (4, None), (5, "z"), (6, None)]
    assert database.rows("SELECT new FROM demo WHERE id = 6") == [(True,)]
    letters = database.rows("SELECT sqlstate, data FROM kinesis_dead_letters ORDER BY sequence")
    assert [(state, bytes(data)) for state, data in letters] == [
        ("22P05", '{"id":2,"t":"\U0001f422"}'.encode()), ("22P05", b'{"id":3,"j":{"a":"\\ud83d\\udc22"},"t":"y"}')]


@pytest.mark.parametrize("database", ["SQL_ASCII"], indirect=True)
def test_a_database_without_an_encoding(local, stream, database, shardcopy):
    """It takes any bytes as text, but jsonb no escapes beyond ASCII."""
    stream().put_many(['{"id":1,"\u00e9":"\u00e9"}', '{"id":2,"j":{"a":"\\u00e9"}}', '{"id":3,"j":{"a":"\u00e9"}}'])
    done = shardcopy.load(local.url("demo"), database.url())
    assert_adds_up(done, records=3, rows=2, dead_letters=1)
    assert database.rows("SELECT id FROM demo ORDER BY id") == [(1,), (3,)]
