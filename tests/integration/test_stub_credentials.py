"""--stub-credentials: boto3 gets keys from each of the stubs, as from AWS, and signs with them what --verify-signatures
checks."""
import json
import os
import urllib.error
import urllib.request

import boto3
import botocore
import botocore.config
import botocore.credentials
import botocore.session
import botocore.utils
import pytest

KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
ROLE = "arn:aws:iam::000000000000:role/team/reader"


@pytest.fixture
def stubs(local_service):
    return local_service("--verify-signatures", f"--keys={KEY}:{SECRET}", "--stub-credentials", "--stub-expiry=3600",
                         "--generate", "demo:shards=1,records=10,seed=1")


@pytest.fixture(autouse=True)
def bare(monkeypatch, folder):
    """No credentials of the machine's."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", folder)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def client(service, name="kinesis", **keys):
    config = botocore.config.Config(retries={"max_attempts": 0})
    return boto3.session.Session(**keys).client(name, endpoint_url=f"http://{service.http}", region_name="us-east-1",
                                                config=config)


def kinesis_with(service, key, secret, token):
    return client(service, aws_access_key_id=key, aws_secret_access_key=secret, aws_session_token=token)


def streams(kinesis):
    return kinesis.list_streams()["StreamNames"]


def refusal(call, **members):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**members)
    return caught.value.response["Error"]["Code"], caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


def get(service, path, method="GET", data=None, **headers):
    """Status and body."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(f"http://{service.http}{path}", data=data, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


# --- STS


def test_assume_role(stubs):
    sts = client(stubs, "sts", aws_access_key_id=KEY, aws_secret_access_key=SECRET)
    answer = sts.assume_role(RoleArn=ROLE, RoleSessionName="me@there")
    assert answer["AssumedRoleUser"]["Arn"] == "arn:aws:sts::000000000000:assumed-role/reader/me@there"
    keys = answer["Credentials"]
    assert streams(kinesis_with(stubs, keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])) == ["demo"]
    as_role = client(stubs, "sts", aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
                     aws_session_token=keys["SessionToken"])
    assert as_role.get_caller_identity()["Arn"] == answer["AssumedRoleUser"]["Arn"]
    assert sts.get_caller_identity()["Arn"] == "arn:aws:iam::000000000000:user/shardcopy-local"
    assert refusal(kinesis_with(stubs, keys["AccessKeyId"], keys["SecretAccessKey"], None).list_streams) == \
        ("UnrecognizedClientException", 400)


def test_sts_refusals(stubs):
    sts = client(stubs, "sts", aws_access_key_id=KEY, aws_secret_access_key=SECRET)
    assert refusal(sts.assume_role, RoleArn="arn:aws:iam::1:role/reader", RoleSessionName="me") == ("ValidationError",
                                                                                                    400)
    assert refusal(sts.assume_role, RoleArn=ROLE, RoleSessionName="me and you") == ("ValidationError", 400)
    assert refusal(sts.assume_role, RoleArn=ROLE, RoleSessionName="me", DurationSeconds=60000) == ("ValidationError",
                                                                                                   400)
    assert refusal(sts.get_session_token) == ("InvalidAction", 400)
    wrong = client(stubs, "sts", aws_access_key_id=KEY, aws_secret_access_key="wrong")
    assert refusal(wrong.assume_role, RoleArn=ROLE, RoleSessionName="me") == ("SignatureDoesNotMatch", 403)
    unknown = client(stubs, "sts", aws_access_key_id="AKIDOTHER", aws_secret_access_key=SECRET)
    assert refusal(unknown.get_caller_identity) == ("InvalidClientTokenId", 403)


def test_web_identity(stubs, folder, monkeypatch):
    """By the provider that clients use: a file with a token, nothing signed."""
    path = f"{folder}/token"
    with open(path, "w", encoding="utf-8") as file:
        file.write("header.payload.signature")
    sts = boto3.client("sts", endpoint_url=f"http://{stubs.http}", region_name="us-east-1",
                       config=botocore.config.Config(signature_version=botocore.UNSIGNED))
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", path)
    fetcher = botocore.credentials.AssumeRoleWithWebIdentityCredentialFetcher(
        client_creator=lambda *_, **__: sts, role_arn=ROLE,
        web_identity_token_loader=botocore.utils.FileWebIdentityTokenLoader(path),
        extra_args={"RoleSessionName": "pod"})
    keys = fetcher.fetch_credentials()
    assert streams(kinesis_with(stubs, keys["access_key"], keys["secret_key"], keys["token"])) == ["demo"]
    assert refusal(sts.assume_role_with_web_identity, RoleArn=ROLE, RoleSessionName="x" * 65,
                   WebIdentityToken="token") == \
        ("ValidationError", 400)


# --- IMDS


def test_imds(stubs, monkeypatch):
    """boto3's own chain finds it."""
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"http://{stubs.http}/")
    found = botocore.session.Session().get_credentials()
    assert found.method == "iam-role"
    assert streams(client(stubs)) == ["demo"]


def test_imds_without_a_token(stubs):
    role = "/latest/meta-data/iam/security-credentials/"
    assert get(stubs, role)[0] == 401
    assert get(stubs, role, x_aws_ec2_metadata_token="made up")[0] == 401
    assert get(stubs, "/latest/api/token", "PUT")[0] == 400
    assert get(stubs, "/latest/api/token", "PUT", x_aws_ec2_metadata_token_ttl_seconds="21601")[0] == 400
    status, token = get(stubs, "/latest/api/token", "PUT", x_aws_ec2_metadata_token_ttl_seconds="60")
    assert status == 200
    assert get(stubs, role, x_aws_ec2_metadata_token=token) == (200, "shardcopy-local")
    assert get(stubs, role + "other", x_aws_ec2_metadata_token=token)[0] == 404
    assert get(stubs, "/latest/meta-data/placement/availability-zone", x_aws_ec2_metadata_token=token) == (200,
                                                                                                           "us-east-1a")
    assert get(stubs, "/latest/meta-data/placement/region", x_aws_ec2_metadata_token=token) == (200, "us-east-1")
    stubs.advance_clock(60_000)
    assert get(stubs, role, x_aws_ec2_metadata_token=token)[0] == 401


# --- containers


@pytest.mark.parametrize("path", ["/v2/credentials/7e0d", "/v1/credentials"])
def test_containers(stubs, monkeypatch, path):
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"http://{stubs.http}{path}")
    found = botocore.session.Session().get_credentials()
    assert found.method == "container-role"
    assert streams(client(stubs)) == ["demo"]


def test_container_token(local_service, monkeypatch):
    service = local_service("--verify-signatures", "--stub-credentials", "--stub-token=Bearer mine", "--generate",
                            "demo:records=1")
    assert get(service, "/v1/credentials")[0] == 401
    assert get(service, "/v1/credentials", Authorization="Bearer yours")[0] == 401
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"http://{service.http}/v1/credentials")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Bearer mine")
    assert streams(client(service)) == ["demo"]


# --- SSO


def test_sso_portal(stubs):
    sso = client(stubs, "sso")
    keys = sso.get_role_credentials(roleName="reader", accountId="000000000000", accessToken="token")["roleCredentials"]
    assert streams(kinesis_with(stubs, keys["accessKeyId"], keys["secretAccessKey"], keys["sessionToken"])) == ["demo"]
    assert len(str(keys["expiration"])) == 13
    assert refusal(sso.get_role_credentials, roleName="reader", accountId="0",
                   accessToken="token") == ("InvalidRequestException", 400)
    assert get(stubs, "/federation/credentials?role_name=reader&account_id=000000000000")[0] == 401


def test_sso_tokens(stubs):
    oidc, sso = client(stubs, "sso-oidc"), client(stubs, "sso")
    who = {"clientId": "id", "clientSecret": "secret"}
    answer = oidc.create_token(**who, grantType="refresh_token", refreshToken="old")
    assert answer["tokenType"] == "Bearer" and answer["expiresIn"] == 3600 and answer["refreshToken"]
    which = {"roleName": "reader", "accountId": "000000000000", "accessToken": answer["accessToken"]}
    assert sso.get_role_credentials(**which)["roleCredentials"]["accessKeyId"].startswith("ASIA")
    assert refusal(oidc.create_token, **who, grantType="refresh_token") == ("InvalidGrantException", 400)
    assert refusal(oidc.create_token, **who, grantType="password") == ("UnsupportedGrantTypeException", 400)
    stubs.advance_clock(3600_000)
    assert refusal(sso.get_role_credentials, **which) == ("UnauthorizedException", 401)


# --- the end of a session


def test_expired(local_service):
    service = local_service("--verify-signatures", "--stub-credentials", "--stub-expiry=60", "--generate",
                            "demo:records=1")
    keys = json.loads(get(service, "/v2/credentials/x")[1])
    kinesis = kinesis_with(service, keys["AccessKeyId"], keys["SecretAccessKey"], keys["Token"])
    assert streams(kinesis) == ["demo"]
    service.advance_clock(60_000)
    assert refusal(kinesis.list_streams) == ("ExpiredTokenException", 400)
    again = json.loads(get(service, "/v2/credentials/x")[1])
    assert streams(kinesis_with(service, again["AccessKeyId"], again["SecretAccessKey"], again["Token"])) == ["demo"]


def test_not_there_unless_asked_for(local_service):
    service = local_service()
    assert get(service, "/v2/credentials/x")[0] == 403
    assert get(service, "/latest/api/token", "PUT", x_aws_ec2_metadata_token_ttl_seconds="60")[0] == 403


def test_shardcopy_with_a_session(stubs, database, shardcopy):
    keys = json.loads(get(stubs, "/v2/credentials/x")[1])
    env = {"AWS_ACCESS_KEY_ID": keys["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
           "AWS_SESSION_TOKEN": keys["Token"], "AWS_REGION": "us-east-1"}
    shardcopy.load(stubs.url("demo"), database.url(), env=env)
    assert database.value("select count(*) from demo") == 10
