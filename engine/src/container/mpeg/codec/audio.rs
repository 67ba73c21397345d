//! What the header of a frame of sound says of its stream.

use super::{Looks, Start};

/// `mp4a.40.N` from an ADTS header (ISO/IEC 14496-3 §1.A.3.2), which has the object type less one.
pub fn adts(payload: &[u8]) -> Option<Looks> {
    let [0xFF, sync, profile] = *payload.first_chunk()? else { return None };
    (sync & 0xF6 == 0xF0).then(|| Looks { name: format!("mp4a.40.{}", (profile >> 6) + 1), dimensions: None })
}

/// Layer III has a name of its own (RFC 3003), the others the object type of MPEG-1 or MPEG-2 audio.
pub fn mpeg(payload: &[u8]) -> Option<Looks> {
    let [0xFF, header] = *payload.first_chunk()? else { return None };
    let name = match (header & 0xE0, header >> 3 & 3, header >> 1 & 3) {
        (0xE0, _, 1) => "mp3",
        (0xE0, 3, _) => "mp4a.6B",
        (0xE0, ..) => "mp4a.69",
        _ => return None,
    };
    Some(Looks { name: name.to_owned(), dimensions: None })
}

/// Whether AAC can be decoded from these frames in LATM on (ISO/IEC 14496-3 §1.7.2 and §1.7.3): one of them has its
/// configuration itself, and does not take over that of the frame before (`useSameStreamMux`).
pub fn latm_access(payload: &[u8]) -> Start {
    any(payload, |frame| {
        let [first, second, low, element] = *frame.first_chunk()?;
        let length = 3 + (usize::from(second & 0x1F) << 8 | usize::from(low));
        (first == 0x56 && second & 0xE0 == 0xE0).then_some((element & 0x80 == 0, length))
    })
}

/// Whether `TrueHD` can be decoded from these access units on: one of them has a major sync (Dolby, *Meridian Lossless Packing*,
/// `format_sync`).
pub fn truehd_access(payload: &[u8]) -> Start {
    any(payload, |unit| {
        let [high, low, _, _, sync @ ..] = *unit.first_chunk::<8>()?;
        let length = 2 * (usize::from(high & 0xF) << 8 | usize::from(low));
        (length > 8).then_some((sync == [0xF8, 0x72, 0x6F, 0xBA], length))
    })
}

/// Whether decoding can begin at any of the frames that these bytes begin with, each of which says so, and how long it is.
fn any(mut bytes: &[u8], frame: impl Fn(&[u8]) -> Option<(bool, usize)>) -> Start {
    while bytes.len() >= 8 {
        match frame(bytes) {
            Some((false, length)) => bytes = bytes.get(length..).unwrap_or_default(),
            Some((true, _)) => return Start::Access(true),
            None => return Start::Access(false),
        }
    }
    Start::Undecided
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_name_their_stream() {
        let name = |found: Option<Looks>| found.map(|looks| looks.name);
        assert_eq!(name(adts(&[0xFF, 0xF1, 0x50, 0x80])).as_deref(), Some("mp4a.40.2"));
        assert_eq!(name(adts(&[0x56, 0xE0, 0x50])), None);
        assert_eq!(name(mpeg(&[0xFF, 0xFD, 0x94])).as_deref(), Some("mp4a.6B"));
        assert_eq!(name(mpeg(&[0xFF, 0xFB, 0x94])).as_deref(), Some("mp3"));
        assert_eq!(name(mpeg(&[0xFF, 0xF5, 0x94])).as_deref(), Some("mp4a.69"));
    }

    #[test]
    fn decoding_begins_at_a_frame_with_a_configuration() {
        let latm = |elements: &[u8]| -> Vec<u8> {
            elements.iter().flat_map(|element| [0x56, 0xE0, 7, *element, 0, 0, 0, 0, 0, 0]).collect()
        };
        assert_eq!(latm_access(&latm(&[0x20])[..7]), Start::Undecided);
        assert_eq!(latm_access(&latm(&[0x9F, 0x20])), Start::Access(true));
        assert_eq!(latm_access(&latm(&[0x9F, 0x9F])), Start::Undecided, "that of the frame before");
        assert_eq!(latm_access(&[0x21, 0x10, 0x80, 0x20, 0, 0, 0, 0]), Start::Access(false), "the rest of a frame");
        let units = [0x40, 6, 0x12, 0x34, 8, 0x72, 0x6F, 0xBA, 0, 0, 0, 0, 0x40, 6, 0x12, 0x34, 0xF8, 0x72, 0x6F, 0xBA];
        assert_eq!(truehd_access(&units), Start::Access(true));
        assert_eq!(truehd_access(&units[..12]), Start::Undecided);
        assert_eq!(truehd_access(&[0x0B, 0x77, 0, 0, 0x1C, 0x40, 0, 0]), Start::Undecided, "AC-3 beside it");
    }
}
