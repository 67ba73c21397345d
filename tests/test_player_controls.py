"""The controls of the player in headless Chromium: by mouse and by keyboard, menus and panels, other devices, and what screen
readers are told."""

import subprocess

import pytest
import requests
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

import counter
import server as servers
from pages import READY, hears, inside, of, shown
from waiting import becomes

SOUNDS = {"English": range(380, 1300), "German": range(3980, 4900)}
"""Hertz of the tones of two-audio.mp4, which rise from second to second."""

RESET = """
const player = document.querySelector("reelspan-player");
Object.assign(player, {currentTime: 20, muted: true, volume: 1, playbackRate: 1, selection: {}, areaView: "highlight"});
player.pause();
"""


def test_one_of_several_sounds_is_chosen_from_a_menu(tag, chromium):
    # Chromium selects no tracks of a file: so a file of several sounds is streamed.
    assert tag("two-audio.mp4#t=2")["form"]["name"] == "hls"
    for name in ["German", "English"]:
        inside(chromium, "audio-button").click()
        items = inside(chromium, "audio-list").find_elements(By.CSS_SELECTOR, "[role=menuitemradio]")
        assert [item.text for item in items] == ["English", "German"]
        next(item for item in items if item.text == name).click()
        assert not inside(chromium, "audio").is_displayed()
        hears(chromium, SOUNDS[name])
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
    becomes(lambda: of(chromium, "currentTime"), 3)
    for key, time in [("n", 7), ("n", 7), ("b", 3), ("b", 0)]:
        ActionChains(chromium).send_keys(key).perform()
        becomes(lambda: of(chromium, "currentTime"), time)
    segments = "return arguments[0].shadowRoot.querySelectorAll('rect').length"
    # What follows the last chapter, a fraction of a second, is one more.
    becomes(lambda: chromium.execute_script(segments, inside(chromium, "range")), range(3, 5))


@pytest.mark.parametrize("form", ["stored", "hls"])
def test_pointing_at_the_bar_shows_the_picture_there(tag, chromium, form):
    tag("counter.mp4", f'controls form="{form}"')
    scrub = "document.querySelector('reelspan-player').shadowRoot.getElementById('scrub')"
    for time in [25.5, 9]:
        bar = inside(chromium, "range")
        ActionChains(chromium).move_to_element_with_offset(bar, round(bar.size["width"] * (time / 40 - 0.5)), 0).perform()
        # The first picture of the segment: some seconds before.
        there = range(int((time - 8) * counter.RATE), int((time + 0.5) * counter.RATE))
        becomes(lambda: shown(chromium, scrub), there)


@pytest.fixture
def loaded(chromium, player, built):
    """The page, loaded once for all keys."""
    if "xywh" not in chromium.current_url or built.url not in chromium.current_url:
        player("/media/demo/counter.mp4#xywh=160,90,160,90")
    chromium.execute_script("document.querySelector('reelspan-player').focus()")
    return chromium


@pytest.mark.parametrize(
    ("key", "name", "expected"),
    [
        ("k", "paused", False),
        (Keys.SPACE, "paused", False),
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
    driver.execute_script(RESET)
    driver.execute_async_script(READY)
    ActionChains(driver).send_keys(key).perform()

    def reached(driver):
        found = of(driver, name)
        if isinstance(found, dict):
            found = {key: value for key, value in found.items() if value is not None}
        return found == (pytest.approx(expected, abs=0.02) if isinstance(expected, float | int | dict) else expected)

    WebDriverWait(driver, 20).until(reached)


def focused(driver) -> str | None:
    """What has the focus in the player's shadow tree."""
    script = "const {activeElement} = document.querySelector('reelspan-player').shadowRoot; return activeElement?.id"
    return driver.execute_script(script)


@pytest.mark.parametrize(("key", "panel", "first"), [("?", "help", "keys-box"), ("s", "share", "copy-now")])
def test_panels_open_and_close_by_keys_and_the_focus_returns(loaded, key, panel, first):
    before = focused(loaded)
    ActionChains(loaded).send_keys(key).perform()
    becomes(lambda: (inside(loaded, panel).is_displayed(), focused(loaded)), (True, first))
    ActionChains(loaded).send_keys(Keys.ESCAPE).perform()
    becomes(lambda: (inside(loaded, panel).is_displayed(), focused(loaded)), (False, before))


@pytest.mark.parametrize(("key", "said"), [
    ("m", "Unmuted"), (Keys.ARROW_UP, "Volume 100 %"), (">", "Speed 1.25"), ("i", "Excerpt starts at 0:20.0"),
    ("o", "Excerpt ends at 0:20.0"), ("z", "Enlarge the part"), ("c", "There are no captions"), ("a", "There is one sound only"),
    ("h", "There are no chapters"), ("n", "There are no chapters"), ("d", "There is no other device to play on"), ("k", "Playing"),
])  # fmt: skip
def test_screen_readers_are_told_of_what_changes(loaded, key, said):
    loaded.execute_script(RESET + "player.shadowRoot.getElementById('live').textContent = ''")
    loaded.execute_async_script(READY)
    ActionChains(loaded).send_keys(key).perform()
    becomes(lambda: inside(loaded, "live").get_property("textContent"), said)


def full(driver) -> bool:
    return driver.execute_script("return document.fullscreenElement !== null")


def test_keys_show_it_on_the_whole_screen_and_play_the_excerpt_again(tag, chromium):
    tag("counter.mp4#t=12.5,13")
    chromium.execute_script("document.querySelector('reelspan-player').focus()")
    for expected in (True, False):
        ActionChains(chromium).send_keys("f").perform()
        becomes(lambda: full(chromium), expected)
    chromium.execute_script("document.querySelector('reelspan-player').currentTime = 30")
    chromium.execute_async_script(READY)
    ActionChains(chromium).send_keys("r").perform()
    becomes(lambda: 12.5 <= of(chromium, "currentTime") <= 13, True)
    # It stops at its end.
    becomes(lambda: (of(chromium, "paused"), inside(chromium, "excerpt").is_displayed()), (True, True))


def in_a_window(driver) -> bool:
    """Whether the picture is shown in a window of its own."""
    return driver.execute_script("return document.pictureInPictureElement !== null")


def test_a_key_shows_the_picture_in_a_window_of_its_own(loaded):
    if not loaded.execute_script("return document.pictureInPictureEnabled"):
        pytest.skip("this browser has no picture in picture")
    for expected in (True, False):
        ActionChains(loaded).send_keys("p").perform()
        becomes(lambda: in_a_window(loaded), expected)


@pytest.fixture(scope="module", params=["mp4", "mkv", "ts"])
def described(built, samples, request, tmp_path_factory):
    """A film with a sound that describes the pictures."""
    name = f"described.{request.param}"
    made = tmp_path_factory.mktemp("described") / name
    maps = ["-map", "0:v", "-map", "0:a:0", "-map", "0:a:1", "-c", "copy", "-disposition:a:1", "visual_impaired+descriptions"]
    subprocess.run(["ffmpeg", "-v", "error", "-i", samples / "two-audio.mp4", *maps, made], check=True)
    built.s3().put_object(Bucket=servers.BUCKET, Key=f"demo/{name}", Body=made.read_bytes())
    becomes(lambda: requests.get(f"{built.media(name)}/~/master.m3u8", timeout=10).status_code, 200)
    return name


def test_a_sound_that_describes_the_pictures_is_labelled(tag, chromium, built, described):
    stream = f"{built.media(described)}/~/"
    sounds = [line for line in requests.get(stream + "master.m3u8", timeout=10).text.splitlines() if "TYPE=AUDIO" in line]
    assert ['CHARACTERISTICS="public.accessibility.describes-video"' in sound for sound in sounds] == [False, True]
    manifest = requests.get(stream + "manifest.mpd", timeout=10)
    # A transport stream has none.
    if not described.endswith(".ts"):
        sets = manifest.text.split("<AdaptationSet ")
        purposes = {one.partition('lang="')[2][:2]: "AudioPurposeCS:2007" in one for one in sets if 'contentType="audio"' in one}
        assert purposes == {"en": False, "de": True}
    tag(described)
    inside(chromium, "audio-button").click()
    items = inside(chromium, "audio-list").find_elements(By.CSS_SELECTOR, "[role=menuitemradio]")
    assert [item.text for item in items] == ["English", "German, describes the pictures"]
    items[1].click()
    hears(chromium, SOUNDS["German"])


def control(driver, selector: str):
    """A control of the player."""
    return driver.find_element(By.TAG_NAME, "reelspan-player").shadow_root.find_element(By.CSS_SELECTOR, selector)


def test_every_control_works_by_mouse(tag, chromium):
    tag("chapters.mkv#xywh=percent:50,50,50,50")

    def click(selector: str, name: str, expected):
        control(chromium, selector).click()
        becomes(lambda: of(chromium, name), expected)

    def click_at(selector: str, part: float):
        """Clicks at a part of a bar's width."""
        bar = control(chromium, selector)
        ActionChains(chromium).move_to_element_with_offset(bar, round(bar.size["width"] * (part - 0.5)), 0).click().perform()

    click("#big", "paused", False)
    click("media-play-button", "paused", True)
    assert not inside(chromium, "big").is_displayed()
    click("media-mute-button", "muted", False)
    click("media-mute-button", "muted", True)
    click_at("media-volume-range", 0.5)
    becomes(lambda: 0.2 < of(chromium, "volume") < 0.8, True)
    click_at("media-time-range", 0.5)
    becomes(lambda: 4.5 < of(chromium, "currentTime") < 6.5, True)
    click("media-playback-rate-button", "playbackRate", 1.25)
    click("#area-button", "areaView", "enlarge")
    click("#area-button", "areaView", "whole")
    click("#area-button", "areaView", "highlight")
    for panel in ("share", "help"):
        control(chromium, f"#{panel}-button").click()
        becomes(inside(chromium, panel).is_displayed, True)
        control(chromium, f"#{panel} [data-close]").click()
        becomes(inside(chromium, panel).is_displayed, False)
    control(chromium, "#chapters-button").click()
    control(chromium, "#chapters-list button:nth-child(2)").click()
    becomes(lambda: of(chromium, "currentTime"), 3)
    for expected in (True, False):
        control(chromium, "media-fullscreen-button").click()
        becomes(lambda: full(chromium), expected)
    # It is there where the browser has it, and then shows the picture in a window of its own.
    if chromium.execute_script("return document.pictureInPictureEnabled"):
        control(chromium, "media-pip-button").click()
        becomes(lambda: in_a_window(chromium), True)
        chromium.execute_script("document.exitPictureInPicture()")


def test_the_tabulator_reaches_every_control_in_its_order(tag, chromium):
    tag("chapters.mkv#xywh=percent:50,50,50,50", more="<button id='behind'>Behind</button>")
    chromium.execute_script("document.querySelector('reelspan-player').focus()")
    name = (
        "const {activeElement: found} = document.querySelector('reelspan-player').shadowRoot;return found && (found.id || found.localName)"
    )
    reached = [chromium.execute_script(name)]
    while reached[-1] is not None and len(reached) < 40:
        ActionChains(chromium).send_keys(Keys.TAB).perform()
        reached.append(chromium.execute_script(name))
    controls = (
        "controller range media-play-button media-mute-button media-volume-range area-button chapters-button media-playback-rate-button"
    )
    controls += " share-button help-button media-pip-button media-fullscreen-button"
    if not chromium.execute_script("return document.pictureInPictureEnabled"):
        controls = controls.replace(" media-pip-button", "")
    assert [one for one in reached if one] == controls.split()
    # A button is pressed by the keys that press buttons, and keeps them from being shortcuts.
    chromium.execute_script("arguments[0].focus()", control(chromium, "media-mute-button"))
    for key, expected in [(Keys.ENTER, False), (Keys.SPACE, True)]:
        ActionChains(chromium).send_keys(key).perform()
        becomes(lambda: of(chromium, "muted"), expected)
    assert of(chromium, "paused")


REMOTE = """
class Remote extends EventTarget {
  state = "disconnected";
  watchAvailability(told) { told(true); return Promise.resolve(1); }
  async prompt() {
    this.state = this.state === "connected" ? "disconnected" : "connected";
    this.dispatchEvent(new Event(this.state === "connected" ? "connect" : "disconnect"));
  }
}
const remotes = new WeakMap(), of = one => remotes.get(one) ?? remotes.set(one, new Remote()).get(one);
Object.defineProperty(HTMLMediaElement.prototype, "remote", {configurable: true, get() { return of(this); }});
"""
"""A browser with a television in reach."""

AIRPLAY = """
window.WebKitPlaybackTargetAvailabilityEvent = class extends Event {};
HTMLMediaElement.prototype.webkitShowPlaybackTargetPicker = () => { window.picking = true; };
"""
"""What Safari has for AirPlay."""


@pytest.fixture
def browser_with(chromium):
    """Gives pages something that this browser does not have."""
    given = []

    def give(script: str):
        given.append(chromium.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": script})["identifier"])

    yield give
    for identifier in given:
        chromium.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", {"identifier": identifier})


def test_another_device_plays_by_button_and_key_and_is_told_of(tag, chromium, browser_with):
    browser_with(REMOTE)
    tag("counter.mp4")
    button = inside(chromium, "remote-button")
    becomes(button.is_displayed, True)
    button.click()
    said = lambda: (button.get_attribute("aria-pressed"), inside(chromium, "live").get_property("textContent"))  # noqa: E731
    becomes(said, ("true", "Playing on another device"))
    ActionChains(chromium).send_keys("d").perform()
    becomes(said, ("false", "Playing here"))


def test_airplay_has_its_button_where_there_is_a_device(tag, chromium, browser_with):
    browser_with(REMOTE + AIRPLAY)
    tag("counter.mp4", 'controls form="stored"')
    button = control(chromium, "media-airplay-button")
    for availability in ("not-available", "available"):
        chromium.execute_script(
            "const event = Object.assign(new Event('webkitplaybacktargetavailabilitychanged'), {availability: arguments[0]});"
            "document.querySelector('reelspan-player').video.dispatchEvent(event)",
            availability,
        )
        becomes(button.is_displayed, availability == "available")
    # One button is enough.
    assert not inside(chromium, "remote-button").is_displayed()
    button.click()
    becomes(lambda: chromium.execute_script("return window.picking"), True)
