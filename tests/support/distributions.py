"""CloudFront in front of a stack, as far as its Developer Guide describes it, and where that leaves something open, as unkindly as
it may be: signatures, the functions of the template in their own words, the cache and its invalidations, the origins with what they
take and give. `with Edges(stack, gateway) as edges`: TLS on a port of loopback for each distribution."""

import base64
import contextlib
import datetime
import fnmatch
import http.server
import ipaddress
import json
import pathlib
import re
import ssl
import subprocess
import threading
import time
import urllib.parse
from typing import NamedTuple

from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway import Gateway
from stack import HOSTS, Stack

SIGNATURE = ("Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm")
# What a signature of CloudFront for Lambda, and Lambda's own, agree about: no character that either would encode.
SIGNED_ALIKE = re.compile(r"[A-Za-z0-9._~/-]*")
# CloudFront may ask for a larger range than the viewer did ("How CloudFront processes partial requests for an object").
LARGER = 65536
# How long an answer is kept that says nothing about it.
DEFAULT_TTL = 86400


class Answered(NamedTuple):
    """An answer on its way to the viewer."""

    status: int
    headers: dict[str, str]
    body: bytes
    cookies: tuple[str, ...] = ()
    chunked: bool = False


class Edges(contextlib.ExitStack):
    """Both distributions of a stack."""

    def __init__(self, stack: Stack, gateway: Gateway, folder: pathlib.Path):
        super().__init__()
        self.stack, self.gateway, self.folder = stack, gateway, folder
        self.lock = threading.Lock()
        self.s3, self.cloudfront = stack.client("s3"), stack.client("cloudfront")

    def __enter__(self) -> "Edges":
        super().__enter__()
        command = ["node", "--experimental-vm-modules", "--no-warnings", self.stack.root / "tests/support/edge.mjs"]
        self.node = self.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        self.callback(self.node.terminate)
        self.certificate, key = certificate(self.folder, list(HOSTS.values()))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        self.distributions = {name: Distribution(self, name) for name in HOSTS}
        for distribution in self.distributions.values():
            distribution.serve(context)
            self.callback(distribution.server.shutdown)
        return self

    @property
    def connect_to(self) -> list[str]:
        """The options of a client that reach the distributions by their names."""
        return [f"--connect-to={HOSTS[name]}=127.0.0.1:{made.port}" for name, made in self.distributions.items()]

    def function(self, source: str, kind: str, request: dict, response: dict | None = None) -> dict:
        """Runs a function of the edges."""
        asked = {"source": source, "type": kind, "request": request, "response": response, "store": self.stack.aws.edges.values}
        with self.lock:
            self.node.stdin.write(json.dumps(asked) + "\n")
            self.node.stdin.flush()
            said = json.loads(self.node.stdout.readline())
        assert "error" not in said, said
        return said

    def invalidate(self) -> None:
        """Forgets what CloudFront was told to forget."""
        for name, distribution in self.distributions.items():
            identifier = self.stack.template.ref(name)
            for one in self.cloudfront.list_invalidations(DistributionId=identifier)["InvalidationList"].get("Items", []):
                if one["Id"] not in distribution.invalidated:
                    distribution.invalidated.add(one["Id"])
                    made = self.cloudfront.get_invalidation(DistributionId=identifier, Id=one["Id"])["Invalidation"]
                    distribution.forget(made["InvalidationBatch"]["Paths"]["Items"])


class Distribution:
    """A distribution."""

    def __init__(self, edges: Edges, name: str):
        self.edges, self.stack, self.name = edges, edges.stack, name
        self.config = self.stack.template.resources[name]["Properties"]["DistributionConfig"]
        self.origins = {origin["Id"]: origin for origin in self.config["Origins"]}
        self.cache: dict[tuple, Answered] = {}
        self.invalidated: set[str] = set()
        self.lock = threading.Lock()

    def serve(self, context: ssl.SSLContext) -> None:
        distribution = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def do(self) -> None:
                fields = {name.lower(): value for name, value in self.headers.items()}
                answered = distribution.answer(self.command, self.path, fields, self.client_address[0])
                self.send_response_only(answered.status)
                headers = {name: value for name, value in answered.headers.items() if not answered.chunked or name != "content-length"}
                if answered.chunked:
                    headers["transfer-encoding"] = "chunked"
                for name, value in [*headers.items(), *(("set-cookie", cookie) for cookie in answered.cookies)]:
                    self.send_header(name, value.encode().decode("latin-1"))
                self.end_headers()
                if self.command == "HEAD" or answered.status in (204, 304):
                    return
                body = answered.body
                self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if answered.chunked and body else body)
                if answered.chunked and not body:
                    self.wfile.write(b"0\r\n\r\n")

            do_GET = do_HEAD = do_OPTIONS = do

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                """A client that is gone."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, method: str, target: str, headers: dict[str, str], address: str) -> Answered:
        path, _, query = target.partition("?")
        patterns = self.config.get("CacheBehaviors", [])
        behaviour = next((one for one in patterns if fnmatch.fnmatchcase(path, one["PathPattern"])), self.config["DefaultCacheBehavior"])
        if method not in behaviour["AllowedMethods"]:
            return xml(403, "MethodNotAllowed")
        if "TrustedKeyGroups" in behaviour and not self.admits(path, query, headers, address):
            return xml(403, "AccessDenied")
        request = {"method": method, "uri": path, "query": query, "headers": headers}
        if not (functions := behaviour.get("FunctionAssociations")):
            return self.of_function(self.origins[behaviour["TargetOriginId"]], method, path, query, {}, headers.get("cookie"))
        functions = {one["EventType"]: one["FunctionARN"]["Fn::GetAtt"][0] for one in functions}
        said = self.edges.function(self.code(functions["viewer-request"]), "viewer-request", request)
        made = said["answer"]
        if "statusCode" in made:
            body = made.get("body", "").encode()
            length = {} if made["statusCode"] == 204 else {"content-length": str(len(body))}
            return Answered(made["statusCode"], plain(made["headers"]) | length, body)
        origin = self.origins[said["selected"][-1] if said["selected"] else behaviour["TargetOriginId"]]
        answered = self.cached(origin, method, made["uri"], made["querystring"], plain(made["headers"]))
        if answered.status < 400:
            # Functions at viewer-response do not run on errors. The event has the request as the other function has left it.
            response = {"statusCode": answered.status, "statusDescription": "", "headers": wrapped(answered.headers)}
            request |= {"uri": made["uri"], "query": ""}
            said = self.edges.function(self.code(functions["viewer-response"]), "viewer-response", request, response)["answer"]
            answered = answered._replace(status=said["statusCode"], headers=plain(said["headers"]))
        policy = self.stack.template.resources[behaviour["ResponseHeadersPolicyId"]["Ref"]]["Properties"]["ResponseHeadersPolicyConfig"]
        always = {one["Header"].lower(): one["Value"] for one in policy["CustomHeadersConfig"]["Items"]}
        return answered._replace(headers=answered.headers | always | {"x-content-type-options": "nosniff"})

    def code(self, function: str) -> str:
        return self.stack.template.value(self.stack.template.resources[function]["Properties"]["FunctionCode"])

    # Signatures ("Use signed URLs", "Use signed cookies").

    def admits(self, path: str, query: str, headers: dict[str, str], address: str) -> bool:
        pairs = [pair.partition("=")[::2] for pair in query.split("&") if pair]
        signed = {name: value for name, value in pairs if name in SIGNATURE}
        rest = "&".join(f"{name}={value}" for name, value in pairs if name not in SIGNATURE)
        if not signed:
            cookies = [cookie.partition("=")[::2] for cookie in headers.get("cookie", "").split("; ")]
            signed = {name.removeprefix("CloudFront-"): value for name, value in cookies if name.startswith("CloudFront-")}
        url = f"https://{headers['host']}{path}" + (f"?{rest}" if rest else "")
        if not {"Signature", "Key-Pair-Id"} <= signed.keys():
            return False
        if "Policy" in signed:
            policy = decoded(signed["Policy"])
        else:
            condition = {"DateLessThan": {"AWS:EpochTime": int(signed.get("Expires", 0))}}
            statement = {"Statement": [{"Resource": url, "Condition": condition}]}
            policy = json.dumps(statement, separators=(",", ":")).encode()
        try:
            self.key(signed["Key-Pair-Id"]).verify(decoded(signed["Signature"]), policy, ec.ECDSA(hashes.SHA256()))
        except (InvalidSignature, KeyError, ValueError):
            return False
        [statement] = json.loads(policy)["Statement"]
        pattern = re.escape(statement["Resource"]).replace(r"\*", ".*").replace(r"\?", ".")
        condition = statement["Condition"]
        network = condition.get("IpAddress", {}).get("AWS:SourceIp", "0.0.0.0/0")
        return (
            bool(re.fullmatch(pattern, url))
            and time.time() < condition["DateLessThan"]["AWS:EpochTime"]
            and ipaddress.ip_address(address) in ipaddress.ip_network(network)
        )

    def key(self, identifier: str) -> ec.EllipticCurvePublicKey:
        """A key of the trusted group; a KeyError if it is not in it."""
        cloudfront = self.edges.cloudfront
        groups = cloudfront.list_key_groups()["KeyGroupList"].get("Items", [])
        if not any(identifier in group["KeyGroup"]["KeyGroupConfig"]["Items"] for group in groups):
            raise KeyError(identifier)
        pem = cloudfront.get_public_key(Id=identifier)["PublicKey"]["PublicKeyConfig"]["EncodedKey"]
        return serialization.load_pem_public_key(pem.encode())

    # The cache ("Understand the cache key", "Manage how long content stays in the cache").

    def cached(self, origin: dict, method: str, uri: str, query: dict, headers: dict[str, str]) -> Answered:
        """The answer from the cache, or that of the origin, which is then cached."""
        of_ours = headers.get("x-reelspan-range")
        key = (uri, query.get("q", {}).get("value", ""), of_ours)
        asked = headers.get("range")
        with self.lock:
            whole, part = self.cache.get(key), self.cache.get((*key, asked))
        if method == "HEAD":
            return self.of_origin(origin, method, uri, key[1], headers)
        if whole is None and part is None:
            answered = self.of_origin(origin, method, uri, key[1], headers | ({"range": larger(asked)} if asked else {}))
            if answered.status == 206 and asked:
                answered = narrowed(answered, asked)
            kept = key if answered.status == 200 else (*key, asked)
            if answered.status in (200, 206) and keeps(answered.headers.get("cache-control", "")):
                # In the cache the length is known, and "CloudFront immediately serves the requested range from the cache".
                length = {"content-length": str(len(answered.body))}
                with self.lock:
                    self.cache[kept] = answered._replace(headers=answered.headers | length, chunked=False)
            if answered.status == 200 and asked and not answered.chunked:
                # "It returns the entire object. CloudFront serves the current request by sending the entire object."
                return answered
            whole = answered
        answered = part or whole
        if answered.status == 200 and "if-none-match" in headers and answered.headers.get("etag") in headers["if-none-match"]:
            return Answered(304, {name: value for name, value in answered.headers.items() if name != "content-length"}, b"")
        if answered.status == 200 and asked and not answered.chunked:
            return ranged(answered, asked)
        return answered

    def forget(self, paths: list[str]) -> None:
        """Drops what has these paths, with any query ("Specify files to invalidate")."""
        patterns = [re.compile(re.escape(path).replace(r"\*", ".*"), re.DOTALL) for path in paths]
        with self.lock:
            for key in list(self.cache):
                if any(pattern.fullmatch(f"{key[0]}?q={key[1]}" if key[1] else key[0]) for pattern in patterns):
                    del self.cache[key]

    # The origins.

    def of_origin(self, origin: dict, method: str, uri: str, query: str, headers: dict[str, str]) -> Answered:
        # What the policies forward, and what CloudFront itself sends.
        sent = {name: headers[name] for name in ("range", "x-reelspan-range", "if-none-match") if name in headers}
        if "S3OriginConfig" in origin:
            return self.of_s3(method, uri, sent)
        assert SIGNED_ALIKE.fullmatch(uri) and SIGNED_ALIKE.fullmatch(query), (uri, query)
        sent.pop("if-none-match", None)
        return self.of_function(origin, method, uri, f"q={query}" if query else "", sent)

    def of_s3(self, method: str, uri: str, sent: dict[str, str]) -> Answered:
        # S3 reads a plus in a path as a space.
        key = urllib.parse.unquote_plus(uri).removeprefix("/")
        asked = {"Bucket": self.stack.bucket, "Key": key} | ({"Range": sent["range"]} if "range" in sent else {})
        s3 = self.edges.s3
        try:
            said = s3.head_object(**asked) if method == "HEAD" else s3.get_object(**asked)
        except ClientError as error:
            return xml(error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"])
        names = ("content-type", "content-length", "content-range", "accept-ranges", "etag", "last-modified")
        found = {name.lower(): value for name, value in said["ResponseMetadata"]["HTTPHeaders"].items()}
        headers = {name: found[name] for name in names if name in found} | {"accept-ranges": "bytes"}
        return Answered(said["ResponseMetadata"]["HTTPStatusCode"], headers, b"" if method == "HEAD" else said["Body"].read())

    def of_function(self, origin: dict, method: str, uri: str, query: str, sent: dict[str, str], cookie: str | None = None) -> Answered:
        """The answer of a function behind its URL ("Invoking Lambda function URLs")."""
        function = origin["DomainName"]["Fn::Select"][1]["Fn::Split"][1]["Fn::GetAtt"][0].removesuffix("Url")
        made = self.stack.template.functions[function]["FunctionUrlConfig"]
        event = Gateway.event(method, origin.get("OriginPath", "") + uri + (f"?{query}" if query else ""), [], None)
        event["headers"] = {"user-agent": "Amazon CloudFront"} | sent
        event["headers"] |= {one["HeaderName"]: one["HeaderValue"] for one in origin.get("OriginCustomHeaders", [])}
        domain = f"{function.lower()}.lambda-url.us-east-1.on.aws"
        event["headers"]["host"] = event["requestContext"]["domainName"] = domain
        if cookie:
            event["cookies"] = cookie.split("; ")
        answer = self.edges.gateway.invoke(function, event)
        if answer.status is None:
            return Answered(502, {"content-length": "0"}, b"")
        # Of a streamed answer, Lambda renames Content-Length, and sends it in chunks.
        streamed = made.get("InvokeMode") == "RESPONSE_STREAM"
        length = {} if streamed else {"content-length": answer.headers.get("content-length", str(len(answer.body)))}
        headers = {name: value for name, value in answer.headers.items() if name != "content-length"} | length
        return Answered(answer.status, headers, answer.body, tuple(answer.cookies), streamed)


def keeps(control: str) -> bool:
    """Whether an answer with this Cache-Control is kept."""
    if re.search(r"no-store|no-cache|private", control):
        return False
    ages = dict(re.findall(r"(s-maxage|max-age)=(\d+)", control))
    return int(ages.get("s-maxage", ages.get("max-age", DEFAULT_TTL))) > 0


def larger(asked: str) -> str:
    """A larger range from the same start."""
    if found := re.fullmatch(r"bytes=(\d+)-(\d+)", asked):
        return f"bytes={found[1]}-{(int(found[2]) // LARGER + 1) * LARGER - 1}"
    return asked


def span(asked: str, length: int) -> tuple[int, int] | None:
    """The first and the last byte of a range; `None` if it is behind the end."""
    first, last = re.fullmatch(r"bytes=(\d*)-(\d*)", asked).groups()
    if not first:
        return max(0, length - int(last)), length - 1
    return (int(first), min(int(last or length), length - 1)) if int(first) < length else None


def narrowed(answered: Answered, asked: str) -> Answered:
    """What was asked for of a larger part. What CloudFront does with a part that is shorter than the range that it asked for is not
    documented: here it is an error, so that no test relies on it."""
    start, end, length = map(int, re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", answered.headers["content-range"]).groups())
    first, last = span(asked, length)
    if (start, end) == (first, last):
        return answered
    if start > first or end < last:
        return xml(502, "ShorterThanAsked")
    body = answered.body[first - start : last + 1 - start]
    fields = {"content-range": f"bytes {first}-{last}/{length}", "content-length": str(len(body))}
    return answered._replace(headers=answered.headers | fields, body=body)


def ranged(answered: Answered, asked: str) -> Answered:
    """A range of a whole answer."""
    length = len(answered.body)
    if (found := span(asked, length)) is None:
        return Answered(416, {"content-range": f"bytes */{length}", "content-length": "0"}, b"")
    body = answered.body[found[0] : found[1] + 1]
    fields = {"content-range": f"bytes {found[0]}-{found[1]}/{length}", "content-length": str(len(body))}
    return answered._replace(status=206, headers=answered.headers | fields, body=body)


def xml(status: int, code: str) -> Answered:
    body = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code></Error>'.encode()
    return Answered(status, {"content-type": "text/xml", "content-length": str(len(body))}, body)


def decoded(text: str) -> bytes:
    return base64.b64decode(text.translate(str.maketrans("-_~", "+=/")))


def plain(headers: dict) -> dict[str, str]:
    return {name: value["value"] for name, value in headers.items()}


def wrapped(headers: dict[str, str]) -> dict:
    return {name: {"value": value} for name, value in headers.items()}


def certificate(folder: pathlib.Path, names: list[str]) -> tuple[pathlib.Path, pathlib.Path]:
    """A certificate for these names that signs itself, and its key."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Reelspan's tests")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number(), now, now + datetime.timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True).sign(key, hashes.SHA256())
    certified, private = folder / "certificate.pem", folder / "key.pem"
    certified.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    private.write_bytes(key.private_bytes(pem, pkcs8, serialization.NoEncryption()))
    return certified, private
