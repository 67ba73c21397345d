"""The player in headless Chromium: one tag plays, fragments are understood, links lead to the same pictures, keys work."""

import gzip
import io
import random
import subprocess
import urllib.parse
import zipfile

import pytest
import requests
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

import counter
from pages import PLAYED, READY, shown
from players import times

WIDTH, HEIGHT = 640, 360
"""The player on the test pages, in CSS pixels."""
LARGEST = 300_000
"""Bytes of the one file, compressed."""

TAG = """<!doctype html><meta charset="utf-8"><title>Reelspan</title><style>body {{ margin: 0 }}</style>
<script type="module" src="{script}"></script>
<reelspan-player style="width: {width}px" muted crossorigin="anonymous" preload="auto" {attributes}></reelspan-player>"""

PLAY_TO_PAUSE = """
const [done] = arguments, player = document.querySelector("reelspan-player");
player.addEventListener("excerptended", () => {
  player.addEventListener("seeked", () => requestAnimationFrame(() => requestAnimationFrame(
    () => done({at: player.currentTime, paused: player.paused}))), {once: true});
}, {once: true});
player.play().catch(error => done({error: String(error)}));
"""

SOUNDS = {"English": range(380, 1300), "German": range(3980, 4900)}
"""Hertz of the tones of two-audio.mp4, which rise from second to second."""

LOUDEST = """
const [done] = arguments, {video} = document.querySelector("reelspan-player");
video.muted = false;
window.heard ??= new AudioContext();
const analyser = window.analyser ??= (() => {
  const made = Object.assign(heard.createAnalyser(), {fftSize: 8192, smoothingTimeConstant: 0});
  heard.createMediaElementSource(video).connect(made).connect(heard.destination);
  return made;
})();
video.play().then(() => setTimeout(() => {
  const levels = new Float32Array(analyser.frequencyBinCount);
  analyser.getFloatFrequencyData(levels);
  video.pause();
  done(Math.round(levels.indexOf(Math.max(...levels)) * heard.sampleRate / analyser.fftSize));
}, 600), error => done(String(error)));
"""


def loudest(driver) -> int:
    """The frequency that is loudest in what the player plays, in hertz."""
    return driver.execute_async_script(LOUDEST)


def inside(driver, identifier: str):
    """An element of the player's shadow tree."""
    return driver.find_element(By.TAG_NAME, "reelspan-player").shadow_root.find_element(By.ID, identifier)


def of(driver, name: str):
    """A property of the player."""
    return driver.execute_script("return document.querySelector('reelspan-player')[arguments[0]]", name)


@pytest.fixture(scope="module")
def built(server):
    """The server has pages: `make web` came before the programs were built."""
    if requests.get(f"{server.url}/player/", timeout=10).status_code == 501:
        pytest.skip("the pages were not built: make web, then cargo build")
    return server


@pytest.fixture
def tag(chromium, built, elsewhere):
    """Loads a page of another site with one tag."""

    def load(src: str, attributes: str = "controls"):
        script, source = f"{built.url}/player/reelspan-player.js", f'src="{built.media(src)}"'
        text = TAG.format(script=script, width=WIDTH, attributes=f"{source} {attributes}")
        elsewhere.files["/"] = ("text/html", text.encode())
        chromium.get(f"{elsewhere.url}/")
        return chromium.execute_async_script(READY)

    return load


@pytest.fixture
def page(chromium, built):
    """Loads the server's page for one content."""

    def load(src: str, **parameters: str):
        query = urllib.parse.urlencode({"src": src, "muted": "", **parameters})
        chromium.get(f"{built.url}/player/?{query}")
        return chromium.execute_async_script(READY)

    return load


@pytest.mark.parametrize("name", ["counter.mp4", "counter.webm", "counter.mkv", "counter.mov", "tone.m4a", "formats/vorbis.ogg"])
def test_one_tag_plays_on_any_site(tag, chromium, name):
    found = tag(name)
    assert found["form"]["name"] == "stored", found
    assert chromium.execute_async_script(PLAYED) > 0.3
    assert not of(chromium, "paused")


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("formats/picture.flv", "controls"),
        ("formats/reordered.flv", "controls"),
        # Chromium plays this one itself, too; other browsers do not.
        ("counter.mkv", 'controls form="hls"'),
    ],
)
def test_a_stream_plays_where_the_stored_file_does_not(tag, chromium, name, attributes):
    found = tag(name, attributes)
    assert found["form"] == {"name": "hls", "type": "application/vnd.apple.mpegurl"}, found
    assert found["duration"] == pytest.approx(of(chromium, "about")["duration"], abs=0.1)
    assert chromium.execute_async_script(PLAYED) > 0.3


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("counter.mp4", "hls"),
        ("counter-fragmented.mp4", "hls"),
        ("counter.webm", "hls"),
        ("counter.mkv", "hls"),
        ("counter.mkv", "stored"),
        ("formats/picture.flv", "hls"),
        ("formats/reordered.flv", "hls"),
    ],
)
def test_a_stream_shows_the_picture_of_every_time(tag, chromium, samples, name, form):
    found = tag(name, f'controls form="{form}"')
    assert found["form"]["name"] == form
    pictures = times(samples / name)
    for frame in random.Random(name).sample(range(len(pictures) - 1), 12):
        # The middle of the picture: browsers round its start down.
        time = (pictures[frame] + pictures[frame + 1]) / 2
        chromium.execute_script("document.querySelector('reelspan-player').currentTime = arguments[0]", time)
        assert chromium.execute_async_script(READY)["currentTime"] == pytest.approx(time, abs=0.001)
        assert shown(chromium) == frame, time


def test_a_cut_plays_where_the_stored_file_does_not(tag, chromium):
    # Chromium does not read a compressed movie box.
    found = tag("formats/compressed.mov")
    assert found["form"]["name"] == "cut", found
    assert chromium.execute_async_script(PLAYED) > 0.3


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (
            "formats/sorenson.flv",
            "This browser cannot play video/x-flv, and there is no stream of it: its track 9 (sorenson-h263): "
            "Sorenson H.263 has no place in MP4 that players read.",
        ),
        ("nosuch.mp4", "There is no such media."),
    ],
)
def test_the_player_says_why_nothing_plays(tag, name, why):
    assert tag(name) == {"problem": why}


@pytest.mark.parametrize(
    ("src", "start", "end", "form"),
    [
        ("counter.mp4#t=12.5,14", 12.5, 14, "stored"),
        ("counter.webm#t=00:00:12.5,14", 12.5, 14, "stored"),
        ("counter.mp4#t=smpte-25:0:00:12:12,0:00:14", 12.48, 14, "stored"),
        ("counter.mp4#t=38.9", 38.9, 40, "stored"),
        ("counter.mp4#t=12.5,14", 12.5, 14, "hls"),
        ("counter.mp4#t=smpte-25:0:00:12:12,0:00:14", 12.48, 14, "hls"),
        ("counter.mp4#t=38.9", 38.9, 40, "hls"),
        # Its pictures begin 21 ms after its sound.
        ("formats/picture.flv#t=3.23,5", 3.23, 5, "hls"),
    ],
)
def test_an_excerpt_starts_and_stops_at_its_very_pictures_and_plays_again(tag, chromium, src, start, end, form):
    found = tag(src, f'controls form="{form}"')
    assert found["form"]["name"] == form
    assert found["currentTime"] == pytest.approx(start)
    assert found["excerpt"] == {"start": start, "end": pytest.approx(end, abs=0.01)}
    assert shown(chromium) == int(start * counter.RATE + 0.001)
    if end == 40:
        return
    for _ in range(2):
        stopped = chromium.execute_async_script(PLAY_TO_PAUSE)
        assert stopped == {"at": pytest.approx(end, abs=0.002), "paused": True}
        assert shown(chromium) == end * counter.RATE - 1


def test_an_excerpt_that_ends_with_the_media_plays_again(tag, chromium):
    tag("counter.mp4#t=37")
    chromium.execute_async_script(
        "const [done] = arguments, player = document.querySelector('reelspan-player');"
        "player.addEventListener('excerptended', () => done(), {once: true}); player.play()"
    )
    chromium.execute_script("document.querySelector('reelspan-player').play()")
    WebDriverWait(chromium, 10).until(lambda driver: 37 <= of(driver, "currentTime") < 40 and not of(driver, "seeking"))
    assert chromium.execute_async_script(PLAYED) > 37


def test_the_rest_of_the_media_can_be_reached(tag, chromium):
    tag("counter.mp4#t=12.5,13")
    chromium.execute_async_script(PLAY_TO_PAUSE)
    inside(chromium, "go-on").click()
    WebDriverWait(chromium, 10).until(lambda driver: of(driver, "currentTime") > 13.3)


@pytest.mark.parametrize(
    ("name", "fragment"),
    [
        ("chapters.m4a", "id=song1"),
        ("chapters.mkv", "t=clock:2010-10-22T07:33:57Z,2010-10-22T07:34:01Z"),
        ("chapters.m4a", "id=nosuch"),
        ("counter.mp4", "t=smpte-30:0:00:03"),
    ],
)
def test_the_server_says_what_chapters_and_times_of_day_and_time_codes_mean(tag, built, name, fragment):
    excerpt = tag(f"{name}#{fragment}")["excerpt"]
    given = requests.head(f"{built.media(name)}?{fragment}", timeout=10).headers.get("x-media-fragment")
    if given is None:
        assert excerpt is None
    else:
        start, end = given.removeprefix("t=npt:").split(",")
        assert excerpt == {"start": pytest.approx(float(start)), "end": pytest.approx(float(end), abs=0.03)}


@pytest.mark.parametrize("form", ["stored", "hls"])
def test_a_chapter_begins_at_its_very_picture_in_every_form(tag, form):
    # A cut of Matroska would begin at the sync point before.
    assert tag("chapters.mkv#id=chapter-2", f'controls form="{form}"')["excerpt"] == {"start": 3, "end": 7}


@pytest.mark.parametrize(("form", "kind"), [("hls", "application/vnd.apple.mpegurl"), ("cut", "audio/mp4")])
def test_a_track_is_selected(tag, chromium, form, kind):
    assert tag("two-audio.mp4#track=3", f'controls form="{form}"')["form"] == {"name": form, "type": kind}
    assert of(chromium, "videoWidth") == 0
    assert loudest(chromium) in SOUNDS["German"]


def test_a_name_that_no_track_has_selects_nothing(tag, chromium):
    assert tag("two-audio.mp4#track=nosuch")["form"]["name"] == "hls"
    assert of(chromium, "videoWidth") > 0


def test_one_of_several_sounds_is_chosen_from_a_menu(tag, chromium):
    # Chromium selects no tracks of a file: so a file of several sounds is streamed.
    assert tag("two-audio.mp4#t=2")["form"]["name"] == "hls"
    for name in ["German", "English"]:
        inside(chromium, "audio-button").click()
        items = inside(chromium, "audio-list").find_elements(By.CSS_SELECTOR, "[role=menuitemradio]")
        assert [item.text for item in items] == ["English", "German"]
        next(item for item in items if item.text == name).click()
        assert not inside(chromium, "audio").is_displayed()
        WebDriverWait(chromium, 10).until(lambda driver: loudest(driver) in SOUNDS[name])  # noqa: B023
        inside(chromium, "audio-button").click()
        chosen = inside(chromium, "audio-list").find_element(By.CSS_SELECTOR, "[aria-checked=true]")
        assert chosen.text == name
        assert chosen == chromium.execute_script("return document.querySelector('reelspan-player').shadowRoot.activeElement")
        ActionChains(chromium).send_keys(Keys.ESCAPE).perform()
    assert tag("counter.mp4")["form"]["name"] == "stored"
    assert not inside(chromium, "audio-button").is_displayed()


@pytest.mark.parametrize("name", ["chapters.mkv", "chapters.m4a"])
def test_chapters_are_in_a_menu_and_on_the_bar_and_have_keys(tag, chromium, name):
    tag(name)
    inside(chromium, "chapters-button").click()
    items = inside(chromium, "chapters-list").find_elements(By.CSS_SELECTOR, "[role=menuitemradio]")
    assert [item.text.split("\n") for item in items] == [["Opening", "0:00"], ["song1", "0:03"], ["Ending", "0:07"]]
    assert inside(chromium, "frame").get_property("scrollTop") == 0
    ActionChains(chromium).send_keys(Keys.ARROW_DOWN, Keys.ENTER).perform()
    assert chromium.execute_async_script(READY)["currentTime"] == 3
    for key, time in [("n", 7), ("n", 7), ("b", 3), ("b", 0)]:
        ActionChains(chromium).send_keys(key).perform()
        WebDriverWait(chromium, 5).until(lambda driver: of(driver, "currentTime") == time)  # noqa: B023
    segments = chromium.execute_script(
        "return document.querySelector('reelspan-player').shadowRoot.getElementById('range').shadowRoot.querySelectorAll('rect').length"
    )
    # What follows the last chapter, a fraction of a second, is one more.
    assert segments >= 3


@pytest.mark.parametrize("form", ["stored", "hls"])
def test_pointing_at_the_bar_shows_the_picture_there(tag, chromium, form):
    tag("counter.mp4", f'controls form="{form}"')
    scrub = "document.querySelector('reelspan-player').shadowRoot.getElementById('scrub')"
    for time in [25.5, 9]:
        chromium.execute_script(
            "document.querySelector('reelspan-player').shadowRoot.getElementById('range').dispatchEvent("
            "new CustomEvent('mediapreviewrequest', {detail: arguments[0], bubbles: true, composed: true}))",
            time,
        )
        # The first picture of the segment: some seconds before.
        there = range(int((time - 8) * counter.RATE), int(time * counter.RATE) + 1)
        WebDriverWait(chromium, 10).until(lambda driver: shown(driver, scrub) in there)  # noqa: B023


def test_a_part_of_the_picture_is_highlighted_and_enlarged(tag, chromium):
    # The lower right quarter: the eight lowest bits of the number 312.
    tag("counter.mp4#t=12.5&xywh=160,90,160,90", "")
    box = chromium.execute_script(
        "const {x, y, width, height} = document.querySelector('reelspan-player').shadowRoot.getElementById('area')"
        ".getBoundingClientRect(); return [x, y, width, height]"
    )
    assert box == pytest.approx([WIDTH / 2, HEIGHT / 2, WIDTH / 2, HEIGHT / 2], abs=1)
    for view, blocks in [("highlight", None), ("enlarge", 8), ("whole", 16)]:
        chromium.execute_script("document.querySelector('reelspan-player').areaView = arguments[0]", view)
        if blocks is None:
            continue
        chromium.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
        png = chromium.find_element(By.TAG_NAME, "reelspan-player").screenshot_as_png
        size = f"scale={WIDTH}:{HEIGHT},format=gray"
        command = ["ffmpeg", "-loglevel", "error", "-i", "-", "-vf", size, "-f", "rawvideo", "-"]
        gray = subprocess.run(command, input=png, capture_output=True, check=True).stdout
        row, wide = HEIGHT - 30, WIDTH // blocks
        bits = [gray[row * WIDTH + wide * block + wide // 2] > 128 for block in range(blocks)]
        assert sum(bit << place for place, bit in enumerate(reversed(bits))) == 312 & (1 << blocks) - 1, view


@pytest.mark.parametrize(
    ("key", "name", "expected"),
    [
        ("k", "paused", False),
        (Keys.ARROW_LEFT, "currentTime", 15),
        (Keys.ARROW_RIGHT, "currentTime", 25),
        ("j", "currentTime", 10),
        ("l", "currentTime", 30),
        (",", "currentTime", 19.96),
        (".", "currentTime", 20.04),
        (Keys.HOME, "currentTime", 0),
        (Keys.END, "currentTime", 40),
        ("7", "currentTime", 28),
        ("m", "muted", False),
        (Keys.ARROW_DOWN, "volume", 0.9),
        ("<", "playbackRate", 0.75),
        (">", "playbackRate", 1.25),
        ("i", "selection", {"start": 20}),
        ("o", "selection", {"end": 20}),
        ("z", "areaView", "enlarge"),
    ],
)
def test_every_key_does_what_the_help_says(loaded, key, name, expected):
    driver = loaded
    driver.execute_script(
        "Object.assign(document.querySelector('reelspan-player'), {currentTime: 20, muted: true, volume: 1, playbackRate: 1,"
        " selection: {}, areaView: 'highlight'}); document.querySelector('reelspan-player').pause()"
    )
    driver.execute_async_script(READY)
    ActionChains(driver).send_keys(key).perform()

    def reached(driver):
        found = of(driver, name)
        if isinstance(found, dict):
            found = {key: value for key, value in found.items() if value is not None}
        return found == (pytest.approx(expected, abs=0.02) if isinstance(expected, float | int | dict) else expected)

    WebDriverWait(driver, 5).until(reached)


@pytest.fixture
def loaded(chromium, page, built):
    """The page, loaded once for all keys."""
    if "xywh" not in chromium.current_url or built.url not in chromium.current_url:
        page("/media/demo/counter.mp4#xywh=160,90,160,90")
    chromium.find_element(By.TAG_NAME, "reelspan-player").shadow_root.find_element(By.ID, "controller")
    chromium.execute_script("document.querySelector('reelspan-player').focus()")
    return chromium


def test_panels_open_and_close_by_keys_and_the_focus_returns(loaded):
    driver = loaded
    for key, panel in [("?", "help"), ("s", "share")]:
        before = driver.execute_script("return document.querySelector('reelspan-player').shadowRoot.activeElement?.localName")
        ActionChains(driver).send_keys(key).perform()
        assert inside(driver, panel).is_displayed()
        assert driver.execute_script(
            "const root = document.querySelector('reelspan-player').shadowRoot;"
            "return root.getElementById(arguments[0]).contains(root.activeElement)",
            panel,
        )
        ActionChains(driver).send_keys(Keys.ESCAPE).perform()
        assert not inside(driver, panel).is_displayed()
        after = driver.execute_script("return document.querySelector('reelspan-player').shadowRoot.activeElement?.localName")
        assert after == before


def test_a_shared_link_plays_the_same_pictures(page, chromium, built):
    page("/media/demo/counter.mp4")
    for time, key in [(12.5, "i"), (14, "o")]:
        chromium.execute_script("document.querySelector('reelspan-player').currentTime = arguments[0]", time)
        chromium.execute_async_script(READY)
        ActionChains(chromium).send_keys(key).perform()
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
    assert shown(chromium) == 312
    chromium.execute_script("document.querySelector('reelspan-player').muted = true")
    chromium.execute_async_script(PLAY_TO_PAUSE)
    assert shown(chromium) == 349
    inside(chromium, "share-button").click()
    inside(chromium, "copy-now").click()
    now = urllib.parse.urlsplit(inside(chromium, "copied").get_attribute("value"))
    assert urllib.parse.parse_qs(now.query)["src"] == [f"{built.media('counter.mp4')}#t=14"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("src", ["counter.mp4#t=12.5,14&xywh=percent:25,25,50,50", "chapters.m4a", "two-audio.mp4", "formats/sorenson.flv"])
def test_axe_finds_no_violation(page, chromium, root, scheme, src):
    feature = [{"name": "prefers-color-scheme", "value": scheme}]
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": feature})
    found = page(f"/media/demo/{src}")
    chromium.execute_script((root / "web/node_modules/axe-core/axe.min.js").read_text())
    for panel in [None, "share-button", "help-button", "audio-button", "chapters-button"]:
        if panel and "problem" not in found and inside(chromium, panel).is_displayed():
            chromium.execute_script("arguments[0].click()", inside(chromium, panel))
        result = chromium.execute_async_script("axe.run().then(arguments[0])")
        broken = [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in result["violations"]]
        assert broken == [], panel
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_a_hostile_title_is_text_and_the_page_keeps_its_policy(page, chromium):
    chromium.get_log("browser")
    title = "<img src=x onerror=document.title='out'>"
    page("/media/demo/counter.mp4", title=title)
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


def test_the_bundle_plays_a_playlist_from_any_server(built, elsewhere, chromium):
    kinds = {"html": "text/html", "js": "text/javascript", "xml": "application/xml", "json": "application/json", "txt": "text/plain"}
    bundle = zipfile.ZipFile(io.BytesIO(requests.get(f"{built.url}/player/bundle.zip", timeout=10).content))
    assert bundle.testzip() is None
    for name in bundle.namelist():
        text = bundle.read(name).replace(b"http://127.0.0.1:8080", built.url.encode())
        text = text.replace(b"#t=10,20", b"#t=10,10.5")
        elsewhere.files["/" + name.split("/", 1)[1]] = (kinds.get(name.rsplit(".")[-1], "text/plain"), text)
    chromium.get(f"{elsewhere.url}/singleplayer.html")
    assert chromium.execute_async_script(READY)["excerpt"] == {"start": 10, "end": 10.5}
    for playlist in ["playlist.xml", "playlist.json"]:
        text = f'<script type="module" src="viewer.js"></script><div data-reelspan-playlist="{playlist}"></div>'
        elsewhere.files["/list.html"] = ("text/html", b"<!doctype html>" + text.encode())
        chromium.get(f"{elsewhere.url}/list.html")
        wait = WebDriverWait(chromium, 10)
        wait.until(lambda driver: driver.find_elements(By.TAG_NAME, "reelspan-player"))
        chromium.execute_async_script(READY)
        chromium.execute_script("document.querySelector('reelspan-player').muted = true; document.querySelector('reelspan-player').play()")
        wait.until(lambda driver: of(driver, "src").endswith("/chapters.mkv"))
        current = chromium.find_element(By.CSS_SELECTOR, "button[aria-current=true]")
        assert current.text == "A film with chapters"
