"""Headless Chromium plays cuts, begins at the picture asked for, and ends where it should."""

import base64
import http.server
import shutil
import threading
import urllib.parse

import pytest
from selenium import webdriver
from selenium.webdriver.support.wait import WebDriverWait

import counter

FLAGS = """--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-background-networking
--disable-component-update --disable-sync --disable-default-apps --no-first-run --no-default-browser-check
--autoplay-policy=no-user-gesture-required --mute-audio""".split()

PAGE = b"""<!doctype html><meta charset="utf-8"><title>Reelspan</title><video crossorigin="anonymous" muted></video>"""

SHOWN = """
const [width, height] = arguments, canvas = Object.assign(document.createElement("canvas"), {width, height});
const context = canvas.getContext("2d");
context.drawImage(document.querySelector("video"), 0, 0, width, height);
const rgba = context.getImageData(0, 0, width, height).data;
let text = "";
for (let at = 0; at < rgba.length; at += 4) text += String.fromCharCode(rgba[at + 1]);
return btoa(text);
"""

LOAD = """
const [source, done] = arguments, video = document.querySelector("video");
video.onerror = () => done("error: " + video.error.message);
video.onloadeddata = () => done("loaded");
video.preload = "auto";
video.src = source;
"""

PLAY = """
const [done] = arguments, video = document.querySelector("video");
video.onended = () => done({ended: video.ended, at: video.currentTime, duration: video.duration});
video.onerror = () => done({error: video.error.message});
video.play().catch(error => done({error: String(error)}));
"""

PLAY_TO_PAUSE = """
const [done] = arguments, video = document.querySelector("video");
video.onpause = () => done({ended: video.ended, at: video.currentTime});
video.onerror = () => done({error: video.error.message});
video.play().catch(error => done({error: String(error)}));
"""

SEEK = """
const [time, done] = arguments, video = document.querySelector("video");
video.onseeked = () => video.requestVideoFrameCallback ? requestAnimationFrame(() => done(video.currentTime)) : done(video.currentTime);
video.currentTime = time;
"""


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def page():
    """A page of another origin than the media, so that only CORS lets it read their pixels."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}/"
        serving.shutdown()


@pytest.fixture(scope="module")
def chromium():
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in FLAGS:
        options.add_argument(flag)
    # Both are named, so that Selenium looks for neither on the network.
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    driver.set_script_timeout(30)
    yield driver
    driver.quit()


@pytest.fixture
def video(chromium, page, server):
    """Loads a fragment into a fresh page's player."""

    def load(name: str, query: str):
        chromium.get(page)
        assert chromium.execute_async_script(LOAD, f"{server.media(name)}?{query}") == "loaded"
        return chromium

    return load


def shown(driver) -> int:
    """The number that the picture on the page shows."""
    return counter.number(base64.b64decode(driver.execute_script(SHOWN, counter.WIDTH, counter.HEIGHT)))


@pytest.mark.parametrize(
    ("name", "start", "end", "first"),
    [
        ("counter.mp4", 12.48, 20, 312),
        ("counter.mp4", 0, 2, 0),
        ("counter.mp4", 12, 13, 300),
        ("counter.mp4", 39, 40, 975),
        ("counter-moov-last.mp4", 7.2, 9, 180),
        ("counter-open-gop.mp4", 9.4, 11, 235),
        ("counter-fragmented.mp4", 12.48, 14, 310),
        ("two-audio.mp4", 3.04, 5, 76),
    ],
)
def test_an_mp4_begins_at_the_very_picture_and_ends_in_time(video, name, start, end, first):
    driver = video(name, f"t={start},{end}")
    assert shown(driver) == first
    played = driver.execute_async_script(PLAY)
    assert played.get("ended"), played
    assert played["duration"] == pytest.approx(end - start, abs=0.1)
    assert played["at"] == pytest.approx(end - start, abs=0.1)
    assert shown(driver) == first + round((end - start) * counter.RATE) - 1


# Pictures of this file stand 7 ms late, so that the one which begins a group at 16 s is shown from 16.007 s on.
@pytest.mark.parametrize(("start", "end", "first"), [(12.48, 14, 300), (0, 1, 0), (16, 17, 300)])
def test_a_webm_begins_at_the_sync_point_before(video, start, end, first):
    driver = video("counter.webm", f"t={start},{end}")
    assert shown(driver) == first
    played = driver.execute_async_script(PLAY)
    assert played.get("ended"), played
    assert played["duration"] == pytest.approx(end - first / counter.RATE, abs=0.1)


# What a player makes of a hash it does by itself, with ranges of bytes of the original.
@pytest.mark.parametrize(("name", "first"), [("counter.mp4", 312), ("counter-fragmented.mp4", 310), ("counter.webm", 312)])
def test_a_hash_is_played_by_the_browser(chromium, page, server, name, first):
    chromium.get(page)
    assert chromium.execute_async_script(LOAD, f"{server.media(name)}#t=12.5,14") == "loaded"
    assert chromium.execute_script("return document.querySelector('video').currentTime") == pytest.approx(12.5)
    assert shown(chromium) == first
    paused = chromium.execute_async_script(PLAY_TO_PAUSE)
    assert paused == {"ended": False, "at": pytest.approx(14, abs=0.5)}


def test_the_validators_page_shows_what_a_uri_means(chromium, server):
    chromium.get(f"{server.url}/validate?uri=" + urllib.parse.quote(f"{server.media('counter.mp4')}?t=3,7#t=7,3", safe=""))
    wait = WebDriverWait(chromium, 20)
    wait.until(lambda driver: "It is a media fragment URI" in driver.find_element("id", "report").text)
    text = chromium.find_element("id", "report").text
    assert "t=npt:3,7" in text and "a file of its own: 3 s to 7 s" in text and "Range: t:npt=3-7" in text
    assert "the start is not before the end (at 1)" in text
    # It plays what it shows, and no text of a URI is ever markup.
    wait.until(lambda driver: driver.execute_script("return document.querySelector('video').duration") == pytest.approx(4, abs=0.1))
    chromium.get(f"{server.url}/validate?uri=" + urllib.parse.quote("a.mp4#t=<img src=x onerror=document.title='out'>", safe=""))
    wait.until(lambda driver: "no media fragment URI" in driver.find_element("id", "report").text)
    assert chromium.find_elements("css selector", "#report img") == []
    severe = [line for line in chromium.get_log("browser") if line["level"] == "SEVERE" and "favicon" not in line["message"]]
    assert severe == []


def test_a_cut_can_be_sought_in(video):
    driver = video("counter.mp4", "t=12.48,20")
    for time in (5.0, 1.0, 7.2):
        assert driver.execute_async_script(SEEK, time + 0.02) == pytest.approx(time + 0.02)
        assert shown(driver) == 312 + round(time * counter.RATE)
