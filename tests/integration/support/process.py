"""Programs under test: started with a clean environment, their output in files, ended when the test ends."""
import os
import re
import signal
import subprocess

from .wait import SLOWNESS, wait_until

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
BUILD = os.path.join(ROOT, os.environ.get("SHARDCOPY_BUILD", "build"))
# What runs our programs when they are built for another machine (make test-portable).
EMULATOR = os.environ.get("EMULATOR", "").split()
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS")


def clean_environment(home, extra=None):
    """What a program sees: nothing of the caller's AWS, PG or SHARDCOPY settings."""
    env = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    env["HOME"] = str(home)
    env.update(extra or {})
    return env


class Program:
    """A started program. out and err are what it has written so far."""

    def __init__(self, argv, folder, name, env=None, stdin=None):
        self.name = name
        argv = [str(a) for a in argv]
        self.argv = [*EMULATOR, *argv] if argv[0].startswith(BUILD) else argv
        self._out = os.path.join(folder, name + ".out")
        self._err = os.path.join(folder, name + ".err")
        with open(self._out, "wb") as out, open(self._err, "wb") as err:
            self.process = subprocess.Popen(self.argv, stdin=stdin or subprocess.DEVNULL, stdout=out, stderr=err,
                                            env=clean_environment(folder, env), cwd=folder)
        self.pid = self.process.pid

    @property
    def out(self):
        with open(self._out, encoding="utf-8", errors="replace") as text:
            return text.read()

    @property
    def out_bytes(self):
        with open(self._out, "rb") as data:
            return data.read()

    @property
    def err(self):
        with open(self._err, encoding="utf-8", errors="replace") as text:
            return text.read()

    @property
    def status(self):
        """The exit status; None while it runs; minus the signal's number when one ended it."""
        return self.process.poll()

    def wait(self, status=0, timeout_s=60):
        """Waits for its end; with status given, the exit status must be that. Returns itself."""
        try:
            self.process.wait(timeout_s * SLOWNESS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"no end within {timeout_s * SLOWNESS} s\n{self.story()}") from None
        assert status is None or self.status == status, f"exit status {self.status}, not {status}\n{self.story()}"
        return self

    def wait_err(self, pattern, deadline_s=20):
        """The match of a regular expression in what it wrote to standard error."""
        def seen():
            found = re.search(pattern, self.err)
            assert found or self.status is None, f"ended without {pattern!r}\n{self.story()}"
            return found
        return wait_until(seen, deadline_s, f"{pattern!r} from {self.name}\n{self.story()}")

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        """kill -9, whatever it is doing."""
        if self.status is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def peak_rss_bytes(self):
        """The most memory it ever had resident (VmHWM); 0 when it has ended."""
        try:
            with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
                found = re.search(r"VmHWM:\s+(\d+) kB", status.read())
        except OSError:
            return 0
        return int(found.group(1)) * 1024 if found else 0

    def story(self):
        return f"$ {' '.join(self.argv)}\n--- out\n{self.out[-3000:]}\n--- err\n{self.err[-6000:]}"
