"""The stages of the data path, each beside its reference: runs bench-micro, prints the table, keeps the results.

  micro.py [--pairs N] [--ms N] [--seed N] PROFILE|FILE...

A file is NDJSON, a record a line. Results go to bench/results/micro-*.jsonl."""
import argparse
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from bench.harness import machine, results, services  # noqa: E402


def measured(args):
    """The lines of bench-micro, as they come."""
    command = [f"{services.BUILD}/bench-micro", f"--pairs={args.pairs}", f"--ms={args.ms}", f"--seed={args.seed}",
               f"--settle={os.environ.get('SETTLE', '0')}", *args.data]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            yield json.loads(line)
    if process.returncode != 0:
        raise SystemExit(f"bench-micro ended with {process.returncode}")


def kept(out, found):
    """A result line's Figures. Runs that others disturbed are marked."""
    for run in found["runs"]:
        run["disturbed"] = run.get("foreign_cores", 0) > machine.FOREIGN_CORES
    return out.add(f"{found['stage']} beside {found['reference']}", found["data_set"], found["runs"])


def row(found, figures):
    return [found["stage"], found["data_set"], figures.show("mb_per_s"), figures.show("ns_per_item", 1), found["item"], found["reference"],
            figures.show("reference_mb_per_s"), figures.show("reference_ns_per_item", 1), figures.show("ratio", 2),
            f"{figures.spread('ns_per_item'):.0%}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--ms", type=int, default=100, help="of each run; default 100")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("data", nargs="+", metavar="PROFILE|FILE")
    args = parser.parse_args()
    out, rows = results.Results("micro"), []
    for found in measured(args):
        rows.append(row(found, kept(out, found)))
        print(".", end="", flush=True)
    results.table("Stages of the data path; ratio: time of the reference / time of the stage; spread: of the stage",
                  ["stage", "data", "MB/s", "ns", "each", "reference", "MB/s", "ns", "ratio", "spread"], rows)
    print(f"\n{out.path}")


if __name__ == "__main__":
    main()
