"""A transport stream whose pictures do not begin with PES packets: some multiplexers write these, ffmpeg does not."""

import collections
import dataclasses

PACKET, VIDEO = 188, 0x100


@dataclasses.dataclass
class Pes:
    """A PES packet of pictures: its time stamps verbatim, and its data."""

    stamps: bytes
    flags: int
    data: bytes


def payload(packet: bytes) -> bytes:
    """The payload of a packet."""
    return {1: packet[4:], 3: packet[5 + packet[4] :]}.get(packet[3] >> 4 & 3, b"")


def clock(packet: bytes) -> bytes:
    """The clock reference in a packet, if it has one."""
    return packet[6:12] if packet[3] & 0x20 and packet[4] and packet[5] & 0x10 else b""


def pictures(packets: list[bytes]) -> list[Pes]:
    """The PES packets of the pictures, one for each."""
    found = []
    for packet in packets:
        content = payload(packet)
        if packet[1] & 0x40:
            length = content[8]
            found.append(Pes(content[9 : 9 + length], content[7] & 0xC0, content[9 + length :]))
        else:
            found[-1].data += content
    return found


def regrouped(found: list[Pes], count: int) -> list[Pes]:
    """PES packets of `count` pictures each; the first picture of each has the time stamps."""
    groups = (found[at : at + count] for at in range(0, len(found), count))
    return [Pes(group[0].stamps, group[0].flags, b"".join(pes.data for pes in group)) for group in groups]


def filled(found: list[Pes], size: int) -> list[Pes]:
    """PES packets of `size` bytes of data, each with the time stamps of the first picture that begins in it."""
    data, begins, end = b"".join(pes.data for pes in found), {}, 0
    for pes in found:
        begins.setdefault(end // size, pes)
        end += len(pes.data)
    nothing = Pes(b"", 0, b"")
    stamped = ((begins.get(at // size, nothing), data[at : at + size]) for at in range(0, len(data), size))
    return [Pes(pes.stamps, pes.flags, part) for pes, part in stamped]


def header(pes: Pes, sized: bool) -> bytes:
    """The header of a PES packet; without its length unless it is `sized`."""
    length = 3 + len(pes.stamps) + len(pes.data) if sized else 0
    return b"\0\0\1\xe0" + length.to_bytes(2, "big") + bytes([0x80, pes.flags, len(pes.stamps)]) + pes.stamps


def packet_of(first: bool, counter: int, reference: bytes, rest: bytes) -> tuple[bytes, bytes]:
    """A packet with the clock reference and as much of the rest as fits, and the remainder."""
    field = b"\x10" + reference if reference else b""
    room = PACKET - 4 - (len(field) + 1 if field else 0)
    now, later = rest[:room], rest[room:]
    if field or len(now) < room:
        length = PACKET - 5 - len(now)
        now = bytes([length]) + (field or b"\0").ljust(length, b"\xff")[:length] + now
        control = 0x30
    else:
        control = 0x10
    return bytes([0x47, (0x40 if first else 0) | VIDEO >> 8, VIDEO & 0xFF, control | counter]) + now, later


def repacked(stream: bytes, *, count: int = 0, size: int = 0) -> bytes:
    """The same stream with `count` pictures in a PES packet, or `size` bytes."""
    packets = [stream[at : at + PACKET] for at in range(0, len(stream), PACKET)]
    video = [at for at, packet in enumerate(packets) if int.from_bytes(packet[1:3], "big") & 0x1FFF == VIDEO]
    found = pictures([packets[at] for at in video])
    found = regrouped(found, count) if count else filled(found, size)
    queue, made = collections.deque(header(pes, bool(size)) + pes.data for pes in found), {at: b"" for at in video}
    counter, first = 0, True
    for at in video:
        reference = clock(packets[at])
        # What does not fit into the original's packets goes into the last one.
        while queue and (not made[at] or at == video[-1]):
            packet, rest = packet_of(first, counter, reference, queue.popleft())
            made[at] += packet
            counter, reference, first = (counter + 1) % 16, b"", not rest
            if rest:
                queue.appendleft(rest)
    return b"".join(made.get(at, packet) for at, packet in enumerate(packets))
