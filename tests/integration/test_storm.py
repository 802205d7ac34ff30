"""Everything goes wrong, one thing at a time and all at once, by seed: each record is a row, once."""
import signal

import pytest
from support.local import Stream
from support.records import assert_each_once, assert_positions_match_rows, numbered
from support.wait import wait_until

TOTAL = 6000
SHARDS = 7  # in the end

# What a call of GetRecords may meet.
# Those with a pause behind each hit come less often when they are alone.
OFTEN = ["kind=duplicate", "kind=behind-zero", "kind=end-late", "kind=split,piece_bytes=1", "kind=goaway",
         "kind=skewed-date,date_skew_ms=240000"]
SELDOM = ["kind=expire-iterator", "kind=end-falsely", "kind=end-falsely,children=true", "kind=refused-stream",
          "kind=rst-stream,bytes=300"]
KINDS = OFTEN + SELDOM
# test_source_faults.py has them one by one.
MORE_KINDS = ["kind=throttle", "error=InternalFailure", "error=ServiceUnavailable,retry_after_ms=300",
              "kind=reset,bytes=700", "kind=truncate,bytes=700", "kind=slow,delay_ms=100"]
STORM = ";".join(f"GetRecords:{kind},p=0.05" for kind in KINDS + MORE_KINDS)
# Before a shard is read.
REST = ";".join(f"{operation}:{kind},p=0.1"
                for kind in ("kind=throttle", "error=InternalFailure", "kind=reset,bytes=10", "kind=truncate")
                for operation in ("GetShardIterator", "ListShards", "DescribeStreamSummary"))


@pytest.fixture
def resharded(local_service):
    """Factory: a stream of four shards, of which one was split and two were merged between its records; then the
    faults."""
    def make(faults, seed=2):
        service = local_service(f"--faults-seed={seed}")
        source = Stream(service.client(), "demo", shards=4)
        source.put_many(numbered(0, TOTAL // 3))
        source.split(source.open_shards()[0])
        source.put_many(numbered(TOTAL // 3, 2 * TOTAL // 3))
        source.merge(*source.open_shards()[2:4])
        source.put_many(numbered(2 * TOTAL // 3, TOTAL))
        assert len(source.shards()) == SHARDS
        service.faults(faults)
        return service

    return make


def hits(service):
    return sum(fault["hits"] for fault in service.listed_faults())


@pytest.mark.parametrize("kind", KINDS)
def test_one_kind(resharded, database, shardcopy, kind):
    service = resharded(f"GetRecords:{kind},p={0.5 if kind in OFTEN else 0.1}")
    shardcopy.load(service.url("demo"), database.url(), "--limit=100", timeout_s=100)
    assert hits(service) > 0
    assert_each_once(database, "demo", TOTAL)
    assert_positions_match_rows(database, "demo")


def test_a_storm(resharded, database, shardcopy):
    service = resharded(f"{STORM};{REST}", 1)
    shardcopy.load(service.url("demo"), database.url(), "--limit=50", timeout_s=100)
    assert sum(fault["hits"] > 0 for fault in service.listed_faults()) > len(KINDS) // 2
    assert_each_once(database, "demo", TOTAL)
    assert_positions_match_rows(database, "demo")


def test_following_through_a_storm(resharded, database, shardcopy):
    """To the tip and on, through the ends of shards that are announced late and falsely; interrupted, all that was
    stored is right."""
    service = resharded(f"{STORM};{REST}", 3)
    running = shardcopy.start("load", service.url("demo"), database.url(), "--follow", "--limit=50")
    wait_until(lambda: database.exists("demo") and database.count("demo") == TOTAL, 100, f"{TOTAL} rows")
    service.clear_faults()
    running.signal(signal.SIGINT)
    running.wait()
    assert_each_once(database, "demo", TOTAL)
    assert_positions_match_rows(database, "demo")
