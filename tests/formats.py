"""Every format that can be cut, with a sample of it: `python3 tests/formats.py` makes those in `samples/formats/`, or one by name.

They are committed, each under 100 KB, and show and sound what `counter.py` draws, as those of `samples.py` do. A new format is a
new row of `FORMATS`: the tests of `test_formats.py` are the same for all of them.
"""

import dataclasses
import subprocess
import sys
import tempfile
import pathlib

import counter
import samples

FOLDER = samples.SAMPLES / "formats"


@dataclasses.dataclass(frozen=True)
class Format:
    """A sample, how ffmpeg made it, and what may be expected of its cuts."""

    name: str
    options: list[str]
    """What ffmpeg is told; input 0 is the picture, 1 the tone."""
    media_type: str
    exact: bool = False
    """Playback of a cut begins at the very instant asked for; otherwise at the sync point or the frame before."""
    slack: float = 0.03
    """By how many seconds the duration of a cut may differ from what `X-Media-Fragment` says of it: a frame, as a rule."""
    verbatim: bool = True
    """The samples of a cut are those of the original, bit by bit, as far as ffprobe has samples: of PCM it has none."""
    lossless: bool = False
    """The sound of a cut is the original's, bit by bit."""
    seconds: float = 12
    """How long the sample is."""
    complaints: frozenset[str] = frozenset()
    """What ffmpeg says of the original too, and so may say of a cut."""


H264 = samples.H264
THEORA = "-c:v libtheora -q:v 3 -g 50 -pix_fmt yuv420p".split()
SOUND = ["-map", "1:a"]
BOTH = ["-map", "0:v", "-map", "1:a"]

FORMATS = [
    Format("sound.mka", [*SOUND, "-c:a", "libopus", "-b:a", "24k"], "audio/x-matroska"),
    Format("tone.m4b", [*SOUND, *samples.AAC, "-f", "ipod"], "audio/mp4", exact=True),
    Format("picture.3gp", [*BOTH, *H264, *samples.AAC, "-f", "3gp"], "video/3gpp", exact=True),
    Format("timecode.mov", [*BOTH, *H264, "-c:a", "pcm_s16be", "-ar", "8000", "-ac", "1", "-timecode", "01:00:00:00", "-t", "5"],
           "video/quicktime", exact=True, lossless=True, seconds=5),
    Format("vorbis.ogg", [*SOUND, "-c:a", "libvorbis", "-q:a", "0"], "audio/ogg", exact=True),
    # ffprobe counts what Opus decodes before the beginning.
    Format("tone.opus", [*SOUND, *samples.OPUS], "audio/ogg", exact=True, slack=0.12),
    Format("flac.oga", [*SOUND, "-c:a", "flac", "-ar", "8000", "-f", "oga", "-page_duration", "200000"], "audio/ogg", slack=0.6),
    Format("speex.ogg", [*SOUND, "-c:a", "libspeex", "-ar", "16000", "-f", "ogg"], "audio/ogg"),
    Format("theora.ogv", [*BOTH, *THEORA, "-c:a", "libvorbis", "-q:a", "0", "-f", "ogg"], "video/ogg", seconds=8),
]  # fmt: skip


def main(wanted: list[str]) -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        pictures, tone = (pathlib.Path(name) / part for part in ("counter.gray", "tone.wav"))
        pictures.write_bytes(b"".join(counter.picture(at) for at in range(samples.SECONDS * counter.RATE)))
        samples.write_wave(tone, counter.BASE)
        size = f"{counter.WIDTH}x{counter.HEIGHT}"
        inputs = ["-f", "rawvideo", "-pixel_format", "gray", "-video_size", size, "-framerate", str(counter.RATE), "-i", pictures]
        inputs += ["-i", tone]
        exact = "-map_metadata -1 -threads 1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact".split()
        for row in FORMATS:
            if wanted and row.name not in wanted:
                continue
            target = FOLDER / row.name
            # The row's own options come last, so that they count.
            command = ["ffmpeg", "-v", "error", "-y", *inputs, "-t", str(row.seconds), *exact, *row.options, target]
            subprocess.run(command, check=True)
            print(f"{target.stat().st_size:>8} {row.name}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
