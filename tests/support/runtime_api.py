"""Lambda's Runtime API (*AWS Lambda Developer Guide*, "Using the Lambda runtime API for custom runtimes"). The emulator
does not stream: it gathers an answer of 6 MB at most. Here a function's answer is read while it arrives, as a function
URL does."""

import contextlib
import http.server
import json
import pathlib
import queue
import subprocess
import threading
import time
from typing import NamedTuple


class Streamed(NamedTuple):
    """The answer of a function to one event."""

    mode: str
    """`streaming`, if the answer is streamed."""
    prelude: dict
    body: bytes
    trailers: dict[str, str]
    head: float
    """When the answer began, in seconds after the event."""
    chunks: list[tuple[float, int]]
    """When how many bytes arrived, on the same clock."""


@contextlib.contextmanager
def streaming(program: pathlib.Path, environment: dict[str, str], log=subprocess.DEVNULL):
    """Runs a function's program in this environment, and yields what invokes it."""
    events: queue.Queue[dict] = queue.Queue()
    answers: queue.Queue[Streamed] = queue.Queue()
    begun = 0.0

    class Api(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_GET(self) -> None:
            nonlocal begun
            event = json.dumps(events.get()).encode()
            begun = time.monotonic()
            self.send_response_only(200)
            self.send_header("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
            self.send_header("Lambda-Runtime-Deadline-Ms", str(int(1000 * (time.time() + 60))))
            self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:FragmentsStream")
            self.send_header("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1")
            self.send_header("Content-Length", str(len(event)))
            self.end_headers()
            self.wfile.write(event)

        def do_POST(self) -> None:
            said, head, chunks = b"", time.monotonic() - begun, []
            while size := int(self.rfile.readline(), 16):
                said += self.rfile.read(size)
                chunks.append((time.monotonic() - begun, size))
                self.rfile.readline()
            trailers = dict(line.decode().strip().split(": ", 1) for line in iter(self.rfile.readline, b"\r\n"))
            prelude, _, body = said.partition(bytes(8))
            mode = self.headers.get("Lambda-Runtime-Function-Response-Mode", "")
            self.send_response_only(202)
            self.send_header("Content-Length", "0")
            self.end_headers()
            answers.put(Streamed(mode, json.loads(prelude), body, trailers, head, chunks))

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    own = {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST"}
    groups = {"AWS_LAMBDA_LOG_GROUP_NAME": "fragments", "AWS_LAMBDA_LOG_STREAM_NAME": "one"}
    process = subprocess.Popen([program], env=environment | own | groups, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def invoke(event: dict) -> Streamed:
        events.put(event)
        return answers.get(timeout=60)

    try:
        yield invoke
    finally:
        process.kill()
        process.wait(10)
        server.shutdown()
        server.server_close()
