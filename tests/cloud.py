"""An AWS on loopback, which knows nothing of Reelspan: moto's; and a function's program as Lambda runs it, before it."""

import contextlib
import importlib.util
import json
import pathlib
import platform
import socket
import subprocess
import time

import boto3
import pytest
import requests
from moto.server import ThreadedMotoServer

REGION = "us-east-1"
ACCOUNT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION}


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


def make_table(dynamodb, name: str, partition: str, sort: str | None = None) -> None:
    keys = [(partition, "HASH")] + ([(sort, "RANGE")] if sort else [])
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key, _ in keys],
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys],
    )


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextlib.contextmanager
def invoked(program: pathlib.Path, log, **environment: str):
    """Runs a function's program under the emulator of Lambda's runtime, and gives what invokes it; it logs to `log`."""
    machine = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]
    package = pathlib.Path(importlib.util.find_spec("samcli").origin).parent
    emulator = package / "local" / "rapid" / f"aws-lambda-rie-{machine}"
    ports = [free_port(), free_port()]
    addresses = [f"127.0.0.1:{port}" for port in ports]
    command = [emulator, "--runtime-interface-emulator-address", addresses[0], "--runtime-api-address", addresses[1], program]
    process = subprocess.Popen(command, env=ACCOUNT | environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", ports[0]), 1):
                break
            time.sleep(0.05)
        url = f"http://{addresses[0]}/2015-03-31/functions/function/invocations"
        yield lambda event: requests.post(url, data=json.dumps(event), timeout=60)
    finally:
        process.terminate()
        process.wait(10)
