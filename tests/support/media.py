"""What ffprobe and ffmpeg, which are independent of Reelspan, see in a file."""

import collections
import dataclasses
import functools
import json
import os
import pathlib
import re
import subprocess
import tempfile

import counter

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SAMPLES = ROOT / "samples"
CORPUS = pathlib.Path(os.environ.get("REELSPAN_CORPUS") or ROOT.parent / "shared" / "corpus")
"""Files from elsewhere, if they are there: they are not part of the project."""


@dataclasses.dataclass(frozen=True)
class Packet:
    """A sample as it is stored."""

    pts: int
    """In units of its track's time base, without the edit list. The decode time, if the format has no other."""
    digest: str
    key: bool


Track = tuple[str, int]
"""The kind of a track, and its number among those of the kind, from 0: `("audio", 1)`."""


def remembered(look):
    """A function of a file that runs once, as long as the file does not change."""
    seen = {}

    @functools.wraps(look)
    def again(path: pathlib.Path, *others):
        found = path.stat()
        key = (path, found.st_mtime_ns, found.st_size, others)
        if key not in seen:
            seen[key] = look(path, *others)
        return seen[key]

    return again


def output(*command) -> bytes:
    done = subprocess.run([str(part) for part in command], capture_output=True, timeout=120)
    assert done.returncode == 0, f"{command}: {done.stderr.decode()}"
    return done.stdout


def status_of(*command) -> tuple[int, str]:
    """The exit status of a command that may fail, and its output."""
    done = subprocess.run([str(part) for part in command], capture_output=True, timeout=120)
    return done.returncode, done.stderr.decode(errors="replace")


def probe(path: pathlib.Path, *options) -> dict:
    return json.loads(output("ffprobe", "-v", "error", "-of", "json", *options, path))


@remembered
def probed(path: pathlib.Path) -> dict:
    """All that is asked of ffprobe, edit lists applied. Its start takes longer than a look at a small file, so it is asked once."""
    return probe(path, "-show_format", "-show_streams", "-show_packets", "-show_data_hash", "md5")


@remembered
def tracks(path: pathlib.Path) -> dict[Track, dict]:
    """ffprobe's streams."""
    seen, found = collections.Counter(), {}
    for stream in probed(path)["streams"]:
        kind = stream["codec_type"]
        found[kind, seen[kind]] = stream
        seen[kind] += 1
    return found


def duration(path: pathlib.Path) -> float:
    return float(probed(path)["format"]["duration"])


def raw(path: pathlib.Path) -> list[str]:
    """Options for ffmpeg to return samples as they are stored."""
    return ["-ignore_editlist", "1"] if path.suffix in (".mp4", ".m4a", ".mov") else []


@remembered
def packets(path: pathlib.Path) -> dict[Track, list[Packet]]:
    """All samples in the order of the file, by their content's MD5, from a stream copy to framemd5."""
    by_index = {stream["index"]: track for track, stream in tracks(path).items()}
    found = {track: [] for track in by_index.values()}
    options = raw(path)
    seen = probe(path, *options, "-show_packets", "-show_data_hash", "md5") if options else probed(path)
    for packet in seen["packets"]:
        key = packet["flags"].startswith("K")
        found[by_index[packet["stream_index"]]].append(Packet(packet.get("pts", packet.get("dts")), packet["data_hash"], key))
    return found


@remembered
def presented(path: pathlib.Path) -> dict[Track, list[tuple[float, str]]]:
    """The presentation time of each sample, in seconds, with edit lists applied, and its content's MD5."""
    by_index = {stream["index"]: track for track, stream in tracks(path).items()}
    found = {track: [] for track in by_index.values()}
    for packet in probed(path)["packets"]:
        found[by_index[packet["stream_index"]]].append((float(packet["pts_time"]), packet["data_hash"]))
    return found


EVERYTHING = ["-map", "0:v?", "-map", "0:a?", "-f", "null", "-"]
PICTURES = ["-map", "0:v:0", "-vsync", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray"]
PLAIN_SOUND = ["-map", "0:a:0", "-f", "s16le"]
SOUND = ["-ac", "1", "-ar", str(counter.SAMPLE_RATE), "-f", "s16le"]
"""What ffmpeg is asked for: to decode everything, pictures in shades of gray, and sound."""


def said(errors: str) -> set[str]:
    """The complaints of ffmpeg, without addresses and counts."""
    lines = (re.sub(r"^\[[^]]*\]\s*|\d+", "", line).strip() for line in errors.splitlines())
    return {line for line in lines if not line.startswith("Last message repeated")}


@remembered
def complaints(path: pathlib.Path, *options) -> set[str]:
    """The complaints of ffmpeg while it decodes a whole file."""
    command = ["ffmpeg", "-v", "error", *map(str, options), "-i", path, *EVERYTHING]
    return said(subprocess.run(command, capture_output=True, text=True, timeout=120).stderr)


def numbers(gray: bytes) -> list[int]:
    """The number shown by each of these pictures."""
    size = counter.WIDTH * counter.HEIGHT
    return [counter.number(gray[at : at + size]) for at in range(0, len(gray), size)]


@remembered
def pictures(path: pathlib.Path) -> list[int]:
    """The number shown by each picture, in presentation order."""
    return numbers(output("ffmpeg", "-v", "quiet", "-i", path, *PICTURES, "-"))


@remembered
def sound(path: pathlib.Path, track: int = 0) -> bytes:
    """The sound as `counter.tone` writes it."""
    return output("ffmpeg", "-v", "quiet", "-i", path, "-map", f"0:a:{track}", *SOUND, "-")


@remembered
def plain_sound(path: pathlib.Path) -> bytes:
    """The sound of a file of PCM, at its own rate."""
    return output("ffmpeg", "-v", "quiet", "-i", path, *PLAIN_SOUND, "-")


@dataclasses.dataclass(frozen=True)
class Decoded:
    """What one run of ffmpeg makes of a file: what the functions of the same names say of it."""

    complaints: set[str]
    pictures: list[int]
    sound: bytes
    plain_sound: bytes


@remembered
def decoded(path: pathlib.Path) -> Decoded:
    """Decodes a small file once, for all that a test asks of it: ffmpeg takes longer to start than to decode it."""
    with tempfile.TemporaryDirectory() as folder:
        gray, tones, plain = (pathlib.Path(folder) / name for name in ("gray", "tones", "plain"))
        options = [*PICTURES, gray] if ("video", 0) in tracks(path) else []
        if ("audio", 0) in tracks(path):
            options += [*PLAIN_SOUND, plain, "-map", "0:a:0", *SOUND, tones]
        command = ["ffmpeg", "-v", "error", "-i", path, *EVERYTHING, *options]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        found = (file.read_bytes() if file.exists() else b"" for file in (gray, tones, plain))
        return Decoded(said(done.stderr), numbers(next(found)), next(found), next(found))


def tone(heard: bytes, start: float, seconds: float, base: int = counter.BASE) -> float:
    """The second whose tone is heard in a stretch of the result of `sound`."""
    first, last = (round(at * counter.SAMPLE_RATE) * 2 for at in (start, start + seconds))
    return counter.second(heard[first:last], base)
