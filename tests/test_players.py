"""hls.js, Shaka Player and dash.js in headless Chromium play the streams of every container: the picture of any time, a part from
its first picture to its last, and one of several sounds and captions. REELSPAN_SEEKS is how many times of each film are tried; the goal
is 20."""

import os
import random

import pytest
import requests

from players import Stage, due, times
from server import BUCKET
from waiting import becomes

JUMP = 0.1
"""How far dash.js passes over a gap in what it has loaded, in seconds."""

SEEKS = int(os.environ.get("REELSPAN_SEEKS", 4))

HLS, DASH = "master.m3u8", "manifest.mpd"
PLAYERS = [("hls.js", HLS), ("shaka", HLS), ("shaka", DASH), ("dash.js", DASH)]

PICTURES = [
    "counter.mp4",
    "counter-fragmented.mp4",
    "counter.webm",
    "counter.mkv",
    "formats/picture.flv",
    "formats/reordered.flv",
]
SAID = {"en": "Most of the time", "de": "Die meiste Zeit"}
"""The captions of the film that has some."""

SOUNDS = ["tone.m4a", "formats/tone.aac", "formats/flac.oga", "formats/tone.opus"]
HERTZ = {"en": range(380, 1300), "de": range(3980, 4900)}
"""The tones of two-audio.mp4, which rise from second to second."""


@pytest.fixture(scope="module")
def stage(chromium, root):
    if not (root / "web/node_modules/shaka-player").exists():
        pytest.skip("the players are not there: make web")
    made = Stage(chromium, root)
    yield made
    made.serving.shutdown()


def stream(server, name: str, playlist: str, part: str = "") -> str:
    return f"{server.media(name)}/~/{part}{playlist}"


@pytest.mark.parametrize(("player", "playlist"), PLAYERS)
@pytest.mark.parametrize("name", PICTURES)
def test_a_player_shows_the_picture_of_every_time(server, stage, samples, player, playlist, name):
    found = stage.call("start", player, stream(server, name, playlist))
    assert "error" not in found and found["requests"] <= 12, found
    choose = random.Random(name + player)
    pictures = times(samples / name)
    for at in choose.sample(range(len(pictures) - 1), SEEKS):
        # In the middle of a picture: browsers round the times at which they begin.
        time = (pictures[at] + pictures[at + 1]) / 2
        came = stage.call("seek", time)["at"]
        assert due(samples / name, time) == at, time
        if player == "dash.js" and came != pytest.approx(time, abs=0.001):
            # If it has the sound from a little later on, dash.js goes there instead of loading what comes before.
            assert time < came < time + JUMP, time
        else:
            assert came == pytest.approx(time, abs=0.001)
        stage.shows(due(samples / name, came))


@pytest.mark.parametrize(("player", "playlist"), PLAYERS)
@pytest.mark.parametrize("name", SOUNDS)
def test_a_player_plays_sound_alone(server, stage, player, playlist, name):
    found = stage.call("start", player, stream(server, name, playlist))
    assert "error" not in found and found["requests"] <= 5, found
    assert found["width"] == 0
    assert stage.call("play")["at"] > 0.3


@pytest.mark.parametrize(("player", "playlist"), PLAYERS)
@pytest.mark.parametrize("name", ["counter.mp4", "counter.mkv"])
def test_a_part_shows_its_very_pictures(server, stage, samples, player, playlist, name):
    # hls.js begins where EXT-X-START says. Paused at zero, the others show the first picture that only decoding needs, so they are
    # told to begin a millisecond later.
    begin = None if player == "hls.js" else 0.001
    found = stage.call("start", player, stream(server, name, playlist, "t=12.48,20/"), begin)
    assert "error" not in found, found
    first = due(samples / name, 12.48 + 0.001)
    stage.shows(first)
    assert found["duration"] == pytest.approx(7.52, abs=0.05)
    for time, number in [(0.002, first), (3.02, due(samples / name, 15.5)), (7.5, due(samples / name, 19.98))]:
        stage.call("seek", time)
        stage.shows(number)


@pytest.mark.parametrize(("player", "playlist"), PLAYERS[:2])
def test_a_player_plays_mp3_as_packed_audio(server, stage, player, playlist):
    found = stage.call("start", player, stream(server, "formats/stereo.mp3", playlist))
    assert "error" not in found and found["requests"] <= 5, found
    assert stage.call("play")["at"] > 0.3
    assert stage.call("seek", found["duration"] - 1)["at"] == pytest.approx(found["duration"] - 1, abs=0.001)


@pytest.mark.parametrize(("player", "playlist"), PLAYERS)
def test_a_player_plays_over_a_change_of_size_and_rate(server, stage, changing, player, playlist):
    found = stage.call("start", player, stream(server, changing, playlist))
    assert "error" not in found and found["duration"] == pytest.approx(16, abs=0.2), found
    for time, number, width in [(3.02, 75, 320), (11.02, 75, 480), (15.02, 175, 480), (1.02, 25, 320)]:
        assert stage.call("seek", time)["width"] == width, time
        # FLV presents pictures two later than it decodes them; behind a change hls.js delays all by as much once more.
        stage.shows(range(number - 4, number + 1))
    stage.call("seek", 7.8)
    assert stage.call("play")["at"] > 8.05


@pytest.mark.parametrize(("player", "playlist"), PLAYERS)
def test_one_of_several_sounds_is_chosen(server, stage, player, playlist):
    found = stage.call("start", player, stream(server, "two-audio.mp4", playlist))
    # Players shorten the codes of languages, or keep them.
    languages = {sound[:2]: sound for sound in found["sounds"]}
    assert sorted(languages) == ["de", "en"]
    stage.call("listen")
    for language in ["de", "en"]:
        stage.call("choose", languages[language])
        becomes(lambda: stage.driver.execute_script("return window.hertz"), HERTZ[language])


@pytest.fixture(scope="module")
def captioned(server, samples):
    """A film with captions in two languages beside it."""
    texts = {f"said.{language}.vtt": f"WEBVTT\n\n00:05.000 --> 00:35.000\n{text}\n".encode() for language, text in SAID.items()}
    for name, body in {"said.mp4": (samples / "counter.mp4").read_bytes(), **texts}.items():
        server.s3().put_object(Bucket=BUCKET, Key=f"demo/{name}", Body=body)

    def captions() -> int:
        answer = requests.get(f"{server.media('said.mp4')}/~/about.json", timeout=10)
        return len(answer.json()["captions"]) if answer.status_code == 200 else 0

    becomes(captions, len(SAID))
    return "said.mp4"


@pytest.mark.parametrize(("player", "playlist"), PLAYERS)
def test_one_of_several_captions_is_chosen(server, stage, captioned, player, playlist):
    assert "error" not in stage.call("start", player, stream(server, captioned, playlist))
    becomes(lambda: sorted(stage.call("captions")), sorted(SAID))
    stage.call("seek", 6)
    # They load what they were told to show when they play.
    stage.call("run")
    for language in ["de", "en", "de"]:
        stage.call("caption", language)
        becomes(lambda: [text for _, _, text in stage.captions()], [SAID[language]])
    stage.call("seek", 36)
    becomes(stage.captions, [])
