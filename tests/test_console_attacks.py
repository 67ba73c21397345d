"""What an attacker stores, or does on another page of the same browser, has no effect in the console."""

import json
import subprocess
import urllib.parse

import pytest
import requests
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from console import ADMIN, Console, api, serving
from pages import inside
from waiting import becomes

ATTACKER = ("mallory", "the attacker's own secret")
HOSTILE = '<img src=x onerror="document.title=1">&amp;.mp4'
MARKUP = "<img src=x onerror=document.title='ran'><script>document.title='ran'</script>"

FETCH = """
const [url, options, done] = arguments;
fetch(url, options).then(async answer => done([answer.type, answer.status]), error => done(["error", String(error)]));
"""

FRAMED = """
const [url, done] = arguments, frame = Object.assign(document.createElement("iframe"), {src: url});
frame.onload = () => done(null);
document.body.append(frame);
"""


@pytest.fixture(scope="module")
def served(binary, tmp_path_factory):
    with serving(binary, tmp_path_factory.mktemp("attacks") / "data", ATTACKER, "owner") as running:
        yield running


@pytest.fixture(scope="module")
def console(chromium, served, root):
    return Console.in_chromium(chromium, served, root)


@pytest.fixture
def other_page(chromium, elsewhere):
    """Shows a page of another port of the same host, to which browsers send cookies as to the server itself."""
    elsewhere.files["/"] = ("text/html", b"<!doctype html><title>evil</title><body>")

    def show() -> None:
        chromium.get(f"{elsewhere.url}/")

    return show


def session_of(served, who: tuple[str, str]) -> str:
    body = {"name": who[0], "password": who[1]}
    return requests.post(f"{served.url}/session", json=body, timeout=30).cookies["reelspan-session"]


def signed_in_as(console: Console) -> str:
    cookie = console.driver.get_cookie("reelspan-session")["value"]
    headers = {"Cookie": f"reelspan-session={cookie}"}
    return requests.get(f"{console.server.url}/session", headers=headers, timeout=30).json()["name"]


def test_hostile_names_are_shown_as_text(console):
    path = requests.utils.quote(HOSTILE, safe="")
    api(console.server, "PUT", "/durastore/hostile")
    fields = {"x-dura-meta-note": "<script>document.title=2</script>", "x-dura-meta-title": MARKUP}
    assert api(console.server, "PUT", f"/durastore/hostile/{path}", data=b"x", headers=fields).status_code == 201
    console.sign_in(*ADMIN)
    console.open("#/spaces/hostile")
    console.find(f"//*[@role='row']//bdi[.='{HOSTILE}']").click()
    console.text("<script>document.title=2</script>")
    assert console.driver.title.startswith(HOSTILE)
    assert not console.driver.find_elements(By.CSS_SELECTOR, "main img, main script")
    assert console.violations() == []


def test_hostile_chapters_and_captions_are_shown_as_text(console, samples, tmp_path):
    chapters = tmp_path / "chapters.txt"
    chapters.write_text(f";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=20\ntitle={MARKUP.replace('=', chr(92) + '=')}\n")
    film = tmp_path / "film.mkv"
    made = ["ffmpeg", "-v", "error", "-i", samples / "counter.mp4", "-i", chapters, "-map", "0", "-map_chapters", "1", "-c", "copy", film]
    subprocess.run(made, check=True)
    captions = f"WEBVTT\n\n00:00.000 --> 00:30.000\n{MARKUP} said\n".encode()
    api(console.server, "PUT", "/durastore/told")
    for name, body in (("film.mkv", film.read_bytes()), ("film.en.vtt", captions)):
        assert api(console.server, "PUT", f"/durastore/told/{name}", data=body).status_code == 201
    api(console.server, "POST", "/durastore/task/enable-streaming", json={"spaceId": "told", "secure": False})
    about = f"{console.server.url}/stream/told/film.mkv/~/about.json"

    def listed() -> list[int]:
        answer = requests.get(about, timeout=30)
        return [len(answer.json()[kind]) for kind in ("chapters", "captions")] if answer.status_code == 200 else []

    becomes(listed, [1, 1])
    console.sign_in(*ADMIN)
    console.open("#/spaces/told?content=film.mkv")
    assert console.plays()
    console.driver.execute_script("arguments[0].click()", inside(console.driver, "chapters-button"))
    becomes(lambda: MARKUP in inside(console.driver, "chapters").text, True)
    console.find("//details/summary").click()
    console.text("said")
    # The captions are in the picture too.
    console.driver.execute_script("""
        const {video} = document.querySelector("reelspan-player");
        for (const track of video.textTracks) track.mode = "showing";
    """)
    shown = "return Array.from(document.querySelector('reelspan-player').video.textTracks, track => track.activeCues?.length ?? 0)"
    becomes(lambda: max(console.driver.execute_script(shown), default=0) > 0, True)
    inner = "return document.querySelector('reelspan-player').shadowRoot.querySelectorAll('img, script').length"
    assert console.driver.execute_script(inner) == 0
    assert not console.driver.find_elements(By.CSS_SELECTOR, "main img, main script")
    assert console.driver.title.startswith("film.mkv")


def test_a_page_of_another_port_does_nothing_with_a_session(console, other_page):
    """To the browser it is the same site, so it sends the cookie even though that is `SameSite=Strict`."""
    console.sign_in(*ADMIN)
    api(console.server, "PUT", "/durastore/victim")
    api(console.server, "PUT", "/durastore/victim/kept.txt", data=b"kept")
    url, driver = console.server.url, console.driver
    own = driver.get_cookie("reelspan-session")["value"]
    other_page()
    as_attacker = json.dumps({"name": ATTACKER[0], "password": ATTACKER[1]})
    for method, path, body in [
        ("POST", "/durastore/acl/victim", None),
        ("POST", "/durastore/task/enable-streaming", json.dumps({"spaceId": "victim"})),
        # A visitor who acts in the attacker's session would store things there.
        ("POST", "/session", as_attacker),
    ]:
        sent = driver.execute_async_script(FETCH, url + path, {"method": method, "mode": "no-cors", "credentials": "include", "body": body})
        # It learns nothing of the answer.
        assert sent[0] in ("opaque", "error"), (path, sent)
    for method, path in [("PUT", "/durastore/victim/new.txt"), ("DELETE", "/durastore/victim/kept.txt"), ("DELETE", "/session")]:
        sent = driver.execute_async_script(FETCH, url + path, {"method": method, "credentials": "include"})
        assert sent[0] == "error", (path, sent)
    # Nor does it learn the token against CSRF.
    assert driver.execute_async_script(FETCH, f"{url}/session", {"credentials": "include"})[0] == "error"
    console.open()
    console.find("//a[normalize-space(.)='victim']")
    assert driver.get_cookie("reelspan-session")["value"] == own
    assert signed_in_as(console) == ADMIN[0]
    space = api(console.server, "HEAD", "/durastore/victim").headers
    assert space["x-dura-meta-space-count"] == "1" and "x-dura-meta-streaming-status" not in space


def test_a_session_that_another_page_has_set_is_not_taken(console, other_page):
    """Cookies do not tell ports apart: a page of another one sets the attacker's session, before a person signs in and after."""
    known = session_of(console.server, ATTACKER)
    driver = console.driver
    console.open()
    driver.delete_all_cookies()
    other_page()
    driver.execute_script(f"document.cookie = 'reelspan-session={known}; path=/'")
    console.open()
    # The session is the attacker's, and empty. Signing in begins another one.
    console.sign_in(*ADMIN)
    assert signed_in_as(console) == ADMIN[0]
    assert driver.get_cookie("reelspan-session")["value"] != known
    # One for a longer path is sent before the right one: neither counts.
    known, right = session_of(console.server, ATTACKER), driver.get_cookie("reelspan-session")["value"]
    other_page()
    driver.execute_script(f"document.cookie = 'reelspan-session={known}; path=/durastore'")
    both = {"Cookie": f"reelspan-session={known}; reelspan-session={right}", "Sec-Fetch-Mode": "cors"}
    assert requests.get(f"{console.server.url}/durastore/spaces", headers=both, timeout=30).status_code == 401
    console.open()
    console.field("User name")
    driver.execute_cdp_cmd("Network.clearBrowserCookies", {})


@pytest.mark.parametrize("path", ["/console/", "/console/#/spaces"])
def test_no_page_of_the_console_is_in_a_frame_of_another_site(console, other_page, path):
    other_page()
    console.driver.execute_async_script(FRAMED, console.server.url + path)
    frame = console.driver.find_element(By.TAG_NAME, "iframe")
    console.driver.switch_to.frame(frame)
    try:
        WebDriverWait(console.driver, 10).until(lambda driver: driver.find_elements(By.TAG_NAME, "body"))
        assert console.driver.execute_script("return location.href") == "chrome-error://chromewebdata/"
    finally:
        console.driver.switch_to.default_content()


def test_nothing_leads_to_another_site(console):
    """No redirect goes where a path or a parameter says, and no route of the console leaves it."""
    evil = "evil.example"
    paths = [f"//{evil}", f"//{evil}/console", f"/{evil}/..//{evil}", f"/\\{evil}", f"/%2F{evil}", f"/%5C{evil}", f"/console//{evil}"]
    paths += [
        f"{path}?{name}=https://{evil}/" for path in ("/", "/console", "/console/", "/session") for name in ("next", "url", "redirect")
    ]
    for path in paths:
        answer = requests.Request("GET", console.server.url).prepare()
        answer.url = console.server.url + path
        with requests.Session() as session:
            answer = session.send(answer, allow_redirects=False, timeout=30)
        assert evil not in answer.headers.get("Location", ""), path
        assert answer.status_code < 300 or answer.status_code >= 400 or answer.headers["Location"] == "/console/", path
    console.sign_in(*ADMIN)
    for route in (f"#//{evil}/", f"#https://{evil}/", "#javascript:document.title='ran'", f"#/spaces/..%2F..%2F{evil}", f"#/{evil}"):
        console.open(route)
        console.find("//h1")
        assert console.driver.current_url.startswith(f"{console.server.url}/console/"), route
        links = [link.get_attribute("href") for link in console.driver.find_elements(By.CSS_SELECTOR, "a[href]")]
        assert links and {urllib.parse.urlsplit(link).netloc for link in links} == {urllib.parse.urlsplit(console.server.url).netloc}, route
