"""The REST API: access rights, and valid names of contents."""

import json
import urllib.parse

import pytest
import requests

from rest import PEOPLE, plain


def test_nobody_and_wrong_passwords_are_asked_for_credentials(rest):
    space = rest.space()
    for method, path in [
        ("GET", "stores"), ("GET", "spaces"), ("PUT", "new-space"), ("GET", space), ("HEAD", space), ("POST", space), ("DELETE", space),
        ("HEAD", f"acl/{space}"), ("POST", f"acl/{space}"), ("PUT", f"{space}/a"), ("GET", f"{space}/a"), ("GET", "task"),
        ("POST", "task/get-upload-url"), ("GET", "no-such-space"),
    ]:  # fmt: skip
        # Checking a password takes a while, so not every path tries all of them.
        wrong = [("founder", "wrong password"), ("nobody-at-all", "wrong password")] if path in ("spaces", f"{space}/a") else []
        for auth in (None, *wrong):
            answer = rest(method, path, None, headers={} if auth is None else {"Authorization": requests.auth._basic_auth_str(*auth)})
            assert answer.status_code == 401, (method, path, auth)
            assert answer.headers["www-authenticate"].startswith("Basic ")


# One line for each call; the lists below say who may make it.
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
    ("own", "POST", "{space}", {"headers": {"x-dura-meta-color": "green"}}),
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
    assert (
        plain(rest("POST", path, headers={"x-dura-meta-a": "b"}), 200).encode("latin-1").decode() == f"Content {name} updated successfully"
    )
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
    def everything() -> set[str]:
        return {item["Key"] for item in rest.s3.list_objects_v2(Bucket=rest.bucket).get("Contents", [])}

    space, before = rest.space(), everything()
    answer = rest("PUT", f"{space}/{name}", data=b"x")
    assert answer.status_code == 400, answer.text
    for method in ("GET", "HEAD", "POST", "DELETE"):
        assert rest(method, f"{space}/{name}").status_code in (400, 404)
    assert rest.objects(space) == set()
    assert everything() <= before
