"""Pages of another site with a player on them, and what it shows."""

import base64
import http.server
import threading

import pytest

import counter

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
def elsewhere():
    """Another site than the media's: what is put into `files` is served there."""
    handler = type("Handler", (Files,), {"files": {}})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        serving.files = handler.files
        serving.url = f"http://127.0.0.1:{serving.server_port}"
        yield serving
        serving.shutdown()
