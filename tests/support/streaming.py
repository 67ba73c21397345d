"""A server that streams, and its REST API."""

import json
import pathlib
import re
import time

import pytest
import requests

import server as servers
from attacks import EXCERPT
from signatures import Signer, query

NAME, OTHER = "counter.mp4", "two-audio.mp4"
ADMIN = "admin", "an admin's own secret"


class Streaming:
    """A server on one machine, and its REST API."""

    def __init__(self, running: servers.Server):
        self.running, self.session = running, requests.Session()
        self.session.auth = ADMIN

    def rest(self, method: str, path: str, status: int = 200, **more) -> requests.Response:
        answer = self.session.request(method, f"{self.running.url}/durastore/{path}", timeout=60, **more)
        assert answer.status_code == status, answer.text
        return answer

    def task(self, name: str, status: int = 200, **body):
        answer = self.rest("POST", f"task/{name}", status, data=json.dumps(body))
        return answer.json() if status == 200 else answer.text

    def space(self, name: str, *files: pathlib.Path, **streaming) -> str:
        """Creates a space with these files that streams; returns the beginning of its URLs."""
        self.rest("PUT", name, 201)
        for file in files:
            self.rest("PUT", f"{name}/{file.name}", 201, data=file.read_bytes())
        return self.streams(name, **streaming)

    def streams(self, name: str, **streaming) -> str:
        host = self.task("enable-streaming", spaceId=name, **streaming)["streamingHost"]
        assert self.rest("HEAD", name).headers["x-dura-meta-streaming-status"] == "Deployed"
        return f"http://{host}"

    def wait_for(self, url: str, **more) -> requests.Response:
        """The answer to a request, once the upload is indexed."""
        end = time.monotonic() + 10
        while (answer := requests.get(url, timeout=30, **more)).status_code in (404, 503):
            assert time.monotonic() < end, answer.text
            time.sleep(0.05)
        return answer

    def signed(self, space: str, content: str, **more) -> str:
        return self.task("get-signed-url", spaceId=space, contentId=content, **more)["signedUrl"]

    def media(self, url: str) -> str:
        """The same on the HTTP API, which has only the space in its path."""
        return re.sub(r"/stream/([^/~]+)(~[^/]*)?", r"/media/\1", url, count=1)

    def bases(self, *spaces: str) -> list[str]:
        """The beginnings of the URLs of these spaces."""
        return ["http://" + self.rest("HEAD", space).headers["x-dura-meta-streaming-host"] for space in spaces]

    def signer(self) -> Signer:
        """The key that the service created, from its store."""
        return Signer.kept(json.loads((self.running.data / "signing-key.json").read_text())["text"])


@pytest.fixture(scope="module")
def streaming(binary, samples, tmp_path_factory):
    """A server with an open space, `lectures`, and two secure ones, `films` and `other`."""
    running = servers.Server(binary, tmp_path_factory.mktemp("streaming") / "data", admin=":".join(ADMIN)).start()
    made = Streaming(running)
    made.space("lectures", samples / NAME, secure=False)
    base = made.space("films", samples / NAME, samples / OTHER, secure="true")
    made.space("other", samples / NAME, secure=True)
    for space, name in (("films", NAME), ("films", OTHER), ("other", NAME)):
        made.wait_for(
            f"{made.media(base).replace('films', space)}/{name}?{EXCERPT}&{signature(made.signed(space, name, fragment=EXCERPT))}"
        )
    yield made
    assert running.stop() == 0, "\n".join(running.output)


def signature(url: str) -> str:
    """The parameters of a signed URL, without the fragment."""
    return "&".join(pair for pair in url.partition("?")[2].split("&") if not pair.startswith(("t=", "track=", "id=")))


@pytest.fixture
def signing(streaming):
    """Signs the addresses of the counter film, as `get-signed-url` with `"form": "player"` does, for some seconds."""
    signer, base = streaming.signer(), streaming.bases("films")[0]

    def sign(seconds: int) -> dict[str, str]:
        file, until = f"{base}/{NAME}", int(time.time()) + seconds
        stream = signer.custom(f"{file}/~/*", until=until)
        copy = ".".join(stream[name] for name in ("Policy", "Signature", "Key-Pair-Id"))
        return {
            "signedUrl": f"{file}?{query(signer.canned(file, until))}",
            "signedStreamUrl": f"{file}/~/master.m3u8?{query(stream)}&s={copy}",
            "signedCutUrl": f"{file}?{query(signer.canned(f'{file}?t=0', until), 't=0')}",
        }

    return sign
