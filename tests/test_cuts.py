"""Every cut plays, has the requested duration, and contains the original's samples."""

import dataclasses
import math
import pathlib
import random

import pytest
import requests

import counter
import media
from samples import SECOND_LANGUAGE

FRAME = 1 / counter.RATE
CLOSE = 0.0011
"""Tolerance of times in seconds: Matroska's are whole milliseconds."""
EXACT = ["counter.mp4", "counter-open-gop.mp4", "counter-moov-last.mp4", "counter-fragmented.mp4", "counter.mov", "two-audio.mp4"]
"""Cuts of these begin to play at exactly the requested time."""
AT_SYNC = ["counter.webm", "counter.mkv"]
"""Cuts of these begin at the previous sync point."""


def intervals(name: str, length: float, count: int = 5) -> list[tuple[float, float]]:
    """Random but reproducible intervals, and the edges. Starts are on frames, ends anywhere."""
    chance = random.Random(name)
    found = [(0.0, 1.0), (0.0, length), (length - 1, length)]
    for _ in range(count):
        start = chance.randrange(round((length - 1.5) * counter.RATE)) / counter.RATE
        found.append((start, round(chance.uniform(start + 0.5, length), 3)))
    return found


EXTRA = {"counter.mkv": 2}
"""Pictures to which the last requested ones refer: shown if a container cannot hide them."""
DELAY = {"counter.webm": 0.0065}
"""Matroska's times are those of its blocks, from which a player subtracts the codec's delay: a cut ends earlier by
that."""
LENGTHS = {"counter-open-gop.mp4": 20, "counter-moov-last.mp4": 20, "two-audio.mp4": 20, "counter.mov": 12}
CASES = [
    pytest.param(name, start, end, id=f"{name}?t={start:g},{end:g}")
    for name in EXACT + AT_SYNC
    for start, end in intervals(name, LENGTHS.get(name, 40))
]


@pytest.fixture
def cut(server, samples, reelspan, tmp_path):
    """Cuts by HTTP and by the command, which have to agree."""

    def make(name: str, fragment: str) -> pathlib.Path:
        by_http, by_command = tmp_path / f"http-{name}", tmp_path / f"command-{name}"
        answer = requests.get(f"{server.media(name)}?{fragment}", timeout=30)
        assert answer.status_code == 200, answer.text
        by_http.write_bytes(answer.content)
        reelspan("cut", samples / name, fragment, by_command)
        assert by_http.read_bytes() == by_command.read_bytes()
        return by_http

    return make


def sync_point(path: pathlib.Path, start: float) -> float:
    """Where a decoder has to begin to show the picture at `start`; `start` itself if nothing is shown before."""
    pictures = media.presented(path)["video", 0]
    keys = [packet.digest for packet in media.packets(path)["video", 0] if packet.key]
    points = [time for time, digest in pictures if digest in keys]
    return max((time for time in points if time <= start + 1e-6), default=start)


def had(shown: list[tuple[float, str]], digest: str) -> list[float]:
    """When samples with this content are shown."""
    return [time for time, other in shown if other == digest]


def same_samples(original: pathlib.Path, cut: pathlib.Path) -> None:
    """Every sample of the cut is one of the original, in the same order, at its time minus one constant shift."""
    before, after = media.tracks(original), media.tracks(cut)
    stored = media.packets(original)
    for track, packets in media.packets(cut).items():
        assert packets, f"{track} has no samples"
        if before[track]["codec_name"].startswith("pcm"):
            assert media.plain_sound(cut) in media.plain_sound(original), "other sound than the original"
            continue
        assert after[track]["time_base"] == before[track]["time_base"]
        # Short samples recur, so the first one may match several: one shift has to fit all.
        shifts = {packet.pts - packets[0].pts for packet in stored[track] if packet.digest == packets[0].digest}
        places = {packet: at for at, packet in enumerate(stored[track])}
        moved = ([dataclasses.replace(packet, pts=packet.pts + shift) for packet in packets] for shift in sorted(shifts))
        fits = [found for found in moved if all(packet in places for packet in found)]
        assert fits, f"{track} has other samples than the original, or has them at other times"
        order = [places[packet] for packet in fits[0]]
        assert order == sorted(order), f"{track} has its samples in another order"


@pytest.mark.parametrize(("name", "start", "end"), CASES)
def test_a_cut_holds_the_samples_of_its_interval_and_plays(cut, samples, name, start, end):
    original, made = samples / name, cut(name, f"t={start:g},{end:g}")
    same_samples(original, made)

    # After a seek, any decoder complains about an open group's first pictures, in the original as well.
    allowed = media.complaints(original, "-ss", start) if "open-gop" in name else set()
    assert media.complaints(made) <= allowed

    begin = start if name in EXACT else sync_point(original, start)
    assert begin + media.duration(made) == pytest.approx(end, abs=FRAME + 0.001 + EXTRA.get(name, 0) * FRAME)

    # The cut contains everything that the original shows in the interval, at its time minus the interval's start.
    shown = media.presented(made)
    for track, times in media.presented(original).items():
        if track[0] == "subtitle" or media.tracks(original)[track]["codec_name"].startswith("pcm"):
            continue
        until = end - CLOSE - DELAY.get(name, 0)
        wanted = [(time - begin, digest) for time, digest in times if start <= time + CLOSE and time < until]
        lost = [time for time, digest in wanted if not any(abs(at - time) < CLOSE for at in had(shown[track], digest))]
        assert not lost, f"{track} does not show at {lost[:5]} what it should"


@pytest.mark.parametrize(("name", "start", "end"), CASES)
def test_a_cut_shows_and_sounds_what_was_asked_for(cut, samples, name, start, end):
    original, made = samples / name, cut(name, f"t={start:g},{end:g}")
    begin = start if name in EXACT else sync_point(original, start)

    # The original shows at any time its frame number minus the time of its first picture.
    first_shown = min(time for time, _ in media.presented(original)["video", 0])
    first = max(0, round((begin - first_shown) * counter.RATE))
    count = math.ceil((end - max(begin, first_shown)) * counter.RATE - 0.001)
    numbers = media.pictures(made)
    assert numbers[:count] == list(range(first, first + count))
    assert len(numbers) <= count + EXTRA.get(name, 0)

    heard = media.sound(made)
    for second in range(math.ceil(begin), math.floor(end)):
        assert media.tone(heard, second - begin + 0.1, 0.8) == pytest.approx(second, abs=0.1)


@pytest.mark.parametrize(
    ("name", "fragment", "kinds", "media_type"),
    [
        ("counter.mp4", "track=audio", ["audio"], "audio/mp4"),
        ("counter.mp4", "t=3,9&track=video", ["video"], "video/mp4"),
        ("counter.mp4", "t=3,9&track=audio&track=video", ["video", "audio"], "video/mp4"),
        ("counter.webm", "t=3,9&track=audio", ["audio"], "audio/webm"),
        ("counter.mkv", "t=3,9&track=audio", ["audio"], "audio/x-matroska"),
        ("counter.mkv", "t=3,9&track=video&track=text", ["video", "subtitle"], "video/x-matroska"),
        ("two-audio.mp4", "t=3,9&track=audio", ["audio", "audio"], "audio/mp4"),
        ("two-audio.mp4", "t=3,9&track=3", ["audio"], "audio/mp4"),
        ("tone.m4a", "t=3,9", ["audio"], "audio/mp4"),
    ],
)
def test_a_cut_holds_the_tracks_asked_for_alone(server, cut, samples, name, fragment, kinds, media_type):
    made = cut(name, fragment)
    assert [kind for kind, _ in media.tracks(made)] == kinds
    assert requests.head(f"{server.media(name)}?{fragment}", timeout=30).headers["Content-Type"] == media_type
    assert not media.complaints(made)
    if fragment != "t=3,9&track=3":
        same_samples(samples / name, made)


def test_one_of_two_languages_is_the_right_one(cut):
    made = cut("two-audio.mp4", "t=3,9&track=3")
    assert media.tracks(made)["audio", 0]["tags"]["language"] in ("deu", "ger")
    heard = media.sound(made)
    assert [round(media.tone(heard, at + 0.1, 0.8, SECOND_LANGUAGE)) for at in range(6)] == list(range(3, 9))


@pytest.mark.parametrize(("start", "end"), [(0, 1), (3, 4.5), (3.3, 4.7), (7.123, 9), (11.999, 12)])
def test_sound_begins_and_ends_at_the_very_sample(cut, samples, start, end):
    """PCM at 8000 Hz, two bytes a sample: without pictures, nothing delays the start."""
    original, made = (media.plain_sound(path) for path in (samples / "counter.mov", cut("counter.mov", f"t={start},{end}")))
    assert made == original[round(start * 8000) * 2 : round(end * 8000) * 2]


def test_standard_output_takes_a_cut(reelspan, samples, tmp_path):
    target = tmp_path / "cut.mp4"
    reelspan("cut", samples / "counter.mp4", "t=1,2", target)
    assert reelspan("cut", samples / "counter.mp4", "t=1,2", "-").stdout == target.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["cut", "nosuch.mp4", "t=1,2", "-"], 2, "nosuch.mp4"),
        (["cut", "samples/counter.mp4", "t=banana", "-"], 2, "banana"),
        (["cut", "samples/counter.mp4", "t=50,60", "-"], 2, "40"),
        (["cut", "Makefile", "t=1,2", "-"], 1, "not a media file"),
        (["inspect", "Makefile"], 1, "not a media file"),
    ],
)
def test_a_cut_that_cannot_be_made_says_why_and_leaves_nothing(reelspan, root, monkeypatch, arguments, status, says):
    monkeypatch.chdir(root)
    done = reelspan(*arguments, status=status)
    assert says in done.stderr.decode().splitlines()[-1]
    assert not done.stdout
