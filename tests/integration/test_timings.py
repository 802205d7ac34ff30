"""load --timings: where each thread's time went."""
import re

from support.records import numbered

NUMBERS = r" +([\d.]+)" + r" +([\d.]+) +(\d+) %" * 3
THREAD = re.compile(rf"^(fetch|parse|write) (\d+){NUMBERS}$", re.M)


def rows_of(program):
    """{("fetch", 0): (seconds, [seconds of each], [percent of each])}"""
    found = {}
    for pool, index, seconds, *parts in THREAD.findall(program.err):
        found[pool, int(index)] = (float(seconds), [float(part) for part in parts[::2]],
                                   [int(part) for part in parts[1::2]])
    return found


def test_sums(local_service, database, shardcopy):
    local = local_service("--generate", "demo:shards=8,records=40000,seed=1")
    done = shardcopy.load(local.url("demo"), database.url(), "--timings", "--quiet", "--fetch-threads=2",
                          "--parse-threads=3", "--write-threads=2")
    assert database.count("demo") == 40000
    rows = rows_of(done)
    assert sorted(rows) == sorted([*(("fetch", i) for i in range(2)), *(("parse", i) for i in range(3)),
                                   *(("write", i) for i in range(2))]), done.story()
    for thread, (seconds, parts, percents) in rows.items():
        assert abs(seconds - sum(parts)) <= 0.0025, thread  # four numbers, each rounded to a millisecond
        assert abs(100 - sum(percents)) <= 2, thread
    assert sum(parts[0] for _, parts, _ in rows.values()) > 0
    assert len(re.findall(r"^bottleneck: the (source|target|fetch threads|parse threads|write threads) \(.*%.*\)$",
                          done.err, re.M)) == 1
    assert not done.out


def test_a_thread_without_a_shard_does_not_wait_for_the_target(local, stream, database, shardcopy):
    stream().put_many(numbered(0, 10))
    done = shardcopy.load(local.url("demo"), database.url(), "--timings", "--write-threads=2")
    assert rows_of(done)["write", 1][1][2] == 0, done.story()


def test_only_when_asked(local, stream, database, shardcopy):
    stream().put_many(numbered(0, 10))
    done = shardcopy.load(local.url("demo"), database.url())
    assert not rows_of(done)
    assert "bottleneck" not in done.err


LAST = r"(?:last event [\d.]+ s ago|no event)"
SHARD = re.compile(rf"^(shardId-\d+): (\d+) subscriptions, {LAST}(?:; ended: (.+))?$", re.M)


def test_subscriptions_of_each_shard(local_service, database, shardcopy):
    local = local_service("--generate=demo:shards=23,records=4600,seed=1")
    local.fault(operation="SubscribeToShard", kind="error", code="InternalFailure", status=500, count=1)
    done = shardcopy.load(local.url("demo"), database.url(), "--reader=fan-out", "--fetch-threads=1", "--timings")
    assert database.count("demo") == 4600
    shards = SHARD.findall(done.err)
    assert len({shard for shard, _, _ in shards}) == 20, done.story()
    assert all(int(made) >= 1 for _, made, _ in shards)
    assert "3 other shards" in done.err
    assert [end for _, _, end in shards] == ["1 service", *[""] * 19]  # the one that had trouble comes first
