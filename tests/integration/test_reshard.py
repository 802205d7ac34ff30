"""Splits and merges while a load runs, and while none runs."""
import signal
import threading

from support.local import Stream
from support.records import assert_each_once, assert_positions_match_rows, numbered
from support.wait import wait_until

BATCH = 200


class Producer:
    """Puts numbered records for as long as it runs."""

    def __init__(self, source, sent=0):
        self.source = source
        self.sent = sent
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while not self._stop.is_set():
            self.source.put_many(numbered(self.sent, self.sent + BATCH))
            self.sent += BATCH

    def wait_sent(self, more):
        """Until so many more records went out than now."""
        goal = self.sent + more
        wait_until(lambda: self.sent >= goal, what=f"{more} more records put")

    def stop(self):
        self._stop.set()
        self._thread.join()
        return self.sent


def reshard(source, step):
    """From two shards: both split, two neighbours merged, one split again; step() lets something happen in between."""
    for shard in source.open_shards():
        source.split(shard)
        step()
    _, left, right, _ = source.open_shards()
    source.merge(left, right)
    step()
    source.split(source.open_shards()[0])
    step()


def closed_shards(source):
    return {s["ShardId"] for s in source.shards() if "EndingSequenceNumber" in s["SequenceNumberRange"]}


def stored_ends(database):
    return {row[0] for row in database.rows("SELECT shard_id FROM kinesis_checkpoints WHERE ended")}


def test_split_and_merge_under_load(local, database, shardcopy):
    source = Stream(local.client(), "demo", shards=2)
    running = shardcopy.start("load", local.url("demo"), database.url(), "--follow", "--discovery-interval=1s")
    producer = Producer(source)

    def step():
        """All that had been sent is loaded, while more is coming."""
        sent = producer.sent
        wait_until(lambda: database.count("demo") > sent, 30, f"more than {sent} rows")

    try:
        step()
        reshard(source, step)
    finally:
        sent = producer.stop()
    wait_until(lambda: database.count("demo") >= sent, 30, f"{sent} rows")
    assert_each_once(database, "demo", sent)
    wait_until(lambda: stored_ends(database) == closed_shards(source), what="the ends of the closed shards stored")
    running.signal(signal.SIGINT)
    running.wait()
    shards = len(source.shards())
    assert database.value("SELECT count(*) FROM kinesis_checkpoints") == shards


def test_split_and_merge_between_two_runs(local, database, shardcopy):
    source = Stream(local.client(), "demo", shards=2)
    source.put_many(numbered(0, 500))
    shardcopy.load(local.url("demo"), database.url())
    producer = Producer(source, sent=500)
    try:
        reshard(source, lambda: producer.wait_sent(10 * BATCH))
    finally:
        sent = producer.stop()
    shardcopy.load(local.url("demo"), database.url())
    assert_each_once(database, "demo", sent)
    assert stored_ends(database) == closed_shards(source)


def test_a_closed_shard_is_read_to_its_end_in_small_pages(local, database, shardcopy):
    source = Stream(local.client(), "demo")
    source.put_many(numbered(0, 777))
    source.split(source.open_shards()[0])
    source.put_many(numbered(777, 1000))
    shardcopy.load(local.url("demo"), database.url(), "--limit=10")
    assert_each_once(database, "demo", 1000)
    assert_positions_match_rows(database, "demo")
    assert database.rows("SELECT shard_id FROM kinesis_checkpoints WHERE ended") == [("shardId-000000000000",)]
