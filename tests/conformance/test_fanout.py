"""SubscribeToShard through botocore's own event-stream parser, which refuses what the service would not send."""
import threading

import pytest
from conftest import client_of
from support.wait import wait_until

ZERO = "shardId-000000000000"


@pytest.fixture
def consumer(kinesis, current):
    arn = kinesis.register_stream_consumer(StreamARN=current, ConsumerName="app")["Consumer"]["ConsumerARN"]
    wait_until(lambda: kinesis.describe_stream_consumer(
        ConsumerARN=arn)["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE")
    return arn


def subscribe(client, consumer, shard=ZERO, **position):
    position = position or {"Type": "TRIM_HORIZON"}
    return client.subscribe_to_shard(ConsumerARN=consumer, ShardId=shard, StartingPosition=position)["EventStream"]


def put(client, stream, n, hash_key="0"):
    for i in range(n):
        client.put_record(StreamARN=stream, Data=b"%d" % i, PartitionKey="k", ExplicitHashKey=hash_key)


def take(events, n):
    """The data of n records, and the events they came in."""
    data, seen = [], []
    for event in events:
        seen.append(event["SubscribeToShardEvent"])
        data += [record["Data"] for record in seen[-1]["Records"]]
        if len(data) >= n:
            return data, seen
    raise AssertionError(f"the stream ended after {len(data)} of {n} records")


@pytest.mark.parametrize("secure", [False, True])
def test_what_is_there_and_what_comes(local, kinesis, current, consumer, secure):
    put(kinesis, current, 10)
    events = subscribe(client_of(local, secure), consumer)
    assert take(events, 10)[0] == [b"%d" % i for i in range(10)]
    late = threading.Timer(0.2, put, (kinesis, current, 5))
    late.start()
    assert take(events, 5)[0] == [b"%d" % i for i in range(5)]
    late.join()
    events.close()


def test_goes_on_behind_a_continuation(kinesis, current, consumer, local):
    put(kinesis, current, 4)
    events = subscribe(kinesis, consumer)
    position = take(events, 4)[1][-1]["ContinuationSequenceNumber"]
    events.close()
    put(kinesis, current, 2)

    def again():
        try:
            return subscribe(client_of(local), consumer, Type="AFTER_SEQUENCE_NUMBER", SequenceNumber=position)
        except kinesis.exceptions.ResourceInUseException:
            return None

    events = wait_until(again, what="the slot to be free", every_s=0.3)
    assert take(events, 2)[0] == [b"0", b"1"]
    events.close()


def test_end_of_a_shard(kinesis, current, consumer):
    put(kinesis, current, 3)
    kinesis.split_shard(StreamARN=current, ShardToSplit=ZERO, NewStartingHashKey=str(2**125))
    events = [event["SubscribeToShardEvent"] for event in subscribe(kinesis, consumer)]
    assert sum(len(event["Records"]) for event in events) == 3
    assert "ContinuationSequenceNumber" not in events[-1]
    assert [child["ParentShards"] for child in events[-1]["ChildShards"]] == [[ZERO], [ZERO]]
    assert all("ChildShards" not in event for event in events[:-1])


def test_a_second_subscription_is_refused(local, kinesis, current, consumer):
    events = subscribe(kinesis, consumer)
    with pytest.raises((kinesis.exceptions.ResourceInUseException, kinesis.exceptions.LimitExceededException)):
        subscribe(client_of(local), consumer)
    events.close()


def test_errors_come_before_the_stream(kinesis, current, consumer):
    with pytest.raises(kinesis.exceptions.ResourceNotFoundException):
        subscribe(kinesis, consumer, shard="shardId-000000000077")
    with pytest.raises(kinesis.exceptions.ResourceNotFoundException):
        subscribe(kinesis, consumer[:-1] + ("1" if consumer[-1] != "1" else "2"))
    with pytest.raises(kinesis.exceptions.InvalidArgumentException):
        subscribe(kinesis, consumer, Type="AT_SEQUENCE_NUMBER")
