"""Every operation of the current service model, by a client that checks what it is answered (shapes.py)."""
import json
import re
import urllib.error
import urllib.request

import pytest
from conftest import client_of
from support.wait import wait_until


def refusal(service, operation, body):
    """The type of the error that a raw call gets; None when it gets none."""
    request = urllib.request.Request(f"http://{service.http}/", data=json.dumps(body).encode(), method="POST", headers={
        "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"Kinesis_20131202.{operation}"})
    try:
        with urllib.request.urlopen(request, timeout=10):
            return None
    except urllib.error.HTTPError as error:
        return json.loads(error.read())["__type"]


# What the service has besides streams since 2026, and docs/local-service.md says is not there.
NOT_SERVED = re.compile(r"Queue|Channel|^UpdateStreamRecordDistributionStrategy$")


def served(kinesis):
    return [name for name in kinesis.meta.service_model.operation_names if not NOT_SERVED.search(name)]


def test_knows_every_operation_on_streams(local, kinesis):
    assert len(served(kinesis)) >= 39
    unknown = [name for name in served(kinesis) if refusal(local, name, {}) in ("UnknownOperationException",
                                                                                "SerializationException")]
    assert not unknown


def test_required_members_are_asked_for(local, kinesis):
    """An empty request is refused wherever the model requires something."""
    for name in served(kinesis):
        shape = kinesis.meta.service_model.operation_model(name).input_shape
        if shape is not None and shape.required_members:
            assert refusal(local, name, {}) in ("ValidationException", "InvalidArgumentException"), name


def test_a_stream_by_its_arn(kinesis, current):
    put = kinesis.put_record(StreamARN=current, Data=b"one", PartitionKey="k")
    shards = kinesis.list_shards(StreamARN=current)["Shards"]
    assert put["ShardId"] in [shard["ShardId"] for shard in shards]
    iterator = kinesis.get_shard_iterator(StreamARN=current, ShardId=put["ShardId"],
                                          ShardIteratorType="AT_SEQUENCE_NUMBER",
                                          StartingSequenceNumber=put["SequenceNumber"])["ShardIterator"]
    answer = kinesis.get_records(StreamARN=current, ShardIterator=iterator)
    assert [record["Data"] for record in answer["Records"]] == [b"one"]
    described = kinesis.describe_stream(StreamARN=current)["StreamDescription"]
    assert described["StreamName"] == "demo" and described["StreamARN"] == current and len(described["Shards"]) == 2


def test_streams_are_listed_with_summaries(kinesis, current):
    kinesis.create_stream(StreamName="other", ShardCount=1)
    page = kinesis.list_streams(Limit=1)
    assert page["StreamNames"] == ["demo"] and page["HasMoreStreams"]
    assert page["StreamSummaries"][0]["StreamARN"] == current
    rest = kinesis.list_streams(Limit=1, NextToken=page["NextToken"])
    assert rest["StreamNames"] == ["other"] and not rest["HasMoreStreams"]


def test_tags(kinesis, current):
    kinesis.add_tags_to_stream(StreamARN=current, Tags={"team": "a", "stage": "test"})
    kinesis.tag_resource(ResourceARN=current, Tags={"team": "b"})
    tags = {tag["Key"]: tag["Value"] for tag in kinesis.list_tags_for_stream(StreamARN=current)["Tags"]}
    assert tags == {"team": "b", "stage": "test"}
    kinesis.remove_tags_from_stream(StreamARN=current, TagKeys=["team"])
    kinesis.untag_resource(ResourceARN=current, TagKeys=["never"])
    assert kinesis.list_tags_for_resource(ResourceARN=current)["Tags"] == [{"Key": "stage", "Value": "test"}]


def test_retention(kinesis, current):
    kinesis.increase_stream_retention_period(StreamARN=current, RetentionPeriodHours=48)
    assert kinesis.describe_stream_summary(StreamARN=current)["StreamDescriptionSummary"]["RetentionPeriodHours"] == 48
    with pytest.raises(kinesis.exceptions.InvalidArgumentException):
        kinesis.increase_stream_retention_period(StreamARN=current, RetentionPeriodHours=24)
    kinesis.decrease_stream_retention_period(StreamARN=current, RetentionPeriodHours=24)
    with pytest.raises(kinesis.exceptions.ClientError):
        kinesis.decrease_stream_retention_period(StreamARN=current, RetentionPeriodHours=12)


def test_mode_and_size(kinesis, current):
    kinesis.update_stream_mode(StreamARN=current, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    kinesis.update_max_record_size(StreamARN=current, MaxRecordSizeInKiB=10240)
    summary = kinesis.describe_stream_summary(StreamARN=current)["StreamDescriptionSummary"]
    assert summary["StreamModeDetails"]["StreamMode"] == "ON_DEMAND" and summary["MaxRecordSizeInKiB"] == 10240
    large = b"x" * (6 << 20)
    put = kinesis.put_record(StreamARN=current, Data=large, PartitionKey="k")
    iterator = kinesis.get_shard_iterator(StreamARN=current, ShardId=put["ShardId"],
                                          ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    assert kinesis.get_records(ShardIterator=iterator)["Records"][0]["Data"] == large
    kinesis.update_account_settings(MinimumThroughputBillingCommitment={"Status": "ENABLED"})
    kinesis.update_stream_warm_throughput(StreamARN=current, WarmThroughputMiBps=50)


def test_policies(kinesis, current):
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    kinesis.put_resource_policy(ResourceARN=current, Policy=policy)
    assert json.loads(kinesis.get_resource_policy(ResourceARN=current)["Policy"]) == json.loads(policy)
    kinesis.delete_resource_policy(ResourceARN=current)
    with pytest.raises(kinesis.exceptions.ResourceNotFoundException):
        kinesis.delete_resource_policy(ResourceARN=current)


def test_encryption_and_monitoring(kinesis, current):
    kinesis.start_stream_encryption(StreamARN=current, EncryptionType="KMS", KeyId="alias/aws/kinesis")
    summary = kinesis.describe_stream_summary(StreamARN=current)["StreamDescriptionSummary"]
    assert summary["EncryptionType"] == "KMS" and summary["KeyId"] == "alias/aws/kinesis"
    kinesis.stop_stream_encryption(StreamARN=current, EncryptionType="KMS", KeyId="alias/aws/kinesis")
    answer = kinesis.enable_enhanced_monitoring(StreamARN=current, ShardLevelMetrics=["IncomingBytes"])
    assert answer["DesiredShardLevelMetrics"] == ["IncomingBytes"] and answer["CurrentShardLevelMetrics"] == []
    answer = kinesis.disable_enhanced_monitoring(StreamARN=current, ShardLevelMetrics=["ALL"])
    assert answer["DesiredShardLevelMetrics"] == []


def test_account(kinesis, current):
    assert kinesis.describe_limits()["OpenShardCount"] == 2
    kinesis.describe_account_settings()
    kinesis.update_account_settings(MinimumThroughputBillingCommitment={"Status": "ENABLED"})
    assert kinesis.describe_account_settings()["MinimumThroughputBillingCommitment"]["Status"] == "ENABLED"


def test_shards_split_merge_and_scale(kinesis, current):
    low, high = kinesis.list_shards(StreamARN=current)["Shards"]
    kinesis.split_shard(StreamARN=current, ShardToSplit=low["ShardId"], NewStartingHashKey=str(2**126))
    opened = kinesis.list_shards(StreamARN=current, ShardFilter={"Type": "AT_LATEST"})["Shards"]
    assert [shard["ShardId"][-1] for shard in opened] == ["1", "2", "3"]
    kinesis.merge_shards(StreamARN=current, ShardToMerge=opened[2]["ShardId"], AdjacentShardToMerge=high["ShardId"])
    answer = kinesis.update_shard_count(StreamARN=current, TargetShardCount=4, ScalingType="UNIFORM_SCALING")
    assert (answer["CurrentShardCount"], answer["TargetShardCount"]) == (2, 4)
    starts = sorted(int(shard["HashKeyRange"]["StartingHashKey"])
                    for shard in kinesis.list_shards(StreamARN=current, ShardFilter={"Type": "AT_LATEST"})["Shards"])
    assert starts == [2**128 * i // 4 for i in range(4)]
    everything = kinesis.list_shards(StreamARN=current, MaxResults=3)
    while "NextToken" in everything:
        everything = kinesis.list_shards(NextToken=everything["NextToken"])


def test_consumers(kinesis, current):
    made = kinesis.register_stream_consumer(StreamARN=current, ConsumerName="app", Tags={"a": "b"})["Consumer"]
    assert made["ConsumerARN"].startswith(f"{current}/consumer/app:")
    with pytest.raises(kinesis.exceptions.ResourceInUseException):
        kinesis.register_stream_consumer(StreamARN=current, ConsumerName="app")
    wait_until(lambda: kinesis.describe_stream_consumer(
        ConsumerARN=made["ConsumerARN"])["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE")
    by_name = kinesis.describe_stream_consumer(StreamARN=current, ConsumerName="app")["ConsumerDescription"]
    assert by_name["ConsumerARN"] == made["ConsumerARN"] and by_name["StreamARN"] == current
    assert [each["ConsumerName"] for each in kinesis.list_stream_consumers(StreamARN=current)["Consumers"]] == ["app"]
    assert kinesis.describe_stream_summary(StreamARN=current)["StreamDescriptionSummary"]["ConsumerCount"] == 1
    assert kinesis.list_tags_for_resource(ResourceARN=made["ConsumerARN"])["Tags"] == [{"Key": "a", "Value": "b"}]
    with pytest.raises(kinesis.exceptions.ResourceInUseException):
        kinesis.delete_stream(StreamARN=current)
    kinesis.deregister_stream_consumer(ConsumerARN=made["ConsumerARN"])
    wait_until(lambda: not kinesis.list_stream_consumers(StreamARN=current)["Consumers"])
    kinesis.delete_stream(StreamARN=current, EnforceConsumerDeletion=True)


def test_over_tls(local):
    client = client_of(local, secure=True)
    client.create_stream(StreamName="secure", ShardCount=1)
    assert client.put_records(StreamName="secure",
                              Records=[{"Data": b"x", "PartitionKey": "k"}])["FailedRecordCount"] == 0
