"""Runs each fuzz target (build/fuzz/fuzz_NAME) over tests/fuzz/corpus/NAME, file by file in one process.

A target is passed when it took every file; a crash names the file it was at. A target without a corpus fails: it would
test nothing."""
import os
import subprocess
import sys

CORPUS = "tests/fuzz/corpus"
# What runs a program that is built for another machine.
EMULATOR = os.environ.get("EMULATOR", "").split()
DEADLINE_S = 60


def replay(program):
    name = os.path.basename(program).removeprefix("fuzz_")
    folder = os.path.join(CORPUS, name)
    files = sorted(os.path.join(folder, f) for f in os.listdir(folder)) if os.path.isdir(folder) else []
    if not files:
        print(f"FAILED {program}: no files in {folder}")
        return 0, 1
    done = subprocess.run([*EMULATOR, program, *files], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=DEADLINE_S, check=False)
    if done.returncode != 0:
        print(f"FAILED {program} (exit status {done.returncode})\n{done.stdout.decode('utf-8', 'replace')[-4000:]}")
        return 0, 1
    return len(files), 0


def main(programs):
    verdicts = [replay(program) for program in programs]
    passed, failed = (sum(column) for column in zip(*verdicts)) if verdicts else (0, 0)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
