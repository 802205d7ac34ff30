"""CBOR, which no two of us may get wrong in the same way: python3-cbor2 reads what the local service writes, and writes
what the program reads."""
import base64
import json
import os
import random

import pytest
from support.cbor import CONTENT_TYPE, CborClient, Millis, dumps, dumps_in_pieces, loads
from support.fake import FakeKinesis, page
from support.wait import wait_until

JSON = "application/x-amz-json-1.1"
# protocol application/x-amz-cbor-1.1 as AWS writes it: indefinite containers, tag 1 with milliseconds, payloads as they
# are
RECORDED = bytes.fromhex(
    "bf675265636f7264739fbf6e53657175656e63654e756d6265726131781b417070726f78696d6174654172726976616c54696d657374616d70"
    "c11b0000018bcfe5687b64446174614268696c506172746974696f6e4b6579616bffff724d696c6c6973426568696e644c617465737400ff")


def in_json(value):
    """What a JSON reply says of the same: payloads in base64, times in seconds."""
    if isinstance(value, Millis):
        return value / 1000
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: in_json(element) for name, element in value.items()}
    return [in_json(element) for element in value] if isinstance(value, list) else value


@pytest.fixture
def cbor(local):
    return CborClient(local.http)


@pytest.fixture
def fake():
    """Factory: fake(pages) is a Kinesis that answers GetRecords as it is told."""
    started = []

    def start(pages):
        started.append(FakeKinesis(pages))
        return started[-1]

    yield start
    for each in started:
        each.close()


# --- the local service -----------------------------------------------------------------------------------------------


def without_tokens(value):
    """Iterators and tokens say when they were made."""
    if isinstance(value, list):
        return [without_tokens(element) for element in value]
    if not isinstance(value, dict):
        return value
    hidden = ("ShardIterator", "NextShardIterator", "NextToken")
    return {name: "..." if name in hidden else without_tokens(element) for name, element in value.items()}


def assert_same(local, cbor, operation, **members):
    """An operation that only reads answers the same in both; in CBOR as AWS writes it. The reply in CBOR."""
    answer = cbor.post(operation, dumps(members))
    assert answer.status == 200 and answer.type == CONTENT_TYPE
    assert answer.body[0] == 0xBF and answer.body[-1] == 0xFF, "a map of indefinite length"
    behind = answer.value.pop("MillisBehindLatest", None)
    in_both = local.call(operation, **in_json(members))
    assert (in_both.pop("MillisBehindLatest", None) is None) == (behind is None)
    lasting = {k: v for k, v in answer.value.items() if k != "MillisBehindLatest"}
    assert without_tokens(in_json(lasting)) == without_tokens(in_both)
    return answer.value


def test_every_operation(local, cbor):
    for name in ("a", "b"):
        assert cbor.call("CreateStream", StreamName=name, ShardCount=2) == {}
    listed = assert_same(local, cbor, "ListStreams", Limit=1)
    assert listed["StreamNames"] == ["a"] and listed["HasMoreStreams"] is True
    assert isinstance(listed["StreamSummaries"][0]["StreamCreationTimestamp"], Millis)
    assert_same(local, cbor, "ListStreams", NextToken=listed["NextToken"])
    summary = assert_same(local, cbor, "DescribeStreamSummary", StreamName="a")["StreamDescriptionSummary"]
    assert summary["OpenShardCount"] == 2

    put = cbor.call("PutRecord", StreamName="a", Data=bytes(range(256)), PartitionKey="é\"\n", ExplicitHashKey="0")
    assert put["ShardId"] == "shardId-000000000000" and put["SequenceNumber"].isdigit()
    entries = [{"Data": payload, "PartitionKey": str(n), "ExplicitHashKey": "0"}
               for n, payload in enumerate([b"", b"x" * 70000, b"\xff"])]
    puts = cbor.call("PutRecords", StreamName="a", Records=entries)
    assert puts["FailedRecordCount"] == 0 and len(puts["Records"]) == 3

    where = {"StreamName": "a", "ShardId": "shardId-000000000000"}
    at_times = [assert_same(local, cbor, "GetShardIterator", ShardIteratorType="AT_TIMESTAMP", Timestamp=Millis(ms),
                            **where)
                for ms in (0, summary["StreamCreationTimestamp"])]
    for iterator in at_times:
        records = assert_same(local, cbor, "GetRecords", ShardIterator=iterator["ShardIterator"])["Records"]
        assert [record["Data"] for record in records] == [bytes(range(256)), b"", b"x" * 70000, b"\xff"]
        assert records[0]["PartitionKey"] == "é\"\n" and records[0]["SequenceNumber"] == put["SequenceNumber"]
        assert all(isinstance(record["ApproximateArrivalTimestamp"], Millis) for record in records)
    one = assert_same(local, cbor, "GetRecords", ShardIterator=at_times[0]["ShardIterator"], Limit=1)
    assert len(one["Records"]) == 1 and one["MillisBehindLatest"] >= 0

    assert cbor.call("SplitShard", StreamName="a", ShardToSplit="shardId-000000000000", NewStartingHashKey="5") == {}
    assert cbor.call("MergeShards", StreamName="a", ShardToMerge="shardId-000000000003",
                     AdjacentShardToMerge="shardId-000000000001") == {}
    end = assert_same(local, cbor, "GetRecords", ShardIterator=at_times[0]["ShardIterator"])
    assert [child["ShardId"] for child in end["ChildShards"]] == ["shardId-000000000002", "shardId-000000000003"]
    assert len(assert_same(local, cbor, "ListShards", StreamName="a",
                           ShardFilter={"Type": "FROM_TRIM_HORIZON"})["Shards"]) == 5
    open_shards = assert_same(local, cbor, "ListShards", StreamName="a", ShardFilter={"Type": "AT_LATEST"})["Shards"]
    assert [shard["ShardId"][-1] for shard in open_shards] == ["2", "4"]
    assert len(assert_same(local, cbor, "DescribeStream", StreamName="a", Limit=4)["StreamDescription"]["Shards"]) == 4
    assert cbor.call("DeleteStream", StreamName="b") == {}
    assert cbor.call("ListStreams")["StreamNames"] == ["a"]


def test_errors(local, cbor):
    def refused(operation, body, content_type=CONTENT_TYPE):
        answer = cbor.post(operation, body, content_type)
        assert (answer.status, answer.type) == (400, CONTENT_TYPE)
        return answer.value

    gone = refused("DescribeStream", dumps({"StreamName": "nope"}))
    assert gone == {"__type": "ResourceNotFoundException",
                    "message": "Stream nope under account 000000000000 not found."}
    assert refused("GetRecords", dumps({"ShardIterator": "AAAA"}))["__type"] == "InvalidArgumentException"
    assert refused("PutRecord", dumps({"StreamName": "nope", "PartitionKey": ""}))["__type"] == "ValidationException"
    assert refused("ListStreams", b"{}") == {"__type": "SerializationException"}
    assert refused("ListStreams", b"", "text/plain") == {"__type": "SerializationException"}
    assert refused("SubscribeToTheMoon", dumps({})) == {"__type": "UnknownOperationException"}
    wrong = refused("DescribeStream", dumps({"StreamName": 5}))
    assert wrong == {"__type": "SerializationException", "Message": "NUMBER_VALUE can not be converted to a String"}
    local.fault(operation="ListStreams", kind="throttle")
    assert refused("ListStreams", dumps({}))["__type"] == "ProvisionedThroughputExceededException"


def test_requests_written_in_any_way(cbor):
    """However cbor2 or anybody else may write a request, it says the same."""
    rng = random.Random(7)
    cbor.call("CreateStream", StreamName="s", ShardCount=1)
    payloads = [rng.randbytes(rng.randint(0, 400)) for _ in range(200)]
    for n, payload in enumerate(payloads):
        members = [("StreamName", "s"), ("Data", payload), ("PartitionKey", f"ключ {n}"),
                   ("Other", [{"a": [1.5, None, -7]}, b"x"])]
        rng.shuffle(members)
        answer = cbor.post("PutRecord", dumps_in_pieces(dict(members), rng))
        assert answer.status == 200, (n, answer.body)
    iterator = cbor.call("GetShardIterator", StreamName="s", ShardId="shardId-000000000000",
                         ShardIteratorType="TRIM_HORIZON")
    records = cbor.call("GetRecords", ShardIterator=iterator["ShardIterator"])["Records"]
    assert [record["Data"] for record in records] == payloads
    assert [record["PartitionKey"] for record in records] == [f"ключ {n}" for n in range(200)]


# --- the program -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("columns, rows", [("auto", 5001), ("json", 5001), ("raw", 5002)])
def test_the_same_rows_in_both(local_service, database, shardcopy, columns, rows):
    """A stream with payloads of all kinds, split and merged: table by table the same."""
    local = local_service("--generate", "demo:shards=3,records=5000,seed=5,profile=mixed")
    client = local.client()
    client.split_shard(StreamName="demo", ShardToSplit="shardId-000000000000", NewStartingHashKey="12345")
    long = json.dumps({"id": -1, "name": "x" * 900000}).encode()
    client.put_records(StreamName="demo", Records=[{"Data": long, "PartitionKey": "é\"\\\n"},
                                                   {"Data": b"no JSON", "PartitionKey": "k"}])
    client.merge_shards(StreamName="demo", ShardToMerge="shardId-000000000004",
                        AdjacentShardToMerge="shardId-000000000001")
    for protocol in ("json", "cbor"):
        shardcopy.load(local.url("demo"), database.url(), f"--protocol={protocol}", f"--table={protocol}.t",
                       f"--namespace={protocol}",
                       f"--columns={columns}", "--metadata=shard,sequence,arrival,partition-key")
    assert database.count("json.t") == database.count("cbor.t") == rows
    everything = [f"SELECT t::text FROM {protocol}.t" for protocol in ("json", "cbor")]
    for one, other in (everything, everything[::-1]):
        assert database.rows(f"{one} EXCEPT ALL {other}") == []
    letters = [database.rows(f"SELECT shard_id, sequence, data, reason FROM {p}.kinesis_dead_letters")
               for p in ("json", "cbor")]
    assert len(letters[0]) == 5002 - rows and letters[0] == letters[1]


def test_goes_through_faults(local, stream, database, shardcopy):
    """Errors in CBOR are understood: what is to be tried again is."""
    source = stream(shards=2)
    source.put_many([{"id": n} for n in range(3000)])
    for fault in ({"kind": "throttle"}, {"kind": "error", "status": 400, "code": "ExpiredIteratorException"},
                  {"kind": "truncate", "bytes": 50}, {"kind": "error"}, {"kind": "reset", "bytes": 2000}):
        local.fault(operation="GetRecords", after=1, **fault)
    shardcopy.load(local.url("demo"), database.url(), "--protocol=cbor", "--limit=500")
    assert local.faults_waiting() == 0
    assert database.rows("SELECT count(*), count(DISTINCT id) FROM demo") == [(3000, 3000)]


def expected_line(record):
    """What --envelope prints of it, but for the arrival time."""
    return {"shard": "shardId-000000000000", "sequence": record["SequenceNumber"],
            "partition_key": record.get("PartitionKey") or "", "data": json.loads(record["Data"])}


def lines_of(program):
    lines = [json.loads(line) for line in program.out.splitlines()]
    return [line.pop("arrival", None) for line in lines], lines


def random_page(number, last, rng, sequence):
    """A reply with members in any order and some that nobody knows."""
    records = []
    for _ in range(rng.randint(0, 40)):
        data = json.dumps({"n": sequence, "text": "ž" * rng.choice([0, 1, 20, 300, 70000])}).encode()
        members = [("SequenceNumber", str(sequence)), ("Data", data), ("PartitionKey", rng.choice(["k", "klíč", None])),
                   ("ApproximateArrivalTimestamp", rng.choice([Millis(1700000000123), 1700000000.123]))]
        others = [("EncryptionType", "KMS"), ("Other", {"Data": b"\xff" * 30, "x": [None, {"Records": []}]}),
                  ("Tags", [])]
        members += rng.sample(others, rng.randint(0, 3))
        rng.shuffle(members)
        records.append(dict(members))
        sequence += rng.randint(1, 10**rng.randint(1, 50))
    members = list(page(number, records, last).items()) + [("ChildShards", rng.choice([None, []])),
                                                           ("Later", {"NextShardIterator": "wrong"})]
    rng.shuffle(members)
    return dict(members), records, sequence


def test_replies_written_in_any_way(fake, shardcopy):
    rng = random.Random(11)
    values, sent, sequence = [], [], 1
    for number in range(30):
        value, records, sequence = random_page(number, number == 29, rng, sequence)
        assert loads(dumps_in_pieces(value, rng)) is not None
        values.append(value)
        sent += records
    pages = [lambda _, body=(dumps(value) if i % 3 == 0 else dumps_in_pieces(value, rng)): (200, CONTENT_TYPE, body)
             for i, value in enumerate(values)]
    pages.append(lambda _: (200, CONTENT_TYPE, dumps(page(30, [], True))))
    service = fake(pages)
    program = shardcopy.load(f"kinesis://{service.address}/demo", "-", "--envelope", "--protocol=cbor")
    arrivals, lines = lines_of(program)
    assert lines == [expected_line(record) for record in sent]
    assert set(arrivals) == {"2023-11-14T22:13:20.123Z"}
    assert set(service.types_of_get_records()) == {CONTENT_TYPE}
    asked = [loads(body) for operation, _, body in service.asked if operation == "GetRecords"]
    assert asked[0] == {"Limit": 10000, "ShardIterator": "iterator-0;"}


def test_a_recorded_reply(fake, shardcopy):
    """As AWS writes it. It has neither iterator nor children: the listing says that the shard goes on, and a new
    iterator is asked for."""
    body = RECORDED.replace(b"Bhi", b'G{"a":1}')
    service = fake([lambda _: (200, CONTENT_TYPE, body), lambda _: (200, CONTENT_TYPE, dumps(page(1, [], True)))])
    program = shardcopy.load(f"kinesis://{service.address}/demo", "-", "--envelope", "--protocol=cbor")
    line = json.loads(program.out)
    assert line == {"shard": "shardId-000000000000", "sequence": "1", "arrival": "2023-11-14T22:13:20.123Z",
                    "partition_key": "k", "data": {"a": 1}}


def json_page(number, records, last):
    return 200, JSON, json.dumps(in_json(page(number, records, last))).encode()


def one_record(protocol=None):
    """Pages of one record for whoever asks in that protocol only; for anybody when it is None."""
    record = {"SequenceNumber": "49", "Data": b'{"a":1}', "PartitionKey": "k",
              "ApproximateArrivalTimestamp": Millis(1700000000123)}

    def answer(number, records, last):
        def reply(content_type):
            if content_type == CONTENT_TYPE and protocol == "json":
                return 404, "text/xml", b"<UnknownOperationException/>\n"
            if content_type == CONTENT_TYPE:
                return 200, CONTENT_TYPE, dumps(page(number, records, last))
            return json_page(number, records, last)
        return reply

    return [answer(0, [record], False), answer(1, [], True)]


def test_a_custom_endpoint_is_asked_in_json(fake, shardcopy):
    service = fake(one_record())
    for arguments, asked in (((), JSON), (("--protocol=json",), JSON), (("--protocol=cbor",), CONTENT_TYPE)):
        service.asked.clear()
        program = shardcopy.load(f"kinesis://{service.address}/demo", "-", *arguments)
        assert program.out == '{"a":1}\n'
        assert set(service.types_of_get_records()) == {asked}
        others = {content_type for operation, content_type, _ in service.asked if operation != "GetRecords"}
        assert others == {JSON}


def test_cbor_that_is_refused(fake, shardcopy):
    service = fake(one_record("json"))
    program = shardcopy.load(f"kinesis://{service.address}/demo", "-", "--protocol=cbor", status=3)
    assert 'hint="--protocol=json asks for records in JSON"' in program.err


def aws(service):
    """The program's environment when that service plays AWS: reached by name, through a proxy."""
    return {"http_proxy": f"http://{service.address}", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret"}


@pytest.mark.parametrize("speaks", ["cbor", "json"])
def test_aws_is_asked_in_cbor(fake, shardcopy, speaks):
    """auto on a host of AWS: CBOR, or JSON once it is refused, which is said once."""
    service = fake(one_record("json" if speaks == "json" else None))
    program = shardcopy.load("kinesis://demo", "-", "--endpoint=http://kinesis.us-east-1.amazonaws.com",
                             "--region=us-east-1", env=aws(service))
    assert program.out == '{"a":1}\n'
    types = service.types_of_get_records()
    assert types == ([CONTENT_TYPE] * 2 if speaks == "cbor" else [CONTENT_TYPE, JSON, JSON])
    assert program.err.count("the service refuses CBOR") == (0 if speaks == "cbor" else 1)


def test_cbor_that_is_none(fake, shardcopy):
    """An emulator that sends payloads as base64 text: told what it is and what to do, not loaded."""
    record = {"SequenceNumber": "1", "Data": base64.b64encode(b"{}").decode(), "PartitionKey": "k"}
    service = fake([lambda _: (200, CONTENT_TYPE, dumps(page(0, [record], False)))])
    running = shardcopy.start("load", f"kinesis://{service.address}/demo", "-", "--protocol=cbor")
    wait_until(lambda: "Data that is no byte string" in running.err, what="the error")
    running.kill()
    assert running.out == ""


def test_a_load_over_https_in_cbor(local_service, shardcopy, folder):
    local = local_service("--generate", "demo:shards=8,records=40000,seed=3", "--page-bytes=100KiB")
    arguments = [f"kinesis://{local.https}/demo?tls=true", "-", f"--ca-bundle={local.ca}"]
    lines = [sorted(shardcopy.load(*arguments, f"--protocol={protocol}").out.splitlines())
             for protocol in ("json", "cbor")]
    assert len(lines[0]) == 40000 and lines[0] == lines[1]
    assert os.listdir(folder)
