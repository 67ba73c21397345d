//! Opus (RFC 6716): the durations of packets, and the identification header, which is `OpusHead` in Ogg, Matroska and
//! FLV (RFC 7845 §5.1), and `dOps` in MP4 (*Encapsulation of Opus in ISO Base Media File Format* §4.3.2).

use super::StreamProperties;

/// The sample rate that decoders output, whatever the input was.
pub const RATE: u32 = 48_000;
/// The beginning of `OpusHead`.
pub const MAGIC: &[u8] = b"OpusHead";
/// The number of samples to decode before the first audible one: 80 ms (RFC 7845 §4.6).
pub const PREROLL: u32 = 3_840;
/// The number of samples that a decoder needs to converge: 300 ms. After [`PREROLL`], decoders were still off by 1/60
/// of full scale at worst in music, and by 1/8 at low rates; after this number it is less than half a bit of 16, and
/// 1/350.
pub const CONVERGENCE: u32 = 14_400;

/// The configuration that a decoder needs first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpusConfiguration {
    /// The number of output channels.
    pub channels: u8,
    /// The number of samples at the beginning that are not played.
    pub pre_skip: u16,
    /// The sample rate of the original input, for information.
    pub input_rate: u32,
    /// Gain to apply, in 256ths of a decibel.
    pub gain: i16,
    /// The channel mapping family.
    pub family: u8,
    /// The channel mapping table of families other than 0: the number of streams and of coupled streams, and the
    /// mapping.
    pub mapping: Vec<u8>,
}

impl OpusConfiguration {
    /// Parses an `OpusHead`.
    ///
    /// # Errors
    ///
    /// Its version if that is unknown; `None` if it is too short.
    pub fn parse_head(packet: &[u8]) -> Result<Self, Option<u8>> {
        let ([.., version, channels, s0, s1, r0, r1, r2, r3, g0, g1, family], mapping) =
            packet.split_first_chunk::<19>().ok_or(None)?;
        if version & 0xF0 != 0 {
            return Err(Some(*version));
        }
        Ok(Self {
            channels: *channels,
            pre_skip: u16::from_le_bytes([*s0, *s1]),
            input_rate: u32::from_le_bytes([*r0, *r1, *r2, *r3]),
            gain: i16::from_le_bytes([*g0, *g1]),
            family: *family,
            mapping: if *family == 0 { Vec::new() } else { mapping.to_vec() },
        })
    }

    /// Parses the payload of a `dOps`.
    #[must_use]
    pub fn parse_box(payload: &[u8]) -> Option<Self> {
        let ([_, channels, s0, s1, r0, r1, r2, r3, g0, g1, family], mapping) = payload.split_first_chunk::<11>()?;
        Some(Self {
            channels: *channels,
            pre_skip: u16::from_be_bytes([*s0, *s1]),
            input_rate: u32::from_be_bytes([*r0, *r1, *r2, *r3]),
            gain: i16::from_be_bytes([*g0, *g1]),
            family: *family,
            mapping: if *family == 0 { Vec::new() } else { mapping.to_vec() },
        })
    }

    /// Encodes the `OpusHead`.
    #[must_use]
    pub fn to_head(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend([1, self.channels]);
        out.extend(self.pre_skip.to_le_bytes());
        out.extend(self.input_rate.to_le_bytes());
        out.extend(self.gain.to_le_bytes());
        out.push(self.family);
        out.extend_from_slice(&self.mapping);
        out
    }

    /// Encodes the payload of the `dOps`.
    #[must_use]
    pub fn to_box(&self) -> Vec<u8> {
        let mut out = vec![0, self.channels];
        out.extend(self.pre_skip.to_be_bytes());
        out.extend(self.input_rate.to_be_bytes());
        out.extend(self.gain.to_be_bytes());
        out.push(self.family);
        out.extend_from_slice(&self.mapping);
        out
    }

    /// The properties of the stream.
    #[must_use]
    pub fn properties(&self) -> StreamProperties {
        StreamProperties::audio("opus".to_owned(), Some(RATE), Some(self.channels.into()))
    }
}

/// The duration in nanoseconds of an Opus packet with these first bytes (RFC 6716 §3.1 and §3.2).
#[must_use]
pub fn duration([toc, count]: [u8; 2]) -> Option<u64> {
    const MICROSECONDS: [u64; 4] = [10_000, 20_000, 40_000, 60_000];
    let step = usize::from(toc >> 3 & 3);
    let frame = match toc >> 3 {
        0..12 => MICROSECONDS.get(step).copied()?,
        12..16 => 10_000 << (step & 1),
        _ => 2_500 << step,
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u64::from(count & 0x3F),
    };
    (frames > 0).then_some(frame * frames * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opus_packet_says_how_long_it_lasts() {
        let cases = [
            ([0x00, 0], Some(10_000_000)),
            ([0x58, 9], Some(60_000_000)),
            ([0x60, 0], Some(10_000_000)),
            ([0x68, 0], Some(20_000_000)),
            ([0x80, 0], Some(2_500_000)),
            ([0xF8, 0], Some(20_000_000)),
            ([0xF9, 0], Some(40_000_000)),
            ([0xFB, 3], Some(60_000_000)),
            ([0xFB, 0], None),
        ];
        for (packet, expected) in cases {
            assert_eq!(duration(packet), expected, "{packet:x?}");
        }
    }

    #[test]
    fn a_head_and_a_box_say_the_same() {
        let head = b"OpusHead\x01\x02\x38\x01\x44\xAC\0\0\x00\xFF\x01\x01\x01\0\x01";
        let found = OpusConfiguration::parse_head(head).unwrap();
        assert_eq!((found.channels, found.pre_skip, found.input_rate, found.gain), (2, 312, 44_100, -256));
        assert_eq!(found.to_head(), head);
        let dops = found.to_box();
        assert_eq!(dops, [0, 2, 1, 0x38, 0, 0, 0xAC, 0x44, 0xFF, 0, 1, 1, 1, 0, 1]);
        assert_eq!(OpusConfiguration::parse_box(&dops), Some(found));
        assert_eq!(OpusConfiguration::parse_head(&head[..18]), Err(None));
        assert_eq!(OpusConfiguration::parse_head(b"OpusHead\x10\x02\0\0\0\0\0\0\0\0\0"), Err(Some(16)));
    }
}
