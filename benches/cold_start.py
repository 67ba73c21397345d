#!/usr/bin/env python3
"""Measures the size of the functions that `sam build` made, their start, and the cost of a request, under the emulator
of Lambda's runtime and with moto as AWS, whose own time is not counted.

    make cold-start

Each row is a function; times are medians, with the shortest in brackets, because other work on the machine only ever
adds to them:

- zip: the size of the uploaded archive, in MB
- init: from the start of the program until it asks for work, as the emulator measures it
- first: the time until the answer to the first request, minus the time of AWS
- later: the processor time of a request, over many requests to the same process
"""

import argparse
import io
import pathlib
import re
import statistics
import sys
import tempfile
import time
import zipfile

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


class Run:
    """One process of a function, from its start."""

    def __init__(self, stack: Stack, function: str, program: pathlib.Path, later: int, logs: pathlib.Path):
        rows = {row.event: row for row in invocations.ROWS}
        event, log = ASKED[function], logs / f"{function}-{time.monotonic_ns()}.log"
        with log.open("wb") as written, emulator.running(program, stack.environment(function), written) as invoke:
            self.seconds = [self._ask(stack, function, rows[event], invoke) for _ in range(1 + later)]
            [process] = children(invoke.process)
            before = processor(process)
            for _ in range(later):
                self._ask(stack, function, rows[event], invoke)
            self.later = 1000 * (processor(process) - before) / later
        text = log.read_text(errors="replace")
        self.init = float(re.search(r"INIT REPORT\(durationMs: ([\d.]+)\)", text)[1])
        took = [float(found) for found in re.findall(r"INVOKE RTDONE\(.*duration: ([\d.]+)ms\)", text)]
        self.first = took[0] - 1000 * self.seconds[0]

    @staticmethod
    def _ask(stack: Stack, function: str, row, invoke) -> float:
        """The time of AWS for one request."""
        invocations.prepare(stack, row)
        before = len(stack.aws.calls)
        answer = Answer(invoke(stack.event(row.event)).content)
        row.holds(stack, answer)
        return covered([call for call in stack.aws.calls[before:] if call.who == function])


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
    return f"{statistics.median(values):7.1f} ({min(values):6.1f})"


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--built", type=pathlib.Path, default=ROOT / ".aws-sam" / "build", help="where sam build has put them")
    arguments.add_argument("--starts", type=int, default=10, help="how often each function is started")
    arguments.add_argument("--later", type=int, default=20, help="how often it is asked after the first time")
    arguments.add_argument("--only", nargs="+", choices=ASKED, default=list(ASKED), help="of these functions")
    given = arguments.parse_args()
    built = yaml_parse((given.built / "template.yaml").read_text())["Resources"]
    print(f"{'function':16} {'zip MB':>7} {'init ms':>16} {'first ms':>16} {'later ms of processor':>22}")
    with tempfile.TemporaryDirectory() as folder, Stack(ROOT, pathlib.Path(folder)) as stack:
        for function in given.only:
            program = given.built / built[function]["Properties"]["CodeUri"] / "bootstrap"
            runs = [Run(stack, function, program, given.later, pathlib.Path(folder)) for _ in range(given.starts)]
            columns = (shown([getattr(run, name) for run in runs]) for name in ("init", "first", "later"))
            print(f"{function:16} {megabytes(program):7.2f} {next(columns):>16} {next(columns):>16} {next(columns):>22}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
