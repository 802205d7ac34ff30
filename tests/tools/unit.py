"""Runs the cmocka programs given, two at a time, prints what failed and "N passed, N failed".

A program that crashes, hangs or ends without naming a failed test counts as one failure."""
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

# What runs a program that is built for another machine.
EMULATOR = os.environ.get("EMULATOR", "").split()
DEADLINE_S = 120
SLOW_S = 2.0
RESULT = re.compile(r"^(not )?ok \d+ - (.*)$", re.MULTILINE)


def run(program):
    env = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP")
    start = time.monotonic()
    try:
        done = subprocess.run([*EMULATOR, program], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=DEADLINE_S, check=False)
        output, status = done.stdout.decode("utf-8", "replace"), done.returncode
    except subprocess.TimeoutExpired as late:
        output, status = (late.stdout or b"").decode("utf-8", "replace") + f"\nno end after {DEADLINE_S} s\n", -1
    return program, output, status, time.monotonic() - start


def judge(program, output, status, seconds):
    results = RESULT.findall(output)
    failed = [name for bad, name in results if bad]
    passed = len(results) - len(failed)
    trouble = len(failed) or (1 if status != 0 or not results else 0)
    if trouble:
        print(f"FAILED {program} (exit status {status}): {', '.join(failed)}\n{output}")
    elif seconds > SLOW_S and not re.search(r"^build-", program):
        print(f"slow: {program} took {seconds:.1f} s")
    return passed, trouble


def main(programs):
    with ThreadPoolExecutor(max_workers=2) as pool:
        verdicts = [judge(*outcome) for outcome in pool.map(run, programs)]
    passed, failed = (sum(column) for column in zip(*verdicts)) if verdicts else (0, 0)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
