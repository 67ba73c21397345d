"""Every form that a file is promised in plays: ffmpeg decodes the pictures and the sound of the file from it, at the same times,
without a word that the file itself does not cause. Of the samples, the engine's own tests decode the HLS."""

import pathlib
import subprocess
import urllib.parse

import pytest
import requests

import media
import server as servers

SUFFIXES = {".mp4", ".m4a", ".mov", ".webm", ".mkv", ".mka", ".ogg", ".opus", ".oga", ".ogv", ".mp3", ".flac"}
CORPUS = sorted(path for path in media.CORPUS.glob("*") if path.suffix in SUFFIXES)
FORMS = ["hls", "dash", "mp4"]
MICROSECONDS = ["-fps_mode", "passthrough", "-enc_time_base", "1:1000000"]
# A player that takes no edit list hears what the decoder needs before the first sound, and what fills the last frame: two frames of
# the longest that a codec here has.
LONGEST = 2 * 4608
# ffmpeg says the first of a frame of packed audio that it cuts at a segment, and the second of a file without pictures or sound.
KNOWN = {
    "Application provided invalid, non monotonically increasing dts to muxer in stream :  >=",
    "Output file # does not contain any stream",
}


def decoded(source: pathlib.Path | str) -> tuple[list[tuple[float, str]], bytes, set[str]]:
    """The pictures of an input, by their times from the first; its sound; and what ffmpeg says meanwhile."""
    begin = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(source)]
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
def stored(binary, samples, tmp_path_factory):
    """The address of a file, on a server with all of them."""
    spaces = {"samples": samples} | ({"corpus": media.CORPUS} if CORPUS else {})
    running = servers.Server(binary, tmp_path_factory.mktemp("forms") / "data", **spaces).start()
    yield (
        lambda path: (
            f"{running.url}/media/" + (f"samples/{path.relative_to(samples)}" if samples in path.parents else f"corpus/{path.name}")
        )
    )
    assert running.stop() == 0, "\n".join(running.output)


@pytest.mark.parametrize("path", [*media.SAMPLES.glob("*.*"), *media.SAMPLES.glob("formats/*"), *CORPUS], ids=lambda path: path.name)
def test_ffmpeg_decodes_the_file_from_every_form(stored, path):
    about = f"{stored(path)}/~/about.json"
    forms = requests.get(about, timeout=30).json()["forms"]
    asked = FORMS if path in CORPUS else FORMS[1:]
    addresses = [urllib.parse.urljoin(about, forms[form]["url"]) for form in asked if "url" in forms[form]]
    # The MP4 of an MP4 is the file itself. Of the others, ffmpeg 5.1 does not know PCM of floating-point numbers in MP4
    # (ISO/IEC 23003-5), and decodes layer II there by its decoder of layer III, which rounds otherwise.
    addresses = [address for address in addresses if address != stored(path) and path.stem not in ("float", "layer-2")]
    if not addresses:
        return  # docs/forms.md, which another test compares, says which files have no form
    pictures, sound, own = decoded(path)
    if media.tracks(path).get(("video", 0), {}).get("disposition", {}).get("attached_pic"):
        pictures = []  # the cover of a sound
    for address in addresses:
        form = address.rpartition("/")[2]
        shown, heard, said = decoded(address)
        assert said - KNOWN <= own, form
        assert [digest for _, digest in shown] == [digest for _, digest in pictures], form
        off = [(there, time) for (there, _), (time, _) in zip(shown, pictures, strict=True) if abs(there - time) > 0.002]
        assert not off, form
        assert_sounds_the_same(heard, sound, form)
