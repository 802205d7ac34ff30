"""Where a first run starts: every format a person or CrateDB Toolkit writes."""
import datetime
import json
import time

import pytest
from support.fake import JSON, FakeKinesis
from support.records import numbered
from support.wait import wait_until

SECOND = datetime.timedelta(seconds=1)


def arrivals(database):
    return [row[0] for row in database.rows("SELECT kinesis_arrival_time FROM everything ORDER BY id")]


@pytest.fixture
def three(local, stream, database, shardcopy):
    """A stream of three records put more than a second apart; their arrival times, in UTC."""
    source = stream()
    times = []
    for record in numbered(0, 3):
        if times:
            wait_until(lambda: datetime.datetime.now(datetime.timezone.utc) > times[-1] + 1.2 * SECOND)
        source.put(record)
        times.append(datetime.datetime.now(datetime.timezone.utc))
    shardcopy.load(local.url("demo"), database.url(table="everything"), "--namespace=everything")
    return arrivals(database)


FORMATS = {
    "seconds": lambda t: t.strftime("%Y-%m-%dT%H:%M:%S"),
    "offset": lambda t: t.strftime("%Y-%m-%dT%H:%M:%S+00:00"),
    "zulu": lambda t: t.strftime("%Y-%m-%dT%H:%M:%SZ"),
    "other offset": lambda t: (t + 2 * 3600 * SECOND).strftime("%Y-%m-%dT%H:%M:%S+02:00"),
    "fraction": lambda t: t.strftime("%Y-%m-%dT%H:%M:%S.") + f"{t.microsecond // 1000:03d}",
    "fraction and offset": lambda t: t.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00"),
    "epoch": lambda t: str(int(t.timestamp())),
    "epoch with fraction": lambda t: f"{t.timestamp():.3f}",
}


def test_every_time_format(three, local, database, shardcopy):
    """A time between record 1 and record 2 (cut to the second where the format has no fraction) brings record 2
    alone."""
    between = three[2] - 0.05 * SECOND
    for number, (name, written) in enumerate(FORMATS.items()):
        moment = between if "fraction" in name else three[2].replace(microsecond=0)
        shardcopy.load(local.url("demo"), database.url(table=f"t{number}"), f"--namespace=n{number}",
                       f"--start={written(moment)}")
        assert database.rows(f"SELECT id FROM t{number}") == [(2,)], name


def test_a_date(three, local, database, shardcopy):
    shardcopy.load(local.url("demo"), database.url(), "--start=2023-01-31")
    assert database.count("demo") == 3


def test_trim_horizon(three, local, database, shardcopy):
    shardcopy.load(local.url("demo"), database.url(), "--start=trim-horizon")
    assert database.count("demo") == 3


def test_latest_is_pinned(local, stream, database, shardcopy):
    """What is put after the first run began counts as later, also for a shard that had no record then. The service
    tells its time by the second, so records of the second in which the run began count too: let it pass."""
    source = stream(shards=2)
    source.put_many(numbered(0, 20))
    second = int(time.time())
    wait_until(lambda: int(time.time()) > second, what="the next second")
    shardcopy.load(local.url("demo"), database.url(), "--start=latest")
    assert database.count("demo") == 0
    source.put_many(numbered(20, 60))
    shardcopy.load(local.url("demo"), database.url())
    assert database.rows("SELECT count(*), min(id) FROM demo") == [(40, 20)]


@pytest.mark.parametrize("start", ["yesterday", "2023-02-30", "2023-01-31T25:00:00", "31.01.2023",
                                   "2023-01-31T15:00:00+99:00", "-1", "TRIM", ""])
def test_a_bad_one_is_refused_before_anything_is_read(local, stream, database, shardcopy, start):
    stream().put({"id": 0})
    done = shardcopy.load(local.url("demo"), database.url(), f"--start={start}", status=2)
    assert "--start" in done.err
    assert not database.exists("kinesis_checkpoints")


def test_a_stream_that_is_being_created(local_service, database, shardcopy):
    """It is waited for, but not longer than --wait."""
    service = local_service("--create-ms=1500")
    service.client().create_stream(StreamName="demo", ShardCount=1)
    done = shardcopy.load(service.url("demo"), "null:", "--wait=0s", status=3)
    assert "being created" in done.err and "hint" in done.err
    assert "waiting" in shardcopy.load(service.url("demo"), "null:").err


def test_a_service_that_never_says_how_far_behind(database, shardcopy):
    """A bounded load ends with empty pages."""
    records = [{"SequenceNumber": "1", "Data": "eyJpZCI6MX0=", "PartitionKey": "k",
                "ApproximateArrivalTimestamp": 1700000000.0}]

    def silent(number):
        body = {"Records": records if number == 0 else [], "NextShardIterator": f"iterator-{number + 1};"}
        return lambda content_type: (200, JSON, json.dumps(body).encode())
    fake = FakeKinesis([silent(number) for number in range(10)])
    try:
        shardcopy.load(f"kinesis://{fake.address}/demo", database.url())
    finally:
        fake.close()
    assert database.count("demo") == 1


def test_a_position_inside_a_record(local, stream, database, shardcopy):
    """What an import can bring: parts of the record were taken in. It is read again, and its parts up to there are left
    out."""
    source = stream()
    numbers = [source.put(record)[1] for record in numbered(0, 4)]
    database.execute("CREATE TABLE demo (id int)")
    shardcopy.load(local.url("demo"), database.url(), "--max-records=1")
    database.execute(f"UPDATE kinesis_checkpoints SET sequence = '{numbers[1]}', sub_sequence = 0")
    shardcopy.load(local.url("demo"), database.url())
    assert database.rows("SELECT id FROM demo ORDER BY id") == [(0,), (2,), (3,)]
    assert database.rows("SELECT sequence, sub_sequence FROM kinesis_checkpoints") == [(numbers[-1], None)]


@pytest.mark.parametrize("start", ["20230131", "202301311500", "20230131150000"])
def test_a_date_without_separators_is_no_epoch(local, stream, database, shardcopy, start):
    stream()
    done = shardcopy.load(local.url("demo"), database.url(), f"--start={start}", status=2)
    assert "looks like a date" in done.err and "2023-01-31" in done.err
