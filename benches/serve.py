#!/usr/bin/env python3
"""Measures `reelspan serve`: requests a second, and the processor time of the server for each.

    cargo build --release
    benches/serve.py

ffmpeg makes an hour of H.264 and AAC in MP4 of some 190 MB, which is imported into a new data folder. `wrk` (Debian's package
`wrk`) then sends requests over loopback: cuts of ten seconds that begin at random whole seconds, ranges of half a megabyte at
random, and whole files of three megabytes. The client takes processor time on the same machine, so the time of the server for each
request is the figure to compare; it is read from /proc.
"""

import argparse
import os
import pathlib
import re
import subprocess
import tempfile
import time

SECONDS = 3600
CUT = 10
HALF = 512 * 1024

CUTS = """
local from = math.random(0, %d)
return wrk.format("GET", "/media/bench/hour.mp4?t=" .. from .. "," .. from + %d)
""" % (SECONDS - CUT - 1, CUT)
RANGES = """
local from = math.random(0, %d)
return wrk.format("GET", "/media/bench/hour.mp4", { Range = "bytes=" .. from .. "-" .. from + %d })
""" % (150_000_000, HALF - 1)
WHOLE = """
return wrk.format("GET", "/media/bench/minute.mp4")
"""
NOT_MODIFIED = """
return wrk.format("GET", "/media/bench/hour.mp4?t=1,11", { ["If-None-Match"] = "*" })
"""

TABLE = {"cuts of 10 s": CUTS, "ranges of 512 KiB": RANGES, "whole files": WHOLE, "answers without a body": NOT_MODIFIED}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--program", type=pathlib.Path, default="target/release/reelspan")
    options.add_argument("--media", type=pathlib.Path, help="a folder for the media, which is kept [default: temporary]")
    options.add_argument("--seconds", type=int, default=8, help="how long each row takes")
    options.add_argument("--connections", type=int, default=64)
    options.add_argument("--rows", default="", help="only the rows whose name contains this")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        media = asked.media or folder / "media"
        make(media)
        with subprocess.Popen(
            [asked.program, "serve", "--data", folder / "data", "--import", f"bench={media}", "--audit", "off"]
            + ["--listen", "127.0.0.1:0", "--s3-listen", "127.0.0.1:0", "--connections-per-address", "512"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"RUST_LOG": "off"},
        ) as server:
            try:
                url = next(line.split()[1] for line in server.stdout if line.startswith("ready "))
                print(f"{'':24} {'requests/s':>10} {'ms of CPU':>10} {'MB/s':>7} {'median':>9} {'p99':>9}")
                for name, lua in TABLE.items():
                    if asked.rows in name:
                        print(row(name, lua, url, server.pid, asked, folder), flush=True)
                print(f"resident memory at most {peak(server.pid)} MB")
            finally:
                server.terminate()


def make(folder: pathlib.Path) -> None:
    """The media, unless they are there: a minute is encoded, and repeated without encoding."""
    folder.mkdir(parents=True, exist_ok=True)
    minute, hour = folder / "minute.mp4", folder / "hour.mp4"
    ffmpeg = ["ffmpeg", "-loglevel", "error", "-y"]
    if not hour.exists():
        inputs = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-f", "lavfi", "-i", "anoisesrc=amplitude=0.1"]
        video = ["-c:v", "libx264", "-preset", "veryfast", "-b:v", "320k", "-g", "50", "-pix_fmt", "yuv420p"]
        audio = ["-c:a", "aac", "-b:a", "96k"]
        fast = ["-movflags", "+faststart"]
        subprocess.run([*ffmpeg, *inputs, "-t", "60", *video, *audio, *fast, minute], check=True)
        again = ["-stream_loop", str(SECONDS // 60 - 1), "-i", minute, "-c", "copy", "-t", str(SECONDS)]
        subprocess.run([*ffmpeg, *again, *fast, hour], check=True)


def row(name: str, lua: str, url: str, server: int, asked: argparse.Namespace, folder: pathlib.Path) -> str:
    script = folder / "wrk.lua"
    seed = "init = function() math.randomseed(tonumber(tostring(wrk):match('0x(%x+)'), 16) % 100000) end\n"
    script.write_text(f"{seed}request = function()\n{lua}\nend\n")
    wrk = ["wrk", "-t1", f"-c{asked.connections}", "--latency", "-s", script]
    subprocess.run([*wrk, "-d1s", url], check=True, capture_output=True)
    before = processor(server)
    said = subprocess.run([*wrk, f"-d{asked.seconds}s", url], check=True, capture_output=True, text=True).stdout
    # wrk ends with its connections; what the server does for them then is over soon.
    time.sleep(0.2)
    used = processor(server) - before
    if bad := re.search(r"Non-2xx or 3xx responses: (\d+)", said):
        raise SystemExit(f"{name}: {bad[0]}\n{said}")
    requests = int(re.search(r"(\d+) requests in", said)[1])
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])
    size, unit = re.search(r"Transfer/sec:\s+([\d.]+)([KMG]?B)", said).groups()
    megabytes = float(size) * {"B": 1e-6, "KB": 1e-3, "MB": 1, "GB": 1e3}[unit]
    median, late = (re.search(rf"{share}%\s+([\d.]+\w+)", said)[1] for share in (50, 99))
    return f"{name:24} {rate:10.0f} {1000 * used / requests:10.3f} {megabytes:7.0f} {median:>9} {late:>9}"


def processor(process: int) -> float:
    """The processor time that a process has taken so far, in seconds."""
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak(process: int) -> int:
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) // 1024


if __name__ == "__main__":
    main()
