"""Access to what is derived from a content of a secure space: the table of attacks on every name below `~`, and a signature of an
excerpt, which opens that excerpt's names and nothing else."""

import os
import re
import urllib.parse

import pytest

import attacks
from attacks import EXCERPT, Request
from hosts import Host
from invocations import index, put
from signatures import query
from streaming import NAME, OTHER

CAPTIONS = "counter.en.vtt"
CUES = "WEBVTT\n\n" + "".join(f"00:{second:02}.000 --> 00:{second + 2:02}.000\nfrom {second}\n\n" for second in range(0, 40, 2))
WHOLE, PART = f"{NAME}/~/", f"{NAME}/~/{EXCERPT}/"
ENTRIES = ["master.m3u8", "manifest.mpd", "media.mp4", "about.json", "captions.json", "captions/en.vtt", "chapters.vtt", "chapters.json"]
MUTATIONS = int(os.environ.get("REELSPAN_MUTATIONS", "2000"))


@pytest.fixture(params=["through_lambda", "through_media", "through_stream"])
def host(request) -> Host:
    """A host of a film with captions beside it."""
    found: Host = request.getfixturevalue(request.param)
    if request.param == "through_lambda":
        stack = request.getfixturevalue("stack")
        put(stack, f"cinema/{CAPTIONS}", CUES.encode())
        index(stack, f"cinema/{CAPTIONS}")
    else:
        streaming = request.getfixturevalue("streaming")
        streaming.rest("PUT", f"films/{CAPTIONS}", 201, data=CUES, headers={"Content-Type": "text/vtt"})
        streaming.wait_for(f"{found.url}/{WHOLE}captions/en.vtt?{signature(found, WHOLE)}")
    return found


def get(host: Host, name: str, signed: str) -> tuple[int, bytes]:
    status, _, body = host.send(Request("", name, signed))
    return status, body


def signature(host: Host, prefix: str) -> str:
    return query(host.signer.custom(f"{host.base}/{prefix}*"))


def names(host: Host, prefix: str, signed: str | None = None) -> dict[str, bytes]:
    """All that a signature of a prefix opens, by its path: the entries, and whatever the playlists name."""
    signed = signed or signature(host, prefix)
    found: dict[str, bytes] = {}
    waiting = [prefix + entry for entry in ENTRIES]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        status, body = get(host, name, signed)
        if status == 404 and name.removeprefix(prefix) in ENTRIES:
            continue  # a part has no description of its own
        assert status == 200, (name, body[:200])
        found[name] = body
        if name.endswith(".m3u8"):
            text = body.decode()
            named = [line for line in text.splitlines() if line and not line.startswith("#")] + re.findall(r'URI="([^"]*)"', text)
            waiting += [urllib.parse.urljoin(name, one.partition("?")[0]) for one in named]
    return found


def is_lambda(host: Host) -> bool:
    """Whether it is the emulator of Lambda, which takes ten times as long, so it is asked less."""
    return host.base.startswith("https:")


def kinds(found: dict[str, bytes]) -> list[str]:
    """One name of each kind: segments of a track differ by their times alone."""
    return sorted({re.sub(r"\d+(?=\.(m4s|vtt)$)", "", name): name for name in found}.values())


@pytest.mark.parametrize("host", ["through_media", "through_stream"], indirect=True)
def test_every_attack_on_every_name_of_a_stream_is_refused(host):
    found = kinds(names(host, WHOLE))
    assert len(found) >= 14, found
    let_in, errors = [], []
    for name in found:
        table = attacks.refused(host.base, name, OTHER + name.removeprefix(NAME), host.signer, host.address, host.others_base)
        assert len(table) > 150
        for request in table:
            status, _, body = host.send(request)
            if status < 400:
                let_in.append((name, request.about))
            elif status >= 500:
                errors.append((name, request.about, status, body[:200]))
    assert not let_in and not errors


def test_a_signature_of_an_excerpt_opens_no_name_of_the_whole(host):
    whole, part = names(host, WHOLE), names(host, PART)
    opened = part.keys()
    assert not whole.keys() & part.keys() and len(part) > 8
    if is_lambda(host):
        whole, part = ({name: found[name] for name in kinds(found)} for found in (whole, part))
    signed = signature(host, PART)
    others = {NAME, f"{NAME}/~/", OTHER, *whole}
    # The names of the whole, and of other parts, as if they were of this one.
    others |= {name.replace("/~/", f"/~/{EXCERPT}/../", 1) for name in whole}
    others |= {name.replace("/~/", f"/~/{EXCERPT}/%2e%2e/", 1) for name in whole}
    others |= {name.replace("/~/", f"/~/{EXCERPT}/t=0,40/", 1) for name in whole}
    times = ["t=0,40", "t=12.48,40", "t=0,20", "t=12.48,200", "t=npt:12.48,20", f"{EXCERPT}&t=0,40", f"{EXCERPT}&track=audio"]
    if not is_lambda(host):
        times.append("t=12.48%2C20")  # to an HTTP API, this is the excerpt itself
    for time in times:
        others |= {name.replace(EXCERPT, time, 1) for name in part}
    others |= {name.replace("/~/", f"/~/{EXCERPT}/", 1) for name in whole} - opened
    let_in = [name for name in sorted(others) if get(host, name, signed)[0] < 400]
    assert not let_in


def test_a_query_opens_nothing_outside_an_excerpt(host):
    """The policy has a wildcard behind the prefix, so that it covers queries."""
    signed = signature(host, PART)
    part = names(host, PART, signed)
    for name in kinds(part):
        for asked in ["t=0,40", "t=12.48,40"] + ["t=0", "id=1", "track=audio", f"{EXCERPT}&t=0,40", "t=npt:0,40"] * (not is_lambda(host)):
            status, body = get(host, name, f"{asked}&{signed}")
            assert status in (400, 403, 404, 416) or body == part[name], (name, asked, status)


def test_no_mutation_of_a_name_leaves_its_excerpt(host):
    signed = signature(host, PART)
    part = names(host, PART, signed)
    count = max(2, MUTATIONS // (1000 if is_lambda(host) else 200))
    for seed, name in enumerate(kinds(part)):
        for mutated in attacks.mutations(name, count, seed, counts=str):
            status, body = get(host, mutated.replace("?", "%3F"), signed)
            assert status in (400, 403, 404, 416) or body in part.values(), (mutated, status, body[:200])
