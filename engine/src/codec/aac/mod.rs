//! AAC (ISO/IEC 14496-3): `AudioSpecificConfig` (§1.6.2.1), which MP4, Matroska and FLV store; and its own framings,
//! ADTS and LATM.

pub mod adts;
pub mod latm;

use super::{Bits, StreamProperties};

/// The number of samples in a raw data block, at the sample rate of the core. A block is a frame in all containers
/// except ADTS.
pub const FRAME: u32 = 1024;
/// The number of frames to decode before the first audible one: the previous frame overlaps.
pub const PREROLL_FRAMES: u32 = 1;
/// `samplingFrequencyIndex` (§1.6.3.4).
pub(super) const RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];
/// `samplingFrequencyIndex` of an explicit rate.
const ESCAPE: u32 = 15;
/// Audio object types (table 1.17) of spectral band replication and parametric stereo, which precede that of the core.
const SBR: u8 = 5;
const PS: u8 = 29;

/// `mp4a.40.N`, from an `AudioSpecificConfig`; `None` if it is empty.
#[must_use]
pub fn name(configuration: &[u8]) -> Option<String> {
    object_type(configuration).map(named)
}

/// `mp4a.40.N` for this audio object type.
#[must_use]
pub fn named(object_type: u8) -> String {
    format!("mp4a.40.{object_type}")
}

/// The audio object type at the beginning of a configuration; `None` if it is empty.
pub(super) fn object_type(configuration: &[u8]) -> Option<u8> {
    match *configuration {
        [first, second, ..] if first >> 3 == 31 => Some(32 + (first << 3 & 0x38 | second >> 5)),
        [first, ..] if first >> 3 != 31 && first >> 3 != 0 => Some(first >> 3),
        _ => None,
    }
}

/// The beginning of an `AudioSpecificConfig`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioSpecificConfig {
    /// The first audio object type: 2 is AAC-LC, 5 HE-AAC, 29 HE-AAC v2.
    pub object_type: u8,
    /// The sample rate of the core.
    pub rate: u32,
    /// `channelConfiguration`; 0 means that a program config element defines the channels.
    pub channels: u8,
    /// The sample rate with spectral band replication, if that is signalled.
    pub extended: Option<u32>,
}

impl AudioSpecificConfig {
    /// Parses a configuration; `None` if it is truncated, or its rate is invalid.
    #[must_use]
    pub fn parse(configuration: &[u8]) -> Option<Self> {
        let bits = &mut Bits::new(configuration);
        let object_type = read_type(bits);
        let rate = read_rate(bits)?;
        let channels = u8::try_from(bits.take(4)).ok()?;
        let extended = if matches!(object_type, SBR | PS) { Some(read_rate(bits)?) } else { None };
        bits.is_within().then_some(Self { object_type, rate, channels, extended })
    }

    /// The configuration of ADTS frames.
    #[must_use]
    pub fn of_adts(header: &[u8]) -> Option<Self> {
        let [0xFF, sync, two, three, ..] = *header else { return None };
        let rate = RATES.get(usize::from(two >> 2 & 15)).filter(|_| sync & 0xF6 == 0xF0)?;
        let channels = (two & 1) << 2 | three >> 6;
        Some(Self { object_type: (two >> 6) + 1, rate: *rate, channels, extended: None })
    }

    /// Encodes the configuration, for frames of 1024 samples that depend on no other coder.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bits = ConfigWriter::default();
        bits.put(self.object_type.into(), 5);
        bits.put_rate(self.rate);
        bits.put(self.channels.into(), 4);
        if let Some(extended) = self.extended {
            bits.put_rate(extended);
            bits.put(2, 5);
        }
        // frameLengthFlag, dependsOnCoreCoder, extensionFlag.
        bits.put(0, 3);
        bits.finish()
    }

    /// The properties of the stream.
    #[must_use]
    pub fn properties(&self) -> StreamProperties {
        let channels = match (self.channels, self.object_type) {
            // Two from one.
            (1, PS) => Some(2),
            (count @ 1..=6, _) => Some(count.into()),
            (7 | 12 | 14, _) => Some(8),
            (11, _) => Some(7),
            _ => None,
        };
        StreamProperties::audio(named(self.object_type), Some(self.extended.unwrap_or(self.rate)), channels)
    }
}

fn read_type(bits: &mut Bits<'_>) -> u8 {
    let object_type = match bits.take(5) {
        31 => 32 + bits.take(6),
        short => short,
    };
    object_type.to_be_bytes()[3]
}

fn read_rate(bits: &mut Bits<'_>) -> Option<u32> {
    match bits.take(4) {
        ESCAPE => Some(bits.take(24)),
        index => RATES.get(usize::try_from(index).ok()?).copied(),
    }
}

/// Bits, the highest first.
#[derive(Default)]
struct ConfigWriter {
    bits: u128,
    count: u32,
}

impl ConfigWriter {
    fn put(&mut self, value: u32, count: u32) {
        self.bits = self.bits << count | u128::from(value);
        self.count += count;
    }

    fn put_rate(&mut self, rate: u32) {
        let index = RATES.iter().position(|known| *known == rate).and_then(|index| u32::try_from(index).ok());
        self.put(index.unwrap_or(ESCAPE), 4);
        if index.is_none() {
            self.put(rate & 0xFF_FFFF, 24);
        }
    }

    fn finish(self) -> Vec<u8> {
        let bytes = (self.bits << (128 - self.count)).to_be_bytes();
        bytes.into_iter().take(self.count.div_ceil(8) as usize).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_says_what_the_stream_is() {
        let cases: [(&[u8], &str, u32, Option<u16>); 6] = [
            (&[0x11, 0x90], "mp4a.40.2", 48_000, Some(2)),
            (&[0x12, 0x10], "mp4a.40.2", 44_100, Some(2)),
            (&[0x2B, 0x92, 0x08, 0x00], "mp4a.40.5", 44_100, Some(2)),
            (&[0xEB, 0x09, 0x88, 0x00], "mp4a.40.29", 48_000, Some(2)),
            (&[0x11, 0xB8], "mp4a.40.2", 48_000, Some(8)),
            (&[0x17, 0x80, 0x5B, 0xB0, 0x10], "mp4a.40.2", 0xB760, Some(2)),
        ];
        for (bytes, name, rate, channels) in cases {
            let found = AudioSpecificConfig::parse(bytes).unwrap();
            let properties = found.properties();
            assert_eq!((properties.name.as_str(), properties.channels), (name, channels), "{bytes:x?}");
            assert_eq!(properties.sample_rate, Some(rate), "{bytes:x?}");
            assert_eq!(found.to_bytes(), bytes);
        }
        assert_eq!(AudioSpecificConfig::parse(&[0x11]), None);
        assert_eq!(name(&[0xF9, 0x48]).as_deref(), Some("mp4a.40.42"));
    }

    #[test]
    fn a_header_in_adts_is_a_configuration() {
        let found = AudioSpecificConfig::of_adts(&[0xFF, 0xF1, 0x50, 0x80]).unwrap();
        assert_eq!(found.to_bytes(), [0x12, 0x10]);
        assert_eq!(AudioSpecificConfig::of_adts(&[0x56, 0xE0, 0x50, 0x80]), None);
    }
}
