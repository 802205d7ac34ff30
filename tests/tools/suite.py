"""Runs one suite of `make test`: passes its output through, counts from its last "N passed, N failed" line, times it.

  suite.py --results FILE [--must] NAME BUDGET_SECONDS -- COMMAND...   runs; with --must a failure ends make
  suite.py --results FILE --total                                      the table, the sum, and the verdict

A suite over its budget is pointed out; one that takes three times as long is ended and counts as failed.
"""
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

COUNTS = re.compile(r"(\d+) passed, (\d+) failed")
HANG_FACTOR = 3


def run(command, deadline_s):
    """The suite's counts, whether it ended in time, and its exit status. Its output is passed on as it comes."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                               close_fds=False, start_new_session=True)
    hung = threading.Event()

    def end():
        hung.set()
        os.killpg(process.pid, signal.SIGKILL)

    timer = threading.Timer(deadline_s, end)
    timer.start()
    counts = (0, 0)
    try:
        for line in process.stdout:
            found = COUNTS.search(line)
            if found:
                counts = (int(found.group(1)), int(found.group(2)))
            else:
                print(line, end="", flush=True)
        status = process.wait()
    except KeyboardInterrupt:
        os.killpg(process.pid, signal.SIGINT)
        process.wait()
        sys.exit(130)
    finally:
        timer.cancel()
    return counts, hung.is_set(), status


def verdict(result):
    took, budget = result["seconds"], result["budget"]
    over = "  over its budget" if took > budget else ""
    ended = f"  ended after {took:.0f} s" if result["hung"] else over
    return (f"{result['name']:12} {result['passed']:6} passed {result['failed']:4} failed "
            f"{took:6.1f} s of {budget:3d} s{ended}")


def one(results, name, budget, command, must):
    print(f"== {name} (budget {budget} s)", flush=True)
    start = time.monotonic()
    (passed, failed), hung, status = run(command, budget * HANG_FACTOR)
    if (status != 0 or hung) and failed == 0:
        failed = 1
    result = {"name": name, "passed": passed, "failed": failed, "seconds": time.monotonic() - start,
              "budget": budget, "hung": hung}
    print(verdict(result), flush=True)
    with open(results, "a", encoding="utf-8") as out:
        out.write(json.dumps(result) + "\n")
    return 1 if must and failed else 0


def total(results):
    with open(results, encoding="utf-8") as lines:
        suites = [json.loads(line) for line in lines]
    print()
    for suite in suites:
        print(verdict(suite))
    passed = sum(suite["passed"] for suite in suites)
    failed = sum(suite["failed"] for suite in suites)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def main(argv):
    results = argv[argv.index("--results") + 1]
    if "--total" in argv:
        return total(results)
    split = argv.index("--")
    name, budget = argv[split - 2], int(argv[split - 1])
    return one(results, name, budget, argv[split + 1:], "--must" in argv[:split])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
