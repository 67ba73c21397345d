"""moto as AWS, with a record of each call: the caller, the IAM action it needs, and how long it took. The access key
identifies the caller: a function's is its name in template.yaml. Lambda's Invoke is answered here, and kept for the
test to deliver."""

import io
import json
import queue
import re
import time
import urllib.parse
from collections.abc import Callable, Iterable
from typing import NamedTuple

import boto3
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from actions import REGION, Need, Request, needs
from edges import KeyValueStore


class Call(NamedTuple):
    """One request, answered."""

    who: str
    needs: list[Need]
    status: int
    begun: float
    """On the clock of `time.monotonic`."""
    seconds: float


def covered(calls: Iterable[Call]) -> float:
    """For how many seconds at least one of these calls was in progress."""
    end = total = 0.0
    for call in sorted(calls, key=lambda call: call.begun):
        until = call.begun + call.seconds
        total += max(0.0, until - max(call.begun, end))
        end = max(end, until)
    return total


class Invocation(NamedTuple):
    """An asynchronous invocation of a function."""

    function: str
    event: dict


class Aws(ThreadedMotoServer):
    """`with Aws() as aws`: an endpoint, and a record of its requests."""

    def __init__(self):
        super().__init__("127.0.0.1", 0, verbose=False)
        self.calls: list[Call] = []
        self.invocations: queue.Queue[Invocation | None] = queue.Queue()
        self.edges = KeyValueStore()
        self.told: dict[str, dict] = {}
        """What CloudFormation was told by custom resources, by request."""
        self.breaks_at: int | None = None
        """The position in objects at which their bytes break off, whatever length was announced."""
        self.stored: Callable[[Request], None] | None = None
        """Told of each request that changed an object."""
        self.throttled: tuple[str, int] | None = None
        """The service that throttles functions, and how often it does."""

    def _server_entry(self) -> None:
        self._server = make_server(self._ip_address, self._port, self._noted, True, request_handler=MotoRequestHandler)
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server_ready_event.set()
        self._server.serve_forever()

    def __enter__(self) -> "Aws":
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    @property
    def endpoint(self) -> str:
        return "http://{}:{}".format(*self.get_host_and_port())

    @property
    def edges_endpoint(self) -> str:
        """The endpoint of the KeyValueStore. SDKs put the account's number and a period before the host; here both become the
        name of a user."""
        return self.endpoint.replace("//", "//edges@")

    def client(self, service: str):
        """A client of the tests' own."""
        return boto3.client(service, endpoint_url=self.endpoint, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test")

    def _noted(self, environ: dict, start_response):
        begun, request = time.monotonic(), read(environ)
        status = 0

        def start(line: str, headers: list, *more):
            nonlocal status
            status = int(line.split()[0])
            return start_response(line, headers, *more)

        who, service = request.credential[0], request.credential[3]
        if request.path.startswith("/cloudformation/"):
            self.told[request.path.rpartition("/")[2]] = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
            start("200 OK", [("Content-Length", "0")])
            return []
        if who != "test" and self.throttled and self.throttled[0] == service and self.throttled[1]:
            self.throttled = service, self.throttled[1] - 1
            answer = turned_away(service, start)
        elif service == "cloudfront-keyvaluestore":
            answer = self._edge(request, start)
        else:
            answer = self._invoked(request, start) if service == "lambda" and who != "test" else self._moto(environ, start)
        if self.stored and service == "s3" and request.method in ("PUT", "DELETE") and status in (200, 204):
            self.stored(request)
        if who not in ("", "test"):
            self.calls.append(Call(who, needs(request, status), status, begun, time.monotonic() - begun))
            if self.breaks_at is not None and (service, request.method) == ("s3", "GET"):
                first = int(request.headers.get("range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
                return [b"".join(answer)[: max(0, self.breaks_at - first)]]
        return answer

    def _edge(self, request: Request, start) -> list[bytes]:
        status, headers, body = self.edges.answer(request.method, request.path, request.headers, request.body)
        text = json.dumps(body).encode()
        start(f"{status} Status", [("Content-Type", "application/json"), ("Content-Length", str(len(text))), *headers.items()])
        return [text]

    def _invoked(self, request: Request, start) -> list[bytes]:
        name = urllib.parse.unquote(request.path.split("/")[3])
        self.invocations.put(Invocation(name.rpartition(":")[2], json.loads(request.body)))
        start("202 ACCEPTED", [("Content-Length", "0")])
        return []


# How services report throttling (their API references, "Common errors").
TURNED_AWAY = {
    "cloudfront": (
        "400 Bad Request",
        "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>",
    ),
    "cloudfront-keyvaluestore": ("429 Too Many Requests", '{"Message": "Rate exceeded"}'),
    "dynamodb": ("400 Bad Request", '{"__type": "com.amazon.coral.availability#ThrottlingException", "message": "Rate exceeded"}'),
    "lambda": ("429 Too Many Requests", '{"Type": "User", "Reason": "CallerRateLimitExceeded", "Message": "Rate Exceeded."}'),
    "s3": ("503 Slow Down", "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"),
    "secretsmanager": ("400 Bad Request", '{"__type": "ThrottlingException", "Message": "Rate exceeded"}'),
}


def turned_away(service: str, start) -> list[bytes]:
    status, body = TURNED_AWAY[service]
    named = [("x-amzn-ErrorType", "TooManyRequestsException")] if service in ("lambda", "cloudfront-keyvaluestore") else []
    start(status, [("Content-Length", str(len(body))), *named])
    return [body.encode()]


def read(environ: dict) -> Request:
    """Reads a request and leaves it intact for the next reader."""
    headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
    body = b""
    # Reads only bodies that identify the operation: not the bytes of media.
    if (
        length := int(environ.get("CONTENT_LENGTH") or 0)
        if "x-amz-target" in headers or re.match("/(?:[^/]+/functions|key-value-stores)/", environ["PATH_INFO"])
        else 0
    ):
        body = environ["wsgi.input"].read(length)
        environ["wsgi.input"] = io.BytesIO(body)
    query = dict(urllib.parse.parse_qsl(environ["QUERY_STRING"], keep_blank_values=True))
    path = environ.get("RAW_URI", environ["PATH_INFO"]).partition("?")[0]
    return Request(environ["REQUEST_METHOD"], path, query, headers, body)
