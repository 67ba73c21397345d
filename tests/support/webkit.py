"""WebKit plays HLS by itself, as a browser on a phone does: Debian's MiniBrowser, driven by WebKitWebDriver on a virtual display. A page
of another origin has nothing but a `<video>`, and no script."""

import base64
import functools
import glob
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from selenium import webdriver
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service

import counter
from browser import SHOWN
from waiting import becomes

BROWSERS = "/usr/lib/*/webkit2gtk-4*/MiniBrowser"
DRIVER = "/usr/bin/WebKitWebDriver"

# HLS of WebKitGTK is off unless the environment says so, and there is no graphics card.
ENVIRONMENT = {"WEBKIT_GST_ENABLE_HLS_SUPPORT": "1", "WEBKIT_DISABLE_COMPOSITING_MODE": "1", "LIBGL_ALWAYS_SOFTWARE": "1"}

STATE = """
const video = document.querySelector("video");
return video.error ? `error ${video.error.code}: ${video.error.message}` : %s;
"""


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'<!doctype html><title>WebKit</title><video crossorigin="anonymous" muted preload="auto"></video>'
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class WebKit:
    """A page with a video."""

    def __init__(self):
        options = Options()
        options.binary_location = glob.glob(BROWSERS)[0]
        options.add_argument("--automation")
        self.driver = webdriver.WebKitGTK(options=options, service=Service(DRIVER, env=os.environ | ENVIRONMENT))
        self.serving = ThreadingHTTPServer(("127.0.0.1", 0), Page)
        threading.Thread(target=self.serving.serve_forever, daemon=True).start()

    def end(self):
        self.driver.quit()
        self.serving.shutdown()

    def state(self, what: str):
        """What a property of the video is, or its error."""
        return self.driver.execute_script(STATE % what)

    def load(self, url: str):
        """Loads an address in a page of its own."""
        self.driver.get(f"http://127.0.0.1:{self.serving.server_port}/")
        self.driver.execute_script("document.querySelector('video').src = arguments[0]", url)
        becomes(functools.partial(self.state, "video.readyState >= 2 && video.videoWidth"), counter.WIDTH)

    def seek(self, time: float):
        self.driver.execute_script("document.querySelector('video').currentTime = arguments[0]", time)

    def number(self) -> int:
        """The number that the picture shows."""
        return counter.number(base64.b64decode(self.driver.execute_script(SHOWN, counter.WIDTH, counter.HEIGHT)))

    def plays_to(self, time: float):
        """Plays from where it is to this time."""
        self.driver.execute_script("document.querySelector('video').play()")
        becomes(functools.partial(self.state, f"video.currentTime > {time}"), True)
        self.driver.execute_script("document.querySelector('video').pause()")
