"""The whole of the console as a new user goes through it: from the first start to a person who may only read. With
REELSPAN_LARGE=2000, a file of 2000 megabytes is uploaded too, and the page is loaded anew in the middle of that."""

import os
import pathlib
import struct
import time

import pytest
import requests
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

import server as servers
from browser import fresh_profile
from console import Console
from waiting import becomes

# Twenty files of ten formats (MP4, MOV, WebM, Matroska, FLV, transport streams, MP3, AAC, FLAC, Ogg and WAV), which Chromium plays as
# they are or in another form.
FILES = """counter.mp4 counter-fragmented.mp4 two-audio.mp4 tone.m4a counter.mov counter.webm counter.mkv chapters.mkv
formats/picture.flv formats/reordered.flv formats/h264.ts formats/stereo.mp3 formats/constant.mp3 formats/tone.aac
formats/frames.flac formats/flac.oga formats/tone.opus formats/vorbis.ogg formats/wave.wav formats/wave24.wav""".split()

LARGE = int(os.environ.get("REELSPAN_LARGE", 0))
MEGABYTE = 1_000_000

STORED = "//li[contains(@class, 'done')][.//bdi[.='{}']]"
READY = "//*[@role='row'][.//bdi[.='{}']]//*[@class='cell-status']/*[.='Ready']"

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
    return Console.in_chromium(chromium, served, root)


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


def choose(console: Console, *paths: pathlib.Path) -> None:
    """Chooses files to upload."""
    chooser = "//main//input[@aria-label='Upload files']"
    console.wait.until(lambda driver: driver.find_elements(By.XPATH, chooser))[0].send_keys("\n".join(map(str, paths)))


def large(path: pathlib.Path) -> pathlib.Path:
    """A WAV file of LARGE megabytes of noise, no two of which are the same."""
    size, noise = LARGE * MEGABYTE, os.urandom(MEGABYTE)
    with path.open("wb") as file:
        file.write(struct.pack("<4sI8sIHHIIHH4sI", b"RIFF", size - 8, b"WAVEfmt ", 16, 1, 2, 44_100, 176_400, 4, 16, b"data", size - 44))
        for number in range(LARGE):
            block = number.to_bytes(8) + noise[8:]
            file.write(block if number else block[44:])
    return path


def upload_with_a_reload(console: Console, folder: pathlib.Path) -> str:
    """Uploads a large file, loads the page anew when a third of it is sent, and goes on. Returns its name."""
    path, began = large(folder / "large.wav"), time.monotonic()
    for name in FILES:
        console.find(STORED.format(name.rpartition("/")[2]))
    choose(console, path)
    # First the file is read for its checksums, and then sent.
    third = f"//li[.//bdi[.='large.wav']][contains(., ' left')]//progress[@value > {LARGE * MEGABYTE // 3}]"
    becomes(lambda: console.shows(third), True, 300)
    console.driver.refresh()
    console.text("Interrupted")
    reloaded = time.monotonic()
    console.driver.find_element(By.XPATH, "//input[@aria-label='Choose the file']").send_keys(str(path))
    becomes(lambda: console.shows(STORED.format("large.wav")), True, 600)
    stored = time.monotonic()
    becomes(lambda: console.shows(READY.format("large.wav")), True, 600)
    indexed = time.monotonic() - stored
    print(f"{LARGE} MB: {reloaded - began:.1f} s until the reload, {stored - reloaded:.1f} s for the rest, {indexed:.1f} s to be indexed")
    return "large.wav"


def test_from_the_first_start_to_a_person_who_may_only_read(console, served, guest, samples, tmp_path):
    console.sign_in("admin", served.password())
    console.text("There is nothing here yet")
    console.button("New space").click()
    console.field("Name").send_keys("collection", Keys.ENTER)
    console.text("This space is empty")

    choose(console, *(samples / name for name in FILES))
    names = [name.rpartition("/")[2] for name in FILES]
    if LARGE:
        names.append(upload_with_a_reload(console, tmp_path))
    console.text(f"{len(names)} contents")
    for name in names:
        # The list shows the rows in view, so each is looked for by its name.
        console.driver.execute_script("location.hash = `#/spaces/collection?search=${arguments[0]}`", name)
        console.find(READY.format(name))
    stream(console, "OPEN", "Open")
    console.open("#/spaces/collection")
    for name in names:
        console.show(name)
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
