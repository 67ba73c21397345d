//! What configures the decoder of a logical stream: its first header packet.

use super::OggSetup;
use super::codec::flac::STREAMINFO;
use crate::codec::{DecoderConfiguration, flac, opus};
use crate::container::Unavailable;
use crate::index::Outline;
use crate::media::Track;

/// What configures the decoder of a track. Each link of a chain has other tracks, so that a chain has no track that
/// plays throughout.
pub fn of(outline: &Outline, track: &Track) -> Result<DecoderConfiguration, Unavailable> {
    let damaged = || Unavailable::damaged(track);
    let setup = OggSetup::unpack(track).map_err(|_| damaged())?;
    let links = outline.tracks.iter().filter_map(|other| OggSetup::unpack(other).ok()).map(|other| other.link);
    if links.into_iter().any(|link| link != setup.link) {
        return Err(Unavailable::Changes);
    }
    let head = setup.headers.first().ok_or_else(damaged)?;
    match track.codec.as_str() {
        "opus" => opus::OpusConfiguration::parse_head(head).map(DecoderConfiguration::Opus).map_err(|_| damaged()),
        "flac" => {
            let info = head.get(STREAMINFO..).and_then(flac::StreamInfo::parse);
            info.map(DecoderConfiguration::Flac).ok_or_else(damaged)
        }
        _ => Err(Unavailable::codec(track)),
    }
}
