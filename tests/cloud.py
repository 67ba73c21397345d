"""An AWS on loopback that is empty, and knows nothing of Reelspan: moto's."""

import boto3
import pytest
import requests
from moto.server import ThreadedMotoServer

from actions import REGION


@pytest.fixture(scope="module")
def moto():
    """The endpoint of an AWS that is empty."""
    serving = ThreadedMotoServer("127.0.0.1", 0)
    serving.start()
    host, port = serving.get_host_and_port()
    yield f"http://{host}:{port}"
    requests.post(f"http://{host}:{port}/moto-api/reset", timeout=30)
    serving.stop()


@pytest.fixture(scope="module")
def boto(moto):
    """Gives a client of one of its services."""
    return lambda service: boto3.client(
        service, endpoint_url=moto, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
    )


def open_space(dynamodb, table: str, space: str) -> None:
    """Makes a space that streams to anybody."""
    streaming = {"type": {"S": "OPEN"}, "standing": {"S": "on"}, "origins": {"L": []}, "version": {"N": "0"}, "reference": {"S": "0"}}
    kept = {"acl": {"M": {}}, "properties": {"M": {}}, "created": {"N": "0"}, "state": {"S": "live"}, "streaming": {"M": streaming}}
    dynamodb.put_item(TableName=table, Item={"space": {"S": space}} | kept)


def make_table(dynamodb, name: str, partition: str, sort: str | None = None) -> None:
    keys = [(partition, "HASH")] + ([(sort, "RANGE")] if sort else [])
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key, _ in keys],
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys],
    )
