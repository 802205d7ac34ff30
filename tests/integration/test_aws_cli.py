"""Debian's aws command against the local service: a client that shares no code with us."""
import json
import os
import re

import pytest
from support.awscommand import AwsCommand


@pytest.fixture
def aws(local, folder):
    command = AwsCommand({"PATH": os.environ["PATH"], "HOME": folder, "AWS_ACCESS_KEY_ID": "test",
                          "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1", "AWS_PAGER": "",
                          "AWS_EC2_METADATA_DISABLED": "true", "AWS_CA_BUNDLE": local.ca})

    def run(*args):
        run.seen.add(args[0])
        status, out, err = command("--endpoint-url", f"https://{local.https}", "kinesis", *args)
        assert status == 0, err
        return json.loads(out) if out.strip() else {}

    run.seen = set()
    # what it has for Kinesis, by its own list of it
    run.known = set(re.findall(r"[a-z]+(?:-[a-z]+)+", command("kinesis", "?")[2].split("valid choices are:")[1]))
    yield run
    command.close()


def open_shard(aws, place):
    """The id of an open shard, by its place in the hash keys."""
    shards = [shard for shard in aws("list-shards", "--stream-name", "cli")["Shards"]
              if "EndingSequenceNumber" not in shard["SequenceNumberRange"]]
    return sorted(shards, key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))[place]["ShardId"]


def test_every_command(aws):
    """Each that this aws command has; those that Debian's has not are left out."""
    stream, arn = ("--stream-name", "cli"), "arn:aws:kinesis:us-east-1:000000000000:stream/cli"
    known = aws.known
    assert "put-record" in known

    def run(command, *args):
        return aws(command, *args) if command in known else {}

    run("create-stream", *stream, "--shard-count", "2")
    aws("wait", "stream-exists", *stream)
    run("add-tags-to-stream", *stream, "--tags", "a=1,b=2")
    run("remove-tags-from-stream", *stream, "--tag-keys", "a")
    assert run("list-tags-for-stream", *stream)["Tags"] == [{"Key": "b", "Value": "2"}]
    run("increase-stream-retention-period", *stream, "--retention-period-hours", "48")
    run("decrease-stream-retention-period", *stream, "--retention-period-hours", "24")
    run("enable-enhanced-monitoring", *stream, "--shard-level-metrics", "IncomingBytes", "OutgoingBytes")
    metrics = run("disable-enhanced-monitoring", *stream, "--shard-level-metrics", "OutgoingBytes")
    assert metrics["DesiredShardLevelMetrics"] == ["IncomingBytes"]
    run("start-stream-encryption", *stream, "--encryption-type", "KMS", "--key-id", "alias/aws/kinesis")
    assert run("describe-stream", *stream)["StreamDescription"]["KeyId"] == "alias/aws/kinesis"
    run("stop-stream-encryption", *stream, "--encryption-type", "KMS", "--key-id", "alias/aws/kinesis")
    run("update-shard-count", *stream, "--target-shard-count", "3", "--scaling-type", "UNIFORM_SCALING")
    run("split-shard", *stream, "--shard-to-split", open_shard(aws, 0), "--new-starting-hash-key", "1000")
    run("merge-shards", *stream, "--shard-to-merge", open_shard(aws, 0), "--adjacent-shard-to-merge",
        open_shard(aws, 1))
    run("update-stream-mode", "--stream-arn", arn, "--stream-mode-details", "StreamMode=ON_DEMAND")
    summary = run("describe-stream-summary", *stream)["StreamDescriptionSummary"]
    assert summary["OpenShardCount"] == 3 and summary["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}

    consumer = run("register-stream-consumer", "--stream-arn", arn, "--consumer-name", "c")["Consumer"]["ConsumerARN"]
    assert run("describe-stream-consumer", "--consumer-arn",
               consumer)["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE"
    assert len(run("list-stream-consumers", "--stream-arn", arn)["Consumers"]) == 1
    run("tag-resource", "--resource-arn", consumer, "--tags", "of=consumer")
    run("list-tags-for-resource", "--resource-arn", consumer)
    run("untag-resource", "--resource-arn", consumer, "--tag-keys", "of")
    run("put-resource-policy", "--resource-arn", arn, "--policy", "{}")
    run("get-resource-policy", "--resource-arn", arn)
    run("delete-resource-policy", "--resource-arn", arn)
    run("update-account-settings", "--minimum-throughput-billing-commitment", "Status=ENABLED")
    run("describe-account-settings")
    run("update-stream-warm-throughput", *stream, "--warm-throughput-mi-bps", "100")
    run("update-max-record-size", "--stream-arn", arn, "--max-record-size-in-ki-b", "2048")
    assert run("describe-limits")["OnDemandStreamCount"] == 1
    run("deregister-stream-consumer", "--stream-arn", arn, "--consumer-name", "c")

    put = run("put-record", *stream, "--partition-key", "k", "--data", "aGk=")
    assert run("put-records", *stream, "--records", "Data=eW8=,PartitionKey=k")["FailedRecordCount"] == 0
    iterator = run("get-shard-iterator", *stream, "--shard-id", put["ShardId"], "--shard-iterator-type", "TRIM_HORIZON")
    records = run("get-records", "--shard-iterator", iterator["ShardIterator"])["Records"]
    assert [(record["PartitionKey"], record["Data"]) for record in records] == [("k", "aGk="), ("k", "eW8=")]
    assert records[0]["SequenceNumber"] == put["SequenceNumber"]
    assert run("list-streams")["StreamNames"] == ["cli"]
    run("delete-stream", *stream, "--enforce-consumer-deletion")
    aws("wait", "stream-not-exists", *stream)
    assert run("list-streams")["StreamNames"] == []
    assert known - aws.seen == set()
