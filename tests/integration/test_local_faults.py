"""The local service's faults as clients see them."""
import email.utils
import http.client
import json
import socket
import subprocess
import urllib.error

import botocore.exceptions
import pytest
from support.process import BUILD, Program

# Status by code; those that botocore knows by name come as exceptions of their own.
CODES = {
    "AccessDeniedException": 400, "ExpiredIteratorException": 400, "ExpiredNextTokenException": 400,
    "ExpiredTokenException": 400, "IncompleteSignatureException": 403, "InternalFailure": 500,
    "InternalFailureException": 500, "InvalidArgumentException": 400, "InvalidSignatureException": 400,
    "KMSAccessDeniedException": 400, "KMSDisabledException": 400, "KMSInvalidStateException": 400,
    "KMSNotFoundException": 400, "KMSOptInRequired": 400, "KMSThrottlingException": 400,
    "LimitExceededException": 400, "MissingAuthenticationTokenException": 400,
    "ProvisionedThroughputExceededException": 400, "ResourceInUseException": 400, "ResourceNotFoundException": 400,
    "SerializationException": 400, "ServiceUnavailable": 503, "UnknownOperationException": 400,
    "UnrecognizedClientException": 400, "ValidationException": 400,
}
HEADERS = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Kinesis_20131202.ListStreams"}


def ask(service):
    """ListStreams without a library that knows better: (status, headers, body)."""
    connection = http.client.HTTPConnection(service.http, timeout=20)
    connection.request("POST", "/", "{}", HEADERS)
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()


def test_boto3_sees_each_error(local):
    client = local.client()
    own = 0
    for code, status in CODES.items():
        local.faults(f"ListStreams:error={code}")
        expected = getattr(client.exceptions, code, botocore.exceptions.ClientError) if code in dir(client.exceptions) \
            else botocore.exceptions.ClientError
        own += expected is not botocore.exceptions.ClientError
        with pytest.raises(expected) as error:
            client.list_streams()
        answer = error.value.response
        assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert own >= 13, "botocore knows most of them"
    assert local.faults_waiting() == 0
    client.list_streams()


def test_message_of_a_serialization_exception(local):
    local.fault(error="SerializationException", message="NUMBER_VALUE can not be converted to a String")
    status, _, body = ask(local)
    assert status == 400
    assert json.loads(body) == {"__type": "SerializationException",
                                "Message": "NUMBER_VALUE can not be converted to a String"}


def test_retry_after(local):
    local.fault(kind="throttle", retry_after_ms=1500)
    assert ask(local)[1]["x-amz-retry-after"] == "1500"
    assert "x-amz-retry-after" not in ask(local)[1]


def test_a_skewed_date(local):
    def date():
        return email.utils.parsedate_to_datetime(ask(local)[1]["Date"])

    before = date()
    local.fault(kind="skewed-date", date_skew_ms=-3_600_000)
    assert 3590 < (before - date()).total_seconds() <= 3600
    assert -60 < (date() - before).total_seconds() < 60


def test_an_answer_byte_by_byte(local):
    client = local.client()
    client.create_stream(StreamName="s", ShardCount=1)
    local.fault(kind="split", piece_bytes=1)
    assert client.list_streams()["StreamNames"] == ["s"]


# What curl, by HTTP/2, ends with and says; whether it has the whole answer.
HTTP2 = [
    ("kind=rst-stream,bytes=3", [92], "INTERNAL_ERROR", False),
    ("kind=rst-stream,bytes=-1", [92], "INTERNAL_ERROR", False),
    ("kind=refused-stream", [0], "REFUSED_STREAM", True),  # curl asks again
    ("kind=goaway,bytes=3", [18, 92], "GOAWAY", False),
    ("kind=reset,bytes=3", [55, 56], "reset by peer", False),
    ("kind=truncate,bytes=3", [18], "HTTP/2 200", False),
    ("kind=split,piece_bytes=1", [0], "HTTP/2 200", True),
    ("kind=throttle,retry_after_ms=700", [0], "x-amz-retry-after: 700", False),
]


@pytest.mark.parametrize("fault, statuses, says, is_whole", HTTP2)
def test_http2(local, fault, statuses, says, is_whole):
    headers = [f"-H{name}: {value}" for name, value in HEADERS.items()]
    local.faults(f"ListStreams:{fault}")
    done = subprocess.run(["curl", "-sv", "--http2-prior-knowledge", "--max-time", "20", *headers, "-d{}",
                           f"http://{local.http}/"],
                          capture_output=True, text=True, check=False)
    assert done.returncode in statuses and says in done.stderr, done.stderr
    assert (done.stdout.startswith("{") and "StreamNames" in done.stdout) == is_whole
    assert local.listed_faults()[0]["hits"] == 1


def h2_frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def h2_fields(*fields):
    """HPACK without its table: each a literal that is not indexed."""
    return b"".join(bytes([0, len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
                    for name, value in fields)


def h2_frames(reader):
    """(type, flags, stream, payload) of each, to the end of the connection."""
    while head := reader.read(9):
        yield head[3], head[4], int.from_bytes(head[5:9], "big"), reader.read(int.from_bytes(head[:3], "big"))


def test_goaway(local):
    """Behind the whole answer. curl takes that for its end, whether or not it has seen the GOAWAY: so no curl here."""
    local.faults("ListStreams:kind=goaway")
    host, port = local.http.rsplit(":", 1)
    fields = h2_fields((":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", local.http),
                       *((name.lower(), value) for name, value in HEADERS.items()))
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + h2_frame(4, 0, 0) + h2_frame(1, 4, 1, fields)
                           + h2_frame(0, 1, 1, b"{}"))
        frames = list(h2_frames(connection.makefile("rb")))
    body = b"".join(payload for kind, _, _, payload in frames if kind == 0)
    assert json.loads(body)["StreamNames"] == []
    assert [flags & 1 for kind, flags, _, _ in frames if kind == 0][-1] == 1
    assert [payload for kind, _, _, payload in frames if kind == 7] == [bytes([0, 0, 0, 1, 0, 0, 0, 0])]


def test_faults_of_the_command_line(local_service):
    """The same seed and calls meet the same faults; another seed others."""
    def story(seed):
        faults = 'ListStreams:error=ServiceUnavailable,p=0.3; *:kind=throttle,p=0.1,message="a; b, c"'
        service = local_service("--faults", faults, f"--faults-seed={seed}")
        return [ask(service)[0] for _ in range(60)]

    first = story(5)
    assert first == story(5) and first != story(6)
    assert {200, 400, 503} == set(first)


def test_what_is_listed(local):
    local.faults("ListStreams:kind=throttle,count=3,after=1;PutRecords:kind=entries,p=0.5,every=2")
    for _ in range(2):
        ask(local)
    assert local.listed_faults() == [
        {"operation": "ListStreams", "kind": "throttle", "count": 3, "after": 1, "hits": 1, "calls": 2},
        {"operation": "PutRecords", "kind": "entries", "p": 0.5, "every": 2, "hits": 0, "calls": 0}]
    local.clear_faults()
    assert local.listed_faults() == []


@pytest.mark.parametrize("fault, says", [
    ({"kind": "entries", "operation": "GetRecords"}, "kinds that do: error, throttle"),
    ({"kind": "duplicate", "operation": "PutRecord"}, "kind duplicate does not apply to PutRecord"),
    ({"kind": "slow", "every": 2}, "kind slow does not have every"),
    ({"kind": "reset", "operation": "GetRecord"}, "unknown operation"),
])
def test_faults_that_cannot_be(local, fault, says):
    with pytest.raises(urllib.error.HTTPError) as error:
        local.fault(**fault)
    with error.value as answer:
        assert answer.status == 400 and says in json.loads(answer.read())["message"]
    assert local.faults_waiting() == 0


def test_a_spec_that_cannot_be(folder):
    program = Program([f"{BUILD}/shardcopy-local", "--listen=127.0.0.1:0", "--faults=GetRecords:kind=flood"], folder,
                      "local")
    program.wait(status=2)
    assert "unknown kind" in program.err and "throttle" in program.err
