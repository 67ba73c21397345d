//! The header of a PES packet (ISO/IEC 13818-1 §2.4.3.6; for MPEG-1 ISO/IEC 11172-1 §2.4.3.3): the decode and
//! presentation times of its payload.

use bytes::BufMut;

/// The parts of the header that are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pes {
    /// Presentation and decoding time stamps, with 33 bits, in 90 kHz. If the second is missing, both are the same.
    pub times: Option<(u64, u64)>,
    /// The offset of its payload.
    pub header: usize,
}

impl Pes {
    /// Parses the header at the beginning of these bytes; `None` if it is missing or truncated.
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

    /// The same for MPEG-1: up to sixteen bytes of stuffing, the buffer size, time stamps.
    pub fn read_old(bytes: &[u8]) -> Option<Self> {
        let [0, 0, 1, ..] = *bytes else { return None };
        let stuffing = bytes.iter().skip(6).take(17).take_while(|byte| **byte == 0xFF).count();
        let mut at = 6 + stuffing;
        if bytes.get(at)? >> 6 == 1 {
            at += 2;
        }
        let stamp = |at: usize| stamp(bytes.get(at..)?);
        let (times, stamps) = match bytes.get(at)? >> 4 {
            2 => (Some((stamp(at)?, stamp(at)?)), 5),
            3 => (Some((stamp(at)?, stamp(at + 5)?)), 10),
            0 => (None, 1),
            _ => return None,
        };
        Some(Self { times, header: at + stamps })
    }
}

/// Appends the presentation time stamp and, if it differs, the decoding time stamp. `mark`: the four bits before a
/// presentation time stamp without a decoding time stamp.
pub fn put_times(out: &mut Vec<u8>, mark: u8, (presented, decoded): (u64, u64)) {
    let alone = presented == decoded;
    put_stamp(out, if alone { mark } else { mark | 1 }, presented);
    if !alone {
        put_stamp(out, 1, decoded);
    }
}

/// Appends a time stamp after these four bits.
pub fn put_stamp(out: &mut Vec<u8>, mark: u8, stamp: u64) {
    let fifteen = |shift: u32| u16::try_from(stamp >> shift & 0x7FFF).unwrap_or(0) << 1 | 1;
    out.put_u8(mark << 4 | u8::try_from(stamp >> 30 & 7).unwrap_or(0) << 1 | 1);
    out.put_u16(fifteen(15));
    out.put_u16(fifteen(0));
}

/// A time stamp of 33 bits: three, fifteen and fifteen, each followed by a marker bit.
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
        let stuffed = [0, 0, 1, 0xC0, 0, 20, 0xFF, 0xFF, 0x40, 0x20, 0x21, 0, 1, 0, 3, 0xAA];
        assert_eq!(Pes::read_old(&stuffed), Some(Pes { times: Some((1, 1)), header: 15 }));
        assert_eq!(Pes::read_old(&[0, 0, 1, 0xE0, 0, 9, 0x0F, 0xAA]), Some(Pes { times: None, header: 7 }));
        assert_eq!(Pes::read_old(&[0, 0, 1, 0xE0, 0, 9, 0x55]), None);
        for other in [0xBE, 0xBF] {
            assert_eq!(Pes::read(&[0, 0, 1, other, 0, 9, 0x80, 0, 0, 0]), None);
        }
    }

    #[test]
    fn stamps_are_read_as_they_were_written() {
        for (presented, decoded) in [(0, 0), ((1 << 33) - 1, 5), (0x1_2345_6789, 0x1_2345_0000), (7, 7)] {
            let mut bytes = vec![0, 0, 1, 0xE0, 0, 0, 0x80, if presented == decoded { 0x80 } else { 0xC0 }, 10];
            put_times(&mut bytes, 2, (presented, decoded));
            assert_eq!(Pes::read(&bytes).unwrap().times, Some((presented, decoded)));
            bytes.drain(6..9);
            assert_eq!(Pes::read_old(&bytes).unwrap().times, Some((presented, decoded)));
        }
    }
}
