//! Program specific information (ISO/IEC 13818-1 §2.4.4): the program association table, which names the programs, and a
//! program's map, which names its streams. Tables are carried in sections, each with a CRC.

use bytes::BufMut;
use serde::{Deserialize, Serialize};

use super::packet::{PACKET, Packing, TablePacketHeader};

/// The PID of the program association table.
pub const PAT: u16 = 0;
/// The longest section of these tables, including its first three bytes.
const MAX_SECTION: usize = 1024;

/// The CRC at the end of a section (Annex A): over the whole section, its CRC included, it is zero.
pub fn crc(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| crc << 1 ^ if crc >> 31 == 0 { 0 } else { 0x04C1_1DB7 })
    })
}

/// Collects sections from the packets of one PID.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Sections {
    bytes: Vec<u8>,
    /// A section has begun.
    begun: bool,
}

impl Sections {
    /// Takes a packet's payload, and returns the section that it completes, if its checksum is valid. If a packet has
    /// several sections, the first is read: these tables have one each.
    pub fn push(&mut self, payload: &[u8], begins: bool) -> Option<Vec<u8>> {
        if begins {
            let (pointer, rest) = payload.split_first()?;
            self.bytes.clear();
            self.bytes.extend_from_slice(rest.get(usize::from(*pointer)..)?);
            self.begun = true;
        } else if self.begun {
            self.bytes.extend_from_slice(payload);
        }
        let length = 3 + usize::from(u16::from_be_bytes([self.bytes.get(1)? & 0x0F, *self.bytes.get(2)?]));
        let section = self.bytes.get(..length).filter(|_| self.begun);
        if section.is_none() && length <= MAX_SECTION && self.bytes.len() < MAX_SECTION {
            return None;
        }
        self.begun = false;
        section.filter(|section| crc(section) == 0).map(<[u8]>::to_vec)
    }
}

/// The identifier in the fields that both tables begin with, and the bytes after them up to the CRC; `None` if it is
/// another table, or not yet in force.
fn table(section: &[u8], id: u8) -> Option<(u16, &[u8])> {
    let body = section.get(8..section.len().checked_sub(4)?)?;
    let [found, _, _, high, low, version, ..] = *section.first_chunk::<8>()?;
    (found == id && version & 1 == 1).then_some((u16::from_be_bytes([high, low]), body))
}

/// The program association table (§2.4.4.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Association {
    /// `transport_stream_id`.
    pub stream: u16,
    /// The programs, each with the PID of its map.
    pub programs: Vec<(u16, u16)>,
}

impl Association {
    /// Parses a section; `None` if it is not of this table.
    pub fn read(section: &[u8]) -> Option<Self> {
        let (stream, body) = table(section, 0)?;
        let (entries, _) = body.as_chunks::<4>();
        let entry = |[a, b, c, d]: &[u8; 4]| (u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c & 0x1F, *d]));
        // Program 0 is the network information.
        let programs = entries.iter().map(entry).filter(|(program, _)| *program != 0).collect();
        Some(Self { stream, programs })
    }

    fn write(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(4 * self.programs.len());
        for (program, pid) in &self.programs {
            body.put_u16(*program);
            body.put_u16(0xE000 | pid);
        }
        section(0, self.stream, &body)
    }
}

/// The map of a program (§2.4.4.8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Map {
    /// `program_number`.
    pub program: u16,
    /// The PID of the program's clock references.
    pub clock: u16,
    /// The descriptors of the program.
    pub descriptors: Vec<u8>,
    /// Its streams, in order.
    pub streams: Vec<ElementaryStream>,
}

/// A stream of a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ElementaryStream {
    /// `stream_type`.
    pub kind: u8,
    /// The PID of its packets.
    pub pid: u16,
    /// Its descriptors.
    pub descriptors: Vec<u8>,
}

impl ElementaryStream {
    /// The data of its first descriptor with this tag.
    pub fn descriptor(&self, tag: u8) -> Option<&[u8]> {
        descriptor(&self.descriptors, tag)
    }

    /// Parses the first of these entries of a map, and returns the bytes after it too; `None` if it is incomplete.
    pub fn read(entries: &[u8]) -> Option<(Self, &[u8])> {
        let ([kind, high, low, c, d], after) = entries.split_first_chunk()?;
        let (descriptors, after) = after.split_at_checked(long(*c, *d))?;
        let pid = u16::from_be_bytes([high & 0x1F, *low]);
        Some((Self { kind: *kind, pid, descriptors: descriptors.to_vec() }, after))
    }

    /// Its entry in the map.
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(5 + self.descriptors.len());
        out.put_u8(self.kind);
        out.put_u16(0xE000 | self.pid);
        out.put_u16(0xF000 | length(&self.descriptors));
        out.extend_from_slice(&self.descriptors);
        out
    }
}

impl Map {
    /// Whether the clock references are in separate packets instead of a stream's.
    pub fn has_clock_alone(&self) -> bool {
        self.streams.iter().all(|stream| stream.pid != self.clock)
    }

    /// Parses a section; `None` if it is not of this table.
    pub fn read(section: &[u8]) -> Option<Self> {
        let (program, body) = table(section, 2)?;
        let [a, b, c, d] = *body.first_chunk()?;
        let clock = u16::from_be_bytes([a & 0x1F, b]);
        let (descriptors, mut rest) = body.get(4..)?.split_at_checked(long(c, d))?;
        let mut streams = Vec::new();
        while let Some((stream, after)) = ElementaryStream::read(rest) {
            streams.push(stream);
            rest = after;
        }
        Some(Self { program, clock, descriptors: descriptors.to_vec(), streams })
    }
}

/// A length of twelve bits.
fn long(high: u8, low: u8) -> usize {
    usize::from(u16::from_be_bytes([high & 0x0F, low]))
}

fn length(bytes: &[u8]) -> u16 {
    u16::try_from(bytes.len()).unwrap_or(u16::MAX) & 0x0FFF
}

/// The data of the first descriptor with this tag (§2.6).
pub fn descriptor(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    descriptors(bytes).find_map(|(found, data)| (found == tag).then_some(data))
}

/// Descriptors, as tag and data.
pub fn descriptors(mut bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let ([tag, length], rest) = bytes.split_first_chunk()?;
        let (data, rest) = rest.split_at_checked(usize::from(*length))?;
        bytes = rest;
        Some((*tag, data))
    })
}

/// A section of version 0, in force, the only one of its table.
fn section(table: u8, of: u16, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(12 + body.len());
    out.put_u8(table);
    out.put_u16(0xB000 | (length(body) + 9));
    out.put_u16(of);
    out.put_slice(&[0xC1, 0, 0]);
    out.put_slice(body);
    let crc = crc(&out);
    out.put_u32(crc);
    out
}

/// The tables of a cut: the association with one program, and its map. They are repeated before each element.
#[derive(Clone, Debug)]
pub struct CutTables {
    packing: Packing,
    /// Each table's PID, and its section.
    sections: [(u16, Vec<u8>); 2],
    /// How often they have been written.
    written: usize,
    /// All repetitions have the same continuity counters.
    duplicates: bool,
}

impl CutTables {
    /// The tables for a program whose map, with this PID, has this body.
    pub fn new(packing: Packing, stream: u16, (program, pid): (u16, u16), map: &[u8]) -> Self {
        let association = Association { stream, programs: vec![(program, pid)] };
        let sections = [(PAT, association.write()), (pid, section(2, program, map))];
        Self { packing, sections, written: 0, duplicates: false }
    }

    /// The same, with repetitions that are exact duplicates of the first.
    pub fn duplicated(self) -> Self {
        Self { duplicates: true, ..self }
    }

    /// The number of bytes of each repetition.
    pub fn packets_len(&self) -> u64 {
        let packets = self.sections.iter().map(|(_, section)| (section.len() + 1).div_ceil(PACKET - 4));
        (packets.sum::<usize>() * self.packing.size) as u64
    }

    /// Their packets; the continuity counters continue from the previous repetition, unless it is a duplicate.
    pub fn packets(&mut self, arrival: [u8; 4]) -> Vec<u8> {
        let mut out = Vec::with_capacity(2 * self.packing.size);
        for (pid, section) in &self.sections {
            // A pointer to its beginning precedes a section.
            let bytes = [&[0], section.as_slice()].concat();
            let before = self.written.wrapping_mul(bytes.len().div_ceil(PACKET - 4));
            for (at, payload) in bytes.chunks(PACKET - 4).enumerate() {
                let [counter, ..] = before.wrapping_add(at).to_le_bytes();
                self.packing.put(&mut out, TablePacketHeader { pid: *pid, counter, first: at == 0 }, arrival, payload);
            }
        }
        self.written = self.written.wrapping_add(usize::from(!self.duplicates));
        out
    }
}
