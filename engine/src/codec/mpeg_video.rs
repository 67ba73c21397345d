//! MPEG-1 and MPEG-2 video (ISO/IEC 11172-2, 13818-2 §6.2): where decoding can begin, and the contents of a sequence
//! header.

use super::nal::start_codes as units;
use super::{StreamProperties, UnitStart};

const PICTURE: u8 = 0x00;
const SEQUENCE: u8 = 0xB3;
const EXTENSION: u8 = 0xB5;

/// Decoding can begin at an I picture after a sequence header.
#[must_use]
pub fn access(payload: &[u8]) -> UnitStart {
    let mut sequence = false;
    for unit in units(payload) {
        match unit {
            [SEQUENCE, ..] => sequence = true,
            // Ten bits of temporal reference, three of picture_coding_type.
            [PICTURE, _, kind, ..] => return UnitStart::Access(sequence && kind >> 3 & 7 == 1),
            [PICTURE, ..] => break,
            _ => {}
        }
    }
    UnitStart::Undecided
}

/// The size of pictures, and whether it is MPEG-1 or MPEG-2, which has an extension.
#[must_use]
pub fn properties(payload: &[u8]) -> Option<StreamProperties> {
    let mut units = units(payload).skip_while(|unit| unit.first() != Some(&SEQUENCE));
    let [_, a, b, c] = units.next()?.first_chunk()?;
    let width = u32::from(*a) << 4 | u32::from(b >> 4);
    let height = u32::from(b & 0xF) << 8 | u32::from(*c);
    let extended = matches!(units.next(), Some([EXTENSION, ..]));
    let name = if extended { "mp4v.61" } else { "mp4v.6A" };
    Some(StreamProperties::video(name.to_owned(), Some((width, height))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_begins_at_an_i_picture_with_a_sequence_header() {
        let sequence = [0, 0, 1, 0xB3, 0x14, 0x00, 0xB4, 0x33, 0, 0, 1, 0xB5, 0x14];
        let picture = |kind: u8| [0, 0, 1, 0x00, 0, kind << 3, 0xFF];
        assert_eq!(access(&[&sequence[..], &picture(1)].concat()), UnitStart::Access(true));
        assert_eq!(access(&[&sequence[..], &picture(2)].concat()), UnitStart::Access(false));
        assert_eq!(access(&picture(1)), UnitStart::Access(false));
        assert_eq!(access(&sequence), UnitStart::Undecided);
        let found = properties(&sequence).unwrap();
        assert_eq!((found.name.as_str(), found.dimensions), ("mp4v.61", Some((320, 180))));
    }
}
