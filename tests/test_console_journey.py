"""The whole of the console as a new user goes through it: from the first start to a person who may only read."""

import pytest
import requests
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

import server as servers
from browser import fresh_profile
from console import Console

# Ten formats, which Chromium plays as they are or in another form.
FILES = """counter.mp4 counter.webm chapters.mkv formats/h264.ts formats/stereo.mp3 formats/frames.flac formats/tone.aac
formats/tone.opus formats/vorbis.ogg formats/wave.wav""".split()

READER = ("reader", "what the reader alone can know")

MEDIA = """
const [source, done] = arguments, video = document.createElement("video");
video.muted = true;
video.ontimeupdate = () => { if (video.currentTime > 0.2) { video.pause(); done("played"); } };
video.onerror = () => done("refused");
video.src = source;
video.play().catch(() => done("refused"));
"""
"""Plays a link that a visitor was given, as a page of the same server would."""


@pytest.fixture(scope="module")
def served(binary, tmp_path_factory):
    running = servers.Server(binary, tmp_path_factory.mktemp("journey") / "data").start()
    yield running
    assert running.stop() == 0, "\n".join(running.output)


@pytest.fixture(scope="module")
def console(chromium, served, root):
    chromium.set_window_size(1280, 900)
    return Console(chromium, served, (root / "web" / "node_modules" / "axe-core" / "axe.min.js").read_text())


@pytest.fixture(scope="module")
def guest(served):
    """Somebody with a browser of their own, who is not signed in. It keeps nothing of what it has played, as if each link were
    opened by somebody else: an open answer may be kept for a minute."""
    with fresh_profile() as driver:
        driver.execute_cdp_cmd("Network.enable", {})
        driver.execute_cdp_cmd("Network.setCacheDisabled", {"cacheDisabled": True})
        driver.get(f"{served.url}/player/")
        yield driver


def played(guest, link: str) -> str:
    return guest.execute_async_script(MEDIA, link)


def stream(console: Console, kind: str, words: str) -> None:
    console.open("#/spaces/collection/streaming")
    console.find(f"//input[@value='{kind}']").click()
    console.button(f"Set to “{words}”").click()
    console.text(f"Streaming is now “{words}”")


def test_from_the_first_start_to_a_person_who_may_only_read(console, served, guest, samples):
    console.sign_in("admin", served.password())
    console.text("There is nothing here yet")
    console.button("New space").click()
    console.field("Name").send_keys("collection", Keys.ENTER)
    console.text("This space is empty")

    chooser = console.driver.find_element(By.XPATH, "//input[@type='file' and @multiple]")
    chooser.send_keys("\n".join(str(samples / name) for name in FILES))
    names = [name.rpartition("/")[2] for name in FILES]
    for name in names:
        console.find(f"//*[@role='row'][.//bdi[.='{name}']]//*[@class='cell-status']/*[.='Ready']")
    stream(console, "OPEN", "Open")
    for name in names:
        console.open(f"#/spaces/collection?content={name}")
        assert console.plays(), name

    console.open("#/spaces/collection?content=counter.mp4")
    console.find("//*[@role='slider'][@aria-label='Start of the excerpt']").send_keys(Keys.PAGE_UP)
    link = console.field("Link").get_attribute("value")
    assert link == f"{served.url}/stream/collection/counter.mp4?t=10"
    assert played(guest, link) == "played"

    stream(console, "SECURE", "Secure")
    assert played(guest, link) == "refused"
    console.open("#/spaces/collection?content=counter.mp4")
    console.find("//*[@role='slider'][@aria-label='Start of the excerpt']").send_keys(Keys.PAGE_UP)
    secure = f"{served.url}/stream/collection~"
    console.button("Sign a link").click()
    signed = WebDriverWait(console.driver, 20).until(
        lambda _: (found := console.field("Link").get_attribute("value")) and found.startswith(secure) and "Signature=" in found and found
    )
    assert played(guest, signed) == "played"
    assert played(guest, signed.partition("?")[0] + "?t=10") == "refused"

    console.open("#/users")
    console.button("New user").click()
    console.field("Name").send_keys(READER[0])
    console.field("Password").send_keys(READER[1])
    console.button("Save").click()
    console.find(f"//th[normalize-space(.)='{READER[0]}']")
    console.open("#/spaces/collection/access")
    console.field("Name").send_keys(READER[0])
    console.button("Add").click()
    console.button("Save").click()
    console.text("Saved")
    may_only_read(console, served)


def test_an_empty_installation_offers_samples(binary, tmp_path, console):
    """On a server of its own; the same browser, which is not signed in there."""
    running = servers.Server(binary, tmp_path / "data").start()
    try:
        fresh = Console(console.driver, running, console.axe)
        fresh.sign_in("admin", running.password())
        fresh.button("Try it with samples").click()
        for name in ("counter.mp4", "chapters.mkv", "tone.flac"):
            fresh.find(f"//*[@role='row'][.//bdi[.='{name}']]//*[@class='cell-status']/*[.='Ready']")
        fresh.open("#/spaces/samples?content=counter.mp4")
        assert fresh.plays()
        fresh.open()
        fresh.find("//a[normalize-space(.)='samples']")
        assert not fresh.shows("//button[normalize-space(.)='Try it with samples']")
    finally:
        fresh.driver.get("about:blank")
        assert running.stop() == 0


def may_only_read(console: Console, served: servers.Server) -> None:
    """The reader is offered nothing else, and may do nothing else by the session's own requests either."""
    console.sign_in(*READER)
    console.find("//a[normalize-space(.)='collection']")
    console.open("#/spaces/collection?content=counter.mp4")
    assert console.plays()
    for words in ("New space", "Users", "Usage", "State", "Upload files", "Copy or move", "Delete", "Edit"):
        assert not console.shows(f"//*[self::a or self::button][normalize-space(.)='{words}']"), words
    assert not console.shows("//input[@type='checkbox']")
    for page in ("users", "usage", "report"):
        console.open(f"#/{page}")
        console.text("There is no such page")

    session = requests.Session()
    cookie = console.driver.get_cookie("reelspan-session")["value"]
    session.headers.update({"Origin": served.url, "Cookie": f"reelspan-session={cookie}"})
    known = session.get(f"{served.url}/session", timeout=30).json()
    assert (known["name"], known["role"]) == (READER[0], "user")
    session.headers["X-Reelspan-CSRF"] = known["csrf"]
    space = f"{served.url}/durastore/collection"
    task = {"json": {"spaceId": "collection", "contentId": "a.mp4", "size": 1, "uploadId": "u", "parts": []}}
    for method, url, more in [
        ("PUT", f"{served.url}/durastore/another", {}),
        ("DELETE", space, {}),
        ("PUT", f"{space}/a.mp4", {"data": b"a"}),
        ("PUT", f"{space}/a.mp4", {"headers": {"x-dura-meta-copy-source": "collection/counter.mp4"}}),
        ("POST", f"{space}/counter.mp4", {"headers": {"x-dura-meta-title": "Mine"}}),
        ("DELETE", f"{space}/counter.mp4", {}),
        ("POST", f"{served.url}/durastore/acl/collection", {"headers": {"x-dura-meta-acl-reader": "WRITE"}}),
        *[
            ("POST", f"{served.url}/durastore/task/{name}", task)
            for name in """get-upload-url get-upload-parts complete-upload abort-upload enable-streaming disable-streaming
            delete-streaming rotate-signing-key""".split()
        ],
        ("GET", f"{served.url}/users", {}),
        ("PUT", f"{served.url}/users/reader", {"json": {"role": "admin"}}),
        ("DELETE", f"{served.url}/users/admin", {}),
        ("GET", f"{served.url}/admin/quotas", {}),
        ("PUT", f"{served.url}/admin/quotas/spaces/collection", {"json": {}}),
        ("PUT", f"{served.url}/admin/quotas/users/reader", {"json": {}}),
        ("GET", f"{served.url}/admin/usage/collection", {}),
        ("GET", f"{served.url}/admin/report", {}),
    ]:
        assert session.request(method, url, timeout=30, **more).status_code == 403, (method, url)
    assert session.get(f"{space}/counter.mp4", timeout=30).status_code == 200
