"""A Kinesis of a few lines with one stream, demo, of one shard: it answers GetRecords with bodies that a test has made,
so that they need not be what our own service would send."""
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

JSON = "application/x-amz-json-1.1"
SHARD = "shardId-000000000000"
ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/demo"


class FakeKinesis:
    """pages: what GetRecords answers to iterators 0, 1, 2 ...: a function of the request's Content-Type that gives
    (status, Content-Type, body)."""

    def __init__(self, pages):
        self.pages = pages
        self.asked = []  # (operation, Content-Type, body) of every request
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                operation = self.headers["X-Amz-Target"].split(".")[1]
                fake.asked.append((operation, self.headers["Content-Type"], body))
                status, content_type, answer = fake.answer(operation, self.headers["Content-Type"], body)
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, operation, content_type, body):
        if operation == "GetRecords":
            number = next(i for i in range(len(self.pages)) if f"iterator-{i};".encode() in body)
            return self.pages[number](content_type)
        return 200, JSON, json.dumps(getattr(self, operation)()).encode()

    def DescribeStreamSummary(self):
        return {"StreamDescriptionSummary": {
            "StreamName": "demo", "StreamARN": ARN, "StreamStatus": "ACTIVE", "RetentionPeriodHours": 24,
            "StreamCreationTimestamp": 1700000000.0, "OpenShardCount": 1}}

    def ListShards(self):
        return {"Shards": [{"ShardId": SHARD, "HashKeyRange": {"StartingHashKey": "0",
                                                               "EndingHashKey": str(2**128 - 1)},
                            "SequenceNumberRange": {"StartingSequenceNumber": "1"}}]}

    def GetShardIterator(self):
        """The first time iterator 0, then 1, ..."""
        made = sum(operation == "GetShardIterator" for operation, _, _ in self.asked)
        return {"ShardIterator": f"iterator-{made - 1};"}

    def types_of_get_records(self):
        return [content_type for operation, content_type, _ in self.asked if operation == "GetRecords"]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def page(number, records, last):
    """A GetRecords reply as a value: the members that a consumer needs."""
    return {"Records": records, "NextShardIterator": f"iterator-{number + 1};",
            "MillisBehindLatest": 0 if last else 60000}

