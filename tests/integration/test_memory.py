"""--memory bounds what is in flight, whatever the target does."""
import json
import re

from support.process import BUILD
from support.wait import SLOWNESS, wait_until

MIB = 1024 * 1024
# The program itself, its libraries, connections' buffers in libpq and OpenSSL, and what malloc keeps.
BESIDES = 40 * MIB


def large_records(folder, count):
    """A file of records of nearly 1 MiB: GetRecords answers with 10 MiB, its largest reply."""
    path = f"{folder}/large.ndjson"
    with open(path, "w", encoding="ascii") as out:
        for number in range(count):
            out.write(json.dumps({"id": number, "filler": "x" * (1000 * 1000)}) + "\n")
    return path


def test_a_stalled_target(local_service, database, proxy, shardcopy, folder):
    count = 200
    local = local_service("--load", f"demo={large_records(folder, count)}")
    running = shardcopy.start("load", local.url("demo"), database.url(port=proxy.port), "--memory=64MiB",
                              "--flush-interval=200ms")
    wait_until(lambda: database.count("demo") > 0, what="the first commit")
    proxy.stall()
    seen = []

    def settled():
        """Nothing moves any more: memory is full and everybody waits for the target."""
        seen.append((proxy.from_client_bytes, running.peak_rss_bytes()))
        return len(seen) > 50 and len(set(seen[-50:])) == 1

    wait_until(settled, what="the load to stand still", every_s=0.02)
    peak = running.peak_rss_bytes()
    proxy.resume()
    wait_until(lambda: database.count("demo") == count or running.status is not None, 60, "the rest")
    peak = max(peak, running.peak_rss_bytes())
    running.wait()
    assert database.rows("SELECT count(*), count(DISTINCT id) FROM demo") == [(count, count)]
    if SLOWNESS == 1:
        assert peak < 64 * MIB + BESIDES, f"{peak / MIB:.0f} MiB resident in {BUILD}"


def test_many_shards_in_little_memory(local_service, database, shardcopy):
    local = local_service("--generate", "demo:shards=200,records=100000,seed=12")
    running = shardcopy.start("load", local.url("demo"), database.url(), "--memory=64MiB")
    peaks = [0]

    def ended():
        peaks.append(running.peak_rss_bytes())
        return running.status is not None

    wait_until(ended, 60, "the end")
    running.wait()
    assert database.count("demo") == 100000
    if SLOWNESS == 1:
        assert max(peaks) < 64 * MIB + BESIDES, f"{max(peaks) / MIB:.0f} MiB resident in {BUILD}"


def test_little_memory_on_any_machine(local_service, database, shardcopy):
    """As many threads as the processors ask for may not fit; the ones asked for must."""
    local = local_service("--generate", "demo:shards=8,records=10000,seed=3")
    shardcopy.load(local.url("demo"), database.url(), "--memory=56MiB")
    assert database.count("demo") == 10000
    refused = shardcopy.load(local.url("demo"), database.url(), "--memory=56MiB", "--parse-threads=16", status=2)
    least = re.search(r"16 parse and \d+ write threads need at least (\d+MiB)", refused.err)
    assert least, refused.story()
    shardcopy.load(local.url("demo"), database.url(), f"--memory={least.group(1)}", "--parse-threads=16")
