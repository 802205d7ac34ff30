"""shardcopy doctor: a line for each thing a load needs, and the exit status a load would have."""
import pytest

KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
KEYS = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}


@pytest.fixture
def service(local_service):
    return local_service("--verify-signatures", f"--keys={KEY}:{SECRET}", "--stub-credentials", "--generate",
                         "demo:shards=2,records=10,seed=1")


def lines(out):
    """The verdict of each check by its name, and its detail."""
    found = {}
    for line in out.splitlines():
        if not line.startswith("      "):
            verdict, rest = line.split(maxsplit=1)
            what, detail = rest.split(": ", 1)
            found[what] = (verdict, detail)
    return found


def test_all_is_well(service, database, shardcopy):
    env = {**KEYS, "AWS_ENDPOINT_URL_STS": f"http://{service.http}"}
    found = lines(shardcopy.run("doctor", service.url("demo"), database.url(), env=env).out)
    assert {verdict for verdict, _ in found.values()} == {"ok", "note"}
    assert found["decoder"][1].startswith("simdjson 3."), found["decoder"]
    assert found["credentials"] == ("ok", "from environment, key ...MPLE")
    assert found["identity"] == ("ok", "arn:aws:iam::000000000000:user/shardcopy-local (account 000000000000)")
    assert found["region"] == ("ok", "us-east-1")
    assert found["TLS"][0] == "note"
    assert found["clock"][0] == "ok"
    assert found["kinesis:DescribeStreamSummary"] == ("ok", "demo is ACTIVE, keeps records for 24 h")
    assert found["kinesis:ListShards"] == ("ok", "2 shards, 2 of them open")
    assert found["kinesis:GetShardIterator"][0] == found["kinesis:GetRecords"][0] == "ok"
    assert "PostgreSQL" in found["server"][1]
    for table in ("demo", "kinesis_checkpoints", "kinesis_dead_letters"):
        verdict, detail = found[f"table public.{table}"]
        assert verdict == "ok" and detail.startswith("will be made")
    assert database.rows("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace") == []
    shardcopy.load(service.url("demo"), database.url(), env=env)
    found = lines(shardcopy.run("doctor", service.url("demo"), database.url(), env=env).out)
    assert found["table public.demo"][1].startswith("is there")
    assert found["table public.kinesis_checkpoints"] == (
        "ok", "is there; postgres may SELECT, INSERT, UPDATE on table public.kinesis_checkpoints")


def test_over_tls(service, shardcopy):
    url = f"kinesis://{service.https.replace('127.0.0.1', 'localhost')}/demo?tls=true"
    found = lines(shardcopy.run("doctor", url, f"--ca-bundle={service.ca}", env=KEYS).out)
    assert found["TLS"] == ("ok", "the endpoint's certificate is verified")
    assert found["identity"][0] == "note"
    untrusted = shardcopy.run("doctor", url, env=KEYS, status=3)
    assert "--ca-bundle" in untrusted.out and "FAIL  source" in untrusted.out


def test_wrong_credentials(service, shardcopy):
    refused = shardcopy.run("doctor", service.url("demo"), env={**KEYS, "AWS_SECRET_ACCESS_KEY": "wrong"}, status=4)
    assert lines(refused.out)["kinesis:ListShards"][0] == "FAIL"
    assert "a load would not work: 2 checks failed" in refused.err


def test_no_credentials(shardcopy):
    env = {"AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true"}
    none = shardcopy.run("doctor", "kinesis://demo", env=env, status=4)
    assert lines(none.out)["source"][1].startswith("no AWS credentials: options: ")


def test_no_such_stream(service, shardcopy):
    found = lines(shardcopy.run("doctor", service.url("other"), env=KEYS, status=3).out)
    assert found["kinesis:DescribeStreamSummary"][0] == found["kinesis:ListShards"][0] == "FAIL"
    assert found["kinesis:GetRecords"] == ("note", "not tried: no open shard is known")


def test_a_clock_that_is_off(local_service, shardcopy):
    service = local_service("--generate", "demo:records=1")
    service.advance_clock(20_000)
    verdict, detail = lines(shardcopy.run("doctor", service.url("demo"), env=KEYS).out)["clock"]
    assert verdict == "note" and detail.endswith("s behind the service's")


def test_nobody_there(shardcopy):
    found = lines(shardcopy.run("doctor", "kinesis://127.0.0.1:9/demo", env=KEYS, status=3).out)
    assert found["source"][0] == "FAIL" and "127.0.0.1:9" in found["source"][1]


def test_missing_rights_in_the_target(service, database, shardcopy):
    database.execute("CREATE TABLE demo (id text); DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN;"
                     "GRANT SELECT ON demo TO reader; REVOKE CREATE ON SCHEMA public FROM public")
    refused = shardcopy.run("doctor", service.url("demo"), database.url(user="reader"), env=KEYS, status=5)
    found = lines(refused.out)
    assert found["table public.demo"] == ("FAIL", "is there; reader may not INSERT on table public.demo")
    assert found["table public.kinesis_checkpoints"] == ("FAIL", "is not there; reader may not CREATE on schema public")
    assert "GRANT INSERT ON table public.demo TO reader" in refused.out


def test_target_that_takes_no_writes(service, database, shardcopy):
    database.execute(f"ALTER DATABASE {database.name} SET default_transaction_read_only = on")
    found = lines(shardcopy.run("doctor", service.url("demo"), database.url(), env=KEYS, status=5).out)
    assert found["writing"][0] == "FAIL"


def test_targets_without_a_server(service, shardcopy):
    assert lines(shardcopy.run("doctor", service.url("demo"), "null:", env=KEYS).out)["target"][0] == "ok"
    unknown = shardcopy.run("doctor", service.url("demo"), "mysql://x", env=KEYS, status=2)
    assert lines(unknown.out)["target"][0] == "FAIL"


def test_consumers_of_fan_out(service, shardcopy):
    what = "kinesis:DescribeStreamConsumer"
    found = lines(shardcopy.run("doctor", service.url("demo"), "--reader=fan-out", env=KEYS).out)
    assert found[what] == ("note", "consumer shardcopy-demo is not there yet")
    none = shardcopy.run("doctor", service.url("demo"), "--reader=fan-out", "--registration=none", env=KEYS, status=2)
    found = lines(none.out)
    assert found[what][0] == "FAIL"
    shardcopy.run("consumers", "register", service.url("demo"), "shardcopy-demo", env=KEYS)
    found = lines(shardcopy.run("doctor", service.url("demo"), "--reader=fan-out", "--registration=none", env=KEYS).out)
    assert found[what] == ("ok", "consumer shardcopy-demo is ACTIVE")
