"""The REST API, twice: of `reelspan serve`, and of the `spaces` function as Lambda runs it behind API Gateway, with S3 and DynamoDB
of moto, which knows nothing of Reelspan. Whatever stands here holds of both."""

import base64
import concurrent.futures
import contextlib
import hashlib
import http.client
import json
import os
import re
import socket
import subprocess
import time
import urllib.parse
import uuid
import xml.etree.ElementTree

import pytest
import requests
from moto.core import DEFAULT_ACCOUNT_ID as ACCOUNT_ID
from moto.s3.models import s3_backends
from samtranslator.yaml_helper import yaml_parse

import server as servers
from gateway import Gateway
from test_lambda import ACCOUNT, aws, client, emulated  # noqa: F401: fixtures

BUCKET = "reelspan-rest"
TABLES = {"SPACES_TABLE": "RestSpaces", "USERS_TABLE": "RestUsers", "INDEX_TABLE": "RestIndex"}
LOGICAL = {"SPACES_TABLE": "Spaces", "USERS_TABLE": "Users", "INDEX_TABLE": "ContainerIndex"}

# Everybody who asks: a role, and groups.
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
    """One of the two, and what is needed to look behind it."""

    def __init__(self, kind: str, url: str, s3, bucket: str):
        self.kind, self.url, self.s3, self.bucket = kind, url, s3, bucket
        self.session = requests.Session()
        self.session.trust_env = False

    def __call__(self, method: str, path: str, who: str | None = "founder", **more) -> requests.Response:
        """A request to a path that is sent as it is written."""
        auth = (who, password(who)) if who else None
        request = requests.Request(method, self.url, auth=auth, **more)
        prepared = self.session.prepare_request(request)
        query = prepared.url.partition("?")[2]
        prepared.url = f"{self.url}/durastore/{path}" + (f"?{query}" if query else "")
        return self.session.send(prepared, allow_redirects=False, timeout=60)

    def space(self, **acl: str) -> str:
        """A new space of the founder's."""
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
        """What the bucket has of a space."""
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=f"{space}/").get("Contents", [])
        return {item["Key"].removeprefix(f"{space}/") for item in found}


def add_people(binary, *where: str, **environment: str) -> None:
    for name, (role, groups) in PEOPLE.items():
        command = [binary, "user", "add", name, "--role", role, "--password-stdin", *where]
        command += [part for group in groups for part in ("--group", group)]
        environ = {"PATH": os.environ["PATH"]} | environment
        subprocess.run(command, input=password(name), env=environ, text=True, capture_output=True, check=True, timeout=60)


@pytest.fixture(scope="module")
def served(binary, tmp_path_factory):
    running = servers.Server(binary, tmp_path_factory.mktemp("rest") / "data").start()
    add_people(binary, "--data", str(running.data))
    yield Rest("serve", running.url, running.s3(), "media")
    assert running.stop() == 0, "\n".join(running.output)


@pytest.fixture(scope="module")
def invoked(binary, aws, client, root):  # noqa: F811
    template = yaml_parse((root / "template.yaml").read_text())["Resources"]
    client("s3").create_bucket(Bucket=BUCKET)
    for variable, name in TABLES.items():
        table = template[LOGICAL[variable]]["Properties"]
        fields = ("AttributeDefinitions", "KeySchema", "BillingMode")
        client("dynamodb").create_table(TableName=name, **{field: table[field] for field in fields})
    add_people(binary, "--table", TABLES["USERS_TABLE"], **ACCOUNT, AWS_ENDPOINT_URL=aws)
    gateway = Gateway()
    variables = TABLES | {"MEDIA_BUCKET": BUCKET, "AWS_ENDPOINT_URL_LAMBDA": gateway.url}
    with emulated(servers.built(root, "spaces"), aws, **variables) as gateway.invoke:
        made = Rest("lambda", gateway.url, client("s3"), BUCKET)
        made.invoke = gateway.invoked_directly
        yield made
        gateway.stop()


@pytest.fixture(params=["served", "invoked"])
def rest(request) -> Rest:
    return request.getfixturevalue(request.param)


def md5(body: bytes) -> str:
    return hashlib.md5(body).hexdigest()


def plain(answer: requests.Response, status: int) -> str:
    """The text of a plain answer."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/plain"), answer.text
    return answer.text


# Every row of the contract, in its order.


def test_there_is_one_store(rest):
    answer = rest("GET", "stores")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/xml")
    assert answer.text == (
        '<storageProviderAccounts><storageAcct ownerId="0" isPrimary="1"><id>1</id>'
        "<storageProviderType>AMAZON_S3</storageProviderType></storageAcct></storageProviderAccounts>"
    )


def test_spaces_are_those_that_the_user_may_read(rest):
    mine, shared, public = rest.space(), rest.space(reader="READ"), rest.space(group_public="READ")

    def listed(who: str) -> set[str]:
        answer = rest("GET", "spaces", who, params={"storeID": "7"})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/xml")
        found = xml.etree.ElementTree.fromstring(answer.content)
        assert found.tag == "spaces"
        return {space.get("id") for space in found} & {mine, shared, public}

    assert listed("founder") == listed("root") == {mine, shared, public}
    assert listed("reader") == {shared, public}
    assert listed("stranger") == listed("maker") == {public}


def test_a_space_is_made_once_and_its_maker_writes(rest):
    name = rest.space()
    for who in ("founder", "root"):
        again = rest("PUT", name, who)
        assert (again.status_code, again.content) == (201, b"")
        assert again.headers["location"].endswith(f"/durastore/{name}")
    assert rest("HEAD", f"acl/{name}").headers["x-dura-meta-acl-founder"] == "WRITE"
    assert "founder" not in plain(rest("PUT", name, "maker"), 403)
    assert "owner" in plain(rest("PUT", "no-owners-space", "writer"), 403)


@pytest.mark.parametrize(
    "name",
    ["ab", "a" * 43, "1abc", "Abc", "a_bc", "abc-", "a..b", "a-.b", "a.-b", "abc.1x", "192.168.1.1", "a%20bc", "%C3%A4bc",
     "init", "aux", "audit", "security", "manifest", "report", "abc%00", "%2e%2e", "..", "a%2Fb"],
)  # fmt: skip
def test_a_space_has_a_good_name(rest, name):
    answer = rest("PUT", name)
    assert answer.status_code == 400, answer.text
    assert rest("GET", name).status_code in (400, 404)
    for word in ("spaces", "stores", "acl", "task"):
        assert rest("PUT", word).status_code in (400, 405)


def test_contents_are_listed_in_order(rest):
    space = rest.space()
    names = ["a", "a/1", "a/10", "a/2", "a b", "B", "z&<>\"'", "ä", "日", "\U0001f3ac"]
    for name in names:
        assert rest("PUT", f"{space}/{urllib.parse.quote(name)}", data=b"x").status_code == 201
    ordered = sorted(names, key=str.encode)
    answer = rest("GET", space)
    assert answer.headers["content-type"] == "application/xml"
    assert xml.etree.ElementTree.fromstring(answer.content).attrib == {"id": space}
    assert answer.headers["x-dura-meta-space-count"] == "10"
    assert rest.items(space) == ordered
    assert rest.items(space, params={"storeID": "0"}) == ordered
    assert rest.items(space, params={"prefix": "a/1"}) == ["a/1", "a/10"]
    assert rest.items(space, params={"prefix": "nothing"}) == []
    assert rest.items(space, params={"maxResults": "3"}) == ordered[:3]
    assert rest.items(space, params={"maxResults": "3", "marker": ordered[2]}) == ordered[3:6]
    assert rest.items(space, params={"marker": "a/1", "prefix": "a/"}) == ["a/10", "a/2"]
    assert rest.items(space, params={"marker": ordered[-1]}) == []
    assert rest("GET", space, params={"maxResults": "many"}).status_code == 400


def test_a_space_has_properties(rest):
    before = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    space = rest.space()
    rest("PUT", f"{space}/a", data=b"x")
    answer = rest("HEAD", space)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["x-dura-meta-space-count"] == "1"
    created = answer.headers["x-dura-meta-space-created"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", created)
    assert before <= created <= time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    assert not any("streaming" in name for name in answer.headers)


def test_a_deleted_space_is_gone_at_once_and_its_contents_soon(rest):
    space = rest.space()
    for number in range(5):
        rest("PUT", f"{space}/{number}", data=b"x")
    assert "owner" in plain(rest("DELETE", rest.space(writer="WRITE"), "writer"), 403)
    assert plain(rest("DELETE", space), 200) == f"Space {space} deleted successfully"
    for method, path in [("GET", space), ("HEAD", space), ("GET", f"{space}/1"), ("PUT", f"{space}/6"), ("DELETE", space)]:
        assert rest(method, path).status_code == 404, (method, path)
    assert space not in rest("GET", "spaces").text
    again = None
    for _ in range(100):
        again = rest("PUT", space)
        if again.status_code == 201:
            break
        assert again.status_code == 503 and int(again.headers["retry-after"]) > 0
        time.sleep(0.1)
    assert again.status_code == 201
    assert rest.items(space) == [] and rest.objects(space) == set()


def test_an_access_list_is_replaced_as_a_whole(rest):
    space = rest.space()

    def entries(who: str = "founder") -> dict[str, str]:
        answer = rest("HEAD", f"acl/{space}", who)
        assert answer.status_code == 200
        prefix = "x-dura-meta-acl-"
        return {name.lower().removeprefix(prefix): value for name, value in answer.headers.items() if name.lower().startswith(prefix)}

    assert entries() == {"founder": "WRITE"}
    sent = {"X-Dura-Meta-Acl-Reader": "READ", "x-dura-meta-acl-group-curators": "WRITE", "x-dura-meta-acl-group-public": "READ"}
    assert plain(rest("POST", f"acl/{space}", headers=sent), 200) == f"Space {space} ACLs updated successfully"
    assert entries() == {"reader": "READ", "group-curators": "WRITE", "group-public": "READ"} == entries("curator")
    assert rest("POST", f"acl/{space}").status_code == 200
    assert entries() == {}
    for wrong in ({"x-dura-meta-acl-reader": "ALL"}, {"x-dura-meta-acl-group-public": "WRITE"}, {"x-dura-meta-acl-": "READ"}):
        assert "acl" in plain(rest("POST", f"acl/{space}", headers=wrong), 400) or "READ" in wrong.values() or "ALL" in wrong.values()
    assert entries() == {}
    assert rest("HEAD", "acl/no-such-space").status_code == rest("POST", "acl/no-such-space").status_code == 404


def test_a_content_is_stored_with_its_md5_type_and_properties(rest):
    space, body = rest.space(), b"hello"
    digests = [None, md5(body), md5(body).upper(), base64.b64encode(hashlib.md5(body).digest()).decode()]
    for number, digest in enumerate(digests):
        headers = {"Content-MD5": digest} if digest else {}
        answer = rest("PUT", f"{space}/{number}", data=body, headers=headers)
        assert (answer.status_code, answer.content) == (201, b"")
        assert answer.headers["content-md5"] == answer.headers["etag"].strip('"') == md5(body)
        assert answer.headers["location"].endswith(f"/durastore/{space}/{number}")
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "x-dura-meta-content-mimetype": "audio/mpeg",
        "X-Dura-Meta-Color": "green",
        "x-dura-meta-title": "100% grün = 日本".encode(),
        "x-dura-meta-creator": "a  b",
    }
    assert rest("PUT", f"{space}/noted", data=body, headers=headers).status_code == 201
    for method in ("GET", "HEAD"):
        answer = rest(method, f"{space}/noted")
        assert (answer.status_code, answer.content) == (200, body if method == "GET" else b"")
        fields = {name.lower(): value.encode("latin-1").decode() for name, value in answer.headers.items()}
        assert fields["content-type"] == "audio/mpeg"
        assert fields["content-length"] == "5"
        assert fields["content-md5"] == fields["etag"].strip('"') == md5(body)
        assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT", fields["last-modified"])
        properties = {name: value for name, value in fields.items() if name.startswith("x-dura-meta-")}
        assert properties == {
            "x-dura-meta-color": "green",
            "x-dura-meta-title": "100% grün = 日本",
            "x-dura-meta-creator": "a  b",
        }
    rest("PUT", f"{space}/typed", data=body, headers={"Content-Type": "text/css"})
    assert rest("HEAD", f"{space}/typed").headers["content-type"] == "text/css"
    assert rest("HEAD", f"{space}/0").headers["content-type"] == "application/octet-stream"


def test_a_content_whose_md5_is_another_is_not_stored(rest):
    space = rest.space()
    rest("PUT", f"{space}/kept", data=b"before")
    for name, body in [("new", b"hello"), ("kept", b"after"), ("empty", b""), ("long", bytes(1_000_000))]:
        answer = rest("PUT", f"{space}/{name}", data=body, headers={"Content-MD5": md5(b"another")})
        assert md5(body) in plain(answer, 409)
    assert "Content-MD5" in plain(rest("PUT", f"{space}/new", data=b"x", headers={"Content-MD5": "abc"}), 400)
    assert rest.objects(space) == {"kept"}
    assert rest("GET", f"{space}/kept").content == b"before"


def test_properties_have_room_and_who_exceeds_it_is_told(rest):
    space = rest.space()
    wanted = {"x-dura-meta-long": "x" * 1990}
    assert rest("PUT", f"{space}/a", data=b"x", headers=wanted).status_code == 201
    assert rest("HEAD", f"{space}/a").headers["x-dura-meta-long"] == "x" * 1990
    wanted["x-dura-meta-more"] = "x" * 100
    assert "2048" in plain(rest("PUT", f"{space}/b", data=b"x", headers=wanted), 400)
    assert "2048" in plain(rest("POST", f"{space}/a", headers=wanted), 400)
    assert rest.objects(space) == {"a"}


def test_a_content_is_copied_within_and_between_spaces(rest):
    here, there = rest.space(), rest.space()
    name = "a b#%+ä/x.txt"
    quoted = urllib.parse.quote(name)
    headers = {"Content-Type": "text/css", "x-dura-meta-color": "green"}
    rest("PUT", f"{here}/{quoted}", data=b"hello", headers=headers)
    sources = [f"{here}/{quoted}", f"/{here}/{quoted}", f"{here}/{name}".encode()]
    for target in (here, there):
        for number, source in enumerate(sources):
            headers = {"x-dura-meta-copy-source": source, "x-dura-meta-copy-source-store": "0"}
            answer = rest("PUT", f"{target}/copy{number}", headers=headers)
            assert (answer.status_code, answer.headers["content-md5"]) == (201, md5(b"hello"))
            copy = rest("GET", f"{target}/copy{number}")
            assert (copy.content, copy.headers["content-type"], copy.headers["x-dura-meta-color"]) == (b"hello", "text/css", "green")
            assert "x-dura-meta-copy-source" not in copy.headers
    onto_itself = rest("PUT", f"{here}/{quoted}", headers={"x-dura-meta-copy-source": sources[0]})
    assert onto_itself.status_code == 201
    for source, status in [(f"{here}/none", 404), ("no-such-space/a", 404), (here, 400), (f"{here}/", 404), (f"{here}/../x", 404)]:
        answer = rest("PUT", f"{there}/copy", headers={"x-dura-meta-copy-source": source})
        assert answer.status_code == status, source
    assert "copy" not in rest.items(there)


def test_a_content_is_read_in_part_or_as_a_file(rest):
    space, body = rest.space(), bytes(range(256)) * 40
    rest("PUT", f"{space}/a/b%20c.bin", data=body)
    path = f"{space}/a/b%20c.bin"
    for asked, part in [("0-99", slice(0, 100)), ("10000-", slice(10000, None)), ("-40", slice(-40, None)), ("5-99999", slice(5, None))]:
        answer = rest("GET", path, headers={"Range": f"bytes={asked}"})
        first = range(len(body))[part][0]
        assert (answer.status_code, answer.content) == (206, body[part])
        assert answer.headers["content-range"] == f"bytes {first}-{first + len(body[part]) - 1}/{len(body)}"
    for unusable in ("bytes=99999-", "bytes=5-2", "bytes=-0", "bytes=0-1,5-6", "bytes=x", "lines=1-2"):
        assert "Range" in plain(rest("GET", path, headers={"Range": unusable}), 400), unusable
    saved = rest("GET", path, params={"attachment": "true", "storeID": "1"})
    assert (saved.status_code, saved.content) == (200, body)
    assert saved.headers["content-disposition"] == 'attachment; filename="b c.bin"'
    assert "content-disposition" not in rest("GET", path).headers
    etag = saved.headers["etag"]
    assert rest("GET", path, headers={"If-None-Match": etag}).status_code == 304
    assert rest("GET", path, headers={"If-Match": '"other"'}).status_code == 412


def test_properties_of_a_content_are_replaced(rest):
    space = rest.space()
    path = f"{space}/a%20b"
    rest("PUT", path, data=b"hello", headers={"Content-Type": "text/css", "x-dura-meta-color": "green", "x-dura-meta-old": "1"})
    answer = rest("POST", path, headers={"x-dura-meta-color": "blue", "x-dura-meta-new": "2"})
    assert plain(answer, 200) == "Content a b updated successfully"
    now = rest("GET", path)
    assert {name: value for name, value in now.headers.items() if name.startswith("x-dura-meta")} == {
        "x-dura-meta-color": "blue",
        "x-dura-meta-new": "2",
    }
    assert "content-security-policy" not in now.headers
    assert (now.content, now.headers["content-type"], now.headers["content-md5"]) == (b"hello", "text/css", md5(b"hello"))
    rest("POST", path, headers={"x-dura-meta-content-mimetype": "text/html"})
    page = rest("HEAD", path)
    assert (page.headers["content-type"], page.headers["content-security-policy"]) == ("text/html", "sandbox")


def test_a_content_is_deleted(rest):
    space = rest.space()
    rest("PUT", f"{space}/a%20b", data=b"x")
    assert plain(rest("DELETE", f"{space}/a%20b"), 200) == "Content a b deleted successfully"
    assert rest.objects(space) == set()
    for method in ("GET", "HEAD", "POST", "DELETE"):
        assert rest(method, f"{space}/a%20b").status_code == 404
    assert "a b" in plain(rest("GET", f"{space}/a%20b"), 404)


def test_what_is_not_there_is_a_404_that_says_what(rest):
    space = rest.space()
    for path, what in [("no-such-space", "no-such-space"), ("no-such-space/a", "no-such-space"), (f"{space}/none", "none")]:
        for method in ("GET", "DELETE"):
            assert what in plain(rest(method, path), 404)
        assert rest("HEAD", path).status_code == 404
    assert "no-such-space" in plain(rest("PUT", "no-such-space/a", data=b"x"), 404)
    assert rest("PATCH", space).status_code == 405
    assert rest("PATCH", space).headers["content-type"] == "application/problem+json"


def test_tasks_are_listed_and_an_unknown_one_is_refused(rest):
    answer = rest("GET", "task")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/xml")
    tasks = xml.etree.ElementTree.fromstring(answer.content)
    assert tasks.tag == "list" and {task.tag for task in tasks} == {"string"}
    assert "get-upload-url" in {task.text for task in tasks}
    assert "no-such-task" in plain(rest("POST", "task/no-such-task", json={}), 400)


# Who may do what.


def test_nobody_and_wrong_passwords_are_asked_for_credentials(rest):
    space = rest.space()
    for method, path in [
        ("GET", "stores"), ("GET", "spaces"), ("PUT", "new-space"), ("GET", space), ("HEAD", space), ("DELETE", space),
        ("HEAD", f"acl/{space}"), ("POST", f"acl/{space}"), ("PUT", f"{space}/a"), ("GET", f"{space}/a"), ("GET", "task"),
        ("POST", "task/get-upload-url"), ("GET", "no-such-space"),
    ]:  # fmt: skip
        # A look at a password takes a while, so not all of them everywhere.
        wrong = [("founder", "wrong password"), ("nobody-at-all", "wrong password")] if path in ("spaces", f"{space}/a") else []
        for auth in (None, *wrong):
            answer = rest(method, path, None, headers={} if auth is None else {"Authorization": requests.auth._basic_auth_str(*auth)})
            assert answer.status_code == 401, (method, path, auth)
            assert answer.headers["www-authenticate"].startswith("Basic ")


# One line a call; who is answered with success, by the lists below.
CALLS = [
    ("read", "GET", "{space}", {}),
    ("read", "HEAD", "{space}", {}),
    ("read", "GET", "{space}/there", {}),
    ("read", "HEAD", "{space}/there", {}),
    ("read, by somebody", "HEAD", "acl/{space}", {}),
    ("write", "PUT", "{space}/{who}", {"data": b"x"}),
    ("write", "POST", "{space}/there", {"headers": {"x-dura-meta-color": "green"}}),
    ("write", "PUT", "{space}/{who}-copy", {"headers": {"x-dura-meta-copy-source": "{space}/there"}}),
    ("write", "DELETE", "{space}/{who}", {}),
    ("write", "POST", "task/get-upload-url", {"json": {"spaceId": "{space}", "contentId": "a", "size": 1}}),
    ("write", "POST", "acl/{space}", {"headers": "acl"}),
    ("own", "PUT", "{space}", {}),
]
CLOSED = {"reader": "READ", "writer": "WRITE", "group_students": "READ", "group_curators": "WRITE"}
OPEN = {"group_public": "READ", "writer": "WRITE"}
MAY = {
    ("closed", "read"): {"root", "founder", "reader", "writer", "member", "curator"},
    ("closed", "read, by somebody"): {"root", "founder", "reader", "writer", "member", "curator"},
    ("closed", "write"): {"root", "founder", "writer", "curator"},
    ("closed", "own"): {"root", "founder"},
    ("open", "read"): {*PEOPLE, None},
    ("open", "read, by somebody"): {*PEOPLE},
    ("open", "write"): {"root", "founder", "writer"},
    ("open", "own"): {"root", "founder"},
}


@pytest.mark.parametrize("kind", ["closed", "open"])
def test_everybody_does_what_the_access_list_says_and_nothing_else(rest, kind):
    acl = CLOSED if kind == "closed" else OPEN
    space = rest.space(**acl)
    rest("PUT", f"{space}/there", data=b"x")
    fields = {f"x-dura-meta-acl-{whom.replace('_', '-')}": right for whom, right in acl.items()}
    for who in [*PEOPLE, None]:
        for right, method, path, more in CALLS:
            more = json.loads(json.dumps(more, default=bytes.decode).replace("{space}", space))
            if more.get("headers") == "acl":
                more["headers"] = fields
            answer = rest(method, path.format(space=space, who=who), who, **more)
            if who in MAY[kind, right]:
                assert answer.status_code in (200, 201), (who, method, path, answer.text)
            else:
                assert answer.status_code == (403 if who else 401), (who, method, path, answer.text)
    assert rest.objects(space) == {"there"} | {f"{who}-copy" for who in MAY[kind, "write"]}
    assert rest("DELETE", space, "writer").status_code == 403
    assert rest("DELETE", space, "root").status_code == 200


def test_a_copy_needs_the_right_to_read_its_source(rest):
    closed, target = rest.space(), rest.space(writer="WRITE")
    rest("PUT", f"{closed}/a", data=b"x")
    headers = {"x-dura-meta-copy-source": f"{closed}/a"}
    assert rest("PUT", f"{target}/a", "writer", headers=headers).status_code == 403
    assert rest("PUT", f"{target}/a", "founder", headers=headers).status_code == 201


# Names.

NAMES = [
    "a b", "a#b", "100%", "a%20b", "a+b", "a&b=c", "ä/ö/ü.mp4", "日本/映画.webm", "\U0001f3ac", "a//b", "a/", "...", "a..b",
    "'\"<>", "a;b,c", "x" * 1000, "é" * 170, "acl", "task/x", "~$@!*()[]{}|^`",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=lambda name: name[:12])
def test_a_content_may_have_any_name(rest, name):
    space = rest.space()
    path = f"{space}/{urllib.parse.quote(name, safe='/')}"
    body = name.encode()
    assert rest("PUT", path, data=body).status_code == 201
    assert rest.objects(space) == {name}
    assert rest.items(space) == [name]
    assert rest.items(space, params={"prefix": name}) == [name]
    assert rest.items(space, params={"marker": name}) == []
    assert rest("GET", path).content == body
    assert plain(rest("POST", path, headers={"x-dura-meta-a": "b"}), 200).encode("latin-1").decode() == f"Content {name} updated successfully"
    assert rest("HEAD", path).headers["x-dura-meta-a"] == "b"
    assert rest("DELETE", path).status_code == 200
    assert rest.objects(space) == set()


@pytest.mark.parametrize(
    "name",
    ["..", "%2e%2e", "a/../b", "a/%2e%2e/b", "a/%2E./b", "..%2F..%2Fetc", ".", "a/./b", "a%00b", "%00", "a%0Ab", "a%5Cb", "a%3Fb",
     "%ff", "%EF%BF%BE", "x" * 1025, "%C3%A4" * 171],
    ids=lambda name: name[:12],
)  # fmt: skip
def test_a_hostile_name_is_refused(rest, name):
    space = rest.space()
    answer = rest("PUT", f"{space}/{name}", data=b"x")
    assert answer.status_code == 400, answer.text
    for method in ("GET", "HEAD", "POST", "DELETE"):
        assert rest(method, f"{space}/{name}").status_code in (400, 404)
    assert rest.objects(space) == set()
    everything = rest.s3.list_objects_v2(Bucket=rest.bucket).get("Contents", [])
    assert all(item["Key"].startswith("space-") for item in everything)


# Many and large, at once and half.


def test_of_two_writers_the_last_one_wins_and_never_a_mixture(rest):
    space = rest.space()
    bodies = [bytes([number]) * 300_000 for number in range(8)]

    def write(number: int) -> int:
        return requests.put(
            f"{rest.url}/durastore/{space}/contended", data=bodies[number], auth=("founder", password("founder")), timeout=60
        ).status_code

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(write, number) for number in range(8)]
        while not all(write.done() for write in writing):
            seen = rest("GET", f"{space}/contended")
            # While it is replaced it may have to be asked for again, and is never half of two.
            assert seen.status_code in (404, 503) or (seen.content in bodies and seen.headers["content-md5"] == md5(seen.content))
        assert {write.result() for write in writing} == {201}
    last = rest("PUT", f"{space}/contended", data=b"the last")
    assert last.status_code == 201
    assert rest("GET", f"{space}/contended").content == b"the last"


def test_who_sends_all_of_a_body_before_reading_is_told_why_it_is_refused(served):
    space, body = served.space(), bytes(40_000_000)
    for path, who, headers, status in [
        (f"{space}/a", None, {}, 401),
        (f"{space}/a", "stranger", {}, 403),
        ("no-such-space/a", "founder", {}, 404),
        (f"{space}/%00", "founder", {}, 400),
        (f"{space}/a", "founder", {"Content-MD5": "abc"}, 400),
        (f"{space}/a", "founder", {"Content-MD5": md5(b"another")}, 409),
    ]:
        if who:
            headers = headers | {"Authorization": requests.auth._basic_auth_str(who, password(who))}
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(served.url).netloc, timeout=60)
        with contextlib.closing(connection):
            connection.request("PUT", f"/durastore/{path}", body, headers)
            assert connection.getresponse().status == status
    assert served.objects(space) == set()


@pytest.mark.parametrize("how", ["length", "chunked"])
def test_a_put_that_breaks_off_leaves_nothing(rest, how):
    space = rest.space()
    rest("PUT", f"{space}/kept", data=b"before")
    token = base64.b64encode(f"founder:{password('founder')}".encode()).decode()
    address = urllib.parse.urlsplit(rest.url)
    for name in ("new", "kept"):
        with socket.create_connection((address.hostname, address.port)) as connection:
            announced = "Content-Length: 40000000" if how == "length" and rest.kind == "serve" else "Content-Length: 4000000"
            if how == "chunked":
                announced = "Transfer-Encoding: chunked"
            connection.sendall(
                f"PUT /durastore/{space}/{name} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {token}\r\n{announced}\r\n\r\n".encode()
            )
            part = b"x" * 65536
            # More than a part of an upload, so that one is under way.
            for _ in range(400 if rest.kind == "serve" else 20):
                connection.sendall(b"10000\r\n" + part + b"\r\n" if how == "chunked" else part)
            time.sleep(0.5)
    for _ in range(50):
        left = rest.s3.list_multipart_uploads(Bucket=rest.bucket).get("Uploads", [])
        if not left:
            break
        time.sleep(0.1)
    assert not left
    assert rest.objects(space) == {"kept"}
    assert rest("GET", f"{space}/kept").content == b"before"


def test_a_content_of_unknown_length_is_stored(rest):
    space = rest.space()
    for size in (0, 100, 3_000_000) if rest.kind == "lambda" else (0, 100, 16 << 20, (16 << 20) + 1, 40_000_001):
        body = os.urandom(size)
        for headers, status in [({}, 201), ({"Content-MD5": md5(body)}, 201), ({"Content-MD5": md5(b"another")}, 409)]:
            chunks = iter([body[start : start + 1_000_003] for start in range(0, size, 1_000_003)])
            answer = rest("PUT", f"{space}/{size}-{status}-{len(headers)}", data=chunks, headers=headers)
            assert answer.status_code == status, answer.text
            if status == 201:
                assert answer.headers["content-md5"] == md5(body)
                stored = rest("GET", f"{space}/{size}-{status}-{len(headers)}")
                assert stored.content == body
                if headers:
                    assert stored.headers["content-md5"] == md5(body)
    assert not any("409" in name for name in rest.objects(space))
    assert not rest.s3.list_multipart_uploads(Bucket=rest.bucket).get("Uploads", [])


def test_ten_thousand_contents_are_listed_in_pages_in_order_and_none_twice(rest):
    space = rest.space()
    names = {f"folder {number % 7}/{number}" for number in range(10_000)}
    if rest.kind == "lambda":
        # Within the process that moto is in; ten thousand requests would take it a minute.
        moto = s3_backends[ACCOUNT_ID]["aws"]
        for name in names:
            moto.put_object(rest.bucket, f"{space}/{name}", b"x")
    else:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda name: rest.s3.put_object(Bucket=rest.bucket, Key=f"{space}/{name}", Body=b"x"), names))
    assert rest("HEAD", space).headers["x-dura-meta-space-count"] == "1000+"
    found, marker = [], None
    while page := rest.items(space, params={"marker": marker} if marker else {}):
        assert len(page) == 1000
        found += page
        marker = page[-1]
    assert len(found) == 10_000 and found == sorted(names, key=str.encode)
    assert len(rest.items(space, params={"maxResults": "5000"})) == 1000
    # And all of them go.
    assert rest("DELETE", space).status_code == 200
    end = time.monotonic() + 60
    while rest.objects(space) and time.monotonic() < end:
        time.sleep(0.2)
    assert rest.objects(space) == set()


# What API Gateway cannot carry.


def curl(*arguments: str) -> str:
    done = subprocess.run(["curl", "-sS", "--noproxy", "*", *arguments], capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_a_large_file_is_stored_by_curl_either_way(rest, tmp_path):
    """Through the server where there is one; and past the gateway, to which curl is sent by a redirect."""
    space, body = rest.space(group_public="READ"), os.urandom(12_000_000)
    file = tmp_path / "large.bin"
    file.write_bytes(body)
    digest = base64.b64encode(hashlib.md5(body).digest()).decode()
    for name, fields in [
        ("plain", []),
        ("noted", ["-H", "x-dura-meta-color: green", "-H", "x-dura-meta-title: grün 100%", "-H", "Content-Type: text/css"]),
        ("checked", ["-H", f"Content-MD5: {digest}"]),
    ]:
        url = f"{rest.url}/durastore/{space}/{name}%20file"
        status = curl("-L", "-T", str(file), "-u", f"founder:{password('founder')}", *fields, "-o", "/dev/null", "-w", "%{http_code}", url)
        assert status in ("200", "201")
        head = rest("HEAD", f"{space}/{name}%20file")
        assert (head.headers["content-md5"], int(head.headers["content-length"])) == (md5(body), len(body))
        if name == "noted":
            assert head.headers["content-type"] == "text/css"
            assert head.headers["x-dura-meta-color"] == "green"
            assert head.headers["x-dura-meta-title"].encode("latin-1").decode() == "grün 100%"
        # And read back, by the same kind of detour.
        got = tmp_path / "got"
        curl("-L", "-o", str(got), url)
        assert got.read_bytes() == body
        assert rest("GET", f"{space}/{name}%20file", headers={"Range": "bytes=100-199"}).content == body[100:200]


def test_what_s3_would_not_understand_is_not_sent_to_it(invoked):
    space = invoked.space()
    for field, value in [("Content-MD5", md5(b"")), ("x-dura-meta-content-mimetype", "text/css")]:
        event = Gateway.event("PUT", f"/durastore/{space}/a", [("content-length", "12000000"), (field, value)], None)
        event["requestContext"]["authorizer"] = {"lambda": {"user": "founder", "role": "owner", "groups": ""}}
        answer = invoked.invoke(event)
        assert (answer["statusCode"], "get-upload-url" in answer["body"] or "get-upload-url" in base64.b64decode(answer["body"]).decode()) == (413, True)


def upload_url(rest, **task) -> dict:
    answer = rest("POST", "task/get-upload-url", json=task)
    return json.loads(plain(answer, 200))


def test_an_upload_url_takes_one_put(rest):
    space, body = rest.space(), b"hello"
    task = {"spaceId": space, "contentId": "a b/ä.mp4", "contentType": "video/mp4", "size": "5", "md5": md5(body), "properties": {"color": "grün"}}
    signed = upload_url(rest, **task)
    wrong = requests.put(signed["url"], data=b"HELLO", headers=signed["headers"], timeout=30)
    if rest.kind == "serve":  # moto takes anything.
        assert wrong.status_code == 400 and rest.objects(space) == set()
    assert requests.put(signed["url"], data=body, headers=signed["headers"], timeout=30).status_code == 200
    stored = rest("GET", f"{space}/a%20b/%C3%A4.mp4")
    assert (stored.content, stored.headers["content-type"], stored.headers["content-md5"]) == (body, "video/mp4", md5(body))
    assert stored.headers["x-dura-meta-color"].encode("latin-1").decode() == "grün"
    for wrong in ({}, {"spaceId": space}, {"spaceId": space, "contentId": "..", "size": 1}, task | {"size": "many"}, task | {"md5": "x"}):
        assert plain(rest("POST", "task/get-upload-url", json=wrong), 400)
    assert rest("POST", "task/get-upload-url", data=b"{").status_code == 400
    assert rest("POST", "task/get-upload-url", json=task | {"spaceId": "no-such-space"}).status_code == 404


def test_an_upload_of_parts_is_one_content_once_it_is_completed(rest):
    space, digest = rest.space(), md5(b"of all of it")
    task = {"spaceId": space, "contentId": "large", "contentType": "video/mp4", "size": 6_000_000_000, "md5": digest}
    upload = upload_url(rest, **task)
    assert sum(part["size"] for part in upload["parts"]) == 6_000_000_000
    assert [part["partNumber"] for part in upload["parts"]] == list(range(1, len(upload["parts"]) + 1))
    bodies = [os.urandom(5 << 20), b"and the rest"]
    parts = []
    for part, body in zip(upload["parts"], bodies):
        put = requests.put(part["url"], data=body, timeout=30)
        parts.append({"partNumber": part["partNumber"], "etag": put.headers["etag"]})
    completion = {"spaceId": space, "contentId": "large", "uploadId": upload["uploadId"], "parts": parts}
    assert rest("POST", "task/complete-upload", "stranger", json=completion).status_code == 403
    if rest.kind == "serve":  # moto fails at it.
        assert plain(rest("POST", "task/complete-upload", json=completion | {"uploadId": "none"}), 400)
    assert rest.objects(space) == set()
    assert "large" in plain(rest("POST", "task/complete-upload", json=completion), 200)
    stored = rest("GET", f"{space}/large", headers={"Range": "bytes=5242880-"})
    assert stored.content == b"and the rest"
    assert (stored.headers["content-type"], stored.headers["content-md5"]) == ("video/mp4", digest)
    # What is not the ETag stays known through copies and new properties.
    assert rest("PUT", f"{space}/copy", headers={"x-dura-meta-copy-source": f"{space}/large"}).status_code == 201
    assert rest("POST", f"{space}/copy", headers={"x-dura-meta-color": "green"}).status_code == 200
    copy = rest("HEAD", f"{space}/copy")
    assert (copy.headers["content-md5"], copy.headers["x-dura-meta-color"]) == (digest, "green")


def test_the_events_of_the_repository_are_answered_as_they_say(invoked, root):
    def answered(name: str) -> dict:
        return invoked.invoke(json.loads((root / "events" / f"{name}.json").read_text()))

    def text(answer: dict) -> str:
        return base64.b64decode(answer["body"]).decode() if answer.get("isBase64Encoded") else answer.get("body", "")

    assert answered("rest-create-space")["statusCode"] == 201
    assert answered("rest-share-space")["statusCode"] == 200
    assert answered("rest-store")["headers"]["content-md5"] == md5(b"hello\n")
    assert text(answered("rest-get")) == "hello\n"
    assert text(answered("rest-list")) == '<space id="films"><item>a b/hello.txt</item></space>'
    assert answered("rest-large")["statusCode"] == 307
    assert "X-Amz-Signature" in text(answered("rest-upload-url"))
    assert text(answered("rest-delete-space")) == "Space films deleted successfully"
    assert invoked.objects("films") in ({"a b/hello.txt"}, set())
    assert answered("space-delete") is None
    assert invoked.objects("films") == set() and answered("rest-create-space")["statusCode"] == 201


def test_a_deletion_outlives_the_process(new_server, binary):
    new_server.admin = "root:a very long secret"
    new_server.start()
    s3, auth = new_server.s3(), ("root", "a very long secret")
    rest = f"{new_server.url}/durastore/films"
    assert requests.put(rest, auth=auth, timeout=30).status_code == 201
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: s3.put_object(Bucket="media", Key=f"films/{number}", Body=b"x"), range(150)))
    assert requests.delete(rest, auth=auth, timeout=30).status_code == 200
    new_server.kill()
    new_server.start()
    s3, rest = new_server.s3(), f"{new_server.url}/durastore/films"
    assert requests.get(rest, auth=auth, timeout=30).status_code == 404
    end = time.monotonic() + 30
    while requests.put(rest, auth=auth, timeout=30).status_code != 201:
        assert time.monotonic() < end
        time.sleep(0.1)
    assert "Contents" not in s3.list_objects_v2(Bucket="media", Prefix="films/")


def test_documented_curl_lines_work(rest, tmp_path):
    """DuraCloud's own REST documentation has these calls, in this form."""
    space, file = f"curl-{uuid.uuid4().hex[:12]}", tmp_path / "file.txt"
    file.write_text("hello")
    base, user = f"{rest.url}/durastore", ("-u", f"founder:{password('founder')}")

    def call(*arguments: str) -> str:
        return curl(*user, *arguments)

    assert "storageProviderAccounts" in call(f"{base}/stores")
    assert call("-X", "PUT", f"{base}/{space}") == ""
    assert f'<space id="{space}"/>' in call(f"{base}/spaces")
    assert call("-T", str(file), "-H", "x-dura-meta-color: green", f"{base}/{space}/test.txt") == ""
    assert call("-T", str(file), f"{base}/{space}/item%20two.txt?storeID=0") == ""
    assert call(f"{base}/{space}") == f'<space id="{space}"><item>item two.txt</item><item>test.txt</item></space>'
    assert call(f"{base}/{space}?prefix=test&maxResults=5&marker=item") == f'<space id="{space}"><item>test.txt</item></space>'
    assert "x-dura-meta-space-count: 2" in call("-I", f"{base}/{space}")
    assert call(f"{base}/{space}/test.txt?storeID=0&attachment=true") == "hello"
    assert call("-X", "POST", "-H", "x-dura-meta-color: blue", f"{base}/{space}/test.txt") == "Content test.txt updated successfully"
    assert "x-dura-meta-color: blue" in call("-I", f"{base}/{space}/test.txt")
    copy = ("-X", "PUT", "-H", f"x-dura-meta-copy-source: {space}/item%20two.txt", f"{base}/{space}/copy.txt")
    assert call(*copy) == ""
    assert call(f"{base}/{space}/copy.txt") == "hello"
    acl = ("-X", "POST", "-H", "x-dura-meta-acl-reader: READ", "-H", "x-dura-meta-acl-group-public: READ", f"{base}/acl/{space}")
    assert call(*acl) == f"Space {space} ACLs updated successfully"
    assert "x-dura-meta-acl-group-public: READ" in call("-I", f"{base}/acl/{space}")
    assert curl(f"{base}/{space}/test.txt") == "hello"
    assert call("-X", "DELETE", f"{base}/{space}/test.txt") == "Content test.txt deleted successfully"
    assert call("-X", "DELETE", f"{base}/{space}") == f"Space {space} deleted successfully"
    assert "get-upload-url" in call(f"{base}/task")
