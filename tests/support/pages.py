"""Pages of another site with a player on them, and what it shows."""

import base64
import functools
import http.server
import io
import pathlib
import subprocess
import threading
import urllib.parse
import zipfile

import pytest
import requests
from selenium.webdriver.common.by import By

import counter
from waiting import becomes

WIDTH, HEIGHT = 640, 360
"""The player on the test pages, in CSS pixels."""

TAG = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Reelspan</title><style>body {{ margin: 0 }}</style>
<script type="module" src="{script}"></script>
<reelspan-player style="width: {width}px" muted crossorigin="anonymous" preload="auto" {attributes}></reelspan-player>"""

READY = """
const [done] = arguments, player = document.querySelector("reelspan-player");
const state = () => {
  const problem = player.shadowRoot?.getElementById("problem");
  if (problem?.hidden === false) return done({problem: problem.textContent.trim().split("\\n")[0]});
  if (player.form === undefined || player.readyState < 2 || player.seeking) return setTimeout(state, 20);
  // A picture is shown a frame after it was decoded.
  const {currentTime, duration, form, excerpt, selection} = player;
  requestAnimationFrame(() => requestAnimationFrame(() => done({currentTime, duration, form, excerpt, selection})));
};
state();
"""

PLAYED = """
const [done] = arguments, player = document.querySelector("reelspan-player");
player.addEventListener("timeupdate", () => player.currentTime > 0.3 && done(player.currentTime));
player.play().catch(error => done(String(error)));
"""

SHOWN = """
const [width, height] = arguments, canvas = Object.assign(document.createElement("canvas"), {width, height});
const context = canvas.getContext("2d");
context.drawImage(%s, 0, 0, width, height);
const rgba = context.getImageData(0, 0, width, height).data;
let text = "";
for (let at = 0; at < rgba.length; at += 4) text += String.fromCharCode(rgba[at + 1]);
return btoa(text);
"""


def shown(driver, video: str = "document.querySelector('reelspan-player').video") -> int:
    """The number that a video's picture shows."""
    return counter.number(base64.b64decode(driver.execute_script(SHOWN % video, counter.WIDTH, counter.HEIGHT)))


def shows(driver, number: int, video: str = "document.querySelector('reelspan-player').video") -> None:
    """Waits until a video's picture shows this number: browsers paint it some time after they have sought."""
    becomes(functools.partial(shown, driver, video), number)


LISTEN = """
const [done] = arguments, {video} = document.querySelector("reelspan-player");
video.muted = false;
window.heard ??= new AudioContext();
window.analyser ??= (() => {
  const made = Object.assign(heard.createAnalyser(), {fftSize: 8192, smoothingTimeConstant: 0});
  heard.createMediaElementSource(video).connect(made).connect(heard.destination);
  return made;
})();
video.play().then(() => done(null), error => done(String(error)));
"""

LOUDEST = """
const levels = new Float32Array(analyser.frequencyBinCount);
analyser.getFloatFrequencyData(levels);
return Math.round(levels.indexOf(Math.max(...levels)) * heard.sampleRate / analyser.fftSize);
"""


def hears(driver, hertz: range) -> None:
    """Plays until the loudest frequency is one of these, and pauses."""
    assert driver.execute_async_script(LISTEN) is None
    becomes(functools.partial(driver.execute_script, LOUDEST), hertz)
    driver.execute_script("document.querySelector('reelspan-player').pause()")


def inside(driver, identifier: str):
    """An element of the player's shadow tree."""
    return driver.find_element(By.TAG_NAME, "reelspan-player").shadow_root.find_element(By.ID, identifier)


def of(driver, name: str):
    """A property of the player."""
    return driver.execute_script("return document.querySelector('reelspan-player')[arguments[0]]", name)


def gray(png: bytes) -> bytes:
    """A picture of the player in shades of gray, WIDTH times HEIGHT."""
    command = ["ffmpeg", "-loglevel", "error", "-i", "-", "-vf", f"scale={WIDTH}:{HEIGHT},format=gray", "-f", "rawvideo", "-"]
    return subprocess.run(command, input=png, capture_output=True, check=True).stdout


def violations(driver, root: pathlib.Path, scheme: str) -> list:
    """What axe-core finds on the page as it is now. Dark colours change nothing but colours."""
    driver.execute_script((root / "web/node_modules/axe-core/axe.min.js").read_text())
    options = {"runOnly": ["cat.color"]} if scheme == "dark" else {}
    found = driver.execute_async_script("axe.run(arguments[0]).then(arguments[1])", options)["violations"]
    return [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found]


PANELS = ["share", "help", "audio", "chapters", "captions"]
"""The player's panels and menus, each with a button."""


def assert_nothing_is_violated(driver, root: pathlib.Path, scheme: str, found: dict) -> None:
    """Asks axe-core of the page as it is, and with each of the panels that there are. `found` is what the player's page gave."""
    assert violations(driver, root, scheme) == []
    for panel in PANELS if "problem" not in found else []:
        button = inside(driver, f"{panel}-button")
        if button.is_displayed():
            driver.execute_script("arguments[0].click()", button)
            becomes(inside(driver, panel).is_displayed, True)
            assert violations(driver, root, scheme) == [], panel


def prefers(driver, scheme: str) -> None:
    """Lets the system prefer `light` or `dark` colours."""
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})


class Files(http.server.BaseHTTPRequestHandler):
    """Serves `files`, by path: a media type or a status, and a body; or a function that gives them."""

    files: dict = {}

    def do_GET(self):
        found = self.files.get(self.path.partition("?")[0], (404, b""))
        kind, body = found() if callable(found) else found
        self.send_response(kind if isinstance(kind, int) else 200)
        self.send_header("Content-Type", "text/plain" if isinstance(kind, int) else kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def built(server):
    """The server has pages: `make web` came before the programs were built."""
    if requests.get(f"{server.url}/player/", timeout=10).status_code == 501:
        pytest.skip("the pages were not built: make web, then cargo build")
    return server


@pytest.fixture
def tag(chromium, built, elsewhere):
    """Loads a page of another site with one tag."""

    def load(src: str, attributes: str = "controls", more: str = ""):
        script, source = f"{built.url}/player/reelspan-player.js", f'src="{built.media(src)}"'
        text = TAG.format(script=script, width=WIDTH, attributes=f"{source} {attributes}")
        elsewhere.files["/"] = ("text/html", (text + more).encode())
        chromium.get(f"{elsewhere.url}/")
        return chromium.execute_async_script(READY)

    return load


@pytest.fixture
def player(chromium, built):
    """Loads the server's page for one content."""

    def load(src: str, **parameters: str):
        query = urllib.parse.urlencode({"src": src, "muted": "", **parameters})
        chromium.get(f"{built.url}/player/?{query}")
        return chromium.execute_async_script(READY)

    return load


@pytest.fixture(scope="module")
def elsewhere():
    """Another site than the media's: what is put into `files` is served there."""
    handler = type("Handler", (Files,), {"files": {}})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        serving.files = handler.files
        serving.url = f"http://127.0.0.1:{serving.server_port}"
        yield serving
        serving.shutdown()


@pytest.fixture
def bundle(built, elsewhere):
    """Another site with the files of the bundle, as it is but for the server's address."""
    kinds = {"html": "text/html", "js": "text/javascript", "xml": "application/xml", "json": "application/json", "txt": "text/plain"}
    found = zipfile.ZipFile(io.BytesIO(requests.get(f"{built.url}/player/bundle.zip", timeout=10).content))
    assert found.testzip() is None
    for name in found.namelist():
        text = found.read(name).replace(b"http://127.0.0.1:8080", built.url.encode()).replace(b"#t=10,20", b"#t=10,10.5")
        elsewhere.files["/" + name.split("/", 1)[1]] = (kinds.get(name.rsplit(".")[-1], "text/plain"), text)
    text = '<title>A page</title><main><h1>A page</h1><div data-reelspan-src="{}#t=10,20" data-reelspan-title="A film"></div></main>'
    text = f'<!doctype html><html lang="en"><script type="module" src="viewer.js"></script>{text.format(built.media("counter.mp4"))}'
    elsewhere.files["/viewer.html"] = ("text/html", text.encode())
    return elsewhere
