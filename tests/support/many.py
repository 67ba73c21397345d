"""A space of many contents, made in no time: their entries of the table of indexes alone, without objects."""

import pathlib
import sqlite3

import requests

import server as servers
from waiting import becomes

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FILES = {
    "mp4": ("samples/counter.mp4", "video/mp4"),
    "m4a": ("samples/tone.m4a", "audio/mp4"),
    "txt": ("LICENSE", "text/plain"),
}
PUT = "INSERT INTO item (tab, partition, sort, attributes, index_partition, index_sort) VALUES (?, ?, ?, ?, ?, ?)"


def fill(server: servers.Server, who: tuple[str, str], space: str, count: int) -> None:
    """Makes a space of `count` contents, `item-NUMBER.KIND`: a film, a sound and a text in turn. One of each kind is stored and
    indexed, and its entry is copied under other names of the same length."""
    session = requests.Session()
    session.auth = who
    base = f"{server.url}/durastore/{space}"
    session.put(base, timeout=30).raise_for_status()
    for kind, (path, media_type) in FILES.items():
        body = (ROOT / path).read_bytes()
        session.put(f"{base}/item-000000.{kind}", data=body, headers={"Content-Type": media_type}, timeout=30).raise_for_status()

    def pending() -> int:
        found = session.get(base, headers={"Accept": "application/json"}, timeout=30).json()["contents"]
        return sum(one["index"]["status"] not in ("ready", "refused") for one in found) if len(found) == len(FILES) else -1

    becomes(pending, 0)
    tables = sqlite3.connect(server.data / "tables.sqlite")
    patterns = {}
    for kind in FILES:
        [(patterns[kind],)] = tables.execute(
            "SELECT attributes FROM item WHERE partition = ? AND sort = 'CONTENT'", [f"{space}/item-000000.{kind}"]
        )
    rows = []
    for number in range(1, count - len(FILES) + 1):
        # Not in the order of their names.
        kind, name = list(FILES)[number % len(FILES)], f"item-{number * 7919 % 999_983:06}"
        blob = patterns[kind].replace(b"item-000000", name.encode())
        rows.append(("ContainerIndex", f"{space}/{name}.{kind}", "CONTENT", blob, space, f"{name}.{kind}"))
    with tables:
        tables.executemany(PUT, rows)
    tables.close()
