//! What configures the decoder of a stream, by its `strf`.

use super::header::{ChunkUnit, SAMPLE_SIZE, STRH, unit};
use super::riff::{self, FourCc, u32_at};
use crate::codec::{DecoderConfiguration, KeyframeCoding, windows};
use crate::container::Unavailable;
use crate::media::{Kind, Setup, Track};

/// The name of the container for people.
const AVI: &str = "AVI";

/// What configures the decoder of a track.
pub fn of(track: &Track) -> Result<DecoderConfiguration, Unavailable> {
    let Setup::Inline(headers) = &track.setup else { return Err(Unavailable::missing(track)) };
    let found = |wanted: &FourCc| riff::chunks(headers).find_map(|(id, body)| (&id == wanted).then_some(body));
    let (header, format) = (found(b"strh").unwrap_or_default(), found(b"strf").unwrap_or_default());
    if header.len() < STRH || format.is_empty() {
        return Err(Unavailable::damaged(track));
    }
    if track.kind == Kind::Video {
        let compression = format.get(16..20).and_then(|name| name.first_chunk()).copied().unwrap_or_default();
        return windows::pictures(format).ok_or_else(|| match KeyframeCoding::of(compression) {
            KeyframeCoding::H264(_) => Unavailable::StartCodes { codec: "H.264", container: AVI },
            KeyframeCoding::Hevc(_) => Unavailable::StartCodes { codec: "HEVC", container: AVI },
            // The headers of the stream stand in its first frame.
            KeyframeCoding::Mpeg4 => Unavailable::missing(track),
            _ => Unavailable::codec(track),
        });
    }
    let configuration = windows::sound(format).ok_or_else(|| match track.codec.as_str() {
        "mp4a.40.2" => Unavailable::Framed { codec: "AAC", container: AVI },
        "ac-3" => Unavailable::missing(track),
        _ => Unavailable::codec(track),
    })?;
    // At a constant bit rate chunks may be any bytes of the stream.
    let bytes = matches!(unit(u32_at(header, SAMPLE_SIZE), format), ChunkUnit::Bytes(_));
    match configuration {
        DecoderConfiguration::MpegAudio if bytes => Err(Unavailable::Unaligned { codec: "MPEG audio", container: AVI }),
        DecoderConfiguration::Aac(_) if bytes => Err(Unavailable::Unaligned { codec: "AAC", container: AVI }),
        configuration => Ok(configuration),
    }
}
