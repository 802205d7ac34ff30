"""--reader=fan-out: every fault that touches a subscription, and each record in PostgreSQL once."""
import os
import random
import signal
import socket
import ssl
import threading

import pytest
from support.local import Stream
from support.records import assert_each_once, assert_each_position_once, assert_positions_match_rows, numbered
from support.summary import assert_adds_up
from support.wait import wait_until

TOTAL = 24_000
BATCH = 200
FAN_OUT = "--reader=fan-out"
CALL, EVENT = "SubscribeToShard", "SubscribeToShard.event"
# A life of five minutes in a second; events of 1 MiB at most and 2 MiB/s a shard: subscriptions end in the middle.
SHORT = ("--subscription-ms=1000", "--limits=aws")

CALL_FAULTS = [
    {"code": "LimitExceededException", "status": 400},
    {"code": "InternalFailure", "status": 500},
    {"code": "ServiceUnavailable", "status": 503},
    {"code": "ResourceInUseException", "status": 400},
    {"code": "KMSThrottlingException", "status": 400},
    {"kind": "reset", "bytes": 50},
    {"kind": "truncate", "bytes": 120},
    {"kind": "rst-stream", "bytes": 10},
    {"kind": "refused-stream"},
    {"kind": "goaway"},
    {"kind": "slow", "delay_ms": 300},
]
EVENT_FAULTS = [
    {"kind": "split", "piece_bytes": 7, "count": 3},
    {"kind": "slow", "delay_ms": 300},
    {"code": "KMSThrottlingException"},
    {"code": "InternalFailureException"},
    {"code": "ResourceInUseException"},
    {"kind": "corrupt", "count": 2},
    {"kind": "end", "count": 2},
    {"kind": "reset", "bytes": 3000},
    {"kind": "truncate", "bytes": 3000},
    {"kind": "rst-stream", "bytes": 3000},
    {"kind": "goaway", "bytes": 3000},
]


def ask_for(local, operation, faults):
    """One behind the other, each in the way of the calls that come after those before it."""
    for its in faults:
        local.fault(operation=operation, **{"kind": "error", "count": 1, **its})


def consumers(local, stream="demo"):
    client = local.client()
    arn = client.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
    return {c["ConsumerName"]: c["ConsumerARN"] for c in client.list_stream_consumers(StreamARN=arn)["Consumers"]}


def consumer_arn(local, name="shardcopy-demo"):
    return wait_until(lambda: consumers(local).get(name), what=f"consumer {name}")


@pytest.mark.parametrize("http", ["2", "1.1"])
def test_a_service_in_trouble(local_service, database, shardcopy, http):
    local = local_service(f"--generate=demo:shards=12,records={TOTAL},seed=13,profile=events", *SHORT)
    ask_for(local, CALL, CALL_FAULTS)
    ask_for(local, EVENT, EVENT_FAULTS)
    shardcopy.load("kinesis://demo", database.url(), f"--endpoint=https://{local.https}", f"--ca-bundle={local.ca}",
                   FAN_OUT, f"--fan-out-http={http}", "--follow", "--max-records", TOTAL, timeout_s=90)
    assert local.faults_waiting() == 0
    assert_each_position_once(database, "demo", TOTAL)
    assert_positions_match_rows(database, "demo")
    assert consumers(local) == {}  # registered by the load, and given back


def test_a_subscription_that_falls_silent(local_service, database, shardcopy):
    """Half open, in the middle of an event: dropped when it might have brought three heartbeats and did not."""
    local = local_service("--generate=demo:shards=3,records=3000,seed=14")
    local.fault(operation=EVENT, kind="half-open", count=2, bytes=1000)
    running = shardcopy.load(local.url("demo"), database.url(), FAN_OUT, "--fan-out-idle-timeout=1500ms")
    assert "not even a heartbeat" in running.err
    assert_each_position_once(database, "demo", 3000)


@pytest.mark.parametrize("code", ["AccessDeniedException", "KMSAccessDeniedException", "KMSDisabledException"])
@pytest.mark.parametrize("operation", [CALL, EVENT])
def test_no_access(local_service, database, shardcopy, operation, code):
    local = local_service("--generate=demo:shards=2,records=100,seed=16")
    local.fault(operation=operation, kind="error", count=1000, code=code, message="no entry")
    done = shardcopy.load(local.url("demo"), database.url(), FAN_OUT, status=None)
    assert done.status in (3, 4) and code in done.err and "hint" in done.err
    assert list(consumers(local)) == ["shardcopy-demo"]  # only a clean end gives it back
    local.clear_faults()
    shardcopy.load(local.url("demo"), database.url(), FAN_OUT)
    assert_each_position_once(database, "demo", 100)


class Producer:
    """Numbered records, put one call after the other by whoever says so."""

    def __init__(self, local, shards=2):
        self.source = Stream(local.client(), "demo", shards)
        self.sent = 0

    def put(self, calls=1):
        for _ in range(calls):
            self.source.put_many(numbered(self.sent, self.sent + BATCH))
            self.sent += BATCH


def loaded(database, sent):
    wait_until(lambda: database.count("demo") >= sent, 30, f"{sent} rows")
    assert_each_once(database, "demo", sent)


def stop(running):
    running.signal(signal.SIGINT)
    running.wait()


def test_split_and_merge_under_subscriptions(local, database, shardcopy):
    producer = Producer(local)
    source = producer.source
    running = shardcopy.start("load", local.url("demo"), database.url(), FAN_OUT, "--follow")
    producer.put(3)
    loaded(database, producer.sent)
    for shard in source.open_shards():
        producer.put()
        source.split(shard)
        producer.put(2)
    _, left, right, _ = source.open_shards()
    source.merge(left, right)
    producer.put(2)
    source.split(source.open_shards()[0])
    producer.put(2)
    loaded(database, producer.sent)
    closed = {s["ShardId"] for s in source.shards() if "EndingSequenceNumber" in s["SequenceNumberRange"]}
    ended = "SELECT shard_id FROM kinesis_checkpoints WHERE ended"
    wait_until(lambda: {row[0] for row in database.rows(ended)} == closed, what="the ends of the closed shards stored")
    stop(running)


def test_the_consumer_is_deleted_under_the_load(local, database, shardcopy):
    producer = Producer(local)
    running = shardcopy.start("load", local.url("demo"), database.url(), FAN_OUT, "--follow")
    producer.put(2)
    loaded(database, producer.sent)
    before = consumer_arn(local)
    local.advance_clock(2000)  # else the new one would have the same creation second, and so the same ARN
    local.client().deregister_stream_consumer(ConsumerARN=before)
    producer.put(2)
    loaded(database, producer.sent)
    assert consumer_arn(local) != before
    stop(running)
    assert consumers(local) == {}


def test_the_consumer_is_deleted_and_not_ours_to_register(local, database, shardcopy):
    producer = Producer(local)
    url = local.url("demo")
    err = shardcopy.load(url, database.url(), FAN_OUT, "--registration=none", "--consumer-name=mine", status=2).err
    assert "there is no consumer mine" in err
    shardcopy.run("consumers", "register", url, "mine")
    running = shardcopy.start("load", url, database.url(), FAN_OUT, "--follow", "--registration=none",
                              "--consumer-name=mine")
    producer.put(2)
    loaded(database, producer.sent)
    local.client().deregister_stream_consumer(ConsumerARN=consumer_arn(local, "mine"))
    running.wait(status=2)
    assert "deregistered under the load" in running.err


def test_a_consumer_still_deleting_is_waited_out(local_service, database, shardcopy):
    local = local_service("--consumer-ms=1500")
    producer = Producer(local)
    producer.put()
    url = local.url("demo")
    shardcopy.run("consumers", "register", url, "shardcopy-demo")
    shardcopy.run("consumers", "deregister", url, "shardcopy-demo")
    shardcopy.load(url, database.url(), FAN_OUT, "--registration=eager")
    assert_each_once(database, "demo", producer.sent)
    assert list(consumers(local)) == ["shardcopy-demo"]  # eager keeps it


def test_two_loads_and_one_consumer(local, postgres, database, shardcopy):
    """One of them notices and stops; the other goes on."""
    producer = Producer(local, shards=1)
    shardcopy.run("consumers", "register", local.url("demo"), "ours")
    loads = [shardcopy.start("load", local.url("demo"), "null:", FAN_OUT, "--follow", "--consumer-name=ours",
                             "--namespace", n) for n in ("a", "b")]
    producer.put()

    def ended():
        local.advance_clock(1000)
        return next((load for load in loads if load.status is not None), None)

    first = wait_until(ended, 60, "one of them to stop", every_s=0.2)
    assert first.status == 6 and "--consumer-name" in first.err
    other = loads[1 - loads.index(first)]
    assert other.status is None
    stop(other)


def test_a_consumer_by_its_arn(local, database, shardcopy):
    producer = Producer(local)
    producer.put()
    shardcopy.run("consumers", "register", local.url("demo"), "theirs")
    shardcopy.load(local.url("demo"), database.url(), FAN_OUT, f"--consumer-arn={consumer_arn(local, 'theirs')}")
    assert_each_once(database, "demo", producer.sent)
    assert list(consumers(local)) == ["theirs"]


def test_kills_and_changed_readers(local_service, database, shardcopy):
    """kill -9 at arbitrary moments; each run reads another way than the one before."""
    total, moments = 300_000, random.Random(6)
    local = local_service(f"--generate=demo:shards=4,records={total},seed=6", *SHORT)
    ways = (["--reader=EFO"], ["--reader=polling", "--limit=500", "--calls-per-second=20"])
    for number in range(6):
        before = database.count("demo")
        running = shardcopy.start("load", local.url("demo"), database.url(), *ways[number % 2],
                                  "--flush-interval=100ms")
        wait_until(lambda: database.count("demo") > before or running.status is not None, what="a commit")
        wait_until(lambda: moments.random() < 0.1 or running.status is not None, what="an arbitrary moment")
        assert running.status is None, running.story()
        running.kill()
    assert 0 < database.count("demo") < total
    shardcopy.load(local.url("demo"), database.url(), FAN_OUT, timeout_s=90)
    assert_each_position_once(database, "demo", total)
    assert_positions_match_rows(database, "demo")


def test_a_bounded_run_ends_at_the_tip(local, database, shardcopy):
    """Shards without a record, too: their first heartbeat says that there is none."""
    producer = Producer(local, shards=4)
    producer.source.put("{\"id\": 0, \"word\": \"one\"}")
    shardcopy.load(local.url("demo"), database.url(), FAN_OUT)
    assert database.count("demo") == 1


def test_the_target_stands_still(local, postgres, database, shardcopy):
    """No subscription is made again and again while PostgreSQL waits for a lock, and all is there when it goes on."""
    producer = Producer(local, shards=4)
    running = shardcopy.start("load", local.url("demo"), database.url(), FAN_OUT, "--follow", "--memory=64MiB")
    producer.put()
    loaded(database, producer.sent)
    lock = postgres.connect(database.name)
    lock.autocommit = False
    lock.cursor().execute("LOCK TABLE demo")
    producer.source.put_many({"id": n, "word": "x" * 10_000} for n in range(producer.sent, producer.sent + 7000))
    producer.sent += 7000
    wait_until(lambda: postgres_waits(database), what="a COPY that waits for the lock")
    lock.close()
    loaded(database, producer.sent)
    stop(running)


def postgres_waits(database):
    return database.value("SELECT count(*) FROM pg_locks WHERE NOT granted") > 0


def test_a_thousand_subscriptions(local_service, shardcopy):
    """Two hundred connections; every shard is read, within --memory, or none is begun."""
    local = local_service("--generate=demo:shards=1000,records=5000,seed=20")
    running = shardcopy.start("load", "kinesis://demo", "null:", f"--endpoint=https://{local.https}",
                              f"--ca-bundle={local.ca}", FAN_OUT, "--memory=256MiB", "--follow", "--max-records=5000")
    peak = 0
    while running.status is None:
        peak = max(peak, running.peak_rss_bytes())
    running.wait()
    assert 0 < peak < 200 << 20
    assert_adds_up(running, rows=5000)
    err = shardcopy.load(local.url("demo"), "null:", FAN_OUT, "--memory=96MiB", status=2).err
    assert "1000 subscriptions need" in err and "more of --memory" in err


def test_a_server_without_http2(local, shardcopy, folder):
    """TLS that agrees on no protocol: the way round is named."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificates = os.path.dirname(local.ca)
    context.load_cert_chain(os.path.join(certificates, "server.pem"), os.path.join(certificates, "server-key.pem"))
    Stream(local.client(), "demo")
    with TlsFront(context, local.http) as front:
        err = shardcopy.load("kinesis://demo", "null:", FAN_OUT, f"--endpoint=https://{front.address}",
                             f"--ca-bundle={local.ca}", status=3).err
        assert "does not speak h2" in err and "--fan-out-http=1.1" in err
        shardcopy.load("kinesis://demo", "null:", FAN_OUT, "--fan-out-http=1.1", f"--endpoint=https://{front.address}",
                       f"--ca-bundle={local.ca}")


class TlsFront:
    """TLS without ALPN before a plain server; a thread a direction."""

    def __init__(self, context, behind):
        host, port = behind.split(":")
        self.context, self.behind = context, (host, int(port))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                front = self.context.wrap_socket(self.listener.accept()[0], server_side=True)
            except OSError:
                if self.listener.fileno() < 0:
                    return
                continue
            back = socket.create_connection(self.behind)
            for one, other in ((front, back), (back, front)):
                threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    @staticmethod
    def _pass_on(one, other):
        try:
            while data := one.recv(65536):
                other.sendall(data)
        except OSError:
            pass
        for end in (one, other):
            end.close()
