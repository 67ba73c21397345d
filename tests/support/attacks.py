"""Requests that a secure space must refuse, and some that it must allow: a table for any host and any signer."""

import dataclasses
import random
import string
import time
from collections.abc import Callable

from signatures import HOUR, Signer, cookies, encoded, policy, query, soon

EXCERPT = "t=12.48,20"


@dataclasses.dataclass
class Request:
    """A request: a path below the space, the query as it is written, and the `Cookie` field."""

    about: str
    path: str
    query: str = ""
    cookie: str = ""
    method: str = "GET"


def allowed(base: str, name: str, signer: Signer, address: str) -> list[Request]:
    """Allowed requests, to show that the others are not refused for another reason."""
    url = f"{base}/{name}"
    canned, excerpt = signer.canned(url), signer.canned(f"{url}?{EXCERPT}")
    reordered = dict(reversed(canned.items()))
    return [
        Request("a canned policy", name, query(canned)),
        Request("its header fields alone", name, query(canned), method="HEAD"),
        Request("its parameters in another order", name, query(reordered)),
        Request("an excerpt", name, query(excerpt, EXCERPT)),
        Request("an excerpt behind its signature", name, f"{query(excerpt)}&{EXCERPT}"),
        Request("a custom policy", name, query(signer.custom(url))),
        Request("a custom policy for this address", name, query(signer.custom(url, address=f"{address}/32"))),
        Request("a custom policy for its network", name, query(signer.custom(url, address=f"{address}/8"))),
        Request("a custom policy since a while", name, query(signer.custom(url, since=int(time.time()) - HOUR))),
        Request("all contents", name, query(signer.custom(f"{base}/*"))),
        Request("all contents, an excerpt of one", name, query(signer.custom(f"{base}/*"), EXCERPT)),
        Request("cookies for all contents", name, cookie=cookies(signer.custom(f"{base}/*"))),
        Request("cookies, of an excerpt", name, EXCERPT, cookies(signer.custom(f"{base}/*"))),
        Request("cookies of a canned policy", name, cookie=cookies(canned)),
        Request("cookies beside others", name, cookie=f"theme=dark; {cookies(canned)}; CloudFront=x"),
        Request("a right URL beside wrong cookies", name, query(canned), cookies(signer.custom(f"{base}/other"))),
    ]


def refused(base: str, name: str, other: str, signer: Signer, address: str, others_base: str) -> list[Request]:
    """Requests to refuse. `other` is another content of the space; `others_base` is another space's."""
    url, now = f"{base}/{name}", int(time.time())
    canned, custom, excerpt = signer.canned(url), signer.custom(url), signer.canned(f"{url}?{EXCERPT}")
    everything = signer.custom(f"{base}/*")
    stranger, impostor = Signer.made("K0STRANGER0000"), Signer.made(signer.key_id)
    elsewhere = "203.0.113.9" if address != "203.0.113.9" else "198.51.100.9"

    stripped = padded(signer, url)
    stripped["Signature"] = stripped["Signature"].rstrip("_")
    # Each of these is tried with the parts in the URL, and in cookies.
    parts = [
        ("it has expired", signer.canned(url, now - 1)),
        ("it expires now", signer.canned(url, now)),
        ("it has expired, by a custom policy", signer.custom(url, until=now - 1)),
        ("it expires before 1970", signer.custom(url, until=-1)),
        ("it is not valid yet", signer.custom(url, since=now + HOUR)),
        ("it is for another address", signer.custom(url, address=f"{elsewhere}/32")),
        ("it is for another network", signer.custom(url, address="198.18.0.0/15")),
        ("it is for an address of IPv6", signer.custom(url, address="::/0")),
        ("it is for an invalid network", signer.custom(url, address="everywhere")),
        ("it is another key", stranger.canned(url)),
        ("it is another key under the name of ours", impostor.canned(url)),
        ("the key's name is another", canned | {"Key-Pair-Id": stranger.key_id}),
        ("the key's name is in another case", canned | {"Key-Pair-Id": signer.key_id.lower()}),
        ("the key's name is empty", canned | {"Key-Pair-Id": ""}),
        ("the expiry was put off", canned | {"Expires": str(int(canned["Expires"]) + 1)}),
        ("the expiry has a sign", canned | {"Expires": "+" + canned["Expires"]}),
        ("the expiry begins with a zero", canned | {"Expires": "0" + canned["Expires"]}),
        ("the expiry is beyond all numbers", canned | {"Expires": "9" * 40}),
        ("the expiry is not a number", canned | {"Expires": "soon"}),
        ("the policy was altered", custom | {"Policy": encoded(policy(f"{base}/*").encode())}),
        ("the policy is for another content", signer.custom(f"{base}/{other}")),
        ("the policy is for another space", signer.custom(f"{others_base}/*")),
        ("the policy is for another content, canned", signer.canned(f"{base}/{other}")),
        ("the policy is for another space, canned", signer.canned(f"{others_base}/{name}")),
        ("the policy is for an excerpt", signer.custom(f"{url}?{EXCERPT}")),
        ("the policy is for an excerpt, canned", excerpt),
        ("the policy is for all excerpts", signer.custom(f"{url}?*")),
        ("the policy is for a name that goes on", signer.custom(f"{url}x")),
        ("the policy is for a name in another case", signer.custom(url.replace(name, name.upper()))),
        ("the policy is for a folder, and leaves it", signer.custom(f"{base}/folder/*")),
        ("the policy is for a canned resource with a star", {"Expires": str(soon())} | signer.rest(policy(f"{base}/*"))),
        ("the policy has no resource", signer.of('{"Statement":[{"Condition":{"DateLessThan":{"AWS:EpochTime":%d}}}]}' % soon())),
        ("the policy has no expiry", signer.of('{"Statement":[{"Resource":"%s","Condition":{}}]}' % url)),
        ("the policy has two statements", signer.of('{"Statement":[%s,%s]}' % ((policy(url)[14:-2],) * 2))),
        ("the policy is not JSON", signer.of("let me in")),
        ("the policy is empty", signer.of("")),
        ("the policy nests without end", signer.of("[" * 4000)),
        ("canned and custom are mixed", canned | {"Policy": custom["Policy"]}),
        ("custom and canned are mixed", custom | {"Expires": canned["Expires"]}),
        ("the signature of the one is beside the other", canned | {"Signature": signer.custom(url, since=now - HOUR)["Signature"]}),
        ("the signature is another's", canned | {"Signature": excerpt["Signature"]}),
        ("the signature is empty", canned | {"Signature": ""}),
        ("the signature is cut short", canned | {"Signature": canned["Signature"][:-8]}),
        ("the signature goes on", canned | {"Signature": canned["Signature"] + "AAAA"}),
        ("the signature is without its padding", stripped),
        ("the signature is not base64", canned | {"Signature": "!" * 96}),
        ("the signature is zero", canned | {"Signature": encoded(bytes.fromhex("3006020100020100"))}),
        ("the signature is very long", canned | {"Signature": "A" * 4000}),
        ("the hash is SHA-1", canned | {"Hash-Algorithm": "SHA1"}),
        ("the hash is in small letters", canned | {"Hash-Algorithm": "sha256"}),
        *[(f"there is no {part}", {name: value for name, value in canned.items() if name != part}) for part in canned],
        *[(f"there is no {part}, of a custom policy", {name: value for name, value in custom.items() if name != part}) for part in custom],
        *[(f"there is nothing but {part}", {part: value}) for part, value in (canned | custom).items()],
    ]
    requests = [Request(f"{about}, in the URL", name, query(given)) for about, given in parts]
    requests += [Request(f"{about}, in cookies", name, cookie=cookies(given)) for about, given in parts]

    whole = query(canned)
    requests += [Request(f"{part} comes twice", name, f"{whole}&{part}={value}") for part, value in canned.items()]
    requests += [
        Request(f"{part} comes twice, in cookies", name, cookie=f"{cookies(canned)}; CloudFront-{part}={value}")
        for part, value in canned.items()
    ]
    requests += [
        Request("there is no signature", name),
        Request("there is no signature, of an excerpt", name, EXCERPT),
        Request("a parameter is in another case", name, whole.replace("Signature=", "signature=")),
        Request("a parameter's name is percent-encoded", name, whole.replace("Signature=", "%53ignature=")),
        Request("a value is percent-encoded", name, whole.replace("SHA256", "SHA25%36")),
        Request("a cookie is in another case", name, cookie=cookies(canned).replace("CloudFront-Signature", "cloudfront-signature")),
        Request(
            "the parts of one are in both",
            name,
            query({k: canned[k] for k in ("Expires", "Signature")}),
            cookies({k: canned[k] for k in ("Key-Pair-Id", "Hash-Algorithm")}),
        ),
        Request("a wrong URL beside right cookies", name, query(impostor.canned(url)), cookies(everything)),
        Request("half a URL beside right cookies", name, query({"Expires": canned["Expires"]}), cookies(everything)),
        Request("cookies of a URL's parameters", name, cookie="; ".join(f"{k}={v}" for k, v in canned.items())),
        Request("parameters of the cookies' names", name, "&".join(f"CloudFront-{k}={v}" for k, v in canned.items())),
        Request("a parameter was added", name, f"{whole}&utm_source=x"),
        Request("an excerpt was added to a canned policy", name, query(canned, EXCERPT)),
        Request("an excerpt was added to a custom policy", name, query(custom, EXCERPT)),
        Request("a dimension without a value was added", name, f"{whole}&t"),
        Request("an empty parameter was added", name, f"{whole}&"),
        Request("an empty parameter stands before", name, f"&{whole}"),
        Request("another content", other, whole),
        Request("another content, by cookies", other, cookie=cookies(canned)),
        Request("a name percent-encoded twice", "%25" + f"{ord(name[0]):02x}" + name[1:], whole),
        Request("a name in another case", name.upper(), whole),
        Request("a name with a slash behind", f"{name}/", whole),
        Request("a name with a slash before", f"/{name}", whole),
        Request("a name with a slash percent-encoded", f"%2F{name}", whole),
        Request("another method", name, whole, method="DELETE"),
    ]
    requests += widened(name, excerpt)
    return requests


def widened(name: str, excerpt: dict[str, str]) -> list[Request]:
    """Attempts to get more than the signed excerpt."""
    signed = query(excerpt)
    queries = {
        "to all of it": "",
        "at its end": "t=12.48,40",
        "to its end": "t=12.48",
        "at its beginning": "t=0,20",
        "by a digit": "t=12.48,200",
        "by another spelling": "t=npt:12.48,20",
        "by a percent-encoded comma": "t=12.48%2C20",
        "by a percent-encoded name": "%74=12.48,20",
        "by a second time": f"{EXCERPT}&t=0,40",
        "by a time before": f"t=0,40&{EXCERPT}",
        "by the same once more": f"{EXCERPT}&{EXCERPT}",
        "by a track": f"{EXCERPT}&track=audio",
        "by a chapter": f"{EXCERPT}&id=1",
        "by the picture": f"{EXCERPT}&xywh=0,0,1,1",
        "by an unknown parameter": f"{EXCERPT}&x=1",
        "by a bad time": "t=banana",
        "by an empty time": "t=",
        "by a space": f"{EXCERPT}%20",
        "by a plus": f"{EXCERPT}+",
        "by a semicolon": f"{EXCERPT};t=0,40",
    }
    return [Request(f"an excerpt widened {how}", name, f"{part}&{signed}" if part else signed) for how, part in queries.items()]


def padded(signer: Signer, url: str) -> dict[str, str]:
    """A signature whose base64 has padding."""
    for attempt in range(200):
        parts = signer.canned(url, soon() + attempt)
        if parts["Signature"].endswith("_"):
            return parts
    raise AssertionError("no signature of that length")


def mutations(valid: str, count: int, seed: int, counts: Callable[[str], object] | None = None):
    """Texts that differ from a valid one by one to three random changes, and mean something else: `counts` returns the
    meaningful parts of a text, by default those of a query."""
    chosen = random.Random(seed)
    counts = counts or counts_of_query
    letters = string.ascii_letters + string.digits + "-_~=&%+.,*?/;"
    made = 0
    while made < count:
        text = list(valid)
        for _ in range(chosen.randint(1, 3)):
            at = chosen.randrange(len(text))
            match chosen.randrange(5):
                case 0:
                    text[at] = chosen.choice(letters)
                case 1:
                    text.insert(at, chosen.choice(letters))
                case 2:
                    del text[at]
                case 3:
                    to = chosen.randrange(len(text))
                    text[at], text[to] = text[to], text[at]
                case _:
                    to = min(len(text), at + chosen.randint(1, 12))
                    text[at:at] = text[at:to]
        mutated = "".join(text)
        if counts(mutated) != counts(valid):
            made += 1
            yield mutated


PARTS = ("Expires=", "Policy=", "Signature=", "Key-Pair-Id=", "Hash-Algorithm=")


def counts_of_query(text: str) -> tuple:
    """The meaningful parts of a query: the parts of the signature in any order, and the rest verbatim."""
    pairs = text.split("&")
    return sorted(pair for pair in pairs if pair.startswith(PARTS)), [pair for pair in pairs if not pair.startswith(PARTS)]


def counts_of_cookies(text: str) -> list[str]:
    """The meaningful parts of a `Cookie` field: the parts of the signature, in any order. Other cookies do not
    matter."""
    pairs = [pair.strip() for pair in text.split(";")]
    return sorted(pair for pair in pairs if pair.removeprefix("CloudFront-").startswith(PARTS) and pair.startswith("CloudFront-"))
