"""The player's page and its bundle in headless Chromium: sharing, safety, accessibility, and what other sites do with the tag."""

import gzip
import re
import urllib.parse

import pytest
import requests
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from pages import READY, assert_nothing_is_violated, inside, of, prefers, shows, violations
from waiting import becomes

LARGEST = 300_000
"""Bytes of the one file, compressed."""


@pytest.mark.parametrize("by", ["keys", "buttons"])
def test_a_shared_link_plays_the_same_pictures(player, chromium, built, by):
    player("/media/demo/counter.mp4")
    if by == "buttons":
        inside(chromium, "share-button").click()
    for time, key in [(12.5, "i"), (14, "o")]:
        chromium.execute_script("document.querySelector('reelspan-player').currentTime = arguments[0]", time)
        chromium.execute_async_script(READY)
        if by == "keys":
            ActionChains(chromium).send_keys(key).perform()
        else:
            inside(chromium, {"i": "set-start", "o": "set-end"}[key]).click()
    becomes(lambda: of(chromium, "selection"), {"start": 12.5, "end": 14})
    if by == "keys":
        inside(chromium, "share-button").click()
    download = inside(chromium, "download").get_attribute("href")
    assert download == f"{built.media('counter.mp4')}?t=12.5,14"
    assert requests.get(download, timeout=10).headers["x-media-fragment"] == "t=npt:12.5,14"
    inside(chromium, "copy-stream").click()
    stream = inside(chromium, "copied").get_attribute("value")
    assert stream == f"{built.media('counter.mp4')}/~/t=12.5,14/master.m3u8"
    assert requests.get(stream, timeout=10).text.startswith("#EXTM3U")
    inside(chromium, "copy-embed").click()
    assert inside(chromium, "copied").get_attribute("value").startswith(f'<iframe src="{built.url}/player/?src=')
    inside(chromium, "copy-excerpt").click()
    link = inside(chromium, "copied").get_attribute("value")
    chromium.get(link)
    found = chromium.execute_async_script(READY)
    assert found["excerpt"] == {"start": 12.5, "end": 14}
    shows(chromium, 312)
    chromium.execute_script("document.querySelector('reelspan-player').muted = true")
    chromium.execute_script("document.querySelector('reelspan-player').play()")
    becomes(inside(chromium, "excerpt").is_displayed, True)
    shows(chromium, 349)
    inside(chromium, "share-button").click()
    inside(chromium, "copy-now").click()
    now = urllib.parse.urlsplit(inside(chromium, "copied").get_attribute("value"))
    assert urllib.parse.parse_qs(now.query)["src"] == [f"{built.media('counter.mp4')}#t=14"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("src", ["counter.mp4#t=12.5,14&xywh=percent:25,25,50,50", "chapters.m4a", "two-audio.mp4", "formats/sorenson.flv"])
def test_axe_finds_no_violation(player, chromium, root, scheme, src):
    prefers(chromium, scheme)
    assert_nothing_is_violated(chromium, root, scheme, player(f"/media/demo/{src}"))


def begun(driver) -> dict:
    """Waits until a script has put a player on the page, and until that can play."""
    WebDriverWait(driver, 20).until(lambda driver: driver.find_elements(By.TAG_NAME, "reelspan-player"))
    return driver.execute_async_script(READY)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["singleplayer.html", "playlistplayer.html", "viewer.html"])
def test_axe_finds_no_violation_on_pages_of_the_bundle(bundle, chromium, root, scheme, name):
    prefers(chromium, scheme)
    chromium.get(f"{bundle.url}/{name}")
    assert_nothing_is_violated(chromium, root, scheme, begun(chromium))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("query", "said"), [("", "This page plays one recording"), ("?src=https://evil.example.org/a.mp4", "Forbidden")])
def test_axe_finds_no_violation_where_nothing_plays(chromium, built, root, scheme, query, said):
    prefers(chromium, scheme)
    chromium.get(f"{built.url}/player/{query}")
    becomes(lambda: said in chromium.find_element(By.TAG_NAME, "main").text, True)
    assert violations(chromium, root, scheme) == []


def test_a_hostile_title_is_text_and_the_page_keeps_its_policy(player, chromium):
    chromium.get_log("browser")
    title = "<img src=x onerror=document.title='out'>"
    player("/media/demo/counter.mp4", title=title)
    assert inside(chromium, "title").text == title
    assert chromium.title == title
    inside(chromium, "share-button").click()
    inside(chromium, "copy-embed").click()
    assert "<img" not in inside(chromium, "copied").get_attribute("value")
    assert chromium.execute_script("return document.querySelector('reelspan-player').shadowRoot.querySelectorAll('img').length") == 0
    severe = [line for line in chromium.get_log("browser") if line["level"] == "SEVERE" and "favicon" not in line["message"]]
    assert severe == []


def test_media_of_other_hosts_are_refused(built, elsewhere):
    for src in [f"{elsewhere.url}/a.mp4", "//evil.example.org/a.mp4", "/\\evil.example.org/a.mp4", "data:video/mp4,", "javascript:1"]:
        answer = requests.get(f"{built.url}/player/", params={"src": src}, headers={"Accept": "text/html"}, timeout=10)
        assert (answer.status_code, answer.headers["content-type"]) == (403, "text/html; charset=utf-8"), src
    page = requests.get(f"{built.url}/player/", timeout=10)
    assert "unsafe" not in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"


def test_the_one_file_is_small(built):
    script = requests.get(f"{built.url}/player/reelspan-player.js", timeout=10).content
    assert len(gzip.compress(script)) < LARGEST


def test_the_bundle_plays_a_playlist_from_any_server(bundle, chromium):
    chromium.get(f"{bundle.url}/singleplayer.html")
    assert chromium.execute_async_script(READY)["excerpt"] == {"start": 10, "end": 10.5}
    chromium.get(f"{bundle.url}/viewer.html")
    assert begun(chromium)["excerpt"] == {"start": 10, "end": 20}
    assert inside(chromium, "title").text == "A film"
    for playlist in ["playlist.xml", "playlist.json"]:
        text = f'<script type="module" src="viewer.js"></script><div data-reelspan-playlist="{playlist}"></div>'
        bundle.files["/list.html"] = ("text/html", b"<!doctype html>" + text.encode())
        chromium.get(f"{bundle.url}/list.html")
        begun(chromium)
        buttons = [button.text for button in chromium.find_elements(By.CSS_SELECTOR, "li button")]
        assert buttons == ["The counter from second 10 to 20 0:10", "A film with chapters 0:11", "A tone 0:40"]
        chromium.execute_script("document.querySelector('reelspan-player').muted = true; document.querySelector('reelspan-player').play()")
        becomes(lambda: of(chromium, "src").endswith("/chapters.mkv"), True)
        current = chromium.find_element(By.CSS_SELECTOR, "button[aria-current=true]")
        assert current.text == "A film with chapters 0:11"
        # It plays by itself.
        becomes(lambda: of(chromium, "currentTime") > 0.2 and not of(chromium, "paused"), True)


@pytest.mark.parametrize("form", ["json", "xml"])
def test_a_playlist_of_several_pages_is_one_list(bundle, built, chromium, form):
    first = built.media("tone.m4a")
    pages = {
        "json": f'{{"items": [{{"title": "First", "src": "{first}"}}], "more": true, "next": "playlist.json"}}',
        "xml": '<rss xmlns:media="http://search.yahoo.com/mrss/" xmlns:atom="http://www.w3.org/2005/Atom"><channel>'
        f'<atom:link rel="next" href="playlist.xml"/><item><title>First</title><media:content url="{first}"/></item></channel></rss>',
    }
    bundle.files["/first"] = ("text/plain", pages[form].encode())
    text = '<!doctype html><script type="module" src="viewer.js"></script><div data-reelspan-playlist="first"></div>'
    bundle.files["/list.html"] = ("text/html", text.encode())
    chromium.get(f"{bundle.url}/list.html")
    begun(chromium)
    names = [button.text for button in chromium.find_elements(By.CSS_SELECTOR, "li button span")]
    assert names == ["First", "The counter from second 10 to 20", "A film with chapters", "A tone"]


BLOCKED = """
const [foreign, done] = arguments, blocked = [];
document.addEventListener("securitypolicyviolation", ({effectiveDirective}) => {
  blocked.push(effectiveDirective);
  if (blocked.length === 3) done([blocked.sort(), window.broken ?? null]);
});
const add = (name, values) => document.body.append(Object.assign(document.createElement(name), values));
add("script", {src: foreign});
add("script", {textContent: "window.broken = 1"});
add("video", {src: foreign});
"""


def test_scripts_and_media_of_other_hosts_are_blocked_on_the_page(player, chromium, elsewhere):
    elsewhere.files["/evil.js"] = ("text/javascript", b"window.broken = 1")
    player("/media/demo/counter.mp4")
    blocked = chromium.execute_async_script(BLOCKED, f"{elsewhere.url}/evil.js")
    assert blocked == [["media-src", "script-src-elem", "script-src-elem"], None]


def test_it_stands_in_for_a_video(tag, chromium):
    tag("tone.m4a", 'controls loop playsinline poster="/p.png"')
    attributes = "return ['loop', 'muted', 'playsinline', 'poster', 'preload'].map(name => arguments[0].getAttribute(name))"
    assert chromium.execute_script(attributes, inside(chromium, "video")) == ["", "", "", "/p.png", "auto"]
    told = chromium.execute_async_script(
        "const [done] = arguments, player = document.querySelector('reelspan-player'), told = [];"
        "for (const type of ['play', 'seeking', 'seeked', 'ratechange', 'volumechange', 'timeupdate', 'pause'])"
        "  player.addEventListener(type, () => told.includes(type) || told.push(type) < 7 || done(told.sort()));"
        "Object.assign(player, {currentTime: 5, playbackRate: 2, volume: 0.5});"
        "player.play().then(() => player.addEventListener('timeupdate', () => player.pause(), {once: true}));"
    )
    assert told == sorted(["play", "seeking", "seeked", "ratechange", "volumechange", "timeupdate", "pause"])
    assert chromium.execute_script(
        "const player = document.querySelector('reelspan-player'), {video} = player;"
        "return ['currentTime', 'duration', 'playbackRate', 'volume', 'paused', 'loop', 'readyState', 'currentSrc']"
        ".filter(name => player[name] !== video[name])"
    ) == []  # fmt: skip
    assert of(chromium, "duration") == pytest.approx(40, abs=0.1)
    # It plays by itself if it is asked to.
    tag("tone.m4a", "autoplay")
    becomes(lambda: of(chromium, "currentTime") > 0.2, True)


def test_pages_give_it_their_own_looks_and_texts(tag, chromium, root):
    style = "<style>reelspan-player { --reelspan-accent: rgb(9, 8, 7) } reelspan-player::part(title) { color: rgb(1, 2, 3) }</style>"
    tag("counter.mp4", 'controls theme="dark"', more=style)
    computed = "return getComputedStyle(arguments[0])[arguments[1]]"
    assert chromium.execute_script(computed, inside(chromium, "title"), "color") == "rgb(1, 2, 3)"
    assert chromium.execute_script(computed, inside(chromium, "copy-now"), "backgroundColor") == "rgb(9, 8, 7)"
    assert chromium.execute_script(computed, inside(chromium, "frame"), "colorScheme") == "dark"
    chromium.execute_script("document.querySelector('reelspan-player').texts = {share: 'Teilen', keys: {help: 'Diese Hilfe'}}")
    assert inside(chromium, "share-button").get_attribute("aria-label") == "Teilen"
    assert "Diese Hilfe" in inside(chromium, "keys").get_property("textContent")
    assert inside(chromium, "help-button").get_attribute("aria-label") == "Keyboard shortcuts"
    # The parts that the README names are those that there are.
    parts = chromium.execute_script(
        "const {shadowRoot} = document.querySelector('reelspan-player');"
        "return Array.from(shadowRoot.querySelectorAll('[part]'), one => one.getAttribute('part').split(' ')).flat()"
    )
    named = re.search(r"Parts: `([^`]*)`", (root / "web/player/README.md").read_text())[1].split()
    assert set(parts) == set(named)
