//! `HEVCDecoderConfigurationRecord`, the payload of `hvcC` (ISO/IEC 14496-15 §8.3.3.1). MP4, Matroska and FLV store it;
//! byte streams have parameter sets in band instead.

use std::fmt::Write;

use bytes::Bytes;

use super::{HevcSequence, PPS, SEI, SPS, VPS, kind};
use crate::codec::nal::{self, put_sized, sized};

/// The size of `general_profile_space` to `general_level_idc`, which are the same in records and parameter sets.
const PROFILE: usize = 12;
/// The number of bytes before the parameter sets.
const FIXED: usize = 23;

/// The name of a stream with this record (ISO/IEC 14496-15 §E.3) for this sample entry; only the name of the entry if
/// there is no record.
#[must_use]
pub fn name(entry: &str, record: &[u8]) -> String {
    let levels = record.get(1..).and_then(|rest| rest.first_chunk());
    levels.and_then(|levels| profile(entry, levels)).unwrap_or_else(|| entry.to_owned())
}

/// Profile space and number, compatibility flags in reverse, tier and level, constraints.
pub(super) fn profile(entry: &str, levels: &[u8; PROFILE]) -> Option<String> {
    let [profile, f0, f1, f2, f3, constraints @ .., level] = levels;
    let space = ["", "A", "B", "C"].get(usize::from(profile >> 6))?;
    let tier = if profile & 0x20 == 0 { 'L' } else { 'H' };
    let compatible = u32::from_be_bytes([*f0, *f1, *f2, *f3]).reverse_bits();
    let used = constraints.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let mut name = format!("{entry}.{space}{}.{compatible:X}.{tier}{level}", profile & 0x1F);
    for constraint in constraints.iter().take(used) {
        // Writing to a string does not fail.
        let _ = write!(name, ".{constraint:X}");
    }
    Some(name)
}

/// NAL units of one type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NalUnitArray {
    /// `NAL_unit_type`: 32, 33 and 34 are parameter sets, 39 is for messages about the whole stream.
    pub kind: u8,
    /// `array_completeness`: samples contain no units of this type.
    pub complete: bool,
    /// The NAL units.
    pub units: Vec<Bytes>,
}

/// The configuration that a decoder needs first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HevcConfiguration {
    /// The fields before the parameter sets, from the version to the size of lengths.
    fixed: [u8; FIXED - 1],
    /// The parameter sets by type.
    pub sets: Vec<NalUnitArray>,
}

impl HevcConfiguration {
    /// Parses a record; `None` if it is truncated.
    #[must_use]
    pub fn parse(record: &[u8]) -> Option<Self> {
        let (fixed, rest) = record.split_first_chunk()?;
        let (arrays, mut rest) = rest.split_first()?;
        let mut sets = Vec::new();
        for _ in 0..*arrays {
            let ([first, high, low], behind) = rest.split_first_chunk()?;
            rest = behind;
            let count = u16::from_be_bytes([*high, *low]);
            let units = (0..count).map(|_| sized(&mut rest).map(Bytes::copy_from_slice)).collect::<Option<_>>()?;
            sets.push(NalUnitArray { kind: first & 0x3F, complete: first & 0x80 != 0, units });
        }
        Some(Self { fixed: *fixed, sets })
    }

    /// The configuration for a stream with these NAL units, with each parameter set once; `None` if one of the three
    /// kinds is missing, or one is too long. Lengths have four bytes.
    #[must_use]
    pub fn of_units<'a>(units: impl Iterator<Item = &'a [u8]>) -> Option<Self> {
        let mut sets = [VPS, SPS, PPS].map(|kind| NalUnitArray { kind, complete: true, units: Vec::new() });
        for unit in units {
            let found = kind(unit)?;
            if let Some(sets) = sets.iter_mut().find(|sets| sets.kind == found)
                && sets.units.iter().all(|known| known != unit)
            {
                sets.units.push(Bytes::copy_from_slice(unit));
            }
        }
        let fit = |set: &NalUnitArray| {
            !set.units.is_empty() && set.units.iter().all(|unit| u16::try_from(unit.len()).is_ok())
        };
        let [_, sequences, _] = &sets;
        let first = nal::payload(sequences.units.first().filter(|_| sets.iter().all(fit))?);
        let [chroma, luma_depth, chroma_depth] =
            HevcSequence::read(&first)?.samples.map(|field| u8::try_from(field).ok());
        // sps_max_sub_layers_minus1 and sps_temporal_id_nesting_flag are in the byte before profile_tier_level.
        let layers = *first.get(2)?;
        let mut fixed = [0; FIXED - 1];
        let levels: &[u8; PROFILE] = first.get(3..)?.first_chunk()?;
        let tail = [
            // No minimum spatial segmentation, and unknown parallelism.
            0xF0,
            0,
            0xFC,
            0xFC | chroma?,
            0xF8 | luma_depth?,
            0xF8 | chroma_depth?,
            // Unknown average frame rate.
            0,
            0,
            ((layers >> 1 & 7) + 1) << 3 | (layers & 1) << 2 | 3,
        ];
        for (place, byte) in fixed.iter_mut().zip([1].iter().chain(levels).chain(&tail)) {
            *place = *byte;
        }
        Some(Self { fixed, sets: sets.into() })
    }

    /// Encodes the record.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.fixed.to_vec();
        out.push(u8::try_from(self.sets.len()).unwrap_or(u8::MAX));
        for NalUnitArray { kind, complete, units } in &self.sets {
            out.push(u8::from(*complete) << 7 | kind & 0x3F);
            out.extend(u16::try_from(units.len()).unwrap_or(u16::MAX).to_be_bytes());
            for unit in units {
                put_sized(&mut out, unit);
            }
        }
        out
    }

    /// The size of the length before each NAL unit of a sample, in bytes: 1, 2 or 4.
    #[must_use]
    pub const fn length_size(&self) -> u8 {
        let [.., last] = self.fixed;
        (last & 3) + 1
    }

    /// Width and height of pictures in pixels.
    #[must_use]
    pub fn dimensions(&self) -> Option<(u32, u32)> {
        let sets = self.sets.iter().find(|sets| sets.kind == SPS)?;
        HevcSequence::read(&nal::payload(sets.units.first()?))?.dimensions
    }

    /// The same, but declaring that samples contain no parameter sets, as the sample entry `hvc1` demands (ISO/IEC
    /// 14496-15 §8.4.1.1); `None` if one of the three kinds is missing here, so that they have to be in the samples.
    #[must_use]
    pub fn completed(mut self) -> Option<Self> {
        for wanted in [VPS, SPS, PPS] {
            let mut found =
                self.sets.iter_mut().filter(|sets| sets.kind == wanted && !sets.units.is_empty()).peekable();
            found.peek()?;
            found.for_each(|sets| sets.complete = true);
        }
        Some(self)
    }

    /// Without units other than parameter sets, for example the name of the encoder.
    #[must_use]
    pub fn without_messages(mut self) -> Self {
        self.sets.retain(|sets| sets.kind < SEI);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_names_a_profile() {
        let record = [1, 0x01, 0x60, 0, 0, 0, 0xB0, 0, 0, 0, 0, 0, 93];
        assert_eq!(name("hvc1", &record), "hvc1.1.6.L93.B0");
        assert_eq!(name("hev1", &record[..9]), "hev1");
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let units: [&[u8]; 4] = [
            &[0x40, 0x01, 0x0C],
            &[
                0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00,
                0x3C, 0xA0, 0x0A, 0x08, 0x0B, 0x9F, 0x79, 0x65, 0x95, 0x9A, 0x49, 0x32,
            ],
            &[0x44, 0x01, 0xC1, 0x72],
            &[0x44, 0x01, 0xC1, 0x72],
        ];
        let made = HevcConfiguration::of_units(units.into_iter()).unwrap();
        let record = made.to_bytes();
        assert_eq!(made.dimensions(), Some((320, 180)));
        assert_eq!(made.length_size(), 4);
        assert_eq!(HevcConfiguration::parse(&record), Some(made));
        assert_eq!(name("hvc1", &record), "hvc1.1.6.L60.90");
        for length in 0..record.len() {
            assert_eq!(HevcConfiguration::parse(&record[..length]), None);
        }
        assert_eq!(HevcConfiguration::of_units(units[1..].iter().copied()), None);
    }
}
