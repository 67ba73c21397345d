"""Every form that a file is promised in plays: ffmpeg decodes the pictures and the sound of the file from it, at the same times,
without a word that the file itself does not cause. Of the samples, the engine's own tests decode the HLS."""

import json
import pathlib
import subprocess

import pytest

import media

SUFFIXES = {".mp4", ".m4a", ".mov", ".webm", ".mkv", ".mka", ".ogg", ".opus", ".oga", ".ogv", ".mp3", ".flac"}
CORPUS = sorted(path for path in media.CORPUS.glob("*") if path.suffix in SUFFIXES)
MICROSECONDS = ["-fps_mode", "passthrough", "-enc_time_base", "1:1000000"]
# A player that takes no edit list hears what the decoder needs before the first sound, and what fills the last frame: two frames of
# the longest that a codec here has.
LONGEST = 2 * 4608
# ffmpeg says the first of a frame of packed audio that it cuts at a segment, and the second of a file without pictures or sound.
KNOWN = {
    "Application provided invalid, non monotonically increasing dts to muxer in stream :  >=",
    "Output file # does not contain any stream",
}


def decoded(source: pathlib.Path) -> tuple[list[tuple[float, str]], bytes, set[str]]:
    """The pictures of an input, by their times from the first; its sound; and what ffmpeg says meanwhile."""
    # Of a list that is a file, ffmpeg opens few kinds of files, and captions are none of them.
    inputs = ["-allowed_extensions", "ALL"] if source.suffix in (".m3u8", ".mpd") else []
    begin = ["ffmpeg", "-nostdin", "-v", "error", *inputs, "-i", str(source)]
    pictures = subprocess.run([*begin, "-an", *MICROSECONDS, "-f", "framemd5", "-"], capture_output=True, timeout=120)
    lines = [line.split(",") for line in pictures.stdout.decode().splitlines() if not line.startswith("#")]
    times = [int(line[2]) / 1_000_000 for line in lines]
    shown = [(time - times[0], line[-1].strip()) for time, line in zip(times, lines, strict=True)]
    sound = subprocess.run([*begin, "-vn", "-f", "s16le", "-"], capture_output=True, timeout=120)
    return shown, sound.stdout, media.said((pictures.stderr + sound.stderr).decode())


def assert_sounds_the_same(heard: bytes, expected: bytes, about: str) -> None:
    """The sound goes on without a gap or a click, whichever frame of it a player begins with."""
    if not expected:
        assert not heard, about
        return
    size = len(expected)
    begins = (at for at in range(0, LONGEST * 4, 2) if heard[at : at + min(size, 4096)] == expected[:4096])
    assert any(heard[at:][:size] == expected[: len(heard) - at] and len(heard) - at > size - LONGEST * 4 for at in begins), about


@pytest.fixture(scope="module")
def packaged(reelspan, tmp_path_factory):
    """The streams of a file, and which of them `about.json` would promise."""

    def package(path: pathlib.Path) -> tuple[pathlib.Path, dict]:
        folder = tmp_path_factory.mktemp("forms") / "out"
        forms = json.loads(reelspan("inspect", "--forms", "--json", path).stdout)
        if "url" in forms["hls"]:
            reelspan("package", path, folder)
        return folder, forms

    return package


@pytest.mark.parametrize("path", [*media.SAMPLES.glob("*.*"), *media.SAMPLES.glob("formats/*"), *CORPUS], ids=lambda path: path.name)
def test_ffmpeg_decodes_the_file_from_every_form(packaged, path):
    folder, forms = packaged(path)
    lists = [folder / name for form, name in [("hls", "master.m3u8"), ("dash", "manifest.mpd")] if "url" in forms[form]]
    if media.SAMPLES in path.parents:
        lists = [one for one in lists if one.name == "manifest.mpd"]
    if not lists:
        return
    pictures, sound, own = decoded(path)
    if media.tracks(path).get(("video", 0), {}).get("disposition", {}).get("attached_pic"):
        pictures = []  # the cover of a sound
    for one in lists:
        shown, heard, said = decoded(one)
        assert said - KNOWN <= own, one.name
        assert [digest for _, digest in shown] == [digest for _, digest in pictures], one.name
        off = [(there, time) for (there, _), (time, _) in zip(shown, pictures, strict=True) if abs(there - time) > 0.002]
        assert not off, one.name
        assert_sounds_the_same(heard, sound, one.name)
