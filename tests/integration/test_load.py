"""A load to the tip, resuming, and what it says about itself."""
import json
import os
import re
import signal
import subprocess

import pytest
from support.process import BUILD, clean_environment
from support.records import assert_each_once, assert_each_position_once, assert_positions_match_rows, numbered
from support.summary import assert_adds_up
from support.wait import wait_until


def test_short_load(local_service, database, shardcopy):
    """What the sanitizer builds run: many shards, over TLS, to the tip."""
    local = local_service("--generate", "demo:shards=8,records=40000,seed=1")
    done = shardcopy.load("kinesis://demo", database.url(), f"--endpoint=https://{local.https}",
                          f"--ca-bundle={local.ca}")
    assert_each_position_once(database, "demo", 40000)
    assert_positions_match_rows(database, "demo")
    assert_adds_up(done, records=40000, rows=40000, dead_letters=0)


def test_table_and_columns_are_made(local, stream, database, shardcopy):
    stream("clicks").put({"id": 7, "ratio": 0.5, "ok": True, "name": "x", "tags": [1], "big": 2**70})
    shardcopy.load(local.url("clicks"), database.url())
    columns = dict(database.rows("SELECT column_name, data_type FROM information_schema.columns "
                                 "WHERE table_name = 'clicks'"))
    assert columns == {"id": "bigint", "ratio": "double precision", "ok": "boolean", "name": "text", "tags": "jsonb",
                       "big": "numeric", "kinesis_shard_id": "text", "kinesis_sequence_number": "text",
                       "kinesis_arrival_time": "timestamp with time zone"}


def test_schema_and_table_by_name(local, stream, database, shardcopy):
    stream().put_many(numbered(0, 3))
    shardcopy.load(local.url("demo"), database.url(table="raw.events"))
    assert_each_once(database, "raw.events", 3)
    assert database.exists("raw.kinesis_checkpoints")


def test_metadata_columns(local, stream, database, shardcopy):
    shard, sequence = stream().put({"id": 0}, key="a key")
    shardcopy.load(local.url("demo"), database.url(), "--metadata=shard,sequence,arrival,partition-key")
    row = database.rows("SELECT kinesis_shard_id, kinesis_sequence_number, kinesis_partition_key, "
                        "abs(extract(epoch FROM now() - kinesis_arrival_time)) < 600 FROM demo")[0]
    assert row == (shard, sequence, "a key", True)


def test_no_metadata(local, stream, database, shardcopy):
    stream().put({"id": 0})
    shardcopy.load(local.url("demo"), database.url(), "--metadata=none")
    assert database.rows("SELECT * FROM demo") == [(0,)]


def test_resuming_reads_only_what_is_new_and_says_so(local, stream, database, shardcopy):
    source = stream(shards=4)
    source.put_many(numbered(0, 100))
    shardcopy.load(local.url("demo"), database.url())
    source.put_many(numbered(100, 150))
    done = shardcopy.load(local.url("demo"), database.url(), "--start=latest")
    assert_each_once(database, "demo", 150)
    assert_adds_up(done, rows=50)
    assert re.search("resuming 4 shards from positions of .*; --start is ignored", done.err)


def test_a_second_run_with_nothing_new_says_why(local, stream, database, shardcopy):
    stream().put_many(numbered(0, 10))
    shardcopy.load(local.url("demo"), database.url())
    done = shardcopy.load(local.url("demo"), database.url())
    assert_adds_up(done, records=0)
    assert "no record since the stored positions" in done.err


def test_an_empty_stream_says_why(local, stream, database, shardcopy):
    source = stream(shards=2)
    done = shardcopy.load(local.url("demo"), database.url())
    assert_adds_up(done, records=0)
    assert "the stream holds no record" in done.err
    shardcopy.load(local.url("demo"), database.url())
    source.put_many(numbered(0, 10))
    shardcopy.load(local.url("demo"), database.url())
    assert_each_once(database, "demo", 10)


def test_a_quiet_shard(local, stream, database, shardcopy):
    """A shard that never had a record keeps its start, raises no gap, and is read when it wakes."""
    source = stream(shards=2)
    quiet, busy = source.open_shards()

    def put(shard, first, end):
        for payload in numbered(first, end):
            source.client.put_record(StreamName="demo", Data=json.dumps(payload).encode(), PartitionKey="k",
                                     ExplicitHashKey=shard["HashKeyRange"]["StartingHashKey"])

    put(busy, 0, 20)
    shardcopy.load(local.url("demo"), database.url())
    put(busy, 20, 30)
    shardcopy.load(local.url("demo"), database.url())
    put(quiet, 30, 40)
    shardcopy.load(local.url("demo"), database.url())
    assert_each_once(database, "demo", 40)
    assert database.value("SELECT count(*) FROM demo WHERE kinesis_shard_id = %s", quiet["ShardId"]) == 10


def test_follow_goes_on_and_drains_on_sigint(local, stream, database, shardcopy):
    source = stream(shards=2)
    source.put_many(numbered(0, 100))
    running = shardcopy.start("load", local.url("demo"), database.url(), "--follow")
    wait_until(lambda: database.count("demo") == 100, what="the first records")
    source.put_many(numbered(100, 1100))
    wait_until(lambda: database.count("demo") == 1100, what="the later records")
    running.signal(signal.SIGINT)
    running.wait()
    assert_positions_match_rows(database, "demo")
    assert_adds_up(running, rows=1100)


@pytest.mark.parametrize("signal_name", ["SIGINT", "SIGTERM"])
def test_a_signal_commits_what_was_read(local_service, database, shardcopy, signal_name):
    """In mid-load: what is in the table and where it will go on agree, and the next run brings the rest."""
    local = local_service("--generate", "demo:shards=4,records=60000,seed=2")
    running = shardcopy.start("load", local.url("demo"), database.url(), "--limit=500", "--calls-per-second=10",
                              "--flush-interval=100ms")
    wait_until(lambda: database.count("demo") > 0, what="the first commit")
    running.signal(getattr(signal, signal_name))
    running.wait(status=130)
    assert 0 < database.count("demo") < 60000
    assert_positions_match_rows(database, "demo")
    shardcopy.load(local.url("demo"), database.url())
    assert_each_position_once(database, "demo", 60000)


def test_a_signal_is_heard_while_the_target_answers_nothing(local, stream, database, proxy, shardcopy):
    """Control is inside its check of the lock when the signal comes; the load was idle, so its end is a success."""
    stream().put_many(numbered(0, 10))
    running = shardcopy.start("load", local.url("demo"), database.url(port=proxy.port), "--follow", "--stop-timeout=1s",
                              "--write-threads=1")
    wait_until(lambda: database.count("demo") == 10, what="the records")
    proxy.stall()
    wait_until(lambda: proxy.unread_bytes() > 0, 30, what="a question that nobody answers")
    running.signal(signal.SIGTERM)
    running.wait(timeout_s=15)


def test_follow_ended_in_its_first_moments(local, stream, database, proxy, shardcopy):
    """Before there is anything to end in order a signal is the end all the same, and of --follow a success."""
    stream().put_many(numbered(0, 10))
    proxy.stall()
    running = shardcopy.start("load", local.url("demo"), database.url(port=proxy.port), "--follow")
    wait_until(lambda: proxy.unread_bytes() > 0, what="the first question")
    running.signal(signal.SIGTERM)
    running.wait(timeout_s=15)
    assert "stopped before anything was read" in running.err


def test_a_second_signal_ends_it_at_once(local_service, database, proxy, shardcopy):
    """Stuck in the target, an orderly stop would wait; the second signal does not, and the next run brings
    everything."""
    local = local_service("--generate", "demo:shards=2,records=40000,seed=3")
    running = shardcopy.start("load", local.url("demo"), database.url(port=proxy.port), "--limit=500",
                              "--calls-per-second=10", "--flush-interval=100ms")
    wait_until(lambda: database.count("demo") > 0, what="the first commit")
    proxy.stall()
    running.signal(signal.SIGINT)
    running.wait_err("stopping")
    assert running.status is None
    running.signal(signal.SIGINT)
    running.wait(status=130, timeout_s=5)
    proxy.resume()
    proxy.cut_all()
    shardcopy.load(local.url("demo"), database.url())
    assert_each_position_once(database, "demo", 40000)


def test_max_records_is_exact_and_resumes(local_service, database, shardcopy):
    local = local_service("--generate", "demo:shards=4,records=5000,seed=4")
    done = shardcopy.load(local.url("demo"), database.url(), "--max-records=1234")
    assert_adds_up(done, rows=1234)
    assert database.count("demo") == 1234
    shardcopy.load(local.url("demo"), database.url())
    assert_each_position_once(database, "demo", 5000)


def test_standard_output(local, stream, shardcopy):
    """A line a record, the payload as it is; no position is kept, and that is said once."""
    source = stream()
    source.put_many(numbered(0, 50))
    done = shardcopy.load(local.url("demo"), "-")
    assert [json.loads(line)["id"] for line in done.out.splitlines()] == list(range(50))
    assert len([line for line in done.err.splitlines() if "no position" in line]) == 1


def test_standard_output_with_envelope(local, stream, shardcopy):
    shard, sequence = stream().put({"id": 1}, key="ключ")
    done = shardcopy.load(local.url("demo"), "-", "--envelope")
    line = json.loads(done.out)
    assert (line["shard"], line["sequence"], line["partition_key"]) == (shard, sequence, "ключ")
    assert line["data"] == {"id": 1}


def test_null_target(local_service, shardcopy):
    local = local_service("--generate", "demo:shards=4,records=20000,seed=5")
    assert_adds_up(shardcopy.load(local.url("demo"), "null:"), records=20000)


def test_an_unknown_stream(local, database, shardcopy):
    done = shardcopy.load(local.url("nosuch"), database.url(), status=3)
    assert "nosuch" in done.err


@pytest.mark.parametrize("arguments, said", [
    (["load"], "SOURCE TARGET"), (["load", "kinesis://a"], "SOURCE TARGET"), (["lod", "a", "b"], "load"),
    (["load", "a", "b", "--tabel=x"], "--table"), (["load", "a", "null:"], "kinesis://"),
    (["load", "kinesis://a", "b"], "postgresql://"), (["load", "kinesis://a", "null:", "--memory=much"], "64KiB")])
def test_a_wrong_command_line(shardcopy, arguments, said):
    """Says what would be right."""
    assert said in shardcopy.run(*arguments, status=2).err


def test_checkpoints_list(local, stream, database, shardcopy):
    stream(shards=2).put_many(numbered(0, 100))
    shardcopy.load(local.url("demo"), database.url())
    listed = shardcopy.run("checkpoints", "list", database.url(), "--format=json")
    shards = {json.loads(line)["shard_id"]: json.loads(line)["sequence"] for line in listed.out.splitlines()}
    assert shards == dict(database.rows("SELECT shard_id, sequence FROM kinesis_checkpoints"))
    assert "shardId-000000000000" in shardcopy.run("checkpoints", "list", database.url()).out


def test_streams_and_shards(local, shardcopy):
    shardcopy.run("streams", "create", local.url("made"), "--shards=3")
    assert "made" in shardcopy.run("streams", "list", f"kinesis://{local.http}").out
    listed = shardcopy.run("shards", "list", local.url("made"), "--format=json").out.splitlines()
    assert [json.loads(line)["shard"] for line in listed] == [f"shardId-{i:012d}" for i in range(3)]
    shardcopy.run("streams", "delete", local.url("made"))
    wait_until(lambda: "made" not in shardcopy.run("streams", "list", f"kinesis://{local.http}").out)


def test_help_teaches(shardcopy):
    assert "shardcopy load" in shardcopy.run("--help").out
    assert "--follow" in shardcopy.run("load", "--help").out


@pytest.mark.parametrize("command", ["load URL -", "load URL - --follow", "load URL null: --dry-run", "shards list URL",
                                     "--help"])
def test_nobody_reads_standard_output(local, stream, folder, command):
    """A closed pipe is the end: exit status 0, and no error."""
    stream().put_many(numbered(0, 10))
    unread, output = os.pipe()
    os.close(unread)
    arguments = command.replace("URL", local.url("demo")).split()
    done = subprocess.run([f"{BUILD}/shardcopy", *arguments], stdout=output, stderr=subprocess.PIPE, text=True,
                          timeout=60, env=clean_environment(folder), check=True)
    os.close(output)
    assert "level=error" not in done.stderr and "interrupted" not in done.stderr


def test_the_streams_of_an_endpoint(local, stream, shardcopy):
    """The forms that --help and the documents have."""
    stream()
    endpoint = local.url("").rstrip("/")
    for form in (endpoint, endpoint.replace("kinesis:", "http:")):
        assert "demo" in shardcopy.run("streams", "list", form).out
