//! H.264, also called AVC (ITU-T H.264 §7.3, §7.4.1): where decoding can begin, the contents of a sequence parameter
//! set, and the presentation order of pictures (§7.3.3, §8.2.1).

mod configuration;

pub use configuration::{AvcConfiguration, name};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::bits::Bits;
use super::nal::{self, cropping};
use super::slice::{OrderCount, SLICE_HEADER, Slice};
use super::{FrameOpening, StreamProperties, UnitStart};

const SLICE: u8 = 1;
const IDR: u8 = 5;
const SEI: u8 = 6;
const SPS: u8 = 7;
const PPS: u8 = 8;
const SPS_EXTENSION: u8 = 13;
/// `payloadType` of the recovery point (§D.1.8).
const RECOVERY_POINT: u8 = 6;

/// Decoding can begin at an IDR picture and at a recovery point, in an access unit with a sequence parameter set, since
/// a cut that begins there has no other. The same holds if the transport says so (`flagged`).
#[must_use]
pub fn access(payload: &[u8], flagged: bool) -> UnitStart {
    let (mut parameters, mut recovery) = (false, flagged);
    for unit in nal::units(payload) {
        let Some(header) = unit.first() else { break };
        match header & 0x1F {
            IDR => return UnitStart::Access(parameters),
            SLICE..=4 => return UnitStart::Access(parameters && recovery),
            SPS => parameters = true,
            SEI => recovery |= has_recovery_point(nal::payload(unit).get(1..).unwrap_or_default()),
            _ => {}
        }
    }
    UnitStart::Undecided
}

/// Whether a message of an SEI unit is a recovery point. Earlier messages are skipped by their sizes.
#[must_use]
pub fn has_recovery_point(mut messages: &[u8]) -> bool {
    let number = |bytes: &mut &[u8]| {
        let mut value = 0_usize;
        loop {
            let (byte, rest) = bytes.split_first()?;
            *bytes = rest;
            value += usize::from(*byte);
            if *byte != 0xFF {
                return Some(value);
            }
        }
    };
    while messages.len() > 2 {
        let Some(kind) = number(&mut messages) else { return false };
        if kind == usize::from(RECOVERY_POINT) {
            return true;
        }
        let size = number(&mut messages);
        let Some(rest) = size.and_then(|size| messages.get(size..)) else { return false };
        messages = rest;
    }
    false
}

/// Profile, level and size of pictures, from the first sequence parameter set of a byte stream.
#[must_use]
pub fn properties(payload: &[u8]) -> Option<StreamProperties> {
    let unit = nal::units(payload).find(|unit| unit.first().is_some_and(|header| header & 0x1F == SPS))?;
    let set = nal::payload(unit);
    let name = format!("avc1.{}", configuration::profile(*set.get(1..)?.first_chunk()?));
    Some(StreamProperties::video(name, AvcSequence::read(&set).and_then(|sequence| sequence.dimensions)))
}

/// Decoding can begin at an IDR picture, at a recovery point, and at an intra picture after a sequence parameter set.
pub fn opening(units: &mut dyn Iterator<Item = &[u8]>) -> Option<FrameOpening> {
    let (mut parameters, mut recovery) = (false, false);
    for unit in units {
        match unit.first()? & 0x1F {
            IDR => return Some(FrameOpening::Point),
            SLICE..=4 if recovery => return Some(FrameOpening::Point),
            SLICE | 2 => {
                // first_mb_in_slice, then slice_type: 2 and 4 are intra; 7 and 9 mean that all slices of the picture
                // are.
                let slice = nal::payload(unit.get(1..unit.len().min(16))?);
                let mut bits = Bits::new(&slice);
                bits.unsigned()?;
                let intra = matches!(bits.unsigned()?, 2 | 4 | 7 | 9);
                return Some(match (intra, parameters) {
                    (true, true) => FrameOpening::Point,
                    (true, false) => FrameOpening::Intra,
                    (false, _) => FrameOpening::Refers,
                });
            }
            SEI => recovery |= has_recovery_point(nal::payload(unit).get(1..).unwrap_or_default()),
            SPS => parameters = true,
            _ => {}
        }
    }
    parameters.then_some(FrameOpening::Point)
}

/// The needed fields of a sequence parameter set.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct AvcSequence {
    id: u32,
    /// `chroma_format_idc`, and `bit_depth_minus8` of luma and chroma.
    samples: [u32; 3],
    /// `separate_colour_plane_flag`.
    planes: bool,
    /// The length of `frame_num` in bits.
    frame_bits: u32,
    count: OrderCountType,
    /// `frame_mbs_only_flag`.
    frames: bool,
    dimensions: Option<(u32, u32)>,
}

/// How the presentation order of pictures is determined: `pic_order_cnt_type` (§8.2.1).
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum OrderCountType {
    /// By this many low bits in each slice.
    Bits(u32),
    /// By cycles, which no encoder uses.
    Cycles,
    /// In decode order.
    Decoded,
}

impl AvcSequence {
    /// Parses a sequence parameter set, including its header (§7.3.2.1.1).
    fn read(set: &[u8]) -> Option<Self> {
        let profile = *set.get(1)?;
        let bits = &mut Bits::new(set.get(4..)?);
        let id = bits.unsigned().filter(|id| *id < 32)?;
        let (mut chroma, mut planes, mut depths) = (1, false, [0; 2]);
        if is_high(profile) {
            chroma = bits.unsigned()?;
            planes = chroma == 3 && bits.bit();
            depths = [bits.unsigned()?, bits.unsigned()?];
            bits.bit();
            if bits.bit() {
                scaling_lists(bits, if chroma == 3 { 12 } else { 8 })?;
            }
        }
        let frame_bits = bits.unsigned().filter(|bits| *bits <= 12)? + 4;
        let count = match bits.unsigned()? {
            0 => OrderCountType::Bits(bits.unsigned().filter(|bits| *bits <= 12)? + 4),
            1 => {
                bits.bit();
                bits.signed()?;
                bits.signed()?;
                for _ in 0..bits.unsigned()?.min(255) {
                    bits.signed()?;
                }
                OrderCountType::Cycles
            }
            _ => OrderCountType::Decoded,
        };
        bits.unsigned()?;
        bits.bit();
        let (width, height) = (bits.unsigned()?, bits.unsigned()?);
        let frames = bits.bit();
        let dimensions = dimensions((width, height), frames, chroma, bits);
        let samples = [chroma, depths[0], depths[1]];
        bits.is_within().then_some(Self { id, samples, planes, frame_bits, count, frames, dimensions })
    }
}

/// Whether sequence parameter sets of this profile contain the sample format (§7.3.2.1.1).
const fn is_high(profile: u8) -> bool {
    matches!(profile, 100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135)
}

/// Skips scaling matrices (§7.3.2.1.1.1): the first six have sixteen numbers, the others 64.
fn scaling_lists(bits: &mut Bits<'_>, lists: usize) -> Option<()> {
    for list in 0..lists {
        if !bits.bit() {
            continue;
        }
        let (mut last, mut next) = (8, 8);
        for _ in 0..if list < 6 { 16 } else { 64 } {
            if next != 0 {
                next = (last + bits.signed()?).rem_euclid(256);
            }
            last = if next == 0 { last } else { next };
        }
    }
    Some(())
}

/// The size of pictures with this many macroblocks, after cropping.
fn dimensions((width, height): (u32, u32), frames: bool, chroma: u32, bits: &mut Bits<'_>) -> Option<(u32, u32)> {
    let (width, height) = (width.checked_add(1)?.checked_mul(16)?, height.checked_add(1)?.checked_mul(16)?);
    let fields = if frames { 1 } else { 2 };
    if !frames {
        bits.bit();
    }
    bits.bit();
    let cropped = cropping(bits, chroma)?;
    Some((width.checked_sub(cropped.0)?, height.checked_sub(cropped.1)?.checked_mul(fields)?))
}

/// The active parameter sets, as far as slices need them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct AvcParameterSets {
    sequences: BTreeMap<u32, AvcSequence>,
    /// The sequence parameter set of each picture parameter set.
    pictures: BTreeMap<u32, u32>,
}

impl AvcParameterSets {
    /// Whether the presentation order of pictures may differ from the decode order.
    #[must_use]
    pub fn have_counts(&self) -> bool {
        self.sequences.values().any(|sequence| !matches!(sequence.count, OrderCountType::Decoded))
    }

    /// Reads the units up to the first slice, and returns what they say about the picture.
    pub fn slice(&mut self, payload: &[u8]) -> Option<Slice> {
        for unit in nal::units(payload) {
            let header = *unit.first()?;
            match header & 0x1F {
                SLICE | 2 | IDR => return self.read(header, &nal::payload(unit.get(..SLICE_HEADER).unwrap_or(unit))),
                SPS => {
                    if let Some(sequence) = AvcSequence::read(&nal::payload(unit)) {
                        self.sequences.insert(sequence.id, sequence);
                    }
                }
                PPS => {
                    let bits = &mut Bits::new(unit.get(1..).unwrap_or_default());
                    if let (Some(id @ ..256), Some(sequence)) = (bits.unsigned(), bits.unsigned()) {
                        self.pictures.insert(id, sequence);
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// Parses the header of a slice (§7.3.3).
    fn read(&self, header: u8, slice: &[u8]) -> Option<Slice> {
        let bits = &mut Bits::new(slice.get(1..)?);
        bits.unsigned()?;
        bits.unsigned()?;
        let sequence = self.sequences.get(self.pictures.get(&bits.unsigned()?)?)?;
        if sequence.planes {
            bits.take(2);
        }
        let frame = bits.take(sequence.frame_bits);
        let field = (!sequence.frames && bits.bit()).then(|| (frame, bits.bit()));
        let anew = header & 0x1F == IDR;
        if anew {
            bits.unsigned()?;
        }
        let count = match sequence.count {
            OrderCountType::Bits(length) => OrderCount::Bits(bits.take(length), length),
            OrderCountType::Cycles => return None,
            OrderCountType::Decoded => OrderCount::Decoded,
        };
        bits.is_within().then_some(Slice { anew, reference: header & 0x60 != 0, field, count, steps: 2 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(units: &[&[u8]]) -> Vec<u8> {
        units.iter().flat_map(|unit| [&[0, 0, 0, 1], *unit].concat()).collect()
    }

    #[test]
    fn decoding_begins_where_there_are_parameters_too() {
        let (sps, recovery, late) = (&[0x67, 0x64][..], &[6, 6, 1, 0xC4, 0x80][..], &[6, 1, 2, 9, 9, 6, 1, 0xC4][..]);
        let (other, slice, idr) = (&[6, 5, 2, 6, 6, 0x80][..], &[0x41, 9, 9][..], &[0x65, 9, 9][..]);
        let cases: [(&[&[u8]], bool, UnitStart); 9] = [
            (&[&[9, 16], sps, idr], false, UnitStart::Access(true)),
            (&[&[9, 16], idr], true, UnitStart::Access(false)),
            (&[sps, recovery, slice], false, UnitStart::Access(true)),
            (&[sps, late, slice], false, UnitStart::Access(true)),
            (&[sps, other, slice], false, UnitStart::Access(false)),
            (&[recovery, slice], false, UnitStart::Access(false)),
            (&[sps, slice], true, UnitStart::Access(true)),
            (&[slice, sps, idr], false, UnitStart::Access(false)),
            (&[sps, recovery], false, UnitStart::Undecided),
        ];
        for (units, flagged, expected) in cases {
            assert_eq!(access(&stream(units), flagged), expected, "{units:x?}");
        }
    }

    #[test]
    fn a_parameter_set_has_profile_level_and_size() {
        // One of x264 for 320x180 in 4:2:0, High profile, level 1.3: cropped from 192 lines.
        let sps = [
            0x67, 0x64, 0x00, 0x0D, 0xAC, 0xD9, 0x41, 0x41, 0x9F, 0x9F, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00,
            0x00, 0x03, 0x03, 0x20, 0xF1, 0x42, 0x99, 0x60,
        ];
        let found = properties(&stream(&[&sps])).unwrap();
        assert_eq!((found.name.as_str(), found.dimensions), ("avc1.64000d", Some((320, 180))));
        for length in 0..sps.len() {
            let _ = properties(&stream(&[&sps[..length]]));
        }
    }
}
