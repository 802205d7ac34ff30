"""shardcopy consumers list, register, describe and deregister, seen by boto3 from the other side."""
import json


def consumers(shardcopy, *args, status=0):
    return shardcopy.run("consumers", *args, status=status, timeout_s=30)


def registered(local, stream):
    arn = stream.client.describe_stream_summary(StreamName=stream.name)["StreamDescriptionSummary"]["StreamARN"]
    return {c["ConsumerName"]: c for c in stream.client.list_stream_consumers(StreamARN=arn)["Consumers"]}


def test_a_life(local_service, shardcopy):
    local = local_service("--consumer-ms=1200", "--generate=s:shards=1,records=1")
    url = local.url("s")
    made = json.loads(consumers(shardcopy, "register", url, "a.b-c_1", "--format=json").out)
    assert (made["consumer"], made["status"]) == ("a.b-c_1", "ACTIVE")
    again = json.loads(consumers(shardcopy, "register", url, "a.b-c_1", "--format=json").out)
    assert again == made
    consumers(shardcopy, "register", url, "second")
    listed = [json.loads(line) for line in consumers(shardcopy, "list", url, "--format=json").out.splitlines()]
    assert [c["consumer"] for c in listed] == ["a.b-c_1", "second"]
    assert "a.b-c_1" in consumers(shardcopy, "list", url).out
    assert json.loads(consumers(shardcopy, "describe", url, made["arn"], "--format=json").out) == made
    assert consumers(shardcopy, "deregister", url, made["arn"]).out.startswith("deregistered arn:aws:kinesis:")
    # Still DELETING: the same name is waited out and registered again, as another consumer.
    assert json.loads(consumers(shardcopy, "describe", url, "a.b-c_1", "--format=json").out)["status"] == "DELETING"
    new = json.loads(consumers(shardcopy, "register", url, "a.b-c_1", "--format=json").out)
    assert new["status"] == "ACTIVE" and new["arn"] != made["arn"]


def test_what_is_not_there(local, stream, shardcopy):
    s = stream()
    url = local.url(s.name)
    assert "has no consumer nobody" in consumers(shardcopy, "describe", url, "nobody", status=3).err
    consumers(shardcopy, "deregister", url, "nobody")
    assert "not found" in consumers(shardcopy, "list", local.url("none"), status=3).err
    assert "no name of a consumer" in consumers(shardcopy, "register", url, "a b", status=2).err
    assert registered(local, s) == {}


def test_a_full_stream_names_its_consumers(local, stream, shardcopy):
    s = stream()
    arn = s.client.describe_stream_summary(StreamName=s.name)["StreamDescriptionSummary"]["StreamARN"]
    for i in range(20):
        s.client.register_stream_consumer(StreamARN=arn, ConsumerName=f"c{i:02}")
    err = consumers(shardcopy, "register", local.url(s.name), "one.more", status=2).err
    assert "20 consumers" in err and "c00, c01" in err and "and 10 more" in err and "--consumer-name" in err


def test_too_many_at_a_time_are_waited_for(local_service, shardcopy):
    local = local_service("--consumer-ms=1500", "--generate=s:shards=1,records=1")
    client = local.client()
    arn = client.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["StreamARN"]
    for i in range(5):
        client.register_stream_consumer(StreamARN=arn, ConsumerName=f"c{i}")
    assert "sixth" in consumers(shardcopy, "register", local.url("s"), "sixth").out
