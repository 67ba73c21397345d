#!/usr/bin/env python3
"""Measures how long `<reelspan-player>` takes from its tag to its first picture, in headless Chromium over loopback, and with how
many requests.

    make web && cargo build --profile serve --bin reelspan
    benches/first_frame.py --program target/serve/reelspan

Each row is a form of a sample; times are medians of several loads of a page, with the shortest in brackets. The browser is the same for
all loads, and its cache is empty before each. The time begins when the parser has seen the tag, while the script is still on its
way, and ends when the first picture is presented (`requestVideoFrameCallback`).
"""

import argparse
import http.server
import pathlib
import shutil
import statistics
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "support"))

from selenium import webdriver

import server as servers
from browser import FLAGS

ROOT = pathlib.Path(__file__).resolve().parent.parent

ROWS = [
    ("counter.mp4", "stored"),
    ("counter.mp4", "hls"),
    ("counter.webm", "stored"),
    ("counter.mkv", "hls"),
    ("formats/picture.flv", "hls"),
    ("counter.mp4#t=20,25", "stored"),
    ("counter.mp4#t=20,25", "hls"),
]

PAGE = """<!doctype html><meta charset="utf-8"><title>Reelspan</title>
<script type="module" src="{server}/player/reelspan-player.js"></script>
<reelspan-player controls muted preload="auto" form="{form}" src="{server}/media/demo/{name}"></reelspan-player>
<script>
  // The parser has just seen the tag.
  const begun = performance.now(), player = document.querySelector("reelspan-player");
  window.found = new Promise(resolve => {{
    const look = () => {{
      if (!player.video) return setTimeout(look, 1);
      player.video.requestVideoFrameCallback(now => {{
        const before = performance.getEntriesByType("resource").filter(one => one.startTime < now);
        resolve([now - begun, before.length]);
      }});
    }};
    look();
  }});
</script>"""

FOUND = "window.found.then(arguments[0])"


class Page(http.server.BaseHTTPRequestHandler):
    """The page with the tag."""

    body = b""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_):
        pass


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--program", type=pathlib.Path, default=ROOT / "target" / "serve" / "reelspan")
    asked.add_argument("--loads", type=int, default=9)
    options = asked.parse_args()
    chromium = webdriver.ChromeOptions()
    chromium.binary_location = shutil.which("chromium")
    for flag in FLAGS:
        chromium.add_argument(flag)
    driver = webdriver.Chrome(chromium, webdriver.ChromeService(shutil.which("chromedriver")))
    driver.set_script_timeout(30)
    with tempfile.TemporaryDirectory() as folder, http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        server = servers.Server(options.program, pathlib.Path(folder) / "data", demo=ROOT / "samples").start()
        try:
            print(f"{'content':22} {'form':7} {'first picture':>20} {'requests':>9}")
            for name, form in ROWS:
                Page.body = PAGE.format(server=server.url, form=form, name=name).encode()
                found = [load(driver, f"http://127.0.0.1:{site.server_port}/") for _ in range(options.loads)]
                times, requests = [one[0] for one in found], max(one[1] for one in found)
                print(f"{name:22} {form:7} {statistics.median(times):8.0f} ms ({min(times):.0f} ms) {requests:9}")
        finally:
            server.stop()
            site.shutdown()
            driver.quit()


def load(driver, url: str) -> tuple[float, int]:
    driver.execute_cdp_cmd("Network.clearBrowserCache", {})
    driver.get(url)
    milliseconds, requests = driver.execute_async_script(FOUND)
    return milliseconds, requests


if __name__ == "__main__":
    main()
