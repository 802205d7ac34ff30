"""The local Kinesis service seen by boto3, which knows the real one: what it answers, and how it fails on purpose."""
import hashlib
import http.client
import json
import os
import signal
import socket
import ssl
import threading

import boto3
import botocore.config
import botocore.exceptions
import pytest
from support.local import LocalService
from support.process import BUILD, Program

MAX_HASH_KEY = 2**128 - 1


def secure_client(service, ca, **config):
    config = botocore.config.Config(retries={"max_attempts": 0}, **config)
    return boto3.client("kinesis", endpoint_url=f"https://{service.https}", region_name="us-east-1", verify=ca,
                        aws_access_key_id="test", aws_secret_access_key="test", config=config)


def impatient_client(service):
    config = botocore.config.Config(retries={"max_attempts": 0}, read_timeout=1)
    return boto3.client("kinesis", endpoint_url=f"http://{service.http}", region_name="us-east-1",
                        aws_access_key_id="test", aws_secret_access_key="test", config=config)


def read_shard(client, stream, shard, limit=10000):
    """All records of a shard, to its tip or its end; and the last answer."""
    iterator = client.get_shard_iterator(StreamName=stream, ShardId=shard,
                                         ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    records = []
    while True:
        answer = client.get_records(ShardIterator=iterator, Limit=limit)
        records += answer["Records"]
        iterator = answer.get("NextShardIterator")
        if iterator is None or answer["MillisBehindLatest"] == 0:
            return records, answer


def shard_ids(client, stream):
    return [shard["ShardId"] for shard in client.list_shards(StreamName=stream)["Shards"]]


def read_stream(client, stream):
    return [record for shard in shard_ids(client, stream) for record in read_shard(client, stream, shard)[0]]


# --- records ---------------------------------------------------------------------------------------------------------


def test_records_come_back_as_they_were_put(local):
    client = local.client()
    client.create_stream(StreamName="s", ShardCount=1)
    payloads = [b"", b"\x00\xff", bytes(range(256)) * 10, "日本語 🚀".encode(), os.urandom(2**20 - 256)]
    keys = ["k", '"quoted\\"', "né\n\t\x01", "🚀" * 60, "x" * 256]
    put = [client.put_record(StreamName="s", Data=d, PartitionKey=k) for d, k in zip(payloads, keys)]
    records, _ = read_shard(client, "s", put[0]["ShardId"])
    assert [record["Data"] for record in records] == payloads
    assert [record["PartitionKey"] for record in records] == keys
    assert [record["SequenceNumber"] for record in records] == [answer["SequenceNumber"] for answer in put]
    numbers = [int(record["SequenceNumber"]) for record in records]
    assert numbers == sorted(set(numbers))


def test_partition_keys_are_routed_by_md5(local):
    client = local.client()
    client.create_stream(StreamName="s", ShardCount=7)
    shards = client.list_shards(StreamName="s")["Shards"]
    starts = [int(shard["HashKeyRange"]["StartingHashKey"]) for shard in shards]
    ends = [int(shard["HashKeyRange"]["EndingHashKey"]) for shard in shards]
    assert starts == [2**128 * i // 7 for i in range(7)]
    assert ends == [start - 1 for start in starts[1:]] + [MAX_HASH_KEY]
    keys = [f"key-{i}é" for i in range(500)]
    answer = client.put_records(StreamName="s", Records=[{"Data": b"x", "PartitionKey": key} for key in keys])
    assert answer["FailedRecordCount"] == 0
    for key, record in zip(keys, answer["Records"]):
        hash_key = int.from_bytes(hashlib.md5(key.encode()).digest(), "big")
        shard = next(s for s, start, end in zip(shards, starts, ends) if start <= hash_key <= end)
        assert record["ShardId"] == shard["ShardId"]
    explicit = client.put_record(StreamName="s", Data=b"x", PartitionKey="a", ExplicitHashKey=str(MAX_HASH_KEY))
    assert explicit["ShardId"] == shards[-1]["ShardId"]


def test_a_page_holds_ten_mebibytes(local):
    client = local.client()
    client.create_stream(StreamName="s", ShardCount=1)
    for _ in range(12):
        client.put_record(StreamName="s", Data=bytes(2**20 - 1), PartitionKey="k")
    iterator = client.get_shard_iterator(StreamName="s", ShardId="shardId-000000000000",
                                         ShardIteratorType="TRIM_HORIZON")
    first = client.get_records(ShardIterator=iterator["ShardIterator"])
    assert len(first["Records"]) == 10
    second = client.get_records(ShardIterator=first["NextShardIterator"])
    assert len(second["Records"]) == 2 and second["MillisBehindLatest"] == 0


def test_put_records_is_bounded(local):
    client = local.client()
    client.create_stream(StreamName="s", ShardCount=1)
    full = [{"Data": bytes(2**20 - 1), "PartitionKey": "k"}] * 10
    assert client.put_records(StreamName="s", Records=full)["FailedRecordCount"] == 0
    with pytest.raises(client.exceptions.InvalidArgumentException):
        client.put_records(StreamName="s", Records=full + [{"Data": b"", "PartitionKey": "k"}])
    with pytest.raises(botocore.exceptions.ClientError,
                       match="ValidationException.*length less than or equal to 1048576"):
        client.put_record(StreamName="s", Data=bytes(2**20), PartitionKey="k")
    with pytest.raises(botocore.exceptions.ClientError, match="ValidationException"):
        client.put_records(StreamName="s", Records=[{"Data": b"", "PartitionKey": "k"}] * 501)
    assert len(read_stream(client, "s")) == 10


def test_every_kind_of_iterator(local):
    client = local.client()
    client.create_stream(StreamName="s", ShardCount=1)
    shard = "shardId-000000000000"
    put = [client.put_record(StreamName="s", Data=str(i).encode(), PartitionKey="k") for i in range(5)]

    def read(**where):
        iterator = client.get_shard_iterator(StreamName="s", ShardId=shard, **where)["ShardIterator"]
        return [record["Data"] for record in client.get_records(ShardIterator=iterator)["Records"]]

    third = put[2]["SequenceNumber"]
    assert read(ShardIteratorType="TRIM_HORIZON") == [b"0", b"1", b"2", b"3", b"4"]
    assert read(ShardIteratorType="AT_SEQUENCE_NUMBER", StartingSequenceNumber=third) == [b"2", b"3", b"4"]
    assert read(ShardIteratorType="AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=third) == [b"3", b"4"]
    assert read(ShardIteratorType="AT_TIMESTAMP", Timestamp=0) == [b"0", b"1", b"2", b"3", b"4"]
    latest = client.get_shard_iterator(StreamName="s", ShardId=shard, ShardIteratorType="LATEST")["ShardIterator"]
    assert client.get_records(ShardIterator=latest)["Records"] == []
    client.put_record(StreamName="s", Data=b"5", PartitionKey="k")
    assert [record["Data"] for record in client.get_records(ShardIterator=latest)["Records"]] == [b"5"]
    assert [record["Data"] for record in client.get_records(ShardIterator=f'"{latest}"')["Records"]] == [b"5"]


# --- shards ----------------------------------------------------------------------------------------------------------


def test_split_and_merge(local):
    client = local.client()
    client.create_stream(StreamName="s", ShardCount=1)
    for i in range(20):
        client.put_record(StreamName="s", Data=b"parent", PartitionKey=str(i))
    client.split_shard(StreamName="s", ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**127))
    for i in range(20):
        client.put_record(StreamName="s", Data=b"child", PartitionKey=str(i))
    client.merge_shards(StreamName="s", ShardToMerge="shardId-000000000001",
                        AdjacentShardToMerge="shardId-000000000002")
    client.put_record(StreamName="s", Data=b"grandchild", PartitionKey="k")

    records, end = read_shard(client, "s", "shardId-000000000000", limit=7)
    assert len(records) == 20 and "NextShardIterator" not in end
    assert [child["ShardId"] for child in end["ChildShards"]] == ["shardId-000000000001", "shardId-000000000002"]
    assert end["ChildShards"][1]["HashKeyRange"] == {"StartingHashKey": str(2**127), "EndingHashKey": str(MAX_HASH_KEY)}
    children = [read_shard(client, "s", f"shardId-00000000000{i}") for i in (1, 2)]
    assert sum(len(records) for records, _ in children) == 20
    for _, end in children:
        assert end["ChildShards"][0]["ParentShards"] == ["shardId-000000000001", "shardId-000000000002"]
    last, answer = read_shard(client, "s", "shardId-000000000003")
    assert [record["Data"] for record in last] == [b"grandchild"] and answer["NextShardIterator"]

    shards = client.list_shards(StreamName="s")["Shards"]
    assert [shard.get("ParentShardId", "")[-1:] for shard in shards] == ["", "0", "0", "1"]
    assert shards[3]["AdjacentParentShardId"] == "shardId-000000000002"
    ranges = [shard["SequenceNumberRange"] for shard in shards]
    assert ["EndingSequenceNumber" in numbers for numbers in ranges] == [True, True, True, False]
    assert int(ranges[0]["EndingSequenceNumber"]) < int(ranges[1]["StartingSequenceNumber"])


def test_shards_are_listed_in_pages(local_service):
    service = local_service("--generate", "many:shards=2345")
    client = service.client()
    answer = client.list_shards(StreamName="many")
    pages, ids = 1, [shard["ShardId"] for shard in answer["Shards"]]
    while "NextToken" in answer:
        answer = client.list_shards(NextToken=answer["NextToken"])
        ids += [shard["ShardId"] for shard in answer["Shards"]]
        pages += 1
    assert pages == 3 and ids == [f"shardId-{i:012}" for i in range(2345)]
    assert len(client.list_shards(StreamName="many", MaxResults=10)["Shards"]) == 10
    assert len(client.list_shards(StreamName="many", ExclusiveStartShardId="shardId-000000002300")["Shards"]) == 44
    described = [shard["ShardId"] for page in client.get_paginator("describe_stream").paginate(StreamName="many")
                 for shard in page["StreamDescription"]["Shards"]]
    assert described == ids


# --- errors, by the class botocore makes of them ----------------------------------------------------------------------


def test_errors_are_the_modelled_ones(local):
    client = local.client()
    client.create_stream(StreamName="s", ShardCount=1)
    gone = client.exceptions
    with pytest.raises(gone.ResourceNotFoundException, match="Stream nope under account 000000000000 not found."):
        client.describe_stream(StreamName="nope")
    with pytest.raises(gone.ResourceNotFoundException):
        client.get_shard_iterator(StreamName="s", ShardId="shardId-000000000009", ShardIteratorType="LATEST")
    with pytest.raises(gone.ResourceInUseException):
        client.create_stream(StreamName="s", ShardCount=1)
    with pytest.raises(gone.InvalidArgumentException, match="Invalid ShardIterator."):
        client.get_records(ShardIterator="AAAAAAAAAAE=")
    with pytest.raises(gone.InvalidArgumentException, match="currentTimestampInMillis"):
        client.get_shard_iterator(StreamName="s", ShardId="shardId-000000000000", ShardIteratorType="AT_TIMESTAMP",
                                  Timestamp=4000000000)
    with pytest.raises(gone.InvalidArgumentException):
        client.split_shard(StreamName="s", ShardToSplit="shardId-000000000000", NewStartingHashKey="1")


def test_iterators_and_tokens_expire_on_request(local_service):
    service = local_service("--generate", "s:shards=3")
    client = service.client()
    iterator = client.get_shard_iterator(StreamName="s", ShardId="shardId-000000000000", ShardIteratorType="LATEST")
    token = client.list_shards(StreamName="s", MaxResults=1)["NextToken"]
    service.expire_iterators()
    with pytest.raises(client.exceptions.ExpiredIteratorException, match="tolerated delay of 300000 milliseconds"):
        client.get_records(ShardIterator=iterator["ShardIterator"])
    with pytest.raises(client.exceptions.ExpiredNextTokenException):
        client.list_shards(NextToken=token)


def test_create_takes_its_time_when_asked(local_service):
    client = local_service("--create-ms=600000").client()
    client.create_stream(StreamName="s", ShardCount=1)
    assert client.describe_stream(StreamName="s")["StreamDescription"]["StreamStatus"] == "CREATING"
    with pytest.raises(client.exceptions.ResourceInUseException):
        client.list_shards(StreamName="s")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.put_record(StreamName="s", Data=b"x", PartitionKey="k")


# --- faults ----------------------------------------------------------------------------------------------------------


def test_faults_hit_in_order(local):
    client = local.client()
    local.fault(operation="ListStreams", kind="throttle", count=2)
    local.fault(operation="*", kind="error", status=503, code="ServiceUnavailable", message="later", after=1)
    for _ in range(2):
        with pytest.raises(client.exceptions.ProvisionedThroughputExceededException):
            client.list_streams()
    client.list_streams()
    with pytest.raises(botocore.exceptions.ClientError, match="ServiceUnavailable") as error:
        client.list_streams()
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert local.faults_waiting() == 0
    local.fault(kind="error", count=1000)
    local.clear_faults()
    client.list_streams()


@pytest.mark.parametrize("kind, nbytes, error", [
    ("reset", 10, botocore.exceptions.HTTPClientError),
    ("reset", -1, botocore.exceptions.HTTPClientError),
    ("half-open", 10, botocore.exceptions.HTTPClientError),
    ("half-open", -1, botocore.exceptions.ReadTimeoutError),
])
def test_broken_connections(local, kind, nbytes, error):
    client = impatient_client(local)
    local.fault(operation="ListStreams", kind=kind, bytes=nbytes)
    with pytest.raises(error):
        client.list_streams()
    assert client.list_streams()["StreamNames"] == []


def test_a_truncated_answer(local):
    """botocore does not look at Content-Length; http.client does."""
    local.fault(operation="ListStreams", kind="truncate", bytes=10)
    connection = http.client.HTTPConnection(local.http, timeout=20)
    connection.request("POST", "/", "{}", {"Content-Type": "application/x-amz-json-1.1",
                                           "X-Amz-Target": "Kinesis_20131202.ListStreams"})
    with pytest.raises(http.client.IncompleteRead) as cut:
        connection.getresponse().read()
    assert cut.value.partial == b'{"HasMoreS'


def test_slow_answers(local):
    client = impatient_client(local)
    local.fault(kind="slow", delay_ms=600000)
    with pytest.raises(botocore.exceptions.ReadTimeoutError):
        client.list_streams()
    client.list_streams()


# --- TLS -------------------------------------------------------------------------------------------------------------


def test_https_with_its_own_authority(local, folder):
    client = secure_client(local, local.ca)
    client.create_stream(StreamName="s", ShardCount=1)
    data = os.urandom(10**6)
    client.put_record(StreamName="s", Data=data, PartitionKey="k")
    assert [record["Data"] for record in read_stream(client, "s")] == [data]
    with pytest.raises(botocore.exceptions.SSLError):
        secure_client(local, True).list_streams()
    keys = [name for name in os.listdir(os.path.dirname(local.ca)) if name.endswith("-key.pem")]
    assert sorted(keys) == ["ca-key.pem", "server-key.pem"]
    for name in keys:
        assert os.stat(os.path.join(os.path.dirname(local.ca), name)).st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_the_certificate_fits_every_local_name(local, name):
    host, port = local.https.rsplit(":", 1)
    context = ssl.create_default_context(cafile=local.ca)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with socket.create_connection((host, int(port)), timeout=20) as plain:
        with context.wrap_socket(plain, server_hostname=name) as secure:
            assert secure.selected_alpn_protocol() == "h2"


def test_the_authority_outlives_a_restart(local_service, folder):
    first = local_service(f"--cert-dir={folder}/certs")
    with open(first.ca, "rb") as pem:
        before = pem.read()
    first.stop()
    second = local_service(f"--cert-dir={folder}/certs")
    with open(second.ca, "rb") as pem:
        assert pem.read() == before
    secure_client(second, second.ca).list_streams()


# --- the program ------------------------------------------------------------------------------------------------------


def test_generated_streams(local_service):
    service = local_service("--generate",
                            "a:shards=5,records=30000,seed=3;b:shards=2,records=1000,seed=3,profile=mixed")
    client = service.client()
    records = read_stream(client, "a")
    assert len(records) == 30000
    for record in records[::100]:
        row = json.loads(record["Data"])
        assert list(row) == ["sensor_id", "ts", "temperature", "humidity"]
        assert str(row["sensor_id"]) == record["PartitionKey"]
    for shard in shard_ids(client, "a"):
        arrivals = [record["ApproximateArrivalTimestamp"] for record in read_shard(client, "a", shard)[0]]
        assert arrivals == sorted(arrivals)
    mixed = [json.loads(record["Data"]) for record in read_stream(client, "b")]
    assert sorted(row["id"] for row in mixed) == list(range(1000))
    again = local_service("--generate", "a:shards=5,records=30000,seed=3")
    assert [record["Data"] for record in read_stream(again.client(), "a")] == [record["Data"] for record in records]


def test_loaded_streams(local_service, folder):
    lines = [json.dumps({"n": i, "text": "é" * i}, ensure_ascii=False).encode() for i in range(100)]
    path = os.path.join(folder, "records.ndjson")
    with open(path, "wb") as file:
        file.write(b"\n".join(lines))
    service = local_service("--load", f"demo={path}:shards=3")
    records = read_stream(service.client(), "demo")
    assert len(shard_ids(service.client(), "demo")) == 3
    assert sorted(record["Data"] for record in records) == sorted(lines)


def test_the_ready_file(folder):
    path = os.path.join(folder, "ready")
    service = LocalService(folder, "local", f"--ready-file={path}")
    with open(path, encoding="ascii") as ready:
        assert ready.read() == service.program.out
    service.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(folder, number):
    service = LocalService(folder, "local", "--generate", "demo:shards=4,records=1000")
    with socket.create_connection(tuple(service.http.rsplit(":", 1)), timeout=20) as idle:
        idle.sendall(b"GET / HTTP/1.1\r\nHost: local\r\n\r\n")
        assert idle.recv(1) == b"H"  # it is accepted: the end of the listening socket would reset it otherwise
        service.program.signal(number)
        service.program.wait(status=0)
        while idle.recv(4096):  # up to the end, and no reset
            continue


@pytest.mark.parametrize("args, what", [
    (["--generate", "demo:shards=0"], "shards is not 1 to 1000000"),
    (["--generate", "demo:records=1;demo:records=1"], "exists already"),
    (["--load", "demo=/nowhere"], "No such file"),
    (["--listen", "4567"], "is not HOST:PORT"),
    (["--listen", "off"], "nothing to listen on"),
    (["--threads", "0"], "--threads"),
])
def test_bad_options(folder, args, what):
    defaults = [] if "--listen" in args else ["--listen=127.0.0.1:0"]
    program = Program([os.path.join(BUILD, "shardcopy-local"), *defaults, *args], folder, "local").wait(status=None)
    assert program.status in (2, 3, 13) and what in program.err
    assert program.out == ""


def test_many_clients_on_several_threads(local_service):
    """Puts and reads at once, over several threads of the service: all there, each once."""
    service = local_service("--threads=3", "--generate", "s:shards=4")
    failures = []

    def put(worker):
        try:
            client = service.client()
            for i in range(20):
                records = [{"Data": f"{worker}-{i}-{j}".encode(), "PartitionKey": str(j)} for j in range(50)]
                client.put_records(StreamName="s", Records=records)
                client.list_shards(StreamName="s")
                read_shard(client, "s", "shardId-000000000000")
        except Exception as error:  # pylint: disable=broad-except
            failures.append(error)

    threads = [threading.Thread(target=put, args=(worker,)) for worker in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    found = [record["Data"].decode() for record in read_stream(service.client(), "s")]
    assert sorted(found) == sorted(f"{worker}-{i}-{j}" for worker in range(6) for i in range(20) for j in range(50))
