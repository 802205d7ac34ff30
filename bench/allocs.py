"""Allocations a GetRecords reply, by thread, our own apart from the libraries': a load of many replies beside one of few.

  allocs.py [--replies N]

What the engine keeps for itself (blocks, scratch) is there after the first replies, with --memory as small as here; so the difference of two
loads is what a reply costs. From a complete body to PQputCopyData nothing is to be allocated: ends with 1 when parse threads, or write threads
that write to nothing, go on doing so. A fetch thread's own allocations come before a body is complete (its room), a write thread's behind
its rows (the statement of a commit)."""
import argparse
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from bench.harness import results, services  # noqa: E402

LIMIT = 1000  # records a reply
NOISE = 0.05  # a reply: a block more or less that was in use at one time
SHARDS = 8


def counted(replies, protocol, postgres):
    """{thread: (own, libraries)} of one load."""
    service = services.LocalService("--generate", f"demo:shards={SHARDS},records={replies * LIMIT},seed=1,profile=readings")
    path = f"{services.temporary_folder('allocs')}/counts"
    env = {**os.environ, "LD_PRELOAD": f"{services.BUILD}/count-allocs.so", "COUNT_ALLOCS": path}
    if postgres is not None:
        postgres.sql("DROP TABLE IF EXISTS demo, kinesis_checkpoints, kinesis_dead_letters")
    subprocess.run([f"{services.BUILD}/shardcopy", "load", "kinesis://demo", "null:" if postgres is None else postgres.url, "--endpoint", service.https,
                    "--ca-bundle", service.ca_file, "--quiet", f"--limit={LIMIT}", f"--protocol={protocol}", "--memory=96MiB"],
                   env=env, check=True, stderr=subprocess.DEVNULL)
    service.stop()
    found = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            name, own, libraries = line.rstrip("\n").split("\t")
            found[name] = (int(own), int(libraries))
    return found


def measure(out, target, protocol, postgres, replies):
    few, many = (counted(n, protocol, postgres) for n in (replies, replies * 4))
    rows, is_clean = [], True
    for name in sorted(many):
        before = few.get(name, (0, 0))
        own, libraries = ((many[name][i] - before[i]) / (replies * 3) for i in range(2))
        out.add(f"allocations, {name} to {target}", f"readings, {protocol}", [{"own_a_reply": own, "libraries_a_reply": libraries}])
        rows.append([name, f"{before[0]:,}", f"{many[name][0]:,}", f"{own:.3f}", f"{libraries:.1f}"])
        is_path = name.startswith("parse") or (name.startswith("write") and postgres is None)
        is_clean = is_clean and not (is_path and own > NOISE)
    results.table(f"To {target}, {protocol}: allocations of a load of {replies} replies and of {replies * 4}",
                  ["thread", "own, few", "own, many", "own a reply", "libraries a reply"], rows)
    return is_clean


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--replies", type=int, default=150)
    args = parser.parse_args()
    out, postgres = results.Results("allocs"), services.Postgres()
    clean = [measure(out, name, protocol, target, args.replies)
             for name, target in (("null:", None), ("PostgreSQL", postgres)) for protocol in ("json", "cbor")]
    print(f"\n{out.path}")
    return 0 if all(clean) else 1


if __name__ == "__main__":
    sys.exit(main())
