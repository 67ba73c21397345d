"""The REST API: every row of DuraCloud's contract, in its order."""

import base64
import hashlib
import re
import time
import urllib.parse
import xml.etree.ElementTree

import pytest

from rest import md5, plain


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


def test_the_properties_of_a_space_are_replaced_as_a_whole(rest):
    space = rest.space(reader="READ")

    def properties() -> dict[str, str]:
        answer = rest("HEAD", space, "reader")
        named = {name.lower().removeprefix("x-dura-meta-"): value for name, value in answer.headers.items()}
        assert named.pop("space-count") == "0" and named.pop("space-created")
        return {name: named[name].encode("latin-1").decode() for name in ("title", "tags", "color") if name in named}

    sent = {"X-Dura-Meta-Title": "Grüße", "x-dura-meta-tags": "film|1968", "x-dura-meta-space-count": "7"}
    encoded = {name: value.encode() for name, value in sent.items()}
    assert plain(rest("POST", space, headers=encoded), 200) == f"Space {space} updated successfully"
    assert properties() == {"title": "Grüße", "tags": "film|1968"}
    assert "acl/" in plain(rest("POST", space, headers={"x-dura-meta-acl-reader": "WRITE", "x-dura-meta-color": "red"}), 400)
    assert properties() == {"title": "Grüße", "tags": "film|1968"}
    assert rest("POST", space, headers={"x-dura-meta-color": "green"}).status_code == 200
    assert properties() == {"color": "green"}
    assert rest("POST", space, headers={"x-dura-meta-long": "x" * 3000}).status_code == 400
    assert rest("POST", space).status_code == 200
    assert properties() == {}
    assert rest("POST", "no-such-space").status_code == 404


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
    assert rest("POST", f"acl/{space}").status_code == 400
    assert entries() == {"reader": "READ", "group-curators": "WRITE", "group-public": "READ"}
    assert rest("POST", f"acl/{space}", headers={"x-dura-meta-acl": "NONE"}).status_code == 200
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
        if method == "HEAD":
            # Whatever a gateway says.
            assert fields.pop("x-dura-meta-content-size") == "5"
        if method == "GET" or rest.kind == "serve":
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
    assert now.headers["content-security-policy"].startswith("sandbox; ")
    assert (now.content, now.headers["content-type"], now.headers["content-md5"]) == (b"hello", "text/css", md5(b"hello"))
    rest("POST", path, headers={"x-dura-meta-content-mimetype": "text/html"})
    page = rest("HEAD", path)
    assert page.headers["content-type"] == "text/html"
    assert page.headers["content-security-policy"].startswith("sandbox; default-src 'none'")


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
    if rest.kind == "lambda":  # API Gateway knows routes by method and path together.
        assert rest("PATCH", space).status_code == 404
    else:
        assert rest("PATCH", space).status_code == 405
        assert rest("PATCH", space).headers["content-type"] == "application/problem+json"


def test_tasks_are_listed_and_an_unknown_one_is_refused(rest):
    answer = rest("GET", "task")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/xml")
    tasks = xml.etree.ElementTree.fromstring(answer.content)
    assert tasks.tag == "list" and {task.tag for task in tasks} == {"string"}
    assert "get-upload-url" in {task.text for task in tasks}
    assert "no-such-task" in plain(rest("POST", "task/no-such-task", json={}), 400)


def test_lists_are_json_for_those_who_ask(rest):
    space = rest.space(reader="READ", writer="WRITE")
    for name in ("a b", "c/d", "c/e"):
        assert rest("PUT", f"{space}/{urllib.parse.quote(name)}", data=b"hello").status_code == 201
    wanted = {"Accept": "application/json"}
    for who, right in (("founder", "OWN"), ("root", "OWN"), ("writer", "WRITE"), ("reader", "READ")):
        answer = rest("GET", "spaces", who=who, headers=wanted)
        assert answer.headers["content-type"] == "application/json"
        (found,) = [one for one in answer.json()["spaces"] if one["id"] == space]
        assert (found["right"], found["owner"], found["streaming"]) == (right, "founder", "OFF"), who
    assert space not in [one["id"] for one in rest("GET", "spaces", who="stranger", headers=wanted).json()["spaces"]]
    page = rest("GET", space, headers=wanted, params={"maxResults": 2}).json()
    assert (page["space"], [one["id"] for one in page["contents"]], page["more"]) == (space, ["a b", "c/d"], True)
    rest_of_it = rest("GET", space, headers=wanted, params={"marker": "c/d", "prefix": "c/"}).json()
    assert ([one["id"] for one in rest_of_it["contents"]], rest_of_it["more"]) == (["c/e"], False)
    (last,) = rest_of_it["contents"]
    assert (
        last["size"] == 5
        and last["etag"] == f'"{last["md5"]}"'
        and last["md5"] == md5(b"hello")
        and re.fullmatch(r"\d{4}(-\d\d){2}T(\d\d:){2}\d\dZ", last["modified"])
    )
    assert rest("GET", space, headers={"Accept": "*/*"}).headers["content-type"] == "application/xml"
    assert rest("GET", space, who="stranger", headers=wanted).status_code == 403
    # Those who may read it also learn what it takes, with credentials.
    summary = rest("GET", space, who="reader", headers=wanted, params={"summary": "true"})
    assert summary.json() == {"space": space, "objects": 3, "bytes": 15, "more": False}
    of_folder = rest("GET", space, headers=wanted, params={"summary": "true", "prefix": "c/", "maxResults": 1})
    assert (of_folder.json()["objects"], of_folder.json()["bytes"]) == (2, 10)
    assert rest("GET", space, who="stranger", headers=wanted, params={"summary": "true"}).status_code == 403
    public = rest.space(group_public="READ")
    assert rest("GET", public, who=None, headers=wanted).status_code == 200
    assert rest("GET", public, who=None, headers=wanted, params={"summary": "true"}).status_code == 401


def test_a_list_says_what_becomes_of_a_content_and_of_its_index(served, samples):
    space = served.space()

    def entries() -> dict[str, dict]:
        return {one["id"]: one for one in served("GET", space, headers={"Accept": "application/json"}).json()["contents"]}

    def settled() -> dict[str, dict]:
        deadline = time.monotonic() + 10
        while True:
            found = entries()
            if all(one["index"]["status"] in ("ready", "refused") for one in found.values()):
                return found
            assert time.monotonic() < deadline, found
            time.sleep(0.02)

    film, fields = (samples / "counter.mp4").read_bytes(), {"Content-Type": "video/mp4", "x-dura-meta-title": "Zähler"}
    assert served("PUT", f"{space}/a.mp4", data=film, headers={name: value.encode() for name, value in fields.items()}).status_code == 201
    assert served("PUT", f"{space}/b.txt", data=b"hello", headers={"Content-Type": "text/plain"}).status_code == 201
    # Both are in the list at once, whether or not they are indexed yet.
    assert set(entries()) == {"a.mp4", "b.txt"}
    found = settled()
    of_film = found["a.mp4"]
    assert (of_film["index"], of_film["duration"], of_film["type"]) == (
        {"status": "ready", "container": "mp4"},
        pytest.approx(40, abs=0.1),
        "video/mp4",
    )
    assert (of_film["title"], of_film["size"], of_film["md5"]) == ("Zähler", len(film), md5(film))
    of_text = found["b.txt"]
    assert (of_text["index"]["status"], of_text["type"]) == ("refused", "text/plain") and of_text["index"]["reason"]
    assert not {"title", "duration"} & of_text.keys()

    # A property changes, and the index stays.
    assert served("POST", f"{space}/a.mp4", headers={"x-dura-meta-title": "Another"}).status_code == 200
    changed = entries()["a.mp4"]
    same = {name: value for name, value in of_film.items() if name not in ("title", "modified")}
    assert changed.pop("title") == "Another" and changed.pop("modified") >= of_film["modified"] and changed == same
    # A copy, another version, and a deletion.
    assert served("PUT", f"{space}/c.mp4", headers={"x-dura-meta-copy-source": f"{space}/a.mp4"}).status_code == 201
    assert entries()["c.mp4"]["title"] == "Another"
    assert served("PUT", f"{space}/a.mp4", data=b"no film any more").status_code == 201
    assert (entries()["a.mp4"]["size"], "title" in entries()["a.mp4"]) == (16, False)
    found = settled()
    assert [found[name]["index"]["status"] for name in ("a.mp4", "b.txt", "c.mp4")] == ["refused", "refused", "ready"]
    assert served("DELETE", f"{space}/c.mp4").status_code == 200
    assert set(entries()) == {"a.mp4", "b.txt"}
