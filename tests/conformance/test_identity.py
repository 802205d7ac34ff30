"""The same environment gives shardcopy and boto3 the same identity, each by the local service's STS."""
import datetime
import hashlib
import itertools
import json
import os
import re
import subprocess
import sys

import botocore.endpoint_provider
import botocore.session
import pytest
from support.process import BUILD, clean_environment

HERE = os.path.dirname(os.path.realpath(__file__))
ODD_FILES = os.path.join(HERE, "..", "fuzz", "corpus", "aws_config")
ROLE = "arn:aws:iam::123456789012:role/team/reader"
ENV_KEYS = {"AWS_ACCESS_KEY_ID": "AKIDENV000000ENVI", "AWS_SECRET_ACCESS_KEY": "of the environment"}


@pytest.fixture
def service(local_service):
    return local_service("--stub-credentials", "--generate", "demo:records=1")


@pytest.fixture
def check(service, folder):
    """Runs both in each environment, which is sent to the local service for everything, as each of its profiles."""
    base = {"AWS_ENDPOINT_URL": f"http://{service.http}", "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true"}

    def ours(env, profile):
        argv = [os.path.join(BUILD, "shardcopy"), "doctor", "kinesis://demo"]
        argv += [f"--profile={profile}"] if profile else []
        done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False, timeout=60)
        if "credentials: from dummy key" in done.stdout:
            return None
        key = re.search(r"^ok +credentials: from .*, key \.\.\.(\S{4})", done.stdout, re.M)
        arn = re.search(r"^ok +identity: (\S+) ", done.stdout, re.M)
        if key is None or arn is None:
            return "error"
        return [key.group(1), arn.group(1)]

    def run(jobs):
        jobs = [(clean_environment(folder, {**base, **env}), list(profiles)) for env, profiles in jobs]
        done = subprocess.run([sys.executable, os.path.join(HERE, "whoami.py")], env=clean_environment(folder),
                              input=json.dumps(jobs), capture_output=True, text=True, check=True, timeout=120)
        for (env, _), answers in zip(jobs, json.loads(done.stdout)):
            for profile, theirs in answers.items():
                mine = ours(env, profile)
                assert same(mine, theirs), f"profile {profile!r}: {mine}, not {theirs}, in {env}"
    return run


def same(mine, theirs):
    """A session's key differs from one call to the next; its role does not."""
    if isinstance(theirs, list) and isinstance(mine, list) and "assumed-role" in theirs[1]:
        return mine[1] == theirs[1]
    return mine == theirs


def written(folder, name, text):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


# --- odd files


def profiles_of(path):
    with open(path, encoding="utf-8", errors="replace", newline=None) as file:
        headers = re.findall(r"^\s*\[(.*)\]", file.read(), re.M)
    names = {header.strip() for header in headers} | {re.sub(r"^\w+\s+", "", header).strip(' "') for header in headers}
    return sorted(name for name in names if name and "\0" not in name)


@pytest.mark.parametrize("variable", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
def test_odd_files(check, folder, variable):
    elsewhere = os.path.join(folder, "nothing")
    paths = [os.path.join(ODD_FILES, name) for name in sorted(os.listdir(ODD_FILES))]
    others = {"AWS_CONFIG_FILE": elsewhere, "AWS_SHARED_CREDENTIALS_FILE": elsewhere}
    check([({**others, variable: path}, ["", *profiles_of(path)]) for path in paths])


# --- environments

CONFIG = f"""[default]
region = us-east-1
[profile keys]
aws_access_key_id = AKIDCONFIG00CONF
aws_secret_access_key = of the config file
[profile both]
aws_access_key_id = AKIDCONFIG00CONF
aws_secret_access_key = of the config file
credential_process = "/bin/echo" '{{"Version": 1, "AccessKeyId": "AKIDPROCESS0PROC", "SecretAccessKey": "s"}}'
[profile process]
credential_process = "/bin/echo" '{{"Version": 1, "AccessKeyId": "AKIDPROCESS0PROC", "SecretAccessKey": "s"}}'
[profile failing]
credential_process = /bin/false
aws_access_key_id = AKIDCONFIG00CONF
aws_secret_access_key = of the config file
[profile role]
role_arn = {ROLE}
source_profile = keys
role_session_name = first
external_id = 1/2
[profile nested]
role_arn = {ROLE}2
source_profile = role
role_session_name = second
duration_seconds = 900
[profile self]
role_arn = {ROLE}3
source_profile = self
role_session_name = self
aws_access_key_id = AKIDCONFIG00CONF
aws_secret_access_key = of the config file
[profile of_self]
role_arn = {ROLE}4
source_profile = self
role_session_name = of-self
[profile of_process]
role_arn = {ROLE}5
source_profile = process
role_session_name = of-process
[profile of_environment]
role_arn = {ROLE}6
credential_source = Environment
role_session_name = of-environment
[profile circle]
role_arn = {ROLE}
source_profile = round
[profile round]
role_arn = {ROLE}
source_profile = circle
[profile both_sources]
role_arn = {ROLE}
source_profile = keys
credential_source = Environment
[profile no_source]
role_arn = {ROLE}
[profile of_nothing]
role_arn = {ROLE}
source_profile = default
[profile of_nobody]
role_arn = {ROLE}
source_profile = nobody
[profile web]
role_arn = {ROLE}7
role_session_name = web
web_identity_token_file = TOKEN
[profile of_web]
role_arn = {ROLE}8
role_session_name = of-web
source_profile = web
[profile sso]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = reader
[profile sso_older]
sso_start_url = https://x.example/start
sso_region = us-east-1
sso_account_id = 123456789012
sso_role_name = older
[profile sso_and_keys]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = reader
aws_access_key_id = AKIDCONFIG00CONF
aws_secret_access_key = of the config file
[profile sso_half]
sso_session = corp
sso_role_name = reader
[profile sso_lost]
sso_session = lost
sso_account_id = 123456789012
sso_role_name = reader
[sso-session corp]
sso_start_url = https://x.example/start
sso_region = us-east-1
"""
CREDENTIALS = """[both]
aws_access_key_id = AKIDCREDENTICRED
aws_secret_access_key = of the credentials file
[half]
aws_access_key_id = AKIDCREDENTICRED
[session]
aws_access_key_id = AKIDCREDENTICRED
aws_secret_access_key = of the credentials file
aws_session_token = token
"""
PROFILES = re.findall(r"^\[(?:profile )?(\w+)\]", CONFIG + CREDENTIALS, re.M)


@pytest.fixture
def home(folder):
    token = written(folder, "token", "header.payload.signature")
    written(folder, ".aws/config", CONFIG.replace("TOKEN", token))
    written(folder, ".aws/credentials", CREDENTIALS)
    until = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for name in ("corp", "https://x.example/start"):
        written(folder, f".aws/sso/cache/{hashlib.sha1(name.encode()).hexdigest()}.json", json.dumps(
            {"startUrl": "https://x.example/start", "region": "us-east-1", "accessToken": "token", "expiresAt": until}))
    return token


def test_profiles(check, home):
    check([({}, PROFILES)])


def test_profiles_beside_keys_of_the_environment(check, home):
    """A profile that is asked for skips the environment, but for a credential_source that names it."""
    check([(ENV_KEYS, PROFILES)])


def test_profiles_of_the_environment(check, home):
    """AWS_PROFILE does not skip it; AWS_DEFAULT_PROFILE goes before AWS_PROFILE."""
    profiles = [{"AWS_PROFILE": profile} for profile in ("both", "nested", "sso", "half")]
    check([(env, [""]) for env in (*profiles, *({**ENV_KEYS, **env} for env in profiles), {"AWS_PROFILE": "nobody"},
                                   {"AWS_PROFILE": "keys", "AWS_DEFAULT_PROFILE": "process"})])


def test_environments(check, service, home):
    here = f"http://{service.http}"
    web = {"AWS_WEB_IDENTITY_TOKEN_FILE": home, "AWS_ROLE_ARN": ROLE, "AWS_ROLE_SESSION_NAME": "pod"}
    container = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": here + "/v1/credentials"}
    instance = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": here, "AWS_EC2_METADATA_DISABLED": "false"}
    check([(env, [""]) for env in (
        {}, ENV_KEYS, {"AWS_ACCESS_KEY_ID": "AKIDHALF"}, {"AWS_SECRET_ACCESS_KEY": "half"},
        {**ENV_KEYS, "AWS_SESSION_TOKEN": "token"}, {**ENV_KEYS, "AWS_SECURITY_TOKEN": "token"},
        web, {**web, **ENV_KEYS}, {**web, "AWS_PROFILE": "keys"}, {**web, "AWS_PROFILE": "role"},
        {**web, "AWS_PROFILE": "web"},
        {"AWS_WEB_IDENTITY_TOKEN_FILE": home},
        container, {**container, **instance}, {**container, "AWS_PROFILE": "keys"}, instance,
        {**instance, "AWS_PROFILE": "process"},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.1/x"},
        {**container, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "a\nb"})])


# --- endpoints


REGIONS = {"us-east-1": "aws", "me-central-1": "aws", "cn-north-1": "aws-cn", "us-gov-east-1": "aws-us-gov",
           "us-iso-east-1": "aws-iso", "us-isob-east-1": "aws-iso-b", "eu-isoe-west-1": "aws-iso-e",
           "us-isof-south-1": "aws-iso-f", "eusc-de-east-1": "aws-eusc"}


def endpoint_of(folder, source, region, fips, dual_stack):
    """What shardcopy says before it calls it; nothing is called, since the proxy is not there."""
    env = clean_environment(folder, {**ENV_KEYS, "AWS_REGION": region, "HTTPS_PROXY": "http://127.0.0.1:9",
                                     "AWS_USE_FIPS_ENDPOINT": str(fips).lower(),
                                     "AWS_USE_DUALSTACK_ENDPOINT": str(dual_stack).lower()})
    with subprocess.Popen([os.path.join(BUILD, "shardcopy"), "doctor", source], env=env, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True) as process:
        found = next((line for line in process.stdout if "endpoint: " in line), "")
        process.kill()
    return found.split("endpoint: ")[-1].split()[0]


@pytest.mark.parametrize("region", REGIONS)
def test_endpoints(folder, region):
    """By botocore's own rules: each partition, FIPS, dual-stack, by name and by ARN."""
    loader = botocore.session.Session().get_component("data_loader")
    rules = botocore.endpoint_provider.EndpointProvider(loader.load_service_model("kinesis", "endpoint-rule-set-1"),
                                                        loader.load_data("partitions"))
    stream = f"arn:{REGIONS[region]}:kinesis:{region}:123456789012:stream/demo"
    for fips, dual_stack, arn in itertools.product((False, True), (False, True), (None, stream)):
        asked = {"Region": region, "UseFIPS": fips, "UseDualStack": dual_stack}
        asked.update({"StreamARN": arn, "OperationType": "control"} if arn else {})
        ours = endpoint_of(folder, f"kinesis://{arn or 'demo'}", region, fips, dual_stack)
        assert ours == rules.resolve_endpoint(**asked).url + "/", asked
