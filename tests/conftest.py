"""The fixtures of all tests: the built programs, the samples, and one running server."""

import pathlib
import subprocess
import time

import pytest
import requests
from xdist.scheduler import LoadFileScheduling

import server as servers
from browser import chromium, page  # noqa: F401 (fixtures)
from cloud import boto, moto  # noqa: F401 (fixtures)
from hosts import through_lambda, through_media, through_stream  # noqa: F401 (fixtures)
from pages import built, bundle, elsewhere, player, tag  # noqa: F401 (fixtures)
from players import joined
from rest import invoked, rest, served  # noqa: F401 (fixtures)
from stack import Stack
from streaming import signing, streaming  # noqa: F401 (fixtures)

ROOT = pathlib.Path(__file__).resolve().parent.parent

LONGEST = [
    "formats",
    "verify",
    "lambda",
    "permissions",
    "cuts",
    "player",
    "doctor",
    "rest_large",
    "rest_rights",
    "streaming",
    "smoke",
    "console_pages",
]
LONGEST += ["console_journey", "firefox", "player_pages", "player_controls", "ladder"]
LONGEST += ["players", "browser", "console_uploads", "cross_site", "forms", "signed_streams", "limits", "corpus"]
"""The files that take longest begin first, so that no worker is left alone with one of them in the end."""


TOGETHER = {"tests/test_permissions.py": "tests/test_lambda.py"}
"""A file that is tested in the same process as another, behind it: both invoke the functions with every event, which is done once."""

BROWSERS = {"chromium", "firefox"}
"""The fixtures that are browsers. On a busy machine a browser may drop a frame or an event, and no part of ours is at fault: a
test of one that fails is tried once more, and the summary lists it under RERUN."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = {f"test_{name}": place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.stem, len(order)))
    for item in items:
        if BROWSERS.intersection(item.fixturenames):
            item.add_marker(pytest.mark.flaky(reruns=1))


class ByFile(LoadFileScheduling):
    """One process tests a file, and what is to be tested together with it."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return TOGETHER.get(file, file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log) -> ByFile:
    return ByFile(config, log)


@pytest.fixture(scope="session")
def root() -> pathlib.Path:
    return ROOT


@pytest.fixture(scope="session")
def samples() -> pathlib.Path:
    return ROOT / "samples"


@pytest.fixture(scope="session")
def binary() -> pathlib.Path:
    """The program `reelspan`."""
    path = servers.built(ROOT, "reelspan")
    assert path.exists(), f"{path} does not exist: cargo build --workspace"
    return path


@pytest.fixture(scope="session")
def reelspan(binary):
    """Runs `reelspan` and waits for its end."""

    def run(*arguments, status: int = 0) -> subprocess.CompletedProcess:
        done = subprocess.run([binary, *arguments], capture_output=True, timeout=60)
        assert done.returncode == status, done.stderr.decode()
        return done

    return run


@pytest.fixture(scope="session")
def server(binary, samples, tmp_path_factory):
    """A server with the samples in the space `demo`, and an empty space `chain`; both stream openly. Tests that change
    contents use their own space."""
    spaces = {"demo": samples, "chain": tmp_path_factory.mktemp("empty")}
    running = servers.Server(binary, tmp_path_factory.mktemp("server") / "data", **spaces).start()
    yield running
    assert running.stop() == 0, "\n".join(running.output)


@pytest.fixture(scope="session")
def changing(server, samples, tmp_path_factory):
    """The name of a film of 8 s with pictures of one size and sound of one rate, and the same again with others."""
    body = joined(samples / "counter.mp4", tmp_path_factory.mktemp("changing"))
    server.s3().put_object(Bucket=servers.BUCKET, Key="demo/changing.flv", Body=body)
    end = time.monotonic() + 20
    while requests.get(f"{server.media('changing.flv')}/~/master.m3u8").status_code != 200:
        assert time.monotonic() < end
        time.sleep(0.05)
    return "changing.flv"


@pytest.fixture(scope="session")
def s3(server):
    return server.s3()


@pytest.fixture
def new_server(binary, tmp_path):
    """A server for one test, not started, with an empty data folder."""
    made = servers.Server(binary, tmp_path / "data")
    yield made
    if made.process and made.process.poll() is None:
        made.kill()


@pytest.fixture(scope="session")
def client():
    """One connection, as a player keeps one. Bodies are not decoded."""
    with requests.Session() as session:
        session.headers["Accept-Encoding"] = "identity"
        yield session


@pytest.fixture
def get(client, server):
    """GET or HEAD of a content, with a query and header fields, named like Python's arguments: `If_Range`."""

    def ask(name: str, query: str = "", method: str = "GET", **fields: str) -> requests.Response:
        headers = {field.replace("_", "-"): value for field, value in fields.items()}
        url = server.media(name) + (f"?{query}" if query else "")
        return client.request(method, url, headers=headers, timeout=30, allow_redirects=False)

    return ask


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    """The SAM application, on moto and the runtime emulator."""
    logs = tmp_path_factory.mktemp("functions")
    with Stack(ROOT, logs) as made:
        yield made
    for log in logs.iterdir():
        assert "panicked" not in log.read_text(errors="replace"), log
