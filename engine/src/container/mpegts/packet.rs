//! Transport packets (ISO/IEC 13818-1 §2.4.3): 188 bytes that begin with 0x47, which some put four bytes before (M2TS: the time
//! of arrival) and others sixteen behind (Reed-Solomon parity). All three are packings of the same packets.

use bytes::BufMut;
use serde::{Deserialize, Serialize};

/// The byte that each packet begins with.
const SYNC: u8 = 0x47;
/// Bytes of a packet as the standard has it.
pub const PACKET: usize = 188;
/// The PID of null packets.
pub const NULL: u16 = 0x1FFF;
/// How many PIDs there can be.
pub const PIDS: usize = 1 << 13;
/// How many packets have to follow each other before they are believed to be some.
pub const ENOUGH: usize = 5;
/// How long the rest of a packet may be that was cut off.
const CUT_OFF: usize = 256;

/// How packets lie in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packing {
    /// Bytes before each packet's sync byte: 0, or 4.
    pub before: usize,
    /// Bytes of each, with what is before it and behind it.
    pub size: usize,
}

impl Packing {
    /// All that there are.
    pub const ALL: [Self; 3] =
        [Self { before: 0, size: 188 }, Self { before: 4, size: 192 }, Self { before: 0, size: 204 }];

    /// The packing of so many bytes a packet.
    pub fn of_size(size: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|packing| packing.size == usize::from(size))
    }

    /// The packing of the packets among these bytes, and where the first of them begins: at `reach` at the latest. At least
    /// [`ENOUGH`] have to follow each other, or two where there is no room for more and hardly anything stands before them.
    pub fn find(bytes: &[u8], reach: usize) -> Option<(Self, usize)> {
        (0..=reach.min(bytes.len())).find_map(|start| {
            let rest = bytes.get(start..)?;
            let sure = |packing: &Self| start <= CUT_OFF || rest.len() >= ENOUGH * packing.size;
            let packing = Self::ALL.into_iter().find(|packing| packing.begins(rest, ENOUGH) && sure(packing))?;
            Some((packing, start))
        })
    }

    /// Where a packet's own bytes end.
    pub const fn end(self) -> usize {
        self.before + PACKET
    }

    /// Whether these bytes begin with so many packets, or with as many as there is room for, which have to be two.
    pub fn begins(self, bytes: &[u8], packets: usize) -> bool {
        let mut syncs = bytes.iter().skip(self.before).step_by(self.size).take(packets);
        bytes.len() >= 2 * self.size && syncs.all(|byte| *byte == SYNC)
    }

    /// The packet in these bytes, which are [`Packing::size`]; `None` where there is none.
    #[inline]
    pub fn packet(self, bytes: &[u8]) -> Option<Packet<'_>> {
        let bytes: &[u8; PACKET] = bytes.get(self.before..self.end())?.first_chunk()?;
        (bytes[0] == SYNC).then_some(Packet(bytes))
    }

    /// Appends a packet with this header and payload, the rest of which is filled up (§2.4.3.5), in this packing. `arrival`
    /// stands before it where something does.
    pub fn put(self, out: &mut Vec<u8>, header: Header, arrival: [u8; 4], payload: &[u8]) {
        out.extend_from_slice(arrival.get(..self.before).unwrap_or_default());
        let Header { pid, counter, first } = header;
        out.put_u8(SYNC);
        out.put_u16(u16::from(first) << 14 | pid);
        out.put_u8(0x10 | counter & 0xF);
        out.extend_from_slice(payload);
        out.resize(out.len() + (PACKET - 4).saturating_sub(payload.len()), 0xFF);
        out.resize(out.len() + self.size - self.before - PACKET, 0);
    }
}

/// What a packet of tables says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Header {
    /// Whose it is.
    pub pid: u16,
    /// `continuity_counter`, of which four bits count.
    pub counter: u8,
    /// A section begins in it.
    pub first: bool,
}

/// A packet.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a>(&'a [u8; PACKET]);

impl<'a> Packet<'a> {
    /// Whose packet it is.
    #[inline]
    pub const fn pid(self) -> u16 {
        u16::from_be_bytes([self.0[1] & 0x1F, self.0[2]])
    }

    /// `payload_unit_start_indicator`: a PES packet or a section begins in it. Without a payload it means nothing.
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

    /// Whether it may follow a packet of this counter (§2.4.3.3): one more with a payload, else the same, as in a packet that
    /// is sent twice; or anything where it says so.
    #[inline]
    pub const fn follows(self, counter: u8) -> bool {
        let one_more = self.0[3] & 0x10 != 0 && self.counter() == (counter + 1) & 0xF;
        one_more || self.counter() == counter || (self.0[3] & 0x20 != 0 && self.0[4] > 0 && self.0[5] & 0x80 != 0)
    }

    /// What it carries, which may be nothing.
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
