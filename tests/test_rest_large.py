"""The REST API: many and large contents, concurrent and interrupted requests, and uploads past the gateway."""

import base64
import concurrent.futures
import contextlib
import hashlib
import http.client
import json
import os
import socket
import time
import urllib.parse
import uuid

import pytest
import requests

from gateway import Gateway
from rest import curl, md5, password, plain


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
            # While it is replaced the client may have to try again, but never gets a mixture.
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
            fields = f"Host: {address.netloc}\r\nAuthorization: Basic {token}\r\n{announced}\r\n\r\n"
            connection.sendall(f"PUT /durastore/{space}/{name} HTTP/1.1\r\n{fields}".encode())
            part = b"x" * 65536
            # More than a part of an upload, so that one is in progress.
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
    rest.fill(space, names)
    assert rest("HEAD", space).headers["x-dura-meta-space-count"] == "1000+"
    found, marker = [], None
    while page := rest.items(space, params={"marker": marker} if marker else {}):
        assert len(page) == 1000
        found += page
        marker = page[-1]
    assert len(found) == 10_000 and found == sorted(names, key=str.encode)
    assert len(rest.items(space, params={"maxResults": "5000"})) == 1000
    # And all of them are deleted.
    assert rest("DELETE", space).status_code == 200
    end = time.monotonic() + 60
    while rest.objects(space) and time.monotonic() < end:
        time.sleep(0.2)
    assert rest.objects(space) == set()


def test_a_large_file_is_stored_by_curl_either_way(rest, tmp_path):
    """Through the server on one machine; and past the gateway, to the URL that the server gives for a size without a body."""
    space, body = rest.space(group_public="READ"), os.urandom(12_000_000)
    file = tmp_path / "large.bin"
    file.write_bytes(body)
    digest = base64.b64encode(hashlib.md5(body).digest()).decode()
    user = ("-u", f"founder:{password('founder')}")
    for name, fields in [
        ("plain", []),
        ("noted", ["-H", "x-dura-meta-color: green", "-H", "x-dura-meta-title: grün 100%", "-H", "Content-Type: text/css"]),
        ("checked", ["-H", f"Content-MD5: {digest}"]),
    ]:
        url = f"{rest.url}/durastore/{space}/{name}%20file"
        status = curl("-T", str(file), *user, *fields, "-o", "/dev/null", "-w", "%{http_code}", url)
        if rest.kind == "lambda":
            assert status == "413"
            sized = ("-H", f"x-dura-meta-content-size: {len(body)}", "-X", "PUT", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}")
            status, there = curl(*user, *fields, *sized, url).split()
            assert status == "307" and rest("HEAD", f"{space}/{name}%20file").status_code == 404
            status = curl("-T", str(file), *fields, "-o", "/dev/null", "-w", "%{http_code}", there)
        assert status in ("200", "201")
        head = rest("HEAD", f"{space}/{name}%20file")
        assert (head.headers["content-md5"], int(head.headers["x-dura-meta-content-size"])) == (md5(body), len(body))
        if name == "noted":
            assert head.headers["content-type"] == "text/css"
            assert head.headers["x-dura-meta-color"] == "green"
            assert head.headers["x-dura-meta-title"].encode("latin-1").decode() == "grün 100%"
        # And read back, also by a redirect.
        got = tmp_path / "got"
        curl("-L", "-o", str(got), url)
        assert got.read_bytes() == body
        assert rest("GET", f"{space}/{name}%20file", headers={"Range": "bytes=100-199"}).content == body[100:200]


def test_what_api_gateway_accepts_and_lambda_does_not_is_refused_before_any_function(invoked):
    """Between the two limits nothing reaches the function, whatever the client expects."""
    space = invoked.space()
    for size, status in [(4_400_000, 201), (5_000_000, 413), (9_999_999, 413), (10_000_001, 413)]:
        answer = invoked("PUT", f"{space}/{size}", data=bytes(size), headers={"Expect": "100-continue"})
        assert answer.status_code == status
    assert invoked.objects(space) == {"4400000"}
    # A size that the gateway carries needs no detour, and a body is what it is, whatever size is claimed.
    for body, claimed in ((b"", "4000000"), (b"hello", "12000000"), (b"", "many"), (b"", "0")):
        assert invoked("PUT", f"{space}/small", data=body, headers={"x-dura-meta-content-size": claimed}).status_code == 201
        assert invoked("GET", f"{space}/small").content == body


def test_what_s3_would_not_understand_is_not_sent_to_it(invoked):
    space = invoked.space()
    for field, value in [("Content-MD5", md5(b"")), ("x-dura-meta-content-mimetype", "text/css")]:
        event = Gateway.event("PUT", f"/durastore/{space}/a", [("content-length", "12000000"), (field, value)], None)
        event["requestContext"]["authorizer"] = {"lambda": {"user": "founder", "role": "owner", "groups": ""}}
        answer = invoked.gateway.invoke("SpacesApi", event)
        assert (answer.status, b"get-upload-url" in answer.body) == (413, True)


def upload_url(rest, **task) -> dict:
    answer = rest("POST", "task/get-upload-url", json=task)
    return json.loads(plain(answer, 200))


def test_an_upload_url_takes_one_put(rest):
    space, body = rest.space(), b"hello"
    task = {
        "spaceId": space,
        "contentId": "a b/ä.mp4",
        "contentType": "video/mp4",
        "size": "5",
        "md5": md5(body),
        "properties": {"color": "grün"},
    }
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
    size = (5 << 30) + 12
    task = {"spaceId": space, "contentId": "large", "contentType": "video/mp4", "size": size, "md5": digest}
    upload = upload_url(rest, **task)
    assert sum(part["size"] for part in upload["parts"]) == size
    assert [part["partNumber"] for part in upload["parts"]] == list(range(1, len(upload["parts"]) + 1))
    # The first and the last are enough: completing uses the named parts. Each URL accepts only a body of its part's
    # size.
    bodies = [os.urandom(64 << 20), b"and the rest"]
    parts = []
    for part, body in zip((upload["parts"][0], upload["parts"][-1]), bodies, strict=True):
        put = requests.put(part["url"], data=body, timeout=60)
        parts.append({"partNumber": part["partNumber"], "etag": put.headers["etag"]})
    completion = {"spaceId": space, "contentId": "large", "uploadId": upload["uploadId"], "parts": parts}
    assert rest("POST", "task/complete-upload", "stranger", json=completion).status_code == 403
    if rest.kind == "serve":  # moto fails at it.
        assert plain(rest("POST", "task/complete-upload", json=completion | {"uploadId": "none"}), 400)
    assert rest.objects(space) == set()
    assert "large" in plain(rest("POST", "task/complete-upload", json=completion), 200)
    stored = rest("GET", f"{space}/large", headers={"Range": "bytes=67108864-"})
    assert stored.content == b"and the rest"
    assert (stored.headers["content-type"], stored.headers["content-md5"]) == ("video/mp4", digest)
    # Everything except the ETag survives copies and new properties.
    assert rest("PUT", f"{space}/copy", headers={"x-dura-meta-copy-source": f"{space}/large"}).status_code == 201
    assert rest("POST", f"{space}/copy", headers={"x-dura-meta-color": "green"}).status_code == 200
    copy = rest("HEAD", f"{space}/copy")
    assert (copy.headers["content-md5"], copy.headers["x-dura-meta-color"]) == (digest, "green")


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


def test_an_interrupted_upload_goes_on_from_its_stored_parts(rest):
    space, each = rest.space(reader="READ"), 5 << 20
    body = os.urandom(2 * each + 7)
    task = {"spaceId": space, "contentId": "resumed", "size": len(body), "partSize": each, "md5": md5(body)}
    assert plain(rest("POST", "task/get-upload-url", json=task | {"partSize": each - 1}), 400)
    upload = upload_url(rest, **task)
    known = {"spaceId": space, "contentId": "resumed", "uploadId": upload["uploadId"]}
    sizes = {"size": len(body), "partSize": each}
    assert [part["size"] for part in upload["parts"]] == [each, each, 7]
    if rest.kind == "serve":  # moto takes anything.
        wrong = {"Content-MD5": base64.b64encode(hashlib.md5(b"other").digest()).decode()}
        assert requests.put(upload["parts"][1]["url"], data=body[each : 2 * each], headers=wrong, timeout=60).status_code == 400
    assert requests.put(upload["parts"][1]["url"], data=body[each : 2 * each], timeout=60).status_code == 200

    for who, status in (("reader", 403), ("stranger", 403), (None, 401)):
        for name, more in (("get-upload-parts", sizes), ("abort-upload", {})):
            assert rest("POST", f"task/{name}", who, json=known | more).status_code == status, (name, who)
    parts = json.loads(plain(rest("POST", "task/get-upload-parts", json=known | sizes), 200))["parts"]
    assert [part.get("etag") for part in parts] == [None, f'"{md5(body[each : 2 * each])}"', None]
    for part, sent in zip(parts, (body[:each], None, body[2 * each :]), strict=True):
        if sent is not None:
            part["etag"] = requests.put(part["url"], data=sent, timeout=60).headers["etag"]
    completion = known | {"parts": [{name: part[name] for name in ("partNumber", "etag")} for part in parts]}
    assert plain(rest("POST", "task/complete-upload", json=completion), 200)
    assert rest.s3.get_object(Bucket=rest.bucket, Key=f"{space}/resumed")["Body"].read() == body
    assert rest("HEAD", f"{space}/resumed").headers["content-md5"] == md5(body)

    aborted = known | {"uploadId": upload_url(rest, **task)["uploadId"]}
    for _ in range(2):
        assert plain(rest("POST", "task/abort-upload", json=aborted), 200)
    for gone in (aborted["uploadId"], upload["uploadId"], ""):
        assert plain(rest("POST", "task/get-upload-parts", json=known | sizes | {"uploadId": gone}), 404), gone
    assert plain(rest("POST", "task/get-upload-parts", json=known | {"uploadId": "u", "size": 1}), 400)
