"""A service that throttles, fails, forgets iterators and breaks connections: nothing is lost, nothing comes twice."""
import pytest
from support.records import assert_each_position_once, assert_positions_match_rows
from support.wait import wait_until

TOTAL = 20_000

FAULTS = {
    "throttled": {"operation": "GetRecords", "kind": "error", "count": 6, "after": 5, "status": 400,
                  "code": "ProvisionedThroughputExceededException", "message": "Rate exceeded for shard"},
    "5xx": {"operation": "GetRecords", "kind": "error", "count": 6, "after": 5, "status": 500,
            "code": "InternalFailure"},
    "503": {"operation": "GetRecords", "kind": "error", "count": 6, "after": 5, "status": 503,
            "code": "ServiceUnavailable"},
    "expired iterator": {"operation": "GetRecords", "kind": "error", "count": 6, "after": 5, "status": 400,
                         "code": "ExpiredIteratorException", "message": "Iterator expired."},
    "iterator throttled": {"operation": "GetShardIterator", "kind": "error", "count": 3, "status": 400,
                           "code": "ProvisionedThroughputExceededException"},
    "listing throttled": {"operation": "ListShards", "kind": "error", "count": 2, "status": 400,
                          "code": "LimitExceededException"},
    "describing throttled": {"operation": "DescribeStreamSummary", "kind": "error", "count": 2, "status": 400,
                             "code": "LimitExceededException"},
    "reset": {"operation": "GetRecords", "kind": "reset", "count": 4, "after": 5, "bytes": 1000},
    "reset before the answer": {"operation": "GetRecords", "kind": "reset", "count": 4, "after": 5, "bytes": 0},
    "cut short": {"operation": "GetRecords", "kind": "truncate", "count": 4, "after": 5, "bytes": 5000},
    "slow": {"operation": "GetRecords", "kind": "slow", "count": 4, "after": 5, "delay_ms": 300},
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_service_in_trouble(local_service, database, shardcopy, name):
    local = local_service("--generate", f"demo:shards=4,records={TOTAL},seed=13")
    local.fault(**FAULTS[name])
    shardcopy.load("kinesis://demo", database.url(), f"--endpoint=https://{local.https}", f"--ca-bundle={local.ca}",
                   "--limit=500")
    assert local.faults_waiting() == 0
    assert_each_position_once(database, "demo", TOTAL)
    assert_positions_match_rows(database, "demo")


def test_half_open_connections(local_service, database, shardcopy):
    """An answer that stops in the middle and never goes on: the call has a deadline, and is made again."""
    local = local_service("--generate", f"demo:shards=4,records={TOTAL},seed=14")
    local.fault(operation="GetRecords", kind="half-open", count=2, after=5, bytes=1000)
    local.fault(operation="GetRecords", kind="half-open", count=1, after=0, bytes=-1)
    shardcopy.load(local.url("demo"), database.url(), "--limit=500", timeout_s=100)
    assert_each_position_once(database, "demo", TOTAL)


def test_iterators_expire_in_mid_load(local_service, database, shardcopy):
    local = local_service("--generate", f"demo:shards=4,records={TOTAL},seed=15")
    running = shardcopy.start("load", local.url("demo"), database.url(), "--limit=200", "--calls-per-second=20",
                              "--flush-interval=50ms")
    for _ in range(3):
        before = database.count("demo")
        wait_until(lambda: database.count("demo") > before, what="a commit")
        local.expire_iterators()
    running.wait()
    assert_each_position_once(database, "demo", TOTAL)


@pytest.mark.parametrize("code", ["UnrecognizedClientException", "AccessDeniedException", "ExpiredTokenException",
                                  "InvalidSignatureException"])
@pytest.mark.parametrize("operation", ["*", "GetRecords"])
def test_credentials_refused(local_service, database, shardcopy, operation, code):
    """Says so and stops; the next run, with better credentials, brings everything."""
    local = local_service("--generate", "demo:shards=2,records=1000,seed=16")
    local.fault(operation=operation, kind="error", count=1000, status=400, code=code, message="no entry")
    done = shardcopy.load(local.url("demo"), database.url(), status=4)
    assert code in done.err and "hint" in done.err
    local.clear_faults()
    shardcopy.load(local.url("demo"), database.url())
    assert_each_position_once(database, "demo", 1000)


def test_a_stream_of_many_pages_of_shards(local_service, database, shardcopy):
    """ListShards gives a thousand at a time."""
    local = local_service("--generate", "demo:shards=2500,records=5000,seed=17")
    shardcopy.load(local.url("demo"), database.url())
    assert_each_position_once(database, "demo", 5000)
    assert database.value("SELECT count(*) FROM kinesis_checkpoints") == 2500


def test_a_stream_deleted_under_the_load(local_service, database, shardcopy):
    local = local_service("--generate", "demo:shards=2,records=1000,seed=18")
    running = shardcopy.start("load", local.url("demo"), database.url(), "--follow")
    wait_until(lambda: database.count("demo") == 1000, what="the records")
    local.client().delete_stream(StreamName="demo")
    running.wait(status=3)
    assert "demo" in running.err


def test_a_wrong_authority(local_service, database, shardcopy, folder):
    """TLS is always verified: another CA is an error that says so, never a connection; a file without any is one
    too."""
    local = local_service("--generate", "demo:shards=1,records=10,seed=19")
    other = local_service(f"--cert-dir={folder}/other")
    for ca, status in [(other.ca, 3), ("/etc/hostname", 2)]:
        done = shardcopy.load("kinesis://demo", database.url(), f"--endpoint=https://{local.https}",
                              f"--ca-bundle={ca}", status=status)
        assert "certificate" in done.err and "hint" in done.err
    assert not database.exists("demo")


def test_credentials_as_the_aws_cli_has_them(local_service, database, shardcopy, folder):
    """A profile with endpoint and region; and nothing of the secret in what is printed."""
    local = local_service("--generate", "demo:shards=1,records=10,seed=20")
    with open(f"{folder}/config", "w", encoding="ascii") as out:
        out.write(f"[profile work]\nregion = eu-central-1\nendpoint_url = http://{local.http}\n")
    with open(f"{folder}/credentials", "w", encoding="ascii") as out:
        out.write("[work]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = verysecret\n"
                  "aws_session_token = tokensecret\n")
    env = {"AWS_CONFIG_FILE": f"{folder}/config", "AWS_SHARED_CREDENTIALS_FILE": f"{folder}/credentials"}
    done = shardcopy.load("kinesis://demo", database.url(), "--profile=work", "--log-level=debug", env=env)
    assert database.count("demo") == 10
    assert "secret" not in done.err


def test_a_dummy_key_is_said_once(local_service, shardcopy):
    local = local_service("--generate", "demo:shards=4,records=10,seed=21")
    done = shardcopy.load(local.url("demo"), "null:")
    assert len([line for line in done.err.splitlines() if "dummy" in line]) == 1


def test_secrets_in_arguments_are_overwritten(local_service, database, shardcopy):
    local = local_service("--generate", "demo:shards=1,records=10,seed=22")
    running = shardcopy.start("load", local.url("demo"), database.url(user="postgres:pgsecret"), "--follow",
                              "--access-key-id=AKIDEXAMPLE", "--secret-access-key=awssecret", "--log-level=debug")
    wait_until(lambda: database.count("demo") == 10, what="the records")
    with open(f"/proc/{running.pid}/cmdline", "rb") as arguments:
        seen = arguments.read()
    assert b"awssecret" not in seen and b"pgsecret" not in seen
    running.kill()
    assert "awssecret" not in running.err and "pgsecret" not in running.err
