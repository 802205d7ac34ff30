"""What the program says at its end: the counters of the summary line."""
import re

COUNTERS = ("records", "rows", "dead_letters", "filtered")


def summary(program):
    """The counters of the last line that has them all, as a dict."""
    for line in reversed(program.err.splitlines()):
        found = {name: re.search(rf"\b{name}=(\d+)", line) for name in COUNTERS}
        if all(found.values()):
            return {name: int(match.group(1)) for name, match in found.items()}
    raise AssertionError(f"no summary line\n{program.story()}")


def assert_adds_up(program, **expected):
    """records in = rows + dead letters + filtered, and each as expected."""
    counters = summary(program)
    assert counters["records"] == counters["rows"] + counters["dead_letters"] + counters["filtered"]
    for name, value in expected.items():
        assert counters[name] == value, f"{name}\n{program.story()}"
