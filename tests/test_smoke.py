"""`reelspan smoke`: it passes against a server on one machine and against the functions behind emulators of API Gateway and CloudFront
that are as unkind as AWS may be; it says what differs; and it takes everything away."""

import json
import os
import re
import signal
import subprocess

import pytest
import requests

import server as servers
from distributions import Edges
from invocations import key_made, signing_key
from notifications import Notifications
from rest import password

ADMIN = "admin:an admin's own secret"
NAMED = re.compile(r"smoke-[0-9a-f]{12}-(?:open|secure)")


@pytest.fixture(scope="module")
def alone(binary, tmp_path_factory):
    """A server on one machine."""
    running = servers.Server(binary, tmp_path_factory.mktemp("smoke") / "data", admin=ADMIN).start()
    yield running
    assert running.stop() == 0, "\n".join(running.output)


def smoke(binary, url: str, user: str, *options: str, **environment: str) -> subprocess.CompletedProcess:
    command = [binary, "smoke", url, "--user", user, *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=170, env=os.environ | environment)


def spaces(url: str, user: str) -> set[str]:
    answer = requests.get(f"{url}/durastore/spaces", auth=tuple(user.split(":")), timeout=30)
    assert answer.status_code == 200
    return set(NAMED.findall(answer.text))


def test_all_is_well_on_one_machine_and_nothing_is_left(binary, alone):
    done = smoke(binary, f"{alone.url}/durastore/", ADMIN)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1].endswith(" held, 0 differ, 0 not run") and len(lines) > 40
    assert all(line.startswith("held ") for line in lines[:-1])
    assert "first byte after 0." in done.stdout, done.stdout
    assert ADMIN.partition(":")[2] not in done.stdout + done.stderr
    assert spaces(alone.url, ADMIN) == set()


def test_all_is_well_behind_the_gateways_of_aws_and_nothing_is_left(binary, stack, invoked, tmp_path):
    # A new key, whatever other tests have made of the first one.
    stack.done -= {key_made, signing_key}
    key_made(stack)
    stack.done -= {key_made}
    with Edges(stack, invoked.gateway, tmp_path) as edges, Notifications(stack, invoked.gateway, edges):
        user = f"founder:{password('founder')}"
        done = smoke(binary, invoked.url, user, *edges.connect_to, "--patience=60", SSL_CERT_FILE=str(edges.certificate))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].endswith(" held, 0 differ, 0 not run")
    assert spaces(invoked.url, user) == set()
    assert not any(NAMED.match(space) for space in stack.aws.edges.values)


def test_a_difference_is_told_with_the_request_that_shows_it(binary, new_server):
    """The URLs that the server gives out lead nowhere."""
    new_server.admin, new_server.options = ADMIN, ("--url", "http://127.0.0.1:9")
    new_server.start()
    done = smoke(binary, new_server.url, ADMIN, "--patience=1", "--json")
    assert (done.returncode, spaces(new_server.url, ADMIN)) == (1, set())
    said = {(one["place"], one["promise"]): one for one in json.loads(done.stdout)}
    assert said["open", "enable"]["outcome"] == "differs" and said["api", "taken away"]["outcome"] == "held"
    assert "http://127.0.0.1:9/stream/smoke-" in said["open", "enable"]["request"]
    assert (done.stderr, ("open", "names") in said) == ("reelspan: 9 held, 2 differ, 0 not run\n", False)
    for url, user in ((new_server.url, "admin:wrong"), ("http://127.0.0.1:9", ADMIN)):
        assert smoke(binary, url, user).returncode == 2


def test_an_interruption_leaves_nothing_either(binary, alone):
    running = subprocess.Popen([binary, "smoke", alone.url, "--user", ADMIN], stdout=subprocess.PIPE, text=True)
    for line in running.stdout:
        if "upload-url" in line:
            assert spaces(alone.url, ADMIN)
            running.send_signal(signal.SIGINT)
            break
    rest, _ = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "taken away" in rest and "enable" not in rest
    assert spaces(alone.url, ADMIN) == set()
