"""Every operation of the local Kinesis service through boto3, or by hand where Debian's does not know it yet."""
import urllib.error

import botocore
import pytest

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/s"
TOO_LONG = 2 * 1024 * 1024


class Calls:
    """Calls by boto3 when it knows the operation, else by hand; and which ones were made."""

    def __init__(self, service):
        self.service, self.client, self.seen = service, service.client(), set()

    def __call__(self, operation, **members):
        self.seen.add(operation)
        if operation in self.known():
            return getattr(self.client, botocore.xform_name(operation))(**members)
        return self.service.call(operation, **members)

    def known(self):
        return set(self.client.meta.service_model.operation_names)

    def summary(self):
        return self("DescribeStreamSummary", StreamName="s")["StreamDescriptionSummary"]

    def open_shards(self):
        shards = [shard for shard in self("ListShards", StreamName="s", ShardFilter={"Type": "AT_LATEST"})["Shards"]]
        return sorted(shards, key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))


def change_shards(calls):
    calls("CreateStream", StreamName="s", ShardCount=2)
    answer = calls("UpdateShardCount", StreamName="s", TargetShardCount=3, ScalingType="UNIFORM_SCALING")
    assert (answer["CurrentShardCount"], answer["TargetShardCount"]) == (2, 3)
    starts = [int(shard["HashKeyRange"]["StartingHashKey"]) for shard in calls.open_shards()]
    assert starts == [2**128 * i // 3 for i in range(3)]
    calls("SplitShard", StreamName="s", ShardToSplit=calls.open_shards()[0]["ShardId"], NewStartingHashKey="1000")
    low, high = calls.open_shards()[:2]
    calls("MergeShards", StreamName="s", ShardToMerge=low["ShardId"], AdjacentShardToMerge=high["ShardId"])
    described = calls("DescribeStream", StreamName="s")["StreamDescription"]["Shards"]
    ids = {shard["ShardId"] for shard in described}
    parents = [shard[name] for shard in described
               for name in ("ParentShardId", "AdjacentParentShardId") if name in shard]
    assert len(described) == 2 + 4 + 1 + 2 + 1 and set(parents) <= ids


def change_attributes(calls):
    calls("IncreaseStreamRetentionPeriod", StreamName="s", RetentionPeriodHours=8760)
    assert calls.summary()["RetentionPeriodHours"] == 8760
    calls("DecreaseStreamRetentionPeriod", StreamName="s", RetentionPeriodHours=24)
    calls("EnableEnhancedMonitoring", StreamName="s", ShardLevelMetrics=["ALL"])
    assert len(calls.summary()["EnhancedMonitoring"][0]["ShardLevelMetrics"]) == 7
    answer = calls("DisableEnhancedMonitoring", StreamName="s", ShardLevelMetrics=["ALL"])
    assert answer["DesiredShardLevelMetrics"] == [] and len(answer["CurrentShardLevelMetrics"]) == 7
    calls("StartStreamEncryption", StreamName="s", EncryptionType="KMS", KeyId="alias/aws/kinesis")
    assert calls("PutRecord", StreamName="s", Data=b"", PartitionKey="k")["EncryptionType"] == "KMS"
    calls("StopStreamEncryption", StreamName="s", EncryptionType="KMS", KeyId="alias/aws/kinesis")
    assert calls.summary()["EncryptionType"] == "NONE"
    calls("UpdateStreamMode", StreamARN=ARN, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    calls("UpdateAccountSettings", MinimumThroughputBillingCommitment={"Status": "ENABLED"})
    settings = calls("DescribeAccountSettings")["MinimumThroughputBillingCommitment"]
    assert settings["Status"] == "ENABLED"
    calls("UpdateStreamWarmThroughput", StreamName="s", WarmThroughputMiBps=100)
    limits = calls("DescribeLimits")
    assert (limits["OpenShardCount"], limits["OnDemandStreamCount"]) == (3, 1)
    calls("UpdateMaxRecordSize", StreamARN=ARN, MaxRecordSizeInKiB=4096)
    calls("PutRecords", StreamName="s", Records=[{"Data": b"x" * TOO_LONG, "PartitionKey": "k"}])


def tag(calls, consumer):
    calls("AddTagsToStream", StreamName="s", Tags={"a": "1", "é": ""})
    page = calls("ListTagsForStream", StreamName="s", Limit=1)
    assert page["Tags"] == [{"Key": "a", "Value": "1"}] and page["HasMoreTags"]
    calls("RemoveTagsFromStream", StreamName="s", TagKeys=["a"])
    calls("TagResource", ResourceARN=consumer, Tags={"of": "consumer", "more": ""})
    calls("UntagResource", ResourceARN=consumer, TagKeys=["more"])
    assert calls("ListTagsForResource", ResourceARN=consumer)["Tags"] == [{"Key": "of", "Value": "consumer"}]
    assert calls("ListTagsForResource", ResourceARN=ARN)["Tags"] == [{"Key": "é", "Value": ""}]


def share(calls, resource):
    calls("PutResourcePolicy", ResourceARN=resource, Policy='{"Version": "2012-10-17"}')
    assert calls("GetResourcePolicy", ResourceARN=resource)["Policy"] == '{"Version": "2012-10-17"}'
    calls("DeleteResourcePolicy", ResourceARN=resource)


def consume(calls):
    consumer = calls("RegisterStreamConsumer", StreamARN=ARN, ConsumerName="c")["Consumer"]["ConsumerARN"]
    described = calls("DescribeStreamConsumer", StreamARN=ARN, ConsumerName="c")["ConsumerDescription"]
    assert described["ConsumerARN"] == consumer and described["StreamARN"] == ARN
    assert [one["ConsumerName"] for one in calls("ListStreamConsumers", StreamARN=ARN)["Consumers"]] == ["c"]
    tag(calls, consumer)
    share(calls, consumer)
    share(calls, ARN)
    shard = calls.open_shards()[0]["ShardId"]
    events = calls("SubscribeToShard", ConsumerARN=consumer, ShardId=shard,
                   StartingPosition={"Type": "LATEST"})["EventStream"]
    events.close()
    calls("DeregisterStreamConsumer", ConsumerARN=consumer)
    with pytest.raises(calls.client.exceptions.ResourceNotFoundException):
        calls("DescribeStreamConsumer", ConsumerARN=consumer)


def read_and_end(calls):
    shard = calls("PutRecord", StreamName="s", Data=b"end", PartitionKey="k")["ShardId"]
    answer = calls("GetShardIterator", StreamName="s", ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    records = calls("GetRecords", ShardIterator=answer["ShardIterator"])["Records"]
    assert [len(record["Data"]) for record in records] == [0, TOO_LONG, 3]
    calls("DeleteStream", StreamName="s", EnforceConsumerDeletion=True)
    assert calls("ListStreams")["StreamNames"] == []


def test_every_operation(local):
    """What botocore's model has and nothing here calls is something new that we do not have."""
    calls = Calls(local)
    change_shards(calls)
    change_attributes(calls)
    consume(calls)
    read_and_end(calls)
    assert calls.known() - calls.seen == set()


def test_operations_that_are_none(local):
    with pytest.raises(urllib.error.HTTPError) as refused:
        local.call("SubscribeToTheMoon")
    assert refused.value.code == 400 and b"UnknownOperationException" in refused.value.read()


def test_states_follow_the_clock(local_service):
    service = local_service("--create-ms=1000", "--update-ms=2000", "--consumer-ms=3000", "--delete-ms=4000")
    calls = Calls(service)
    calls("CreateStream", StreamName="s", ShardCount=1)
    assert calls.summary()["StreamStatus"] == "CREATING"
    service.advance_clock(1000)
    assert calls.summary()["StreamStatus"] == "ACTIVE"
    calls("IncreaseStreamRetentionPeriod", StreamName="s", RetentionPeriodHours=48)
    assert calls.summary()["StreamStatus"] == "UPDATING"
    service.advance_clock(2000)
    consumer = calls("RegisterStreamConsumer", StreamARN=ARN, ConsumerName="c")["Consumer"]
    assert consumer["ConsumerStatus"] == "CREATING"
    service.advance_clock(3000)
    listed = calls("ListStreamConsumers", StreamARN=ARN)["Consumers"]
    assert [one["ConsumerStatus"] for one in listed] == ["ACTIVE"]
    with pytest.raises(calls.client.exceptions.ResourceInUseException, match="EnforceConsumerDeletion"):
        calls("DeleteStream", StreamName="s")
    calls("DeleteStream", StreamName="s", EnforceConsumerDeletion=True)
    assert calls.summary()["StreamStatus"] == "DELETING"
    service.advance_clock(4000)
    with pytest.raises(calls.client.exceptions.ResourceNotFoundException):
        calls.summary()


def test_members_of_create_stream_that_are_new(local):
    local.call("CreateStream", StreamName="s", StreamModeDetails={"StreamMode": "ON_DEMAND"}, Tags={"a": "1"},
               MaxRecordSizeInKiB=10240)
    calls = Calls(local)
    summary = local.call("DescribeStreamSummary", StreamARN=ARN)["StreamDescriptionSummary"]
    assert (summary["MaxRecordSizeInKiB"], summary["OpenShardCount"]) == (10240, 4)
    assert "StreamId" not in summary
    assert calls("ListTagsForStream", StreamName="s")["Tags"] == [{"Key": "a", "Value": "1"}]
