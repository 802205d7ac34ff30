"""kinesis-local (kinesis-mock) of npm, the one emulator beside ours that knows SubscribeToShard.

It sends no initial-response, keeps the lease of a subscription whose client is gone, and never ends a shard under a
subscription: a stream that was split is read by polling.
"""
import boto3
import pytest
from support.local import Stream
from support.postgres import free_port
from support.process import Program
from support.records import assert_each_once, numbered
from support.wait import wait_until


@pytest.fixture
def kinesis_local(installed, folder):
    """Its "HOST:PORT", without TLS."""
    plain, tls = free_port(), free_port()
    package = f"{installed}/node_modules/kinesis-local"
    program = Program(["env", f"KINESIS_MOCK_PLAIN_PORT={plain}", f"KINESIS_MOCK_TLS_PORT={tls}",
                       f"KINESIS_MOCK_CERT_PATH={package}/server.json",
                       "node", "-r", f"{installed}/loopback.js", f"{package}/main.js"], folder, "kinesis-local")
    yield f"127.0.0.1:{plain}"
    program.kill()


def stream_of(address, shards):
    client = boto3.client("kinesis", endpoint_url=f"http://{address}", region_name="us-east-1",
                          aws_access_key_id="test", aws_secret_access_key="test")

    def answers():
        try:
            return client.list_streams() is not None
        except boto3.exceptions.botocore.exceptions.BotoCoreError:
            return False

    wait_until(answers, 30, "kinesis-local to answer")
    return Stream(client, "demo", shards)


@pytest.mark.parametrize("reader", ["polling", "fan-out"])
def test_both_readers(kinesis_local, database, shardcopy, reader):
    stream_of(kinesis_local, 2).put_many(numbered(0, 2000))
    shardcopy.load(f"kinesis://{kinesis_local}/demo", database.url(), f"--reader={reader}", "--follow",
                   "--max-records=2000", timeout_s=60)
    assert_each_once(database, "demo", 2000)


def test_a_split_stream(kinesis_local, database, shardcopy):
    source = stream_of(kinesis_local, 1)
    source.put_many(numbered(0, 500))
    source.split(source.open_shards()[0])
    source.put_many(numbered(500, 1000))
    shardcopy.load(f"kinesis://{kinesis_local}/demo", database.url(), timeout_s=60)
    assert_each_once(database, "demo", 1000)
