#!/usr/bin/env python3
"""Keeps `reelspan serve` at full load for an hour, and prints what becomes of its memory and its file descriptors.

    make soak

`wrk` asks over 64 connections for everything that a server of media is asked for: cuts, ranges, whole files, segments and playlists of
HLS, conditional requests. Another thousand connections ask once in half a minute. Meanwhile clients break off downloads, and
an archivist stores files, waits until a part of each can be had, and deletes them. After an hour the load ends, and the
descriptors that are open then are compared with those before it. Ends with 1 if one was lost, or an answer was not what it
should be.
"""

import argparse
import asyncio
import base64
import collections
import contextlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse

import curves
from load import WRK_SEED, film, listed, reelspan, used

HOUR, MINUTE = 3600, 60
BETWEEN = 30
"""Seconds between two requests of a connection that is idle, half of what the server allows."""
SETTLED = 75
"""Seconds after the load until the server has closed what is idle."""
ADMIN, SECRET = "soak", "the secret of the soak"

MIXED = """
local hour, minute = "/media/bench/320k-3600.mp4", "/media/bench/320k-60.mp4"
local kind, from = math.random(100), math.random(0, 3589)
if kind <= 50 then return wrk.format("GET", hour .. "?t=" .. from .. "," .. from + 10) end
if kind <= 70 then return wrk.format("GET", paths[math.random(#paths)]) end
if kind <= 82 then return wrk.format("GET", hour, { Range = "bytes=" .. from * 40000 .. "-" .. from * 40000 + 524287 }) end
if kind <= 88 then return wrk.format("GET", minute) end
if kind <= 92 then return wrk.format("GET", hour .. "/~/master.m3u8") end
if kind <= 95 then return wrk.format("GET", hour .. "/~/about.json") end
return wrk.format("GET", hour .. "?t=" .. from .. "," .. from + 10, { ["If-None-Match"] = "*" })
"""


class Counted(collections.Counter):
    """How often something happened, and what went wrong."""

    def wrong(self, what: str) -> None:
        self["wrong"] += 1
        print(f"wrong: {what}", flush=True)


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Reads the answer to a request on a connection that stays open."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    length = re.search(r"(?im)^content-length: (\d+)", head)
    return int(head.split()[1]), await reader.readexactly(int(length[1])) if length else b""


class Load:
    """What happens beside `wrk`."""

    def __init__(self, url: str, counted: Counted):
        self.at = urllib.parse.urlsplit(url)
        self.counted = counted
        self.ended = asyncio.Event()

    async def pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.ended.wait(), seconds)

    def request(self, method: str, path: str, *headers: str) -> bytes:
        """The head of a request."""
        return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {self.at.netloc}", *headers, "", ""]).encode()

    async def connect(self):
        return await asyncio.open_connection(self.at.hostname, self.at.port)

    async def idle(self, after: float) -> None:
        """A connection that asks now and then, the first time after this many seconds."""
        reader, writer = await self.connect()
        await self.pause(after)
        while not self.ended.is_set():
            writer.write(self.request("GET", "/media/bench/320k-60.mp4?t=1,2", "If-None-Match: *"))
            status, _ = await answer(reader)
            self.counted["asked by idle connections"] += 1
            if status != 304:
                self.counted.wrong(f"an idle connection got {status}")
            await self.pause(BETWEEN)
        writer.close()

    async def breaks_off(self) -> None:
        """A client that goes away in the middle of a file."""
        while not self.ended.is_set():
            reader, writer = await self.connect()
            writer.write(self.request("GET", "/media/bench/320k-3600.mp4"))
            await reader.readexactly(100_000)
            writer.transport.abort()
            self.counted["broken off"] += 1
            await self.pause(0.2)

    async def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        reader, writer = await self.connect()
        authorization = base64.b64encode(f"{ADMIN}:{SECRET}".encode()).decode()
        writer.write(self.request(method, path, f"Authorization: Basic {authorization}", f"Content-Length: {len(body)}") + body)
        await writer.drain()
        found = await answer(reader)
        writer.close()
        return found

    async def stores(self, body: bytes) -> None:
        """An archivist who stores a file, cuts it, and deletes it."""
        number = 0
        while not self.ended.is_set():
            number += 1
            name = f"bench/stored-{number % 7}.mp4"
            status, _ = await self.ask("PUT", f"/durastore/{name}", body)
            if status != 201:
                self.counted.wrong(f"PUT got {status}")
            for _ in range(300):
                status, cut = await self.ask("GET", f"/media/{name}?t=2,4")
                if status != 503:
                    break
                await asyncio.sleep(0.2)
            if status != 200 or cut[4:8] != b"ftyp":
                self.counted.wrong(f"a part of a stored file got {status}")
            status, _ = await self.ask("DELETE", f"/durastore/{name}")
            if status != 200:
                self.counted.wrong(f"DELETE got {status}")
            self.counted["stored, cut and deleted"] += 1
            await self.pause(0.5)


def state(process: int) -> tuple[float, int, int]:
    """Resident memory in MB, open file descriptors, and threads."""
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    memory, threads = (int(re.search(rf"{name}:\s+(\d+)", status)[1]) for name in ("VmRSS", "Threads"))
    return memory / 1024, len(os.listdir(f"/proc/{process}/fd")), threads


async def soak(asked: argparse.Namespace, folder: pathlib.Path, media: pathlib.Path) -> int:
    film(media, HOUR)
    small = film(folder / "small", MINUTE, size="160x90", video="64k", audio="32k").read_bytes()
    data = folder / "data"
    command = [asked.program, "user", "add", ADMIN, "--role", "admin", "--password-stdin", "--data", data]
    subprocess.run(command, input=SECRET, text=True, check=True, capture_output=True)
    with contextlib.ExitStack() as ended:
        url, server = ended.enter_context(reelspan(asked.program, folder, media, connections=4096))
        counted = Counted()
        load = Load(url, counted)
        paths = ", ".join(f'"{urllib.parse.urlsplit(segment).path}"' for segment in listed(url, "320k-3600.mp4"))
        script = folder / "soak.lua"
        script.write_text(f"paths = {{{paths}}}\n{WRK_SEED}request = function()\n{MIXED}\nend\n")
        first = state(server)
        print(f"before: {first[0]:.0f} MB, {first[1]} descriptors, {first[2]} threads", flush=True)
        seconds = int(60 * asked.minutes)
        wrk = ["wrk", "-t1", "-c64", f"-d{seconds}s", "--timeout", "30s", "--latency", "-s", script, url]
        busy = ended.enter_context(subprocess.Popen(wrk, stdout=subprocess.PIPE, text=True))
        ended.callback(busy.terminate)
        begun, spent = time.monotonic(), used(server)
        beside = [load.idle(BETWEEN * number / asked.idle) for number in range(asked.idle)] + [load.breaks_off(), load.stores(small)]
        tasks = [asyncio.create_task(task) for task in beside]
        memory = []
        print("| minute | MB resident | descriptors | threads | processor |\n| --- | --- | --- | --- | --- |", flush=True)
        while busy.poll() is None:
            await asyncio.sleep(min(60, seconds / 5))
            now = state(server)
            memory.append(now[0])
            minute = (time.monotonic() - begun) / 60
            print(f"| {minute:.0f} | {now[0]:.1f} | {now[1]} | {now[2]} | {used(server) - spent:.0f} s |", flush=True)
        load.ended.set()
        for failed in [found for found in await asyncio.gather(*tasks, return_exceptions=True) if found]:
            counted.wrong(repr(failed))
        print(said := busy.communicate()[0])
        if busy.returncode:
            counted.wrong(f"wrk ended with {busy.returncode}")
        # A status other than 2xx or 3xx, or a connection that broke off.
        for line in re.findall(r"Non-2xx.*|Socket errors.*", said):
            counted.wrong(line)
        await asyncio.sleep(SETTLED)
        last = state(server)
        print(f"after: {last[0]:.0f} MB, {last[1]} descriptors, {last[2]} threads; {dict(counted)}")
        if asked.plot:
            minutes = [str(number + 1) if (number + 1) % 10 == 0 else "" for number in range(len(memory))]
            asked.plot.write_text(curves.drawn("Memory resident in an hour of full load, by minute", "MB", minutes, {"Reelspan": memory}))
        return 1 if counted["wrong"] or last[1] > first[1] else 0


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--program", type=pathlib.Path, default=pathlib.Path("target/serve/reelspan"))
    options.add_argument("--media", type=pathlib.Path, help="a folder for the films, which is kept [default: temporary]")
    options.add_argument("--minutes", type=float, default=60)
    options.add_argument("--idle", type=int, default=1000, help="connections beside the 64 busy ones")
    options.add_argument("--plot", type=pathlib.Path, help="where the memory over time is drawn, as SVG")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        return asyncio.run(soak(asked, folder, (asked.media or folder / "media").absolute()))


if __name__ == "__main__":
    sys.exit(main())
