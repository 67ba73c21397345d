"""Functions as Lambda runs them: their programs under the runtime interface emulator of `sam local invoke`, which ships
with SAM, without Docker."""

import contextlib
import importlib.util
import json
import pathlib
import platform
import socket
import subprocess
import time
from typing import NamedTuple

import requests

from actions import REGION

ACCOUNT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION}


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Invoke(NamedTuple):
    """Invokes a function: called with an event, it returns the answer."""

    url: str
    process: int
    """The process of the emulator; the function is its child."""

    def __call__(self, event) -> requests.Response:
        return requests.post(self.url, data=json.dumps(event), timeout=60)


@contextlib.contextmanager
def running(program: pathlib.Path, environment: dict[str, str], log=subprocess.DEVNULL):
    """Runs a function's program in this environment, and yields its `Invoke`. Its log goes to `log`."""
    machine = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]
    package = pathlib.Path(importlib.util.find_spec("samcli").origin).parent
    emulator = package / "local" / "rapid" / f"aws-lambda-rie-{machine}"
    ports = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    command = [emulator, "--runtime-interface-emulator-address", ports[0], "--runtime-api-address", ports[1], program]
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        wait_for_port(ports[0])
        url = f"http://{ports[0]}/2015-03-31/functions/function/invocations"
        yield Invoke(url, process.pid)
    finally:
        process.terminate()
        process.wait(10)


def emulated(program: pathlib.Path, aws: str, log=subprocess.DEVNULL, **variables: str):
    """The same, with this AWS."""
    return running(program, ACCOUNT | {"AWS_ENDPOINT_URL": aws, "RUST_LOG": "warn"} | variables, log)


def wait_for_port(address: str) -> None:
    host, port = address.split(":")
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 1):
            return
        time.sleep(0.05)
    raise TimeoutError(address)
