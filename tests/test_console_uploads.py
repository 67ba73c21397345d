"""Uploads of the console in Chromium: interrupted by a reload, paused, refused and taken back."""

import hashlib
import os
import re

import pytest
from selenium.webdriver.common.by import By

import server as servers
from console import ADMIN, Console, api

MIB = 1 << 20
PART = 16 * MIB

DONE = "//li[contains(@class, 'done')][.//bdi[.='{}']]"

PARTS_SENT = """
return performance.getEntriesByType("resource").map(one => new URL(one.name).searchParams.get("partNumber")).filter(Boolean);
"""


@pytest.fixture(scope="module")
def served(binary, tmp_path_factory):
    running = servers.Server(binary, tmp_path_factory.mktemp("uploads") / "data", admin=":".join(ADMIN)).start()
    api(running, "PUT", "/durastore/films")
    yield running
    assert running.stop() == 0, "\n".join(running.output)


@pytest.fixture(scope="module")
def s3(served):
    return served.s3()


@pytest.fixture(scope="module")
def console(chromium, served, root):
    made = Console.in_chromium(chromium, served, root)
    made.sign_in(*ADMIN)
    return made


@pytest.fixture
def film(tmp_path):
    """A file of three parts. Two are sent at once, and then the last one."""
    path = tmp_path / "film.bin"
    path.write_bytes(os.urandom(3 * PART - 1))
    return path


def throttle(console, bytes_per_second: int) -> None:
    """-1 for no limit."""
    conditions = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_per_second}
    console.driver.execute_cdp_cmd("Network.enable", {})
    console.driver.execute_cdp_cmd("Network.emulateNetworkConditions", conditions)


def begin(console, s3, path) -> None:
    """Uploads a file, and returns when its last part is being sent, which takes some four seconds."""
    throttle(console, 4 * MIB)
    choose(console, path)
    console.wait.until(lambda _: stored_parts(s3, path.name))


def choose(console, path) -> None:
    """Chooses a file to upload, by an input that is not displayed itself."""
    chooser = "//main//input[@aria-label='Upload files']"
    console.wait.until(lambda driver: driver.find_elements(By.XPATH, chooser))[0].send_keys(str(path))


def stored_parts(s3, name: str) -> list[int]:
    """The parts of the only upload to a name; none if there is no upload."""
    found = [one for one in s3.list_multipart_uploads(Bucket=servers.BUCKET).get("Uploads", []) if one["Key"] == f"films/{name}"]
    if not found:
        return []
    [upload] = found
    parts = s3.list_parts(Bucket=servers.BUCKET, Key=upload["Key"], UploadId=upload["UploadId"]).get("Parts", [])
    return [part["PartNumber"] for part in parts]


def test_an_upload_goes_on_after_a_reload_and_sends_missing_parts_alone(console, s3, film):
    console.open("#/spaces/films")
    console.text("This space is empty")
    begin(console, s3, film)
    console.driver.refresh()
    console.text("Interrupted")
    throttle(console, -1)
    before = stored_parts(s3, "film.bin")
    assert before and len(before) < 3
    assert console.violations() == []

    other = film.with_name("other") / "film.bin"
    other.parent.mkdir()
    other.write_bytes(b"another film")
    chooser = console.driver.find_element(By.XPATH, "//input[@aria-label='Choose the file']")
    chooser.send_keys(str(other))
    console.text("That is another file")
    chooser.send_keys(str(film))
    console.find(DONE.format("film.bin"))
    digest = hashlib.md5(film.read_bytes()).hexdigest()
    console.text(f"MD5 {digest}")
    sent = sorted(int(number) for number in console.driver.execute_script(PARTS_SENT))
    assert sent == [number for number in (1, 2, 3) if number not in before]
    answer = api(console.server, "GET", "/durastore/films/film.bin")
    assert answer.content == film.read_bytes() and answer.headers["Content-MD5"] == digest
    assert console.violations() == []


def test_an_upload_is_paused_and_taken_back(console, s3, film):
    film = film.rename(film.with_name("paused.bin"))
    console.open("#/spaces/films")
    begin(console, s3, film)
    console.button("Pause paused.bin").click()
    console.text("Paused")
    before = stored_parts(s3, "paused.bin")
    assert 0 < len(before) < 3
    console.button("Resume paused.bin").click()
    said = console.find("//*[contains(text(), ' left')]").text
    assert re.fullmatch(r"\d+ %, [\d.]+ MB/s, \d+:\d\d left", said), said
    console.button("Cancel paused.bin").click()
    console.text("Cancelled")
    console.wait.until(lambda _: not stored_parts(s3, "paused.bin"))
    throttle(console, -1)
    assert api(console.server, "HEAD", "/durastore/films/paused.bin").status_code == 404
    console.driver.refresh()
    console.find("//h1")
    assert not console.shows("//*[contains(text(), 'Interrupted')]")


def test_a_broken_connection_is_tried_again(console, tmp_path):
    path = tmp_path / "broken.bin"
    path.write_bytes(os.urandom(PART + 1))
    console.open("#/spaces/films")
    console.button("Upload files")
    console.driver.execute_script("""
        const send = XMLHttpRequest.prototype.send;
        XMLHttpRequest.prototype.send = function (body) {
            XMLHttpRequest.prototype.send = send;
            this.dispatchEvent(new ProgressEvent("error"));
        };
    """)
    choose(console, path)
    console.text("Trying again in")
    console.find(DONE.format("broken.bin"))
    assert api(console.server, "GET", "/durastore/films/broken.bin").content == path.read_bytes()
