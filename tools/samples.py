"""Makes the files in `samples/`: `python3 tools/samples.py`, or one of them by name.

They are committed, so that running the project does not need this; it documents them. All show the pictures of
`counter.py`. Their bytes depend on the version of ffmpeg (5.1 made the committed ones), but what they show does not.
"""

import pathlib
import subprocess
import sys
import tempfile
import wave

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "support"))

import counter

SAMPLES = pathlib.Path(__file__).resolve().parent.parent / "samples"
SECONDS = 40

H264 = "-c:v libx264 -preset veryslow -crf 33 -bf 2 -g 100 -keyint_min 100 -sc_threshold 0 -pix_fmt yuv420p".split()
VP9 = "-c:v libvpx-vp9 -crf 45 -b:v 0 -g 100 -deadline good -cpu-used 1 -row-mt 0 -pix_fmt yuv420p".split()
AAC = "-c:a aac -b:a 32k".split()
OPUS = "-c:a libopus -b:a 24k".split()
MP4 = "-movflags +faststart -brand mp42".split()

SUBTITLES = "".join(f"{at + 1}\n00:00:{at:02d},000 --> 00:00:{at:02d},900\nSecond {at}\n\n" for at in range(SECONDS))

CHAPTER_LIST = [("Opening", 0, 3), ("song1", 3, 7), ("Ending", 7, 11)]
"""Titles, beginnings and ends, in seconds."""
CREATED = "2010-10-22T07:33:53Z"
FFMETADATA = ";FFMETADATA1\n" + "".join(f"[CHAPTER]\nTIMEBASE=1/1\nSTART={start}\nEND={end}\n" for _, start, end in CHAPTER_LIST)
TITLES = [option for place, (title, _, _) in enumerate(CHAPTER_LIST) for option in (f"-metadata:c:{place}", f"title={title}")]
CHAPTERS = ["-map_chapters", "4", "-t", str(CHAPTER_LIST[-1][2]), "-metadata", f"creation_time={CREATED}", *TITLES]

FILES = {
    # An ordinary MP4 for the web, moov first; a group of pictures is four seconds.
    "counter.mp4": ["-map", "0:v", "-map", "1:a", *H264, *AAC, *MP4],
    # Groups with pictures that are shown before their sync sample.
    "counter-open-gop.mp4": ["-map", "0:v", "-map", "1:a", *H264, "-x264-params", "open-gop=1", *AAC, *MP4, "-t", "20"],
    # The order of an encoder that does not know the length: moov last.
    "counter-moov-last.mp4": ["-map", "0:v", "-map", "1:a", *H264, *AAC, "-t", "20"],
    # Without sample tables: moof boxes.
    "counter-fragmented.mp4": [
        "-map", "0:v", "-map", "1:a", *H264, *AAC, "-movflags", "+frag_keyframe+empty_moov+default_base_moof",
    ],
    # QuickTime, with PCM: runs of equal samples.
    "counter.mov": ["-map", "0:v", "-map", "1:a", *H264, "-c:a", "pcm_s16le", "-ar", "8000", "-t", "12"],
    "counter.webm": ["-map", "0:v", "-map", "1:a", *VP9, *OPUS],
    "counter.mkv": ["-map", "0:v", "-map", "1:a", "-map", "3:s", *H264, *AAC, "-c:s", "srt", "-metadata:s:s:0", "language=eng"],
    "tone.m4a": ["-map", "1:a", *AAC, "-movflags", "+faststart"],
    # Two languages, distinguished by the frequency of their tones.
    "two-audio.mp4": [
        "-map", "0:v", "-map", "1:a", "-map", "2:a", *H264, *AAC,
        "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=deu", *MP4, "-t", "20",
    ],
    # A chapter list and a chapter track with the same content.
    "chapters.m4a": ["-map", "1:a", *AAC, "-movflags", "+faststart", *CHAPTERS],
    "chapters.mkv": ["-map", "0:v", "-map", "1:a", *H264, *AAC, "-b:a", "24k", *CHAPTERS],
}  # fmt: skip
SECOND_LANGUAGE = 4000
"""Hertz of the second language's tone in second 0."""


def write_wave(path: pathlib.Path, base: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(counter.SAMPLE_RATE)
        file.writeframes(counter.tone(SECONDS, base))


def main(wanted: list[str]) -> None:
    SAMPLES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        parts = ("counter.gray", "tone.wav", "other.wav", "text.srt", "chapters.txt")
        pictures, tone, other, text, chapters = (folder / part for part in parts)
        pictures.write_bytes(b"".join(counter.picture(at) for at in range(SECONDS * counter.RATE)))
        write_wave(tone, counter.BASE)
        write_wave(other, SECOND_LANGUAGE)
        text.write_text(SUBTITLES)
        chapters.write_text(FFMETADATA)
        size = f"{counter.WIDTH}x{counter.HEIGHT}"
        inputs = ["-f", "rawvideo", "-pixel_format", "gray", "-video_size", size, "-framerate", str(counter.RATE), "-i", pictures]
        inputs += ["-i", tone, "-i", other, "-i", text, "-i", chapters]
        exact = "-map_metadata -1 -threads 1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact".split()
        for file in wanted or FILES:
            target = SAMPLES / file
            subprocess.run(["ffmpeg", "-v", "error", "-y", *inputs, *FILES[file], *exact, target], check=True)
            print(f"{target.stat().st_size:>8} {file}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
