"""Where credentials come from, each place with the local service's stubs and every signature checked: a load of ten
records."""
import datetime
import hashlib
import json
import os
import re
import signal
import socket
import stat
import subprocess

import pytest
from support.process import BUILD, Program
from support.wait import wait_until

KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
ROLE = "arn:aws:iam::000000000000:role/team/reader"
KEYS = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}


@pytest.fixture
def stubs(local_service):
    return local_service("--verify-signatures", f"--keys={KEY}:{SECRET}", "--stub-credentials", "--generate",
                         "demo:shards=1,records=10,seed=1")


@pytest.fixture
def load(stubs, database, shardcopy):
    """Loads the stream with that environment and those options, and checks that the rows are there."""
    def run(env, *options, status=0):
        done = shardcopy.load(stubs.url("demo"), database.url(), "--log-level=debug", *options, env=env, status=status)
        assert SECRET not in done.err
        if status == 0:
            assert database.value("SELECT count(*) FROM demo") == 10
        return done
    return run


@pytest.fixture
def config(folder):
    """Writes ~/.aws/config; the environment that goes with it."""
    def write(text, env=None):
        os.makedirs(os.path.join(folder, ".aws"), exist_ok=True)
        with open(os.path.join(folder, ".aws", "config"), "w", encoding="utf-8") as file:
            file.write(text)
        return {"AWS_EC2_METADATA_DISABLED": "true", **(env or {})}
    return write


def written(folder, name, text):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


# --- keys as they are


def test_options(load):
    load({}, f"--access-key-id={KEY}", f"--secret-access-key={SECRET}", "--credentials=basic")


def test_a_line_end_behind_the_secret(load):
    load({"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET + "\n"}, "--credentials=env")


def test_indented_credentials_file(load, folder):
    written(folder, ".aws/credentials",
            f"[default]\n    # mine\n    aws_access_key_id = {KEY}\n    aws_secret_access_key = {SECRET}\n")
    load({})


def test_other_files_by_environment(load, folder):
    config = written(folder, "elsewhere/config", f"[profile work]\naws_access_key_id={KEY}\n[profile x]\n")
    credentials = written(folder, "elsewhere/credentials",
                          f"[other]\naws_access_key_id={KEY}\naws_secret_access_key={SECRET}\n")
    env = {"AWS_CONFIG_FILE": config, "AWS_SHARED_CREDENTIALS_FILE": credentials}
    load({**env, "AWS_PROFILE": "other"})
    refused = load({**env, "AWS_PROFILE": "work"}, status=2)
    assert "secret access key is missing (config file)" in refused.err


def test_a_profile_of_the_option_skips_the_environment(load, config):
    env = config(f"[profile work]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n",
                 {"AWS_ACCESS_KEY_ID": "AKIDWRONG", "AWS_SECRET_ACCESS_KEY": "wrong"})
    load(env, "--profile=work", "--credentials=profile")


# --- processes


def test_credential_process(load, config, folder):
    program = written(folder, "give keys", "#!/bin/sh\n" + "echo '" + json.dumps(
        {"Version": 1, "AccessKeyId": KEY, "SecretAccessKey": SECRET}) + "'\necho a word for people >&2\n")
    os.chmod(program, stat.S_IRWXU)
    env = config(f"[default]\ncredential_process = '{program}' --for \"shard copy\"\n")
    assert "a word for people" in load(env, "--credentials=process").err
    env = config("[default]\ncredential_process = /bin/false\n")
    assert "credential_process of profile default: it ended with status 1" in load(env, status=4).err


# --- roles


def test_a_role_of_the_profile(load, config, stubs):
    env = config(f"""[profile base]
aws_access_key_id = {KEY}
aws_secret_access_key = {SECRET}
[profile first]
role_arn = {ROLE}
source_profile = base
external_id = of/them
[profile second]
role_arn = {ROLE}2
role_session_name = me@there
source_profile = first
duration_seconds = 900
""", {"AWS_PROFILE": "second", "AWS_ENDPOINT_URL_STS": f"http://{stubs.http}"})
    load(env, "--credentials=assume-role")


def test_a_role_of_the_options(load, stubs):
    load({**KEYS, "AWS_EC2_METADATA_DISABLED": "true"}, f"--role-arn={ROLE}", "--external-id=x",
         "--role-session-name=load", f"--sts-endpoint=http://{stubs.http}")


def test_credential_source(load, config, stubs):
    env = config(f"[default]\nrole_arn = {ROLE}\ncredential_source = Environment\nservices = local\n"
                 f"[services local]\nsts =\n  endpoint_url = http://{stubs.http}\n", KEYS)
    load(env, "--credentials=assume-role")


def test_web_identity(load, folder, stubs):
    token = written(folder, "token", "header.payload.signature\n")
    load({"AWS_WEB_IDENTITY_TOKEN_FILE": token, "AWS_ROLE_ARN": ROLE, "AWS_ENDPOINT_URL_STS": f"http://{stubs.http}"},
         "--credentials=web-identity")


def test_a_role_that_sts_refuses(load, stubs):
    env = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": "wrong"}
    refused = load(env, f"--role-arn={ROLE}", f"--sts-endpoint=http://{stubs.http}", status=4)
    assert "SignatureDoesNotMatch" in refused.err


def test_what_needs_a_person(load, config):
    env = config(f"[profile base]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n"
                 f"[profile mfa]\nrole_arn = {ROLE}\nsource_profile = base\nmfa_serial = arn:aws:iam::1:mfa/me\n"
                 "[profile login]\nlogin_session = x\n")
    assert "export-credentials --profile mfa" in load(env, "--profile=mfa", status=2).err
    assert "export-credentials --profile login" in load(env, "--profile=login", status=2).err


# --- agents


@pytest.mark.parametrize("path", ["/v2/credentials/7e0d", "/v1/credentials"])
def test_containers(load, stubs, path):
    load({"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://{stubs.http}{path}", "HTTP_PROXY": "http://127.0.0.1:9",
          "http_proxy": "http://127.0.0.1:9", "no_proxy": stubs.http.split(":")[0]}, "--credentials=container")


def test_container_token_file(local_service, database, shardcopy, folder):
    service = local_service("--verify-signatures", "--stub-credentials", "--stub-token=Bearer mine", "--generate",
                            "demo:records=1")
    env = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://{service.http}/v1/credentials"}
    refused = shardcopy.load(service.url("demo"), database.url(), env=env, status=4)
    assert "the agent answers with HTTP status 401" in refused.err
    env["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = written(folder, "token", "Bearer mine")
    shardcopy.load(service.url("demo"), database.url(), env=env)


def test_instance(load, stubs):
    load({"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://{stubs.http}"}, "--credentials=imds")


def test_region_of_the_instance(local_service, shardcopy):
    """On AWS's own hosts; nothing is reached there, but the message names the endpoint."""
    service = local_service("--stub-credentials", "--region=eu-south-2")
    env = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://{service.http}", "HTTPS_PROXY": "http://127.0.0.1:9"}
    assert "kinesis.eu-south-2.amazonaws.com" in shardcopy.run("shards", "list", "kinesis://demo", env=env, status=3,
                                                               timeout_s=90).err


# --- SSO


def sso_token(folder, name, **members):
    text = json.dumps({"startUrl": "https://x.example/start", "region": "us-east-1", **members})
    return written(folder, f".aws/sso/cache/{hashlib.sha1(name.encode()).hexdigest()}.json", text)


def ends_in(**delta):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**delta)).strftime("%Y-%m-%dT%H:%M:%SZ")


SSO = """[default]
sso_account_id = 000000000000
sso_role_name = reader
sso_session = corp
[sso-session corp]
sso_start_url = https://x.example/start
sso_region = us-east-1
[profile older]
sso_account_id = 000000000000
sso_role_name = reader
sso_start_url = https://x.example/start
sso_region = us-east-1
"""


@pytest.fixture
def sso(config, stubs):
    return config(SSO, {"AWS_ENDPOINT_URL_SSO": f"http://{stubs.http}",
                        "AWS_ENDPOINT_URL_SSO_OIDC": f"http://{stubs.http}"})


def test_sso(load, sso, folder):
    refused = load(sso, "--credentials=sso", status=4)
    assert "aws sso login --profile default" in refused.err
    sso_token(folder, "corp", accessToken="given", expiresAt=ends_in(hours=8))
    load(sso, "--credentials=sso")


def test_sso_of_the_older_form(load, sso, folder):
    sso_token(folder, "https://x.example/start", accessToken="given", expiresAt=ends_in(hours=8).replace("Z", "UTC"))
    load(sso, "--profile=older")


def test_sso_token_is_renewed(load, sso, folder):
    path = sso_token(folder, "corp", accessToken="old", expiresAt=ends_in(minutes=-1), refreshToken="r", clientId="i",
                     clientSecret="c", registrationExpiresAt=ends_in(days=30))
    load(sso)
    with open(path, encoding="utf-8") as file:
        kept = json.load(file)
    assert kept["accessToken"] != "old" and kept["refreshToken"] != "r" and kept["clientSecret"] == "c"
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


# --- none


def test_each_place_says_why(shardcopy):
    env = {"AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true"}
    refused = shardcopy.run("shards", "list", "kinesis://demo", env=env, status=4)
    for place in ("options", "environment", "role", "web identity", "SSO", "credentials file", "credential process",
                  "config file", "container", "instance metadata"):
        assert f"{place}: " in refused.err


# --- endpoints and proxies


def test_ipv6_in_any_notation(folder, shardcopy):
    if not os.path.exists("/proc/net/if_inet6"):
        pytest.skip("no IPv6 here")
    service = Program([os.path.join(BUILD, "shardcopy-local"), "--listen=[::1]:0", "--verify-signatures",
                       f"--keys={KEY}:{SECRET}", "--generate", "demo:records=1"], folder, "ipv6")
    wait_until(lambda: "listening http " in service.out, 20, service.story)
    port = re.search(r"listening http \S+:(\d+)", service.out).group(1)
    try:
        for host in ("[::1]", "[0:0:0:0:0:0:0:1]", "[0::0001]"):
            listed = shardcopy.run("shards", "list", f"kinesis://{host}:{port}/demo", "--region=us-east-1", env=KEYS)
            assert "open" in listed.out
    finally:
        service.kill()


def test_region_of_the_arn_against_the_option(stubs, shardcopy):
    arn = "arn:aws:kinesis:us-east-1:000000000000:stream/demo"
    refused = shardcopy.run("shards", "list", f"kinesis://{arn}?endpoint=http://{stubs.http}", "--region=eu-west-1",
                            env=KEYS, status=2)
    assert "the region is eu-west-1, but the stream's ARN is of us-east-1" in refused.err


class Tunnel:
    """A proxy that notes what is asked of it, and refuses."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(20)
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]

    def first_line(self):
        connection, _ = self.listener.accept()
        with connection:
            line = connection.recv(65536).split(b"\r\n")[0].decode()
            connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        return line

    def close(self):
        self.listener.close()


@pytest.fixture
def tunnel():
    proxy = Tunnel()
    yield proxy
    proxy.close()


def test_https_proxy(shardcopy, tunnel):
    running = shardcopy.start("shards", "list", "kinesis://demo", "--fips",
                              env={**KEYS, "AWS_REGION": "us-west-2", "HTTPS_PROXY": tunnel.url})
    assert tunnel.first_line() == "CONNECT kinesis-fips.us-west-2.amazonaws.com:443 HTTP/1.1"
    running.kill()


def test_https_proxy_for_sts(shardcopy, tunnel):
    env = {**KEYS, "AWS_REGION": "eu-west-3", "HTTPS_PROXY": tunnel.url}
    running = shardcopy.start("shards", "list", "kinesis://demo", f"--role-arn={ROLE}", env=env)
    assert tunnel.first_line() == "CONNECT sts.eu-west-3.amazonaws.com:443 HTTP/1.1"
    running.kill()


def test_no_proxy(stubs, shardcopy, tunnel):
    """The proxy is not asked for what NO_PROXY names: the call succeeds, and nobody answers at the proxy."""
    host = stubs.https.replace("127.0.0.1", "localhost")
    env = {**KEYS, "HTTPS_PROXY": tunnel.url, "NO_PROXY": "example.com,localhost"}
    assert "open" in shardcopy.run("shards", "list", f"kinesis://{host}/demo?tls=true", f"--ca-bundle={stubs.ca}",
                                   env=env).out


# --- sessions that end during a load


def test_sessions_of_seconds(local_service, database, shardcopy, config, folder):
    """Sessions of two seconds, from each place that hands out any: all loads go on through several of them, with all
    records."""
    service = local_service("--verify-signatures", f"--keys={KEY}:{SECRET}", "--stub-credentials", "--stub-expiry=2",
                            "--generate", "demo:shards=2,records=1000,seed=1")
    here = f"http://{service.http}"
    token = written(folder, "token", "header.payload.signature")
    config(SSO)
    sso_token(folder, "corp", accessToken="old", expiresAt=ends_in(minutes=-1), refreshToken="r", clientId="i",
              clientSecret="c", registrationExpiresAt=ends_in(days=30))
    kinds = {"container": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": here + "/v1/credentials"},
             "imds": {"AWS_EC2_METADATA_SERVICE_ENDPOINT": here},
             "assume-role": {**KEYS, "AWS_ENDPOINT_URL_STS": here, "SHARDCOPY_ROLE_ARN": ROLE},
             "web-identity": {"AWS_WEB_IDENTITY_TOKEN_FILE": token, "AWS_ROLE_ARN": ROLE, "AWS_ENDPOINT_URL_STS": here},
             "sso": {"AWS_ENDPOINT_URL_SSO": here, "AWS_ENDPOINT_URL_SSO_OIDC": here}}
    loads = {kind: shardcopy.start("load", service.url("demo"), database.url(table=kind), f"--namespace={kind}",
                                   "--follow", "--log-level=debug", f"--credentials={kind}", env=env)
             for kind, env in kinds.items()}
    for load in loads.values():
        wait_until(lambda its=load: its.err.count("AWS credentials renewed") >= 3, 60, "three renewals")
    for kind, load in loads.items():
        load.signal(signal.SIGINT)
        load.wait(0)
        assert database.value(f'SELECT count(*) FROM "{kind}"') == 1000


def test_expired_before_its_time(local_service, database, shardcopy):
    """The service's clock jumps: what it handed out is over at once. Keys are fetched anew, and the calls made
    again."""
    service = local_service("--verify-signatures", "--stub-credentials", "--stub-expiry=240", "--generate",
                            "demo:shards=4,records=1000,seed=1")
    env = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://{service.http}/v1/credentials"}
    load = shardcopy.start("load", service.url("demo"), database.url(), "--follow", "--log-level=debug", env=env)
    wait_until(lambda: database.value("SELECT to_regclass('demo') IS NOT NULL")
               and database.value("SELECT count(*) FROM demo") == 1000, 60)
    assert "AWS credentials renewed" not in load.err
    service.advance_clock(241_000)
    wait_until(lambda: "AWS credentials renewed" in load.err, 30)
    put = shardcopy.start("put", service.url("demo"), "-", env=env, stdin=subprocess.PIPE)
    put.process.communicate(b'{"late": 1}\n')
    put.wait(0)
    wait_until(lambda: database.value("SELECT count(*) FROM demo") == 1001, 30)
    load.signal(signal.SIGINT)
    load.wait(0)


def test_an_agent_that_goes_away(local_service, database, shardcopy):
    """The agent is another service, which ends: the load goes on with the keys there are, and says so."""
    service = local_service("--generate", "demo:shards=1,records=1000,seed=1")
    agent = local_service("--stub-credentials", "--stub-expiry=3")
    env = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://{agent.http}"}
    load = shardcopy.start("load", service.url("demo"), database.url(), "--follow", "--credentials=imds", env=env)
    wait_until(lambda: database.value("SELECT to_regclass('demo') IS NOT NULL"), 60)
    agent.stop()
    wait_until(lambda: "AWS credentials could not be renewed; going on with those there are" in load.err, 30)
    assert load.status is None
    load.signal(signal.SIGINT)
    load.wait(0)
    assert database.value("SELECT count(*) FROM demo") == 1000
