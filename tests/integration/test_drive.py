"""bench-drive, the load of the benchmarks: its figures are of what there is, not of what it asked for."""
import json
import os
import subprocess

import pytest
from support.process import BUILD


@pytest.fixture
def drive(folder):
    """Runs a command; its line of JSON, or its error when it is to fail."""

    def run(*args, fails=False):
        done = subprocess.run([os.path.join(BUILD, "bench-drive"), *map(str, args)], cwd=folder, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=60, check=False)
        assert (done.returncode != 0) == fails, done.stderr
        return done.stderr if fails else json.loads(done.stdout)

    return run


@pytest.mark.parametrize("protocol", [[], ["--cbor"]], ids=["json", "cbor"])
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_get_counts_every_record_of_every_shard(local_service, drive, protocol, tls):
    service = local_service("--generate", "demo:shards=7,records=25000")
    where = ["-e", f"https://{service.https}", "--ca-file", service.ca] if tls else ["-e", f"http://{service.http}"]
    found = drive("get", "demo", *where, "--rounds", 2, "--limit", 900, "--connections", 3, "--threads", 2, *protocol,
                  "--pid", service.program.process.pid)
    assert found["records"] == 50000
    assert found["shards"] == 7
    assert found["calls"] >= 2 * (25000 / 900 + 7)
    assert found["bytes"] > 50000 * 200
    assert found["service_rss"] > 0


@pytest.mark.parametrize("protocol", [[], ["--cbor"]], ids=["json", "cbor"])
def test_what_is_thrown_away_is_as_much(local_service, drive, protocol):
    """But for the empty page that shows a tip to those who read."""
    service = local_service("--generate", "demo:shards=3,records=20000,profile=readings")
    kept = drive("get", "demo", "-e", f"http://{service.http}", "--limit", 500, *protocol)
    thrown = drive("get", "demo", "-e", f"http://{service.http}", "--limit", 500, "--discard", *protocol)
    assert thrown["calls"] == kept["calls"] - 3
    assert kept["bytes"] - 3 * 400 < thrown["bytes"] < kept["bytes"]


@pytest.mark.parametrize("protocol", [[], ["--cbor"]], ids=["json", "cbor"])
def test_what_put_counts_is_in_the_stream(local_service, drive, protocol):
    service = local_service()
    drive("create", "demo", "--shards", 3, "-e", f"http://{service.http}")
    put = drive("put", "demo", "-e", f"http://{service.http}", "--records", 10000, "--record-bytes", 33, *protocol)
    assert put["records"] == 10000 and put["calls"] == 20
    assert drive("get", "demo", "-e", f"http://{service.http}")["records"] == 10000
    page = service.client().get_records(ShardIterator=service.client().get_shard_iterator(
        StreamName="demo", ShardId="shardId-000000000001", ShardIteratorType="TRIM_HORIZON")["ShardIterator"])
    assert {len(record["Data"]) for record in page["Records"]} == {33}


def test_few_keys_and_a_rate(local_service, drive):
    service = local_service("--generate", "demo:shards=100")
    put = drive("put", "demo", "-e", f"http://{service.http}", "--records", 2000, "--keys", 3, "--rate", 4000,
                "--connections", 1)
    assert put["wall_s"] >= 0.375  # the last of four calls is due then
    client = service.client()
    filled = 0
    for i in range(100):
        where = client.get_shard_iterator(StreamName="demo", ShardId=f"shardId-{i:012}",
                                          ShardIteratorType="TRIM_HORIZON")
        filled += bool(client.get_records(ShardIterator=where["ShardIterator"], Limit=1)["Records"])
    assert 1 <= filled <= 3


def test_poll_takes_one_page_of_each_shard(local_service, drive):
    service = local_service("--generate", "demo:shards=1200")
    found = drive("poll", "demo", "-e", f"http://{service.http}")
    assert (found["calls"], found["shards"], found["records"]) == (1200, 1200, 0)


def test_a_put_that_is_not_whole_fails(local_service, drive):
    service = local_service("--generate", "demo:shards=1")
    service.fault(operation="PutRecords", kind="entries", every=100, count=1, code="InternalFailure", message="no")
    assert "not all were put" in drive("put", "demo", "-e", f"http://{service.http}", "--records", 5000, fails=True)


def test_an_error_of_the_service_is_told(local_service, drive):
    service = local_service()
    assert "ResourceNotFoundException" in drive("get", "nowhere", "-e", f"http://{service.http}", fails=True)


def test_subscriptions_side_by_side(local_service, drive):
    service = local_service("--generate", "demo:shards=40,records=12000")
    found = drive("subscribe", "demo", "-e", f"http://{service.http}", "--connections", 40, "--threads", 2, "--records",
                  12000)
    assert (found["calls"], found["records"], found["shards"]) == (40, 12000, 40)
    assert found["events"] >= 40 and found["bytes"] > 12000 * 200


def test_a_subscription_without_records_ends_in_time(local_service, drive):
    service = local_service("--generate", "demo:shards=3")
    found = drive("subscribe", "demo", "-e", f"http://{service.http}", "--connections", 2, "--seconds", 1)
    assert (found["calls"], found["records"]) == (2, 0)
    assert found["wall_s"] >= 1
