//! Packets of a transport stream (ISO/IEC 13818-1 §2.4.3): those of the segments are those of the stored file.

use std::collections::BTreeMap;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufReader, Read};
use std::path::Path;

use crate::verify::verdict::Stop;

/// The size of a packet.
pub const PACKET: usize = 188;
/// The bytes before and after each packet in a file: none, the arrival in M2TS, or sixteen of parity.
const AROUND: [(usize, usize); 3] = [(0, 0), (4, 0), (0, 16)];
/// The consecutive packets by which the arrangement is recognised.
const ENOUGH: usize = 5;
/// How much of a file is searched for its first packet.
const SEARCHED: usize = 64 << 10;

/// A packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FetchedPacket([u8; PACKET]);

impl FetchedPacket {
    /// Which stream it is of.
    pub const fn pid(&self) -> u16 {
        u16::from_be_bytes([self.0[1] & 0x1F, self.0[2]])
    }

    /// Whether a PES packet begins in it.
    pub const fn begins(&self) -> bool {
        self.0[1] & 0x40 != 0
    }

    /// Its counter, which goes on with each packet of a stream that has a payload; `None` if it has none.
    pub const fn counter(&self) -> Option<u8> {
        if self.0[3] & 0x10 == 0 { None } else { Some(self.0[3] & 0xF) }
    }

    /// Whether counters begin anew with it.
    pub const fn begins_anew(&self) -> bool {
        self.0[3] & 0x20 != 0 && self.0[4] > 0 && self.0[5] & 0x80 != 0
    }
}

/// All packets of a file, in order, each with its number.
pub fn each(path: &Path, mut take: impl FnMut(u64, FetchedPacket) -> Result<(), Stop>) -> Result<(), Stop> {
    let failed = |error: std::io::Error| Stop::NotRun(format!("a temporary file: {error}"));
    let mut file = BufReader::with_capacity(1 << 20, File::open(path).map_err(failed)?);
    let mut head = Vec::new();
    file.by_ref().take(SEARCHED as u64).read_to_end(&mut head).map_err(failed)?;
    let is_packet = |at: usize| head.get(at).is_none_or(|byte| *byte == 0x47);
    let found = (0..head.len()).find_map(|at| {
        let around = AROUND.into_iter().find(|(before, after)| {
            let size = before + PACKET + after;
            (0..ENOUGH).all(|number| is_packet(at + before + number * size))
        });
        around.map(|around| (at, around))
    });
    let (start, (before, after)) = found.ok_or_else(|| Stop::NotRun("it has no packets".to_owned()))?;
    let mut all = head.get(start..).unwrap_or_default().chain(file);
    let mut whole = vec![0; before + PACKET + after];
    for number in 0.. {
        match all.read_exact(&mut whole) {
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => break,
            done => done.map_err(failed)?,
        }
        if let Some(packet) = whole.get(before..).and_then(|rest| rest.first_chunk()) {
            take(number, FetchedPacket(*packet))?;
        }
    }
    Ok(())
}

/// The packets of some streams of a file.
#[derive(Debug, Default)]
pub struct StreamDigests(BTreeMap<u16, Vec<PacketDigest>>);

/// What is kept of a packet.
#[derive(Clone, Copy, Debug)]
struct PacketDigest {
    hash: u64,
    begins: bool,
}

impl PacketDigest {
    fn of(packet: &FetchedPacket) -> Self {
        let mut hasher = DefaultHasher::new();
        packet.hash(&mut hasher);
        Self { hash: hasher.finish(), begins: packet.begins() }
    }
}

impl StreamDigests {
    /// Those of these streams.
    pub fn of(path: &Path, pids: &[u16]) -> Result<Self, Stop> {
        let mut streams = Self(pids.iter().map(|pid| (*pid, Vec::new())).collect());
        each(path, |_, packet| {
            if let Some(packets) = streams.0.get_mut(&packet.pid()) {
                packets.push(PacketDigest::of(&packet));
            }
            Ok(())
        })?;
        Ok(streams)
    }

    /// Compares the packets of one stream.
    pub fn compare(&self, pid: u16, may_skip: bool) -> PacketComparison<'_> {
        let original = self.0.get(&pid).map_or(&[][..], Vec::as_slice);
        PacketComparison { original, next: None, may_skip }
    }

    /// How many PES packets of a stream there are.
    pub fn begun(&self, pid: u16) -> usize {
        self.0.get(&pid).map_or(0, |packets| packets.iter().filter(|packet| packet.begins).count())
    }
}

/// The packets of one stream in the segments, compared in order with those of the stored file.
pub struct PacketComparison<'a> {
    original: &'a [PacketDigest],
    /// Which packet of the original comes next; `None` before the first.
    next: Option<usize>,
    /// Whether packets of the original may be left out.
    may_skip: bool,
}

impl PacketComparison<'_> {
    /// Compares the next packet; false if it is not the original's.
    pub fn next(&mut self, packet: &FetchedPacket) -> bool {
        let own = PacketDigest::of(packet).hash;
        let from = self.next.unwrap_or(0);
        let rest = self.original.get(from..).unwrap_or_default();
        let reach = if self.next.is_none() || self.may_skip { rest.len() } else { 1 };
        let found = rest.iter().take(reach).position(|original| original.hash == own);
        self.next = found.map(|at| from + at + 1).or(self.next);
        found.is_some()
    }

    /// Whether the stream ends with the last packet that was compared.
    pub fn is_at_end(&self) -> bool {
        self.original.get(self.next.unwrap_or(0)..).unwrap_or_default().iter().all(|left| !left.begins)
    }
}
