"""A thousand subscriptions for SOAK_SECONDS, each of which lives five seconds, with one fault after the other."""
import itertools
import os
import time

from support.records import assert_each_once, assert_positions_match_rows
from support.wait import wait_until
from test_fanout import CALL, CALL_FAULTS, EVENT, EVENT_FAULTS, FAN_OUT, Producer, ask_for, stop

SECONDS = float(os.environ.get("SOAK_SECONDS", "600"))
FAULTS = [*((CALL, its) for its in CALL_FAULTS), *((EVENT, its) for its in EVENT_FAULTS)]


def test_a_thousand_shards_by_fan_out(local_service, database, shardcopy):
    local = local_service("--subscription-ms=5000", "--limits=aws")
    producer = Producer(local, shards=1000)
    running = shardcopy.start("load", "kinesis://demo", database.url(), f"--endpoint=https://{local.https}",
                              f"--ca-bundle={local.ca}", FAN_OUT, "--follow", "--memory=256MiB")
    faults, end = itertools.cycle(FAULTS), time.monotonic() + SECONDS
    while time.monotonic() < end:
        operation, its = next(faults)
        ask_for(local, operation, [its])
        producer.put()
        wait_until(lambda: database.exists("demo") and database.count("demo") >= producer.sent, 60, "the rows")
        assert running.status is None, running.story()
    assert_each_once(database, "demo", producer.sent)
    assert running.peak_rss_bytes() < 256 << 20
    stop(running)
    assert_positions_match_rows(database, "demo")
