#!/usr/bin/env python3
"""Measures the console's list of a space of many contents, in headless Chromium over loopback: how long until it is whole, and whether
it scrolls without a pause.

    make web && cargo build --profile serve --bin reelspan
    benches/console_list.py --program target/serve/reelspan

The contents are entries of the table of indexes without objects: a few are stored and indexed, and their entries are copied under other
names of the same length. A frame is what the browser says is one (`requestAnimationFrame`); at 60 frames a second one comes each
16.7 ms. What takes longer than 50 ms at a time is a long task (W3C, *Long Tasks API*).
"""

import argparse
import pathlib
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "support"))

import requests
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

import server as servers
from browser import FLAGS

ROOT = pathlib.Path(__file__).resolve().parent.parent
ADMIN = ("root", "the admin's own secret")
PUT = "INSERT INTO item (tab, partition, sort, attributes, index_partition, index_sort) VALUES (?, ?, ?, ?, ?, ?)"

SCROLL = """
const done = arguments[arguments.length - 1], seconds = arguments[0];
const body = document.querySelector(".grid-body");
const frames = [], tasks = [];
const observer = new PerformanceObserver(list => tasks.push(...list.getEntries().map(entry => entry.duration)));
observer.observe({ type: "longtask" });
let empty = 0;
const begun = performance.now();
let last = begun;
const step = now => {
  frames.push(now - last);
  last = now;
  // What a person sees of the list: a row in its middle.
  const box = body.getBoundingClientRect();
  const middle = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  if (!middle?.closest('[role="row"]')) empty += 1;
  body.scrollTop += 120;
  if (now - begun < seconds * 1000) requestAnimationFrame(step);
  else done({ frames: frames.slice(1), tasks, empty, rows: document.querySelectorAll('.grid-body [role="row"]').length });
};
requestAnimationFrame(step);
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
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = pathlib.Path(folder) / "data"
        server = servers.Server(given.program.resolve(), data, admin=":".join(ADMIN)).start()
        try:
            fill(server, data, given.count)
            measure(server, given)
        finally:
            server.stop()
    return 0


def fill(server: servers.Server, data: pathlib.Path, count: int) -> None:
    """Makes a space `large` with this many contents: a film, a sound and a text in turn."""
    kinds = {"mp4": "video/mp4", "m4a": "audio/mp4", "txt": "text/plain"}
    files = {"mp4": (ROOT / "samples" / "counter.mp4"), "m4a": (ROOT / "samples" / "tone.m4a"), "txt": (ROOT / "LICENSE")}
    session = requests.Session()
    session.auth = ADMIN
    session.put(f"{server.url}/durastore/large", timeout=30).raise_for_status()
    for kind, media_type in kinds.items():
        fields = {"Content-Type": media_type}
        session.put(
            f"{server.url}/durastore/large/item-000000.{kind}", data=files[kind].read_bytes(), headers=fields, timeout=30
        ).raise_for_status()
    while True:
        found = session.get(f"{server.url}/durastore/large", headers={"Accept": "application/json"}, timeout=30).json()["contents"]
        if all(one["index"]["status"] in ("ready", "refused") for one in found):
            break
        time.sleep(0.1)
    begun = time.monotonic()
    tables = sqlite3.connect(data / "tables.sqlite")
    patterns = {}
    for kind in kinds:
        [(blob,)] = tables.execute("SELECT attributes FROM item WHERE partition = ? AND sort = 'CONTENT'", [f"large/item-000000.{kind}"])
        patterns[kind] = blob
    rows = []
    for number in range(1, count - len(kinds) + 1):
        # Not in the order of their names.
        kind, name = list(kinds)[number % len(kinds)], f"item-{number * 7919 % 999_983:06}"
        blob = patterns[kind].replace(b"item-000000", name.encode())
        rows.append(("ContainerIndex", f"large/{name}.{kind}", "CONTENT", blob, "large", f"{name}.{kind}"))
    with tables:
        tables.executemany(PUT, rows)
    tables.close()
    print(f"{count} entries made in {time.monotonic() - begun:.1f} s")
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
        report(chromium.execute_async_script(SCROLL, given.seconds))
        for what, script, argument in (
            ("search for 999", TYPE, "999"),
            ("search for nothing", TYPE, ""),
            ("sort by size", CLICK, ".grid-head .cell-size button"),
            ("sort by name", CLICK, ".grid-head .cell-name button"),
        ):
            print(f"{what}: {chromium.execute_async_script(script, argument):.0f} ms")
        if given.screenshot:
            chromium.save_screenshot(str(given.screenshot))


def report(found: dict) -> None:
    frames = sorted(found["frames"])
    late = sum(frame > 25 for frame in frames)
    print(
        f"scrolling: {len(frames)} frames, {1000 / statistics.mean(frames):.1f} a second, median {statistics.median(frames):.1f} ms, "
        f"99 % within {frames[int(len(frames) * 0.99)]:.1f} ms, longest {frames[-1]:.1f} ms; {late} late, {found['empty']} without rows; "
        f"{len(found['tasks'])} long tasks; {found['rows']} rows in the document"
    )


if __name__ == "__main__":
    sys.exit(main())
