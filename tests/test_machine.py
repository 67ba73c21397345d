"""One machine: what a running server exposes to other programs, other users, web pages and slow clients."""

import base64
import contextlib
import http.client
import json
import os
import pathlib
import re
import socket
import stat
import subprocess
import threading
import time

import boto3
import botocore.config
import pytest
import requests

import server as servers

ADMIN = ("admin", "violet trombone haircut")
SECRET = b"what the user may not read"


def open_files(pid: int) -> set[str]:
    """What a process has open; one that it closes meanwhile is left out."""
    files = set()
    for link in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            files.add(os.readlink(link))
    return files


def listening(pid: int) -> set[int]:
    """The TCP ports on which a process listens: those whose sockets are among its open files."""
    sockets, ports = open_files(pid), set()
    for table in ("tcp", "tcp6"):
        for row in pathlib.Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *rest = row.split()
            if state == "0A" and f"socket:[{rest[5]}]" in sockets:
                ports.add(int(local.rpartition(":")[2], 16))
    return ports


def port(url: str) -> int:
    return int(url.rpartition(":")[2])


@pytest.fixture(scope="module")
def machine(binary, tmp_path_factory):
    """A server for this module, with a low limit of open files, as on a small machine."""
    folder = tmp_path_factory.mktemp("machine")
    running = servers.Server(binary, folder / "data", admin=":".join(ADMIN), before=("prlimit", "--nofile=1024:1024")).start()
    for space in ("private", "theirs"):
        requests.put(f"{running.url}/durastore/{space}", auth=ADMIN, timeout=30).raise_for_status()
    requests.put(f"{running.url}/durastore/private/secret.txt", auth=ADMIN, data=SECRET, timeout=30).raise_for_status()
    yield running
    assert running.stop() == 0, "\n".join(running.output)


@pytest.fixture
def upload(machine):
    """Requests an upload URL for a content of the space `theirs`."""

    def ask(**task) -> dict:
        task = {"spaceId": "theirs", "contentId": "mine.txt", "contentType": "text/plain", "size": 8} | task
        answer = requests.post(f"{machine.url}/durastore/task/get-upload-url", auth=ADMIN, json=task, timeout=30)
        answer.raise_for_status()
        return answer.json()

    return ask


def test_no_port_is_open_but_the_two_that_are_announced(machine):
    announced = {port(machine.url), port(machine.environment()["AWS_ENDPOINT_URL_S3"])}
    assert listening(machine.process.pid) == announced
    for number in announced:
        connection = http.client.HTTPConnection("127.0.0.1", number, timeout=10)
        target = {"X-Amz-Target": "DynamoDB_20120810.Scan", "Content-Type": "application/x-amz-json-1.0", "Origin": "https://evil.example"}
        connection.request("POST", "/", json.dumps({"TableName": "Users"}), target)
        answer = connection.getresponse()
        assert answer.status in (403, 404, 405, 501) and b"pbkdf2" not in answer.read(), number


@pytest.mark.parametrize("served", [False, True])
def test_commands_on_a_data_folder_open_no_port(new_server, served):
    new_server.start()
    if not served:
        assert new_server.stop() == 0
    # It waits for the password, with the tables open.
    add = [str(new_server.binary), "user", "add", "zoe", "--data", str(new_server.data), "--password-stdin"]
    process = subprocess.Popen(add, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    tables = str(new_server.data / "tables.sqlite")
    end = time.monotonic() + 20
    while tables not in open_files(process.pid):
        assert time.monotonic() < end, "the tables are not open"
        time.sleep(0.01)
    assert listening(process.pid) == set()
    said, _ = process.communicate("a long enough password\n", timeout=30)
    assert (process.returncode, said) == (0, "added zoe user\n")
    if served:
        spaces = requests.get(f"{new_server.url}/durastore/spaces", auth=("zoe", "a long enough password"), timeout=30)
        assert spaces.status_code == 200
    # Nor do the maintenance commands for a folder, which read its objects too.
    for command in (["reindex", "demo"], ["doctor"]):
        opened = traced([str(new_server.binary), *command, "--data", str(new_server.data)])
        assert not opened, command


def traced(command: list[str]) -> set[int]:
    """All ports on which a command was seen to listen."""
    process, seen = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL), set()
    while process.poll() is None:
        with contextlib.suppress(OSError):
            seen |= listening(process.pid)
    return seen


# Each is added to a request with a presigned URL that did not sign it.
UNSIGNED = [
    {"x-amz-copy-source": "media/private/secret.txt"},
    {"X-Amz-Copy-Source": "/media/private/secret.txt"},
    {"x-amz-copy-source": "media%2Fprivate%2Fsecret.txt", "x-amz-metadata-directive": "REPLACE"},
    {"x-amz-copy-source": "media/private/secret.txt", "x-amz-copy-source-range": "bytes=0-3"},
    {"x-amz-meta-color": "red"},
    {"x-amz-acl": "public-read"},
    {"x-amz-tagging": "a=b"},
    {"x-amz-storage-class": "GLACIER"},
    {"x-amz-website-redirect-location": "https://evil.example"},
    {"x-amz-date": "20260101T000000Z"},
]


@pytest.mark.parametrize("unsigned", UNSIGNED, ids=lambda fields: "+".join(fields))
def test_a_presigned_url_takes_no_header_of_s3_that_it_was_not_made_for(upload, machine, unsigned):
    whole, parts = upload(), upload(size=6 << 30)
    for url, fields in ((whole["url"], whole["headers"]), (parts["parts"][0]["url"], {})):
        answer = requests.put(url, headers=fields | unsigned, data=b"x" * 8, timeout=30)
        assert answer.status_code == 403 and "<Code>AccessDenied</Code>" in answer.text, (url, answer.text)
        assert "There were headers present in the request which were not signed" in answer.text
        [names] = re.findall("<HeadersNotSigned>(.*?)</HeadersNotSigned>", answer.text)
        assert names.split(", ") == sorted(map(str.lower, unsigned))
    assert requests.get(f"{machine.url}/durastore/theirs/mine.txt", auth=ADMIN, timeout=30).status_code == 404


def test_a_presigned_url_takes_the_body_that_it_was_made_for(upload, machine):
    one = upload(md5="25d55ad283aa400af464c76d713c07ad", properties={"color": "green"})
    body, fields = b"12345678", one["headers"]
    assert set(fields) == {"content-md5", "content-type", "x-amz-meta-color"}
    url = one["url"]
    refused = {
        "longer": ("PUT", url, fields, body + b"9"),
        "shorter": ("PUT", url, fields, body[:7]),
        "another body": ("PUT", url, fields, b"87654321"),
        "another type": ("PUT", url, fields | {"content-type": "text/html"}, body),
        "no type": ("PUT", url, {name: value for name, value in fields.items() if name != "content-type"}, body),
        "another MD5": ("PUT", url, fields | {"content-md5": "1B2M2Y8AsgTpgAmY7PhCfg=="}, body),
        "no MD5": ("PUT", url, {name: value for name, value in fields.items() if name != "content-md5"}, body),
        "another property": ("PUT", url, fields | {"x-amz-meta-color": "red"}, body),
        "no property": ("PUT", url, {name: value for name, value in fields.items() if name != "x-amz-meta-color"}, body),
        "another name": ("PUT", url.replace("mine.txt", "yours.txt"), fields, body),
        "another space": ("PUT", url.replace("/theirs/", "/private/"), fields, body),
        "another method": ("DELETE", url, fields, None),
        "a read": ("GET", url, fields, None),
        "an upload in parts": ("POST", url + "&uploads", fields, b""),
        "a part": ("PUT", url + "&partNumber=1&uploadId=1", fields, body),
        "a further parameter": ("PUT", url + "&x-amz-meta-color=red", fields, body),
        "other signed headers": ("PUT", url.replace("SignedHeaders=", "SignedHeaders=x-amz-acl%3B"), fields | {"x-amz-acl": "x"}, body),
        "signed headers twice": ("PUT", url + "&X-Amz-SignedHeaders=host", fields, body),
        "no host signed": ("PUT", url.replace("%3Bhost", ""), fields, body),
    }
    for what, (method, to, headers, data) in refused.items():
        answer = requests.request(method, to, headers=headers, data=data, timeout=30)
        assert answer.status_code in (400, 403), (what, answer.status_code, answer.text)
    chunked = requests.put(url, headers=fields, data=iter([body]), timeout=30)
    assert chunked.status_code in (400, 403, 411), chunked.text
    answer = requests.put(url, headers=fields, data=body, timeout=30)
    assert answer.status_code == 200, answer.text
    stored = requests.get(f"{machine.url}/durastore/theirs/mine.txt", auth=ADMIN, timeout=30)
    assert (stored.content, stored.headers["x-dura-meta-color"]) == (body, "green")
    requests.delete(f"{machine.url}/durastore/theirs/mine.txt", auth=ADMIN, timeout=30).raise_for_status()


def test_a_part_has_the_size_that_its_url_was_made_for(upload):
    parts = upload(size=6 << 30)["parts"]
    assert parts[0]["size"] == 64 << 20
    answer = requests.put(parts[0]["url"], data=b"x" * 1000, timeout=30)
    assert answer.status_code == 403, answer.text


def test_boto3_signs_what_is_asked_of_it(machine):
    """Signed in headers and presigned, by either version of signatures that boto3 uses by default."""
    s3 = machine.s3()
    s3.put_object(Bucket="media", Key="theirs/a.txt", Body=b"abc", Metadata={"color": "red"}, ContentType="text/plain", Tagging="")
    s3.copy_object(Bucket="media", Key="theirs/b.txt", CopySource="media/theirs/a.txt")
    assert s3.get_object(Bucket="media", Key="theirs/b.txt", Range="bytes=1-")["Body"].read() == b"bc"
    printed = machine.environment()
    version_4 = boto3.client(
        "s3",
        endpoint_url=printed["AWS_ENDPOINT_URL_S3"],
        region_name=printed["AWS_REGION"],
        aws_access_key_id=printed["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=printed["AWS_SECRET_ACCESS_KEY"],
        config=botocore.config.Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    for client in (s3, version_4):
        get = client.generate_presigned_url("get_object", {"Bucket": "media", "Key": "theirs/a.txt"})
        assert requests.get(get, timeout=30).content == b"abc"
        assert requests.get(get, headers={"x-amz-acl": "private"}, timeout=30).status_code == 403
        put = client.generate_presigned_url("put_object", {"Bucket": "media", "Key": "theirs/c.txt", "ContentType": "text/plain"})
        assert requests.put(put, data=b"c", headers={"Content-Type": "text/plain"}, timeout=30).status_code == 200
        copy = {"Content-Type": "text/plain", "x-amz-copy-source": "media/private/secret.txt"}
        assert requests.put(put, headers=copy, timeout=30).status_code == 403
    for name in "abc":
        s3.delete_object(Bucket="media", Key=f"theirs/{name}.txt")


def test_a_form_is_refused_before_it_is_read(machine):
    """s3s would read a form's file into memory before it checks any signature."""
    endpoint = machine.environment()["AWS_ENDPOINT_URL_S3"]
    with socket.create_connection(("127.0.0.1", port(endpoint)), timeout=10) as client:
        head = (
            f"POST /media HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {1 << 30}\r\nContent-Type: multipart/form-data; boundary=x\r\n\r\n"
        )
        client.sendall(head.encode())
        assert client.recv(100).startswith(b"HTTP/1.1 501")


def modes(folder: pathlib.Path) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for path in [folder, *folder.rglob("*")]:
        found.setdefault(stat.S_IMODE(path.lstat().st_mode), set()).add("folder" if path.is_dir() else "file")
    return found


def test_a_data_folder_is_its_owners_alone(new_server, monkeypatch):
    monkeypatch.setattr(new_server, "before", ("sh", "-c", 'umask 022; exec "$@"', "sh"))
    new_server.start()
    s3 = new_server.s3()
    s3.put_object(Bucket="media", Key="films/a.txt", Body=b"a")
    upload = s3.create_multipart_upload(Bucket="media", Key="films/b.txt")["UploadId"]
    s3.upload_part(Bucket="media", Key="films/b.txt", UploadId=upload, PartNumber=1, Body=b"b")
    assert modes(new_server.data) == {0o700: {"folder"}, 0o600: {"file"}}
    assert new_server.stop() == 0
    # A folder of an older program is corrected, and the server says so.
    for path in [new_server.data, *new_server.data.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    new_server.start()
    assert modes(new_server.data) == {0o700: {"folder"}, 0o600: {"file"}}
    assert any("was open to other users" in line for line in new_server.output), new_server.output
    assert new_server.stop() == 0
    new_server.start()
    assert not any("was open to other users" in line for line in new_server.output)


def test_the_secret_access_key_is_printed_once_and_on_demand(new_server):
    new_server.start()
    secret = new_server.environment()["AWS_SECRET_ACCESS_KEY"]
    assert new_server.stop() == 0
    new_server.start()
    assert secret not in "\n".join(new_server.output)
    assert new_server.environment()["AWS_SECRET_ACCESS_KEY"] == secret
    assert new_server.stop() == 0
    new_server.options = ("--show-credentials",)
    new_server.start()
    assert f"AWS_SECRET_ACCESS_KEY={secret}" in "\n".join(new_server.output)


def test_plain_text_on_a_network_is_warned_of(new_server):
    cases = [
        (("--listen", "0.0.0.0:0"), True),
        (("--s3-listen", "0.0.0.0:0"), True),
        (("--listen", "0.0.0.0:0", "--url", "http://media.example.org"), True),
        (("--listen", "0.0.0.0:0", "--url", "https://media.example.org"), False),
        ((), False),
    ]
    for options, warned in cases:
        new_server.options = options
        new_server.start()
        assert any("without TLS" in line for line in new_server.output) == warned, options
        assert new_server.stop() == 0


def raw(at: int, request: bytes) -> tuple[int, bytes]:
    """Sends bytes and reads the answer."""
    with socket.create_connection(("127.0.0.1", at), timeout=10) as client:
        client.sendall(request)
        answer = http.client.HTTPResponse(client)
        answer.begin()
        return answer.status, answer.read()


HOSTS = [
    (b"Host: 127.0.0.1\r\n", 200),
    (b"Host: localhost:8080\r\n", 200),
    (b"Host: demo.localhost\r\n", 200),
    (b"", 400),
    (b"Host: localhost\r\nHost: localhost\r\n", 400),
    (b"Host: localhost\r\nhost: evil.example\r\n", 400),
    (b"Host: a b\r\n", 400),
    (b"Host: evil.example\r\n", 421),
    (b"Host: 127.0.0.1.evil.example\r\n", 421),
]


@pytest.mark.parametrize(("fields", "status"), HOSTS, ids=lambda value: str(value))
def test_a_request_names_its_host_once_and_that_is_this_server(machine, fields, status):
    answered, body = raw(port(machine.url), b"GET /validate?uri=a%23t=1 HTTP/1.1\r\n" + fields + b"Connection: close\r\n\r\n")
    assert answered == status, body
    if status >= 400:
        assert json.loads(body)["status"] == status
    # The signature of a request to S3 covers the host, so that any single name will do.
    s3 = port(machine.environment()["AWS_ENDPOINT_URL_S3"])
    answered, body = raw(s3, b"GET /media/private/secret.txt HTTP/1.1\r\n" + fields + b"Connection: close\r\n\r\n")
    assert answered == (400 if status == 400 else 403), body


def test_a_server_answers_for_the_names_that_it_is_given(new_server):
    new_server.public = "https://media.example.org/av"
    new_server.options = ("--host", "nas.local")
    new_server.start()
    ask = b"GET /validate?uri=a%%23t=1 HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n"
    for name, status in [(b"media.example.org", 200), (b"NAS.local:8080", 200), (b"example.org", 421)]:
        assert raw(port(new_server.url), ask % name)[0] == status, name


class Slow:
    """Clients that begin something and do not continue."""

    def __init__(self, at: int, count: int, sends: bytes, source: str = "127.0.0.1"):
        self.sockets = []
        for _ in range(count):
            client = socket.socket()
            client.bind((source, 0))
            client.settimeout(10)
            client.connect(("127.0.0.1", at))
            with contextlib.suppress(OSError):
                client.sendall(sends)
            self.sockets.append(client)

    def open(self) -> int:
        """How many connections the server has not closed."""
        count = 0
        for client in self.sockets:
            client.setblocking(False)
            try:
                count += client.recv(1) != b""
            except BlockingIOError:
                count += 1
            except OSError:
                pass
        return count

    def __enter__(self) -> "Slow":
        return self

    def __exit__(self, *_) -> None:
        for client in self.sockets:
            client.close()


HALF_A_HEAD = b"GET /validate HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
HALF_A_BODY = b"PUT /durastore/theirs/slow HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\nAuthorization: Basic %s\r\n\r\nx"


def honest(machine, rounds: int = 20) -> None:
    """A user who does this and that, on new connections and on one that is kept."""
    kept = requests.Session()
    kept.auth = ADMIN
    for number in range(rounds):
        for session in (kept, requests):
            content = f"{machine.url}/durastore/theirs/honest-{number % 3}"
            assert session.put(content, auth=ADMIN, data=b"honest", timeout=10).status_code == 201
            assert session.get(content, auth=ADMIN, timeout=10).content == b"honest"
    s3 = machine.s3()
    assert s3.get_object(Bucket="media", Key="private/secret.txt")["Body"].read() == SECRET


@pytest.mark.parametrize("at", ["HTTP", "S3"])
@pytest.mark.parametrize(("count", "source"), [(200, "127.0.0.2"), (200, "127.0.0.1"), (930, "127.0.0.1")])
def test_half_sent_heads_keep_nobody_out(machine, at, count, source):
    number = port(machine.url if at == "HTTP" else machine.environment()["AWS_ENDPOINT_URL_S3"])
    with Slow(number, count, HALF_A_HEAD, source):
        honest(machine)


def test_half_sent_bodies_keep_nobody_out(machine):
    """They are requests, which are not closed for others: the limit for each address keeps places free."""
    credentials = base64.b64encode(":".join(ADMIN).encode())
    with Slow(port(machine.url), 200, HALF_A_BODY % credentials, "127.0.0.2"):
        honest(machine)


def test_clients_that_take_no_answer_keep_nobody_out(machine):
    path = f"{machine.url}/durastore/theirs/large.bin"
    requests.put(path, auth=ADMIN, data=bytes(8 << 20), timeout=60).raise_for_status()
    credentials = base64.b64encode(":".join(ADMIN).encode())
    ask = b"GET /durastore/theirs/large.bin HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic %s\r\n\r\n" % credentials
    with Slow(port(machine.url), 200, ask, "127.0.0.2"):
        honest(machine)
    requests.delete(path, auth=ADMIN, timeout=30).raise_for_status()


def resident(pid: int) -> int:
    """The resident memory of a process, in MiB."""
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) >> 10


def test_puts_of_unknown_length_share_their_memory(machine):
    """Each sends nearly the 16 MiB that are buffered before anything is stored, and stops there. Only six of them are
    read."""
    head = b"PUT /durastore/theirs/unknown-%d HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\nAuthorization: Basic %s\r\n\r\n"
    credentials = base64.b64encode(":".join(ADMIN).encode())
    clients = [socket.create_connection(("127.0.0.1", port(machine.url)), timeout=60) for _ in range(24)]
    before = resident(machine.process.pid)

    def put(number: int) -> None:
        with contextlib.suppress(OSError):
            clients[number].sendall(head % (number, credentials))
            for _ in range(15):
                clients[number].sendall(b"100000\r\n" + bytes(1 << 20) + b"\r\n")

    threads = [threading.Thread(target=put, args=(number,)) for number in range(len(clients))]
    for thread in threads:
        thread.start()
    most, end = 0, time.monotonic() + 4
    while time.monotonic() < end:
        most = max(most, resident(machine.process.pid))
        time.sleep(0.05)
    # A PUT of known length does not wait for them.
    known = f"{machine.url}/durastore/theirs/known"
    requests.put(known, auth=ADMIN, data=bytes(1 << 20), timeout=30).raise_for_status()
    for client in clients:
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
        client.close()
    for thread in threads:
        thread.join()
    assert most - before < 6 * 16 + 64, f"{before} MiB before, {most} MiB at most"
    # Their memory is free again.
    requests.put(known, auth=ADMIN, data=iter([b"known"]), timeout=30).raise_for_status()
    assert requests.get(known, auth=ADMIN, timeout=30).content == b"known"


@pytest.mark.skipif("REELSPAN_SLOW" not in os.environ, reason="waits for the server's patience to end: REELSPAN_SLOW=1")
def test_slow_clients_are_given_up(machine):
    """Heads after 15 seconds, bodies after 30, idle connections after a minute; and a paused player after five
    minutes."""
    path = f"{machine.url}/durastore/theirs/large.bin"
    requests.put(path, auth=ADMIN, data=bytes(8 << 20), timeout=60).raise_for_status()
    credentials = base64.b64encode(":".join(ADMIN).encode())
    ask = b"GET /durastore/theirs/large.bin HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic %s\r\n\r\n" % credentials
    begun, at = time.monotonic(), port(machine.url)
    with (
        Slow(at, 5, HALF_A_HEAD) as heads,
        Slow(at, 5, HALF_A_BODY % credentials) as bodies,
        Slow(at, 5, b"") as idle,
        Slow(at, 5, ask) as paused,
    ):
        for until, still in [(10, [5, 5, 5, 5]), (20, [0, 5, 5, 5]), (45, [0, 0, 5, 5]), (70, [0, 0, 0, 5])]:
            time.sleep(max(0.0, begun + until - time.monotonic()))
            seen = [heads.open(), bodies.open(), idle.open(), paused.open()]
            assert seen == still, until
