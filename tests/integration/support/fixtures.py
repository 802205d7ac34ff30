"""Fixtures of the integration tests and of the peer tests: a real PostgreSQL, the local Kinesis service, and the
program itself.

SHARDCOPY_BUILD names the folder of the programs (build, build-address, build-thread)."""
import os
import re
import shutil
import tempfile

import pytest
from .local import LocalService, Stream
from .postgres import Database, Postgres
from .process import BUILD, Program
from .proxy import PgProxy


def pytest_terminal_summary(terminalreporter):
    stats = terminalreporter.stats
    failed = len(stats.get("failed", [])) + len(stats.get("error", []))
    terminalreporter.write_line(f"{len(stats.get('passed', []))} passed, {failed} failed")


@pytest.fixture(scope="session")
def postgres():
    """One cluster for all tests. A test may stop, kill or restart it; the next one finds it running."""
    cluster = Postgres()
    yield cluster
    cluster.remove()


@pytest.fixture
def database(postgres, request):
    """A database of this test's own."""
    postgres.start()
    name = re.sub(r"[^a-z0-9]+", "_", request.node.name.lower())[:50].strip("_")
    its = Database(postgres, name, getattr(request, "param", "UTF8"))
    yield its
    its.drop()


@pytest.fixture
def folder():
    """A temporary folder, gone with the test: HOME and working directory of the programs it starts."""
    path = tempfile.mkdtemp(prefix="shardcopy-test-")
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def local_service(folder):
    """Factory: local_service("--generate", ...) starts a local Kinesis; all are stopped with the test."""
    started = []

    def start(*args):
        started.append(LocalService(folder, f"local{len(started)}", *args))
        return started[-1]

    yield start
    for service in started:
        print(service.program.story())
        service.stop()


@pytest.fixture
def local(local_service):
    """A local Kinesis without streams."""
    return local_service()


@pytest.fixture
def stream(local, request):
    """Factory: stream(shards=2) makes a stream in the fixture local."""
    def make(name="demo", shards=1):
        return Stream(local.client(), name, shards)

    return make


@pytest.fixture
def proxy(postgres):
    """A PostgreSQL proxy that can break connections."""
    its = PgProxy(postgres.port)
    yield its
    its.close()


class Shardcopy:
    """The program: start() in the background, run() to its end."""

    def __init__(self, folder):
        self.folder = folder
        self.started = []

    def start(self, *args, env=None, stdin=None):
        name = f"shardcopy{len(self.started)}"
        self.started.append(Program([os.path.join(BUILD, "shardcopy"), *args], self.folder, name, env, stdin))
        return self.started[-1]

    def run(self, *args, status=0, env=None, stdin=None, timeout_s=60):
        return self.start(*args, env=env, stdin=stdin).wait(status, timeout_s)

    def load(self, *args, **kwargs):
        return self.run("load", *args, **kwargs)

    def put(self, *args, **kwargs):
        return self.run("put", *args, **kwargs)


@pytest.fixture
def shardcopy(folder):
    program = Shardcopy(folder)
    yield program
    for each in program.started:
        each.kill()
        print(each.story())
