"""Headless Chromium plays cuts, begins at the requested picture, and ends where it should."""

import urllib.parse

import pytest
from selenium.webdriver.support.wait import WebDriverWait

import counter
from browser import LOAD, PLAY, shows
from pages import prefers, violations

PLAY_TO_PAUSE = """
const [done] = arguments, video = document.querySelector("video");
video.onpause = () => done({ended: video.ended, at: video.currentTime});
video.onerror = () => done({error: video.error.message});
video.play().catch(error => done({error: String(error)}));
"""

SEEK = """
const [time, done] = arguments, video = document.querySelector("video");
video.onseeked = () => done(video.currentTime);
video.currentTime = time;
"""


@pytest.fixture
def video(chromium, page, server):
    """Loads a fragment into a fresh page's player."""

    def load(name: str, query: str):
        chromium.get(page)
        assert chromium.execute_async_script(LOAD, f"{server.media(name)}?{query}") == "loaded"
        return chromium

    return load


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
    shows(driver, first)
    played = driver.execute_async_script(PLAY)
    assert played.get("ended"), played
    assert played["duration"] == pytest.approx(end - start, abs=0.1)
    assert played["at"] == pytest.approx(end - start, abs=0.1)
    shows(driver, first + round((end - start) * counter.RATE) - 1)


# Pictures of this file are 7 ms late, so that the one that begins a group at 16 s is shown from 16.007 s on.
@pytest.mark.parametrize(("start", "end", "first"), [(12.48, 14, 300), (0, 1, 0), (16, 17, 300)])
def test_a_webm_begins_at_the_sync_point_before(video, start, end, first):
    driver = video("counter.webm", f"t={start},{end}")
    shows(driver, first)
    played = driver.execute_async_script(PLAY)
    assert played.get("ended"), played
    assert played["duration"] == pytest.approx(end - first / counter.RATE, abs=0.1)


# The browser handles a hash by itself, with byte ranges of the original.
@pytest.mark.parametrize(("name", "first"), [("counter.mp4", 312), ("counter-fragmented.mp4", 310), ("counter.webm", 312)])
def test_a_hash_is_played_by_the_browser(chromium, page, server, name, first):
    chromium.get(page)
    assert chromium.execute_async_script(LOAD, f"{server.media(name)}#t=12.5,14") == "loaded"
    assert chromium.execute_script("return document.querySelector('video').currentTime") == pytest.approx(12.5)
    shows(chromium, first)
    paused = chromium.execute_async_script(PLAY_TO_PAUSE)
    assert paused == {"ended": False, "at": pytest.approx(14, abs=0.5)}


def test_the_validators_page_shows_what_a_uri_means(chromium, server, root):
    chromium.get(f"{server.url}/validate?uri=" + urllib.parse.quote(f"{server.media('counter.mp4')}?t=3,7#t=7,3", safe=""))
    wait = WebDriverWait(chromium, 20)
    wait.until(lambda driver: "It is a media fragment URI" in driver.find_element("id", "report").text)
    text = chromium.find_element("id", "report").text
    assert "t=npt:3,7" in text and "a new file: 3 s to 7 s" in text and "Range: t:npt=3-7" in text
    assert "the start is not before the end (at 1)" in text
    for scheme in ("light", "dark"):
        prefers(chromium, scheme)
        assert violations(chromium, root, scheme) == [], scheme
    # It plays what it shows, and no text of a URI becomes markup.
    wait.until(lambda driver: driver.execute_script("return document.querySelector('video').duration") == pytest.approx(4, abs=0.1))
    chromium.get(f"{server.url}/validate?uri=" + urllib.parse.quote("a.mp4#t=<img src=x onerror=document.title='out'>", safe=""))
    wait.until(lambda driver: "not a media fragment URI" in driver.find_element("id", "report").text)
    assert chromium.find_elements("css selector", "#report img") == []
    severe = [line for line in chromium.get_log("browser") if line["level"] == "SEVERE" and "favicon" not in line["message"]]
    assert severe == []


def test_a_cut_can_be_sought_in(video):
    driver = video("counter.mp4", "t=12.48,20")
    for time in (5.0, 1.0, 7.2):
        assert driver.execute_async_script(SEEK, time + 0.02) == pytest.approx(time + 0.02)
        shows(driver, 312 + round(time * counter.RATE))
