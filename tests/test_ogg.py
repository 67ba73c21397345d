"""Cuts of Ogg sound are, sample by sample, what their originals sound like at that place."""

import array
import ctypes
import ctypes.util
import pathlib
import random
import re
import subprocess

import pytest
import requests

import formats
import media
from answers import parts
from server import Server

VORBIS, OPUS = formats.FOLDER / "vorbis.ogg", formats.FOLDER / "tone.opus"
RATE = 48_000


def by_ffmpeg(path: pathlib.Path) -> array.array:
    return array.array("h", media.plain_sound(path))


def by_libvorbis(path: pathlib.Path) -> array.array:
    """The reference decoder, which decides where Vorbis begins: ffmpeg also plays what is before."""
    library = ctypes.CDLL(ctypes.util.find_library("vorbisfile"))
    library.ov_read.restype = ctypes.c_long
    file, part, link, heard = ctypes.create_string_buffer(4096), ctypes.create_string_buffer(1 << 16), ctypes.c_int(), []
    assert library.ov_fopen(str(path).encode(), file) == 0
    while (length := library.ov_read(file, part, len(part), 0, 2, 1, ctypes.byref(link))) != 0:
        assert length > 0, "a hole in the data"
        heard.append(part.raw[:length])
    library.ov_clear(file)
    return array.array("h", b"".join(heard))


def intervals(path: pathlib.Path, seconds: float) -> list[tuple[float, float]]:
    chance, found = random.Random(path.name), [(0, seconds), (0, 0.5), (seconds - 0.5, seconds)]
    for _ in range(20):
        start = round(chance.uniform(0, seconds - 0.1), 4)
        found.append((start, round(chance.uniform(start + 0.05, seconds), 4)))
    return found


@pytest.fixture
def chained(tmp_path):
    """Five seconds of Vorbis, and then twelve of another stream, as if one file was appended to another."""
    first, path = tmp_path / "first.ogg", tmp_path / "chained.ogg"
    subprocess.run(["ffmpeg", "-v", "error", "-t", "5", "-i", VORBIS, "-c:a", "libvorbis", "-q:a", "4", first], check=True)
    path.write_bytes(first.read_bytes() + VORBIS.read_bytes())
    return path


vorbisfile = pytest.mark.skipif(not ctypes.util.find_library("vorbisfile"), reason="no libvorbisfile to judge by")


@vorbisfile
def test_vorbis_begins_and_ends_at_the_very_sample(reelspan, tmp_path):
    whole, made = by_libvorbis(VORBIS), tmp_path / "cut.ogg"
    for start, end in intervals(VORBIS, 12):
        reelspan("cut", VORBIS, f"t={start},{end}", made)
        assert by_libvorbis(made) == whole[round(start * RATE) : round(end * RATE)], (start, end)


@vorbisfile
def test_vorbis_that_ends_where_it_begins_says_from_where_it_plays(reelspan, tmp_path):
    whole, made, early = by_libvorbis(VORBIS), tmp_path / "cut.ogg", 0
    for at in range(20):
        start = 3.3 + at * 0.0057
        said = reelspan("cut", VORBIS, f"t={start:.4f},{start + 0.004:.4f}", made).stderr.decode()
        begin, end = (float(number) for number in re.search(r"npt:([\d.]+),([\d.]+)", said).groups())
        assert by_libvorbis(made) == whole[round(begin * RATE) : round(end * RATE)], (start, said)
        early += begin < start - 0.0001
    assert 0 < early < 20


@vorbisfile
def test_a_cut_goes_on_across_the_links_of_a_chain(reelspan, tmp_path, chained):
    whole, made = by_libvorbis(chained), tmp_path / "cut.ogg"
    assert len(whole) == 17 * RATE
    for start, end in [(4.2, 6.1), (1, 4.5), (5.5, 16.5), *intervals(chained, 17)[:8]]:
        reelspan("cut", chained, f"t={start},{end}", made)
        assert by_libvorbis(made) == whole[round(start * RATE) : round(end * RATE)], (start, end)


@vorbisfile
def test_a_part_of_a_later_link_plays_behind_the_headers_of_that_link(binary, reelspan, tmp_path, chained):
    folder, made = tmp_path / "demo", tmp_path / "part.ogg"
    folder.mkdir()
    whole = by_libvorbis(chained).tobytes()
    chained = chained.rename(folder / chained.name)
    server = Server(binary, tmp_path / "data", demo=folder).start()
    try:
        for start, end in [(1, 3), (4, 7), (8, 11), (16, 17)]:
            headers = {"Range": f"t:npt={start}-{end};include-setup"}
            answer = requests.get(server.media(chained.name), headers=headers, timeout=30)
            made.write_bytes(b"".join(part.content for part in parts(answer)))
            heard = by_libvorbis(made)
            # Unchanged pages: the first packet gives nothing, and nothing says where they begin within the stream.
            assert len(heard) > (end - start - 0.1) * RATE and heard.tobytes() in whole, (start, end)
        reelspan("verify", "--strict", server.media(chained.name))
    finally:
        server.stop()


def test_frames_of_flac_are_numbered_from_zero(reelspan, tmp_path):
    """The numbers by which libFLAC seeks, as ffmpeg's parser of plain FLAC reads them, which accepts no others."""
    original, made, plain = formats.FOLDER / "flac.oga", tmp_path / "cut.oga", tmp_path / "cut.flac"
    for start, end in intervals(original, 12):
        reelspan("cut", original, f"t={start},{end}", made)
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", made, "-c", "copy", "-f", "flac", plain], check=True)
        times = [packet.pts for packet in media.packets(plain)["audio", 0]]
        assert times[0] == 0 and times == sorted(times), (start, end)
        assert media.complaints(plain) == frozenset() and media.plain_sound(plain) == media.plain_sound(made)


def test_opus_begins_and_ends_at_the_very_sample(reelspan, tmp_path):
    """After a while its decoder has converged to exactly the samples of the original; before, the difference is
    inaudible."""
    whole, made = by_ffmpeg(OPUS), tmp_path / "cut.opus"
    for start, end in intervals(OPUS, 12):
        reelspan("cut", OPUS, f"t={start},{end}", made)
        heard, expected = by_ffmpeg(made), whole[round(start * RATE) : round(end * RATE)]
        assert len(heard) == len(expected), (start, end)
        assert max(abs(one - other) for one, other in zip(heard, expected, strict=True)) < 100, (start, end)
        assert max((abs(one - other) for one, other in zip(heard[RATE:], expected[RATE:], strict=True)), default=0) <= 1, (start, end)


def test_theora_and_its_sound_begin_together(reelspan, tmp_path):
    original, made = formats.FOLDER / "theora.ogv", tmp_path / "cut.ogv"
    reelspan("cut", original, "t=3.1,7", made)
    assert media.pictures(made)[0] == 50
    heard = media.sound(made)
    for second in range(2, 7):
        assert media.tone(heard, second - 2 + 0.1, 0.8) == pytest.approx(second, abs=0.1)
