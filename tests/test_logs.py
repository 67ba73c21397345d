"""What the programs log: one line for each request, with its cost and without secrets; and metrics."""

import base64
import json
import re
import socket
import time

import pytest
import requests

import server as servers
from cloud import make_table, open_space
from emulator import ACCOUNT, running
from server import CHATTY

BUCKET, TABLE, SPACES = "reelspan-media-123456789012", "LoggedIndex", "LoggedSpaces"
TRACE = "1-5759e988-bd862e3fe1be46a994272793"

# Each is somewhere in a request, and must not be in a log.
PASSWORD = "horse-battery-trombone"
SECRETS = {
    "Signature": "SIGNATURESIGNATURE",
    "Policy": "POLICYPOLICYPOLICY",
    "Key-Pair-Id": "KEYPAIRKEYPAIR",
    "token": "TOKENTOKENTOKEN",
    "X-Amz-Signature": "AMZSIGNATUREAMZ",
    "X-Amz-Security-Token": "AMZTOKENAMZTOKEN",
}
COOKIE = "CloudFront-Signature=COOKIECOOKIE; session=SESSIONSESSION"
BEARER = "Bearer BEARERBEARERBEARER"


def secrets() -> list[str]:
    basic = base64.b64encode(f"alice:{PASSWORD}".encode()).decode()
    return [PASSWORD, basic, "COOKIECOOKIE", "SESSIONSESSION", "BEARERBEARERBEARER", *SECRETS.values()]


@pytest.fixture
def chatty(binary, samples, tmp_path, monkeypatch):
    monkeypatch.setenv("RUST_LOG", CHATTY)
    monkeypatch.setenv("REELSPAN_METRICS", "stdout")
    running = servers.Server(binary, tmp_path / "data", admin=f"alice:{PASSWORD}", demo=samples).start()
    yield running
    if running.process.poll() is None:
        running.kill()


def test_no_secret_of_a_request_is_in_a_log(chatty):
    query = "&".join(f"{name}={value}" for name, value in SECRETS.items())
    headers = {"Cookie": COOKIE, "X-Amz-Security-Token": SECRETS["X-Amz-Security-Token"]}
    for path in ("/media/demo/counter.mp4", "/media/demo/nosuch.mp4", "/media/demo", "/durastore/demo", "/durastore/demo/counter.mp4",
                 "/durastore/spaces", "/durastore/nosuch", "/validate", "/health", "/nothing"):  # fmt: skip
        for authorization in (None, BEARER, "Basic " + base64.b64encode(f"alice:{PASSWORD}".encode()).decode()):
            for method in ("GET", "HEAD", "POST", "PUT"):
                fields = headers | ({"Authorization": authorization} if authorization else {})
                url = f"{chatty.url}{path}?t=2,4&{query}"
                requests.request(method, url, headers=fields, timeout=30, allow_redirects=False, data=b"")
    # A client that percent-encodes too much makes the query a part of the path.
    for encoded in ("%3F", "%253F", "%26", "%3f%3F"):
        for name, value in SECRETS.items():
            for path in ("/media/demo/counter.mp4", "/stream/demo/counter.mp4", "/stream/demo", "/stream/demo/cookies",
                         "/durastore/demo/counter.mp4", "/durastore/cookies", "/durastore/task/get-url", "/validate",
                         "/cookies"):  # fmt: skip
                for equals in ("=", "%3D", "%253D"):
                    requests.get(f"{chatty.url}{path}{encoded}{name}{equals}{value}", timeout=30)
    assert chatty.stop() == 0
    written = "\n".join(chatty.output)
    assert written.count(" request ") + written.count("request ") > 50
    # Output that is printed once for the operator is not a log.
    for secret in secrets():
        assert secret not in written, secret
    key = chatty.environment()["AWS_ACCESS_KEY_ID"]
    logged = "\n".join(line for line in chatty.output if "export " not in line)
    assert key not in logged and "AWS4-HMAC" not in logged


def test_a_request_is_one_line_and_one_set_of_figures(chatty):
    asked = [
        ("counter.mp4?t=12.48,20", {}, "cut", 200),
        ("counter.mp4", {"Range": "t:npt=10-20"}, "range", 206),
        ("counter.mp4", {"Range": "bytes=0-99"}, "bytes", 206),
        ("nosuch.mp4", {}, "original", 404),
    ]
    answers = [
        requests.get(chatty.media(path), headers=fields | {"X-Amzn-Trace-Id": f"Root={TRACE};Sampled=1"}, timeout=30)
        for path, fields, _, _ in asked
    ]
    requests.get(f"{chatty.url}/durastore/demo", timeout=30)
    assert chatty.stop() == 0
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in chatty.output]
    lines = [line for line in plain if "request_id=" in line]
    assert len(lines) == len(asked) + 1
    for line, answer, (path, _, kind, status) in zip(lines, answers, asked, strict=False):
        assert answer.status_code == status
        fields = dict(re.findall(r'(\w+)=(?:"([^"]*)"|\S+)', line)) | dict(re.findall(r"(\w+)=([^\s\"]+)", line))
        assert (fields["kind"], fields["space"], fields["content"]) == (kind, "demo", path.split("?")[0])
        assert (fields["status"], fields["bytes"], fields["complete"]) == (str(status), str(len(answer.content)), "true")
        assert fields["trace"] == TRACE
        # One machine calls neither.
        assert (fields["dynamodb_calls"], fields["s3_calls"]) == ("0", "0")
        assert int(fields["milliseconds"]) >= 0 and fields["dynamodb_milliseconds"] and fields["s3_milliseconds"]
    assert 'fragment="t=npt:12.48,20"' in lines[0] and 'range="t:npt=10-20"' in lines[1]
    assert 'kind="rest"' in lines[-1] and 'space="demo"' in lines[-1]

    figures = [json.loads(line) for line in plain if line.startswith('{"') and "_aws" in line]
    of_requests = [figure for figure in figures if "Requests" in figure]
    assert [figure["Kind"] for figure in of_requests] == ["cut", "range", "bytes", "original", "rest"]
    assert [figure["Bytes"] for figure in of_requests[:3]] == [len(answer.content) for answer in answers[:3]]
    assert [figure.get("IndexHits") for figure in of_requests] == [1, 1, 1, 0, None]
    of_files = [figure for figure in figures if "IndexingTime" in figure]
    assert of_files and {figure["Kind"] for figure in of_files} <= {"indexed", "refused", "current"}
    assert all(figure["IndexingLag"] >= figure["IndexingTime"] for figure in of_files)
    for figure in figures:
        [directive] = figure["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "Reelspan"
        assert all(metric["Name"] in figure for metric in directive["Metrics"])
        assert all(name in figure for names in directive["Dimensions"] for name in names)


def test_a_client_that_goes_away_is_no_failure_of_the_server(chatty):
    """One disconnects before there is an answer, and one in the middle of a body."""
    host, port = chatty.url.removeprefix("http://").split(":")

    def head(name: str, password: str) -> str:
        basic = base64.b64encode(f"{name}:{password}".encode()).decode()
        return f"Host: {host}:{port}\r\nAuthorization: Basic {basic}\r\n\r\n"

    def seen(wanted: str, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while not (found := any(wanted in line for line in chatty.output)) and time.monotonic() < end:
            time.sleep(0.05)
        return found

    # Checking a password usually takes long enough for the client to be gone before there is an answer, but not always.
    for attempt in range(5):
        with socket.create_connection((host, int(port))) as gone:
            gone.sendall(f"GET /durastore/spaces HTTP/1.1\r\n{head(f'nobody{attempt}', 'no such password')}".encode())
        if seen("status=499", 3):
            break
    assert seen("status=499", 0), "\n".join(chatty.output)
    # Larger than the buffers of the sockets.
    chatty.s3().put_object(Bucket="media", Key="demo/large", Body=bytes(32 << 20))
    with socket.create_connection((host, int(port))) as gone:
        gone.sendall(f"GET /durastore/demo/large HTTP/1.1\r\n{head('alice', PASSWORD)}".encode())
        assert gone.recv(1000).startswith(b"HTTP/1.1 200")
    assert seen("complete=false client_closed=true", 20) and chatty.stop() == 0
    figures = [json.loads(line) for line in chatty.output if line.startswith('{"') and '"ClientClosed"' in line]
    gone = [figure for figure in figures if figure["ClientClosed"]]
    assert len(gone) >= 2
    assert {(figure["ServerErrors"], figure["BrokenOff"]) for figure in gone} == {(0, 0)}


def test_lambda_gets_lines_of_json_and_figures(moto, boto, root, samples, tmp_path):
    def event(name: str) -> dict:
        return json.loads((root / "events" / f"{name}.json").read_text())

    boto("s3").create_bucket(Bucket=BUCKET)
    make_table(boto("dynamodb"), TABLE, "media", "page")
    make_table(boto("dynamodb"), SPACES, "space")
    open_space(boto("dynamodb"), SPACES, "demo")
    boto("s3").put_object(Bucket=BUCKET, Key="demo/counter.mp4", Body=(samples / "counter.mp4").read_bytes())
    log = tmp_path / "log"
    environment = {"AWS_ENDPOINT_URL": moto, "MEDIA_BUCKET": BUCKET, "INDEX_TABLE": TABLE, "SPACES_TABLE": SPACES, "RUST_LOG": CHATTY}
    environment |= {"AWS_LAMBDA_FUNCTION_NAME": "function", "REELSPAN_ANSWER": "buffered"}
    with log.open("wb") as out:
        with running(servers.built(root, "indexer"), ACCOUNT | environment, out) as invoke:
            assert "errorMessage" not in invoke(event("s3-put")).text
        with running(servers.built(root, "fragments"), ACCOUNT | environment, out) as invoke:
            request = event("http-time")
            request["headers"] |= {"authorization": BEARER, "cookie": COOKIE}
            request["rawQueryString"] += "".join(f"&{name}={value}" for name, value in SECRETS.items())
            assert invoke(request).json()["statusCode"] == 200
    written = log.read_text()
    for secret in secrets():
        assert secret not in written, secret
    lines = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
    [line] = [line for line in lines if "request_id" in line]
    assert (line["message"], line["kind"], line["space"], line["status"], line["complete"]) == ("request", "cut", "demo", 200, True)
    assert (line["dynamodb_calls"], line["s3_calls"]) == (1, 1) and len(line["request_id"]) > 30
    figures = [line for line in lines if "_aws" in line]
    assert any("IndexingLag" in figure for figure in figures) and any(figure.get("IndexHits") == 1 for figure in figures)
    [indexed] = [line for line in lines if line.get("message") == "indexed"]
    assert indexed["s3_calls"] > 1 and indexed["dynamodb_calls"] > 1
