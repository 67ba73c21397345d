"""What the benchmarks of servers share: films, programs on processors of their own, and `wrk`."""

import contextlib
import dataclasses
import os
import pathlib
import re
import statistics
import subprocess
import time
import urllib.parse
import urllib.request

CUT = 10
"""Seconds of a cut."""
WRK_SEED = "init = function() math.randomseed(tonumber(tostring(wrk):match('0x(%x+)'), 16) % 100000) end\n"
"""Each thread of `wrk` asks in an order of its own."""


def film(folder: pathlib.Path, seconds: int, *, size: str = "320x180", video: str = "320k", audio: str = "96k") -> pathlib.Path:
    """A film of H.264 and AAC in MP4 with its `moov` first: a minute is encoded, and repeated without encoding. Its sound is shorter,
    so that a repetition begins after exactly a minute, and a cut at a whole second means the same pictures in each."""
    folder.mkdir(parents=True, exist_ok=True)
    minute, made = folder / f"{video}-60.mp4", folder / f"{video}-{seconds}.mp4"
    ffmpeg, fast = ["ffmpeg", "-loglevel", "error", "-y"], ["-movflags", "+faststart"]
    if not minute.exists():
        inputs = ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate=25", "-f", "lavfi", "-i", "anoisesrc=amplitude=0.1:duration=59.9"]
        encoded = ["-c:v", "libx264", "-preset", "veryfast", "-b:v", video, "-g", "50", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", audio]
        subprocess.run([*ffmpeg, *inputs, "-t", "60", *encoded, *fast, minute], check=True)
    if not made.exists():
        again = ["-stream_loop", str(seconds // 60 - 1), "-i", minute, "-c", "copy", "-t", str(seconds)]
        subprocess.run([*ffmpeg, *again, *fast, made], check=True)
    return made


def pinned(processor: int | None) -> list[str]:
    """What runs a program on one processor alone."""
    return [] if processor is None else ["taskset", "--cpu-list", str(processor)]


@contextlib.contextmanager
def reelspan(program: pathlib.Path, folder: pathlib.Path, media: pathlib.Path, processor: int | None = None, *, connections: int = 512):
    """A server with the media in the space `bench`: its URL and its process."""
    command = [*pinned(processor), program, "serve", "--data", folder / "data", "--import", f"bench={media}", "--audit", "off"]
    command += ["--listen", "127.0.0.1:0", "--s3-listen", "127.0.0.1:0", "--connections", str(connections)]
    command += ["--connections-per-address", str(connections)]
    quiet = {"stderr": subprocess.DEVNULL, "env": os.environ | {"RUST_LOG": "off"}}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **quiet) as server:
        try:
            yield next(line.split()[1] for line in server.stdout if line.startswith("ready ")), server.pid
        finally:
            server.terminate()


def listed(url: str, name: str) -> list[str]:
    """The URLs of a film's segments of pictures, as a player finds them in the playlists."""

    def lines(playlist: str) -> list[str]:
        with urllib.request.urlopen(playlist, timeout=10) as answer:
            text = answer.read().decode()
        return [urllib.parse.urljoin(answer.url, line) for line in text.splitlines() if line and not line.startswith("#")]

    [first, *_] = lines(f"{url}/media/bench/{name}/~/master.m3u8")
    return lines(first)


@dataclasses.dataclass
class Measured:
    """What `wrk` and /proc say of some seconds of requests."""

    rate: float
    """Requests a second."""
    cpu: float
    """Processor time of the server for a request, in milliseconds."""
    megabytes: float
    """MB a second."""
    median: float
    """Milliseconds."""
    late: float
    """Milliseconds within which 99 of 100 requests were answered."""

    @staticmethod
    def middle(rounds: list["Measured"]) -> "Measured":
        """The medians of several rounds."""
        return Measured(*(statistics.median(values) for values in zip(*map(dataclasses.astuple, rounds), strict=True)))


def wrk(url: str, lua: str, server: int, folder: pathlib.Path, *, seconds: int, connections: int, processor: int | None = None) -> Measured:
    """Sends the requests that the Lua statements make, which end with `return wrk.format(…)`."""
    script = folder / "wrk.lua"
    script.write_text(f"{WRK_SEED}request = function()\n{lua}\nend\n")
    command = [*pinned(processor), "wrk", "-t1", f"-c{connections}", "--latency", "-s", script]
    subprocess.run([*command, "-d1s", url], check=True, capture_output=True)
    before = used(server)
    said = subprocess.run([*command, f"-d{seconds}s", url], check=True, capture_output=True, text=True).stdout
    # wrk ends with its connections; what the server does for them then is over soon.
    time.sleep(0.2)
    spent = used(server) - before
    if bad := re.search(r"Non-2xx or 3xx responses: (\d+)", said):
        raise SystemExit(f"{bad[0]}: {url}\n{said}")
    requests = int(re.search(r"(\d+) requests in", said)[1])
    size, unit = re.search(r"Transfer/sec:\s+([\d.]+)([KMG]?B)", said).groups()
    # wrk's units are powers of 1024.
    megabytes = float(size) * 1024 ** ["B", "KB", "MB", "GB"].index(unit) / 1e6
    median, late = (milliseconds(*re.search(rf"{share}%\s+([\d.]+)(\w+)", said).groups()) for share in (50, 99))
    return Measured(float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]), 1000 * spent / requests, megabytes, median, late)


def milliseconds(value: str, unit: str) -> float:
    return float(value) * {"us": 1e-3, "ms": 1, "s": 1e3, "m": 6e4}[unit]


def family(process: int) -> list[int]:
    """A process and its children."""
    tasks = pathlib.Path(f"/proc/{process}/task").iterdir()
    children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    return [process, *(found for child in children for found in family(child))]


def used(process: int) -> float:
    """The processor time that a process and its children have taken so far, in seconds."""
    total = 0
    for one in family(process):
        fields = pathlib.Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def peak(process: int) -> int:
    """The memory that a process had resident at most, in MB."""
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) // 1024
