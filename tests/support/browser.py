"""Headless Chromium with a player: what it loads, plays and shows."""

import base64
import contextlib
import http.server
import shutil
import threading

import pytest
from selenium import webdriver

import counter
from waiting import becomes

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


@contextlib.contextmanager
def fresh_profile():
    """A Chromium with a new profile."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in FLAGS:
        options.add_argument(flag)
    # Both paths are given, so that Selenium does not search the network for them.
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    driver.set_script_timeout(30)
    try:
        yield driver
    finally:
        driver.quit()


@pytest.fixture(scope="module")
def chromium():
    with fresh_profile() as driver:
        yield driver


def shows(driver, number: int) -> None:
    """Waits until the picture on the page shows this number: browsers paint it some time after they have loaded or sought."""
    becomes(lambda: shown(driver), number)


def shown(driver) -> int:
    """The number that the picture on the page shows now."""
    return counter.number(base64.b64decode(driver.execute_script(SHOWN, counter.WIDTH, counter.HEIGHT)))
