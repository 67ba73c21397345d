//! The data kept of a page: for each packet, or part of one, the CRC of the page's body up to its end. If the packets
//! of a codec are [numbered](super::codec::OggMapping::is_numbered), this is followed by the number of its own bytes and
//! these bytes: its header, if the packet begins on the page, and its checksum, if it ends there.

use bytes::Bytes;

/// The data kept of one packet, or of a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptPacket {
    /// The CRCs of the body up to its beginning and up to its end.
    pub before: u32,
    pub after: u32,
    /// Its own bytes.
    pub own: Bytes,
}

/// Appends the data of the next one; `own` if packets are numbered.
pub fn put(out: &mut Vec<u8>, after: u32, own: Option<&[u8]>) {
    out.extend(after.to_le_bytes());
    if let Some(own) = own {
        out.extend(u8::try_from(own.len()));
        out.extend_from_slice(own);
    }
}

/// The data of the one with this number on its page.
pub fn find(kept: &Bytes, place: usize, numbered: bool) -> Option<KeptPacket> {
    let mut found = KeptPacket { before: 0, after: 0, own: Bytes::new() };
    let mut at = if numbered { 0 } else { place.saturating_sub(1) * 4 };
    for _ in at / 4..=place {
        found.before = std::mem::replace(&mut found.after, u32::from_le_bytes(*kept.get(at..)?.first_chunk()?));
        at += 4;
        if numbered {
            let own = at + 1..at + 1 + usize::from(*kept.get(at)?);
            at = own.end;
            found.own = (own.end <= kept.len()).then(|| kept.slice(own))?;
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_each_is_found() {
        for numbered in [false, true] {
            let own = |place: u8| Bytes::from(vec![place; usize::from(if numbered { place % 3 } else { 0 })]);
            let crc = |place: u8| u32::from(place) * 0x0102_0304;
            let mut kept = Vec::new();
            for place in 1..=9 {
                put(&mut kept, crc(place), numbered.then(|| own(place)).as_deref());
            }
            let kept = Bytes::from(kept);
            for place in 1..=9 {
                let expected = KeptPacket { before: crc(place - 1), after: crc(place), own: own(place) };
                assert_eq!(find(&kept, usize::from(place) - 1, numbered), Some(expected), "{numbered}");
            }
            assert_eq!(find(&kept, 9, numbered), None);
        }
    }
}
