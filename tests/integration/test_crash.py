"""Exactly once, whatever dies: the program, PostgreSQL, or the connection between them."""
import random

import pytest
from support.records import assert_each_position_once, assert_positions_match_rows
from support.wait import wait_until

SLOWLY = ("--limit=500", "--calls-per-second=20", "--flush-interval=100ms")
KILLS = 20


def committed(database):
    """A number that grows with every commit: the sum of rows so far."""
    return database.count("demo")


def test_twenty_kills(local_service, database, shardcopy):
    """kill -9 at twenty arbitrary moments, a few of them before the first commit of that run."""
    total = 600_000
    local = local_service("--generate", f"demo:shards=4,records={total},seed=6")
    moments = random.Random(6)
    for number in range(KILLS):
        before = committed(database)
        running = shardcopy.start("load", local.url("demo"), database.url(), *SLOWLY)
        if number % 5 != 4:
            wait_until(lambda: committed(database) > before or running.status is not None, what="a commit")
        wait_until(lambda: moments.random() < 0.1 or running.status is not None, what="an arbitrary moment")
        assert running.status is None, running.story()
        running.kill()
    assert 0 < committed(database) < total
    shardcopy.load(local.url("demo"), database.url())
    assert_each_position_once(database, "demo", total)
    assert_positions_match_rows(database, "demo")


@pytest.mark.parametrize("commit, how", [("sync", "immediate"), ("async", "kill")])
def test_postgres_dies_in_mid_load(local_service, postgres, database, shardcopy, commit, how):
    """With synchronous_commit off the table goes back in time; the load goes back with it and ends by itself."""
    total = 100_000
    local = local_service("--generate", f"demo:shards=4,records={total},seed=7")
    database.execute(f"ALTER DATABASE {database.name} SET synchronous_commit = off")
    running = shardcopy.start("load", local.url("demo"), database.url(), f"--commit={commit}", *SLOWLY)
    for _ in range(2):
        before = committed(database)
        wait_until(lambda: committed(database) > before, what="a commit")
        if how == "kill":
            postgres.kill()
        else:
            postgres.stop("immediate")
        postgres.start()
    running.wait(timeout_s=90)
    assert_each_position_once(database, "demo", total)
    assert_positions_match_rows(database, "demo")


def test_postgres_restarts_in_mid_load(local_service, postgres, database, shardcopy):
    local = local_service("--generate", "demo:shards=4,records=60000,seed=8")
    running = shardcopy.start("load", local.url("demo"), database.url(), *SLOWLY)
    wait_until(lambda: committed(database) > 0, what="a commit")
    postgres.restart("fast")
    running.wait(timeout_s=90)
    assert_each_position_once(database, "demo", 60000)


@pytest.mark.parametrize("which", ["cut_commit_answers", "cut_commits"])
def test_connection_cut_around_a_commit(local_service, database, proxy, shardcopy, which):
    """Committed and not told, or not committed and told nothing: the load cannot know, asks, and goes on."""
    local = local_service("--generate", "demo:shards=4,records=60000,seed=9")
    running = shardcopy.start("load", local.url("demo"), database.url(port=proxy.port), "--limit=500",
                              "--calls-per-second=5", "--flush-interval=50ms")
    for cuts in range(1, 4):
        before = committed(database)
        wait_until(lambda: committed(database) > before, what="a commit")
        setattr(proxy, which, 1)
        wait_until(lambda: proxy.cuts == cuts, what="the cut")
    running.wait(timeout_s=90)
    assert_each_position_once(database, "demo", 60000)
    assert_positions_match_rows(database, "demo")


def test_connections_cut_in_mid_copy(local_service, database, proxy, shardcopy):
    local = local_service("--generate", "demo:shards=4,records=60000,seed=10")
    running = shardcopy.start("load", local.url("demo"), database.url(port=proxy.port), *SLOWLY)
    for _ in range(3):
        seen = proxy.from_client_bytes
        wait_until(lambda: proxy.from_client_bytes > seen + 200_000, what="rows on their way")
        proxy.cut_all()
    running.wait(timeout_s=90)
    assert_each_position_once(database, "demo", 60000)


def test_the_database_refuses_for_a_while(local_service, database, shardcopy):
    """Disk full is not the records' fault: no dead letters, nothing lost, and it goes on when there is room again."""
    local = local_service("--generate", "demo:shards=2,records=20000,seed=11")
    shardcopy.load(local.url("demo"), database.url(), "--max-records=1")
    database.execute("""
        CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
        CREATE TRIGGER full_disk BEFORE INSERT ON demo FOR EACH STATEMENT EXECUTE FUNCTION full_disk()""")
    running = shardcopy.start("load", local.url("demo"), database.url())
    running.wait_err("No space left on device")
    database.execute("DROP TRIGGER full_disk ON demo")
    running.wait(timeout_s=90)
    assert_each_position_once(database, "demo", 20000)
    assert database.count("kinesis_dead_letters") == 0
