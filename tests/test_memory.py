"""A file of any size passes through in little memory. REELSPAN_LARGE is the size in megabytes: the goal is 3000, of
which 1000 are cut; the default is smaller, but large enough to notice."""

import os
import time

import requests

import media
from server import peak

LARGE = int(os.environ.get("REELSPAN_LARGE", 400))
CUT = LARGE // 3
LIMIT = 96
"""Megabytes."""
WIDTH, HEIGHT, RATE = 1920, 1080, 25
SECOND = WIDTH * HEIGHT * 3 // 2 * RATE / 1_000_000
"""Megabytes of uncompressed pictures."""


def test_a_large_file_is_imported_indexed_and_cut_in_little_memory(new_server, tmp_path):
    folder = tmp_path / "large"
    folder.mkdir()
    source = ["-f", "lavfi", "-i", f"color=size={WIDTH}x{HEIGHT}:rate={RATE}", "-t", f"{LARGE / SECOND:.2f}"]
    media.output("ffmpeg", "-v", "error", *source, "-c:v", "rawvideo", "-pix_fmt", "yuv420p", folder / "large.mov")
    new_server.imports = {"demo": folder}
    began = time.monotonic()
    new_server.start()
    imported = time.monotonic() - began

    began, received = time.monotonic(), 0
    with requests.get(f"{new_server.media('large.mov')}?t=1,{1 + CUT / SECOND:.2f}", stream=True, timeout=30) as answer:
        assert answer.status_code == 200
        for chunk in answer.iter_content(1 << 20):
            received += len(chunk)
        assert received == int(answer.headers["Content-Length"])
    streamed = time.monotonic() - began

    most = peak(new_server.process.pid)
    print(f"{LARGE} MB imported in {imported:.1f} s, {received / 1e6:.0f} MB cut in {streamed:.1f} s, {most:.1f} MB of memory at most")
    assert received > CUT * 990_000
    assert most < LIMIT
    assert new_server.stop() == 0
