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
import pathlib
import tempfile

from load import CUT, film, peak, reelspan, wrk

SECONDS = 3600
HALF = 512 * 1024

CUTS = """
local from = math.random(0, %d)
return wrk.format("GET", "/media/bench/320k-3600.mp4?t=" .. from .. "," .. from + %d)
""" % (SECONDS - CUT - 1, CUT)
RANGES = """
local from = math.random(0, %d)
return wrk.format("GET", "/media/bench/320k-3600.mp4", { Range = "bytes=" .. from .. "-" .. from + %d })
""" % (150_000_000, HALF - 1)
WHOLE = """
return wrk.format("GET", "/media/bench/320k-60.mp4")
"""
NOT_MODIFIED = """
return wrk.format("GET", "/media/bench/320k-3600.mp4?t=1,11", { ["If-None-Match"] = "*" })
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
        film(media, SECONDS)
        with reelspan(asked.program, folder, media) as (url, server):
            print(f"{'':24} {'requests/s':>10} {'ms of CPU':>10} {'MB/s':>7} {'median ms':>9} {'p99 ms':>9}")
            for name, lua in TABLE.items():
                if asked.rows in name:
                    it = wrk(url, lua, server, folder, seconds=asked.seconds, connections=asked.connections)
                    print(f"{name:24} {it.rate:10.0f} {it.cpu:10.3f} {it.megabytes:7.0f} {it.median:9.1f} {it.late:9.1f}", flush=True)
            print(f"resident memory at most {peak(server)} MB")


if __name__ == "__main__":
    main()
