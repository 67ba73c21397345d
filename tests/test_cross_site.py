"""The browser as an attacker's tool: stored pages, and pages of other sites, cannot act for a user. First the answers
to any client, on one machine and by the functions as Lambda runs them; then Chromium itself, signed in as an admin."""

import base64
import contextlib
import http.server
import json
import shutil
import threading
import time
import urllib.parse

import pytest
import requests
from selenium import webdriver
from selenium.webdriver.support.wait import WebDriverWait

import server as servers
from answers import is_problem
from browser import FLAGS
from gateway import DOMAIN
from rest import Rest, plain

ADMIN = "alice", "an admin's own secret"
EVIL = "evil.example"

SCRIPTED = [
    "text/html",
    "text/html; charset=utf-8",
    "image/svg+xml",
    "application/xhtml+xml",
    "application/xml",
    "text/xml",
    "video/x+xml",
    "text/plain",
    "text/plain, text/html",
    "video/mp4, text/html",
    "multipart/x-mixed-replace; boundary=b",
    "message/rfc822",
    "html",
]


# The answers to any client.


def own_origin(rest: Rest) -> str:
    return rest.url if rest.kind == "serve" else f"https://{DOMAIN}"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "own"}, 403),
        ({"Origin": f"https://{EVIL}"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": f"https://{EVIL}"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "own"}, 200),
        ({"Origin": "own"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({}, 200),
    ],
    ids=str,
)
def test_what_changes_state_is_refused_to_pages_of_other_sites(rest, fields, status):
    space = rest.space(reader="READ")
    rest("PUT", f"{space}/kept", data=b"kept")
    fields = {name: own_origin(rest) if value == "own" else value for name, value in fields.items()}
    acl = {"x-dura-meta-acl-group-public": "READ"}
    requests_ = [
        ("POST", f"acl/{space}", {"headers": fields | acl}),
        ("PUT", f"{space}/new", {"headers": fields, "data": b"new"}),
        ("POST", f"{space}/kept", {"headers": fields | {"x-dura-meta-color": "green"}}),
        ("POST", "task/get-upload-url", {"headers": fields, "json": {"spaceId": space, "contentId": "a", "size": 1}}),
        ("POST", "task/enable-streaming", {"headers": fields, "json": {"spaceId": space, "secure": "maybe"}}),
        ("POST", "task/get-url", {"headers": fields, "json": {}}),
        ("DELETE", f"{space}/kept", {"headers": fields}),
        ("PUT", space, {"headers": fields}),
        ("DELETE", space, {"headers": fields}),
    ]
    for method, path, more in requests_:
        answer = rest(method, path, **more)
        if status == 403:
            assert "only this server's own pages may change anything" in is_problem(answer, 403)["detail"], (method, path)
        else:
            # These two are allowed, and then report what is wrong with their bodies.
            expected = (400,) if path in ("task/enable-streaming", "task/get-url") else (200, 201)
            assert answer.status_code in expected, (method, path, answer.text)
    if status == 403:
        # Nothing has changed, and reading still works.
        assert rest("HEAD", f"acl/{space}").headers["x-dura-meta-acl-reader"] == "READ"
        assert rest("GET", f"{space}/kept", headers=fields).content == b"kept"
        assert rest.items(space, headers=fields) == ["kept"]


def test_a_browser_sends_tasks_as_json_and_a_program_as_it_likes(rest):
    space = rest.space()
    task = json.dumps({"spaceId": space, "contentId": "a", "size": 1})
    browser = {"Sec-Fetch-Site": "same-origin", "Origin": own_origin(rest)}
    for media_type, json_ in [
        ("application/json", True),
        ("application/json; charset=utf-8", True),
        ("application/x-www-form-urlencoded", False),
        ("multipart/form-data; boundary=b", False),
        ("text/plain;charset=UTF-8", False),
        ("text/xml; charset=UTF-8", False),
        (None, False),
    ]:
        fields = {"Content-Type": media_type} if media_type else {}
        # DuraCloud's clients send text/xml, and curl sends a form.
        assert rest("POST", "task/get-upload-url", data=task, headers=fields).status_code == 200, media_type
        answer = rest("POST", "task/get-upload-url", data=task, headers=fields | browser)
        if json_:
            assert answer.status_code == 200, media_type
        else:
            assert "application/json" in is_problem(answer, 415)["detail"], media_type


def test_an_access_list_is_emptied_only_on_request(rest):
    space = rest.space(reader="READ", writer="WRITE")
    for fields in (
        {},
        {"x-dura-meta-color": "green"},
        {"x-dura-meta-acl": "READ"},
        {"x-dura-meta-acl": "NONE", "x-dura-meta-acl-reader": "READ"},
    ):
        assert "x-dura-meta-acl: NONE" in plain(rest("POST", f"acl/{space}", headers=fields), 400)
        assert rest("HEAD", f"acl/{space}").headers["x-dura-meta-acl-writer"] == "WRITE"
    assert rest("POST", f"acl/{space}", headers={"x-dura-meta-acl": "NONE"}).status_code == 200
    assert not [name for name in rest("HEAD", f"acl/{space}").headers if name.lower().startswith("x-dura-meta-acl")]


def test_what_is_stored_is_sandboxed_unless_it_is_media(rest):
    space = rest.space(group_public="READ")
    for number, media_type in enumerate(SCRIPTED):
        put = rest("PUT", f"{space}/sent", data=b"<script>", headers={"Content-Type": media_type})
        is_one = "," not in media_type and "/" in media_type
        if is_one:
            assert put.status_code == 201, media_type
        else:
            assert "media type" in plain(put, 400)
            noted = rest("PUT", f"{space}/sent", data=b"", headers={"x-dura-meta-content-mimetype": media_type})
            assert "media type" in plain(noted, 400)
        # The S3 API accepts any text.
        rest.s3.put_object(Bucket=rest.bucket, Key=f"{space}/{number}", Body=b"<script>", ContentType=media_type)
        for method in ("GET", "HEAD"):
            fields = rest(method, f"{space}/{number}").headers
            assert fields["content-security-policy"].startswith("sandbox; default-src 'none'"), media_type
            assert "frame-ancestors 'none'" in fields["content-security-policy"]
            assert (fields["x-content-type-options"], fields["cross-origin-resource-policy"]) == ("nosniff", "same-origin")
            assert fields["content-type"] == (media_type if is_one else "application/octet-stream")


def test_media_may_be_embedded_by_any_site_and_the_rest_api_by_none(server):
    s3 = server.s3()
    s3.put_object(Bucket="media", Key="demo/cross-site.png", Body=b"\x89PNG", ContentType="image/png")
    s3.put_object(Bucket="media", Key="demo/cross-site.html", Body=b"<script>", ContentType="text/html")
    for path in ("counter.mp4", "counter.mp4?t=1,2", "cross-site.png", "cross-site.html"):
        for at in ("media", "stream"):
            answer = wait_for(f"{server.url}/{at}/demo/{path}")
            policy = answer.headers.get("content-security-policy", "")
            assert policy.startswith("sandbox") == path.endswith("html"), (at, path)
            assert "frame-ancestors" not in policy
            assert (answer.headers["x-content-type-options"], answer.headers["cross-origin-resource-policy"]) == ("nosniff", "cross-origin")
            # A cache takes these from a 304 too.
            known = requests.get(answer.url, headers={"If-None-Match": answer.headers["etag"]}, timeout=30)
            assert (known.status_code, known.headers["x-content-type-options"]) == (304, "nosniff")
            if path.endswith("html"):
                assert known.headers["content-security-policy"].startswith("sandbox")
    for path in (
        "durastore/demo",
        "durastore/spaces",
        "durastore/demo/counter.mp4",
        "durastore/nosuch",
        "validate",
        "validate?uri=a",
        "nothing",
    ):
        answer = requests.get(f"{server.url}/{path}", headers={"Accept": "text/html"}, timeout=30)
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], path
        told = (answer.headers["x-content-type-options"], answer.headers["cross-origin-resource-policy"])
        assert told == ("nosniff", "same-origin"), path


@pytest.mark.parametrize(
    ("task", "wrong", "what"),
    [
        ("get-upload-url", {"contentType": "text/plain\n"}, "'\\n' at byte 10"),
        ("get-upload-url", {"contentType": "text/\0"}, "'\\0' at byte 5"),
        ("get-upload-url", {"contentType": "text/plain, text/html"}, "',' at byte 10"),
        ("get-upload-url", {"properties": {"col\r\nor": "green"}}, "'\\r' at byte 3"),
        ("get-upload-url", {"properties": {"color": "gr\0en"}}, "'\\0' at byte 2"),
        ("get-upload-url", {"properties": {"": "green"}}, "no name"),
        ("complete-upload", {"uploadId": "a\n", "parts": [{"partNumber": 1, "etag": "a\0"}]}, "'\\0' at byte 1"),
        ("complete-upload", {"uploadId": "a", "parts": [{"partNumber": 0, "etag": "a"}]}, "partNumber 0"),
    ],
    ids=str,
)
def test_a_character_that_no_field_can_have_is_told_with_its_place(rest, task, wrong, what):
    body = {"spaceId": rest.space(), "contentId": "a"} | ({"size": 1} if task == "get-upload-url" else {}) | wrong
    assert what in plain(rest("POST", f"task/{task}", json=body), 400)


def test_no_get_changes_anything(rest):
    space = rest.space(reader="READ")
    rest("PUT", f"{space}/a", data=b"x", headers={"x-dura-meta-color": "green"})

    def state() -> list:
        answers = [rest("HEAD", path) for path in (space, f"{space}/a", f"acl/{space}")]
        fields = [sorted((name.lower(), value) for name, value in answer.headers.items() if name.lower() != "date") for answer in answers]
        return [*fields, rest.items(space), rest.items("task"), rest("GET", "spaces").text.count(space)]

    before = state()
    query = {"method": "DELETE", "_method": "PUT", "spaceId": space, "contentId": "a", "secure": "false", "acl": "NONE"}
    fields = {
        "X-HTTP-Method-Override": "DELETE",
        "x-dura-meta-acl": "NONE",
        "x-dura-meta-color": "blue",
        "x-dura-meta-copy-source": f"{space}/a",
    }
    for path in (space, f"{space}/a", f"{space}/b", f"acl/{space}", "task/enable-streaming", "task/get-upload-url", "stores", "spaces"):
        for method in ("GET", "HEAD", "OPTIONS"):
            rest(method, path, params=query, headers=fields)
    assert state() == before


def wait_for(url: str, **more) -> requests.Response:
    """The answer, once the upload is indexed."""
    end = time.monotonic() + 20
    while (answer := requests.get(url, timeout=30, **more)).status_code == 503:
        assert time.monotonic() < end, answer.text
        time.sleep(0.05)
    assert answer.status_code == 200, answer.text
    return answer


# Chromium.


class Site(http.server.BaseHTTPRequestHandler):
    """Another site, whose pages are empty."""

    def do_GET(self):
        body = b"<!doctype html><meta charset=utf-8><title>evil</title><body>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def running(binary, tmp_path_factory):
    server = servers.Server(binary, tmp_path_factory.mktemp("cross-site") / "data", admin=":".join(ADMIN)).start()
    yield server
    assert server.stop() == 0, "\n".join(server.output)


@pytest.fixture(scope="module")
def elsewhere():
    """The port of another site, to which all names but the server's resolve."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield serving.server_port
        serving.shutdown()


@pytest.fixture(scope="module")
def signed_in(running):
    """A browser in which the admin has signed in: from now on it sends the credentials by itself."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in [*FLAGS, f"--host-resolver-rules=MAP {EVIL} 127.0.0.1"]:
        options.add_argument(flag)
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    driver.set_script_timeout(30)
    host = running.url.removeprefix("http://")
    driver.get(f"http://{ADMIN[0]}:{urllib.parse.quote(ADMIN[1])}@{host}/durastore/spaces")
    assert "<spaces" in driver.page_source or "space" in driver.page_source
    yield driver
    driver.quit()


def api(running, method: str, path: str, **more) -> requests.Response:
    return requests.request(method, f"{running.url}/durastore/{path}", auth=ADMIN, timeout=60, **more)


FETCH = """
const [url, options, done] = arguments;
const told = async answer => done([answer.status, await answer.text(), answer.headers.get("etag")]);
fetch(url, options).then(told, error => done([0, String(error), null]));
"""


def fetch(driver, url: str, **options) -> list:
    """What a script of the page that is shown gets of a URL: status, text and `ETag`; status 0 if it gets nothing."""
    return driver.execute_async_script(FETCH, url, options)


def test_an_honest_page_of_the_server_still_works(running, signed_in):
    """Without this, the tests below would pass in a browser that has lost its credentials."""
    signed_in.get(f"{running.url}/validate")
    json_ = {"Content-Type": "application/json"}
    assert fetch(signed_in, "/durastore/honest", method="PUT")[0] == 201
    assert fetch(signed_in, "/durastore/acl/honest", method="POST", headers={"x-dura-meta-acl-bob": "READ"})[0] == 200
    body = json.dumps({"spaceId": "honest", "secure": True})
    assert fetch(signed_in, "/durastore/task/enable-streaming", method="POST", headers=json_, body=body)[0] == 200
    assert fetch(signed_in, "/durastore/task/enable-streaming", method="POST", body=body)[0] == 415
    # An upload by a presigned URL goes to the S3 port, which is another origin.
    task = json.dumps(
        {"spaceId": "honest", "contentId": "a b.txt", "contentType": "text/plain", "size": 5, "properties": {"color": "green"}}
    )
    status, text, _ = fetch(signed_in, "/durastore/task/get-upload-url", method="POST", headers=json_, body=task)
    assert status == 200, text
    upload = json.loads(text)
    # The policy of this page allows requests only to its own origin; that of a page with uploads names the S3 port too.
    signed_in.execute_cdp_cmd("Page.setBypassCSP", {"enabled": True})
    signed_in.get(f"{running.url}/validate")
    status, _, etag = fetch(signed_in, upload["url"], method=upload["method"], headers=upload["headers"], body="hello")
    assert (status, etag) == (200, '"5d41402abc4b2a76b9719d911017c592"')
    signed_in.execute_cdp_cmd("Page.setBypassCSP", {"enabled": False})
    stored = api(running, "GET", "honest/a%20b.txt")
    assert (stored.content, stored.headers["x-dura-meta-color"]) == (b"hello", "green")


def payload(name: str) -> str:
    return f"document.title='ran'; fetch('/durastore/{name}', {{method: 'PUT', credentials: 'include'}}); fetch('/durastore/spaces')"


def document(media_type: str, name: str) -> bytes:
    script = payload(name)
    if "svg" in media_type:
        return f'<svg xmlns="http://www.w3.org/2000/svg"><script>{script}</script></svg>'.encode()
    if "xml" in media_type:
        return f'<html xmlns="http://www.w3.org/1999/xhtml"><head><script>{script}</script></head><body/></html>'.encode()
    if "mixed" in media_type:
        return f"--b\r\nContent-Type: text/html\r\n\r\n<script>{script}</script>\r\n--b--\r\n".encode()
    return f"<!doctype html><meta charset=utf-8><script>{script}</script>".encode()


def test_a_stored_page_runs_nothing_on_the_server_s_origin(running, signed_in):
    assert api(running, "PUT", "pages").status_code == 201
    assert api(running, "POST", "task/enable-streaming", json={"spaceId": "pages", "secure": False}).status_code == 200
    s3 = running.s3()
    ran = []
    for number, media_type in enumerate(SCRIPTED):
        s3.put_object(Bucket="media", Key=f"pages/{number}", Body=document(media_type, f"pwned-{number}"), ContentType=media_type)
        for at in ("durastore", "media", "stream"):
            wait_for(f"{running.url}/{at}/pages/{number}", auth=ADMIN)
            with contextlib.suppress(Exception):  # What is a download shows no page.
                signed_in.get(f"{running.url}/{at}/pages/{number}")
            if signed_in.title == "ran":
                ran.append((at, media_type))
    # A style sheet that turns XML into a page.
    s3.put_object(Bucket="media", Key="pages/style", ContentType="text/xsl", Body=(
        '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/"><html xmlns="http://www.w3.org/1999/xhtml">'
        f'<head><script>{payload("pwned-style")}</script></head></html></xsl:template></xsl:stylesheet>').encode())  # fmt: skip
    s3.put_object(Bucket="media", Key="pages/styled", ContentType="text/xml", Body=b'<?xml-stylesheet type="text/xsl" href="style"?><a/>')
    for at in ("durastore", "media", "stream"):
        wait_for(f"{running.url}/{at}/pages/style", auth=ADMIN)
        wait_for(f"{running.url}/{at}/pages/styled", auth=ADMIN)
        signed_in.get(f"{running.url}/{at}/pages/styled")
        if signed_in.title == "ran":
            ran.append((at, "XSLT"))
    # In a frame of the server's own page, as a console might show it, it runs nothing either.
    signed_in.get(f"{running.url}/validate")
    assert fetch(signed_in, "/durastore/spaces")[0] == 200
    assert not ran
    assert "pwned" not in api(running, "GET", "spaces").text


FORM = """
const [action, enctype, name, value] = arguments, form = document.createElement("form");
Object.assign(form, {action, enctype, method: "POST"});
if (name !== null) form.append(Object.assign(document.createElement("input"), {name, value}));
document.body.append(form);
form.submit();
"""


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_of_another_site_changes_nothing(running, signed_in, elsewhere, site):
    victim, rest = f"victim-{site}", f"{running.url}/durastore"
    assert api(running, "PUT", victim).status_code == 201
    assert api(running, "PUT", f"{victim}/kept", data=b"kept").status_code == 201
    assert api(running, "POST", f"acl/{victim}", headers={"x-dura-meta-acl-bob": "READ"}).status_code == 200
    page = f"http://{EVIL if site == 'cross-site' else '127.0.0.1'}:{elsewhere}/"

    # The body of a form of text/plain is NAME=VALUE, which can be JSON.
    forms = [
        (f"{rest}/task/enable-streaming", "text/plain", f'{{"spaceId": "{victim}", "x": "', '"}'),
        (f"{rest}/acl/{victim}", "application/x-www-form-urlencoded", None, None),
        (f"{rest}/{victim}/kept", "application/x-www-form-urlencoded", None, None),
    ]
    for action, enctype, name, value in forms:
        signed_in.get(page)
        signed_in.execute_script(FORM, action, enctype, name, value)
        WebDriverWait(signed_in, 10).until(lambda driver, action=action: driver.current_url == action)
        # The browser has sent the credentials: it is for another reason that it is refused.
        assert "of another site" in signed_in.page_source, signed_in.page_source

    signed_in.get(page)
    body = json.dumps({"spaceId": victim})
    basic = "Basic " + base64.b64encode(":".join(ADMIN).encode()).decode()
    for method, path, more in [
        ("POST", "task/enable-streaming", {"mode": "no-cors", "body": body}),
        ("POST", "task/enable-streaming", {"body": body}),
        ("POST", f"acl/{victim}", {"mode": "no-cors"}),
        ("PUT", f"{victim}/new", {"body": "new"}),
        ("DELETE", f"{victim}/kept", {}),
        ("PUT", "made-elsewhere", {}),
        # Not even with the password: a browser asks first whether it may send it.
        ("DELETE", f"{victim}/kept", {"headers": {"Authorization": basic}}),
    ]:
        assert fetch(signed_in, f"{rest}/{path}", method=method, credentials="include", **more)[0] == 0, (method, path)
    # Nor does another site read anything.
    assert fetch(signed_in, f"{rest}/spaces", credentials="include")[0] == 0

    space = api(running, "HEAD", victim).headers
    assert "x-dura-meta-streaming-status" not in space and space["x-dura-meta-space-count"] == "1"
    assert api(running, "HEAD", f"acl/{victim}").headers["x-dura-meta-acl-bob"] == "READ"
    assert api(running, "GET", f"{victim}/kept").content == b"kept"
    assert "made-elsewhere" not in api(running, "GET", "spaces").text


def test_another_site_embeds_media_and_nothing_of_the_rest_api(running, signed_in, elsewhere, samples):
    assert api(running, "PUT", "shown").status_code == 201
    tone = (samples / "tone.m4a").read_bytes()
    assert api(running, "PUT", "shown/tone.m4a", data=tone, headers={"Content-Type": "audio/mp4"}).status_code == 201
    assert api(running, "POST", "task/enable-streaming", json={"spaceId": "shown", "secure": False}).status_code == 200
    # Even what everybody may read.
    assert api(running, "POST", "acl/shown", headers={"x-dura-meta-acl-group-public": "READ"}).status_code == 200
    loaded = """const [url, done] = arguments, audio = new Audio(url);
                audio.onloadedmetadata = () => done(true); audio.onerror = () => done(false); audio.load();"""
    for path, may in (("media", True), ("stream", True), ("durastore", False)):
        url = f"{running.url}/{path}/shown/tone.m4a"
        wait_for(url, auth=ADMIN)
        signed_in.get(f"http://{EVIL}:{elsewhere}/")
        assert signed_in.execute_async_script(loaded, url) is may, path
