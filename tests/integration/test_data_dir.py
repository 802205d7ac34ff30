"""--data-dir: streams outlive the server, and what was answered outlives kill -9 and a disk that is full."""
import itertools
import os
import random
import re
import threading

import boto3
import botocore.config
import botocore.exceptions
import pytest
from support.killed import kill_under
from support.process import BUILD, Program
from support.wait import wait_until

WRITERS = 4
KILLS = 10
SERVER = os.path.join(BUILD, "shardcopy-local")


def client_of(address):
    config = botocore.config.Config(retries={"max_attempts": 0}, read_timeout=60, max_pool_connections=WRITERS + 2)
    return boto3.client("kinesis", endpoint_url=f"http://{address}", region_name="us-east-1", aws_access_key_id="test",
                        aws_secret_access_key="test", config=config)


def describe(client, stream):
    """Everything about a stream but its records."""
    arn = client.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
    consumers = client.list_stream_consumers(StreamARN=arn)["Consumers"]
    tags = client.list_tags_for_stream(StreamName=stream)["Tags"]
    summary = client.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
    return client.list_shards(StreamName=stream)["Shards"], consumers, tags, summary


def pages(client, iterator):
    """The records of each page, until one at the tip is empty: beside writers that may be never."""
    while iterator:
        page = client.get_records(ShardIterator=iterator)
        yield page["Records"]
        iterator = page.get("NextShardIterator") if page["Records"] or page["MillisBehindLatest"] else None


def read_shard(client, iterator):
    return [record for page in pages(client, iterator) for record in page]


def beginnings(client, stream):
    """(shard, an iterator at its first record) of each shard."""
    start = {"StreamName": stream, "ShardIteratorType": "TRIM_HORIZON"}
    for shard in client.list_shards(StreamName=stream)["Shards"]:
        yield shard["ShardId"], client.get_shard_iterator(ShardId=shard["ShardId"], **start)["ShardIterator"]


def read_all(client, stream):
    """The records of each shard, in order: {shard: [record]}."""
    return {shard: read_shard(client, iterator) for shard, iterator in beginnings(client, stream)}


class Ledger:
    """What was sent, answered and seen. Ids are (writer, number): a writer's numbers ascend."""

    def __init__(self):
        self.lock = threading.Lock()
        self.sent = [0] * WRITERS
        self.answered = {}  # id -> (shard, sequence number)
        self.seen = {}  # id -> (shard, sequence number), by a reader before the kill

    def next_ids(self, writer, count):
        first = self.sent[writer]
        self.sent[writer] += count
        return [f"{writer}-{first + i}" for i in range(count)]

    def answer(self, ids, where):
        with self.lock:
            self.answered.update({i: (w["ShardId"], w["SequenceNumber"]) for i, w in zip(ids, where)})

    def check(self, found):
        """Against what is there after a restart."""
        places = {}
        for shard, records in found.items():
            numbers = [int(record["SequenceNumber"]) for record in records]
            assert numbers == sorted(set(numbers)), f"{shard} is out of order"
            last = [-1] * WRITERS
            for record in records:
                name = record["Data"].decode()
                writer, number = (int(part) for part in name.split("-"))
                assert name not in places, f"{name} is there twice"
                assert number > last[writer], f"{name} comes after {last[writer]} in {shard}"
                last[writer] = number
                places[name] = (shard, record["SequenceNumber"])
        for what, told in (("answered", self.answered), ("seen", self.seen)):
            lost = {name: where for name, where in told.items() if places.get(name) != where}
            assert not lost, f"{what} and not there: {sorted(lost.items())[:5]} of {len(told)}"
        return places


def put(client, rng, writer, ledger):
    ids = ledger.next_ids(writer, rng.choice((1, 1, 3, 20)))
    if len(ids) == 1:
        where = [client.put_record(StreamName="s", Data=ids[0].encode(), PartitionKey=str(rng.random()))]
    else:
        entries = [{"Data": i.encode(), "PartitionKey": str(rng.random())} for i in ids]
        where = client.put_records(StreamName="s", Records=entries)["Records"]
    ledger.answer(ids, where)


def follow(client, ledger):
    """Reads what there is, a page of each shard in turn, and remembers each page as it comes."""
    for pages_now in itertools.zip_longest(*(with_shard(client, *start) for start in beginnings(client, "s")),
                                           fillvalue=[]):
        for seen in pages_now:
            ledger.seen.update(seen)


def with_shard(client, shard, iterator):
    for page in pages(client, iterator):
        yield [(r["Data"].decode(), (shard, r["SequenceNumber"])) for r in page]


def run_until_killed(service, seed, ledger):
    """Writers and a reader, until a number of answers that the seed says; then kill -9."""
    client = client_of(service.http)
    rngs = [random.Random(f"{seed}-{writer}") for writer in range(WRITERS)]
    work = [lambda r=rng, w=writer: put(client, r, w, ledger) for writer, rng in enumerate(rngs)]
    enough = len(ledger.answered) + random.Random(seed).randrange(50, 1000)
    kill_under(service, [*work, lambda: follow(client, ledger)], lambda: len(ledger.answered) >= enough,
               f"{enough} answers")


def test_what_was_answered_survives_kill_9(local_service):
    ledger, service = Ledger(), local_service("--data-dir=kept", "--threads=2")
    client = client_of(service.http)
    client.create_stream(StreamName="s", ShardCount=3)
    client.add_tags_to_stream(StreamName="s", Tags={"team": "blue"})
    arn = client.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["StreamARN"]
    client.register_stream_consumer(StreamARN=arn, ConsumerName="one")
    for kill in range(KILLS):
        client = client_of(service.http)
        if kill == 4:
            client.split_shard(StreamName="s", ShardToSplit="shardId-000000000001", NewStartingHashKey=str(2**127))
        if kill == 7:
            client.merge_shards(StreamName="s", ShardToMerge="shardId-000000000003",
                                AdjacentShardToMerge="shardId-000000000004")
        before = describe(client, "s")
        iterator = client.get_shard_iterator(StreamName="s", ShardId="shardId-000000000000", ShardIteratorType="LATEST")
        run_until_killed(service, kill, ledger)
        service = local_service("--data-dir=kept", "--threads=2")
        client = client_of(service.http)
        assert describe(client, "s") == before
        found = read_all(client, "s")
        ledger.check(found)
        # The iterator of before the kill is good, and stands where it stood.
        tail = read_shard(client, iterator["ShardIterator"])
        assert tail == found["shardId-000000000000"][len(found["shardId-000000000000"]) - len(tail):]
        assert tail, "nothing came behind the iterator"
    assert len(describe(client, "s")[0]) == 6 and len(describe(client, "s")[1]) == 1
    assert len(ledger.seen) > 100


def test_a_second_server_is_refused(local_service, folder):
    service = local_service("--data-dir=kept")
    second = Program([SERVER, "--listen=127.0.0.1:0", "--data-dir=kept"], folder, "second").wait(6)
    assert "kept/streams.db belongs to another shardcopy-local that is running" in second.err
    service.stop()
    local_service("--data-dir=kept").client().list_streams()


def test_streams_that_are_kept_are_not_made_again(local_service, folder):
    with open(os.path.join(folder, "lines"), "w", encoding="utf-8") as lines:
        lines.write("a\nb\n")
    args = ["--data-dir=kept", "--generate=g:records=100,seed=1", "--load=l=lines"]
    service = local_service(*args)
    service.client().put_record(StreamName="l", Data=b"c", PartitionKey="3")
    before = read_all(service.client(), "g"), read_all(service.client(), "l")
    service.stop()
    assert service.program.status == 0
    service = local_service(*args)
    assert (read_all(service.client(), "g"), read_all(service.client(), "l")) == before
    assert len(before[1]["shardId-000000000000"]) == 3
    assert service.program.err.count("it stays as it is") == 2


def test_a_broken_file_is_refused(local_service, folder):
    service = local_service("--data-dir=kept", "--generate=g:records=1000")
    service.stop()
    path = os.path.join(folder, "kept", "streams.db")
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 2)
        file.write(b"\x5a" * 20000)
    refused = Program([SERVER, "--listen=127.0.0.1:0", "--data-dir=kept"], folder, "refused").wait(13)
    assert "kept/streams.db: database disk image is malformed" in refused.err, refused.story()


def test_a_full_disk_ends_the_server_and_loses_nothing(local_service, folder):
    """The file may not grow beyond 300 KiB: a write fails, as on a full disk."""
    limited = f"trap '' XFSZ; ulimit -f 600; exec {SERVER} --listen=127.0.0.1:0 --data-dir=kept --limits=off"
    server = Program(["sh", "-c", limited], folder, "limited")
    wait_until(lambda: "listening http" in server.out, 20, f"the server\n{server.story()}")
    client = client_of(re.search(r"listening http (\S+)", server.out).group(1))
    client.create_stream(StreamName="s", ShardCount=1)
    answered = {}
    with pytest.raises(botocore.exceptions.BotoCoreError):
        for number in range(100):
            answer = client.put_record(StreamName="s", Data=b"%d " % number + bytes(10000), PartitionKey="k")
            answered[answer["SequenceNumber"]] = number
    server.wait(13)
    assert "the data folder cannot be written" in server.err and "disk I/O error" in server.err
    assert 1 <= len(answered) < 30
    client = client_of(local_service("--data-dir=kept").http)
    there = {r["SequenceNumber"]: int(r["Data"].split()[0]) for r in read_all(client, "s")["shardId-000000000000"]}
    assert {s: n for s, n in there.items() if s in answered} == answered
