"""Bodies of one machine, whose long pieces the kernel sends from the file by itself: over one connection, at any pace, from memory and
from the disk."""

import gzip
import http.client
import os
import pathlib
import random
import socket
import time
import urllib.parse

import pytest
import requests

import server as servers

FILM, TEXT = "counter.mp4", "numbers.json"
SIZE = 3_000_000
FIELDS = "Host: 127.0.0.1\r\n"


@pytest.fixture(scope="module")
def stored(samples, tmp_path_factory):
    """The files of the space `sent`: a film, bytes at random, and a text that is compressed on its way."""
    folder = tmp_path_factory.mktemp("sent")
    numbers = random.Random(1)
    (folder / "random.bin").write_bytes(numbers.randbytes(SIZE))
    (folder / TEXT).write_text("[" + ",".join(str(numbers.random()) for _ in range(20_000)) + "]")
    (folder / FILM).write_bytes((samples / FILM).read_bytes())
    return folder


@pytest.fixture(scope="module")
def sender(binary, stored, tmp_path_factory):
    running = servers.Server(binary, tmp_path_factory.mktemp("sender") / "data", sent=stored).start()
    yield running
    assert running.stop() == 0, "\n".join(running.output)


class Connection:
    """A connection of a client, whose system holds `receives` bytes for it if that is given."""

    def __init__(self, sender, receives: int | None = None):
        self.socket = socket.socket()
        if receives:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
        self.socket.settimeout(30)
        self.socket.connect(("127.0.0.1", urllib.parse.urlsplit(sender.url).port))
        self.file = self.socket.makefile("rb")

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_) -> None:
        self.file.close()
        self.socket.close()

    def head(self) -> tuple[int, int]:
        """Reads the head of the next answer: its status, and the length of its body."""
        status = int(self.file.readline().split()[1])
        return status, int(http.client.parse_headers(self.file)["Content-Length"])


def ask(path: str, method: str = "GET", fields: str = "") -> bytes:
    return f"{method} /media/sent/{path} HTTP/1.1\r\n{FIELDS}{fields}\r\n".encode()


def on_disk(sender, content: bytes) -> pathlib.Path:
    """The file in which a server keeps these bytes."""
    files = (sender.data / "s3" / "objects").rglob("*")
    [file] = [file for file in files if file.is_file() and file.read_bytes() == content]
    return file


def test_answers_to_requests_that_were_sent_together_come_in_their_order(sender, stored):
    whole, film = (stored / "random.bin").read_bytes(), (stored / FILM).read_bytes()
    cut = requests.get(f"{sender.media(FILM, 'sent')}?t=3,6", timeout=30).content
    asked = [
        (ask("random.bin"), whole),
        (ask("random.bin", "HEAD"), None),
        (ask("random.bin", fields="Range: bytes=100000-1999999\r\n"), whole[100_000:2_000_000]),
        (ask(f"{FILM}?t=3,6"), cut),
        (ask("random.bin", fields="Range: bytes=5-9\r\n"), whole[5:10]),
        (ask(FILM), film),
    ]
    with Connection(sender) as client:
        for _ in range(3):
            client.socket.sendall(b"".join(request for request, _ in asked))
            for request, expected in asked:
                status, length = client.head()
                assert status in {200, 206}, request
                if expected is not None:
                    assert client.file.read(length) == expected, request


def test_several_ranges_are_one_body(sender, stored):
    whole = (stored / "random.bin").read_bytes()
    ranges = [(0, 99_999), (200_000, 200_009), (1_000_000, 1_999_999), (2_500_000, 2_540_000)]
    asked = "bytes=" + ",".join(f"{first}-{last}" for first, last in ranges)
    answer = requests.get(sender.media("random.bin", "sent"), headers={"Range": asked}, timeout=30)
    boundary = answer.headers["Content-Type"].partition("boundary=")[2].strip('"').encode()
    parts = answer.content.split(b"\r\n--" + boundary)
    found = [part.partition(b"\r\n\r\n")[2] for part in parts if b"Content-Range" in part or b"content-range" in part]
    assert found == [whole[first : last + 1] for first, last in ranges]


def test_a_client_that_reads_slowly_gets_the_same_bytes(sender, stored):
    whole = (stored / "random.bin").read_bytes()
    with Connection(sender, receives=8192) as client:
        client.socket.sendall(ask("random.bin"))
        client.head()
        received = bytearray()
        while len(received) < len(whole):
            received += client.file.read1(60_000)
            if len(received) < 600_000:
                time.sleep(0.01)
        assert received == whole


def test_what_is_compressed_on_its_way_is_read_and_not_sent_as_it_is(sender, stored):
    text = (stored / TEXT).read_bytes()
    packed = requests.get(sender.media(TEXT, "sent"), headers={"Accept-Encoding": "gzip"}, stream=True, timeout=30)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.raw.read()) == text
    plain = requests.get(sender.media(TEXT, "sent"), headers={"Accept-Encoding": "identity"}, timeout=30)
    assert "Content-Encoding" not in plain.headers
    assert plain.content == text


def test_what_is_not_in_memory_is_read_from_the_disk(sender, stored):
    """The page cache forgets all of the file, or the middle of it, or its end."""
    whole = (stored / "random.bin").read_bytes()
    with on_disk(sender, whole).open("rb") as file:
        os.fsync(file.fileno())
        for start, length in [(0, 0), (1 << 20, 1 << 20), (2 << 20, 0)]:
            os.posix_fadvise(file.fileno(), start, length, os.POSIX_FADV_DONTNEED)
            assert requests.get(sender.media("random.bin", "sent"), timeout=30).content == whole, start


def test_a_file_that_is_shorter_than_it_was_breaks_the_answer_off(new_server, stored):
    whole = (stored / "random.bin").read_bytes()
    new_server.imports = {"sent": stored}
    new_server.start()
    os.truncate(on_disk(new_server, whole), SIZE - 100_000)
    with Connection(new_server) as client:
        client.socket.sendall(ask("random.bin"))
        client.head()
        received = client.file.read()
        assert len(received) < SIZE
        assert whole.startswith(received)
    film = requests.get(new_server.media(FILM, "sent"), timeout=30)
    assert film.content == (stored / FILM).read_bytes()


def test_clients_that_go_away_leave_no_file_open(sender):
    """Each reads the beginning of a body and closes its connection."""
    folder = pathlib.Path(f"/proc/{sender.process.pid}/fd")
    before, clients = len(list(folder.iterdir())), 40
    for _ in range(clients):
        with Connection(sender, receives=8192) as client:
            client.socket.sendall(ask("random.bin"))
            assert client.head() == (200, SIZE)
    # The server may have opened a few for itself, such as to its tables.
    end = time.monotonic() + 20
    while len(list(folder.iterdir())) > before + clients // 4:
        assert time.monotonic() < end, f"{before} before, {len(list(folder.iterdir()))} after {clients} clients"
        time.sleep(0.1)
