"""make bench-plots: the charts of docs/ from the newest results in bench/results, by gnuplot."""
import glob
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from bench.harness import results  # noqa: E402

HEAD = """set terminal svg size {width},{height} font 'sans-serif,13' background '#ffffff'
set output '{path}'
set border 3 lc '#888888'
set tics nomirror textcolor '#333333'
set grid y lc '#dddddd' lt 1
set key above left reverse Left textcolor '#333333' samplen 1.5
set title '{title}' textcolor '#111111' font ',15'
set style fill solid 0.9 noborder
set linetype 1 lc '#2166ac'
set linetype 2 lc '#67a9cf'
set linetype 3 lc '#bbbbbb'
"""


def newest(name):
    """The lines of all results of that name, what was measured last for each (what, data set): {what: [line, ...]}."""
    found = {}
    for path in sorted(glob.glob(f"{results.FOLDER}/{name}-*.jsonl")):
        with open(path, encoding="utf-8") as file:
            for line in map(json.loads, file):
                found[(line["what"], line["data_set"].split(",")[0])] = line
    return found


def draw(path, title, width, height, script):
    head = HEAD.format(path=path, title=title, width=width, height=height)
    subprocess.run(["gnuplot"], input=head + script, text=True, check=True)
    print(path)


def block(rows):
    """Data of gnuplot: columns in quotes where they are texts."""
    return "\n".join(" ".join(f'"{v}"' if isinstance(v, str) else f"{v:g}" for v in row) for row in rows)


def to_postgres(found):
    """Rows a second beside \\copy, for one writer and for two."""
    sides = ["shardcopy, json", "shardcopy, cbor", "psql \\copy binary"]
    rows = []
    for writers in ("1 writer", "2 writers"):
        lines = [found.get((f"to PostgreSQL, {writers}, default metadata: {side}", "readings")) for side in sides]
        if all(lines):
            rows.append([writers, *[line["median"]["rows_per_s"] / 1e6 for line in lines]])
    if rows:
        draw("docs/benchmarks-postgres.svg", "Kinesis to PostgreSQL, records of 124 bytes, 2 cores for everything", 640, 360, f"""$d << END
{block(rows)}
END
set style data histogram
set style histogram clustered gap 1.5
set boxwidth 0.9
set yrange [0:*]
set ylabel 'million rows a second'
plot $d using 2:xtic(1) title 'shardcopy, JSON' lt 1, '' using 3 title 'shardcopy, CBOR' lt 2, '' using 4 title 'psql \\\\copy of the same rows, binary file' lt 3
""")


def stages(found):
    """Nanoseconds a record of each stage beside its reference."""
    rows = [[what.split(" beside ")[0], line["median"]["ns_per_item"], line["median"]["reference_ns_per_item"]]
            for (what, data), line in found.items() if data == "readings" or what.startswith("fetch")]
    if rows:
        draw("docs/benchmarks-stages.svg", "Nanoseconds a record of 124 bytes, stage by stage", 720, 380, f"""$d << END
{block(rows)}
END
set style data histogram
set style histogram clustered gap 1
set boxwidth 0.9
set yrange [0:*]
set xtics rotate by -20

set ylabel 'ns'
plot $d using 2:xtic(1) title 'stage' lt 1, '' using 3 title 'reference: memcpy, a simdjson walk, libcurl' lt 3
""")


def scale(found):
    """Cores of one load that follows, over the number of shards."""
    rows = {}
    for (what, _), line in found.items():
        shards, _, rest = what.partition(" shards, ")
        if rest in ("idle", "few", "all"):
            rows.setdefault(int(shards), {})[rest] = line["median"]["cores"]
    if rows:
        table = [[n, its["idle"], its["few"], its["all"]] for n, its in sorted(rows.items()) if len(its) == 3]
        draw("docs/benchmarks-scale.svg", "Cores of a load that follows, by the number of shards", 640, 360, f"""$d << END
{block(table)}
END
set logscale x
set yrange [0:*]
set xlabel 'shards'
set ylabel 'cores'
plot $d using 1:4 with linespoints lt 1 lw 2 pt 7 title 'records in all of them', '' using 1:3 with linespoints lt 2 lw 2 pt 7 title 'in one of a hundred', '' using 1:2 with linespoints lt 3 lw 2 pt 7 title 'idle'
""")


def main():
    to_postgres(newest("e2e"))
    stages(newest("micro"))
    scale(newest("scale"))

if __name__ == "__main__":
    main()
