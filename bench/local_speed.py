"""make bench-local: how fast the local Kinesis service is, beside kinesalite from npm, in one run on one machine.

Every figure is the median of RUNS runs (environment; default 5), the two services in turn. "a core" is per CPU second of the service's
own process: client and service share the machine. Results go to bench/results/local-*.jsonl."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from bench.harness import machine, results, services  # noqa: E402

RUNS = int(os.environ.get("RUNS", "5"))
RECORDS = int(os.environ.get("RECORDS", "1000000"))
SHARDS = 10000
SUBSCRIPTIONS = 1000
# Of kinesalite: it takes about a hundred times as long. In JSON only: it cuts its CBOR replies off at 16 KiB.
PEER_RECORDS = 20000


def measured(service, *args):
    watch = machine.Watch(service=service.pid)
    found = services.drive(*args, "--pid", service.pid)
    return {**found, **{k: v for k, v in watch.stop().items() if k in ("foreign_cores", "disturbed")}}


def repeated(out, what, data_set, *cases):
    """cases: (name, service, arguments of bench-drive) measured in turn; a Figures each."""
    runs = {name: [] for name, _, _ in cases}
    for i in range(RUNS):
        for name, service, args in cases:
            runs[name].append(measured(service, *[a(i) if callable(a) else a for a in args]))
    return [(name, out.add(f"{what}: {name}", data_set, runs[name])) for name, _, _ in cases]


def show_get(found):
    results.table("GetRecords, pages of 10,000 records", ["", "MB/s", "records/s", "MB/s a core", "records/s a core"],
                  [[name, f.show("mb_per_s"), f.show("records_per_s"), f.show("mb_per_service_cpu_s"), f.show("records_per_service_cpu_s")]
                   for name, f in found])


def get_records(out, peer):
    service = services.LocalService("--generate", f"demo:shards=32,records={RECORDS},seed=1")
    fill(peer)
    cases = [(f"{program}, {'HTTPS' if tls else 'HTTP'}, {'CBOR' if cbor else 'JSON'}", which,
              ["get", "demo", *(which.where(tls) if which is service else which.where()), "-r", rounds, *(["--cbor"] if cbor else [])])
             for program, which, tls, rounds in [("shardcopy-local", service, False, 10), ("shardcopy-local", service, True, 5),
                                                 ("kinesalite", peer, False, 3)]
             for cbor in (False, True) if which is service or not cbor]
    show_get(repeated(out, "GetRecords", f"sensors, {RECORDS} records, 32 shards; kinesalite: {PEER_RECORDS} of 124 bytes", *cases))
    service.stop()


def fill(peer):
    services.drive("create", "demo", "--shards", 4, *peer.where())
    services.drive("put", "demo", *peer.where(), "-n", PEER_RECORDS, "-c", 4)


def put_records(out, peer):
    """A stream a run, since what is put stays."""
    memory, disk = services.LocalService(), services.LocalService("--data-dir", f"{services.temporary_folder('kept')}/data")
    for service in (memory, disk):
        for i in range(RUNS):
            services.drive("create", f"put{i}", "--shards", 4, *service.where())
    cases = [(f"{program}, HTTP, {'CBOR' if cbor else 'JSON'}", which,
              ["put", stream, *which.where(), "-n", n, *(["--cbor"] if cbor else [])])
             for program, which, n, stream in [("shardcopy-local", memory, RECORDS, "put{}".format),
                                               ("shardcopy-local --data-dir", disk, RECORDS, "put{}".format),
                                               ("kinesalite", peer, PEER_RECORDS // 4, "demo")]
             for cbor in (False, True) if which is not peer or not cbor]
    found = repeated(out, "PutRecords", "records of 124 bytes, 500 a call, 8 connections", *cases)
    results.table("PutRecords, records of 124 bytes, 500 a call", ["", "records/s", "records/s a core"],
                  [[name, f.show("records_per_s"), f.show("records_per_service_cpu_s")] for name, f in found])
    memory.stop()
    disk.stop()


def many_shards_run():
    """A service of its own, since its memory is looked at."""
    service = services.LocalService()
    empty = machine.rss_bytes(service.pid)
    services.drive("create", "wide", "--shards", SHARDS, *service.where())
    made = machine.rss_bytes(service.pid)
    found = measured(service, "poll", "wide", *service.where())
    polled = machine.rss_bytes(service.pid)
    service.stop()
    return {**found, "rss_per_shard": (made - empty) / SHARDS, "rss_per_polled_shard": (polled - empty) / SHARDS}


def many_shards(out):
    f = out.add("many shards", f"{SHARDS} shards without records", [many_shards_run() for _ in range(RUNS)])
    results.table(f"{SHARDS:,} shards, none with records",
                  ["", "list ms", "iterator + GetRecords /s", "calls/s a core", "bytes a shard", "after a poll of each"],
                  [["shardcopy-local, HTTP, JSON", f"{f.median('list_s') * 1000:,.1f}", f.show("calls_per_s"),
                    f.show("calls_per_service_cpu_s"), f.show("rss_per_shard"), f.show("rss_per_polled_shard")]])


def subscribed_run(shards):
    """A consumer is new in each run, and a stream takes few of them: a service of its own."""
    service = services.LocalService("--generate", f"wide:shards={shards},records={RECORDS};idle:shards={shards}")
    before = machine.rss_bytes(service.pid)
    idle = measured(service, "subscribe", "idle", *service.where(), "-c", shards, "--seconds", 12)
    busy = measured(service, "subscribe", "wide", *service.where(), "-c", shards, "--records", RECORDS, "--seconds", 120)
    service.stop()
    if (idle["calls"], busy["calls"], busy["records"]) != (shards, shards, RECORDS):
        raise SystemExit(f"{busy['calls']} of {shards} subscriptions, {busy['records']} of {RECORDS} records")
    return {**busy, "idle_events": idle["events"], "idle_cores": idle["service_cpu_s"] / idle["wall_s"],
            "rss_per_subscription": (idle["service_rss"] - before) / shards, "disturbed": idle["disturbed"] or busy["disturbed"]}


def subscriptions(out):
    f = out.add("subscriptions", f"{SUBSCRIPTIONS} shards, {RECORDS} sensors", [subscribed_run(SUBSCRIPTIONS) for _ in range(RUNS)])
    results.table(f"{SUBSCRIPTIONS:,} concurrent subscriptions, one connection each",
                  ["", "MB/s", "records/s", "MB/s a core", "records/s a core", "idle cores", "bytes each, idle"],
                  [["shardcopy-local, HTTP/1.1", f.show("mb_per_s"), f.show("records_per_s"), f.show("mb_per_service_cpu_s"),
                    f.show("records_per_service_cpu_s"), f.show("idle_cores", 3), f.show("rss_per_subscription")]])


def main():
    out = results.Results("local")
    peer = services.Kinesalite()
    get_records(out, peer)
    put_records(out, peer)
    peer.stop()
    many_shards(out)
    subscriptions(out)
    print(f"\n{out.path}")


if __name__ == "__main__":
    main()
