"""The REST API, twice: of `reelspan serve`, and of the functions as Lambda runs them behind API Gateway, with moto as
an independent AWS. A test with `rest` runs with both."""

import contextlib
import hashlib
import os
import pathlib
import sqlite3
import subprocess
import uuid
import xml.etree.ElementTree

import pytest
import requests

import server as servers
from cloud import put_past
from emulator import ACCOUNT
from gateway import Gateway

# The users: a role, and groups.
PEOPLE = {
    "root": ("admin", []),
    "founder": ("owner", []),
    "maker": ("owner", []),
    "reader": ("user", []),
    "writer": ("user", []),
    "member": ("user", ["students"]),
    "curator": ("user", ["students", "curators"]),
    "stranger": ("user", []),
}


def password(name: str) -> str:
    return f"{name}'s own secret"


class Rest:
    """One of the two, and access to what is behind it."""

    def __init__(self, kind: str, url: str, s3, bucket: str, gateway: Gateway | None = None, data: pathlib.Path | None = None):
        self.kind, self.url, self.s3, self.bucket, self.gateway, self.data = kind, url, s3, bucket, gateway, data
        self.session = requests.Session()
        self.session.trust_env = False

    def __call__(self, method: str, path: str, who: str | None = "founder", **more) -> requests.Response:
        """A request to a path that is sent verbatim."""
        auth = (who, password(who)) if who else None
        request = requests.Request(method, self.url, auth=auth, **more)
        prepared = self.session.prepare_request(request)
        query = prepared.url.partition("?")[2]
        prepared.url = f"{self.url}/durastore/{path}" + (f"?{query}" if query else "")
        return self.session.send(prepared, allow_redirects=False, timeout=60)

    def space(self, **acl: str) -> str:
        """Creates a space of the founder."""
        name = f"space-{uuid.uuid4().hex[:12]}"
        assert self("PUT", name).status_code == 201
        if acl:
            headers = {f"x-dura-meta-acl-{whom.replace('_', '-')}": right for whom, right in acl.items()}
            assert self("POST", f"acl/{name}", headers=headers).status_code == 200
        return name

    def items(self, path: str, **more) -> list[str]:
        answer = self("GET", path, **more)
        assert answer.status_code == 200, answer.text
        return [item.text for item in xml.etree.ElementTree.fromstring(answer.content)]

    def objects(self, space: str) -> set[str]:
        """The names of the objects in a space."""
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=f"{space}/").get("Contents", [])
        return {item["Key"].removeprefix(f"{space}/") for item in found}

    def fill(self, space: str, names: set[str]) -> None:
        """Stores contents of one byte past the S3 API, which would take minutes for ten thousand of them."""
        keys = [f"{space}/{name}" for name in names]
        if self.kind == "lambda":
            for key in keys:
                put_past(self.bucket, key)
            return
        # One content as any client stores it, and copies of its row and its body.
        self.s3.put_object(Bucket=self.bucket, Key=keys[0], Body=b"x")
        bodies = self.data / "s3" / "objects" / self.bucket
        with contextlib.closing(sqlite3.connect(self.data / "s3" / "catalogue.sqlite", timeout=30)) as catalogue:
            columns = [column for _, column, *_ in catalogue.execute("PRAGMA table_info(object)")]
            first = catalogue.execute("SELECT * FROM object WHERE bucket = ? AND key = ?", (self.bucket, keys[0])).fetchone()
            row = dict(zip(columns, first, strict=True))
            rows = [row | {"key": key, "body": uuid.uuid4().hex} for key in keys[1:]]
            for copy in rows:
                (bodies / copy["body"]).hardlink_to(bodies / row["body"])
            places = ", ".join("?" * len(columns))
            with catalogue:
                catalogue.executemany(f"INSERT INTO object VALUES ({places})", [tuple(copy.values()) for copy in rows])


def add_people(binary, *where: str, **environment: str) -> None:
    for name, (role, groups) in PEOPLE.items():
        command = [binary, "user", "add", name, "--role", role, "--password-stdin", *where]
        command += [part for group in groups for part in ("--group", group)]
        environ = {"PATH": os.environ["PATH"]} | environment
        subprocess.run(command, input=password(name), env=environ, text=True, capture_output=True, check=True, timeout=60)


@pytest.fixture(scope="session")
def served(binary, tmp_path_factory):
    running = servers.Server(binary, tmp_path_factory.mktemp("rest") / "data").start()
    add_people(binary, "--data", str(running.data))
    yield Rest("serve", running.url, running.s3(), "media", data=running.data)
    assert running.stop() == 0, "\n".join(running.output)


@pytest.fixture(scope="session")
def invoked(binary, stack):
    add_people(binary, "--table", stack.template.ref("Users"), **ACCOUNT, AWS_ENDPOINT_URL=stack.aws.endpoint)
    with Gateway(stack) as gateway:
        yield Rest("lambda", gateway.url, stack.client("s3"), stack.bucket, gateway)


@pytest.fixture(params=["served", "invoked"])
def rest(request) -> Rest:
    return request.getfixturevalue(request.param)


def md5(body: bytes) -> str:
    return hashlib.md5(body).hexdigest()


def plain(answer: requests.Response, status: int) -> str:
    """The text of a plain answer."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/plain"), answer.text
    return answer.text


def curl(*arguments: str) -> str:
    done = subprocess.run(["curl", "-sS", "--noproxy", "*", *arguments], capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()
