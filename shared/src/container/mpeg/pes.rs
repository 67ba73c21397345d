//! The header of a PES packet (ISO/IEC 13818-1 §2.4.3.6): when what it carries is decoded and presented.

/// What of the header is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pes {
    /// Presentation and decoding time stamp, of 33 bits, in 90 kHz. Without the second both are the same.
    pub times: Option<(u64, u64)>,
    /// Where its payload begins.
    pub header: usize,
}

impl Pes {
    /// Reads the header at the beginning of these bytes; `None` where there is none, or it is not whole.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let [0, 0, 1, stream, _, _, flags, times, header] = *bytes.first_chunk()? else { return None };
        // Padding, private_stream_2 and the directory have no header of this form.
        if matches!(stream, 0xBC | 0xBE | 0xBF | 0xF0..=0xF2 | 0xF8 | 0xFF) || flags & 0xC0 != 0x80 {
            return None;
        }
        let stamp = |at: usize| stamp(bytes.get(at..)?);
        let times = match times >> 6 {
            2 => Some((stamp(9)?, stamp(9)?)),
            3 => Some((stamp(9)?, stamp(14)?)),
            _ => None,
        };
        Some(Self { times, header: 9 + usize::from(header) })
    }
}

/// A time stamp of 33 bits: three, fifteen and fifteen, each with a marker bit behind it.
fn stamp(bytes: &[u8]) -> Option<u64> {
    let [high, middle @ .., a, b] = *bytes.first_chunk::<5>()?;
    let fifteen = |bytes: [u8; 2]| u64::from(u16::from_be_bytes(bytes) >> 1);
    Some(u64::from(high >> 1 & 7) << 30 | fifteen(middle) << 15 | fifteen([a, b]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_says_when_and_how_long() {
        let bytes = [0, 0, 1, 0xC0, 0, 20, 0x80, 0xC0, 10, 0x3F, 0xFF, 0xFF, 0xFF, 0xFF, 0x11, 0, 1, 0, 3, 0xAA];
        let times = Some(((1 << 33) - 1, 1));
        assert_eq!(Pes::read(&bytes), Some(Pes { times, header: 19 }));
        assert_eq!(Pes::read(&bytes[..18]), None);
        let without = [0, 0, 1, 0xE0, 0, 0, 0x80, 0, 0];
        assert_eq!(Pes::read(&without), Some(Pes { times: None, header: 9 }));
        for other in [0xBE, 0xBF] {
            assert_eq!(Pes::read(&[0, 0, 1, other, 0, 9, 0x80, 0, 0, 0]), None);
        }
    }
}
