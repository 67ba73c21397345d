#!/usr/bin/env python3
"""Measures the size of the functions that `sam build` made, their start, and the cost of a request, under the emulator
of Lambda's runtime and with moto as AWS, whose own time is not counted.

    make cold-start

`--programs` measures those of a folder instead, such as `target/release` after `cargo build --release` in a function's folder,
and says what a change is worth without `sam build`.

Each row is a function; times are medians, with the shortest in brackets, because other work on the machine only ever
adds to them:

- zip: the size of the uploaded archive, in MB
- init: from the start of the program until it asks for work, as the emulator measures it
- first: the time until the answer to the first request, minus the time of AWS
- later: the processor time of a request, over many requests to the same process
- anew: the same for requests for a part of a file that the process has not been asked for before
"""

import argparse
import http.client
import http.server
import io
import json
import pathlib
import re
import statistics
import sys
import tempfile
import threading
import time
import urllib.parse
import zipfile
from typing import NamedTuple

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "support"))

from samtranslator.yaml_helper import yaml_parse

import emulator
import invocations
from aws import covered
from stack import Answer, Stack

ROOT = pathlib.Path(__file__).resolve().parent.parent

# The request to each function, after the preconditions of its row.
ASKED = {
    "Authorizer": "authorizer-right",
    "Fragments": "http-time",
    "FragmentsStream": "url-time",
    "Indexer": "s3-put",
    "SigningApi": "signing-signed-url",
    "SpacesApi": "rest-get",
    "StreamingApi": "streaming-enable",
    "Web": "web-oembed",
}


ANEW = ("Fragments", "FragmentsStream")
"""The functions whose requests are for a file."""


class Call(NamedTuple):
    """One request to AWS, answered."""

    begun: float
    """On the clock of `time.monotonic`."""
    seconds: float


class Kept(http.server.ThreadingHTTPServer):
    """AWS behind connections that stay open, as AWS's do; moto closes each after an answer, and a function would have to
    connect for each request."""

    daemon_threads = True

    def __init__(self, endpoint: str):
        super().__init__(("127.0.0.1", 0), Forwarded)
        self.behind = urllib.parse.urlsplit(endpoint).netloc
        self.calls: list[Call] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Forwarded(http.server.BaseHTTPRequestHandler):
    """One connection to `Kept`."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def forward(self) -> None:
        begun = time.monotonic()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        behind = http.client.HTTPConnection(self.server.behind)
        behind.request(self.command, self.path, body, dict(self.headers))
        answer = behind.getresponse()
        body = answer.read()
        behind.close()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "content-length", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
        self.server.calls.append(Call(begun, time.monotonic() - begun))

    do_GET = do_PUT = do_POST = do_DELETE = forward


class Run:
    """One process of a function, from its start."""

    def __init__(self, stack: Stack, kept: Kept, function: str, program: pathlib.Path, later: int, logs: pathlib.Path):
        rows = {row.event: row for row in invocations.ROWS}
        event, log = ASKED[function], logs / f"{function}-{time.monotonic_ns()}.log"
        environment = stack.environment(function) | {"AWS_ENDPOINT_URL": kept.endpoint}
        with log.open("wb") as written, emulator.running(program, environment, written) as invoke:
            asked = stack.event(event)

            def ask(asked: dict) -> float:
                return self._ask(stack, kept, function, rows[event], asked, invoke)

            self.seconds = [ask(asked) for _ in range(1 + later)]
            [process] = children(invoke.process)
            before = processor(process)
            for _ in range(later):
                ask(asked)
            self.later = 1000 * (processor(process) - before) / later
            if function in ANEW:
                before = processor(process)
                for number in range(later):
                    ask(json.loads(json.dumps(asked).replace("counter.mp4", other(number))))
                self.anew = 1000 * (processor(process) - before) / later
        text = log.read_text(errors="replace")
        self.init = float(re.search(r"INIT REPORT\(durationMs: ([\d.]+)\)", text)[1])
        took = [float(found) for found in re.findall(r"INVOKE RTDONE\(.*duration: ([\d.]+)ms\)", text)]
        self.first = took[0] - 1000 * self.seconds[0]

    @staticmethod
    def _ask(stack: Stack, kept: Kept, function: str, row, asked: dict, invoke) -> float:
        """The time of AWS for one request."""
        invocations.prepare(stack, row)
        before, forwarded = len(stack.aws.calls), len(kept.calls)
        answer = Answer(invoke(asked).content)
        row.holds(stack, answer)
        calls = [call for call in stack.aws.calls[before:] if call.who == function]
        return covered([*calls, *kept.calls[forwarded:]])


def other(number: int) -> str:
    """The name of a copy of the sample."""
    return f"counter-{number}.mp4"


def copied(stack: Stack, copies: int) -> None:
    """Stores copies of the sample, and indexes them."""
    for number in range(copies):
        invocations.put(stack, f"demo/{other(number)}", invocations.sample(stack, "counter.mp4"))
        invocations.index(stack, f"demo/{other(number)}")


def children(process: int) -> list[int]:
    tasks = pathlib.Path(f"/proc/{process}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def processor(process: int) -> float:
    """The processor time of a process in seconds, over all its threads."""
    tasks = pathlib.Path(f"/proc/{process}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def megabytes(program: pathlib.Path) -> float:
    """The size of the program in the uploaded archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(program, "bootstrap")
    return len(packed.getvalue()) / 1e6


def shown(values: list[float]) -> str:
    return f"{statistics.median(values):7.2f} ({min(values):6.2f})"


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--built", type=pathlib.Path, default=ROOT / ".aws-sam" / "build", help="where sam build has put them")
    arguments.add_argument("--programs", type=pathlib.Path, help="a folder of programs, instead")
    arguments.add_argument("--starts", type=int, default=10, help="how often each function is started")
    arguments.add_argument("--later", type=int, default=20, help="how often it is asked after the first time")
    arguments.add_argument("--only", nargs="+", choices=ASKED, default=list(ASKED), help="of these functions")
    given = arguments.parse_args()
    built = {} if given.programs else yaml_parse((given.built / "template.yaml").read_text())["Resources"]
    print(f"{'function':16} {'zip MB':>7} {'init ms':>16} {'first ms':>16} {'later ms of processor':>22} {'anew':>16}")
    with tempfile.TemporaryDirectory() as folder, Stack(ROOT, pathlib.Path(folder)) as stack:
        kept = Kept(stack.aws.endpoint)
        if set(ANEW) & set(given.only):
            copied(stack, given.later)
        for function in given.only:
            if given.programs:
                program = given.programs / stack.template.program(function)
            else:
                program = given.built / built[function]["Properties"]["CodeUri"] / "bootstrap"
            runs = [Run(stack, kept, function, program, given.later, pathlib.Path(folder)) for _ in range(given.starts)]
            init, first, later = (shown([getattr(run, name) for run in runs]) for name in ("init", "first", "later"))
            anew = shown([run.anew for run in runs]) if function in ANEW else ""
            print(f"{function:16} {megabytes(program):7.2f} {init:>16} {first:>16} {later:>22} {anew:>16}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
