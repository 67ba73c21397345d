"""Access to streamed spaces: through the HTTP API as Lambda runs it, and on one machine through `/media/` and through
the streaming host. OpenSSL makes the signatures, unless a test says that the service made them."""

import http.client
import json
import os
import re
import time
import urllib.parse
from collections.abc import Iterable

import pytest
import requests

import attacks
import media
import server as servers
from attacks import EXCERPT, Request
from browser import LOAD, PLAY, shown
from hosts import Host
from signatures import cookies, query
from streaming import ADMIN, NAME, OTHER, Streaming

# All tables of mutations over HTTP together; the verifier's own tests have more.
MUTATIONS = int(os.environ.get("REELSPAN_MUTATIONS", "2000"))


@pytest.fixture(params=["through_lambda", "through_media", "through_stream"])
def host(request) -> Host:
    return request.getfixturevalue(request.param)


def test_a_valid_signature_is_let_in(host, samples):
    whole, cuts = (samples / NAME).read_bytes(), set()
    for request in host.allowed():
        status, headers, body = host.send(request)
        assert status == 200, (request, body)
        if request.method == "HEAD":
            # An HTTP API may say the length of the body that it got.
            assert headers["content-length"] in ("0", str(len(whole))) and not body
        elif EXCERPT in request.query:
            cuts.add(body)
        else:
            assert body == whole, request
    # However it was signed, it is the same cut.
    assert len(cuts) == 1 and len(cuts.pop()) < len(whole) / 2


def test_every_attack_is_refused_and_none_is_an_error_of_ours(host):
    let_in, wrong = [], []
    table = host.refused()
    for request in table:
        status, headers, body = host.send(request)
        # The HTTP API has routes for no other method, and API Gateway has no other routes.
        expected = (404, 405) if request.method == "DELETE" and "/media/" in host.url else (403,)
        if status < 400:
            let_in.append(request.about)
        elif status not in expected:
            wrong.append((request.about, status, body[:200]))
        elif status == 403:
            assert headers["content-type"] == "application/problem+json" and headers["cache-control"] == "no-store", request
            assert json.loads(body)["status"] == 403
            for secret in (host.signer.key_id, "Signature=", "127.0.0.1", "203.0.113.24"):
                assert secret not in json.loads(body)["detail"], request
    assert not let_in and not wrong
    assert len(table) > 150


@pytest.mark.parametrize("kind", ["canned", "custom", "excerpt"])
def test_no_mutation_of_a_valid_url_gets_in(host, kind):
    url = f"{host.base}/{NAME}"
    valid = {
        "canned": lambda: query(host.signer.canned(url)),
        "custom": lambda: query(host.signer.custom(url, address=f"{host.address}/8")),
        "excerpt": lambda: query(host.signer.canned(f"{url}?{EXCERPT}"), EXCERPT),
    }[kind]()
    refuses(
        host,
        Request("valid", NAME, valid),
        (Request("a mutation", NAME, mutated) for mutated in attacks.mutations(valid, share(host), seed=7)),
    )


def test_no_mutation_of_a_valid_path_gets_in(host):
    """Names that differ from the signed one, with its signature. Names that no content can have are refused as such."""
    valid = query(host.signer.canned(f"{host.base}/{NAME}"))
    mutated = attacks.mutations(NAME, share(host), seed=11, counts=str)
    refuses(host, Request("valid", NAME, valid), (Request("a mutation", path, valid) for path in mutated), {400, 403, 404})


@pytest.mark.parametrize("kind", ["canned", "custom"])
def test_no_mutation_of_valid_cookies_gets_in(host, kind):
    url = f"{host.base}/{NAME}"
    valid = cookies(host.signer.canned(url) if kind == "canned" else host.signer.custom(f"{host.base}/*", address=f"{host.address}/8"))
    mutated = attacks.mutations(valid, share(host), seed=13, counts=attacks.counts_of_cookies)
    refuses(host, Request("valid", NAME, cookie=valid), (Request("a mutation", NAME, cookie=cookie) for cookie in mutated))


def share(host: Host) -> int:
    """How many mutations each of the six tables sends to this host. Through Lambda's emulator a request takes ten times
    as long."""
    through_lambda = host.base.startswith("https:")
    return max(1, MUTATIONS // 100 if through_lambda else MUTATIONS * 47 // 600)


def refuses(host: Host, valid: Request, mutated: Iterable[Request], expected: set[int] = frozenset({403})) -> None:
    """The host answers the valid request, and each of the others with one of the expected statuses."""
    assert host.send(valid)[0] == 200
    statuses = {}
    for request in mutated:
        status, _, _ = host.send(request)
        statuses.setdefault(status, []).append(request)
    assert statuses.keys() <= expected, {status: some[:5] for status, some in statuses.items() if status not in expected}


def test_an_open_space_answers_anybody(streaming, samples, tmp_path):
    url = streaming.task("get-url", spaceId="lectures", contentId=NAME)["streamUrl"]
    assert url == f"{streaming.running.url}/stream/lectures/{NAME}"
    whole = streaming.wait_for(url)
    assert (whole.status_code, whole.content) == (200, (samples / NAME).read_bytes())
    part = requests.get(url, headers={"Range": "bytes=100-199"}, timeout=30)
    assert (part.status_code, part.content, part.headers["Content-Range"]) == (
        206,
        whole.content[100:200],
        f"bytes 100-199/{len(whole.content)}",
    )
    cut = streaming.wait_for(f"{url}?{EXCERPT}")
    assert cut.content == requests.get(f"{streaming.media(url)}?{EXCERPT}", timeout=30).content
    (tmp_path / "cut.mp4").write_bytes(cut.content)
    assert media.duration(tmp_path / "cut.mp4") == pytest.approx(7.52, abs=0.01)
    timed = requests.get(url, headers={"Range": "t:npt=10-20"}, timeout=30)
    assert timed.status_code == 206 and timed.headers["Content-Range-Mapping"].startswith("{ t:npt 8.0-20.0")
    # A viewer cannot set our own field.
    assert requests.get(url, headers={"x-reelspan-range": "t:npt=10-20"}, timeout=30).status_code == 200
    # As at CloudFront, a parameter of S3 does not reach S3.
    assert requests.get(f"{url}?response-content-type=text/html", timeout=30).headers["Content-Type"] != "text/html"


@pytest.mark.parametrize("fields", [{"If-None-Match": None}, {"If-Modified-Since": None}])
def test_the_streaming_host_answers_what_a_viewer_has_with_304(streaming, fields):
    url = f"{streaming.running.url}/stream/lectures/{NAME}"
    first = streaming.wait_for(url)
    value = first.headers["ETag" if "If-None-Match" in fields else "Last-Modified"]
    assert requests.get(url, headers=dict.fromkeys(fields, value), timeout=30).status_code == 304


def test_the_urls_that_the_service_signs_play(streaming, tmp_path):
    whole, part = streaming.signed("films", NAME), streaming.signed("films", NAME, fragment=EXCERPT)
    for url, seconds in ((whole, 40), (part, 7.52)):
        for at in (url, streaming.media(url)):
            assert float(media.output("ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", at)) == pytest.approx(
                seconds, abs=0.1
            )
        assert requests.get(url, headers={"Range": "bytes=0-99"}, timeout=30).status_code == 206
    assert requests.get(whole.partition("?")[0], timeout=30).status_code == 403


def test_the_service_signs_for_an_address(streaming):
    for address, status in (("127.0.0.1", 200), ("127.0.0.0/8", 200), ("192.0.2.7", 403)):
        url = streaming.signed("films", NAME, ipAddress=address)
        for at in (url, streaming.media(url)):
            answer = requests.get(at, headers={"X-Forwarded-For": "192.0.2.7"}, timeout=30)
            assert answer.status_code == status, (address, answer.text[:300])


def test_behind_a_proxy_urls_are_of_the_name_that_others_know(binary, samples, tmp_path):
    public = "https://media.example.org/av"
    running = servers.Server(binary, tmp_path / "data", admin=":".join(ADMIN), public=f"{public}/").start()
    behind = Streaming(running)
    pages = "https://www.example.org"
    path = behind.space("films", samples / NAME, secure=True, allowedOrigins=[pages]).removeprefix("http://media.example.org")
    assert re.fullmatch("/av/stream/films~[0-9a-f]+", path)
    url = behind.signed("films", NAME, fragment=EXCERPT)
    assert url.startswith(f"https://media.example.org{path}/{NAME}?")
    for there in (url.replace(public, running.url), behind.media(url.replace(public, running.url))):
        assert behind.wait_for(there).status_code == 200
    cookies = behind.task("get-signed-cookies-url", spaceId="films", redirectUrl=f"{pages}/")["signedCookiesUrl"]
    set_by = requests.get(cookies.replace(public, running.url), allow_redirects=False, timeout=30)
    assert set_by.status_code == 303 and f"Path={path};" in set_by.headers["Set-Cookie"] and "Secure" in set_by.headers["Set-Cookie"]
    assert running.stop() == 0


def test_a_path_is_signed_as_it_is_written(streaming):
    """At the streaming host and on `/media/`: a path with other percent-encoding is another URL, which is not
    signed."""
    whole = streaming.signed("films", NAME)
    for url in (whole, streaming.media(whole)):
        assert requests.head(url, timeout=30).status_code == 200
        for written in (url.replace(f"/{NAME}", f"/%63{NAME[1:]}"), url.replace("/films", "/%66ilms"), url.replace(".mp4", "%2Emp4")):
            host = urllib.parse.urlsplit(url)
            connection = http.client.HTTPConnection(host.hostname, host.port, timeout=30)
            connection.request("GET", written.partition(host.netloc)[2])
            assert connection.getresponse().status == 403, written
    # Your own signer may sign it that way: the signature covers what is written.
    url = whole.partition("?")[0].replace(f"/{NAME}", f"/%63{NAME[1:]}")
    host = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(host.hostname, host.port, timeout=30)
    connection.request("HEAD", f"{host.path}?{query(streaming.signer().canned(url))}")
    assert connection.getresponse().status == 200


def test_what_was_signed_for_one_viewer_is_kept_from_shared_caches(streaming):
    for url in (streaming.signed("films", NAME), streaming.signed("films", NAME, fragment=EXCERPT)):
        for at in (url, streaming.media(url)):
            for fields in ({}, {"Range": "bytes=0-9"}):
                assert requests.get(at, headers=fields, timeout=30).headers["Cache-Control"] == "private, max-age=60", at
    refused = requests.get(f"{streaming.running.url}/stream/films/{NAME}", timeout=30)
    assert (refused.status_code, refused.headers["Cache-Control"]) == (403, "no-store")
    assert "private" not in streaming.wait_for(f"{streaming.running.url}/stream/lectures/{NAME}").headers.get("Cache-Control", "")


@pytest.mark.parametrize(
    "asked", ["bytes=0-9", "bytes=-10", "bytes=100-", "bytes=999999999-", "bytes=0-1,5-6", "t:npt=10-20", "lines=1-2", None]
)
def test_head_of_a_range_says_what_get_would(streaming, asked):
    """As S3 and CloudFront answer it (*Amazon S3 API Reference*, HeadObject: `Content-Range`)."""
    fields = {"Range": asked} if asked else {}
    for path in ("stream", "media"):
        url = f"{streaming.running.url}/{path}/lectures/{NAME}"
        streaming.wait_for(url)
        got, head = requests.get(url, headers=fields, timeout=30), requests.head(url, headers=fields, timeout=30)
        names = ("Content-Range", "Content-Length", "Content-Type", "ETag", "Accept-Ranges")
        assert (head.status_code, [head.headers.get(name) for name in names]) == (
            got.status_code,
            [got.headers.get(name) for name in names],
        ), path


def test_a_part_that_a_file_has_no_more_is_not_the_whole_of_it(streaming, samples):
    """The signature was for a track that the file has lost since."""
    streaming.rest("PUT", "films/replaced", 201, data=(samples / OTHER).read_bytes())
    streaming.wait_for(streaming.media(streaming.signed("films", "replaced")))
    signed = {fragment: streaming.signed("films", "replaced", fragment=fragment) for fragment in ("track=3", "t=1,2&track=3")}
    for url in signed.values():
        assert requests.get(url, timeout=30).status_code == 200
    before = requests.head(streaming.signed("films", "replaced"), timeout=30).headers["ETag"]
    streaming.rest("PUT", "films/replaced", 201, data=(samples / "tone.m4a").read_bytes())
    end = time.monotonic() + 10
    while (answer := requests.head(streaming.media(streaming.signed("films", "replaced")), timeout=30)).headers.get("ETag") in (
        None,
        before,
    ):
        assert time.monotonic() < end, answer.status_code
        time.sleep(0.05)
    for url in signed.values():
        for at in (url, streaming.media(url)):
            answer = requests.get(at, timeout=30)
            assert answer.status_code == 404 and "no such part" in answer.json()["detail"], at


@pytest.mark.parametrize("fragment", [None, "t=10,12"])
def test_a_signed_film_is_given_out_as_mp4_whole_or_in_part(streaming, samples, fragment):
    base = streaming.bases("films")[0]
    parameters = query(streaming.signer().custom(f"{base}/{NAME}/~/*", until=int(time.time()) + 60))
    asked = f"{fragment}&{parameters}" if fragment else parameters
    file = requests.get(f"{base}/{NAME}/~/media.mp4?{asked}")
    assert file.status_code == 200, file.text
    whole = (samples / NAME).read_bytes()
    assert file.content == whole if fragment is None else 0 < len(file.content) < len(whole)
    assert requests.get(f"{base}/{NAME}/~/media.mp4?{fragment or 't=1,2'}").status_code == 403


def test_streaming_that_is_off_is_nobodys_and_comes_back(streaming, samples):
    base = streaming.space("turns", samples / NAME, secure=False)
    url = f"{base}/{NAME}"
    assert streaming.wait_for(url).status_code == 200
    streaming.task("disable-streaming", spaceId="turns")
    for at in (url, streaming.media(url), streaming.media(f"{base}/nosuch")):
        refused = requests.get(at, timeout=30)
        assert refused.status_code == 403, at
    assert "is off" in requests.get(streaming.media(url), timeout=30).json()["detail"]
    # Users with the right to read it still can.
    assert streaming.rest("GET", f"turns/{NAME}").content == (samples / NAME).read_bytes()
    streaming.streams("turns")
    assert requests.get(url, timeout=30).status_code == 200


def test_the_validator_tells_nothing_of_what_may_not_be_had(streaming):
    def report(uri: str) -> dict:
        return requests.get(f"{streaming.running.url}/validate", params={"uri": uri}, timeout=30).json()

    url = f"{streaming.running.url}/media/films/{NAME}"
    for content in (url, f"{url}?{EXCERPT}", url.replace(NAME, "nosuch")):
        told = report(content)
        assert "media" not in told and "signed" in told["withheld"], told
    signed = report(streaming.media(streaming.signed("films", NAME, fragment=EXCERPT)))
    assert signed["media"]["bytes"] > 0 and "withheld" not in signed
    assert signed["query"]["written"] == EXCERPT


def test_the_validator_tells_the_holder_of_an_excerpt_of_that_excerpt_alone(streaming, samples):
    def report(uri: str) -> dict:
        answer = requests.get(f"{streaming.running.url}/validate", params={"uri": uri}, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    size, file = (samples / NAME).stat().st_size, report(streaming.media(streaming.signed("films", NAME)))["media"]
    assert (file["bytes"], len(file["tracks"])) == (size, 2)
    for fragment, seconds, tracks in ((EXCERPT, 7.52, 2), (f"{EXCERPT}&track=audio", 7.52, 1), ("track=audio", file["duration"], 1)):
        url = streaming.media(streaming.signed("films", NAME, fragment=fragment))
        # A fragment for the player asks for more of the file than the URL opens.
        for uri in (url, f"{url}#t=0,40&track=video"):
            told = report(uri)
            excerpt, query = told["media"], told["query"]["resolved"]
            assert excerpt["bytes"] == query["query"]["cut"]["bytes"] == len(requests.get(url, timeout=30).content)
            assert excerpt["duration"] == pytest.approx(seconds, abs=0.1) and len(excerpt["tracks"]) == tracks
            assert "range" not in query and "resolved" not in told.get("hash", {})
            assert str(size) not in json.dumps(told)
            assert seconds > 8 or "40.0" not in json.dumps(told).replace("#t=0,40", "")


def test_nothing_that_opens_something_is_logged(binary, samples, tmp_path):
    """With all logging turned on."""
    running = servers.Server(binary, tmp_path / "data", admin=":".join(ADMIN))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("RUST_LOG", "debug,hyper=info,h2=info,rustls=info")
        running.start()
    made = Streaming(running)
    made.space("films", samples / NAME, secure=True)
    url = made.wait_for(made.signed("films", NAME)).request.url
    requests.get(made.media(url), timeout=30)
    requests.get(made.media(url.replace("Expires=", "Expires=1")), timeout=30)
    part = dict(urllib.parse.parse_qsl(url.partition("?")[2]))["Signature"]
    private = made.signer()
    assert running.stop() == 0
    said = "\n".join(running.output)
    assert "media" in said and part not in said and private.key_id + "&" not in said


def cookies_url(streaming: Streaming, **more) -> str:
    return streaming.task("get-signed-cookies-url", spaceId="films", **more)["signedCookiesUrl"]


def test_signed_cookies_open_the_space_that_they_are_for(streaming):
    with requests.Session() as viewer:
        answer = viewer.get(cookies_url(streaming), timeout=30, allow_redirects=False)
        assert answer.status_code in (200, 204, 303), answer.text
        given = answer.headers["Set-Cookie"]
        for part in ("CloudFront-Policy=", "CloudFront-Signature=", "CloudFront-Key-Pair-Id=", "Secure", "HttpOnly", "SameSite=None"):
            assert part in given, given
        cookie = "; ".join(f"{found.name}={found.value}" for found in viewer.cookies)
    films, other = streaming.bases("films", "other")
    for url, status in ((f"{films}/{NAME}", 200), (f"{films}/{OTHER}?t=1,2", 200), (f"{other}/{NAME}", 403)):
        for at in (url, streaming.media(url)):
            assert requests.get(at, headers={"Cookie": cookie}, timeout=30).status_code == status


def test_what_was_signed_for_a_deleted_space_opens_no_later_one_of_its_name(streaming, samples):
    def shown(base: str, url: str, cookie: str) -> list[int]:
        """The status of the URL on either host, and with the cookies at this base."""
        there = f"{base}/{NAME}"
        by_cookies = [requests.get(at, headers={"Cookie": cookie}, timeout=30) for at in (there, streaming.media(there))]
        return [
            answer.status_code for answer in [requests.get(url, timeout=30), requests.get(streaming.media(url), timeout=30), *by_cookies]
        ]

    def pass_of(space: str) -> str:
        return streaming.task("get-signed-cookies-url", spaceId=space)["signedCookiesUrl"]

    def cookie_of(token: str) -> str:
        with requests.Session() as viewer:
            assert viewer.get(token, timeout=30).status_code == 200
            return "; ".join(f"{found.name}={found.value}" for found in viewer.cookies)

    for how in ("space", "streaming"):
        space = f"again-{how}"
        base = streaming.space(space, samples / NAME, secure=True)
        token, url = pass_of(space), streaming.signed(space, NAME)
        cookie = cookie_of(token)
        streaming.wait_for(streaming.media(url))
        assert shown(base, url, cookie) == [200] * 4
        # Turning it off and on again keeps the setup.
        streaming.task("disable-streaming", spaceId=space)
        assert streaming.streams(space, secure=True) == base
        assert shown(base, url, cookie) == [200] * 4

        if how == "space":
            streaming.rest("DELETE", space)
            later = eventually(
                lambda space=space: streaming.session.put(f"{streaming.running.url}/durastore/{space}", timeout=30).status_code == 201
            )
            assert later
            streaming.rest("PUT", f"{space}/{NAME}", 201, data=(samples / OTHER).read_bytes())
        else:
            streaming.task("delete-streaming", spaceId=space)
            eventually(lambda space=space: "x-dura-meta-streaming-type" not in streaming.rest("HEAD", space).headers)
        after = streaming.streams(space, secure=True)
        assert after != base
        anew = streaming.signed(space, NAME)
        streaming.wait_for(streaming.media(anew))
        assert shown(after, anew, cookie_of(pass_of(space))) == [200] * 4
        assert shown(after, url, cookie) == [403] * 4
        assert requests.get(token, timeout=30).status_code == 403
        # Nor does the new signature work at any other base, or the old one at the new base.
        for wrong in (base, after + "0", after.partition("~")[0], after.partition("~")[0] + "~", after.replace("~", "%7E~")):
            assert requests.get(anew.replace(after, wrong), timeout=30).status_code in (403, 404), wrong
            assert requests.get(url.replace(base, wrong), timeout=30).status_code in (403, 404), wrong


def eventually(holds) -> bool:
    """Whether something becomes true within half a minute."""
    end = time.monotonic() + 30
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


@pytest.mark.parametrize("by", ["url", "excerpt", "cookies"])
def test_chromium_plays_a_secure_video_that_is_signed(streaming, chromium, page, by):
    (base,) = streaming.bases("films")
    plain = f"{base}/{NAME}"
    chromium.get(page)
    chromium.execute_cdp_cmd("Network.clearBrowserCookies", {})
    assert chromium.execute_async_script(PLAIN, plain).startswith("error")
    chromium.get(page)
    source = {
        "url": lambda: streaming.signed("films", NAME),
        "excerpt": lambda: streaming.signed("films", NAME, fragment=EXCERPT),
        "cookies": lambda: plain,
    }[by]()
    if by == "cookies":
        # The player's page is on the host of the cookies, as an archive's site would be.
        chromium.get(cookies_url(streaming, redirectUrl=f"{streaming.running.url}/validate"))
        assert chromium.current_url == f"{streaming.running.url}/validate"
        # A document that is a video has its own player.
        chromium.get(f"{plain}?t=2,3")
        played = chromium.execute_async_script(PLAY)
        assert played.get("ended") and played["duration"] == pytest.approx(1, abs=0.05), played
        return
    assert chromium.execute_async_script(LOAD, source) == "loaded"
    assert shown(chromium) == (312 if by == "excerpt" else 0)
    if by == "excerpt":
        played = chromium.execute_async_script(PLAY)
        assert played.get("ended") and played["duration"] == pytest.approx(7.52, abs=0.05), played


PLAIN = LOAD.replace("video.src = source;", 'video.removeAttribute("crossorigin"); video.src = source;')
