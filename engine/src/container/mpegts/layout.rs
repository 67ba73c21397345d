//! The packets of each stream in an element, in order: a number of packets of one stream, then a number of another. A
//! sample is scattered over the file, and the layout says which packets between its first and its last belong to it. An
//! element of the index stores its layout ([`Element::kept`]) in some hundred bytes a second.
//!
//! For a stream whose samples begin and end within packets, it also stores the bytes before their data, if there are
//! more than four.
//!
//! Null packets count as part of the stream before them. They do no harm in a cut, and listing each of the many short
//! ranges that constant bit rates create would cost more.
//!
//! [`Element::kept`]: crate::index::Element::kept

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::packet::PACKET;
use crate::container::mpeg::number::{put, take};

/// Consecutive packets of one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacketRun {
    /// The offset of the first.
    pub offset: u64,
    /// Their number.
    pub packets: u64,
    /// Their stream: [`OTHER`], [`CLOCK`], or a track's [`stream`].
    pub stream: u8,
    /// In a stream of units, the bytes before the data of the first; the others are plain.
    pub head: Option<PacketHead>,
}

/// The bytes before the data of a packet, after its own header of four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacketHead {
    /// The size of the adaptation field, including its length byte.
    pub adaptation: u8,
    /// The size of the header of a PES packet, and of skipped bytes.
    pub header: u8,
    /// `continuity_counter`.
    pub counter: u8,
    /// Whether a PES packet begins here, and has time stamps.
    pub begins: Begins,
}

/// The kind of beginning in a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Begins {
    Nothing,
    /// A PES packet.
    Pes,
    /// One with time stamps.
    Stamped,
}

impl PacketHead {
    /// The head of a packet with nothing but data.
    pub const fn plain(counter: u8) -> Self {
        Self { adaptation: 0, header: 0, counter: counter & 0xF, begins: Begins::Nothing }
    }

    /// The head of a packet whose payload begins at this offset, with `header` bytes that are not data.
    pub fn new(payload: usize, header: usize, counter: u8, begins: Begins) -> Self {
        let byte = |count: usize| u8::try_from(count).unwrap_or(u8::MAX);
        let adaptation = payload.saturating_sub(4).min(PACKET - 4);
        Self { adaptation: byte(adaptation), header: byte(header.min(PACKET - 4 - adaptation)), counter, begins }
    }

    /// The number of bytes of its packet before the data.
    pub fn before(self) -> u64 {
        4 + u64::from(self.adaptation) + u64::from(self.header)
    }

    /// The number of bytes of data in its packet.
    pub fn data(self) -> u64 {
        (PACKET as u64).saturating_sub(self.before())
    }

    /// The head of the packet this many packets later, if those after this one are plain.
    fn behind(self, packets: u64) -> Self {
        let [low, ..] = packets.to_le_bytes();
        if packets == 0 { self } else { Self::plain(self.counter.wrapping_add(low)) }
    }
}

/// The stream of packets that are in no cut: tables and skipped streams.
pub const OTHER: u8 = 0;
/// The stream of clock references outside the streams, which are in every cut.
pub const CLOCK: u8 = 1;
/// The first of the tracks' streams.
const TRACKS: u8 = 2;
/// The maximum number of tracks.
pub const MAX_TRACKS: usize = 32;

/// The stream of a track.
pub fn stream(track: usize) -> u8 {
    u8::try_from(track).unwrap_or(u8::MAX).saturating_add(TRACKS)
}

/// The track of a stream.
pub fn track(stream: u8) -> Option<usize> {
    stream.checked_sub(TRACKS).map(usize::from)
}

impl PacketRun {
    /// Its bytes for this packet size.
    pub fn bytes(&self, packet: u64) -> Range<u64> {
        self.offset..self.offset.saturating_add(self.packets.saturating_mul(packet))
    }

    /// Adds the next packet, of this size, if it continues the run.
    pub fn grow(&mut self, next: &Self, packet: u64) -> bool {
        let grows = self.stream == next.stream
            && self.bytes(packet).end == next.offset
            && self.head.map(|head| head.behind(self.packets)) == next.head;
        self.packets += u64::from(grows);
        grows
    }

    /// The rest of its packets, of this size, after the first ones.
    pub fn behind(&self, packets: u64, packet: u64) -> Self {
        Self {
            offset: self.offset.saturating_add(packets.saturating_mul(packet)),
            packets: self.packets.saturating_sub(packets),
            head: self.head.map(|head| head.behind(packets)),
            ..*self
        }
    }
}

/// The streams of a file.
#[derive(Clone, Copy, Debug)]
pub struct StreamNumbers<'a> {
    /// The number of its tracks.
    pub tracks: usize,
    /// The streams of units: their packets have heads.
    pub units: &'a [u8],
}

impl StreamNumbers<'_> {
    /// The number of streams.
    fn count(self) -> u64 {
        u64::from(stream(self.tracks))
    }

    /// The position of a stream among those of units.
    fn place(self, stream: u8) -> Option<usize> {
        self.units.iter().position(|unit| *unit == stream)
    }
}

/// Packs consecutive runs, each as one number whose remainder by the number of streams is the stream. If a head is not
/// the one expected after the previous packets, an additional number marks this, and the head follows the number.
pub fn pack(out: &mut Vec<u8>, runs: impl Iterator<Item = PacketRun>, streams: StreamNumbers<'_>) {
    let all = streams.count() + streams.units.len() as u64;
    let mut expected = vec![None; streams.units.len()];
    for PacketRun { packets, stream, head, .. } in runs {
        let mut put = |which: u64| put(out, packets.saturating_sub(1).saturating_mul(all).saturating_add(which));
        let place = streams.place(stream);
        let Some((head, place, expected)) =
            head.zip(place).and_then(|(head, place)| Some((head, place, expected.get_mut(place)?)))
        else {
            put(u64::from(stream));
            continue;
        };
        if *expected == Some(head) {
            put(u64::from(stream));
        } else {
            put(streams.count() + place as u64);
            let begins = match head.begins {
                Begins::Nothing => 0,
                Begins::Pes => 0x10,
                Begins::Stamped => 0x20,
            };
            out.extend([head.adaptation, head.header, head.counter | begins]);
        }
        *expected = Some(head.behind(packets.max(1)));
    }
}

/// Unpacks the output of [`pack`] for packets of this size from `offset` on, until it ends or is invalid.
pub fn unpack(
    packed: &[u8],
    streams: StreamNumbers<'_>,
    packet: u64,
    mut offset: u64,
) -> impl Iterator<Item = PacketRun> {
    let all = (streams.count() + streams.units.len() as u64).max(1);
    let mut bytes = packed.iter();
    let mut expected = vec![None; streams.units.len()];
    std::iter::from_fn(move || {
        let value = take(&mut bytes)?;
        let (packets, which) = ((value / all).saturating_add(1), value % all);
        let own = which.checked_sub(streams.count()).and_then(|place| usize::try_from(place).ok());
        let stream = own.map_or(Some(which.to_le_bytes()[0]), |place| streams.units.get(place).copied())?;
        let expected = streams.place(stream).and_then(|place| expected.get_mut(place));
        let head = if own.is_some() {
            let (adaptation, header, last) = (*bytes.next()?, *bytes.next()?, *bytes.next()?);
            let begins = match last >> 4 {
                0 => Begins::Nothing,
                1 => Begins::Pes,
                _ => Begins::Stamped,
            };
            Some(PacketHead { adaptation, header, counter: last & 0xF, begins })
        } else {
            expected.as_deref().copied().flatten()
        };
        if let Some(expected) = expected {
            *expected = head.map(|head| head.behind(packets));
        }
        let run = PacketRun { offset, packets, stream, head };
        offset = run.bytes(packet).end;
        Some(run)
    })
}
