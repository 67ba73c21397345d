//! What configures the decoder of frames: for AAC what their headers would say, which payloads do not have.

use super::{ADTS, AdtsHeaders};
use crate::codec::{DecoderConfiguration, aac};
use crate::container::Unavailable;
use crate::index::Outline;
use crate::media::{Setup, Track};

/// What configures the decoder of the only track.
pub fn of(outline: &Outline, track: &Track) -> Result<DecoderConfiguration, Unavailable> {
    if outline.container != ADTS {
        return Ok(DecoderConfiguration::MpegAudio);
    }
    let Some(Setup::Inline(kept)) = outline.setup.first() else { return Err(Unavailable::missing(track)) };
    let AdtsHeaders { first, several } = postcard::from_bytes(kept).map_err(|_| Unavailable::damaged(track))?;
    let configuration = aac::AudioSpecificConfig::of_adts(&first).ok_or_else(|| Unavailable::damaged(track))?;
    let refused = |what: &str| Err(Unavailable::Form { what: what.to_owned() });
    if several {
        return refused("AAC with several raw data blocks in a frame");
    }
    if configuration.channels == 0 {
        return refused("AAC whose frames define their channels themselves (a program config element)");
    }
    Ok(DecoderConfiguration::Aac(configuration.to_bytes().into()))
}
