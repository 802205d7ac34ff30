"""Lines into a stream: each is put, in order where that is asked, also when the service fails now and then."""
import json
import os
import re
import signal
import subprocess
from collections import Counter

import pytest
from support.local import Stream
from support.proxy import CutProxy
from support.wait import SLOWNESS, wait_until

MIB = 1024 * 1024
# The program itself, its libraries, and what malloc keeps.
BESIDES = 32 * MIB
COUNTERS = ("lines", "put", "empty", "refused", "not_put", "again", "calls")


def summary(program):
    """The counters of the summary, which must add up."""
    for line in reversed(program.err.splitlines()):
        found = {name: re.search(rf"\b{name}=(\d+)", line) for name in COUNTERS}
        if all(found.values()):
            counters = {name: int(match.group(1)) for name, match in found.items()}
            assert counters["lines"] == sum(counters[name] for name in ("put", "empty", "refused", "not_put")), line
            return counters
    raise AssertionError(f"no summary\n{program.story()}")


def payload(number, keys):
    """Line `number` of the file, from 1."""
    return json.dumps({"n": number, "user": f"u{number % keys}", "text": "é" * (number % 7)}, ensure_ascii=False)


@pytest.fixture
def lines_file(folder):
    """Factory: lines_file(1000) writes so many lines of payload(); returns the path."""
    def make(count, keys=10, name="lines.ndjson"):
        path = os.path.join(folder, name)
        with open(path, "w", encoding="utf-8") as out:
            out.writelines(payload(number, keys) + "\n" for number in range(1, count + 1))
        return path

    return make


def bytes_file(folder, data, name="input"):
    path = os.path.join(folder, name)
    with open(path, "wb") as out:
        out.write(data)
    return path


def numbers(stream):
    """Of the records of payload(), in the order of the shards."""
    return [json.loads(record["Data"])["n"] for record in stream.records()]


def orders(stream):
    """user -> numbers, in the stream's order; of a record that came twice the first."""
    found = {}
    for record in stream.records():
        line = json.loads(record["Data"])
        seen = found.setdefault(line["user"], [])
        if line["n"] not in seen:
            seen.append(line["n"])
    return found


def is_ordered(by_user):
    return all(seen == sorted(seen) for seen in by_user.values())


# --- what is put ---


def test_put_and_load_give_the_same_lines(local, stream, shardcopy, lines_file):
    stream(shards=4)
    path = lines_file(20_000)
    done = shardcopy.put(local.url("demo"), path)
    assert summary(done) == {"lines": 20_000, "put": 20_000, "empty": 0, "refused": 0, "not_put": 0, "again": 0,
                             "calls": 40}
    with open(path, encoding="utf-8") as text:
        assert sorted(shardcopy.load(local.url("demo"), "-").out.splitlines()) == sorted(text.read().splitlines())


def test_over_tls(local, stream, shardcopy, lines_file):
    source = stream(shards=2)
    shardcopy.put("kinesis://demo", lines_file(3000), f"--endpoint=https://{local.https}", f"--ca-bundle={local.ca}")
    assert sorted(numbers(source)) == list(range(1, 3001))


def test_bytes_are_not_changed(local, stream, shardcopy, folder):
    """No newline at the end, empty lines, carriage returns, NUL, bytes that are no UTF-8."""
    source = stream()
    path = bytes_file(folder, b"one\n\ntwo\r\n\r\n\0\xff\xfe\n \nlast")
    done = shardcopy.put(local.url("demo"), path, "--partitioner=fixed", "--ordered")
    assert [record["Data"] for record in source.records()] == [b"one", b"two\r", b"\0\xff\xfe", b" ", b"last"]
    counters = summary(done)
    assert (counters["lines"], counters["put"], counters["empty"]) == (7, 5, 2)


def test_nothing_to_put(local, stream, shardcopy, folder):
    source = stream()
    for data in (b"", b"\n\n"):
        assert summary(shardcopy.put(local.url("demo"), bytes_file(folder, data)))["put"] == 0
    assert source.records() == []


def test_standard_input(local, stream, shardcopy, lines_file):
    source = stream(shards=2)
    with open(lines_file(5000), "rb") as lines:
        shardcopy.put(local.url("demo"), "-", stdin=lines)
    assert sorted(numbers(source)) == list(range(1, 5001))


def test_a_pipe_that_trickles(local, stream, shardcopy):
    """A line is in the stream soon after it was written, though the call is not full and the input has not ended."""
    source = stream()
    read_end, write_end = os.pipe()
    running = shardcopy.start("put", local.url("demo"), "-", "--linger=10ms", stdin=read_end)
    os.close(read_end)
    for number in range(1, 4):
        os.write(write_end, f'{{"n":{number}}}\n'.encode())
        wait_until(lambda count=number: len(source.records()) == count, what="the line")
    os.write(write_end, b'{"n":4}')
    os.close(write_end)
    running.wait()
    assert numbers(source) == [1, 2, 3, 4]


# --- keys ---


def test_random_keys_spread(local, stream, shardcopy, lines_file):
    source = stream(shards=4)
    shardcopy.put(local.url("demo"), lines_file(1000))
    assert len({record["PartitionKey"] for record in source.records()}) == 1000
    assert all(len(source._records_of(shard["ShardId"])) > 150
               for shard in source.shards())  # pylint: disable=protected-access


def test_a_fixed_key(local, stream, shardcopy, lines_file):
    source = stream(shards=4)
    shardcopy.put(local.url("demo"), lines_file(100), "--partitioner=fixed")
    assert {record["PartitionKey"] for record in source.records()} == {"0"}


KEYS = [
    ({"a": "x", "b": 2}, ["-k", "a,b"], "x|2"),
    ({"a": "x", "b": 2}, ["--partition-key-fields=b,a", "--partition-key-delimiter="], "2x"),
    ({"a": None}, ["-k", "a,b"], "null|null"),
    ({"a": "ключ\n\"", "b": True}, ["-k", "a,b", "--partition-key-delimiter=::"], "ключ\n\"::true"),
    ({"a": "y" * 300}, ["-k", "a,b"], "y" * 256),
]


def test_keys_of_fields(local, stream, shardcopy, folder):
    source = stream()
    for line, arguments, _ in KEYS:
        shardcopy.put(local.url("demo"), bytes_file(folder, json.dumps(line).encode()), *arguments)
    assert [record["PartitionKey"] for record in source.records()] == [key for _, _, key in KEYS]


def test_a_misspelt_field_is_told(local, stream, shardcopy, lines_file):
    stream()
    done = shardcopy.put(local.url("demo"), lines_file(10), "-k", "user,usre")
    assert "no line so far has this field" in done.err and "field=usre" in done.err


# --- a service in trouble ---

EXACT = {
    "entries throttled": {"kind": "entries", "count": 12, "every": 3},
    "all entries throttled": {"kind": "entries", "count": 3},
    "entries failed": {"kind": "entries", "count": 8, "every": 2, "code": "InternalFailure",
                       "message": "Internal Service Failure"},
    "throttled": {"kind": "throttle", "count": 2, "after": 3},
    "5xx": {"kind": "error", "count": 6, "after": 3, "status": 500, "code": "InternalFailure"},
    "503": {"kind": "error", "count": 6, "status": 503, "code": "ServiceUnavailable"},
    "slow": {"kind": "slow", "count": 4, "after": 3, "delay_ms": 300},
}
# The call is carried out, and nobody hears of it: its records may come twice.
BLIND = {
    "reset before the answer": {"kind": "reset", "count": 4, "after": 3, "bytes": 0},
    "reset in the answer": {"kind": "reset", "count": 4, "after": 3, "bytes": 1000},
    "cut short": {"kind": "truncate", "count": 4, "after": 3, "bytes": 5000},
}


@pytest.mark.parametrize("name", EXACT)
def test_each_line_once(local, stream, shardcopy, lines_file, name):
    source = stream(shards=4)
    local.fault(operation="PutRecords", **EXACT[name])
    done = shardcopy.put(local.url("demo"), lines_file(10_000))
    assert local.faults_waiting() == 0
    assert sorted(numbers(source)) == list(range(1, 10_001))
    assert (summary(done)["again"] > 0) == (name != "slow")


@pytest.mark.parametrize("name", BLIND)
def test_each_line_at_least_once(local, stream, shardcopy, lines_file, name):
    source = stream(shards=4)
    local.fault(operation="PutRecords", **BLIND[name])
    shardcopy.put(local.url("demo"), lines_file(10_000))
    assert local.faults_waiting() == 0
    counts = Counter(numbers(source))
    assert sorted(counts) == list(range(1, 10_001))
    assert sum(counts.values()) <= 10_000 + 4 * 500


def test_connections_cut_in_the_request(local, stream, shardcopy, lines_file):
    """Writing to a connection that is gone ends the call, not the program; nothing of such a call is in the stream."""
    source = stream(shards=2)
    proxy = CutProxy(local.http, cuts=6, cut_bytes=20_000)
    shardcopy.put(f"kinesis://{proxy.address}/demo", lines_file(10_000))
    proxy.close()
    assert proxy.cuts == 6
    assert sorted(numbers(source)) == list(range(1, 10_001))


def test_describing_is_not_allowed(local, stream, shardcopy, lines_file):
    """Whoever may only put can put."""
    source = stream()
    local.fault(operation="DescribeStreamSummary", kind="error", status=400, code="AccessDeniedException", message="no")
    done = shardcopy.put(local.url("demo"), lines_file(10))
    assert len(source.records()) == 10 and "limit of a record is not known" in done.err


def test_refused_by_the_service(local, stream, shardcopy, lines_file):
    """Ends at once, says why and where to go on; what was put before stays."""
    path = lines_file(10_000)
    for code, status in [("AccessDeniedException", 4), ("ExpiredTokenException", 4), ("ValidationException", 3),
                         ("KMSDisabledException", 3)]:
        source = stream(code)
        local.fault(operation="PutRecords", kind="error", status=400, code=code, message="no entry", count=1000,
                    after=4)
        done = shardcopy.put(local.url(code), path, "--max-in-flight=1", status=status)
        assert code in done.err and "line=2001" in done.err
        assert summary(done)["put"] == 2000
        assert sorted(numbers(source)) == list(range(1, 2001))
        local.clear_faults()


# --- order ---


def trouble(local):
    for _ in range(5):
        local.fault(operation="PutRecords", kind="entries", count=7, every=3)
        local.fault(operation="PutRecords", kind="error", status=500, code="InternalFailure", count=2)
        local.fault(operation="PutRecords", kind="entries", count=5, every=2, code="InternalFailure")
        local.fault(operation="PutRecords", kind="reset", bytes=0, count=1)


def test_order_per_key(local, stream, shardcopy, lines_file):
    source = stream(shards=4)
    trouble(local)
    done = shardcopy.put(local.url("demo"), lines_file(3000, keys=50), "-k", "user", "--ordered")
    assert local.faults_waiting() == 0 and summary(done)["again"] > 0
    by_user = orders(source)
    assert sorted(n for seen in by_user.values() for n in seen) == list(range(1, 3001))
    assert is_ordered(by_user)


def test_without_ordered_failures_break_the_order(local, stream, shardcopy, lines_file):
    """What the test above would miss if failures did nothing to the order."""
    source = stream(shards=4)
    trouble(local)
    shardcopy.put(local.url("demo"), lines_file(10_000, keys=50), "-k", "user")
    by_user = orders(source)
    assert sorted(n for seen in by_user.values() for n in seen) == list(range(1, 10_001))
    assert not is_ordered(by_user)


def test_order_of_all(local, stream, shardcopy, lines_file):
    """One key: one record a round trip, in the file's order."""
    source = stream(shards=2)
    local.fault(operation="PutRecords", kind="entries", count=4, after=7)
    shardcopy.put(local.url("demo"), lines_file(300), "--partitioner=fixed", "--ordered")
    assert local.faults_waiting() == 0
    assert numbers(source) == list(range(1, 301))


# --- stopping ---


@pytest.mark.parametrize("arguments", [[], ["-k", "user", "--ordered"]])
def test_an_interrupt_confirms_what_was_sent(local, stream, shardcopy, lines_file, arguments):
    """What is in the stream is the file up to a line, and that line is told: going on there brings the rest, nothing
    twice."""
    source = stream(shards=2)
    path = lines_file(20_000, keys=300)
    local.fault(operation="PutRecords", kind="slow", delay_ms=30, count=1000)
    local.fault(operation="PutRecords", kind="entries", every=2, count=1000)
    running = shardcopy.start("put", local.url("demo"), path, "--call-records=100", "--max-in-flight=4", *arguments)
    wait_until(source.records, what="the first records")
    running.signal(signal.SIGINT)
    local.clear_faults()
    running.wait(status=130)
    line = int(re.search(r"none from it on.* line=(\d+)", running.err).group(1))
    assert 1 < line < 20_000
    assert sorted(numbers(source)) == list(range(1, line))
    summary(running)
    rest = subprocess.run(["tail", "-n", f"+{line}", path], check=True, capture_output=True).stdout
    shardcopy.put(local.url("demo"), bytes_file(os.path.dirname(path), rest), *arguments)
    assert sorted(numbers(source)) == list(range(1, 20_001))


def test_an_interrupt_while_nothing_comes(local, stream, shardcopy):
    source = stream()
    read_end, write_end = os.pipe()
    running = shardcopy.start("put", local.url("demo"), "-", stdin=read_end)
    os.close(read_end)
    os.write(write_end, b'{"n":1}\n{"n":2}\n{"n":')
    wait_until(lambda: len(source.records()) == 2, what="the lines")
    running.signal(signal.SIGTERM)
    running.wait(status=130, timeout_s=10)
    os.close(write_end)
    assert numbers(source) == [1, 2] and " line=3 " in running.err


def test_a_second_signal_ends_it_at_once(local, stream, shardcopy, lines_file):
    source = stream()
    local.fault(operation="PutRecords", kind="slow", delay_ms=60_000, count=1000, after=1)
    running = shardcopy.start("put", local.url("demo"), lines_file(20_000), "--max-in-flight=2")
    wait_until(source.records, what="the first call, behind which all are slow")
    running.signal(signal.SIGINT)
    running.wait_err("stopping")
    running.signal(signal.SIGINT)
    running.wait(status=130, timeout_s=10)
    assert "some behind it may be" in running.err
    assert summary(running)["not_put"] > 0


def test_a_stop_has_a_deadline(local, stream, shardcopy, lines_file):
    source = stream()
    local.fault(operation="PutRecords", kind="slow", delay_ms=60_000, count=1000, after=1)
    running = shardcopy.start("put", local.url("demo"), lines_file(20_000), "--stop-timeout=200ms")
    wait_until(lambda: len(source.records()) >= 1500, what="calls that are carried out and not answered")
    running.signal(signal.SIGINT)
    running.wait(status=12, timeout_s=10)
    assert "--stop-timeout" in running.err and "some behind it may be" in running.err


# --- large records ---


def large_stream(local, name="large"):
    local.call("CreateStream", StreamName=name, ShardCount=1, MaxRecordSizeInKiB=10240)
    stream = Stream.__new__(Stream)
    stream.client, stream.name, stream.sent = local.client(), name, 0
    return stream


def test_large_records(local, shardcopy, folder):
    """Up to 10 MiB with the key, within the memory that is allowed."""
    source = large_stream(local)
    sizes = [10 * MIB - 16, 7 * MIB, 3 * MIB, 1, 10 * MIB - 16, 5 * MIB, 5 * MIB - 32, 100]
    path = bytes_file(folder, b"".join(bytes([65 + i]) * size + b"\n" for i, size in enumerate(sizes)))
    running = shardcopy.start("put", local.url("large"), path, "--memory=64MiB")
    peaks = [0]

    def ended():
        peaks.append(running.peak_rss_bytes())
        return running.status is not None

    wait_until(ended, 60, "the end")
    running.wait()
    got = Counter((record["Data"][:1], len(record["Data"])) for record in source.records())
    assert got == Counter((bytes([65 + i]), size) for i, size in enumerate(sizes))
    if SLOWNESS == 1:
        assert max(peaks) < 64 * MIB + BESIDES, f"{max(peaks) / MIB:.0f} MiB resident"


def test_records_over_the_limit(local, stream, shardcopy, folder):
    """The stream says 1 MiB; a random key has 16 bytes."""
    source = stream()
    most = MIB - 16
    path = bytes_file(folder, b"a\n" + b"b" * most + b"\n" + b"c" * (most + 1) + b"\n" + b"d" * (3 * MIB) + b"\ne\n")
    done = shardcopy.put(local.url("demo"), path, status=9)
    assert "line 3: 1048577 bytes with the partition key; the stream takes at most 1048576" in done.err
    assert "--on-error=skip" in done.err and "line=3" in done.err
    assert {record["Data"][:1] for record in source.records()} == {b"a", b"b"}
    counters = summary(done)
    assert (counters["lines"], counters["put"], counters["refused"]) == (3, 2, 1)
    done = shardcopy.put(local.url("demo"), path, "--on-error=skip")
    assert "line 3" in done.err and "line 4" in done.err
    counters = summary(done)
    assert (counters["lines"], counters["put"], counters["refused"]) == (5, 3, 2)
    assert sorted(record["Data"][:1] for record in source.records()) == [b"a", b"a", b"b", b"b", b"e"]


# --- what is refused ---


def test_lines_that_are_no_json(local, stream, shardcopy, folder):
    source = stream()
    path = bytes_file(folder, b'{"user":"a"}\n{"user":\n[1]\n\n{"user":"b"}\n')
    done = shardcopy.put(local.url("demo"), path, "-k", "user", status=9)
    assert "line 2: not JSON" in done.err and len(source.records()) == 1
    done = shardcopy.put(local.url("demo"), path, "-k", "user", "--on-error=skip")
    assert "line 2: not JSON" in done.err and "line 3: not a JSON object" in done.err
    counters = summary(done)
    assert (counters["put"], counters["empty"], counters["refused"]) == (2, 1, 2)
    shardcopy.put(local.url("demo"), path)
    assert len(source.records()) == 1 + 2 + 4


def test_a_wrong_command_line(local, stream, shardcopy, lines_file):
    source, path = stream(), lines_file(10)
    for arguments, said in [(["--ordered"], "--partition-key-fields"),
                            (["--partitioner=fields"], "--partition-key-fields"),
                            (["--partitioner=fixed", "-k", "a"], "--partitioner"),
                            (["-k", "a,,b"], "a name is empty"),
                            (["--partitioner=hash"], "one of random, fixed, fields"),
                            (["--memory=1MiB"], "the least that works"),
                            (["--on-error=dead-letter"], "one of fail, skip"),
                            (["--start=latest"], "it belongs to: load")]:
        assert said in shardcopy.put(local.url("demo"), path, *arguments, status=2).err
    assert source.records() == []


def test_no_input_or_no_stream(local, stream, shardcopy, lines_file):
    stream()
    lines_file(10)
    for name, path, status, said in [("demo", "nosuch.ndjson", 13, "No such file"), ("demo", "/", 13, "Is a directory"),
                                     ("nosuch", "lines.ndjson", 3, "nosuch"),
                                     ("", "lines.ndjson", 2, "names no stream")]:
        assert said in shardcopy.put(local.url(name), path, status=status).err
