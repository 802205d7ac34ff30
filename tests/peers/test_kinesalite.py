"""kinesalite, a Kinesis emulator of npm: it never says how far behind we are, and knows nothing newer than 2020."""
import time

import boto3
import pytest
from support.local import Stream
from support.postgres import free_port
from support.process import Program
from support.records import assert_each_once, numbered
from support.wait import wait_until

@pytest.fixture
def kinesalite(installed, folder):
    """Its "HOST:PORT"."""
    port = free_port()
    program = Program(["node", "-r", f"{installed}/loopback.js", f"{installed}/node_modules/kinesalite/cli.js",
                       "--port", port],
                      folder, "kinesalite")
    wait_until(lambda: "Listening" in program.out or program.status is not None, 30, "kinesalite to listen")
    assert program.status is None, program.story()
    yield f"127.0.0.1:{port}"
    program.kill()


def test_fifteen_thousand_records_in_one_shard(kinesalite, database, shardcopy):
    """One full page and a half: a full page is not the tip, whatever MillisBehindLatest says."""
    client = boto3.client("kinesis", endpoint_url=f"http://{kinesalite}", region_name="us-east-1",
                          aws_access_key_id="test", aws_secret_access_key="test")
    Stream(client, "demo").put_many(numbered(0, 15000))
    shardcopy.load(f"kinesis://{kinesalite}/demo", database.url(), timeout_s=120)
    assert_each_once(database, "demo", 15000)


def test_a_split_stream(kinesalite, database, shardcopy):
    """It ends a shard without naming its children: the end is believed because ListShards says so."""
    client = boto3.client("kinesis", endpoint_url=f"http://{kinesalite}", region_name="us-east-1",
                          aws_access_key_id="test", aws_secret_access_key="test")
    source = Stream(client, "demo")
    source.put_many(numbered(0, 500))
    source.split(source.open_shards()[0])
    source.put_many(numbered(500, 1000))
    shardcopy.load(f"kinesis://{kinesalite}/demo", database.url(), timeout_s=120)
    assert_each_once(database, "demo", 1000)


def test_from_now_on(kinesalite, database, shardcopy):
    """It never answers AT_TIMESTAMP when no record is as new: the load reads from LATEST."""
    client = boto3.client("kinesis", endpoint_url=f"http://{kinesalite}", region_name="us-east-1",
                          aws_access_key_id="test", aws_secret_access_key="test")
    source = Stream(client, "demo")
    source.put({"id": -1})
    behind = time.monotonic() + 1.5  # latest is a whole second of the service's clock
    wait_until(lambda: time.monotonic() > behind, what="a second that is new")
    running = shardcopy.start("load", f"kinesis://{kinesalite}/demo", database.url(), "--start=latest", "--follow")
    running.wait_err("reading from LATEST")
    wait_until(lambda: (source.put({"id": 0}) and database.exists("demo") and database.count("demo") > 0), 30, "a row")
    assert database.value("SELECT min(id) FROM demo") == 0
