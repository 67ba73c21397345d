"""Guessing passwords: guessers are refused before anything is hashed, and an honest user at the same time notices
nothing.

Every client has its own address in the loopback network. The tests assert outcomes, not times."""

import base64
import collections
import concurrent.futures
import contextlib
import http.client
import threading
import time

import pytest

import server as servers

NAME, PASSWORD = "admin", "violet trombone haircut 7"
HONEST = "127.0.0.1"
GUESSERS = 100


class Door:
    """A server with a resource that requires a name and a password."""

    def __init__(self, running: servers.Server):
        self.host, _, self.port = running.url.removeprefix("http://").partition(":")

    def ask(self, address: str, password: str, name: str = NAME, timeout: float = 120, **headers: str) -> tuple[int, dict[str, str]]:
        """The answer to a client at this address, over its own connection."""
        connection = http.client.HTTPConnection(self.host, int(self.port), timeout=timeout, source_address=(address, 0))
        credentials = base64.b64encode(f"{name}:{password}".encode()).decode()
        with contextlib.closing(connection):
            connection.request("GET", "/durastore/spaces", headers={"Authorization": f"Basic {credentials}"} | headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status, {field.lower(): value for field, value in answer.getheaders()}


@pytest.fixture
def door(binary, tmp_path):
    running = servers.Server(binary, tmp_path / "data", admin=f"{NAME}:{PASSWORD}").start()
    yield Door(running)
    assert running.stop() == 0


@pytest.mark.parametrize(
    ("addresses", "name", "before"),
    [(1, NAME, 0), (GUESSERS, "somebody", 0), (GUESSERS, NAME, 1)],
    ids=["from one address", "from a hundred, at another name", "from a hundred, at the name of one who was there before"],
)
def test_a_hundred_guessers_keep_nobody_out(door, addresses, name, before):
    assert [door.ask(HONEST, PASSWORD)[0] for _ in range(before)] == [200] * before
    over, begun = threading.Event(), threading.Barrier(GUESSERS + 1)

    def guess(number: int) -> collections.Counter:
        told = collections.Counter()
        begun.wait()
        while not over.is_set():
            try:
                told[door.ask(f"127.0.1.{1 + number % addresses}", f"guess {number} {told.total()}", name, timeout=3)[0]] += 1
            # The server also closes connections if an address has too many.
            except (TimeoutError, ConnectionError, http.client.BadStatusLine):
                told["no answer"] += 1
        return told

    with concurrent.futures.ThreadPoolExecutor(GUESSERS) as pool:
        guessers = [pool.submit(guess, number) for number in range(GUESSERS)]
        begun.wait()
        try:
            honest = [door.ask(HONEST, PASSWORD)[0] for _ in range(20)]
        finally:
            over.set()
        told = sum((guesser.result() for guesser in guessers), collections.Counter())
    assert honest == [200] * 20
    assert told.keys() <= {401, 429, 503, "no answer"}, told
    assert addresses > 1 or told[429] > told[401], told


def guess_until_refused(door: Door, address: str, **headers: str) -> tuple[int, dict[str, str]]:
    """The number of wrong passwords until one was refused unchecked, so that the next has to wait for some seconds, and
    the answer."""
    guesses = 0
    while guesses < 30:
        status, fields = door.ask(address, f"guess {guesses}", **headers)
        if status == 401:
            guesses += 1
            continue
        assert status == 429
        if int(fields["retry-after"]) > 1:
            return guesses, fields
        time.sleep(int(fields["retry-after"]))
    raise AssertionError("it may guess as often as it likes")


def test_a_guesser_waits_longer_each_time_and_the_right_password_is_no_exception(door):
    guesses, fields = guess_until_refused(door, "127.0.2.1")
    assert guesses >= 6 and fields["cache-control"] == "no-store"
    time.sleep(int(fields["retry-after"]))
    assert door.ask("127.0.2.1", "another guess")[0] == 401
    status, later = door.ask("127.0.2.1", PASSWORD)
    # The answer does not distinguish the right password from others.
    assert status == 429 and int(later["retry-after"]) >= int(fields["retry-after"])
    # The account is not locked: not at another address, and neither are other accounts at this one.
    assert door.ask("127.0.2.2", PASSWORD)[0] == 200
    assert door.ask("127.0.2.1", "x", "somebody")[0] == 401
    # Credentials that were right before are never delayed, at any address.
    assert door.ask("127.0.2.1", PASSWORD)[0] == 200


def test_an_address_that_a_client_claims_counts_for_nothing(door):
    guesses, _ = guess_until_refused(door, "127.0.3.1", **{"X-Forwarded-For": "203.0.113.7", "Forwarded": "for=203.0.113.7"})
    for claimed in ("203.0.113.8", "127.0.0.1"):
        assert guesses < 30 and door.ask("127.0.3.1", "x", **{"X-Forwarded-For": claimed, "Forwarded": f"for={claimed}"})[0] == 429


def test_behind_a_trusted_proxy_guessers_are_told_apart_by_what_it_says(binary, tmp_path):
    running = servers.Server(binary, tmp_path / "data", admin=f"{NAME}:{PASSWORD}", options=("--trusted-proxy", "127.0.4.1")).start()
    behind = Door(running)
    guesses, _ = guess_until_refused(behind, "127.0.4.1", **{"X-Forwarded-For": "192.0.2.1, 203.0.113.7"})
    assert guesses < 30
    for address, said, status in [
        ("127.0.4.1", "203.0.113.7", 429),
        # The client may have written anything before the last address.
        ("127.0.4.1", "198.51.100.1, 203.0.113.7", 429),
        ("127.0.4.1", "203.0.113.8", 401),
        ("127.0.4.2", "203.0.113.7", 401),
    ]:
        assert behind.ask(address, "x", **{"X-Forwarded-For": said})[0] == status, (address, said)
    assert running.stop() == 0
