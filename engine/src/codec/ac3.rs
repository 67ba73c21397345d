//! AC-3 and E-AC-3 (ETSI TS 102 366 §4.3, §E.1.2): a frame begins with a sync word, and its length follows; and their
//! records in MP4 (annex F).

use super::{Bits, FrameHeader, StreamProperties, Syntax};

/// Kilobits a second, by `frmsizecod` halved.
const BITRATES: [u32; 19] = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640];
const RATES: [u32; 3] = [48_000, 44_100, 32_000];
/// Samples of a block; a frame of AC-3 has six.
const BLOCK: u32 = 256;

/// The syntax of both.
#[derive(Clone, Copy, Debug)]
pub struct Ac3;

impl Syntax for Ac3 {
    fn frame(&self, bytes: &[u8]) -> Option<FrameHeader> {
        let [0x0B, 0x77, two, three, four, five, ..] = *bytes else { return None };
        let code = usize::from(four >> 6);
        let (size, duration, rate) = if five >> 3 <= 10 {
            let (rate, kilobits) = (*RATES.get(code)?, *BITRATES.get(usize::from(four & 0x3F) / 2)?);
            // Only at 44.1 kHz the length is not an integer, so there are two.
            let odd = if code == 1 { u32::from(four & 1) } else { 0 };
            (2 * (kilobits * 96_000 / rate + odd), 6 * BLOCK, rate)
        } else {
            let low = usize::from(four >> 4 & 3);
            let (rate, blocks) = match code {
                3 => (RATES.get(low)? / 2, 6),
                _ => (*RATES.get(code)?, [1, 2, 3, 6].get(low).copied()?),
            };
            // A dependent substream belongs to the independent frame before it, and has no duration of its own.
            let blocks = if two >> 6 == 1 { 0 } else { blocks };
            (2 * (u32::from(two & 7) << 8 | u32::from(three)) + 2, blocks * BLOCK, rate)
        };
        (size > 6).then_some(FrameHeader { size, duration, header: 0, reach: 0, mode: 0, kind: rate })
    }

    fn rate(&self, kind: u32) -> u32 {
        kind
    }
}

/// The name of AC-3 (RFC 6381 and its registry), and of E-AC-3.
pub const AC3: &str = "ac-3";
/// See [`AC3`].
pub const EAC3: &str = "ec-3";
/// The number of frames to decode before the first audible one: the previous frame overlaps.
pub const PREROLL_FRAMES: u32 = 1;
/// The number of channels by `acmod` (table 4.3), without low frequencies.
const CHANNELS: [u16; 8] = [2, 1, 2, 3, 3, 4, 4, 5];
/// The greatest `bsid` of AC-3; greater ones belong to E-AC-3.
const MAX_AC3: u32 = 10;

/// The properties in the header of a frame, without dependent substreams.
#[must_use]
pub fn properties(frame: &[u8]) -> Option<StreamProperties> {
    let found = Ac3.frame(frame)?;
    let SyncFrameHeader { bsid, mode, low, .. } = SyncFrameHeader::read(frame)?;
    let channels = CHANNELS.get(mode as usize)? + u16::from(low);
    let name = if bsid > MAX_AC3 { EAC3 } else { AC3 };
    Some(StreamProperties::audio(name.to_owned(), Some(found.kind), Some(channels)))
}

/// The properties in the payload of a `dac3` or a `dec3`, without dependent substreams.
#[must_use]
pub fn configured(name: &str, record: &[u8]) -> Option<StreamProperties> {
    let mut bits = Bits::new(record);
    if name == EAC3 {
        bits.take(16);
    }
    let rate = RATES.get(bits.take(2) as usize).copied();
    // bsid and bsmod; in E-AC-3 also a reserved bit and asvc between them.
    bits.take(if name == EAC3 { 10 } else { 8 });
    let channels = CHANNELS.get(bits.take(3) as usize)? + u16::from(bits.bit());
    bits.is_within().then(|| StreamProperties::audio(name.to_owned(), rate, Some(channels)))
}

/// The record of a stream with this frame, or with these frames of one access unit: the payload of `dac3` (§F.4) for
/// AC-3, of `dec3` (§F.6) for E-AC-3, with one independent substream and those that depend on it.
#[must_use]
pub fn configuration(unit: &[u8]) -> Option<Vec<u8>> {
    let header = SyncFrameHeader::read(unit)?;
    let first = Ac3.frame(unit)?;
    let fields = |gap: u32| {
        let bits = header.rate << 5 | header.bsid;
        ((bits << (3 + gap) | header.service) << 3 | header.mode) << 1 | u32::from(header.low)
    };
    if header.bsid <= MAX_AC3 {
        let record = (fields(0) << 5 | header.bitrate) << 5;
        return Some(record.to_be_bytes().get(1..)?.to_vec());
    }
    let (mut dependent, mut locations, mut size) = (0_u32, 0_u32, first.size);
    while let Some(next) = unit.get(size as usize..) {
        let (Some(frame), Some(header)) = (Ac3.frame(next), SyncFrameHeader::read(next)) else { break };
        if frame.duration > 0 {
            break;
        }
        (dependent, locations, size) = (dependent + 1, locations | header.locations, size + frame.size);
    }
    // Kilobits a second, and one independent substream.
    let rate = u64::from(size) * 8 * u64::from(first.kind) / (u64::from(first.duration.max(1)) * 1000);
    let rate = u16::try_from(rate).unwrap_or(u16::MAX).min((1 << 13) - 1);
    let mut record = (rate << 3).to_be_bytes().to_vec();
    let substream = fields(2) << 7 | dependent.min(15);
    if dependent > 0 {
        record.extend((substream << 9 | locations).to_be_bytes());
    } else {
        record.extend_from_slice((substream << 1).to_be_bytes().get(1..)?);
    }
    Some(record)
}

/// The fields of a frame that describe its stream (`bsi`, §4.4.2 and §E.1.2.2).
#[derive(Clone, Copy, Debug)]
struct SyncFrameHeader {
    /// `fscod`.
    rate: u32,
    bsid: u32,
    /// `bsmod`; in E-AC-3 it is too far into the frame to be read.
    service: u32,
    /// `acmod`.
    mode: u32,
    /// `lfeon`.
    low: bool,
    /// AC-3: `frmsizecod` halved.
    bitrate: u32,
    /// E-AC-3: the channels of a dependent substream, in the form of `dec3` (`chan_loc`).
    locations: u32,
}

impl SyncFrameHeader {
    fn read(frame: &[u8]) -> Option<Self> {
        let bits = &mut Bits::new(frame.get(2..)?);
        let found = if frame.get(5)? >> 3 > 10 {
            let kind = bits.take(2);
            bits.take(14);
            let rate = bits.take(2);
            bits.take(2);
            let (mode, low, bsid) = (bits.take(3), bits.bit(), bits.take(5));
            // dialnorm, and compr if present; both twice for two programs in one.
            for _ in 0..if mode == 0 { 2 } else { 1 } {
                bits.take(5);
                if bits.bit() {
                    bits.take(8);
                }
            }
            let map = if kind == 1 && bits.bit() { bits.take(16) } else { 0 };
            Self { rate, bsid, service: 0, mode, low, bitrate: 0, locations: locations(map) }
        } else {
            bits.take(16);
            let (rate, bitrate) = (bits.take(2), bits.take(6) / 2);
            let (bsid, service, mode) = (bits.take(5), bits.take(3), bits.take(3));
            bits.take(if mode & 1 == 1 && mode != 1 { 2 } else { 0 });
            bits.take(if mode & 4 == 4 { 2 } else { 0 });
            bits.take(if mode == 2 { 2 } else { 0 });
            Self { rate, bsid, service, mode, low: bits.bit(), bitrate, locations: 0 }
        };
        bits.is_within().then_some(found)
    }
}

/// `chan_loc` of a `dec3` (table F.6.1), lowest bit first, from `chanmap` (table E.1.4), highest bit first: both have
/// the pairs of channels from Lc/Rc on in the same order, and then the second channel of low frequencies.
fn locations(map: u32) -> u32 {
    (0..8).fold((map >> 1 & 1) << 8, |all, place| all | (map >> (10 - place) & 1) << place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_says_how_long_a_frame_is() {
        let frame = |header: [u8; 6]| Ac3.frame(&header).map(|frame| (frame.size, frame.duration, frame.kind));
        assert_eq!(frame([0x0B, 0x77, 0, 0, 0x1C, 0x40]), Some((1536, 1536, 48_000)));
        assert_eq!(frame([0x0B, 0x77, 0, 0, 0x40, 0x40]), Some((138, 1536, 44_100)));
        assert_eq!(frame([0x0B, 0x77, 0, 0, 0x41, 0x40]), Some((140, 1536, 44_100)));
        assert_eq!(frame([0x0B, 0x77, 0, 0, 0xC0, 0x40]), None);
        assert_eq!(frame([0x0B, 0x77, 0x02, 0xFF, 0x34, 0x80]), Some((1536, 1536, 48_000)), "E-AC-3");
        assert_eq!(frame([0x0B, 0x77, 0x42, 0xFF, 0x34, 0x80]), Some((1536, 0, 48_000)), "a dependent substream");
        assert_eq!(frame([0x0B, 0x78, 0, 0, 0x1C, 0x40]), None);
    }
}
