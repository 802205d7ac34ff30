"""--limits=aws, the default: the local service throttles as Kinesis does, and nothing is lost by it."""
import collections
import json
import os
import re
import threading
import time
import urllib.error
import urllib.request

import botocore
import pytest

from support.process import BUILD, Program
from support.wait import wait_until

EXCEEDED = "ProvisionedThroughputExceededException"


@pytest.fixture
def limited(local_service):
    return local_service("--limits=aws", "--threads=2", "--generate", "demo:shards=3,records=30000,seed=1")


def refusal(call, **members):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**members)
    return caught.value.response["Error"]


def iterator(client, shard):
    return client.get_shard_iterator(StreamName="demo", ShardId=shard,
                                     ShardIteratorType="TRIM_HORIZON")["ShardIterator"]


def test_default_is_aws(folder):
    """Started as a person starts it."""
    program = Program([os.path.join(BUILD, "shardcopy-local"), "--listen=127.0.0.1:0"], folder, "local")
    address = wait_until(lambda: re.search(r"listening http (\S+)", program.out), what="the service to listen").group(1)
    request = urllib.request.Request(f"http://{address}/", data=b"{}", headers={
        "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Kinesis_20131202.ListStreams"})

    def refused():
        try:
            urllib.request.urlopen(request, timeout=10).close()
        except urllib.error.HTTPError as error:
            return json.load(error)
        return None

    assert wait_until(refused, what="ListStreams to be throttled", every_s=0) == {
        "__type": "LimitExceededException", "message": "Rate exceeded for account 000000000000."}
    program.kill()


def test_each_error_as_boto3_sees_it(limited):
    """As fast as it can: throttled sooner or later, whatever the machine's speed; the other shards go on."""
    client = limited.client()
    where = iterator(client, "shardId-000000000001")
    other = iterator(client, "shardId-000000000002")
    text = "Rate exceeded for shard shardId-000000000001 in stream demo under account 000000000000."

    def throttled():
        try:
            client.get_records(ShardIterator=where, Limit=1)
        except client.exceptions.ProvisionedThroughputExceededException as error:
            return error.response["Error"]["Message"]
        return None

    assert wait_until(throttled, 30, "GetRecords to be throttled") == text
    assert client.get_records(ShardIterator=other, Limit=1)["Records"]
    data = b"x" * 1048000
    put = lambda: client.put_record(StreamName="demo", Data=data, PartitionKey="a")  # noqa: E731
    put()
    assert refusal(put)["Code"] == EXCEEDED
    records = [{"Data": data, "PartitionKey": "b"}, {"Data": data, "PartitionKey": "b"}]
    answer = client.put_records(StreamName="demo", Records=records)
    assert answer["FailedRecordCount"] == len([r for r in answer["Records"] if r.get("ErrorCode") == EXCEEDED]) >= 1
    assert re.fullmatch(r"Rate exceeded for shard shardId-\d{12} in stream demo under account 000000000000\.",
                        answer["Records"][1]["ErrorMessage"])


class Counter:
    """Between a client and the service's own counts: GetRecords calls, by the second they were made in."""

    def __init__(self, client):
        self.client = client
        self.answers = collections.Counter()

    def poll(self, shard, until):
        where = iterator(self.client, shard)
        while time.monotonic() < until:
            try:
                where = self.client.get_records(ShardIterator=where, Limit=10)["NextShardIterator"]
                self.answers[shard] += 1
            except self.client.exceptions.ProvisionedThroughputExceededException:
                self.answers["throttled"] += 1


def test_five_calls_a_second(limited):
    """Three readers that never pause get 5 calls a second of each shard, and the burst at the start."""
    client = limited.client()
    counter = Counter(client)
    began = time.monotonic()
    shards = [f"shardId-{i:012}" for i in range(3)]
    threads = [threading.Thread(target=counter.poll, args=(shard, began + 3)) for shard in shards]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    assert counter.answers["throttled"] > 0
    for shard in shards:
        assert 5 <= counter.answers[shard] <= 5 * took + 6


def test_load_keeps_to_the_limits(local_service, database, shardcopy):
    """Many small pages, more than 5 a second can be had: the program's own pacing copes, and every row is there."""
    service = local_service("--limits=aws", "--generate", "demo:shards=3,records=30000,seed=1", "--page-bytes=40KiB")
    shardcopy.load(service.url("demo"), database.url(), timeout_s=120)
    assert database.value("select count(*) from demo") == 30000


def test_put_and_load_what_is_throttled(limited, shardcopy, folder, database):
    """More records than a shard takes in a second: put until all are taken, each once in the table."""
    limited.client().create_stream(StreamName="narrow", ShardCount=1)
    path = f"{folder}/rows.ndjson"
    with open(path, "w", encoding="utf-8") as file:
        for i in range(3500):
            file.write(f'{{"id":{i}}}\n')
    done = shardcopy.put(limited.url("narrow"), path)
    assert re.search(r"\bput=3500\b", done.err) and re.search(r"\bagain=[1-9]", done.err), done.story()
    shardcopy.load(limited.url("narrow"), database.url(), timeout_s=120)
    assert database.value("select count(distinct id) from narrow") == 3500
