"""An HTTP API in front of a stack's functions, like API Gateway. A request becomes an event of payload format 2.0 for
the function of its route, after the authorizer if the route has one, and the function's result becomes the answer.
Functions that are invoked asynchronously meanwhile run too."""

import base64
import http.server
import json
import queue
import re
import threading
import urllib.parse
from typing import NamedTuple

from stack import Answer, Invocation, Stack

DOMAIN = "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"
# The largest body that API Gateway accepts (Quotas for HTTP APIs), and the largest event that Lambda does (Lambda quotas): API Gateway
# answers 413 to either by itself, and no function learns of the request.
LARGEST = 10_000_000
LARGEST_EVENT = 6_291_556


class Route(NamedTuple):
    """A route of the template."""

    key: str
    pattern: re.Pattern
    precedence: tuple
    function: str
    authorizer: str | None


def routes(stack: Stack) -> list[Route]:
    """The routes of all functions, the most specific first: API Gateway prefers literal parts of a path to variables,
    and a variable to one that matches several parts."""
    found = []
    for function, properties in stack.template.functions.items():
        for event in properties.get("Events", {}).values():
            if event["Type"] == "HttpApi":
                given = event["Properties"]
                parts = given["Path"].removeprefix("/").split("/")
                pattern = re.compile("".join(f"/{matched(part)}" for part in parts), re.DOTALL)
                precedence = tuple(2 if part.endswith("+}") else part.startswith("{") for part in parts)
                authorizer = given.get("Auth", {}).get("Authorizer")
                key = f"{given['Method']} {given['Path']}"
                found.append(Route(key, pattern, precedence, function, authorizer))
    return sorted(found, key=lambda route: route.precedence)


def matched(part: str) -> str:
    """A regular expression for a part of a route's path."""
    if variable := re.fullmatch(r"\{(\w+)(\+?)\}", part):
        return f"(?P<{variable[1]}>{'.+' if variable[2] else '[^/]+'})"
    return re.escape(part)


class Gateway:
    """`with Gateway(stack) as gateway`: reachable at `gateway.url`."""

    def __init__(self, stack: Stack):
        self.stack, self.routes = stack, routes(stack)
        self.authorizers = stack.template.resources["Api"]["Properties"]["Auth"]["Authorizers"]
        self.invocations: queue.Queue[Invocation | None] = queue.Queue()
        gateway = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            # `Expect: 100-continue` is answered by the gateway: the client sends the body before any function is asked.

            def body(self) -> bytes | None:
                """The body; `None` if it is too large. Then it is not read, and the connection ends."""
                if self.headers.get("transfer-encoding") == "chunked":
                    body = b""
                    while size := int(self.rfile.readline(), 16):
                        body += self.rfile.read(size)
                        self.rfile.readline()
                    self.rfile.readline()
                    return body
                if int(self.headers.get("content-length", 0)) > LARGEST:
                    self.close_connection = True
                    return None
                length = int(self.headers.get("content-length", 0))
                body = self.rfile.read(length)
                if len(body) < length:
                    raise ConnectionError("the body broke off")
                return body

            def do(self) -> None:
                status, headers, cookies, body = gateway.answer(self.command, self.path, self.headers.items(), self.body())
                self.send_response_only(status)
                length = {"content-length": str(len(body))}
                # It is not documented that a HEAD gets the length that the function says, so no test relies on it.
                headers = headers | length if self.command == "HEAD" else length | headers
                fields = [*headers.items(), *(("set-cookie", cookie) for cookie in cookies)]
                for name, value in fields:
                    self.send_header(name, value.encode().decode("latin-1"))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = do_OPTIONS = do

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> "Gateway":
        for work in (self.server.serve_forever, self._deliver):
            threading.Thread(target=work, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.invocations.put(None)
        self.server.shutdown()
        self.server.server_close()

    def invoke(self, function: str, event: dict) -> Answer:
        """The answer of a function; its asynchronous invocations run meanwhile."""
        answer = self.stack.invoke(function, event)
        self._take_up()
        return answer

    def _take_up(self) -> None:
        for invocation in self.stack.self_invocations():
            self.invocations.put(invocation)

    def _deliver(self) -> None:
        while (invocation := self.invocations.get()) is not None:
            threading.Thread(target=self._invoked, args=(invocation,), daemon=True).start()

    def _invoked(self, invocation: Invocation) -> None:
        """An asynchronous invocation. It may wait for one that it has made itself."""
        running = threading.Thread(target=self._run, args=(invocation,), daemon=True)
        running.start()
        while running.is_alive():
            running.join(0.05)
            self._take_up()

    def _run(self, invocation: Invocation) -> None:
        answer = self.stack.invoke(invocation.function, invocation.event)
        assert not isinstance(answer.said, dict) or "errorMessage" not in answer.said, answer.said

    def answer(self, method: str, target: str, headers, body: bytes | None) -> tuple[int, dict[str, str], list[str], bytes]:
        if body is None:
            return says(413, "Request Entity Too Large")
        event = self.event(method, target, headers, body)
        if len(body) * 4 // 3 > LARGEST_EVENT or len(json.dumps(event)) > LARGEST_EVENT:
            return says(413, "Request Entity Too Large")
        if event is None:
            return says(400, "Bad Request")
        if (found := self.route(method, event["rawPath"])) is None:
            return says(404, "Not Found")
        route, parameters = found
        event["routeKey"] = event["requestContext"]["routeKey"] = route.key
        if parameters:
            event["pathParameters"] = parameters
        if route.authorizer and (refused := self.authorize(event, self.authorizers[route.authorizer])):
            return refused
        answer = self.invoke(route.function, event)
        if answer.status is None:
            return 500, {}, [], json.dumps(answer.said).encode()
        return answer.status, answer.headers, answer.cookies, answer.body

    def route(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        for route in self.routes:
            if route.key.startswith(f"{method} ") and (found := route.pattern.fullmatch(path)):
                return route, found.groupdict()
        return None

    def authorize(self, event: dict, authorizer: dict) -> tuple | None:
        """Puts the authorizer's result into the event, or returns what API Gateway answers by itself."""
        sources = [event["headers"].get(name.lower()) for name in authorizer.get("Identity", {}).get("Headers", [])]
        if not all(sources):
            return says(401, "Unauthorized")
        asked = {name: value for name, value in event.items() if name not in ("body", "isBase64Encoded")}
        asked |= {"type": "REQUEST", "identitySource": sources or None}
        function = next(name for name in self.stack.template.functions if authorizer["FunctionArn"] == {"Fn::GetAtt": [name, "Arn"]})
        said = self.invoke(function, asked).said
        if "isAuthorized" not in said:
            return says(500, "Internal Server Error")
        if not said["isAuthorized"]:
            return says(403, "Forbidden")
        event["requestContext"]["authorizer"] = {"lambda": said.get("context")}
        return None

    @staticmethod
    def event(method: str, target: str, headers, body: bytes | None) -> dict | None:
        path, _, query = target.partition("?")
        try:
            path = urllib.parse.unquote(path, errors="strict")
        except UnicodeDecodeError:
            return None
        fields: dict[str, list[str]] = {}
        for name, value in headers:
            # What API Gateway reads fields as is not documented. Here it is ISO 8859-1, so that no test relies on UTF-8.
            fields.setdefault(name.lower(), []).append(value)
        fields["host"] = [DOMAIN]
        cookies = [cookie for field in fields.pop("cookie", []) for cookie in field.split("; ")]
        parameters: dict[str, list[str]] = {}
        for name, value in urllib.parse.parse_qsl(query, keep_blank_values=True):
            parameters.setdefault(name, []).append(value)
        event = {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            # A plus sign arrives as a space (https://github.com/aws/aws-lambda-web-adapter/issues/491).
            "rawQueryString": query.replace("+", " "),
            "headers": {name: ",".join(values) for name, values in fields.items()},
            "requestContext": {
                "accountId": "123456789012",
                "apiId": "a1b2c3d4e5",
                "domainName": DOMAIN,
                "domainPrefix": "a1b2c3d4e5",
                "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.24", "userAgent": "test"},
                "requestId": "SGk3oh03DoEEPZw=",
                "routeKey": "$default",
                "stage": "$default",
                "time": "09/Oct/2025:14:12:00 +0000",
                "timeEpoch": 1760019120003,
            },
            "isBase64Encoded": False,
        }
        if not body and fields.get("content-length") == ["0"]:
            # The type is not documented (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html,
            # "Amazon API Gateway important notes for HTTP APIs").
            event["headers"].setdefault("content-type", "application/octet-stream")
        if cookies:
            event["cookies"] = cookies
        if parameters:
            event["queryStringParameters"] = {name: ",".join(values) for name, values in parameters.items()}
        if body:
            event["body"], event["isBase64Encoded"] = base64.b64encode(body).decode(), True
        return event


def says(status: int, message: str) -> tuple[int, dict[str, str], list[str], bytes]:
    """API Gateway's own answer: without anything by which a client could ask for credentials."""
    return status, {"content-type": "application/json"}, [], json.dumps({"message": message}).encode()
