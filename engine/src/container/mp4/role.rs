//! The roles of tracks (ISO/IEC 14496-12 §8.10.4, `kind`), by the scheme of ISO/IEC 23009-1 §5.8.5.5.

use crate::container::boxes::Box;
use crate::media::{Kind, Setup, Track};

const ROLES: &[u8] = b"urn:mpeg:dash:role:2011";

/// Whether a sound describes the pictures for people who do not see them.
pub fn describes_pictures(track: &Track) -> bool {
    let Setup::Inline(trak) = &track.setup else { return false };
    track.kind == Kind::Audio && has(trak, b"description")
}

/// Whether a `trak` has a role.
pub fn has(trak: &[u8], role: &[u8]) -> bool {
    let Ok(trak) = Box::read(trak, 0, "") else { return false };
    let Some(udta) = trak.child(*b"udta").ok().flatten() else { return false };
    let kinds = udta.children().map_while(Result::ok).filter(|found| found.kind.0 == *b"kind");
    let mut values = kinds.filter_map(|kind| {
        let mut texts = kind.payload.get(4..)?.split(|byte| *byte == 0);
        (texts.next()? == ROLES).then(|| texts.next()).flatten()
    });
    values.any(|value| value == role)
}
