"""`reelspan verify`, our conformance test: strictly green for every sample, and honest about a server without
ranges."""

import functools
import http.server
import json
import pathlib
import threading

import pytest

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "samples"
SAMPLES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file())
SEEDS = 3
CUT = "t=4.2,17.3"


def report(done) -> dict:
    (one,) = json.loads(done.stdout)
    return one


@pytest.fixture(scope="module")
def plain(samples):
    """A file server that ignores ranges and queries."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=samples)) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_is_served_as_the_protocol_says(reelspan, server, name):
    for seed in range(SEEDS):
        said = report(reelspan("verify", "--strict", "--json", "--seed", str(seed), server.media(name)))
        assert said["length"] > 0 and said["duration"] > 0
        assert {check["outcome"] for check in said["checks"]} == {"passed"}


@pytest.mark.parametrize("name", ["counter.mp4", "counter.webm"])
def test_a_cut_is_a_resource_of_its_own(reelspan, server, name):
    """Byte ranges and time ranges of a cut refer to its own bytes and its own time."""
    said = report(reelspan("verify", "--json", "--seed", "1", f"{server.media(name)}?{CUT}"))
    outcomes = {check["check"]: check["outcome"] for check in said["checks"]}
    assert "failed" not in outcomes.values()
    for check in ("whole", "whole-again", "bytes", "bytes-several", "time", "time-cover", "time-empty"):
        assert outcomes[check] == "passed", check


def test_what_a_server_does_not_offer_is_no_failure_unless_strictly(reelspan, plain):
    url = f"{plain}/counter.mp4"
    said = report(reelspan("verify", "--json", "--seed", "1", url, status=1))
    outcomes = {check["check"]: check["outcome"] for check in said["checks"]}
    # This one sends no ETag and no Accept-Ranges.
    assert [name for name, outcome in outcomes.items() if outcome == "failed"] == ["whole"]
    for check in ("bytes", "bytes-several", "time", "time-setup", "track", "query-time"):
        assert outcomes[check] == "not offered", check


def test_a_report_is_a_line_a_check_and_repeats_with_its_seed(reelspan, server):
    arguments = ("verify", "--seed", "7", "--pieces", "5", server.media("counter.mp4"))
    first, second = (reelspan(*arguments).stdout.decode() for _ in range(2))
    assert first == second
    lines = first.splitlines()
    assert lines[0] == server.media("counter.mp4")
    assert lines[-2].startswith("24 passed, 0 failed")
    assert sum(line.startswith("passed ") for line in lines) == 24


@pytest.mark.parametrize("url", ["counter.mp4", "ftp://example.org/a.mp4", "http://127.0.0.1:1/a.mp4"])
def test_what_cannot_be_verified_ends_with_status_2(reelspan, url):
    assert reelspan("verify", url, status=2).stderr.startswith(b"reelspan: ")
