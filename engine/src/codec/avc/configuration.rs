//! `AVCDecoderConfigurationRecord`, the payload of `avcC` (ISO/IEC 14496-15 §5.3.3.1). MP4, Matroska and FLV store it;
//! byte streams have parameter sets in band instead.

use bytes::Bytes;

use super::{AvcSequence, PPS, SPS, SPS_EXTENSION, is_high};
use crate::codec::nal::{self, put_sized, sized};

/// `avc1.PPCCLL` in lower-case hexadecimal (RFC 6381 §3.3) for this sample entry; only the name of the entry if there
/// is no record.
#[must_use]
pub fn name(entry: &str, record: &[u8]) -> String {
    match record {
        [_, a, b, c, ..] => format!("{entry}.{}", profile([*a, *b, *c])),
        _ => entry.to_owned(),
    }
}

/// Profile, constraints and level.
pub(super) fn profile([profile, constraints, level]: [u8; 3]) -> String {
    format!("{profile:02x}{constraints:02x}{level:02x}")
}

/// The configuration that a decoder needs first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AvcConfiguration {
    /// `AVCProfileIndication`, `profile_compatibility` and `AVCLevelIndication`.
    pub profile: [u8; 3],
    /// The size of the length before each NAL unit of a sample, in bytes: 1, 2 or 4.
    pub length_size: u8,
    /// Sequence parameter sets, as NAL units.
    pub sequences: Vec<Bytes>,
    /// Picture parameter sets, as NAL units.
    pub pictures: Vec<Bytes>,
    /// `chroma_format`, `bit_depth_luma_minus8` and `bit_depth_chroma_minus8`, which are in records of High profiles.
    pub samples: Option<[u8; 3]>,
    /// Extensions of sequence parameter sets, as NAL units.
    pub extensions: Vec<Bytes>,
}

impl AvcConfiguration {
    /// Parses a record; `None` if it is invalid or truncated.
    #[must_use]
    pub fn parse(record: &[u8]) -> Option<Self> {
        let ([1, a, b, c, length, count], mut rest) = record.split_first_chunk()? else { return None };
        let sequences = sets(&mut rest, count & 0x1F)?;
        let (count, mut rest) = rest.split_first()?;
        let pictures = sets(&mut rest, *count)?;
        let (mut samples, mut extensions) = (None, Vec::new());
        // Old writers omit what follows.
        if let Some(([chroma, luma_depth, chroma_depth, count], mut rest)) = rest.split_first_chunk()
            && is_high(*a)
        {
            samples = Some([chroma & 3, luma_depth & 7, chroma_depth & 7]);
            extensions = sets(&mut rest, *count)?;
        }
        Some(Self { profile: [*a, *b, *c], length_size: (length & 3) + 1, sequences, pictures, samples, extensions })
    }

    /// The configuration for a stream with these NAL units, with each parameter set once; `None` if there is no
    /// sequence parameter set or no picture parameter set, or one is too long. Lengths have four bytes.
    #[must_use]
    pub fn of_units<'a>(units: impl Iterator<Item = &'a [u8]>) -> Option<Self> {
        let (mut sequences, mut pictures, mut extensions) = (Vec::new(), Vec::new(), Vec::new());
        for unit in units {
            let sets = match unit.first()? & 0x1F {
                SPS => &mut sequences,
                PPS => &mut pictures,
                SPS_EXTENSION => &mut extensions,
                _ => continue,
            };
            if !sets.iter().any(|known| known == unit) {
                sets.push(Bytes::copy_from_slice(unit));
            }
        }
        let first = nal::payload(sequences.first().filter(|_| !pictures.is_empty())?);
        let profile = *first.get(1..)?.first_chunk()?;
        let samples = match AvcSequence::read(&first) {
            Some(sequence) if is_high(profile[0]) => {
                let [a, b, c] = sequence.samples.map(u8::try_from);
                Some([a.ok()?, b.ok()?, c.ok()?])
            }
            _ => None,
        };
        let fit = sequences.len() < 32 && pictures.len() < 256 && extensions.len() < 256;
        let short = sequences.iter().chain(&pictures).chain(&extensions).all(|set| u16::try_from(set.len()).is_ok());
        (fit && short).then_some(Self { profile, length_size: 4, sequences, pictures, samples, extensions })
    }

    /// Encodes the record.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let [profile, constraints, level] = self.profile;
        let mut out = vec![1, profile, constraints, level, 0xFC | self.length_size.wrapping_sub(1) & 3];
        out.push(0xE0 | count(&self.sequences));
        put(&mut out, &self.sequences);
        out.push(count(&self.pictures));
        put(&mut out, &self.pictures);
        if let Some([chroma, luma_depth, chroma_depth]) = self.samples {
            out.extend([0xFC | chroma, 0xF8 | luma_depth, 0xF8 | chroma_depth, count(&self.extensions)]);
            put(&mut out, &self.extensions);
        }
        out
    }

    /// Width and height of pictures in pixels.
    #[must_use]
    pub fn dimensions(&self) -> Option<(u32, u32)> {
        AvcSequence::read(&nal::payload(self.sequences.first()?))?.dimensions
    }
}

fn sets(rest: &mut &[u8], count: u8) -> Option<Vec<Bytes>> {
    (0..count).map(|_| sized(rest).map(Bytes::copy_from_slice)).collect()
}

fn put(out: &mut Vec<u8>, sets: &[Bytes]) {
    for set in sets {
        put_sized(out, set);
    }
}

fn count(sets: &[Bytes]) -> u8 {
    u8::try_from(sets.len()).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by ffmpeg 5.1 for x264's High profile in 320x180.
    const RECORD: &[u8] = &[
        0x01, 0x64, 0x00, 0x0C, 0xFF, 0xE1, 0x00, 0x1A, 0x67, 0x64, 0x00, 0x0C, 0xAC, 0xD9, 0x41, 0x41, 0x9F, 0x9F,
        0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0x20, 0xF1, 0x42, 0x99, 0x60, 0x01, 0x00,
        0x06, 0x68, 0xEB, 0xE3, 0xCB, 0x22, 0xC0, 0xFD, 0xF8, 0xF8, 0x00,
    ];

    #[test]
    fn a_record_names_a_profile() {
        assert_eq!(name("avc1", &[1, 0x64, 0, 0x1F]), "avc1.64001f");
        assert_eq!(name("avc3", &[]), "avc3");
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let found = AvcConfiguration::parse(RECORD).unwrap();
        assert_eq!((found.dimensions(), found.length_size), (Some((320, 180)), 4));
        assert_eq!(found.to_bytes(), RECORD);
        assert_eq!(name("avc1", RECORD), "avc1.64000c");
        let stream = [&[0, 0, 0, 1], &found.sequences[0][..], &[0, 0, 0, 1], &found.pictures[0], &[0, 0, 1, 0x65, 9]];
        let made = AvcConfiguration::of_units(nal::units(&stream.concat()).map(nal::trimmed)).unwrap();
        assert_eq!(made, found);
        for length in 0..RECORD.len() - 4 {
            assert_eq!(AvcConfiguration::parse(&RECORD[..length]), None);
        }
        assert_eq!(AvcConfiguration::of_units(std::iter::empty()), None);
    }
}
