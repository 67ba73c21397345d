"""`reelspan verify`, our conformance test: strictly green for every sample, and honest about a server without
ranges."""

import functools
import http.server
import json
import pathlib
import re
import shutil
import threading

import pytest
import requests

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "samples"
SAMPLES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file())
SEEDS = 3
CUT = "t=4.2,17.3"
STREAM = ["lists", "durations", "gapless", "sync", "aligned", "originals"]


def report(done) -> dict:
    (one,) = json.loads(done.stdout)
    return one


@pytest.fixture(scope="module")
def plain(samples):
    """A file server that ignores ranges and queries."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=samples)) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_is_served_as_the_protocol_says(reelspan, server, name):
    for seed in range(SEEDS):
        said = report(reelspan("verify", "--strict", "--json", "--seed", str(seed), server.media(name)))
        assert said["length"] > 0 and said["duration"] > 0
        assert {check["outcome"] for check in said["checks"]} == {"passed"}


@pytest.mark.parametrize("name", ["counter.mp4", "counter.webm"])
def test_a_cut_is_a_resource_of_its_own(reelspan, server, name):
    """Byte ranges and time ranges of a cut refer to its own bytes and its own time."""
    said = report(reelspan("verify", "--json", "--seed", "1", f"{server.media(name)}?{CUT}"))
    outcomes = {check["check"]: check["outcome"] for check in said["checks"]}
    assert "failed" not in outcomes.values()
    for check in ("whole", "whole-again", "bytes", "bytes-several", "time", "time-cover", "time-empty"):
        assert outcomes[check] == "passed", check


def test_what_a_server_does_not_offer_is_no_failure_unless_strictly(reelspan, plain):
    url = f"{plain}/counter.mp4"
    said = report(reelspan("verify", "--json", "--seed", "1", url, status=1))
    outcomes = {check["check"]: check["outcome"] for check in said["checks"]}
    # This one sends no ETag and no Accept-Ranges.
    assert [name for name, outcome in outcomes.items() if outcome == "failed"] == ["whole"]
    for check in ("bytes", "bytes-several", "time", "time-setup", "track", "query-time"):
        assert outcomes[check] == "not offered", check


def test_a_report_is_a_line_a_check_and_repeats_with_its_seed(reelspan, server):
    arguments = ("verify", "--seed", "7", "--pieces", "5", server.media("counter.mp4"))
    first, second = (reelspan(*arguments).stdout.decode() for _ in range(2))
    assert first == second
    lines = first.splitlines()
    assert lines[0] == server.media("counter.mp4")
    assert lines[-2].startswith("24 passed, 0 failed")
    assert sum(line.startswith("passed ") for line in lines) == 24


@pytest.mark.parametrize("url", ["counter.mp4", "ftp://example.org/a.mp4", "http://127.0.0.1:1/a.mp4"])
def test_what_cannot_be_verified_ends_with_status_2(reelspan, url):
    assert reelspan("verify", url, status=2).stderr.startswith(b"reelspan: ")


@pytest.mark.parametrize(
    "name",
    ["counter.mp4", "counter.mkv", "counter-open-gop.mp4", "two-audio.mp4", "tone.m4a", "formats/reordered.flv", "formats/tone.opus"],
)
@pytest.mark.parametrize("playlist", ["master.m3u8", "manifest.mpd", "t=1.52,3.04/master.m3u8"])
def test_every_stream_is_what_is_promised(reelspan, server, name, playlist):
    said = report(reelspan("verify", "--strict", "--json", f"{server.media(name)}/~/{playlist}"))
    assert {check["check"]: check["outcome"] for check in said["checks"]} == dict.fromkeys(STREAM, "passed")


@pytest.mark.parametrize("name", ["formats/h264.ts", "formats/hevc.m2ts", "formats/parity.ts", "formats/sound.ts", "formats/constant.mp3"])
@pytest.mark.parametrize("part", ["", "t=1.52,3.04/"])
def test_every_stream_of_packets_or_packed_audio_is_what_is_promised(reelspan, server, name, part):
    said = report(reelspan("verify", "--strict", "--json", f"{server.media(name)}/~/{part}master.m3u8"))
    assert {check["check"]: check["outcome"] for check in said["checks"]} == dict.fromkeys(STREAM, "passed"), said


@pytest.mark.parametrize("playlist", ["master.m3u8", "manifest.mpd", "t=6.1,10/master.m3u8", "t=6.1,10/manifest.mpd"])
def test_a_stream_whose_configuration_changes_is_what_is_promised(reelspan, server, changing, playlist):
    said = report(reelspan("verify", "--strict", "--json", f"{server.media(changing)}/~/{playlist}"))
    assert {check["check"]: check["outcome"] for check in said["checks"]} == dict.fromkeys(STREAM, "passed"), said


@pytest.fixture(scope="module")
def streamed(reelspan, samples, server, changing, tmp_path_factory):
    """The streams of some files as static files, beside them; and a server of them."""
    root = tmp_path_factory.mktemp("streamed")
    shutil.copy(samples / "counter.mp4", root / "a.mp4")
    shutil.copy(samples / "formats/h264.ts", root / "c.ts")
    shutil.copy(samples / "formats/constant.mp3", root / "d.mp3")
    (root / "b.flv").write_bytes(requests.get(server.media(changing)).content)
    for name in ("a.mp4", "b.flv", "c.ts", "d.mp3"):
        reelspan("package", root / name, root / f"{name}.files")

    class Files(http.server.SimpleHTTPRequestHandler):
        def translate_path(self, path):
            return super().translate_path(path.replace("/~/", ".files/"))

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Files, directory=root)) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield root, f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def spoil(path: pathlib.Path, change) -> bytes:
    """Changes a file, and returns what was in it."""
    before = path.read_bytes()
    changed = change(before)
    assert changed != before
    path.write_bytes(changed)
    return before


DECODE_TIME = b"tfdt" + bytes([1, 0, 0, 0]) + (102_400).to_bytes(8)


def without_first(playlist: bytes) -> bytes:
    head, _, *rest = playlist.split(b"#EXTINF")
    return b"#EXTINF".join([head, *rest])


def without_second_period(manifest: bytes) -> bytes:
    before, second = manifest.split(b'<Period id="2"')
    return before + second.partition(b"</Period>\n")[2]


def without_packet(packets: bytes) -> bytes:
    """Without the last one that has a payload of pictures."""
    at = next(at for at in range(len(packets) - 188, 0, -188) if packets[at + 1] & 0x1F == 1 and packets[at + 2] == 0)
    return packets[:at] + packets[at + 188 :]


PLAYLIST, MANIFEST = "a.mp4/~/master.m3u8", "b.flv/~/manifest.mpd"
PACKETS, PACKED = "c.ts/~/master.m3u8", "d.mp3/~/master.m3u8"
PICTURES = "a.mp4.files/v-1/1-*/"
FAULTS = {
    "a bit of a sample": (PLAYLIST, PICTURES + "0.m4s", lambda file: file[:-1] + bytes([file[-1] ^ 1]), "originals"),
    "another decode time": (
        PLAYLIST,
        PICTURES + "102400.m4s",
        lambda file: file.replace(DECODE_TIME, DECODE_TIME[:-1] + bytes([1])),
        "gapless",
    ),
    "a segment that lasts longer": (
        PLAYLIST,
        PICTURES + "index.m3u8",
        lambda file: file.replace(b"#EXTINF:8,", b"#EXTINF:8.2,", 1),
        "durations",
    ),
    "a target that is too low": (
        PLAYLIST,
        PICTURES + "index.m3u8",
        lambda file: file.replace(b"DURATION:8", b"DURATION:7"),
        "lists",
    ),
    "a segment that is left out": (PLAYLIST, PICTURES + "index.m3u8", without_first, "originals"),
    "a period that begins later": (
        MANIFEST,
        "b.flv.files/manifest.mpd",
        lambda file: file.replace(b'start="PT8', b'start="PT9'),
        "gapless",
    ),
    "a period that is left out": (MANIFEST, "b.flv.files/manifest.mpd", without_second_period, "originals"),
    "a bit of a packet": (PACKETS, "c.ts.files/v-1/ts*/0.ts", lambda file: file[:-1] + bytes([file[-1] ^ 1]), "originals"),
    "a packet that is left out": (PACKETS, "c.ts.files/v-1/ts*/0.ts", without_packet, "originals"),
    "no tables": (PACKETS, "c.ts.files/v-1/ts*/0.ts", lambda file: file[376:], "sync"),
    "a segment of packets that lasts longer": (
        PACKETS,
        "c.ts.files/v-1/ts*/index.m3u8",
        lambda file: re.sub(rb"#EXTINF:(\d)", rb"#EXTINF:1\1", file, count=1),
        "durations",
    ),
    "a bit of a frame": (PACKED, "d.mp3.files/v-1/*/0.mp3", lambda file: file[:-1] + bytes([file[-1] ^ 1]), "originals"),
    "a tag with another time": (
        PACKED,
        "d.mp3.files/v-1/*/[1-9]*.mp3",
        lambda file: file[:70] + bytes([file[70] ^ 1]) + file[71:],
        "gapless",
    ),
    "a picture behind a change": (
        "b.flv/~/master.m3u8",
        "b.flv.files/v-1/1-*/8000.m4s",
        lambda file: file[:-1] + bytes([file[-1] ^ 1]),
        "originals",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_stream_with_a_fault_fails_the_check_of_it(reelspan, streamed, fault):
    folder, base = streamed
    url, pattern, change, check = FAULTS[fault]
    url = f"{base}/{url}"
    path = next(folder.glob(pattern))
    before = spoil(path, change)
    try:
        said = report(reelspan("verify", "--json", url, status=1))
    finally:
        path.write_bytes(before)
    assert check in [one["check"] for one in said["checks"] if one["outcome"] == "failed"], said
    assert report(reelspan("verify", "--json", url))["failed"] == 0


def test_inspect_says_in_which_forms_a_file_plays(reelspan, samples):
    forms = json.loads(reelspan("inspect", "--forms", "--json", samples / "counter.mkv").stdout)
    assert forms["hls"]["codecs"] == "avc1.640015,mp4a.40.2"
    lines = reelspan("inspect", "--forms", samples / "formats/theora.ogv").stdout.decode().splitlines()
    assert any(line.startswith("hls ") and "none: " in line for line in lines), lines
