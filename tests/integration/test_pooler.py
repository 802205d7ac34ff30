"""pgbouncer before the server: a load needs sessions with a backend of their own."""
import contextlib
import os
import subprocess
import tempfile
import threading

import psycopg2
import pytest
from support.postgres import free_port
from support.records import assert_each_once, numbered
from support.wait import wait_until

INI = """[databases]
* = host=127.0.0.1 port={server} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = 20
"""


@pytest.fixture
def pooler(postgres, database):
    """Starts one; the port it listens on."""
    started = []

    def start(mode):
        port = free_port()
        with tempfile.NamedTemporaryFile("w", suffix=".ini", delete=False) as ini:
            ini.write(INI.format(server=postgres.port, port=port, mode=mode))
        os.chmod(ini.name, 0o644)
        program = subprocess.Popen([*postgres.as_user, "/usr/sbin/pgbouncer", ini.name], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        started.append((program, ini.name))

        def answers():
            with contextlib.suppress(psycopg2.OperationalError):
                psycopg2.connect(database.url(port=port)).close()
                return True
            return False

        wait_until(answers, what="pgbouncer")
        return port

    yield start
    for program, ini in started:
        program.terminate()
        program.wait()
        os.unlink(ini)


@contextlib.contextmanager
def busy(url):
    """Four clients that run a transaction of one statement after the other."""
    ended = threading.Event()

    def run():
        with contextlib.closing(psycopg2.connect(url)) as connection:
            connection.autocommit = True
            while not ended.is_set():
                connection.cursor().execute("SELECT pg_sleep(0.002)")

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    yield
    ended.set()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("is_busy", [False, True], ids=["idle", "busy"])
@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_backends_that_are_shared_are_refused(local, stream, database, shardcopy, pooler, mode, is_busy):
    port = pooler(mode)
    stream().put_many(numbered(0, 10))
    with busy(database.url(port=port)) if is_busy else contextlib.nullcontext():
        done = shardcopy.load(local.url("demo"), database.url(port=port), status=5)
    assert "pooler" in done.err
    assert mode == "statement" or "pool_mode=session" in done.err
    assert not database.exists("kinesis_checkpoints")
    assert database.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0


@pytest.mark.parametrize("is_busy", [False, True], ids=["idle", "busy"])
def test_sessions_are_fine(local, stream, database, shardcopy, pooler, is_busy):
    port = pooler("session")
    stream().put_many(numbered(0, 1000))
    with busy(database.url(port=port)) if is_busy else contextlib.nullcontext():
        shardcopy.load(local.url("demo"), database.url(port=port))
    assert_each_once(database, "demo", 1000)
