#!/usr/bin/env python3
"""Measures the console's list of a space of many contents, in headless Chromium over loopback: how long until it is whole, and whether
it scrolls without dropping a frame.

    make web && cargo build --profile serve --bin reelspan
    .venv/bin/python benches/console_list.py --program target/serve/reelspan

The contents are entries of the table of indexes without objects: a few are stored and indexed, and their entries are copied under other
names of the same length. The list is scrolled by turns of a mouse wheel that the browser takes for those of a person
(`Input.synthesizeScrollGesture`), and what it does meanwhile is recorded as a trace: what became of each frame (`PipelineReporter`: was it
presented, or dropped) and how long each task of the page's main thread took (`RunTask`). At 60 frames a second, a frame has 16.7 ms.
`--trace FILE` keeps the trace, which Chromium's DevTools and https://ui.perfetto.dev show.
"""

import argparse
import collections
import json
import pathlib
import shutil
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "support"))

import requests
import websocket
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

import server as servers
from browser import FLAGS
from many import fill

ADMIN = ("root", "the admin's own secret")
CATEGORIES = ["benchmark", "cc", "disabled-by-default-devtools.timeline", "disabled-by-default-devtools.timeline.frame"]

# What a person sees of the list while it is scrolled: whether there is a row in its middle, ten times a second.
WATCH = """
const body = document.querySelector(".grid-body"), begun = performance.now();
window.seen = {empty: 0, frames: 0};
const look = () => {
  const box = body.getBoundingClientRect();
  const middle = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  if (!middle?.closest('[role="row"]')) seen.empty += 1;
  seen.frames += 1;
  seen.rows = document.querySelectorAll('.grid-body [role="row"]').length;
  seen.top = body.scrollTop;
};
window.watching = setInterval(look, 100);
"""

TYPE = """
const done = arguments[arguments.length - 1], field = document.querySelector('.toolbar input[type="search"], .toolbar input');
const begun = performance.now();
field.focus();
field.value = arguments[0];
field.dispatchEvent(new Event("input", { bubbles: true }));
requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - begun)));
"""

CLICK = """
const done = arguments[arguments.length - 1], begun = performance.now();
document.querySelector(arguments[0]).click();
requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - begun)));
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--screenshot", type=pathlib.Path)
    parser.add_argument("--trace", type=pathlib.Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = pathlib.Path(folder) / "data"
        server = servers.Server(given.program.resolve(), data, admin=":".join(ADMIN)).start()
        try:
            begun = time.monotonic()
            fill(server, ADMIN, "large", given.count)
            print(f"{given.count} entries made in {time.monotonic() - begun:.1f} s")
            list_by_the_api(server)
            measure(server, given)
        finally:
            server.stop()
    return 0


def list_by_the_api(server: servers.Server) -> None:
    session = requests.Session()
    session.auth = ADMIN
    begun, listed, marker = time.monotonic(), 0, ""
    while True:
        page = session.get(
            f"{server.url}/durastore/large", params={"marker": marker}, headers={"Accept": "application/json"}, timeout=30
        ).json()
        listed, marker = listed + len(page["contents"]), page["contents"][-1]["id"]
        if not page["more"]:
            break
    taken = time.monotonic() - begun
    print(f"{listed} listed by the API in {taken:.1f} s, {1e6 * taken / listed:.0f} us each")


def measure(server: servers.Server, given: argparse.Namespace) -> None:
    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, "--window-size=1280,900"):
        options.add_argument(flag)
    options.binary_location = shutil.which("chromium") or ""
    with webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver"))) as chromium:
        chromium.set_script_timeout(120)
        chromium.get(f"{server.url}/console/")
        wait = WebDriverWait(chromium, 60)
        wait.until(lambda it: it.find_elements(By.NAME, "name"))[0].send_keys(ADMIN[0])
        chromium.find_element(By.NAME, "password").send_keys(ADMIN[1])
        chromium.find_element(By.CSS_SELECTOR, "form button[type=submit]").click()
        wait.until(lambda it: it.find_elements(By.LINK_TEXT, "large"))[0].click()
        begun = time.monotonic()
        wait.until(lambda it: it.find_elements(By.CSS_SELECTOR, '.grid-body [role="row"]'))
        print(f"first rows after {time.monotonic() - begun:.2f} s")
        whole = f"{given.count:,} contents"
        WebDriverWait(chromium, 120, 0.05).until(lambda it: it.find_element(By.CSS_SELECTOR, ".count").text == whole)
        print(f"all {given.count:,} after {time.monotonic() - begun:.2f} s")
        for speed in (800, 8_000, 80_000):
            scroll(chromium, speed, given)
        for what, script, argument in (
            ("search for 999", TYPE, "999"),
            ("search for nothing", TYPE, ""),
            ("sort by size", CLICK, ".grid-head .cell-size button"),
            ("sort by name", CLICK, ".grid-head .cell-name button"),
        ):
            print(f"{what}: {chromium.execute_async_script(script, argument):.0f} ms")
        if given.screenshot:
            chromium.save_screenshot(str(given.screenshot))


class Trace:
    """What Chromium does, recorded from now on (https://chromedevtools.github.io/devtools-protocol/tot/Tracing/)."""

    def __init__(self, chromium: webdriver.Chrome):
        address = chromium.capabilities["goog:chromeOptions"]["debuggerAddress"]
        url = requests.get(f"http://{address}/json/version", timeout=10).json()["webSocketDebuggerUrl"]
        self.socket = websocket.create_connection(url, suppress_origin=True, timeout=60)
        how = {"traceConfig": {"includedCategories": CATEGORIES}, "transferMode": "ReportEvents"}
        self.socket.send(json.dumps({"id": 1, "method": "Tracing.start", "params": how}))
        while json.loads(self.socket.recv()).get("id") != 1:
            pass

    def end(self) -> list[dict]:
        self.socket.send(json.dumps({"id": 2, "method": "Tracing.end"}))
        events = []
        while (message := json.loads(self.socket.recv())).get("method") != "Tracing.tracingComplete":
            if message.get("method") == "Tracing.dataCollected":
                events += message["params"]["value"]
        self.socket.close()
        return events


def scroll(chromium: webdriver.Chrome, speed: int, given: argparse.Namespace) -> None:
    """Scrolls down from the top at this speed, in pixels a second."""
    chromium.execute_script("document.querySelector('.grid-body').scrollTop = 0")
    time.sleep(0.5)
    chromium.execute_script(WATCH)
    trace = Trace(chromium)
    box = chromium.find_element(By.CSS_SELECTOR, ".grid-body").rect
    place = {"x": round(box["x"] + box["width"] / 2), "y": round(box["y"] + box["height"] / 2)}
    how = {"yDistance": -round(speed * given.seconds), "speed": speed, "gestureSourceType": "mouse", "preventFling": True}
    chromium.execute_cdp_cmd("Input.synthesizeScrollGesture", place | how)
    events = trace.end()
    seen = chromium.execute_script("clearInterval(watching); return seen")
    if given.trace:
        given.trace.with_stem(f"{given.trace.stem}-{speed}").write_text(json.dumps({"traceEvents": events}))
    report(events, speed, seen)


def report(events: list[dict], speed: int, seen: dict) -> None:
    reporters = [(one["pid"], one["args"]["frame_reporter"]) for one in events if "frame_reporter" in one.get("args", {})]
    # The page is in the process whose frames are scrolled. The first thread of a process is its main thread.
    [(page, _)] = collections.Counter(pid for pid, frame in reporters if frame["scroll_state"] != "SCROLL_NONE").most_common(1)
    became = collections.Counter(frame["state"].removeprefix("STATE_").lower() for pid, frame in reporters if pid == page)
    tasks = [one["dur"] / 1000 for one in events if one["name"] == "RunTask" and one["pid"] == one["tid"] == page]
    wanted = sum(count for state, count in became.items() if state != "no_update_desired")
    print(
        f"{speed} px/s, to {seen['top']:.0f} px: {wanted} frames, {became['dropped']} of them dropped; the page's main thread: "
        f"{sum(tasks) / max(1, wanted):.1f} ms a frame, longest task {max(tasks):.1f} ms; {seen['empty']} of {seen['frames']} looks "
        f"saw no row; {seen['rows']} rows in the document ({dict(became)})"
    )


if __name__ == "__main__":
    sys.exit(main())
