"""The hosts of a secure space: the HTTP API as Lambda runs it, and on one machine `/media/` and the streaming host."""

import http.client
import urllib.parse

import pytest

import attacks
from attacks import Request
from gateway import Gateway
from invocations import index, put
from signatures import Signer
from stack import HOSTS
from streaming import NAME, OTHER


class Host:
    """A host of a space: its address, the beginning of its URLs in signatures, and the signing key."""

    def __init__(self, url: str, base: str, others_base: str, signer: Signer, address: str):
        self.url, self.base, self.others_base, self.signer, self.address = url, base, others_base, signer, address
        self.at = urllib.parse.urlsplit(url)
        self.connection = http.client.HTTPConnection(self.at.hostname, self.at.port, timeout=60)

    def send(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        """The answer to a request that is sent verbatim, over one connection."""
        path = f"{self.at.path}/{request.path}" + (f"?{request.query}" if request.query else "")
        headers = {"Cookie": request.cookie} if request.cookie else {}
        try:
            self.connection.request(request.method, path, headers=headers)
            answer = self.connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionError):
            # The server gives up a connection that was idle for a minute, while other tests ran. It answers on a new one.
            self.connection.close()
            self.connection.request(request.method, path, headers=headers)
            answer = self.connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()

    def allowed(self) -> list[Request]:
        return attacks.allowed(self.base, NAME, self.signer, self.address)

    def refused(self) -> list[Request]:
        return attacks.refused(self.base, NAME, OTHER, self.signer, self.address, self.others_base)


@pytest.fixture(scope="module")
def through_lambda(stack, samples):
    """The fragments function behind an HTTP API."""
    signer = Signer.made("K3D5EWEUDCCXON")
    stack.trusts(signer.key_id, signer.public())
    stack.streams("cinema", "SECURE")
    for name in (NAME, OTHER):
        put(stack, f"cinema/{name}", (samples / name).read_bytes())
        index(stack, f"cinema/{name}")
    with Gateway(stack) as gateway:
        secure = f"https://{HOSTS['SecureDistribution']}"
        yield Host(f"{gateway.url}/media/cinema", f"{secure}/cinema~0", f"{secure}/other~0", signer, "203.0.113.24")


@pytest.fixture(scope="module")
def through_media(streaming):
    base, others_base = streaming.bases("films", "other")
    return Host(streaming.media(base), base, others_base, streaming.signer(), "127.0.0.1")


@pytest.fixture(scope="module")
def through_stream(streaming):
    base, others_base = streaming.bases("films", "other")
    return Host(base, base, others_base, streaming.signer(), "127.0.0.1")
