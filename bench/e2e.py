"""End to end: Kinesis (the local service over HTTPS, limits off, 32 shards) to null: and to PostgreSQL, beside `psql \\copy` of the very
same rows ready-made in PostgreSQL's own binary format.

  e2e.py [--pairs N] [--scale F] PROFILE...

bound rows/s: all CPUs / (CPU of engine, PostgreSQL and service a row), as measured in that run; spread: (most - least) / median.

Runs of all sides follow one another, CHECKPOINT before each, into a table made new each time. CPU seconds of the engine (or psql), of
PostgreSQL and of the service are counted apart. Results go to bench/results/e2e-*.jsonl."""
import argparse
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from bench.harness import machine, results, services  # noqa: E402

RECORDS = {"readings": 5000000, "events": 300000, "wide": 250000, "tiny": 3000000, "large": 1500}
SHARDS = 32
ALL_METADATA = "shard,sequence,arrival,partition-key,stream,message-id,envelope,sub-sequence"
PROTOCOLS = ["json", "cbor"]


class Bench:
    """What is measured, on what, for one profile."""

    def __init__(self, out, postgres, profile, scale, pairs):
        self.out, self.postgres, self.profile, self.pairs = out, postgres, profile, pairs
        self.records = max(1, int(RECORDS[profile] * scale))
        self.service = services.LocalService("--generate", f"demo:shards={SHARDS},records={self.records},seed=1,profile={profile}")

    def load(self, target, *args):
        return [f"{services.BUILD}/shardcopy", "load", "kinesis://demo", target, "--endpoint", self.service.https, "--ca-bundle",
                self.service.ca_file, "--quiet", *args]

    def measured(self, *commands):
        watch = machine.Watch(postgres=self.postgres.pid, service=self.service.pid)
        own = services.timed(*commands)
        seen = watch.stop()
        cpu = {"engine": own, "postgres": seen["cpu_s"]["postgres"], "service": seen["cpu_s"]["service"]}
        return {"rows_per_s": self.records / seen["wall_s"], "wall_s": seen["wall_s"],
                **{f"{name}_us": seconds * 1e6 / self.records for name, seconds in cpu.items()},
                "bound_rows_per_s": machine.CPUS * self.records / sum(cpu.values()),
                "foreign_cores": seen["foreign_cores"], "disturbed": seen["disturbed"]}

    def add(self, what, runs):
        return self.out.add(what, f"{self.profile}, {self.records} records, {SHARDS} shards", runs)

    # ---- to null: ----

    def null(self):
        """Beside a libcurl loop that throws the same bodies away."""
        runs = {}
        for cbor in ([], ["--cbor"]):  # the first reading in CBOR makes it
            services.drive("get", "demo", *self.service.where(tls=True), *cbor)
        for _ in range(self.pairs):
            for protocol in PROTOCOLS:
                runs.setdefault(f"to null:, {protocol}", []).append(self.measured(self.load("null:", f"--protocol={protocol}")))
                fetch = [f"{services.BUILD}/bench-drive", "get", "demo", *self.service.where(tls=True), "--discard", "--connections", 8,
                         *(["--cbor"] if protocol == "cbor" else [])]
                runs.setdefault(f"libcurl alone, {protocol}", []).append(self.measured(fetch))
        found = [(name, self.add(name, its)) for name, its in runs.items()]
        results.table(f"{self.profile}: Kinesis over HTTPS to null:, {self.records:,} records",
                      ["", "records/s", "spread", "own CPU us", "spread", "service CPU us"],
                      [[name, f.show("rows_per_s"), f"{f.spread('rows_per_s'):.0%}", f.show("engine_us", 3), f"{f.spread('engine_us'):.0%}",
                        f.show("service_us", 3)] for name, f in found])

    # ---- to PostgreSQL ----

    def postgres_pairs(self, writers, metadata, protocols):
        """Loads by each protocol and the \\copy of what they loaded, in turn."""
        args = [f"--write-threads={writers}", *([] if metadata is None else [f"--metadata={metadata}"])]
        self.prepare_copy(writers, args)
        sides = {f"shardcopy, {p}": (self.fresh_for_load, [self.load(self.postgres.url, f"--protocol={p}", *args)]) for p in protocols}
        sides["psql \\copy binary"] = (self.fresh_for_copy, self.copies(writers))
        runs = {name: [] for name in sides}
        for _ in range(self.pairs):
            for name, (prepare, commands) in sides.items():
                prepare()
                self.postgres.sql("CHECKPOINT")
                run = self.measured(*commands)
                self.check_count(name)
                runs[name].append(run)
        self.show(writers, metadata, runs)

    def show(self, writers, metadata, runs):
        names = {None: "default metadata", "none": "no metadata"}
        what = f"{writers} writer{'s' if writers > 1 else ''}, {names.get(metadata, 'all metadata')}"
        found = {name: self.add(f"to PostgreSQL, {what}: {name}", self.with_ratio(its, runs["psql \\copy binary"]))
                 for name, its in runs.items()}
        bytes_a_row = int(self.postgres.sql("SELECT pg_relation_size('copied')")) / self.records
        results.table(f"{self.profile}: to PostgreSQL, {what}, {self.records:,} rows of {bytes_a_row:,.0f} bytes on disk",
                      ["", "rows/s", "spread", "of \\copy", "bound rows/s", "of bound", "own CPU us", "PostgreSQL us", "service us"],
                      [[name, f.show("rows_per_s"), f"{f.spread('rows_per_s'):.0%}", f.show("of_copy", 2), f.show("bound_rows_per_s"), f.show("of_bound", 2),
                        f.show("engine_us", 3), f.show("postgres_us", 3), f.show("service_us", 3)] for name, f in found.items()])

    @staticmethod
    def with_ratio(runs, copies):
        """Each run beside the \\copy of its own round."""
        return [{**run, "of_copy": run["rows_per_s"] / copy["rows_per_s"], "of_bound": run["rows_per_s"] / run["bound_rows_per_s"],
                 "disturbed": run["disturbed"] or copy["disturbed"]} for run, copy in zip(runs, copies)]

    def fresh_for_load(self):
        self.postgres.sql("DROP TABLE IF EXISTS demo, copied, kinesis_checkpoints, kinesis_dead_letters")

    def fresh_for_copy(self):
        self.postgres.sql("DROP TABLE IF EXISTS copied", "CREATE TABLE copied (LIKE model)")

    def prepare_copy(self, writers, args):
        """The rows of a first load, as files of PostgreSQL's own format, one for each writer. Their table is kept as a model: the columns of
        another load may come in another order."""
        self.fresh_for_load()
        services.timed(self.load(self.postgres.url, *args))
        self.check_count("shardcopy")
        self.postgres.sql("DROP TABLE IF EXISTS model", "CREATE TABLE model (LIKE demo)")
        for i in range(writers):
            self.postgres.sql(f"\\copy (SELECT * FROM demo WHERE (ctid::text::point)[0]::bigint % {writers} = {i}) "
                              f"TO '{self.postgres.folder}/rows{i}' (FORMAT binary)")

    def copies(self, writers):
        return [self.postgres.psql(f"\\copy copied FROM '{self.postgres.folder}/rows{i}' (FORMAT binary)") for i in range(writers)]

    def check_count(self, name):
        table = "copied" if name.startswith("psql") else "demo"
        count = int(self.postgres.sql(f"SELECT count(*) FROM {table}"))
        if count != self.records:
            raise SystemExit(f"{name}: {count} rows of {self.records}")


def run_profile(out, postgres, profile, args):
    bench = Bench(out, postgres, profile, args.scale, args.pairs)
    bench.null()
    bench.postgres_pairs(1, None, PROTOCOLS)
    if profile == "readings":
        bench.postgres_pairs(2, None, PROTOCOLS)
        bench.postgres_pairs(1, "none", ["json"])
        bench.postgres_pairs(1, ALL_METADATA, ["json"])
    bench.service.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of records")
    parser.add_argument("profiles", nargs="+", choices=sorted(RECORDS))
    args = parser.parse_args()
    out, postgres = results.Results("e2e"), services.Postgres()
    for profile in args.profiles:
        run_profile(out, postgres, profile, args)
    print(f"\n{out.path}")


if __name__ == "__main__":
    main()
