"""Results as lines of JSON in bench/results, and as tables on the terminal. A figure is the median of its runs; runs that others
disturbed are left out when enough undisturbed ones remain, else the figure is marked with *."""
import json
import os
import statistics

from . import machine

FOLDER = "bench/results"
ENOUGH = 3


class Results:
    """One file of one invocation."""

    def __init__(self, name):
        self.facts = machine.facts()
        os.makedirs(FOLDER, exist_ok=True)
        stamp = self.facts["date"].replace(":", "").replace("-", "")
        self.path = f"{FOLDER}/{name}-{stamp}.jsonl"
        print(f"{self.facts['cpu']}, {self.facts['cpus']} CPUs, Linux {self.facts['kernel']}, commit {self.facts['commit']}"
              f"{' (changed)' if self.facts['dirty'] else ''}", flush=True)

    def add(self, what, data_set, runs):
        """runs: {"figure": value, ..., "disturbed": bool} each. Returns the Figures over them."""
        figures = Figures(runs)
        with open(self.path, "a", encoding="utf-8") as file:
            line = {**self.facts, "what": what, "data_set": data_set, "runs": runs, "median": figures.medians(),
                    "spread": figures.spreads(), "marked": figures.is_marked}
            file.write(json.dumps(line) + "\n")
        return figures


class Figures:
    """Medians over the runs."""

    def __init__(self, runs):
        calm = [run for run in runs if not run.get("disturbed")]
        self.is_marked = len(calm) < min(ENOUGH, len(runs))
        self.runs = runs if self.is_marked else calm

    def values(self, name):
        return [run[name] for run in self.runs if run.get(name) is not None]

    def median(self, name):
        values = self.values(name)
        return statistics.median(values) if values else None

    def _names(self):
        return [n for n, v in self.runs[0].items() if isinstance(v, (int, float)) and not isinstance(v, bool)]

    def medians(self):
        return {name: self.median(name) for name in self._names()}

    def spread(self, name):
        """(largest - smallest) / median."""
        values, median = self.values(name), self.median(name)
        return round((max(values) - min(values)) / abs(median), 4) if median else None

    def spreads(self):
        return {name: self.spread(name) for name in self._names()}

    def show(self, name, digits=0):
        """"1,234.5", with * when it is marked; "-" when there is none."""
        value = self.median(name)
        return "-" if value is None else f"{value:,.{digits}f}{'*' if self.is_marked else ''}"


def table(title, head, rows):
    """Prints rows of texts; the first column to the left, the others to the right."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    print(f"\n{title}")
    for row in [head, *rows]:
        print("  " + "  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))))
    if any(cell.endswith("*") for row in rows for cell in row):
        print("  * others were at work on this machine during these runs")
