"""Every format of `formats.py` is recognised, indexed and cut; its cuts play, and damage to it only leads to an error
message."""

import itertools
import math
import os
import pathlib
import random
import re

import pytest
import requests

import counter
import formats
import media
import samples
from answers import is_problem, parts
from server import Server

CUTS = int(os.environ.get("REELSPAN_CUTS", 2))
ALL = [pytest.param(row, id=row.name) for row in formats.FORMATS]


@pytest.fixture(scope="module")
def server(binary, tmp_path_factory):
    """A server with the samples of all formats in the space `demo`."""
    running = Server(binary, tmp_path_factory.mktemp("formats") / "data", demo=formats.FOLDER).start()
    yield running
    assert running.stop() == 0, "\n".join(running.output)


def intervals(row: formats.Format) -> list[tuple[float, float]]:
    """Random but reproducible intervals, and the edges."""
    chance, length = random.Random(row.name), row.seconds
    found = [(0.0, 1.0), (0.0, length), (length - 1, length)]
    for _ in range(CUTS):
        start = round(chance.uniform(0, length - 1.5), 3)
        found.append((start, round(chance.uniform(start + 0.5, length), 3)))
    return found


def given(answer: requests.Response) -> tuple[float, float]:
    """The interval of the original that a cut really contains, by its header field."""
    start, end = re.search(r"t=npt:([\d.]+),([\d.]+)", answer.headers["X-Media-Fragment"]).groups()
    return float(start), float(end)


@pytest.fixture
def cut(server, tmp_path):
    def make(row: formats.Format, query: str) -> tuple[pathlib.Path, requests.Response]:
        path = tmp_path / f"cut-{row.name}"
        answer = requests.get(f"{server.media(row.name)}?{query}", timeout=30)
        assert answer.status_code == 200, answer.text
        path.write_bytes(answer.content)
        return path, answer

    return make


@pytest.mark.parametrize("row", ALL)
def test_a_format_is_recognised_by_its_content(server, row):
    original = formats.FOLDER / row.name
    assert original.stat().st_size < 100_000
    answer = requests.get(server.media(row.name), timeout=30)
    assert answer.content == original.read_bytes()
    assert (answer.headers["Content-Type"], answer.headers["Accept-Ranges"]) == (row.media_type, "bytes, t, track, id")
    is_problem(requests.get(f"{server.media(row.name)}?t=1000,1001", timeout=30), 404)


@pytest.mark.parametrize("row", ALL)
def test_random_cuts_play_and_hold_the_originals_samples(cut, row):
    original = formats.FOLDER / row.name
    for start, end in intervals(row):
        made, answer = cut(row, f"t={start},{end}")
        begin, until = given(answer)
        assert begin == pytest.approx(start, abs=0.001) if row.exact else begin <= start + 0.001, (start, end)
        assert until >= min(end, row.seconds) - row.slack
        seen = media.decoded(made)
        assert seen.complaints <= row.complaints, (start, end)
        assert media.duration(made) == pytest.approx(until - begin, abs=row.slack), (start, end)
        if row.verbatim:
            stored = media.packets(original)
            for track, packets in media.packets(made).items():
                if media.tracks(original)[track]["codec_name"].startswith("pcm"):
                    continue
                before, after = [packet.digest for packet in stored[track]], [packet.digest for packet in packets]
                after = after[1:-1] if row.zeros else after
                rests = [after[skipped:] for skipped in range(max(row.made, row.open) + 1)]
                assert any(before[at : at + len(rest)] == rest for rest in rests for at in range(len(before))), f"{track} of {start},{end}"
        if row.lossless:
            assert seen.plain_sound in media.plain_sound(original), (start, end)
        sound = ("audio", 0) in media.tracks(original)
        for second in range(math.ceil(begin), math.floor(min(end, row.seconds))) if sound else ():
            assert media.tone(seen.sound, second - begin + 0.1, 0.8) == pytest.approx(second, abs=0.2), (start, end)
        if ("video", 0) in media.tracks(original):
            numbers = seen.pictures
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers) * row.every, row.every))
            assert numbers[0] == pytest.approx(begin * counter.RATE, abs=0.1 + row.every)


@pytest.mark.parametrize("row", [row for row in ALL if row.values[0].chapters])
def test_a_chapter_is_cut_by_its_title(cut, row):
    for title, start, end in samples.CHAPTER_LIST:
        made, answer = cut(row, f"id={title}")
        assert given(answer) == pytest.approx((start, end), abs=0.001)
        assert media.duration(made) == pytest.approx(end - start, abs=row.slack)


@pytest.mark.parametrize("row", ALL)
def test_a_range_of_bytes_of_a_cut_is_a_part_of_it(cut, server, row):
    start, end = intervals(row)[3]
    whole = cut(row, f"t={start},{end}")[0].read_bytes()
    chance = random.Random(row.name)
    bounds = [0, *sorted(chance.randrange(1, len(whole)) for _ in range(4)), len(whole)]
    pieces = (
        requests.get(f"{server.media(row.name)}?t={start},{end}", headers={"Range": f"bytes={first}-{last - 1}"}, timeout=30)
        for first, last in itertools.pairwise(bounds)
        if first < last
    )
    assert b"".join(part.content for piece in pieces for part in parts(piece)) == whole


@pytest.mark.parametrize("row", ALL)
def test_a_network_validator_finds_nothing(reelspan, server, row):
    start, end = intervals(row)[-1]
    reelspan("verify", "--strict", server.media(row.name))
    # A cut supports ranges, though no further cuts.
    reelspan("verify", f"{server.media(row.name)}?t={start},{end}")


@pytest.mark.parametrize("row", ALL)
def test_damage_is_told_and_never_worse(binary, row, tmp_path):
    """Truncated anywhere, and with random bits flipped: a cut or a reason, quickly, and in little memory."""
    whole, chance = (formats.FOLDER / row.name).read_bytes(), random.Random(row.name)
    damaged, made = tmp_path / row.name, tmp_path / "cut"
    for turn in range(4 * CUTS):
        content = bytearray(whole)
        if turn % 2:
            del content[chance.randrange(1, len(content)) :]
        else:
            for _ in range(chance.choice([1, 4, 64])):
                content[chance.randrange(min(len(content), chance.choice([200, 4_000, len(content)])))] ^= 1 << chance.randrange(8)
        damaged.write_bytes(content)
        limited = f"ulimit -v 4000000; exec timeout 10 {binary} cut {damaged} t=1,3 {made}"
        status, said = media.status_of("bash", "-c", limited)
        assert status in (0, 1, 2) and "panicked" not in said, f"turn {turn}: {said}"
