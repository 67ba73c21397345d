"""The functions as Lambda runs them: their programs under the runtime emulator that ships with SAM, over moto's S3 and DynamoDB,
which know nothing of Reelspan, with the tables and the events of this repository."""

import base64
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
from samtranslator.yaml_helper import yaml_parse

import server as servers

BUCKET = "reelspan-media-123456789012"
REGION = "us-east-1"
TABLE = "ContainerIndex"
SPACES = "Spaces"
ACCOUNT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION}


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@pytest.fixture(scope="module")
def aws():
    """The endpoint of an AWS with the bucket and the table."""
    serving = ThreadedMotoServer("127.0.0.1", 0)
    serving.start()
    host, port = serving.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    yield endpoint
    serving.stop()


@pytest.fixture(scope="module")
def client(aws):
    return lambda service: boto3.client(
        service, endpoint_url=aws, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
    )


@pytest.fixture(scope="module")
def stores(client, root):
    """The bucket, and the tables as the template has them, with the space `demo`, which streams openly."""
    client("s3").create_bucket(Bucket=BUCKET)
    template = yaml_parse((root / "template.yaml").read_text())
    for name in (TABLE, SPACES):
        table = template["Resources"][name]["Properties"]
        fields = ("AttributeDefinitions", "KeySchema", "BillingMode")
        client("dynamodb").create_table(TableName=name, **{field: table[field] for field in fields})
    client("dynamodb").put_item(TableName=SPACES, Item=streamed_space("demo", "OPEN"))


def streamed_space(name: str, kind: str, standing: str = "on") -> dict:
    """A space as the table has it. Its distribution is at https://NAME.cloudfront.net."""
    text = lambda value: {"S": value}
    distribution = {"distribution": text("E2QWRUHAPOMQZL"), "host": text(f"{name}.cloudfront.net"), "deployed": {"BOOL": True}}
    streaming = {"type": text(kind), "standing": text(standing), "origins": {"L": []}, "version": {"N": "0"}, "reference": text("0")}
    return {
        "space": text(name), "created": {"N": "0"}, "state": text("live"), "acl": {"M": {}}, "properties": {"M": {}},
        "streaming": {"M": streaming | distribution},
    }


@contextlib.contextmanager
def emulated(program: pathlib.Path, aws: str, log=subprocess.DEVNULL, **variables: str):
    """Runs a function's program, and gives what invokes it. What it logs goes to `log`."""
    machine = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]
    package = pathlib.Path(importlib.util.find_spec("samcli").origin).parent
    emulator = package / "local" / "rapid" / f"aws-lambda-rie-{machine}"
    ports = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    environment = ACCOUNT | {"AWS_ENDPOINT_URL": aws, "MEDIA_BUCKET": BUCKET, "INDEX_TABLE": TABLE, "SPACES_TABLE": SPACES, "RUST_LOG": "warn"} | variables
    command = [emulator, "--runtime-interface-emulator-address", ports[0], "--runtime-api-address", ports[1], program]
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
    )
    try:
        wait_for_port(ports[0])
        url = f"http://{ports[0]}/2015-03-31/functions/function/invocations"
        yield lambda event: requests.post(url, data=json.dumps(event), timeout=60)
    finally:
        process.terminate()
        process.wait(10)


def wait_for_port(address: str) -> None:
    host, port = address.split(":")
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 1):
            return
        time.sleep(0.05)
    raise TimeoutError(address)


@pytest.fixture(scope="module")
def event(root):
    def read(name: str) -> dict:
        return json.loads((root / "events" / f"{name}.json").read_text())

    return read


@pytest.fixture(scope="module")
def indexed(aws, client, stores, root, samples, event):
    """The indexer was told of the samples that the events are about, and still runs."""
    with emulated(servers.built(root, "indexer"), aws) as invoke:
        for name in ("counter.mp4", "counter.webm"):
            client("s3").put_object(Bucket=BUCKET, Key=f"demo/{name}", Body=(samples / name).read_bytes())
            put = event("s3-put")
            put["Records"][0]["s3"]["object"]["key"] = f"demo/{name}"
            answer = invoke(put)
            assert answer.status_code == 200 and "errorMessage" not in answer.text, answer.text
        yield invoke


@pytest.fixture(scope="module")
def buffered(aws, root, indexed):
    with emulated(servers.built(root, "fragments"), aws, REELSPAN_ANSWER="buffered") as invoke:
        yield invoke


@pytest.fixture(scope="module")
def streamed(aws, root, indexed):
    with emulated(servers.built(root, "fragments"), aws, REELSPAN_ANSWER="streamed") as invoke:
        yield invoke


EVENTS = [
    ("http-original", 200),
    ("http-head", 200),
    ("http-time", 200),
    ("http-track", 200),
    ("http-time-track", 200),
    ("http-range-bytes", 206),
    ("http-range-time", 206),
    ("http-range-setup", 206),
    ("http-range-redirect", 307),
    ("http-time-range-bytes", 206),
    ("http-validate", 200),
]


def expected(server, event: dict) -> requests.Response:
    """What the server on one machine answers to the same."""
    decides = ("accept", "accept-range-redirect", "range")
    headers = {name: value for name, value in event["headers"].items() if name in decides}
    query = event["rawQueryString"]
    url = server.url + event["rawPath"] + (f"?{query}" if query else "")
    method = event["requestContext"]["http"]["method"]
    return requests.request(method, url, headers=headers, timeout=30, allow_redirects=False)


SAME = ["content-type", "content-length", "location", "range-redirect", "content-range", "content-range-mapping", "x-media-fragment", "accept-ranges", "vary"]


@pytest.mark.parametrize(("name", "status"), EVENTS)
def test_a_buffered_answer_is_what_a_server_answers(server, buffered, event, name, status):
    request = event(name)
    answer = buffered(request).json()
    there = expected(server, request)
    assert (answer["statusCode"], there.status_code) == (status, status)
    body = answer.get("body") or ""
    body = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
    assert body == there.content
    assert fields(answer["headers"]) == fields(there.headers)


@pytest.mark.parametrize(("name", "status"), EVENTS)
def test_a_streamed_answer_is_what_a_server_answers(server, streamed, event, name, status):
    request = event(name)
    # Lambda's own form: what precedes the body is JSON, and eight zero bytes part the two.
    prelude, body = streamed(request).content.split(bytes(8), 1)
    answer, there = json.loads(prelude), expected(server, request)
    assert (answer["statusCode"], there.status_code) == (status, status)
    assert body == there.content
    assert fields(answer["headers"]) == fields(there.headers)


def fields(headers) -> dict[str, str]:
    found = {name.lower(): value for name, value in headers.items()}
    return {name: found.get(name) for name in SAME}


def test_a_buffered_answer_that_is_too_large_is_a_shorter_part_or_had_where_the_space_streams(client, buffered, indexed, samples, event):
    body = (samples / "counter.mp4").read_bytes() + (7_000_008).to_bytes(4) + b"free" + bytes(7_000_000)
    client("s3").put_object(Bucket=BUCKET, Key="demo/large.mp4", Body=body)
    put = event("s3-put")
    put["Records"][0]["s3"]["object"] = {"key": "demo/large.mp4", "sequencer": "0068E7C2A0B1C2D3E5"}
    assert indexed(put).status_code == 200

    whole = event("http-original")
    whole["rawPath"] = whole["requestContext"]["http"]["path"] = "/media/demo/large.mp4"
    redirected = buffered(whole).json()
    assert (redirected["statusCode"], redirected["headers"]["location"]) == (307, "https://demo.cloudfront.net/large.mp4")
    whole["headers"]["range"] = "bytes=0-"
    part = buffered(whole).json()
    assert part["statusCode"] == 206
    given = base64.b64decode(part["body"])
    assert 1_000_000 < len(given) < len(body)
    assert given == body[: len(given)]
    assert part["headers"]["content-range"] == f"bytes 0-{len(given) - 1}/{len(body)}"


def test_events_may_come_twice_and_late(client, indexed, event):
    def pages() -> set[str]:
        items = client("dynamodb").scan(TableName=TABLE, ProjectionExpression="media, page")["Items"]
        return {item["page"]["S"] for item in items if item["media"]["S"] == "demo/counter.mp4"}

    before = pages()
    assert "HEAD" in before and len(before) > 1
    # The object is there, so an event of its deletion is either old or wrong.
    for name in ("s3-put", "s3-put", "s3-delete"):
        assert "errorMessage" not in indexed(event(name)).text
    assert pages() == before


def test_a_deleted_object_leaves_nothing(client, buffered, indexed, samples, event):
    s3 = client("s3")
    s3.put_object(Bucket=BUCKET, Key="demo/gone.mp4", Body=(samples / "counter.mp4").read_bytes())
    put, deletion, request = event("s3-put"), event("s3-delete"), event("http-time")
    for record in (put, deletion):
        record["Records"][0]["s3"]["object"]["key"] = "demo/gone.mp4"
    request["rawPath"] = request["requestContext"]["http"]["path"] = "/media/demo/gone.mp4"
    indexed(put)
    assert buffered(request).json()["statusCode"] == 200
    s3.delete_object(Bucket=BUCKET, Key="demo/gone.mp4")
    indexed(deletion)
    items = client("dynamodb").scan(TableName=TABLE, ProjectionExpression="media")["Items"]
    assert "demo/gone.mp4" not in {item["media"]["S"] for item in items}
    assert buffered(request).json()["statusCode"] == 404


@pytest.mark.parametrize(
    ("space", "standing", "reason"),
    [
        (None, None, "does not stream"),
        ("OPEN", "off", "is off"),
        ("SECURE", "deleting", "is being deleted"),
        ("SECURE", "on", "signed URLs and signed cookies only"),
    ],
)
def test_a_space_that_does_not_stream_tells_nothing_of_what_it_has(client, buffered, event, space, standing, reason):
    """What is there, and what is not, are the same to whoever may not have it."""
    name = f"closed-{space}-{standing}".lower() if space else "nosuch"
    if space:
        client("dynamodb").put_item(TableName=SPACES, Item=streamed_space(name, space, standing))
        client("s3").put_object(Bucket=BUCKET, Key=f"{name}/there.mp4", Body=b"x")
    answers = []
    for content in ("there.mp4", "missing.mp4"):
        request = event("http-time")
        request["rawPath"] = request["requestContext"]["http"]["path"] = f"/media/{name}/{content}"
        answer = buffered(request).json()
        assert answer["statusCode"] == 403, answer
        headers = {field.lower(): value for field, value in answer["headers"].items()}
        assert (headers["content-type"], headers["cache-control"]) == ("application/problem+json", "no-store")
        answers.append(base64.b64decode(answer["body"]))
        assert reason in json.loads(answers[-1])["detail"]
    assert answers[0] == answers[1]


def test_behind_cloudfront_the_signature_was_looked_at_and_a_space_that_is_off_stays_so(aws, client, root, indexed, samples, event):
    client("dynamodb").put_item(TableName=SPACES, Item=streamed_space("secure", "SECURE"))
    client("s3").put_object(Bucket=BUCKET, Key="secure/counter.mp4", Body=(samples / "counter.mp4").read_bytes())
    put = event("s3-put")
    put["Records"][0]["s3"]["object"]["key"] = "secure/counter.mp4"
    assert "errorMessage" not in indexed(put).text
    request = event("http-time")
    request["rawPath"] = request["requestContext"]["http"]["path"] = "/media/secure/counter.mp4"
    with emulated(servers.built(root, "fragments"), aws, REELSPAN_ANSWER="streamed", REELSPAN_VIEWERS="cloudfront") as invoke:
        ask = lambda: json.loads(invoke(request).content.split(bytes(8), 1)[0])
        assert ask()["statusCode"] == 200
        request["rawQueryString"], request["headers"]["x-reelspan-range"] = "", "t:npt=10-20"
        request["queryStringParameters"] = {}
        answer = ask()
        assert answer["statusCode"] == 206 and "t:npt 8.0-20.0" in answer["headers"]["content-range-mapping"], answer
        client("dynamodb").put_item(TableName=SPACES, Item=streamed_space("secure", "SECURE", "off"))
        assert ask()["statusCode"] == 403
