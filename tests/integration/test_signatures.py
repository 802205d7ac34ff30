"""--verify-signatures: other people's signers, and ours, against the local service's own check."""
import datetime
import os
import subprocess

import boto3
import botocore
import botocore.auth
import botocore.config
import pytest

from support.process import BUILD, Program
from support.wait import wait_until

KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


@pytest.fixture
def verifying(local_service):
    return local_service("--verify-signatures", f"--keys=OTHER:x,{KEY}:{SECRET}", "--generate",
                         "demo:shards=2,records=500,seed=1")


def client(service, key=KEY, secret=SECRET, token=None, region="us-east-1", tls=False):
    config = botocore.config.Config(retries={"max_attempts": 0}, read_timeout=30)
    url = f"https://{service.https}" if tls else f"http://{service.http}"
    return boto3.client("kinesis", endpoint_url=url, region_name=region, aws_access_key_id=key,
                        aws_secret_access_key=secret,
                        aws_session_token=token, config=config, verify=service.ca if tls else None)


def refusal(kinesis, **members):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        kinesis.describe_stream_summary(**{"StreamName": "demo", **members})
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


@pytest.mark.parametrize("tls", [False, True])
def test_boto3_with_the_right_key(verifying, tls):
    kinesis = client(verifying, tls=tls)
    assert kinesis.list_streams()["StreamNames"] == ["demo"]
    kinesis.put_record(StreamName="demo", Data=bytes(range(256)) * 1000, PartitionKey="ä")
    assert len(kinesis.list_shards(StreamName="demo")["Shards"]) == 2


@pytest.mark.parametrize("what, code, text", [
    ({"secret": SECRET + "x"}, "InvalidSignatureException", "The request signature we calculated does not match"),
    ({"key": "AKIDOTHER"}, "UnrecognizedClientException", "The security token included in the request is invalid."),
    ({"token": "token"}, "UnrecognizedClientException", "The security token included in the request is invalid."),
    ({"region": "eu-west-1"}, "InvalidSignatureException",
     "Credential should be scoped to a valid region, not 'eu-west-1'."),
])
def test_boto3_refused(verifying, what, code, text):
    found = refusal(client(verifying, **what))
    assert found[0] == code and found[1].startswith(text)


def test_boto3_with_the_wrong_service(verifying):
    kinesis = client(verifying)
    kinesis.meta.events.register("choose-signer.kinesis.*", lambda context, **_: context.update(
        {"signing": {"signing_name": "dynamodb", "region": "us-east-1"}}) or "v4")
    assert refusal(kinesis)[1].startswith("Credential should be scoped to correct service: 'kinesis'.")


@pytest.mark.parametrize("minutes, text", [(-6, "Signature expired: "), (6, "Signature not yet current: ")])
def test_a_wrong_clock(verifying, monkeypatch, minutes, text):
    real = datetime.datetime

    class Off(real):
        @classmethod
        def utcnow(cls):
            return real.utcnow() + datetime.timedelta(minutes=minutes)

    monkeypatch.setattr(botocore.auth.datetime, "datetime", Off)
    code, message = refusal(client(verifying))
    assert code == "InvalidSignatureException" and message.startswith(text) and "5 min.)" in message


def test_nothing(verifying):
    config = botocore.config.Config(retries={"max_attempts": 0}, signature_version=botocore.UNSIGNED)
    kinesis = boto3.client("kinesis", endpoint_url=f"http://{verifying.http}", region_name="us-east-1", config=config)
    assert refusal(kinesis) == ("MissingAuthenticationTokenException", "Missing Authentication Token")


@pytest.mark.parametrize("secret, is_right", [(SECRET, True), ("wrong", False)])
def test_aws_cli(verifying, folder, secret, is_right):
    env = {**os.environ, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": secret, "AWS_DEFAULT_REGION": "us-east-1",
           "HOME": folder, "AWS_MAX_ATTEMPTS": "1"}
    done = subprocess.run(["aws", "--endpoint-url", f"http://{verifying.http}", "kinesis", "list-streams"], env=env,
                          timeout=120, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == is_right, done.stderr
    assert ("demo" in done.stdout) == is_right
    assert ("InvalidSignatureException" in done.stderr) != is_right


@pytest.mark.parametrize("secret, status", [(SECRET, 200), ("wrong", 400)])
def test_curl(verifying, secret, status):
    """A third signer."""
    done = subprocess.run(
        ["curl", "-sS", "--aws-sigv4", "aws:amz:us-east-1:kinesis", "-u", f"{KEY}:{secret}", "-H",
         "Content-Type: application/x-amz-json-1.1",
         "-H", "X-Amz-Target: Kinesis_20131202.ListStreams", "-d", "{}", "-w", " %{http_code}",
         f"http://{verifying.http}/"],
        timeout=60, capture_output=True, text=True, check=True)
    assert done.stdout.endswith(f" {status}"), done.stdout
    assert ('"demo"' in done.stdout) == (status == 200)


@pytest.mark.parametrize("arguments", [[], ["--protocol=cbor"]])
def test_shardcopy(verifying, database, shardcopy, arguments):
    """Our own signer, loading and putting."""
    env = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1"}
    shardcopy.load(verifying.url("demo"), database.url(), *arguments, env=env)
    assert database.value("select count(*) from demo") == 500


def test_shardcopy_refused(verifying, database, shardcopy):
    env = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": "wrong", "AWS_REGION": "us-east-1"}
    done = shardcopy.load(verifying.url("demo"), database.url(), env=env, status=None)
    assert done.status != 0 and "InvalidSignatureException" in done.err


def test_the_service_s_own_clock(verifying):
    """Moved by a test, it moves the five minutes too."""
    verifying.advance_clock(600_000)
    assert refusal(client(verifying))[1].startswith("Signature expired: ")


@pytest.mark.parametrize("how", ["option", "environment", "file"])
def test_secrets_stay_secret(folder, how):
    """Not in the process list, not in what is logged."""
    keys, env = f"{KEY}:{SECRET}", {}
    path = f"{folder}/keys"
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"# mine\n{keys}\n")
    arguments = {"option": [f"--keys={keys}"], "environment": [], "file": [f"--keys-file={path}"]}[how]
    if how == "environment":
        env = {"SHARDCOPY_LOCAL_KEYS": keys}
    program = Program([os.path.join(BUILD, "shardcopy-local"), "--listen=127.0.0.1:0", "--log-level=debug",
                       "--verify-signatures", *arguments], folder, "local", env)
    wait_until(lambda: "listening http" in program.out, what="the service to listen")
    with open(f"/proc/{program.process.pid}/cmdline", "rb") as file:
        assert SECRET.encode() not in file.read()
    program.kill()
    assert SECRET not in program.out + program.err


@pytest.mark.parametrize("arguments, what", [
    (["--verify-signatures"], "would refuse every request"),
    (["--verify-signatures", "--keys=HIDDEN"], "key 1 is not ACCESS_KEY_ID:SECRET"),
    (["--verify-signatures", "--keys-file=/nowhere"], "No such file"),
])
def test_bad_options(folder, arguments, what):
    program = Program([os.path.join(BUILD, "shardcopy-local"), "--listen=127.0.0.1:0", *arguments], folder,
                      "local").wait(status=None)
    assert program.status in (2, 3, 13) and what in program.err and "HIDDEN" not in program.err
