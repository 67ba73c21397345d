"""An independent AWS on loopback: moto. There is one a process, whatever its endpoints, so each test uses its own
names, or removes what it created."""

import contextlib

import boto3
import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.s3.responses import S3Response
from moto.server import ThreadedMotoServer

from actions import REGION

_list_parts = S3Response.list_parts


def list_parts(self):
    """S3 calls the root of the answer `ListPartsResult` (Amazon S3 API Reference, ListParts); moto does not."""
    status, headers, body = _list_parts(self)
    text = body.decode() if isinstance(body, bytes) else body
    return status, headers, text.replace("ListPartsResponse", "ListPartsResult")


S3Response.list_parts = list_parts


@pytest.fixture(scope="module")
def moto():
    """The endpoint of an AWS."""
    serving = ThreadedMotoServer("127.0.0.1", 0)
    serving.start()
    host, port = serving.get_host_and_port()
    yield f"http://{host}:{port}"
    serving.stop()


@pytest.fixture(scope="module")
def boto(moto):
    """Gives a client of one of its services."""
    return lambda service: boto3.client(
        service, endpoint_url=moto, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
    )


def put_past(bucket: str, key: str) -> str:
    """Stores an object of one byte past S3's API, which would take minutes for thousands of them; its ETag."""
    return s3_backends[DEFAULT_ACCOUNT_ID]["aws"].put_object(bucket, key, b"x").etag


def open_space(dynamodb, table: str, space: str) -> None:
    """Creates a space that streams openly."""
    streaming = {"type": {"S": "OPEN"}, "status": {"S": "on"}, "origins": {"L": []}, "version": {"N": "0"}, "generation": {"S": "0"}}
    streaming |= {"deployed": {"BOOL": True}}
    kept = {"acl": {"M": {}}, "properties": {"M": {}}, "created": {"N": "0"}, "state": {"S": "live"}, "streaming": {"M": streaming}}
    dynamodb.put_item(TableName=table, Item={"space": {"S": space}} | kept)


def make_table(dynamodb, name: str, partition: str, sort: str | None = None) -> None:
    """Creates a table, replacing one of that name from another test."""
    with contextlib.suppress(dynamodb.exceptions.ResourceNotFoundException):
        dynamodb.delete_table(TableName=name)
    keys = [(partition, "HASH")] + ([(sort, "RANGE")] if sort else [])
    # The table of indexes alone has a sort key, and a secondary index.
    of_index = [("space", "HASH"), ("content", "RANGE")] if sort else []
    schema = [[{"AttributeName": key, "KeyType": kind} for key, kind in some] for some in (keys, of_index)]
    index = {"IndexName": "Contents", "KeySchema": schema[1], "Projection": {"ProjectionType": "ALL"}}
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key, _ in keys + of_index],
        KeySchema=schema[0],
        **({"GlobalSecondaryIndexes": [index]} if sort else {}),
    )
