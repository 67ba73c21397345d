//! Text tracks (*Matroska Subtitles*; WebM, "WebVTT Metadata and Subtitles").

use super::configuration::{child, entry};
use super::{ebml, ids, payload};
use crate::container::{TextCoding, TextTrack};
use crate::media::Track;

/// What a text track says of itself; `None` if its blocks are compressed, or are no text with times.
pub fn of(track: &Track) -> Option<TextTrack> {
    let entry = entry(track)?;
    payload::stripped(track).ok()?;
    let id = ebml::string(child(&entry, ids::CODEC_ID)?.data);
    let flag = |id| child(&entry, id).and_then(|found| ebml::uint(found.data)) == Some(1);
    let coding = match id.as_str() {
        "S_TEXT/UTF8" | "S_TEXT/ASCII" => TextCoding::SubRip,
        "S_TEXT/WEBVTT" => TextCoding::WebVtt,
        "D_WEBVTT/SUBTITLES" | "D_WEBVTT/CAPTIONS" => TextCoding::WebVttLines,
        _ => return None,
    };
    // A track without the flag is one that players may select (RFC 9559 §5.1.4.1.5).
    Some(TextTrack {
        coding,
        default: child(&entry, ids::FLAG_DEFAULT).and_then(|found| ebml::uint(found.data)) != Some(0),
        forced: flag(ids::FLAG_FORCED),
        hearing_impaired: flag(ids::FLAG_HEARING_IMPAIRED) || id == "D_WEBVTT/CAPTIONS",
    })
}
