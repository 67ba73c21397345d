#!/usr/bin/env python3
"""Keep few and small inputs: fuzz/keep.py CONTROL INTO BYTES copies inputs into a folder, at most BYTES in total.

CONTROL is the control file of a merge by libFuzzer (-merge_control_file), which lists the edges of the code that each
input covers. The inputs are chosen one by one: always the one that covers the most new edges for its size.
"""

import hashlib
import sys
from pathlib import Path


def read(control: Path) -> dict[Path, set[int]]:
    """The edges that each input covers."""
    lines = control.read_text().splitlines()
    count = int(lines[0])
    files = [Path(line) for line in lines[2 : 2 + count]]
    edges: dict[Path, set[int]] = {}
    for line in lines[2 + count :]:
        kind, number, *covered = line.split()
        if kind == "COV":
            edges[files[int(number)]] = {int(edge) for edge in covered}
    return edges


def chosen(edges: dict[Path, set[int]], room: int) -> list[Path]:
    """The inputs to keep."""
    # A file costs more than its bytes: a name, and the time to run it.
    sizes = {file: file.stat().st_size + 64 for file in edges}
    kept: list[Path] = []
    while edges:
        best = max(edges, key=lambda file: (len(edges[file]) / sizes[file], file))
        covered = edges.pop(best)
        if not covered or sizes[best] > room:
            continue
        kept.append(best)
        room -= sizes[best]
        edges = {file: more - covered for file, more in edges.items() if more - covered}
    return kept


def main() -> None:
    """Copy the chosen inputs, named by their digest like libFuzzer's."""
    control, into, room = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    edges = read(control)
    everything = set().union(*edges.values()) if edges else set()
    kept = chosen(dict(edges), room)
    covered = set().union(*(edges[file] for file in kept)) if kept else set()
    for file in kept:
        content = file.read_bytes()
        (into / hashlib.sha1(content).hexdigest()).write_bytes(content)
    print(
        f"{len(kept)} of {len(edges)} inputs, {sum(file.stat().st_size for file in kept)} bytes, {len(covered)} of {len(everything)} edges"
    )


main()
