"""A real PostgreSQL in a temporary folder: its own cluster, socket and port, durable as in production (fsync on)."""
import contextlib
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile

import psycopg2

from .wait import wait_until

CONFIG = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{folder}'
shared_buffers = 64MB
max_connections = 60
max_wal_size = 4GB
checkpoint_timeout = 30min
log_line_prefix = '%m [%p] %q%u@%d '
timezone = 'UTC'
"""
# Roles called "secure" give a password; everybody else is trusted.
HBA = """
local all all trust
host all secure 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 trust
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def bindir():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda p: int(p.split("/")[-2]))
    return found[-1] if found else os.path.dirname(shutil.which("initdb") or "/usr/bin/initdb")


def children_of(parent):
    """Pids of the processes that a process started."""
    found = []
    for stat in glob.glob("/proc/[0-9]*/stat"):
        with contextlib.suppress(OSError), open(stat, encoding="ascii", errors="replace") as line:
            pid, rest = line.read().split(" (", 1)
            if int(rest.rsplit(") ", 1)[1].split()[1]) == parent:
                found.append(int(pid))
    return found


class Postgres:
    """The cluster. PostgreSQL refuses to run as root: then everything runs as the user postgres, by runuser."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="shardcopy-pg-")
        self.data = os.path.join(self.folder, "data")
        self.port = free_port()
        self.as_user = []
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            self.as_user = ["runuser", "-u", "postgres", "--"]
        os.chmod(self.folder, 0o755)
        self._run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                  "--no-sync")
        self._write("postgresql.auto.conf", CONFIG.format(port=self.port, folder=self.folder))
        self._write("pg_hba.conf", HBA)
        self.start()

    def _write(self, name, text):
        with open(os.path.join(self.data, name), "w", encoding="ascii") as out:
            out.write(text)

    def _run(self, program, *args):
        done = subprocess.run([*self.as_user, os.path.join(bindir(), program), *args], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd="/", text=True, check=False)
        assert done.returncode == 0, f"{program} {args}: {done.stdout}\n{self.log()[-2000:]}"

    def log(self):
        with contextlib.suppress(OSError), open(os.path.join(self.folder, "log"), encoding="utf-8") as text:
            return text.read()
        return ""

    def postmaster(self):
        """Its pid, or None when it does not run."""
        try:
            with open(os.path.join(self.data, "postmaster.pid"), encoding="ascii") as lines:
                pid = int(lines.readline())
            os.kill(pid, 0)
            return pid
        except (OSError, ValueError):
            return None

    def start(self):
        """Starts it, if it does not run, and waits until it takes connections. Recovery is part of that."""
        if self.postmaster() is None:
            self._run("pg_ctl", "-D", self.data, "-l", os.path.join(self.folder, "log"), "-w", "-t", "60", "start")

    def stop(self, mode="fast"):
        """mode immediate: without a checkpoint, as if the power went, but for what the kernel holds."""
        if self.postmaster() is not None:
            self._run("pg_ctl", "-D", self.data, "-w", "-m", mode, "stop")

    def kill(self):
        """kill -9 of the postmaster and its children."""
        pid = self.postmaster()
        if pid is None:
            return
        for each in [pid, *children_of(pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        wait_until(lambda: self.postmaster() is None, what="the end of a killed PostgreSQL")

    def restart(self, mode="fast"):
        self.stop(mode)
        self.start()

    def remove(self):
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def connect(self, database="postgres"):
        connection = psycopg2.connect(host=self.folder, port=self.port, user="postgres", dbname=database)
        connection.autocommit = True
        return connection

    def execute(self, sql, database="postgres"):
        with contextlib.closing(self.connect(database)) as connection, connection.cursor() as cursor:
            cursor.execute(sql)


class Database:
    """One database of the cluster, for one test."""

    def __init__(self, postgres, name, encoding="UTF8"):
        self.postgres = postgres
        self.name = name
        like = "" if encoding == "UTF8" else f" TEMPLATE template0 LOCALE 'C' ENCODING {encoding}"
        postgres.execute(f'CREATE DATABASE "{name}"{like}')

    def url(self, table=None, port=None, user="postgres", **parameters):
        """By TCP; port picks a proxy in front."""
        query = dict(parameters, **({"table": table} if table else {}))
        tail = "?" + "&".join(f"{key}={value}" for key, value in query.items()) if query else ""
        return f"postgresql://{user}@127.0.0.1:{port or self.postgres.port}/{self.name}{tail}"

    def rows(self, sql, *args):
        with contextlib.closing(self.postgres.connect(self.name)) as connection, connection.cursor() as cursor:
            cursor.execute(sql, args or None)
            return cursor.fetchall() if cursor.description else []

    def value(self, sql, *args):
        return self.rows(sql, *args)[0][0]

    def execute(self, sql):
        self.rows(sql)

    def exists(self, table):
        return self.value("SELECT to_regclass(%s) IS NOT NULL", table)

    def count(self, table):
        """0 when the table is not there."""
        return self.value(f"SELECT count(*) FROM {table}") if self.exists(table) else 0

    def drop(self):
        self.postgres.start()
        self.postgres.execute(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')
