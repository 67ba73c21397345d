"""Cuts of files from elsewhere, if there are any."""

import random

import pytest

import media

SUFFIXES = {".mp4", ".m4a", ".mov", ".webm", ".mkv", ".mka", ".ogg", ".opus", ".oga", ".ogv"}
FILES = sorted(path for path in media.CORPUS.glob("*") if path.suffix in SUFFIXES)
INTERVALS = 20

pytestmark = pytest.mark.skipif(not FILES, reason=f"no media in {media.CORPUS}")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_random_cuts_play_as_the_original_does(reelspan, tmp_path, path):
    chance = random.Random(path.name)
    length, own = media.duration(path), media.complaints(path)
    for _ in range(INTERVALS):
        start = round(chance.uniform(0, length * 0.95), 3)
        end = round(chance.uniform(start + 0.02, length), 3)
        cut = tmp_path / f"cut{path.suffix}"
        reelspan("cut", path, f"t={start},{end}", cut)
        assert media.complaints(cut) <= own, f"t={start},{end}"
        stored = media.packets(path)
        for track, packets in media.packets(cut).items():
            digests = {packet.digest for packet in stored[track]}
            assert all(packet.digest in digests for packet in packets), f"t={start},{end}: {track} has other samples"
