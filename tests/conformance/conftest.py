"""The fixtures of the integration tests, and a client of the current boto3 that checks every answer against the
service's own model.

The model of botocore is written by the service: what it names, the service may say; what it requires, the service
must."""
import os
import sys

import boto3
import botocore.config
import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "integration"))

from support.fixtures import *  # noqa: E402,F401,F403  pylint: disable=wildcard-import,wrong-import-position
from shapes import check_answer  # noqa: E402  pylint: disable=wrong-import-position


def client_of(service, secure=False, **config):
    """boto3 without retries, over HTTP or HTTPS; every answer's shape is checked."""
    config = botocore.config.Config(retries={"max_attempts": 0}, read_timeout=30, **config)
    endpoint = f"https://{service.https}" if secure else f"http://{service.http}"
    client = boto3.client("kinesis", endpoint_url=endpoint, region_name="us-east-1",
                          verify=service.ca if secure else None,
                          aws_access_key_id="test", aws_secret_access_key="test", config=config)
    client.meta.events.register("after-call.kinesis", check_answer)
    return client


@pytest.fixture
def kinesis(local):
    return client_of(local)


@pytest.fixture
def current(kinesis):
    """A stream of two shards by its ARN: what every test of this folder begins with."""
    kinesis.create_stream(StreamName="demo", ShardCount=2)
    return kinesis.describe_stream_summary(StreamName="demo")["StreamDescriptionSummary"]["StreamARN"]
