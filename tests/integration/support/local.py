"""The local Kinesis service on free ports, and clients for it."""
import json
import os
import re
import urllib.request

import boto3
import botocore.config

from .process import BUILD, Program
from .wait import wait_until


class LocalService:
    """A started shardcopy-local. http and https are "HOST:PORT"; ca is the file its certificate is verified with.
    Without limits, unless the arguments say --limits=aws."""

    def __init__(self, folder, name, *args):
        self.folder = folder
        limits = [] if any(arg.startswith("--limits") for arg in args) else ["--limits=off"]
        self.program = Program([os.path.join(BUILD, "shardcopy-local"), "--listen=127.0.0.1:0",
                                "--tls-listen=127.0.0.1:0", *limits, *args], folder, name)
        wait_until(self._is_listening, 60, f"{name} to listen\n{self.program.story()}")
        self.http = re.search(r"listening http (\S+)", self.program.out).group(1)
        found = re.search(r"listening https (\S+) ca=(\S+)", self.program.out)
        self.https, self.ca = found.group(1), os.path.join(folder, found.group(2))

    def _is_listening(self):
        assert self.program.status is None, f"shardcopy-local ended\n{self.program.story()}"
        return "listening https" in self.program.out

    def url(self, stream):
        """A source or put target as a person types it."""
        return f"kinesis://{self.http}/{stream}"

    def client(self):
        """boto3 without retries: a test sees each answer as it is."""
        config = botocore.config.Config(retries={"max_attempts": 0}, read_timeout=30, max_pool_connections=4)
        return boto3.client("kinesis", endpoint_url=f"http://{self.http}", region_name="us-east-1",
                            aws_access_key_id="test", aws_secret_access_key="test", config=config)

    def call(self, operation, **members):
        """A call with members that Debian's boto3 does not know yet."""
        request = urllib.request.Request(f"http://{self.http}/", data=json.dumps(members).encode(), method="POST",
                                         headers={
            "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"Kinesis_20131202.{operation}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else {}

    def fault(self, **fault):
        """Asks for a fault: POST /_local/faults, as its --help says."""
        self._ask("POST", "faults", fault)

    def faults(self, spec):
        """Asks for faults in the words of --faults, without values in quotes."""
        self._ask("POST", "faults", [_fault_of(clause) for clause in spec.split(";")])

    def listed_faults(self):
        """Those that wait and those that are over, each with its hits."""
        listed = self._ask("GET", "faults")
        return listed["faults"] + listed["over"]

    def faults_waiting(self):
        """How many faults asked for have not hit yet."""
        return self._ask("POST", "faults", [])["waiting"]

    def clear_faults(self):
        self._ask("DELETE", "faults")

    def expire_iterators(self):
        """Every iterator given out so far is as old as if five minutes had passed."""
        self._ask("POST", "expire-iterators", {})

    def advance_clock(self, ms):
        """The service's own time, not that of its sockets."""
        self._ask("POST", "clock", {"advance_ms": ms})

    def _ask(self, method, what, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://{self.http}/_local/{what}", data=data, method=method,
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else {}

    def stop(self):
        self.program.process.terminate()
        self.program.wait(status=None, timeout_s=10)


def _fault_of(clause):
    operation, pairs = clause.split(":", 1)
    fault = {"operation": operation}
    for pair in pairs.split(","):
        name, value = pair.split("=", 1)
        is_text = name in ("kind", "error", "code", "message")
        fault[name] = value if is_text else json.loads(value)
    return fault


class Stream:
    """A stream of the service, and the ledger of what was put into it: id -> what was sent."""

    def __init__(self, client, name, shards=1):
        self.client = client
        self.name = name
        self.sent = 0
        client.create_stream(StreamName=name, ShardCount=shards)
        wait_until(self.is_active, what=f"stream {name} ACTIVE")

    def is_active(self):
        summary = self.client.describe_stream_summary(StreamName=self.name)["StreamDescriptionSummary"]
        return summary["StreamStatus"] == "ACTIVE"

    def put(self, data, key=None):
        """One record; data is bytes, text, or anything that becomes JSON. Returns (shard, sequence number)."""
        self.sent += 1
        answer = self.client.put_record(StreamName=self.name, Data=as_bytes(data), PartitionKey=key or str(self.sent))
        return answer["ShardId"], answer["SequenceNumber"]

    def put_many(self, payloads):
        """All payloads in order, 500 a call, spread over the shards by their running number."""
        batch = []
        for payload in payloads:
            self.sent += 1
            batch.append({"Data": as_bytes(payload), "PartitionKey": str(self.sent)})
            if len(batch) == 500:
                self._put_batch(batch)
                batch = []
        if batch:
            self._put_batch(batch)

    def _put_batch(self, batch):
        answer = self.client.put_records(StreamName=self.name, Records=batch)
        assert answer["FailedRecordCount"] == 0, answer["Records"][:3]

    def records(self):
        """All records, each shard's in its order: dicts with Data and PartitionKey."""
        found = []
        for shard in self.shards():
            found += self._records_of(shard["ShardId"])
        return found

    def _records_of(self, shard):
        found = []
        where = {"StreamName": self.name, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
        iterator = self.client.get_shard_iterator(**where)["ShardIterator"]
        while iterator:
            page = self.client.get_records(ShardIterator=iterator)
            found += page["Records"]
            iterator = page.get("NextShardIterator") if page["Records"] or page["MillisBehindLatest"] else None
        return found

    def open_shards(self):
        """Open shards, in the order of their hash ranges."""
        shards = [s for s in self.shards() if "EndingSequenceNumber" not in s["SequenceNumberRange"]]
        return sorted(shards, key=lambda s: int(s["HashKeyRange"]["StartingHashKey"]))

    def shards(self):
        found, token = [], None
        while True:
            which = {"NextToken": token} if token else {"StreamName": self.name}
            answer = self.client.list_shards(**which)
            found += answer["Shards"]
            token = answer.get("NextToken")
            if not token:
                return found

    def split(self, shard):
        low, high = (int(shard["HashKeyRange"][k]) for k in ("StartingHashKey", "EndingHashKey"))
        self.client.split_shard(StreamName=self.name, ShardToSplit=shard["ShardId"],
                                NewStartingHashKey=str((low + high) // 2 + 1))
        wait_until(self.is_active, what="the split")

    def merge(self, shard, neighbour):
        self.client.merge_shards(StreamName=self.name, ShardToMerge=shard["ShardId"],
                                 AdjacentShardToMerge=neighbour["ShardId"])
        wait_until(self.is_active, what="the merge")


def as_bytes(data):
    if isinstance(data, bytes):
        return data
    if isinstance(data, str):
        return data.encode()
    return json.dumps(data, separators=(",", ":")).encode()
