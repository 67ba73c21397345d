"""The player in headless Chromium: one tag plays every format in the form that the browser can play, and understands fragments."""

import random
import re
import subprocess

import pytest
import requests
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

import counter
import server as servers
from pages import HEIGHT, PLAYED, READY, WIDTH, hears, inside, of, shows
from players import due, times
from waiting import becomes

PLAY_TO_PAUSE = """
const [done] = arguments, player = document.querySelector("reelspan-player");
player.addEventListener("excerptended", () => {
  player.addEventListener("seeked", () => requestAnimationFrame(() => requestAnimationFrame(
    () => done({at: player.currentTime, paused: player.paused}))), {once: true});
}, {once: true});
player.play().catch(error => done({error: String(error)}));
"""

PLAYED_FORMATS = 46
"""How many of the samples play. The others have codecs that no browser has, or streams that would need their samples in one piece."""

EACH = """
const [base, names, done] = arguments, found = {};
const until = (met, what) => new Promise((resolve, reject) => {
  const end = performance.now() + 25000;
  const look = () => met() ? resolve() : performance.now() > end ? reject(new Error(what)) : setTimeout(look, 20);
  look();
});
const play = async (player, name) => {
  const problem = player.shadowRoot.getElementById("problem");
  player.src = base + name;
  await until(() => !problem.hidden || player.form && player.readyState >= 2, `${name} does not come`);
  if (!problem.hidden) return {problem: player.shadowRoot.getElementById("problem-text").textContent};
  await player.play();
  await until(() => player.currentTime > 0.2 || player.ended, `${name} does not play`);
  player.pause();
  return {form: player.form.name};
};
const work = async player => {
  for (let name = names.pop(); name; name = names.pop()) found[name] = await play(player, name);
};
Promise.all(Array.from(document.querySelectorAll("reelspan-player"), work)).then(() => done(found), error => done(String(error)));
"""


def painted(driver, blocks: int) -> int:
    """The number that the last blocks of the counter show, as they are painted over the player's width."""
    png = driver.find_element(By.TAG_NAME, "reelspan-player").screenshot_as_png
    size = f"scale={WIDTH}:{HEIGHT},format=gray"
    command = ["ffmpeg", "-loglevel", "error", "-i", "-", "-vf", size, "-f", "rawvideo", "-"]
    gray = subprocess.run(command, input=png, capture_output=True, check=True).stdout
    row, wide = HEIGHT - 30, WIDTH // blocks
    bits = [gray[row * WIDTH + wide * block + wide // 2] > 128 for block in range(blocks)]
    return sum(bit << place for place, bit in enumerate(reversed(bits)))


def test_every_format_plays_from_one_tag_in_some_form_or_the_player_says_why_not(tag, chromium, built, samples):
    more = "<reelspan-player muted crossorigin='anonymous' preload='auto'></reelspan-player>" * 3
    tag("counter.mp4", more=more)
    names = sorted(path.relative_to(samples).as_posix() for path in samples.rglob("*") if path.is_file())
    chromium.set_script_timeout(90)
    found = chromium.execute_async_script(EACH, built.media(""), names)
    chromium.set_script_timeout(30)
    assert found.keys() == set(names)
    for name, played in found.items():
        if "problem" not in played:
            continue
        # The server's own words if there is no stream; else it has codecs that this browser does not decode.
        stream = requests.get(f"{built.media(name)}/~/about.json", timeout=10).json()["forms"]["hls"]
        why = f", and there is no stream of it: {stream['unavailable']}." if "unavailable" in stream else "."
        assert re.fullmatch(rf"This browser cannot play [a-z0-9/.-]+{re.escape(why)}", played["problem"]), (name, played)
        assert "unavailable" in stream or "hvc1" in stream["codecs"], name
    assert sum("form" in played for played in found.values()) >= PLAYED_FORMATS


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
        shows(chromium, frame)


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
    shows(chromium, int(start * counter.RATE + 0.001))
    if end == 40:
        return
    for _ in range(2):
        stopped = chromium.execute_async_script(PLAY_TO_PAUSE)
        assert stopped == {"at": pytest.approx(end, abs=0.002), "paused": True}
        shows(chromium, end * counter.RATE - 1)


@pytest.mark.parametrize(
    ("rate", "code", "start", "picture"),
    [
        ("30", "smpte-30:0:00:12:15", 12.5, 375),
        # The first two numbers of a minute are dropped: this is the picture after 0:00:59:29.
        ("30000/1001", "smpte-30-drop:0:01:00:02", 60.06, 1800),
    ],
)
def test_a_time_code_names_a_picture_at_the_rate_of_the_film(tag, chromium, built, samples, tmp_path, rate, code, start, picture):
    name = f"{code.partition(':')[0]}.mp4"
    # All pictures of the counter, again and again.
    shown = ["-stream_loop", "1", "-r", rate, "-i", samples / "counter.mp4", "-an", "-frames:v", str(picture + 30)]
    subprocess.run(["ffmpeg", "-v", "error", *shown, "-preset", "ultrafast", "-g", "30", tmp_path / name], check=True)
    built.s3().put_object(Bucket=servers.BUCKET, Key=f"demo/{name}", Body=(tmp_path / name).read_bytes())
    becomes(lambda: requests.get(f"{built.media(name)}/~/about.json", timeout=10).status_code, 200)
    for form in ("stored", "hls"):
        found = tag(f"{name}#t={code}", f'controls form="{form}"')
        assert (found["form"]["name"], found["currentTime"]) == (form, pytest.approx(start))
        shows(chromium, picture % (counter.RATE * 40))


@pytest.mark.parametrize("form", ["stored", "hls", "cut"])
def test_an_excerpt_sounds_as_its_seconds_do(tag, chromium, form):
    assert tag("counter.mp4#t=12.2,14", f'controls form="{form}"')["form"]["name"] == form
    hears(chromium, range(counter.frequency(12) - 8, counter.frequency(13) + 8))


def test_an_excerpt_that_ends_with_the_media_plays_again(tag, chromium):
    tag("counter.mp4#t=37")
    chromium.execute_async_script(
        "const [done] = arguments, player = document.querySelector('reelspan-player');"
        "player.addEventListener('excerptended', () => done(), {once: true}); player.play()"
    )
    chromium.execute_script("document.querySelector('reelspan-player').play()")
    WebDriverWait(chromium, 20).until(lambda driver: 37 <= of(driver, "currentTime") < 40 and not of(driver, "seeking"))
    assert chromium.execute_async_script(PLAYED) > 37


def test_the_rest_of_the_media_can_be_reached(tag, chromium):
    tag("counter.mp4#t=12.5,13")
    chromium.execute_async_script(PLAY_TO_PAUSE)
    inside(chromium, "go-on").click()
    WebDriverWait(chromium, 20).until(lambda driver: of(driver, "currentTime") > 13.3)


@pytest.mark.parametrize(
    ("name", "fragment"),
    [
        ("chapters.m4a", "id=song1"),
        ("chapters.m4a", "id=nosuch"),
        ("counter.mp4", "t=smpte-30:0:00:03"),
    ],
)
def test_chapters_and_time_codes_mean_what_the_server_says(tag, built, name, fragment):
    excerpt = tag(f"{name}#{fragment}")["excerpt"]
    given = requests.head(f"{built.media(name)}?{fragment}", timeout=10).headers.get("x-media-fragment")
    if given is None:
        assert excerpt is None
    else:
        start, end = given.removeprefix("t=npt:").split(",")
        assert excerpt == {"start": pytest.approx(float(start)), "end": pytest.approx(float(end), abs=0.03)}


@pytest.mark.parametrize("form", ["stored", "hls"])
@pytest.mark.parametrize(
    ("fragment", "start", "end"), [("id=chapter-2", 3, 7), ("t=clock:2010-10-22T07:33:57Z,2010-10-22T07:34:01Z", 4, 8)]
)
def test_chapters_and_times_of_day_begin_at_their_very_pictures(tag, chromium, samples, form, fragment, start, end):
    # A cut of Matroska would begin at the sync point before.
    assert tag(f"chapters.mkv#{fragment}", f'controls form="{form}"')["excerpt"] == {"start": start, "end": end}
    shows(chromium, due(samples / "chapters.mkv", start + 0.001))


@pytest.mark.parametrize(("form", "kind"), [("hls", "application/vnd.apple.mpegurl"), ("cut", "audio/mp4")])
def test_a_track_is_selected(tag, chromium, form, kind):
    assert tag("two-audio.mp4#track=3", f'controls form="{form}"')["form"] == {"name": form, "type": kind}
    assert of(chromium, "videoWidth") == 0
    # The German tone rises from 4 kHz on.
    hears(chromium, range(3980, 4900))


def test_a_name_that_no_track_has_selects_nothing(tag, chromium):
    assert tag("two-audio.mp4#track=nosuch")["form"]["name"] == "hls"
    assert of(chromium, "videoWidth") > 0


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
        if blocks is not None:
            number = 312 & (1 << blocks) - 1
            WebDriverWait(chromium, 10).until(lambda driver: painted(driver, blocks) == number, view)  # noqa: B023


@pytest.mark.parametrize("xywh", ["160,90,160,90", "percent:50,50,50,50"])
def test_a_part_is_the_same_in_pixels_and_in_percent(tag, chromium, xywh):
    tag(f"counter.mp4#xywh={xywh}", "")
    script = "const {x, y, width, height} = arguments[0].getBoundingClientRect(); return [x, y, width, height].map(Math.round)"
    becomes(lambda: chromium.execute_script(script, inside(chromium, "area")), [WIDTH // 2, HEIGHT // 2, WIDTH // 2, HEIGHT // 2])


def test_the_fragment_of_the_page_drives_its_player(chromium, built):
    chromium.get(f"{built.url}/player/?muted&src=/media/demo/counter.mp4%23t=1,2#t=12.5,14")
    assert chromium.execute_async_script(READY)["excerpt"] == {"start": 12.5, "end": 14}
    chromium.execute_script("location.hash = '#t=20,21'")
    becomes(lambda: of(chromium, "excerpt"), {"start": 20, "end": 21})
    chromium.execute_async_script(READY)
    shows(chromium, 20 * counter.RATE)
