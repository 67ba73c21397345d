//! What the header of a frame of sound says of its stream.

use super::Looks;

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
}
