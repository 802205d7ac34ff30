"""What benchmarks run against, each started for it and stopped after it: the local service, kinesalite, and the load on them."""
import atexit
import glob
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

# Ended by a signal we still clean up: atexit runs then.
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
BUILD = os.path.abspath(os.environ.get("BUILD", "build"))


def temporary_folder(name):
    folder = tempfile.mkdtemp(prefix=f"shardcopy-{name}-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(is_done, what, timeout_s=60):
    deadline = time.monotonic() + timeout_s
    while not is_done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout_s} s for {what}")
        time.sleep(0.02)


class Program:
    """A process that is ended at the latest when we are. Its output goes to a file."""

    def __init__(self, command, folder, name, env=None):
        self.path = os.path.join(folder, f"{name}.out")
        with open(self.path, "w", encoding="utf-8") as out:
            self.process = subprocess.Popen([str(c) for c in command], cwd=folder, stdout=out, stderr=subprocess.STDOUT, env=env)
        atexit.register(self.stop)
        self.pid = self.process.pid

    def output(self):
        if self.process.poll() is not None:
            raise ChildProcessError(f"{self.process.args[0]} ended with {self.process.returncode}:\n{self._text()}")
        return self._text()

    def _text(self):
        with open(self.path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=30)


def has_option(program, option):
    shown = subprocess.run([f"{BUILD}/{program}", "--help"], stdout=subprocess.PIPE, text=True, check=True)
    return option in shown.stdout


class LocalService(Program):
    """shardcopy-local, as fast as it goes: limits off."""

    def __init__(self, *args, threads=1):
        folder = temporary_folder("local")
        limits = ["--limits=off"] if has_option("shardcopy-local", "--limits") else []
        super().__init__([f"{BUILD}/shardcopy-local", "--listen=127.0.0.1:0", "--tls-listen=127.0.0.1:0", f"--cert-dir={folder}/certs",
                          f"--threads={threads}", *limits, *args], folder, "service")
        wait_until(lambda: "listening https" in self.output(), "the local service")
        text = self.output()
        self.http = "http://" + re.search(r"listening http (\S+)", text).group(1)
        self.https = "https://" + re.search(r"listening https (\S+)", text).group(1)
        self.ca_file = f"{folder}/certs/ca.pem"

    def where(self, tls=False):
        return ["-e", self.https, "--ca-file", self.ca_file] if tls else ["-e", self.http]


class Kinesalite(Program):
    """kinesalite from npm, in a throw-away folder; made to listen on loopback only."""

    PACKAGE = os.path.join(os.path.dirname(__file__), "kinesalite")

    def __init__(self):
        folder, port = temporary_folder("kinesalite"), free_port()
        env = {"PATH": os.environ["PATH"], "HOME": folder}
        shutil.copytree(self.PACKAGE, folder, dirs_exist_ok=True)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--omit=optional"], cwd=folder, env=env,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, timeout=300)
        super().__init__(["node", "-r", f"{folder}/loopback.js", f"{folder}/node_modules/kinesalite/cli.js", "--port", port,
                          "--shardLimit", 100], folder, "kinesalite", env)
        wait_until(lambda: "Listening" in self.output(), "kinesalite")
        self.http = f"http://127.0.0.1:{port}"

    def where(self):
        return ["-e", self.http]


class Postgres:
    """A cluster of its own, durable as PostgreSQL is by default. It refuses to run as root, so as root it runs as postgres."""

    SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "8GB", "checkpoint_timeout": "30min", "autovacuum": "off"}

    def __init__(self):
        self.folder, self.port = temporary_folder("postgres"), free_port()
        self.bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        os.chmod(self.folder, 0o755)
        data = f"{self.folder}/pg"
        os.mkdir(data)
        if os.getuid() == 0:
            shutil.chown(data, "postgres")
        settings = " ".join(f"-c {k}={v}" for k, v in self.SETTINGS.items())
        self._run(f"{self.bin}/initdb", "-D", f"{data}/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        self._run(f"{self.bin}/pg_ctl", "-D", f"{data}/data", "-l", f"{data}/log", "-w", "start", "-o",
                  f"-c listen_addresses=127.0.0.1 -p {self.port} -k {data} {settings}")
        atexit.register(self._run, f"{self.bin}/pg_ctl", "-D", f"{data}/data", "-m", "immediate", "stop")
        with open(f"{data}/data/postmaster.pid", encoding="ascii") as file:
            self.pid = int(file.readline())
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    @staticmethod
    def _run(*command):
        as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        subprocess.run([*as_user, *command], cwd="/", stdout=subprocess.DEVNULL, check=True)

    def psql(self, *commands):
        """psql, ready to be run: the commands one after the other, on one connection."""
        return ["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", self.url, *[w for c in commands for w in ("-c", c)]]

    def sql(self, *commands):
        return subprocess.run(self.psql(*commands), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout.strip()


def timed(*commands):
    """Runs commands side by side; the CPU seconds that they and their children took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = [subprocess.Popen([str(c) for c in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for command in commands]
    for process in started:
        error = process.communicate()[1]
        if process.returncode != 0:
            raise ChildProcessError(f"{process.args[0]} ended with {process.returncode}: {error.decode()}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def drive(*args):
    """bench-drive; the figures it prints."""
    done = subprocess.run([f"{BUILD}/bench-drive", *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise ChildProcessError(f"bench-drive {' '.join(map(str, args))}: {done.stderr}")
    return json.loads(done.stdout)
