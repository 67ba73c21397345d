//! The header of a PES packet (ISO/IEC 13818-1 §2.4.3.6): when what it carries is decoded and presented.

/// What of the header is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pes {
    /// Presentation and decoding time stamp, of 33 bits, in 90 kHz. Without the second both are the same.
    pub times: Option<(u64, u64)>,
    /// Bytes of the whole PES packet; `None` where it lasts until the next one begins, as video may.
    pub length: Option<u32>,
    /// Where its payload begins.
    pub header: usize,
}

impl Pes {
    /// Reads the header at the beginning of these bytes; `None` where there is none, or it is not whole.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let [0, 0, 1, stream, high, low, flags, times, header] = *bytes.first_chunk()? else { return None };
        // Padding, private_stream_2 and the directory have no header of this form.
        if matches!(stream, 0xBC | 0xBE | 0xBF | 0xF0..=0xF2 | 0xF8 | 0xFF) || flags & 0xC0 != 0x80 {
            return None;
        }
        let stamp = |at: usize| bytes.get(at..).and_then(<[u8]>::first_chunk).map(stamp);
        let times = match times >> 6 {
            2 => Some((stamp(9)?, stamp(9)?)),
            3 => Some((stamp(9)?, stamp(14)?)),
            _ => None,
        };
        let length = match u16::from_be_bytes([high, low]) {
            0 => None,
            length => Some(6 + u32::from(length)),
        };
        Some(Self { times, length, header: 9 + usize::from(header) })
    }
}

/// A time stamp of 33 bits, between which marker bits stand.
fn stamp(&[a, b, c, d, e]: &[u8; 5]) -> u64 {
    u64::from(a >> 1 & 7) << 30 | u64::from(b) << 22 | u64::from(c >> 1) << 15 | u64::from(d) << 7 | u64::from(e >> 1)
}
