#!/usr/bin/env python3
"""Make seeds for fuzzing from the files in samples/, into a folder per target.

A seed is a shortened sample: ffmpeg copies its first fifth of a second into a file of the same format. The unchanged
beginning of the sample is another seed, because ffmpeg does not copy everything.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BEGINNING = 6000
LARGEST = 20_000
TARGETS = {
    "avi": ["avi"],
    "flac": ["flac"],
    "flv": ["flv"],
    "frames": ["mp3", "mp2", "aac"],
    "iff": ["wav", "w64", "aiff", "aifc"],
    "matroska": ["mkv", "webm", "mka"],
    "mp4": ["mp4", "mov", "m4a", "m4b", "3gp"],
    "mpegps": ["mpg", "vob"],
    "mpegts": ["ts", "m2ts"],
    "ogg": ["ogg", "oga", "ogv", "opus"],
}


def seeds(sample: Path, folder: Path) -> None:
    """Write the seeds of one sample."""
    (folder / f"{sample.name}.beginning").write_bytes(sample.read_bytes()[:BEGINNING])
    short = folder / sample.name
    copy = ["ffmpeg", "-v", "quiet", "-y", "-i", sample, "-t", "0.2", "-map", "0:v?", "-map", "0:a?", "-map", "0:s?", "-c", "copy", short]
    made = subprocess.run(copy, stdin=subprocess.DEVNULL, check=False)
    if made.returncode or short.stat().st_size > LARGEST:
        short.unlink(missing_ok=True)


def main() -> None:
    """Write all seeds into the named folder."""
    into = Path(sys.argv[1])
    for target, extensions in TARGETS.items():
        folder = into / target
        folder.mkdir(parents=True, exist_ok=True)
        for extension in extensions:
            for sample in sorted(ROOT.glob(f"samples/**/*.{extension}")):
                seeds(sample, folder)


main()
