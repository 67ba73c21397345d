"""Assertions about answers, and parsers for them."""

import dataclasses
import re
import time

import requests
from requests_toolbelt import MultipartDecoder

SOON = 2
"""Seconds from the end of an upload until its fragments can be requested."""


def wait_for(url: str, status: int, seconds: float = SOON, **matching) -> requests.Response:
    """Waits for an answer with this status and these header fields."""
    end = time.monotonic() + seconds
    while True:
        answer = requests.get(url, timeout=10)
        if answer.status_code == status and all(answer.headers.get(name) == value for name, value in matching.items()):
            return answer
        assert time.monotonic() < end, f"{answer.status_code} {dict(answer.headers)} after {seconds} s"
        time.sleep(0.02)


def is_problem(answer: requests.Response, status: int) -> dict:
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["title"] and problem["detail"]
    return problem


def content_range(answer: requests.Response) -> tuple[int, int, int]:
    """First and last byte, and the length of the whole."""
    found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", answer.headers["Content-Range"])
    return tuple(map(int, found.groups()))


def mapping(answer: requests.Response) -> tuple[float, float, float, list[tuple[int, int]], int]:
    """Start and end of the returned time, the duration, the byte ranges, and the length of the whole."""
    form = r"\{ t:npt ([\d.]+)-([\d.]+)/0-([\d.]+) \} = \{ bytes ([\d,-]+)/(\d+) \}"
    start, end, duration, ranges, length = re.fullmatch(form, answer.headers["Content-Range-Mapping"]).groups()
    pairs = [tuple(map(int, part.split("-"))) for part in ranges.split(",")]
    return float(start), float(end), float(duration), pairs, int(length)


@dataclasses.dataclass(frozen=True)
class Part:
    """One part of a `multipart/byteranges` body, parsed by a library independent of Reelspan."""

    first: int
    last: int
    length: int
    media_type: str
    content: bytes


def parts(answer: requests.Response) -> list[Part]:
    """The parts of a 206; for one range, the body itself."""
    assert answer.status_code == 206
    if not answer.headers["Content-Type"].startswith("multipart/byteranges"):
        return [Part(*content_range(answer), answer.headers["Content-Type"], answer.content)]
    found = []
    for part in MultipartDecoder.from_response(answer).parts:
        fields = {name.decode().lower(): value.decode() for name, value in part.headers.items()}
        first, last, length = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", fields["content-range"]).groups()
        found.append(Part(int(first), int(last), int(length), fields["content-type"], part.content))
    return found
