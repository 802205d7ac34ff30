"""Debian's aws command against the local service: a client that shares no code with us."""
import json
import os
import subprocess

import pytest

AWS = os.environ.get("AWS", "/usr/bin/aws")


@pytest.fixture
def aws(local, folder):
    env = {"PATH": os.environ["PATH"], "HOME": folder, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
           "AWS_DEFAULT_REGION": "us-east-1", "AWS_PAGER": "", "AWS_EC2_METADATA_DISABLED": "true",
           "AWS_CA_BUNDLE": local.ca}

    def run(*args):
        done = subprocess.run([AWS, "--endpoint-url", f"https://{local.https}", "kinesis", *args], env=env, text=True,
                              capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else {}

    return run


def test_create_put_and_read(aws):
    aws("create-stream", "--stream-name", "cli", "--shard-count", "2")
    aws("wait", "stream-exists", "--stream-name", "cli")
    put = aws("put-record", "--stream-name", "cli", "--partition-key", "a", "--data", "hello",
              "--cli-binary-format", "raw-in-base64-out")
    more = aws("put-records", "--stream-name", "cli", "--cli-binary-format", "raw-in-base64-out", "--records",
               "Data=one,PartitionKey=a", "Data=two,PartitionKey=a")
    assert more["FailedRecordCount"] == 0
    iterator = aws("get-shard-iterator", "--stream-name", "cli", "--shard-id", put["ShardId"],
                   "--shard-iterator-type", "TRIM_HORIZON")["ShardIterator"]
    records = aws("get-records", "--shard-iterator", iterator, "--cli-binary-format", "raw-in-base64-out")["Records"]
    assert [record["PartitionKey"] for record in records] == ["a", "a", "a"]
    assert records[0]["SequenceNumber"] == put["SequenceNumber"]


def test_split_merge_list_delete(aws):
    aws("create-stream", "--stream-name", "cli", "--shard-count", "1")
    aws("wait", "stream-exists", "--stream-name", "cli")
    aws("split-shard", "--stream-name", "cli", "--shard-to-split", "shardId-000000000000",
        "--new-starting-hash-key", str(2**127))
    aws("wait", "stream-exists", "--stream-name", "cli")
    aws("merge-shards", "--stream-name", "cli", "--shard-to-merge", "shardId-000000000001",
        "--adjacent-shard-to-merge", "shardId-000000000002")
    aws("wait", "stream-exists", "--stream-name", "cli")
    shards = aws("list-shards", "--stream-name", "cli")["Shards"]
    assert [s["ShardId"][-1] for s in shards if "EndingSequenceNumber" not in s["SequenceNumberRange"]] == ["3"]
    assert aws("describe-stream-summary", "--stream-name", "cli")["StreamDescriptionSummary"]["OpenShardCount"] == 1
    aws("delete-stream", "--stream-name", "cli")
    aws("wait", "stream-not-exists", "--stream-name", "cli")
    assert aws("list-streams")["StreamNames"] == []
