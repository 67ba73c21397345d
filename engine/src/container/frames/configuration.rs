//! What configures the decoder of frames: for AAC what their headers would say, which payloads do not have.

use super::ADTS;
use crate::codec::{DecoderConfiguration, aac};
use crate::container::Unavailable;
use crate::index::Outline;
use crate::media::Track;

/// What configures the decoder of the only track.
pub fn of(outline: &Outline, track: &Track) -> Result<DecoderConfiguration, Unavailable> {
    if outline.container != ADTS {
        return Ok(DecoderConfiguration::MpegAudio);
    }
    let object_type = track.codec.rsplit('.').next().and_then(|number| number.parse().ok());
    let (object_type, rate) = object_type.zip(track.sample_rate).ok_or_else(|| Unavailable::damaged(track))?;
    let channels = match track.channels {
        Some(8) => 7,
        Some(count @ 1..=6) => count.to_be_bytes()[1],
        _ => {
            let what = "AAC whose frames define their channels themselves (a program config element)".to_owned();
            return Err(Unavailable::Form { what });
        }
    };
    let configuration = aac::Configuration { object_type, rate, channels, extended: None };
    Ok(DecoderConfiguration::Aac(configuration.to_bytes().into()))
}
