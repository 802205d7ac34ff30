"""SubscribeToShard seen by boto3 through botocore's own event stream parser, by http.client and by curl."""
import http.client
import itertools
import json
import random
import subprocess

import boto3
import botocore.eventstream
import botocore.exceptions
import pytest
import urllib3.exceptions
from support.killed import kill_under
from support.wait import wait_until

HEADERS = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Kinesis_20131202.SubscribeToShard"}
SHARD = "shardId-000000000000"
WRITERS = 2
KILLS = 5


def consumer_of(client, stream, name="c", shards=1):
    """The ARN of a consumer of a new stream."""
    client.create_stream(StreamName=stream, ShardCount=shards)
    arn = client.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
    consumer = client.register_stream_consumer(StreamARN=arn, ConsumerName=name)["Consumer"]["ConsumerARN"]
    wait_until(lambda: client.describe_stream_consumer(
        ConsumerARN=consumer)["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE", what="the consumer ACTIVE")
    return consumer


def subscribe(client, consumer, shard=SHARD, **position):
    """The events of a subscription, as boto3 gives them."""
    position = position or {"Type": "LATEST"}
    answer = client.subscribe_to_shard(ConsumerARN=consumer, ShardId=shard, StartingPosition=position)
    return (event["SubscribeToShardEvent"] for event in answer["EventStream"])


def put(client, stream, *texts):
    for text in texts:
        client.put_record(StreamName=stream, Data=text, PartitionKey="k")


def texts(event):
    return [record["Data"].decode() for record in event["Records"]]


def request_of(consumer, shard=SHARD):
    return json.dumps({"ConsumerARN": consumer, "ShardId": shard, "StartingPosition": {"Type": "TRIM_HORIZON"}})


class Raw:
    """A subscription over HTTP/1.1 as its bytes arrive."""

    def __init__(self, service, consumer):
        self.connection = http.client.HTTPConnection(service.http, timeout=30)
        self.connection.request("POST", "/", body=request_of(consumer), headers=HEADERS)
        self.answer = self.connection.getresponse()
        self.frames = botocore.eventstream.EventStreamBuffer()

    def next(self):
        """The next frame, or None at the end of the body."""
        while True:
            for frame in self.frames:
                return frame
            chunk = self.answer.read1(65536)
            if not chunk:
                return None
            self.frames.add_data(chunk)


# --- what boto3 sees -------------------------------------------------------------------------------------------------


def test_boto3_reads_a_shard_to_its_end(local):
    client = local.client()
    consumer = consumer_of(client, "s")
    put(client, "s", "one", "two", "three")
    events = subscribe(client, consumer, Type="TRIM_HORIZON")
    event = next(events)
    assert texts(event) == ["one", "two", "three"]
    assert event["MillisBehindLatest"] == 0
    assert event["ContinuationSequenceNumber"] == event["Records"][-1]["SequenceNumber"]
    assert "ChildShards" not in event
    put(client, "s", "four")
    assert texts(next(events)) == ["four"]
    client.split_shard(StreamName="s", ShardToSplit=SHARD, NewStartingHashKey=str(2**127))
    event = next(events)
    assert texts(event) == []
    assert "ContinuationSequenceNumber" not in event
    assert [(child["ShardId"], child["ParentShards"]) for child in event["ChildShards"]] == [
        ("shardId-000000000001", [SHARD]), ("shardId-000000000002", [SHARD])]
    assert list(events) == []


def test_continuations_resume(local):
    client = local.client()
    consumer = consumer_of(client, "s")
    put(client, "s", "one")
    where = {"Type": "TRIM_HORIZON"}
    for i in range(3):
        event = next(subscribe(client, consumer, **where))
        assert texts(event) == [["one"], ["two"], ["three"]][i]
        where = {"Type": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": event["ContinuationSequenceNumber"]}
        put(client, "s", ["two", "three", "four"][i])
        local.advance_clock(5000)  # the older subscription, if it is still there, is taken over
    sequence = {"ShardIteratorType": where.pop("Type"), "StartingSequenceNumber": where["SequenceNumber"]}
    iterator = client.get_shard_iterator(StreamName="s", ShardId=SHARD, **sequence)["ShardIterator"]
    assert texts(client.get_records(ShardIterator=iterator)) == ["four"]


def test_a_second_subscription_takes_over(local):
    client = local.client()
    consumer = consumer_of(client, "s")
    older = subscribe(client, consumer)
    with pytest.raises(client.exceptions.ResourceInUseException, match="Another active subscription exists"):
        subscribe(client, consumer)
    local.advance_clock(5000)
    assert texts(next(older)) == []  # the heartbeat
    younger = subscribe(client, consumer)
    with pytest.raises(botocore.exceptions.EventStreamError, match="ResourceInUseException"):
        next(older)
    put(client, "s", "one")
    assert texts(next(younger)) == ["one"]


def test_a_subscription_ends_with_its_consumer(local):
    client = local.client()
    consumer = consumer_of(client, "s")
    events = subscribe(client, consumer)
    client.deregister_stream_consumer(ConsumerARN=consumer)
    with pytest.raises(botocore.exceptions.EventStreamError, match="ResourceNotFoundException"):
        next(events)


def test_a_subscription_ends_with_its_stream(local):
    client = local.client()
    consumer = consumer_of(client, "s")
    events = subscribe(client, consumer)
    client.delete_stream(StreamName="s", EnforceConsumerDeletion=True)
    with pytest.raises(botocore.exceptions.EventStreamError, match="ResourceNotFoundException"):
        next(events)


def test_large_records_over_tls(local):
    client = boto3.client("kinesis", endpoint_url=f"https://{local.https}", region_name="us-east-1", verify=local.ca,
                          aws_access_key_id="test", aws_secret_access_key="test")
    consumer = consumer_of(client, "s", shards=2)
    put(client, "s", *["x" * 1000000] * 12)
    shard = next(s for s in (SHARD, "shardId-000000000001") if has_records(client, s))
    seen = []
    events = subscribe(client, consumer, shard, Type="TRIM_HORIZON")
    while len(seen) < 12:
        seen += [len(text) for text in texts(next(events))]
    assert seen == [1000000] * 12


def has_records(client, shard):
    iterator = client.get_shard_iterator(StreamName="s", ShardId=shard,
                                         ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    return client.get_records(ShardIterator=iterator, Limit=1)["Records"] != []


# --- what is on the wire ---------------------------------------------------------------------------------------------


def test_frames_over_http_1(local):
    consumer = consumer_of(local.client(), "s")
    raw = Raw(local, consumer)
    assert raw.answer.status == 200
    assert raw.answer.getheader("Content-Type") == "application/vnd.amazon.eventstream"
    assert raw.answer.getheader("Transfer-Encoding") == "chunked"
    assert raw.answer.getheader("x-amzn-RequestId")
    first = raw.next()
    assert (first.headers, first.payload) == ({":event-type": "initial-response",
                                               ":content-type": "application/x-amz-json-1.1",
                                               ":message-type": "event"}, b"{}")
    continuations = []
    for _ in range(3):
        local.advance_clock(5000)
        frame = raw.next()
        event = json.loads(frame.payload)
        assert list(frame.headers) == [":event-type", ":content-type", ":message-type"]
        assert list(event) == ["ContinuationSequenceNumber", "MillisBehindLatest", "Records"]
        assert (event["MillisBehindLatest"], event["Records"]) == (0, [])
        continuations.append(int(event["ContinuationSequenceNumber"]))
    assert continuations == sorted(set(continuations))
    local.advance_clock(300000)
    assert raw.next() is None  # http.client raises unless the chunks end in order
    raw.connection.close()


def test_leaving_frees_the_place(local):
    client = local.client()
    consumer = consumer_of(client, "s")
    Raw(local, consumer).connection.close()

    def is_free():
        raw = Raw(local, consumer)
        raw.connection.close()
        return raw.answer.status == 200

    wait_until(is_free, what="the place to be free")


def test_faults_in_the_stream(local):
    client = local.client()
    consumer = consumer_of(client, "s")
    put(client, "s", "one")
    for i, (fault, error) in enumerate([({"kind": "corrupt"}, botocore.eventstream.ChecksumMismatch),
                                        ({"code": "KMSDisabledException"}, botocore.exceptions.EventStreamError),
                                        ({"kind": "truncate", "bytes": 20}, urllib3.exceptions.ProtocolError),
                                        ({"kind": "reset", "bytes": 20}, urllib3.exceptions.ProtocolError),
                                        ({"kind": "end"}, StopIteration)]):
        local.fault(operation="SubscribeToShard.event", **fault)
        with pytest.raises(error):
            next(subscribe(client, consumer, Type="TRIM_HORIZON"))
        local.advance_clock(5000)
        assert local.faults_waiting() == 0, i
    local.fault(operation="SubscribeToShard.event", kind="split")
    assert texts(next(subscribe(client, consumer, Type="TRIM_HORIZON"))) == ["one"]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_curl_reads_http_2(local, scheme):
    client = local.client()
    consumer = consumer_of(client, "s")
    put(client, "s", "one")
    how = ["--http2-prior-knowledge", f"http://{local.http}/"] if scheme == "http" else \
        ["--http2", "--cacert", local.ca, f"https://{local.https}/"]
    headers = [argument for name, value in HEADERS.items() for argument in ("-H", f"{name}: {value}")]
    with subprocess.Popen(["curl", "-sS", "-N", "-w", "%{stderr}%{http_version} %{content_type}", *headers, "-d",
                           request_of(consumer), *how], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as curl:
        frames = botocore.eventstream.EventStreamBuffer()
        payloads = []
        while len(payloads) < 2:
            frames.add_data(curl.stdout.read1(65536))
            payloads += [json.loads(frame.payload) for frame in frames]
        assert payloads[0] == {}
        assert [record["PartitionKey"] for record in payloads[1]["Records"]] == ["k"]
        client.split_shard(StreamName="s", ShardToSplit=SHARD, NewStartingHashKey=str(2**127))
        rest, report = curl.communicate(timeout=30)
        frames.add_data(rest)
        assert [len(json.loads(frame.payload)["ChildShards"]) for frame in frames] == [2]
        assert report == b"2 application/vnd.amazon.eventstream"
        assert curl.returncode == 0


# --- across kill -9 --------------------------------------------------------------------------------------------------


class Diary:
    """What was acknowledged, what subscriptions have given, and where the next one begins: behind the last event."""

    def __init__(self):
        self.acknowledged = []
        self.seen = []
        self.where = {"Type": "TRIM_HORIZON"}
        self.numbers = itertools.count()

    def write(self, client):
        text = str(next(self.numbers))
        put(client, "s", text)
        self.acknowledged.append(text)

    def listen(self, client, consumer, last=None):
        """Until it has seen the last one."""
        events = subscribe(client, consumer, **self.where)
        while last not in self.seen:
            event = next(events)
            self.seen += texts(event)
            self.where = {"Type": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": event["ContinuationSequenceNumber"]}


def describe(client, consumer):
    return client.describe_stream_consumer(ConsumerARN=consumer)["ConsumerDescription"]


def run_until_killed(service, consumer, diary, seed):
    """Writers beside a subscription, which sees a number of records that the seed says; then kill -9."""
    client = service.client()
    work = [lambda: diary.listen(client, consumer)] + [lambda: diary.write(client)] * WRITERS
    enough = len(diary.seen) + random.Random(seed).randrange(20, 300)
    kill_under(service, work, lambda: len(diary.seen) >= enough, f"{enough} records seen")


def test_a_consumer_goes_on_after_kill_9(local_service):
    """What was acknowledged is seen once, in its order, by subscriptions that each begin where the one before was
    killed."""
    diary, service = Diary(), local_service("--data-dir=kept", "--threads=2")
    consumer = consumer_of(service.client(), "s")
    before = describe(service.client(), consumer)
    for kill in range(KILLS):
        run_until_killed(service, consumer, diary, kill)
        service = local_service("--data-dir=kept", "--threads=2")
        assert describe(service.client(), consumer) == before
    client = service.client()
    put(client, "s", "last")
    diary.listen(client, consumer, "last")
    iterator = client.get_shard_iterator(StreamName="s", ShardId=SHARD,
                                         ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    assert diary.seen == texts(client.get_records(ShardIterator=iterator))
    assert len(diary.seen) == len(set(diary.seen))
    assert set(diary.acknowledged) <= set(diary.seen)
    unanswered = set(diary.seen) - set(diary.acknowledged) - {"last"}
    assert len(unanswered) <= WRITERS * KILLS
