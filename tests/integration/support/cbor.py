"""CBOR as Kinesis speaks it, by python3-cbor2: an encoder and a decoder that are not ours."""
import io
import random
import urllib.error
import urllib.request
from unittest import mock

import cbor2

try:
    from cbor2 import _decoder  # from 5.5 on (Debian 13)
except ImportError:
    from cbor2 import decoder as _decoder

CONTENT_TYPE = "application/x-amz-cbor-1.1"


class Millis(int):
    """A time: epoch milliseconds, which Kinesis puts into tag 1 as an integer (RFC 8949 has seconds there)."""


def loads(data):
    """One value and nothing behind it; times come as Millis. cbor2 would read them as seconds."""
    times = {1: lambda decoder: Millis(decoder._decode())}  # pylint: disable=protected-access
    stream = io.BytesIO(data)
    with mock.patch.dict(_decoder.semantic_decoders, times):
        value = _decoder.load(stream)
    assert stream.read() == b"", "bytes behind the end"
    return value


def dumps(value):
    """In definite lengths."""
    return cbor2.dumps(_tagged(value))


def _tagged(value):
    if isinstance(value, Millis):
        return cbor2.CBORTag(1, int(value))
    if isinstance(value, dict):
        return {name: _tagged(element) for name, element in value.items()}
    return [_tagged(element) for element in value] if isinstance(value, list) else value


def dumps_in_pieces(value, rng: random.Random):
    """The same value in any of the ways to write it: containers and strings in pieces, heads longer than they must be,
    tags."""
    if isinstance(value, Millis):
        return rng.choice([b"\xc1", b""]) + cbor2.dumps(int(value))
    if isinstance(value, (bytes, str)):
        return _string(value, rng)
    if not isinstance(value, (dict, list)):
        return cbor2.dumps(value)
    major, flat = (5, [part for pair in value.items() for part in pair]) if isinstance(value, dict) else (4, value)
    inside = b"".join(dumps_in_pieces(part, rng) for part in flat)
    if rng.random() < 0.5:
        return bytes([major << 5 | 31]) + inside + b"\xff"
    return _head(major, len(value), rng) + inside


def _string(value, rng):
    major, data = (2, value) if isinstance(value, bytes) else (3, value.encode())
    if rng.random() < 0.7:
        return _head(major, len(data), rng) + data
    pieces, at = b"", 0
    while at < len(data):
        size = rng.randint(0, len(data) - at)
        if major == 3 and size:  # each piece is text of its own
            size = len(data[at:at + size].decode("utf-8", "ignore").encode())
        pieces += _head(major, size, rng) + data[at:at + size]
        at += size
        if size == 0 and major == 3:
            pieces += _head(major, len(data) - at, rng) + data[at:]
            break
    return bytes([major << 5 | 31]) + pieces + b"\xff"


def _head(major, value, rng):
    """Of any size that holds the value."""
    sizes = [n for n in (1, 2, 4, 8) if value < 1 << 8 * n]
    if value < 24 and rng.random() < 0.5:
        return bytes([major << 5 | value])
    n = rng.choice(sizes)
    return bytes([major << 5 | {1: 24, 2: 25, 4: 26, 8: 27}[n]]) + value.to_bytes(n, "big")


class Answer:
    """A reply as it came."""

    def __init__(self, status, headers, body):
        self.status, self.type, self.body = status, headers["Content-Type"], body

    @property
    def value(self):
        """What the body says; {} of an empty one."""
        return loads(self.body) if self.body else {}


class CborClient:
    """Calls of Kinesis in CBOR over plain HTTP."""

    def __init__(self, address):
        self.address = address

    def post(self, operation, body, content_type=CONTENT_TYPE):
        headers = {"Content-Type": content_type, "X-Amz-Target": f"Kinesis_20131202.{operation}"}
        request = urllib.request.Request(f"http://{self.address}/", data=body, method="POST", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    def call(self, operation, **members):
        """The value of a call that must work."""
        answer = self.post(operation, dumps(members))
        assert answer.status == 200 and answer.type == CONTENT_TYPE, (answer.status, answer.type, answer.body)
        return answer.value
