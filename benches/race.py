#!/usr/bin/env python3
"""Runs Debian's nginx (static files and its mp4 module), ffmpeg and Reelspan side by side: the same film, the same requests at
random, each server on one processor and `wrk` on another.

    make race

The film is an hour of H.264 and AAC in MP4. The rounds of a row alternate between the servers, so that other work on the machine
falls on all of them; figures are medians of the rounds. `--plot FILE` then cuts films of a minute, an hour and ten hours and draws
what a cut costs.
"""

import argparse
import collections
import contextlib
import getpass
import os
import pathlib
import resource
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.parse

import curves
from load import CUT, Measured, film, listed, peak, pinned, reelspan, wrk

HOUR = 3600
HALF = 512 * 1024
BEFORE = 30
"""Seconds of a film before a cut in which its group of pictures may begin. All cuts have as many, also in films of a minute."""
SERVER, CLIENT = 0, 1
"""The processors."""

NGINX = """
user {user};
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr error;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 100000000;
  open_file_cache max=1000;
  types {{ video/mp4 mp4; }}
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location / {{ root {media}; }}
    location /cut/ {{ alias {media}/; mp4; mp4_max_buffer_size 256m; }}
  }}
}}
"""


@contextlib.contextmanager
def nginx(folder: pathlib.Path, media: pathlib.Path):
    """nginx with one worker: its URL and its process."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        raise SystemExit("nginx is missing: make race")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    written = folder / "nginx.conf"
    written.write_text(NGINX.format(user=getpass.getuser(), folder=folder, media=media, port=port))
    with subprocess.Popen([*pinned(SERVER), program, "-p", folder, "-c", written], stderr=subprocess.DEVNULL) as server:
        try:
            for _ in range(100):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}", server.pid
        finally:
            server.terminate()


def cuts(path: str, seconds: int, *, start: str) -> str:
    """Cuts of ten seconds that begin at random whole seconds; `start` writes the query."""
    return f'local from = math.random({BEFORE}, {seconds - CUT - 1})\nreturn wrk.format("GET", "{path}?" .. {start})'


def nginx_cuts(name: str, seconds: int) -> str:
    return cuts(f"/cut/{name}", seconds, start=f'"start=" .. from .. "&end=" .. from + {CUT}')


def our_cuts(name: str, seconds: int) -> str:
    return cuts(f"/media/bench/{name}", seconds, start=f'"t=" .. from .. "," .. from + {CUT}')


def ranges(path: str, size: int) -> str:
    start = f"local from = math.random(0, {size - HALF})"
    return f'{start}\nreturn wrk.format("GET", "{path}", {{ Range = "bytes=" .. from .. "-" .. from + {HALF - 1} }})'


def whole(path: str) -> str:
    return f'return wrk.format("GET", "{path}")'


def segments(url: str, name: str) -> str:
    """The segments of pictures at random."""
    paths = ", ".join(f'"{urllib.parse.urlsplit(segment).path}"' for segment in listed(url, name))
    return f'paths = paths or {{{paths}}}\nreturn wrk.format("GET", paths[math.random(#paths)])'


def copied(source: pathlib.Path, rounds: int) -> Measured:
    """What a process of ffmpeg takes that copies ten seconds to a pipe, one at a time."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    took, size = [], 0
    for number in range(rounds):
        ffmpeg = [*pinned(SERVER), "ffmpeg", "-loglevel", "error", "-ss", str(number * 337 % (HOUR - CUT)), "-i", source]
        from_ = time.monotonic()
        moves = ["-t", str(CUT), "-c", "copy", "-movflags", "frag_keyframe+empty_moov", "-f", "mp4", "-"]
        size += len(subprocess.run([*ffmpeg, *moves], check=True, capture_output=True).stdout)
        took.append(1000 * (time.monotonic() - from_))
    after, seconds = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - begun
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    took.sort()
    late = took[min(rounds - 1, rounds * 99 // 100)]
    return Measured(rounds / seconds, 1000 * spent / rounds, size / seconds / 1e6, took[rounds // 2], late)


def race(asked: argparse.Namespace, folder: pathlib.Path, media: pathlib.Path) -> None:
    hour, minute = film(media, HOUR), film(media, 60)
    size = hour.stat().st_size
    with nginx(folder, media) as (their_url, theirs), reelspan(asked.program, folder, media, SERVER) as (our_url, ours):
        them, us = (their_url, theirs), (our_url, ours)
        ours_at = f"/media/bench/{hour.name}"
        rows = {
            f"cuts of {CUT} s": {"nginx": (*them, nginx_cuts(hour.name, HOUR)), "Reelspan": (*us, our_cuts(hour.name, HOUR))},
            "segments of HLS": {"Reelspan": (*us, segments(our_url, hour.name))},
            "ranges of 512 KiB": {"nginx": (*them, ranges(f"/{hour.name}", size)), "Reelspan": (*us, ranges(ours_at, size))},
            "whole files": {"nginx": (*them, whole(f"/{minute.name}")), "Reelspan": (*us, whole(f"/media/bench/{minute.name}"))},
        }
        print("| | | requests/s | ms of CPU | MB/s | median | p99 |\n| --- | --- | --- | --- | --- | --- | --- |")
        for name, servers in rows.items():
            found = collections.defaultdict(list)
            for _ in range(asked.rounds):
                for who, (url, process, lua) in servers.items():
                    given = {"seconds": asked.seconds, "connections": asked.connections, "processor": CLIENT}
                    found[who].append(wrk(url, lua, process, folder, **given))
            if name.startswith("cuts"):
                found["ffmpeg"] = [copied(hour, 30)]
            middle = {who: Measured.middle(rounds) for who, rounds in found.items()}
            for who, it in middle.items():
                figures = f"{it.rate:.0f} | {it.cpu:.3f} | {it.megabytes:.0f} | {it.median:.1f} ms | {it.late:.1f} ms"
                print(f"| {name} | {who} | {figures} |", flush=True)
            if "nginx" in middle:
                rate, cpu = middle["Reelspan"].rate / middle["nginx"].rate, middle["nginx"].cpu / middle["Reelspan"].cpu
                print(f"| | ratio | {rate:.2f} of nginx's requests | {cpu:.2f} of its requests a CPU second | | | |", flush=True)
        print(f"\nReelspan had {peak(ours)} MB of memory resident at most.")


LENGTHS = {"1 min": 60, "1 h": HOUR, "10 h": 10 * HOUR}


def copies(media: pathlib.Path, length: str) -> list[str]:
    """The names of films of a length, ten hours in all: whatever the length, as many bytes are asked for, so that the processor has
    them at hand as rarely."""
    seconds = LENGTHS[length]
    made = film(media, seconds, size="160x90", video="64k", audio="32k")
    names = [made.name] + [f"{seconds}-{number}.mp4" for number in range(1, max(LENGTHS.values()) // seconds)]
    for name in names[1:]:
        if not (media / name).exists():
            shutil.copyfile(made, media / name)
    return names


def of_any(names: list[str], lua: str) -> str:
    """The same request to any of these films, where the statements name the first of them."""
    listed = ", ".join(f'"{name}"' for name in names)
    return f"names = names or {{{listed}}}\n" + lua.replace(names[0], '" .. names[math.random(#names)] .. "')


def grow(asked: argparse.Namespace, folder: pathlib.Path, media: pathlib.Path) -> None:
    """What a cut costs in films of any length, drawn and printed."""
    films = {length: copies(media, length) for length in LENGTHS}
    found: dict[str, list[float]] = {"nginx, mp4 module": [], "Reelspan": []}
    with nginx(folder, media) as (their_url, theirs), reelspan(asked.program, folder, media, SERVER) as (our_url, ours):
        for length, names in films.items():
            theirs_cut, ours_cut = (make(names[0], LENGTHS[length]) for make in (nginx_cuts, our_cuts))
            runs = [(their_url, of_any(names, theirs_cut), theirs), (our_url, of_any(names, ours_cut), ours)]
            for costs, run in zip(found.values(), runs, strict=True):
                given = {"seconds": asked.seconds, "connections": 8, "processor": CLIENT}
                costs.append(Measured.middle([wrk(*run, folder, **given) for _ in range(asked.rounds)]).cpu)
    print("\n| ms of CPU for a cut of 10 s | " + " | ".join(LENGTHS) + " | 10 h ÷ 1 min |\n" + "| --- " * (len(LENGTHS) + 2) + "|")
    for who, costs in found.items():
        print(f"| {who} | " + " | ".join(f"{cost:.3f}" for cost in costs) + f" | {costs[-1] / costs[0]:.2f} |")
    asked.plot.write_text(curves.drawn("Processor time for a cut of 10 s, by the length of its film", "ms", list(LENGTHS), found))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--program", type=pathlib.Path, default=pathlib.Path("target/serve/reelspan"))
    options.add_argument("--media", type=pathlib.Path, help="a folder for the films, which is kept [default: temporary]")
    options.add_argument("--seconds", type=int, default=5, help="how long a round of a row takes")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--connections", type=int, default=64)
    options.add_argument("--plot", type=pathlib.Path, help="where the curves over the length of films are drawn, as SVG")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        media = (asked.media or folder / "media").absolute()
        for name, run in {"hour": race, **({"lengths": grow} if asked.plot else {})}.items():
            (folder / name).mkdir()
            run(asked, folder / name, media / name)


if __name__ == "__main__":
    main()
