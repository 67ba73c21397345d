//! AAC in ADTS (ISO/IEC 14496-3 §1.A.3.2): a header of seven bytes, nine with a checksum, before up to four raw data
//! blocks of 1024 samples each. The header does not reveal SBR and PS: times use its sample rate.

use serde::{Deserialize, Serialize};

use super::{AudioSpecificConfig, FRAME, RATES};
use crate::codec::{FrameHeader, StreamProperties, Syntax};

/// The syntax of ADTS frames.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Adts;

impl Syntax for Adts {
    fn frame(&self, bytes: &[u8]) -> Option<FrameHeader> {
        let [0xFF, one, two, three, four, five, six, ..] = *bytes else { return None };
        // The sync bits and the layer, which distinguish it from MPEG audio.
        if one & 0xF6 != 0xF0 {
            return None;
        }
        let kind = u32::from(one & 0xFE) << 8 | u32::from(two & 0xFC);
        let (checksum, blocks) = (one & 1 == 0, u32::from(six & 3) + 1);
        let header = if checksum { 9 } else { 7 };
        let size = u32::from(three & 3) << 11 | u32::from(four) << 3 | u32::from(five) >> 5;
        let sound = size > u32::from(header) && RATES.get(rate_index(kind)).is_some();
        sound.then_some(FrameHeader { size, duration: blocks * FRAME, header, reach: 0, mode: 0, kind })
    }

    fn rate(&self, kind: u32) -> u32 {
        RATES.get(rate_index(kind)).copied().unwrap_or(RATES[4])
    }
}

/// Whether a frame does not define its channels: `channel_configuration` is 0, and its data do not begin with a program
/// config element (ISO/IEC 14496-3 §4.4.1.1).
#[must_use]
pub fn lacks_channels(frame: &[u8]) -> bool {
    const PROGRAM_CONFIG: u8 = 5;
    let Some([_, flags, two, three, ..]) = frame.first_chunk::<7>() else { return false };
    let data = frame.get(if flags & 1 == 0 { 9 } else { 7 });
    two & 1 == 0 && three & 0xC0 == 0 && data.is_some_and(|data| data >> 5 != PROGRAM_CONFIG)
}

/// The codec of frames of this kind for the `codecs` parameter of a MIME type (RFC 6381).
#[must_use]
pub fn codec(kind: u32) -> String {
    super::named((kind >> 6 & 3).to_be_bytes()[3] + 1)
}

const fn rate_index(kind: u32) -> usize {
    (kind >> 2 & 15) as usize
}

/// The properties in a header.
#[must_use]
pub fn properties(payload: &[u8]) -> Option<StreamProperties> {
    AudioSpecificConfig::of_adts(payload).map(|found| found.properties())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_names_its_stream() {
        let name = |found: Option<StreamProperties>| found.map(|found| found.name);
        assert_eq!(name(properties(&[0xFF, 0xF1, 0x50, 0x80])).as_deref(), Some("mp4a.40.2"));
        assert_eq!(name(properties(&[0x56, 0xE0, 0x50])), None);
    }
}
