"""An HTTP API in front of a function, as API Gateway is one: requests become events of payload format 2.0, and what the function
says becomes the answer. Beside it Lambda's Invoke, by which a function has itself invoked once more."""

import base64
import http.server
import json
import queue
import threading
import urllib.parse

DOMAIN = "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"
# What API Gateway takes of a body; what it leaves of that to Lambda is less.
LARGEST = 10_000_000


class Gateway:
    """Invokes one at a time, as the emulator of the runtime wants it. `invoke` may be set later than the gateway is made."""

    def __init__(self):
        self.invoke = None
        self.lock = threading.Lock()
        self.events: queue.Queue[dict | None] = queue.Queue()
        self.invoked: list[dict] = []
        gateway = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def handle_expect_100(self) -> bool:
                # Only what can be carried is asked for.
                return self.too_large() or super().handle_expect_100()

            def too_large(self) -> bool:
                return int(self.headers.get("content-length", 0)) > LARGEST

            def body(self) -> bytes | None:
                """The body; `None` where it is too large. It stays where it is then, and the connection ends."""
                if self.headers.get("transfer-encoding") == "chunked":
                    body = b""
                    while size := int(self.rfile.readline(), 16):
                        body += self.rfile.read(size)
                        self.rfile.readline()
                    self.rfile.readline()
                    return body
                if self.too_large():
                    self.close_connection = True
                    return None
                length = int(self.headers.get("content-length", 0))
                body = self.rfile.read(length)
                if len(body) < length:
                    raise ConnectionError("the body broke off")
                return body

            def do(self) -> None:
                body = self.body()
                if self.path.startswith("/2015-03-31/functions/"):
                    gateway.events.put(json.loads(body))
                    self.answer(202, {}, b"")
                else:
                    self.answer(*gateway.answer(self.command, self.path, self.headers.items(), body))

            def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response_only(status)
                length = {"content-length": str(len(body))}
                for name, value in (length | headers).items():
                    self.send_header(name, value.encode().decode("latin-1"))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = do

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.threads = [threading.Thread(target=work, daemon=True) for work in (self.server.serve_forever, self._deliver)]
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        self.events.put(None)
        self.server.shutdown()
        self.server.server_close()

    def _deliver(self) -> None:
        while (event := self.events.get()) is not None:
            with self.lock:
                answer = self.invoke(event)
            assert "errorMessage" not in answer.text, answer.text
            self.invoked.append(event)

    def answer(self, method: str, target: str, headers, body: bytes | None) -> tuple[int, dict[str, str], bytes]:
        event = self.event(method, target, headers, body)
        if event is None:
            return 400, {}, b'{"message":"Bad Request"}'
        with self.lock:
            answer = self.invoke(event).json()
        if "statusCode" not in answer:
            return 500, {}, json.dumps(answer).encode()
        content = answer.get("body") or ""
        content = base64.b64decode(content) if answer.get("isBase64Encoded") else content.encode()
        return answer["statusCode"], answer.get("headers", {}), content

    def invoked_directly(self, event: dict) -> dict | None:
        """What the function says to an event, as it says it."""
        with self.lock:
            return self.invoke(event).json()

    @staticmethod
    def event(method: str, target: str, headers, body: bytes | None) -> dict | None:
        path, _, query = target.partition("?")
        try:
            path = urllib.parse.unquote(path, errors="strict")
        except UnicodeDecodeError:
            return None
        fields: dict[str, list[str]] = {}
        for name, value in headers:
            fields.setdefault(name.lower(), []).append(value.encode("latin-1").decode("utf-8", "replace"))
        fields["host"] = [DOMAIN]
        parameters = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        event = {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": query,
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
        if "cookie" in fields:
            event["cookies"] = [cookie.strip() for field in fields["cookie"] for cookie in field.split(";")]
            del event["headers"]["cookie"]
        if parameters:
            event["queryStringParameters"] = parameters
        if body:
            event["body"], event["isBase64Encoded"] = base64.b64encode(body).decode(), True
        return event
