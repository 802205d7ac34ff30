"""What a figure was measured on, what processes used, and whether somebody else was at work meanwhile (proc(5))."""
import os
import platform
import subprocess
import time

TICK = os.sysconf("SC_CLK_TCK")
CPUS = os.cpu_count()
# Others may take this much of one core in a run that counts as undisturbed.
FOREIGN_CORES = 0.10


def facts():
    """What every line of results begins with."""
    return {"commit": _ask("git", "rev-parse", "--short", "HEAD"), "dirty": bool(_ask("git", "status", "--porcelain", "-uno")),
            "cpu": _cpu_name(), "cpus": CPUS, "kernel": platform.release(), "compiler": _ask("gcc", "--version").split("\n")[0],
            "flags": os.environ.get("CFLAGS", "-O2 -g"), "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}


def _ask(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout.strip()


def _cpu_name():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as lines:
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _stat(pid):
    """ppid, then utime, stime, cutime, cstime in seconds; None when the process is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return [int(fields[1])] + [int(f) / TICK for f in fields[11:15]]


def cpu_s(pid):
    """CPU seconds of a process: its own, of children it has waited for, and of those that live, all the way down."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (found := _stat(name)):
            parents.setdefault(found[0], []).append(int(name))
    total, todo = 0.0, [pid]
    while todo:
        one = todo.pop()
        found = _stat(one)
        total += sum(found[1:]) if found else 0
        todo += parents.get(one, [])
    return total


def rss_bytes(pid):
    """Resident memory that is not a file's."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        fields = file.read().split()
    return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE")


def _busy_and_stolen():
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _idle, _iowait, irq, softirq, steal = [int(f) / TICK for f in file.readline().split()[1:9]]
    return user + nice + system + irq + softirq, steal


def settle():
    """Waits until nobody else is at work, at most SETTLE seconds (environment; default 0)."""
    deadline = time.monotonic() + float(os.environ.get("SETTLE", "0"))
    while time.monotonic() < deadline:
        before = _busy_and_stolen()
        time.sleep(0.4)
        if sum(_busy_and_stolen()) - sum(before) < 0.4 * FOREIGN_CORES:
            return


class Watch:
    """Around a run: CPU of the processes named, and cores that anybody else took (a hypervisor's other guests too)."""

    def __init__(self, **pids):
        settle()
        self.pids = {**pids, "harness": os.getpid()}
        self.before = self._read()

    def _read(self):
        return time.monotonic(), _busy_and_stolen(), {name: cpu_s(pid) for name, pid in self.pids.items()}

    def stop(self):
        """{"wall_s", "cpu_s": {name: seconds}, "foreign_cores", "disturbed"}."""
        after = self._read()
        wall_s = after[0] - self.before[0]
        used = {name: after[2][name] - self.before[2][name] for name in self.pids}
        busy, stolen = (a - b for a, b in zip(after[1], self.before[1]))
        foreign = max(0.0, (busy - sum(used.values()) + stolen) / wall_s)
        return {"wall_s": wall_s, "cpu_s": used, "foreign_cores": round(foreign, 3), "disturbed": foreign > FOREIGN_CORES}
