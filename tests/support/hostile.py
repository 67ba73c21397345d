"""Files that are designed to cost memory: hours of tiny samples in several formats, movie fragments that claim the same
bytes repeatedly, and very many tracks. They are small, and quick to generate."""

import array
import os
import pathlib
import struct

HOURS = 6 if "REELSPAN_BOUNDS" in os.environ else 1
RATE = 25
"""Pictures a second."""
TIMESCALE = 1000


def box(kind: bytes, *payload: bytes) -> bytes:
    body = b"".join(payload)
    return struct.pack(">I", len(body) + 8) + kind + body


def full(kind: bytes, *payload: bytes, flags: int = 0) -> bytes:
    return box(kind, struct.pack(">I", flags), *payload)


def words(values) -> bytes:
    table = array.array("I", values)
    table.byteswap()
    return table.tobytes()


def trak(number: int, video: bool, sizes, offsets, duration: int, sync_every: int = 0) -> bytes:
    """A track of samples of these sizes and this duration, each in its own chunk at its offset."""
    count = len(sizes)
    handler, entry = (b"vide", b"avc1") if video else (b"soun", b"mp4a")
    tables = [
        full(b"stsd", struct.pack(">I", 1), box(entry, bytes(78))),
        full(b"stts", struct.pack(">III", 1, count, duration)),
        full(b"stsc", struct.pack(">IIII", 1, 1, 1, 1)),
        full(b"stsz", struct.pack(">II", 0, count), words(sizes)),
        full(b"stco", struct.pack(">I", count), words(offsets)),
    ]
    if sync_every:
        syncs = range(1, count + 1, sync_every)
        tables.append(full(b"stss", struct.pack(">I", len(syncs)), words(syncs)))
    tkhd = full(b"tkhd", struct.pack(">III", 0, 0, number), bytes(68), flags=7)
    mdhd = full(b"mdhd", struct.pack(">IIIII", 0, 0, TIMESCALE, 0, 0x55C40000))
    hdlr = full(b"hdlr", bytes(4), handler, bytes(13))
    return box(b"trak", tkhd, box(b"mdia", mdhd, hdlr, box(b"minf", box(b"stbl", *tables))))


def mvhd() -> bytes:
    return full(b"mvhd", struct.pack(">IIII", 0, 0, TIMESCALE, 0), bytes(80))


FTYP = box(b"ftyp", b"isom\0\0\0\0isommp42")


def film(path: pathlib.Path, hours: int = HOURS) -> None:
    """An MP4 of pictures and sound, with tiny alternating samples."""
    pictures, frames = hours * 3600 * RATE, hours * 3600 * 50
    video = array.array("I", [2 + number % 3 for number in range(pictures)])
    audio = array.array("I", [1 + number % 2 for number in range(frames)])
    # One picture, two frames of sound, and so on.
    start, at = len(FTYP) + 8, 0
    video_at, audio_at = array.array("I"), array.array("I")
    for number in range(pictures):
        video_at.append(start + at)
        at += video[number]
        for frame in (2 * number, 2 * number + 1):
            audio_at.append(start + at)
            at += audio[frame]
    tracks = [trak(1, True, video, video_at, TIMESCALE // RATE, 50), trak(2, False, audio, audio_at, TIMESCALE // 50)]
    path.write_bytes(FTYP + box(b"mdat", bytes(at)) + box(b"moov", mvhd(), *tracks))


def tracks(path: pathlib.Path, count: int = 1000) -> None:
    """An MP4 of very many tracks with the same samples."""
    sizes, offsets = [1] * 40, [len(FTYP) + 8 + at for at in range(40)]
    all_tracks = [trak(number, False, sizes, offsets, 1000) for number in range(1, count + 1)]
    path.write_bytes(FTYP + box(b"mdat", bytes(count * 40)) + box(b"moov", mvhd(), *all_tracks))


def fragments(path: pathlib.Path, count: int = 100_000) -> None:
    """An MP4 of movie fragments that all claim the same bytes at the beginning."""
    mvex = box(b"mvex", full(b"trex", struct.pack(">IIIII", 1, 1, 1, 1, 0)))
    movie = box(b"moov", mvhd(), trak(1, True, [], [], 1), mvex)
    start, samples = len(FTYP) + 8, 60
    head = FTYP + box(b"mdat", bytes(samples * 1001)) + movie

    def fragment(number: int) -> bytes:
        tfhd = full(b"tfhd", struct.pack(">IQ", 1, start), flags=1)
        tfdt = full(b"tfdt", struct.pack(">I", number * samples))
        trun = full(b"trun", struct.pack(">I", samples), words([1000, 1001] * (samples // 2)), flags=0x200)
        return box(b"moof", full(b"mfhd", struct.pack(">I", number)), box(b"traf", tfhd, tfdt, trun))

    with path.open("wb") as out:
        out.write(head)
        for number in range(count):
            out.write(fragment(number))


def flv(path: pathlib.Path, hours: int = HOURS) -> None:
    """An FLV of pictures and sound, a tag each."""

    def tag(kind: int, at: int, payload: bytes) -> bytes:
        header = struct.pack(">B", kind) + len(payload).to_bytes(3, "big") + (at & 0xFFFFFF).to_bytes(3, "big")
        return header + bytes([at >> 24 & 0xFF, 0, 0, 0]) + payload + struct.pack(">I", len(payload) + 11)

    with path.open("wb") as out:
        out.write(b"FLV\x01\x05" + struct.pack(">II", 9, 0))
        for number in range(hours * 3600 * RATE):
            at = number * 1000 // RATE
            # Sorenson H.263, a keyframe every other second; MP3.
            out.write(tag(9, at, bytes([0x12 if number % 50 == 0 else 0x22, 0, 0, 0x84]) + bytes(number % 3)))
            out.write(tag(8, at, b"\x2f\xff\xfb" + bytes(number % 2)))
            out.write(tag(8, at + 20, b"\x2f\xff\xfb" + bytes(number % 2)))


def adts(path: pathlib.Path, hours: int = HOURS) -> None:
    """AAC in ADTS with tiny frames, each longer or shorter than the one before."""
    frames = []
    for size in (9, 10, 11):
        frames.append(bytes([0xFF, 0xF1, 0x50, 0x80, size >> 3, size << 5 & 0xE0 | 0x1F, 0xFC]) + bytes(size - 7))
    path.write_bytes(b"".join(frames) * (hours * 3600 * 44_100 // 1024 // 3))


MAKERS = {"film.mp4": film, "tracks.mp4": tracks, "fragments.mp4": fragments, "film.flv": flv, "sound.aac": adts}
