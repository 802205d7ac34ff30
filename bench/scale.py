"""Many shards: one load with --follow into PostgreSQL, of streams of 1 to 10,000 shards, with the same records a second whatever their
number.

  scale.py [--shards N,N,...] [--seconds S] [--rate RECORDS] [--records N,N,...]

For each: CPU and memory of the engine while nothing comes, while records come in one of a hundred shards, and in all. The service paces
nothing; the engine polls as it does by itself. Then bounded loads to null: of the same records, spread over more and more shards. Results go to bench/results/scale-*.jsonl."""
import argparse
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from bench.harness import machine, results, services  # noqa: E402

FIRST = 20000  # records, for the table to be made and every shard to be read once


class Load(services.Program):
    """shardcopy load --follow. Ended as a person would: by one Ctrl-C."""

    def __init__(self, service, postgres):
        folder = services.temporary_folder("scale")
        super().__init__([f"{services.BUILD}/shardcopy", "load", "kinesis://demo", postgres.url, "--endpoint", service.https, "--ca-bundle",
                          service.ca_file, "--follow", "--quiet"], folder, "load")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=60)


class Bench:
    """A stream of so many shards and a load that follows it."""

    def __init__(self, postgres, shards, args):
        self.postgres, self.shards, self.args, self.sent = postgres, shards, args, 0
        postgres.sql("DROP TABLE IF EXISTS demo, kinesis_checkpoints, kinesis_dead_letters")
        self.service = services.LocalService("--generate", f"demo:shards={shards}")
        self.put(FIRST, 0)
        self.load = Load(self.service, postgres)
        self.wait_for_rows()

    def put(self, records, rate, keys=10 ** 9):
        services.drive(*self.put_command(records, rate, keys)[1:])
        self.sent += records

    def put_command(self, records, rate, keys):
        return [f"{services.BUILD}/bench-drive", "put", "demo", *self.service.where(), "-n", records, "--rate", rate, "--keys", keys, "-c", 1]

    def rows(self):
        if not self.postgres.sql("SELECT to_regclass('demo')"):
            return 0
        return int(self.postgres.sql("SELECT count(*) FROM demo")) + int(self.postgres.sql("SELECT count(*) FROM kinesis_dead_letters"))

    def wait_for_rows(self):
        services.wait_until(lambda: self.load.output() is not None and self.rows() >= self.sent, f"{self.sent} rows", 120)

    def measured(self, during):
        """What the engine takes while `during` runs, until all its records are rows."""
        watch = machine.Watch(load=self.load.pid, service=self.service.pid, postgres=self.postgres.pid)
        records = during()
        seen = watch.stop()
        run = {"cores": seen["cpu_s"]["load"] / seen["wall_s"], "rss_mib": machine.rss_bytes(self.load.pid) / 2 ** 20,
               "service_cores": seen["cpu_s"]["service"] / seen["wall_s"], "postgres_cores": seen["cpu_s"]["postgres"] / seen["wall_s"],
               "foreign_cores": seen["foreign_cores"], "disturbed": seen["disturbed"]}
        if records:
            run.update(rows_per_s=records / seen["wall_s"], engine_us=seen["cpu_s"]["load"] * 1e6 / records)
        return run

    def idle(self):
        time.sleep(self.args.seconds)
        return 0

    def busy(self, keys):
        records = self.args.rate * self.args.seconds
        with subprocess.Popen([str(w) for w in self.put_command(records, self.args.rate, keys)], stdout=subprocess.DEVNULL) as process:
            process.wait()
        self.sent += records
        self.wait_for_rows()
        return records

    def run(self):
        time.sleep(2)  # every shard has been seen at its tip, and polls are stretched
        found = {"idle": self.measured(self.idle),
                 "few": self.measured(lambda: self.busy(max(1, self.shards // 100))),
                 "all": self.measured(lambda: self.busy(10 ** 9))}
        self.load.stop()
        self.service.stop()
        return found


def bounded_run(service, records):
    """A load to null: from the beginning to the tips."""
    watch = machine.Watch(service=service.pid)
    own = services.timed([f"{services.BUILD}/shardcopy", "load", "kinesis://demo", "null:", "--endpoint", service.https, "--ca-bundle",
                          service.ca_file, "--quiet"])
    seen = watch.stop()
    return {"rows_per_s": records / seen["wall_s"], "engine_us": own * 1e6 / records, "service_us": seen["cpu_s"]["service"] * 1e6 / records,
            "foreign_cores": seen["foreign_cores"], "disturbed": seen["disturbed"]}


def bounded(out, shards, records, runs):
    service = services.LocalService("--generate", f"demo:shards={shards},records={records},profile=readings")
    f = out.add(f"{shards} shards, bounded", f"readings, {records} records", [bounded_run(service, records) for _ in range(runs)])
    service.stop()
    return [f"{shards:,}", f.show("rows_per_s"), f.show("engine_us", 3), f.show("service_us", 3)]


def row(shards, figures):
    idle, few, busy = (figures[name] for name in ("idle", "few", "all"))
    return [f"{shards:,}", idle.show("cores", 3), idle.show("rss_mib"), few.show("cores", 3), few.show("engine_us", 2),
            busy.show("rows_per_s"), busy.show("cores", 3), busy.show("engine_us", 2), busy.show("rss_mib")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--shards", default="1,8,64,1000,10000")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rate", type=int, default=20000)
    parser.add_argument("--records", default="1000000,8000000", help="of the bounded loads: thin pages and full ones")
    parser.add_argument("--runs", type=int, default=5, help="of each bounded load")
    args = parser.parse_args()
    out, postgres, rows = results.Results("scale"), services.Postgres(), []
    for shards in map(int, args.shards.split(",")):
        found = Bench(postgres, shards, args).run()
        rows.append(row(shards, {name: out.add(f"{shards} shards, {name}", f"{args.rate} records/s of 124 bytes", [run])
                                 for name, run in found.items()}))
        print(".", end="", flush=True)
    results.table(f"--follow into PostgreSQL, {args.rate:,} records/s; cores and RSS of the engine",
                  ["shards", "idle cores", "idle MiB", "1 % busy: cores", "us a record", "all busy: rows/s", "cores", "us a record", "MiB"], rows)
    for records in map(int, args.records.split(",")):
        results.table(f"bounded loads to null: of the same {records:,} readings", ["shards", "records/s", "engine us", "service us"],
                      [bounded(out, int(shards), records, args.runs) for shards in args.shards.split(",")])
    print(f"\n{out.path}")


if __name__ == "__main__":
    main()
