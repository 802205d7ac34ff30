"""The local service over every HTTP that it speaks, seen by curl; and that the clients of HTTP/1.1 are left alone."""
import base64
import json
import os
import socket
import ssl
import subprocess

import botocore.eventstream
import pytest
from support.local import LocalService
from support.wait import wait_until

MEANS = {
    "prior knowledge": ("http", ["--http2-prior-knowledge"], "2"),
    "upgrade": ("http", ["--http2"], "2"),
    "plain": ("http", ["--http1.1"], "1.1"),
    "alpn": ("https", ["--http2"], "2"),
    "tls": ("https", ["--http1.1"], "1.1"),
}


class Curl:
    def __init__(self, service, means):
        scheme, self.arguments, self.version = MEANS[means]
        self.arguments = [*self.arguments, "--cacert", service.ca]
        self.url = f"{scheme}://{getattr(service, scheme)}/"

    def run(self, operation, members, *arguments):
        """The body and what curl says of the transfer."""
        text = subprocess.run(["curl", "-sS", "--max-time", "30", *self.arguments, *arguments, "--data-binary", "@-",
                               "-H", "Content-Type: application/x-amz-json-1.1",
                               "-H", f"X-Amz-Target: Kinesis_20131202.{operation}",
                               "-w", "\n%{http_version} %{http_code} %{num_connects}", self.url],
                              input=json.dumps(members).encode(), stdout=subprocess.PIPE, check=True).stdout
        body, _, said = text.rpartition(b"\n")
        return body, said.decode().split()

    def call(self, operation, **members):
        body, (version, status, _) = self.run(operation, members)
        assert (version, status) == (self.version, "200"), body
        return json.loads(body) if body else {}


@pytest.mark.parametrize("means", MEANS)
def test_operations(local, means):
    curl = Curl(local, means)
    curl.call("CreateStream", StreamName="s", ShardCount=1)
    assert curl.call("ListStreams")["StreamNames"] == ["s"]
    data = bytes(range(256)) * 100
    put = curl.call("PutRecord", StreamName="s", PartitionKey="k", Data=base64.b64encode(data).decode())
    iterator = curl.call("GetShardIterator", StreamName="s", ShardId=put["ShardId"], ShardIteratorType="TRIM_HORIZON")
    records = curl.call("GetRecords", ShardIterator=iterator["ShardIterator"])["Records"]
    assert [base64.b64decode(record["Data"]) for record in records] == [data]
    assert records[0]["SequenceNumber"] == put["SequenceNumber"]


@pytest.mark.parametrize("means", MEANS)
def test_a_full_page(local, means):
    """10 MiB, more than any window: the same bytes over each."""
    client = local.client()
    client.create_stream(StreamName="s", ShardCount=1)
    for i in range(10):
        client.put_record(StreamName="s", Data=bytes([i]) * (2**20 - 1), PartitionKey="k")
    iterator = client.get_shard_iterator(StreamName="s", ShardId="shardId-000000000000",
                                         ShardIteratorType="TRIM_HORIZON")
    records = Curl(local, means).call("GetRecords", ShardIterator=iterator["ShardIterator"])["Records"]
    assert [base64.b64decode(record["Data"]) for record in records] == [bytes([i]) * (2**20 - 1) for i in range(10)]


@pytest.mark.parametrize("means", ["prior knowledge", "alpn"])
def test_large_requests(local, means):
    """A body beyond the window that the service gives a stream."""
    curl = Curl(local, means)
    curl.call("CreateStream", StreamName="s", ShardCount=1)
    data = base64.b64encode(bytes(2**20 - 1)).decode()
    answer = curl.call("PutRecords", StreamName="s", Records=[{"Data": data, "PartitionKey": "k"}] * 8)
    assert answer["FailedRecordCount"] == 0


@pytest.mark.parametrize("means", ["prior knowledge", "alpn"])
def test_errors_and_faults(local, means):
    curl = Curl(local, means)
    body, (version, status, _) = curl.run("DescribeStream", {"StreamName": "none"})
    assert (version, status) == ("2", "400") and json.loads(body)["__type"] == "ResourceNotFoundException"
    local.fault(operation="ListStreams", kind="error", status=500, code="InternalFailure", message="on purpose")
    body, (version, status, _) = curl.run("ListStreams", {})
    assert (version, status) == ("2", "500") and json.loads(body)["__type"] == "InternalFailure"
    local.fault(operation="ListStreams", kind="reset", bytes=3)
    with pytest.raises(subprocess.CalledProcessError):
        curl.run("ListStreams", {})
    assert curl.call("ListStreams")["StreamNames"] == []


def test_streams_share_a_connection(local):
    """curl asks twenty times over one connection, at most as many at a time as it is told. Over TLS: this curl, 7.88.1,
    uses no connection of prior knowledge twice (curl issue 10634)."""
    text = subprocess.run(["curl", "-sS", "--max-time", "30", "--http2", "--cacert", local.ca, "--parallel",
                           "--parallel-max", "20", "-d", "{}", "-H", "Content-Type: application/x-amz-json-1.1",
                           "-H", "X-Amz-Target: Kinesis_20131202.ListStreams", "-o", "/dev/null",
                           "-w", "%{http_version} %{http_code} %{num_connects}\n", f"https://{local.https}/?[1-20]"],
                          stdout=subprocess.PIPE, check=True).stdout.decode()
    lines = text.split("\n")[:-1]
    assert [line.rsplit(" ", 1)[0] for line in lines] == ["2 200"] * 20
    assert sum(int(line.rsplit(" ", 1)[1]) for line in lines) < 20


def test_alpn(local):
    for offered, chosen in [(["h2", "http/1.1"], "h2"), (["http/1.1", "h2"], "h2"), (["http/1.1"], "http/1.1"),
                            (["other"], None), (None, None)]:
        context = ssl.create_default_context(cafile=local.ca)
        if offered:
            context.set_alpn_protocols(offered)
        host, port = local.https.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=10) as plain:
            with context.wrap_socket(plain, server_hostname=host) as secure:
                assert secure.selected_alpn_protocol() == chosen


def test_announced_streams(tmp_path):
    """--max-concurrent-streams is what SETTINGS say."""
    service = LocalService(str(tmp_path), "few", "--max-concurrent-streams=3", f"--cert-dir={tmp_path}")
    try:
        host, port = service.http.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=10) as plain:
            plain.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
            frame = plain.recv(9 + 18, socket.MSG_WAITALL)
        assert frame[3] == 4 and bytes([0, 3, 0, 0, 0, 3]) in [frame[at:at + 6] for at in range(9, 27, 6)]
    finally:
        service.stop()


@pytest.mark.parametrize("means", MEANS)
def test_a_subscription(local, means):
    """Events reach curl as they come, over each."""
    client = local.client()
    client.create_stream(StreamName="s", ShardCount=1)
    arn = client.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["StreamARN"]
    consumer = client.register_stream_consumer(StreamARN=arn, ConsumerName="c")["Consumer"]["ConsumerARN"]
    wait_until(lambda: client.describe_stream_consumer(
        ConsumerARN=consumer)["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE", what="the consumer ACTIVE")
    curl = Curl(local, means)
    members = {"ConsumerARN": consumer, "ShardId": "shardId-000000000000", "StartingPosition": {"Type": "TRIM_HORIZON"}}
    command = ["curl", "-sSN", "--max-time", "30", *curl.arguments, "-d", json.dumps(members),
               "-H", "Content-Type: application/x-amz-json-1.1", "-H",
               "X-Amz-Target: Kinesis_20131202.SubscribeToShard", curl.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        frames, seen = botocore.eventstream.EventStreamBuffer(), []
        for number in range(3):
            client.put_record(StreamName="s", Data=str(number), PartitionKey="k")
            while str(number).encode() not in seen:
                frames.add_data(os.read(process.stdout.fileno(), 65536))
                for frame in frames:
                    records = json.loads(frame.payload or "{}").get("Records", [])
                    seen += [base64.b64decode(record["Data"]) for record in records]
        process.kill()
    assert seen == [b"0", b"1", b"2"]
