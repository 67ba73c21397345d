//! Text tracks: 3GPP Timed Text (3GPP TS 26.245 §5.16), QuickTime's text, and WebVTT (ISO/IEC 14496-30 §6).

use super::configuration::descriptions;
use super::role;
use crate::container::boxes::Box;
use crate::container::{TextCoding, TextTrack};
use crate::media::{Setup, Track};

/// `displayFlags` of a `tx3g` entry: all its samples are forced (Apple, *QuickTime File Format*, "Subtitle sample data").
const ALL_FORCED: u32 = 0x4000_0000;

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
    let forced = flags & ALL_FORCED != 0 || role::has(trak, b"forced-subtitle");
    // A writer enables the first track of each kind, so that says nothing of what players should show.
    Some(TextTrack { coding, default: false, forced, hearing_impaired: role::has(trak, b"caption") })
}
