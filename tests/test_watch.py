"""The functions as `cargo lambda watch` runs them for a developer: the function URL of its emulator, which streams, and
`cargo lambda invoke`, which sends an event of events/. The emulator runs alone here, and the programs are those already
built."""

import contextlib
import json
import pathlib
import subprocess
import sys

import pytest
import requests

import emulator
import server as servers
from invocations import ROWS, media, pages, put

# By the names of their programs, which cargo-lambda uses.
FUNCTIONS = {"fragments": "FragmentsStream", "indexer": "Indexer"}
CARGO_LAMBDA = [pathlib.Path(sys.executable).parent / "cargo-lambda", "lambda"]


class Watch:
    """`cargo lambda watch`, and requests to it."""

    def __init__(self, address: str, root: pathlib.Path):
        self.address, self.root = address, root

    def url(self, program: str, method: str, target: str, headers: dict | None = None) -> requests.Response:
        """A request to the function's URL."""
        headers = {"accept-encoding": "identity"} | (headers or {})
        return requests.request(method, f"http://{self.address}/lambda-url/{program}{target}", headers=headers, timeout=60)

    def invoke(self, program: str, event: str) -> bytes:
        """By `cargo lambda invoke`, with a file of events/."""
        host, port = self.address.split(":")
        command = [*CARGO_LAMBDA, "invoke", program, "--invoke-address", host, "--invoke-port", port, "--data-file", f"events/{event}.json"]
        return subprocess.run(command, cwd=self.root, capture_output=True, check=True, timeout=60).stdout


@pytest.fixture(scope="module")
def watch(stack):
    address = f"127.0.0.1:{emulator.free_port()}"
    host, port = address.split(":")
    command = [*CARGO_LAMBDA, "watch", "--only-lambda-apis", "--invoke-address", host, "--invoke-port", port]
    with contextlib.ExitStack() as running:

        def start(name: str, command: list, **environment) -> None:
            log = running.enter_context((stack.logs / f"watch-{name}.log").open("wb"))
            process = subprocess.Popen(command, cwd=stack.root, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **environment)
            running.callback(process.wait, 10)
            running.callback(process.terminate)

        start("emulator", command)
        emulator.wait_for_port(address)
        for program, function in FUNCTIONS.items():
            own = {"AWS_LAMBDA_RUNTIME_API": f"http://{address}/.rt/{program}", "AWS_LAMBDA_FUNCTION_VERSION": "1"}
            start(program, [servers.built(stack.root, program)], env=stack.environment(function) | own)
        yield Watch(address, stack.root)


@pytest.mark.parametrize("name", [row.event for row in ROWS if row.function == "FragmentsStream"])
def test_a_function_url_streams_what_lambda_does(stack, watch, name):
    media(stack)
    event = stack.event(name)
    there = stack.invoke("FragmentsStream", event)
    headers = {field: value for field, value in event["headers"].items() if field not in ("host", "accept-encoding")}
    target = event["rawPath"] + (f"?{event['rawQueryString']}" if event["rawQueryString"] else "")
    answer = watch.url("fragments", event["requestContext"]["http"]["method"], target, headers)
    assert (answer.status_code, answer.content) == (there.status, there.body)
    assert answer.headers["lambda-runtime-function-response-mode"] == "streaming"
    # A function URL sends in chunks, whatever length the function declares.
    assert answer.headers["x-amzn-remapped-content-length"] == there.headers["content-length"]
    for field in ("content-type", "content-range", "content-range-mapping", "etag", "x-media-fragment"):
        assert answer.headers.get(field) == there.headers.get(field), field


def test_a_function_url_gives_what_a_buffered_answer_could_not(stack, watch):
    media(stack)
    body = (stack.root / "samples" / "counter.mp4").read_bytes() + (8_000_008).to_bytes(4) + b"free" + bytes(8_000_000)
    put(stack, "demo/large.mp4", body)
    event = stack.event("s3-put")
    event["Records"][0]["s3"]["object"] |= {"key": "demo/large.mp4"}
    assert stack.invoke("Indexer", event).said is None
    asked = {"x-reelspan-kind": "open"}
    assert watch.url("fragments", "GET", "/media/demo/large.mp4", asked).content == body


def test_cargo_lambda_invoke_gives_a_function_an_event(stack, watch):
    media(stack)
    stack.client("dynamodb").delete_item(
        TableName=stack.template.ref("ContainerIndex"), Key={"media": {"S": "demo/counter.mp4"}, "page": {"S": "HEAD"}}
    )
    assert json.loads(watch.invoke("indexer", "s3-put")) is None
    assert "HEAD" in pages(stack, "demo/counter.mp4")
    # It prints what a function answers, and fails if that is an error.
    assert b"ftyp" in watch.invoke("fragments", "url-time")
    with pytest.raises(subprocess.CalledProcessError) as failed:
        watch.invoke("fragments", "url-missing")
    assert b"there is no such content" in failed.value.stderr
