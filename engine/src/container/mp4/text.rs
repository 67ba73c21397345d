//! Text tracks: 3GPP Timed Text (3GPP TS 26.245 §5.16), QuickTime's text, and WebVTT (ISO/IEC 14496-30 §6).

use super::configuration::descriptions;
use crate::container::boxes::Box;
use crate::container::{TextCoding, TextTrack};
use crate::media::{Setup, Track};

/// `displayFlags` of a `tx3g` entry: all its samples are forced (Apple, *QuickTime File Format*, "Subtitle sample data").
const ALL_FORCED: u32 = 0x4000_0000;

/// The scheme of roles (ISO/IEC 23009-1 §5.8.5.5).
const ROLES: &[u8] = b"urn:mpeg:dash:role:2011";

/// What a text track says of itself; `None` if its samples are no text with times, as those of TTML are not.
pub fn of(track: &Track) -> Option<TextTrack> {
    let Setup::Inline(trak) = &track.setup else { return None };
    let stsd = descriptions(trak).ok()?;
    let entries = Box { payload: stsd.payload.get(8..)?, ..stsd.clone() };
    let entry = entries.children().next()?.ok()?;
    let (coding, flags) = match &entry.kind.0 {
        b"tx3g" => (TextCoding::Tx3g, entry.payload.get(8..).and_then(<[u8]>::first_chunk)),
        b"text" => (TextCoding::QuickTime, None),
        b"wvtt" => (TextCoding::Wvtt, None),
        _ => return None,
    };
    let flags = flags.map_or(0, |flags| u32::from_be_bytes(*flags));
    let forced = flags & ALL_FORCED != 0 || has_role(trak, b"forced-subtitle");
    // A writer enables the first track of each kind, so that says nothing of what players should show.
    Some(TextTrack { coding, default: false, forced, hearing_impaired: has_role(trak, b"caption") })
}

/// Whether the track has a role in a box `kind` (ISO/IEC 14496-12 §8.10.4).
fn has_role(trak: &[u8], role: &[u8]) -> bool {
    let Ok(trak) = Box::read(trak, 0, "") else { return false };
    let Some(udta) = trak.child(*b"udta").ok().flatten() else { return false };
    let kinds = udta.children().map_while(Result::ok).filter(|found| found.kind.0 == *b"kind");
    let mut values = kinds.filter_map(|kind| {
        let mut texts = kind.payload.get(4..)?.split(|byte| *byte == 0);
        (texts.next()? == ROLES).then(|| texts.next()).flatten()
    });
    values.any(|value| value == role)
}
