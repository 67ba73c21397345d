"""GStreamer plays HLS and DASH without any script, and WebKit HLS, from a signed address too. `REELSPAN_JUDGES=1` runs this;
`make judges` installs what it needs."""

import os
import subprocess

import pytest

import counter
from waiting import becomes
from webkit import WebKit

pytestmark = pytest.mark.skipif(not os.environ.get("REELSPAN_JUDGES"), reason="REELSPAN_JUDGES is not set")

PLAY = """uridecodebin3 name=played ! queue ! videoconvert ! video/x-raw,format=GRAY8 ! filesink name=pictures
played. ! queue ! audioconvert ! audioresample ! audio/x-raw,format=S16LE,rate=48000,channels=1 ! filesink name=sound"""


@pytest.fixture
def played(tmp_path):
    """Plays an address as fast as it can; returns the numbers of the pictures, and the seconds of sound."""

    def play(url: str) -> tuple[list[int], float]:
        pictures, sound = tmp_path / "pictures.gray", tmp_path / "sound.raw"
        text = PLAY.replace("name=played", f"name=played uri={url}")
        text = text.replace("name=pictures", f"location={pictures}").replace("name=sound", f"location={sound}")
        done = subprocess.run(["gst-launch-1.0", "-q", *text.split()], capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")
        shown, size = pictures.read_bytes(), counter.WIDTH * counter.HEIGHT
        numbers = [counter.number(shown[at : at + size]) for at in range(0, len(shown), size)]
        return numbers, sound.stat().st_size / 2 / counter.SAMPLE_RATE

    return play


@pytest.mark.parametrize(
    ("name", "count"), [("counter.mp4", 1000), ("counter.mkv", 1000), ("formats/picture.flv", 300), ("formats/h264.ts", 200)]
)
@pytest.mark.parametrize("playlist", ["master.m3u8", "manifest.mpd"])
def test_gstreamer_shows_every_picture_once(server, played, name, count, playlist):
    if name.endswith(".ts") and playlist == "manifest.mpd":
        pytest.skip("a transport stream has no DASH")
    numbers, seconds = played(f"{server.media(name)}/~/{playlist}")
    assert numbers == list(range(count))
    assert seconds == pytest.approx(count / counter.RATE, abs=0.1)


def test_gstreamer_plays_a_signed_address(streaming, played):
    assert played(streaming.signed("films", "counter.mp4", form="hls"))[0] == list(range(1000))


@pytest.fixture(scope="module")
def webkit():
    made = WebKit()
    yield made
    made.end()


@pytest.mark.parametrize("name", ["counter.mp4", "counter.mkv", "signed"])
def test_webkit_shows_the_picture_of_a_time(server, streaming, webkit, name):
    """Without cookies and without a script of ours. GStreamer shows a picture up to two later than it is due."""
    signed = name == "signed"
    webkit.load(streaming.signed("films", "counter.mp4", form="hls") if signed else f"{server.media(name)}/~/master.m3u8")
    assert webkit.state("video.duration") == pytest.approx(40, abs=0.1)
    becomes(webkit.number, 0)
    for time in (3.02, 25.5, 12.02):
        webkit.seek(time)
        due = int(time * counter.RATE)
        becomes(webkit.number, range(due - 2, due + 1))
    webkit.plays_to(13)


def test_webkit_plays_a_part(server, webkit):
    """It passes over EXT-X-START: paused at its beginning, it shows the first picture that only decoding needs."""
    webkit.load(f"{server.media('counter.mp4')}/~/t=12.48,20/master.m3u8")
    assert webkit.state("video.duration") == pytest.approx(7.52, abs=0.01)
    webkit.seek(3.02)
    becomes(webkit.number, range(385, 388))
    webkit.plays_to(4)


def test_webkit_plays_a_transport_stream(server, webkit):
    webkit.load(f"{server.media('formats/h264.ts')}/~/master.m3u8")
    assert webkit.state("video.duration") == pytest.approx(8, abs=0.1)
    webkit.plays_to(2)
