//! Transport packets (ISO/IEC 13818-1 §2.4.3): 188 bytes that begin with 0x47. Some files have four bytes before each
//! (M2TS: the arrival time), others sixteen after each (Reed-Solomon parity). All three are packings of the same
//! packets.

use bytes::BufMut;
use serde::{Deserialize, Serialize};

/// The first byte of each packet.
const SYNC: u8 = 0x47;
/// The size of a standard packet.
pub const PACKET: usize = 188;
/// The PID of null packets.
pub const NULL: u16 = 0x1FFF;
/// The number of possible PIDs.
pub const PIDS: usize = 1 << 13;
/// The number of consecutive packets required to recognise them.
pub const ENOUGH: usize = 5;
/// The maximum size of the rest of a truncated packet.
const CUT_OFF: usize = 256;

/// The arrangement of packets in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packing {
    /// The number of bytes before each packet's sync byte: 0 or 4.
    pub before: usize,
    /// The size of each, including the bytes before and after it.
    pub size: usize,
}

impl Packing {
    /// All packings.
    pub const ALL: [Self; 3] =
        [Self { before: 0, size: 188 }, Self { before: 4, size: 192 }, Self { before: 0, size: 204 }];

    /// Packets and nothing else.
    pub const PLAIN: Self = Self { before: 0, size: PACKET };

    /// The packing with this packet size.
    pub fn of_size(size: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|packing| packing.size == usize::from(size))
    }

    /// The packing of the packets in these bytes, and the offset of the first: at most `reach`. At least [`ENOUGH`]
    /// packets must be consecutive; two suffice if there is no room for more and hardly anything precedes them.
    pub fn find(bytes: &[u8], reach: usize) -> Option<(Self, usize)> {
        (0..=reach.min(bytes.len())).find_map(|start| {
            let rest = bytes.get(start..)?;
            let sure = |packing: &Self| start <= CUT_OFF || rest.len() >= ENOUGH * packing.size;
            let packing = Self::ALL.into_iter().find(|packing| packing.begins(rest, ENOUGH) && sure(packing))?;
            Some((packing, start))
        })
    }

    /// The end of a packet's own bytes.
    pub const fn end(self) -> usize {
        self.before + PACKET
    }

    /// Whether these bytes begin with this number of packets, or with as many as they have room for, but at least two.
    pub fn begins(self, bytes: &[u8], packets: usize) -> bool {
        let mut syncs = bytes.iter().skip(self.before).step_by(self.size).take(packets);
        bytes.len() >= 2 * self.size && syncs.all(|byte| *byte == SYNC)
    }

    /// The packet in these [`Packing::size`] bytes; `None` if they are not one.
    #[inline]
    pub fn packet(self, bytes: &[u8]) -> Option<TransportPacket<'_>> {
        let bytes: &[u8; PACKET] = bytes.get(self.before..self.end())?.first_chunk()?;
        (bytes[0] == SYNC).then_some(TransportPacket(bytes))
    }

    /// Appends a packet with this header and payload in this packing, and pads it (§2.4.3.5). `arrival` precedes it if
    /// the packing has such bytes.
    pub fn put(self, out: &mut Vec<u8>, header: TablePacketHeader, arrival: [u8; 4], payload: &[u8]) {
        out.extend_from_slice(arrival.get(..self.before).unwrap_or_default());
        let TablePacketHeader { pid, counter, first } = header;
        out.put_u8(SYNC);
        out.put_u16(u16::from(first) << 14 | pid);
        out.put_u8(0x10 | counter & 0xF);
        out.extend_from_slice(payload);
        out.resize(out.len() + (PACKET - 4).saturating_sub(payload.len()), 0xFF);
        out.resize(out.len() + self.size - self.before - PACKET, 0);
    }
}

/// The header of a packet of tables.
#[derive(Clone, Copy, Debug)]
pub struct TablePacketHeader {
    /// The PID it belongs to.
    pub pid: u16,
    /// `continuity_counter`; only four bits are used.
    pub counter: u8,
    /// A section begins in it.
    pub first: bool,
}

/// A packet.
#[derive(Clone, Copy, Debug)]
pub struct TransportPacket<'a>(&'a [u8; PACKET]);

impl<'a> TransportPacket<'a> {
    /// The PID it belongs to.
    #[inline]
    pub const fn pid(self) -> u16 {
        u16::from_be_bytes([self.0[1] & 0x1F, self.0[2]])
    }

    /// `payload_unit_start_indicator`: a PES packet or a section begins in it. Without a payload it is meaningless.
    #[inline]
    pub const fn begins_unit(self) -> bool {
        self.0[1] & 0x40 != 0 && self.0[3] & 0x10 != 0
    }

    /// `transport_error_indicator`: its bytes are known to be wrong.
    #[inline]
    pub const fn is_damaged(self) -> bool {
        self.0[1] & 0x80 != 0
    }

    /// Its payload is scrambled.
    #[inline]
    pub const fn is_scrambled(self) -> bool {
        self.0[3] & 0xC0 != 0
    }

    /// `random_access_indicator` (§2.4.3.5).
    pub fn is_random_access(self) -> bool {
        self.0[3] & 0x20 != 0 && self.0[4] > 0 && self.0[5] & 0x40 != 0
    }

    /// `continuity_counter`.
    #[inline]
    pub const fn counter(self) -> u8 {
        self.0[3] & 0xF
    }

    /// Whether it may follow a packet with this counter (§2.4.3.3): one more if it has a payload; otherwise the same,
    /// as also in a packet that is sent twice; any value if it declares a discontinuity.
    #[inline]
    pub const fn follows(self, counter: u8) -> bool {
        let one_more = self.0[3] & 0x10 != 0 && self.counter() == (counter + 1) & 0xF;
        one_more || self.counter() == counter || (self.0[3] & 0x20 != 0 && self.0[4] > 0 && self.0[5] & 0x80 != 0)
    }

    /// Its payload, which may be empty.
    #[inline]
    pub fn payload(self) -> &'a [u8] {
        let start = match self.0[3] & 0x30 {
            0x10 => 4,
            0x30 => 5 + usize::from(self.0[4]),
            _ => return &[],
        };
        self.0.get(start..).unwrap_or_default()
    }
}
