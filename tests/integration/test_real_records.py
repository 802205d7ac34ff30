"""Real records: what Python's json reads from them is what lands, field by field, in each shape of table."""
import json
import os

import pytest
from support.process import ROOT

DATA = os.path.join(ROOT, "..", "shared", "data")
FILES = ("tweets", "github_events", "amazon_cellphones", "dms_kinesis")


def lines_of(name):
    path = os.path.join(DATA, f"{name}.ndjson")
    if not os.path.exists(path):
        pytest.skip(f"the real records are not here: {path}")
    with open(path, "rb") as file:
        return [line for line in file.read().split(b"\n") if line]


def documents_of(name):
    """The records as they were in the stream: what a loader added to DMS's is left out."""
    if name != "dms_kinesis":
        return lines_of(name)
    documents = [json.loads(line) for line in lines_of(name)]
    for document in documents:
        del document["kinesis"], document["kinesis_msg_id"]
    return [json.dumps(document).encode() for document in documents]


def load(stream, local, database, shardcopy, name, *options):
    """Loads the file; returns the payloads by sequence number."""
    source = stream(name)
    payloads = documents_of(name)
    numbers = [source.put(payload)[1] for payload in payloads]
    shardcopy.load(local.url(name), database.url(), *options)
    return dict(zip(numbers, payloads))


def same(value, landed, kind):
    """Is the JSON value what landed in a column of that type? Never by way of a float unless it is one."""
    if value is None:
        return landed is None
    if kind in ("bigint", "numeric"):
        return isinstance(value, int) and int(landed) == value and landed == int(landed)
    if kind == "jsonb":
        return landed == value and type(landed) is type(value)
    expected = {"double precision": (int, float), "boolean": bool, "text": str}[kind]
    return isinstance(value, expected) and landed == value


@pytest.mark.parametrize("name", ("tweets", "github_events", "dms_kinesis"))
def test_each_field_lands(stream, local, database, shardcopy, name):
    sent = load(stream, local, database, shardcopy, name)
    kinds = dict(database.rows("SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
                               "WHERE attrelid = to_regclass(%s) AND attnum > 0", name))
    keys = [key for key in kinds if not key.startswith("kinesis_")]
    columns = ", ".join('"' + key.replace('"', '""') + '"' for key in keys)
    rows = database.rows(f"SELECT kinesis_sequence_number, {columns} FROM {name}")
    assert len(rows) == len(sent) and database.count("kinesis_dead_letters") == 0
    seen = set()
    for number, *values in rows:
        record = json.loads(sent[number])
        assert set(record) <= set(keys)
        for key, landed in zip(keys, values):
            assert same(record.get(key), landed, kinds[key]), (key, kinds[key], record.get(key), landed)
            seen.add(kinds[key])
    assert "jsonb" in seen


@pytest.mark.parametrize("name", FILES)
def test_whole_documents_land(stream, local, database, shardcopy, name):
    sent = load(stream, local, database, shardcopy, name, "--columns=json")
    rows = database.rows(f"SELECT kinesis_sequence_number, data FROM {name}")
    assert len(rows) == len(sent) and database.count("kinesis_dead_letters") == 0
    assert all(json.loads(sent[number]) == data for number, data in rows)


@pytest.mark.parametrize("name", FILES)
def test_raw_bytes_land(stream, local, database, shardcopy, name):
    sent = load(stream, local, database, shardcopy, name, "--columns=raw")
    rows = database.rows(f"SELECT kinesis_sequence_number, data FROM {name}")
    assert {number: bytes(data) for number, data in rows} == sent


def test_arrays_have_no_columns(stream, local, database, shardcopy):
    """Valid JSON that is no object: dead letters with all their bytes, or --columns=json."""
    sent = load(stream, local, database, shardcopy, "amazon_cellphones")
    rows = database.rows("SELECT sequence, data, reason FROM kinesis_dead_letters")
    assert {number: bytes(data) for number, data, _ in rows} == sent
    assert {reason for _, _, reason in rows} == {"the record is a JSON array, not an object"}


def test_the_message_ids_are_those_of_dlt(stream, local, database, shardcopy):
    """The ids of the program against SHAKE128 by Python, and Python's against ids that dlt gave to real records."""
    import base64
    import hashlib

    def message_id(shard, sequence):
        return base64.b64encode(hashlib.shake_128((shard + sequence).encode()).digest(15)).decode()

    for line in lines_of("dms_kinesis"):
        record = json.loads(line)
        assert message_id(record["kinesis"]["shard_id"], record["kinesis"]["seq_no"]) == record["kinesis_msg_id"]
    load(stream, local, database, shardcopy, "dms_kinesis", "--like=dlt")
    rows = database.rows("SELECT _kinesis__shard_id, _kinesis__seq_no, _kinesis_msg_id FROM dms_kinesis")
    assert rows and all(message_id(shard, sequence) == its for shard, sequence, its in rows)
