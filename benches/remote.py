#!/usr/bin/env python3
"""Measures what a request costs when S3 and DynamoDB are far away: round trips, bytes and time, for the function that serves
fragments under the emulator of Lambda's runtime, and for ffmpeg, which reads the same object over HTTP.

    make race

moto stands in for AWS behind a proxy that delays bytes by half of `--delay` in each direction. It does not delay new connections: AWS
keeps connections open, moto does not. Time that moto takes for itself is subtracted from the function's. A round trip is a
request to AWS that waits for the one before; requests at the same time count once.
"""

import argparse
import asyncio
import contextlib
import dataclasses
import json
import pathlib
import statistics
import sys
import tempfile
import threading
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "support"))

import subprocess

import boto3
from load import CUT, film

import emulator
import server as servers
from actions import REGION
from aws import covered
from stack import Answer, Stack

ROOT = pathlib.Path(__file__).resolve().parent.parent
FUNCTION = "FragmentsStream"
HOUR = 3600


class Distance:
    """`with Distance(endpoint, seconds) as far`: a proxy at `far.endpoint` that delays what passes, and counts it."""

    def __init__(self, endpoint: str, seconds: float):
        self._host, self._port = endpoint.removeprefix("http://").split(":")
        self._half = seconds / 2
        self.trips = self.bytes = 0
        self._waiting = 0

    def __enter__(self) -> "Distance":
        self._loop = asyncio.new_event_loop()
        started = threading.Event()

        async def serve() -> None:
            server = await asyncio.start_server(self._joined, "127.0.0.1", 0)
            self.endpoint = "http://{}:{}".format(*server.sockets[0].getsockname())
            started.set()

        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(serve(), self._loop)
        started.wait()
        return self

    def __exit__(self, *_) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, there = await asyncio.open_connection(self._host, self._port)
        state = {"asked": False}
        both = self._pass(reader, there, state, True), self._pass(theirs, writer, state, False)
        await asyncio.wait([asyncio.create_task(one) for one in both], return_when=asyncio.FIRST_COMPLETED)
        for end in (writer, there):
            end.close()
        if state["asked"]:
            self._came()

    def _left(self) -> None:
        """Something is on its way to the server."""
        if self._waiting == 0:
            self.trips += 1
        self._waiting += 1

    def _came(self) -> None:
        self._waiting -= 1

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, state: dict, request: bool) -> None:
        """Passes bytes on until one side ends."""
        queue: asyncio.Queue = asyncio.Queue(64)

        async def read() -> None:
            with contextlib.suppress(ConnectionError):
                while data := await reader.read(1 << 16):
                    if request and not state["asked"]:
                        state["asked"] = True
                        self._left()
                    await queue.put((self._loop.time() + self._half, data))
            await queue.put((0.0, b""))

        reading = asyncio.create_task(read())
        try:
            while True:
                at, data = await queue.get()
                if not data:
                    break
                await asyncio.sleep(max(0.0, at - self._loop.time()))
                if not request:
                    self.bytes += len(data)
                    if state["asked"]:
                        state["asked"] = False
                        self._came()
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            reading.cancel()


@dataclasses.dataclass
class Cost:
    trips: float
    bytes: float
    """Bytes from AWS, with the heads of its answers."""
    answered: float
    """Bytes of the body of the answer."""
    milliseconds: float

    @staticmethod
    def middle(found: list["Cost"]) -> "Cost":
        return Cost(*(statistics.median(values) for values in zip(*map(dataclasses.astuple, found), strict=True)))


def asked(stack: Stack, name: str, query: str) -> dict:
    """The event of a request to the streaming host for a stored film or a form of it."""
    event = stack.event("url-time")
    # The edge writes ~ for each % of the encoded path (functions/edge/viewer-request.js).
    event["rawPath"] = f"/media/demo/{name.replace('~', '~7E')}"
    event["rawQueryString"] = query
    event["queryStringParameters"] = {key: values[0] for key, values in urllib.parse.parse_qs(query).items()}
    return event


def measured(stack: Stack, far: Distance, invoke, event: dict) -> Cost:
    trips, size, calls, begun = far.trips, far.bytes, len(stack.aws.calls), time.monotonic()
    answer = Answer(invoke(event).content)
    took = time.monotonic() - begun - covered(stack.aws.calls[calls:])
    if answer.status != 200:
        raise SystemExit(f"{event['rawPath']}: {answer.said}")
    return Cost(far.trips - trips, far.bytes - size, len(answer.body), 1000 * took)


def segments(invoke, stack: Stack, name: str) -> list[str]:
    """The paths of the segments of pictures, relative to the space."""
    path = f"{name}/~/master.m3u8"
    for _ in range(2):
        text = Answer(invoke(asked(stack, path, "")).content).body.decode()
        listed = [line for line in text.splitlines() if line and not line.startswith("#")]
        found, path = [urllib.parse.urljoin(path, line) for line in listed], urllib.parse.urljoin(path, listed[0])
    return found


def ffmpeg(stack: Stack, far: Distance, name: str, start: int) -> Cost:
    s3 = boto3.client("s3", endpoint_url=far.endpoint, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test")
    url = s3.generate_presigned_url("get_object", {"Bucket": stack.bucket, "Key": f"demo/{name}"})
    trips, size, begun = far.trips, far.bytes, time.monotonic()
    moves = ["-t", str(CUT), "-c", "copy", "-movflags", "frag_keyframe+empty_moov", "-f", "mp4", "-"]
    command = ["ffmpeg", "-loglevel", "error", "-ss", str(start), "-i", url, *moves]
    body = subprocess.run(command, check=True, capture_output=True).stdout
    return Cost(far.trips - trips, far.bytes - size, len(body), 1000 * (time.monotonic() - begun))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--delay", type=float, default=15, help="milliseconds from a request to AWS to its answer")
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args()
    rows: dict[str, list[Cost]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        source = film(folder, HOUR, size="160x90", video="64k", audio="32k")
        with Stack(ROOT, folder) as stack, Distance(stack.aws.endpoint, given.delay / 1000) as far:
            stack.streams("demo")
            unlimited = stack.environment("Indexer") | {"REELSPAN_INDEX_BYTES": str(1 << 40)}
            names = [f"film-{number}.mp4" for number in range(given.rounds + 1)]
            with emulator.running(servers.built(ROOT, "indexer"), unlimited) as index:
                for name in names:
                    stack.client("s3").upload_file(str(source), stack.bucket, f"demo/{name}")
                    event = json.loads(json.dumps(stack.event("s3-put")).replace("demo/counter.mp4", f"demo/{name}"))
                    index(event)
            environment = stack.environment(FUNCTION) | {"AWS_ENDPOINT_URL": far.endpoint}
            for number, name in enumerate(names[1:], 1):
                program = servers.built(ROOT, stack.template.program(FUNCTION))
                with emulator.running(program, environment, (folder / "log").open("ab")) as invoke:

                    def note(row: str, name: str, query: str, invoke=invoke) -> None:
                        rows.setdefault(row, []).append(measured(stack, far, invoke, asked(stack, name, query)))

                    cut = "q=t~3D{}~2C{}"
                    note("a cut, the function's first request", name, cut.format(300, 310))
                    note("a cut of another film", names[number - 1], cut.format(1200, 1210))
                    note("another cut of a film", name, cut.format(2000, 2010))
                    some = segments(invoke, stack, name)
                    note("the same part a second later", name, cut.format(2001, 2011))
                    note("a segment of HLS of that film", some[100], "")
                    note("the next one", some[101], "")
                    note("the same again", some[101], "")
                    note("a playlist of HLS", f"{name}/~/master.m3u8", "")
                rows.setdefault("ffmpeg -ss -t 10 -c copy", []).append(ffmpeg(stack, far, name, 2000))
    print("| | round trips | bytes from AWS | of the answer | time |\n| --- | --- | --- | --- | --- |")
    for row, found in rows.items():
        it = Cost.middle(found)
        print(f"| {row} | {it.trips:.0f} | {it.bytes:.0f} | {it.answered:.0f} | {it.milliseconds:.0f} ms |")


if __name__ == "__main__":
    main()
