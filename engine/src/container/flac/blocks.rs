//! Metadata blocks (RFC 9639 §8).

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::MARKER;
use crate::codec::flac::{STREAMINFO_LENGTH, StreamInfo};
use crate::container::stream::SourceStream;
use crate::container::{Error, TooLarge, tags};
use crate::index::{Chapters, Mark};
use crate::media::{Ticks, Timescale};

/// Block types.
pub const STREAMINFO: u8 = 0;
const CUESHEET: u8 = 5;
pub const VORBIS_COMMENT: u8 = 4;
/// The size of a block's header in bytes.
pub const HEADER: usize = 4;
/// The maximum number of blocks. Files have five or six.
const MAX_BLOCKS: usize = 1024;
/// The longest accepted CUESHEET: a hundred tracks of a hundred indices.
const MAX_CUESHEET: usize = 128 << 10;

/// What precedes the frames.
#[derive(Serialize, Deserialize)]
pub struct FlacPreamble {
    pub info: StreamInfo,
    /// The range of the Vorbis comments, including the header of their block.
    pub comments: Option<Range<u64>>,
    pub chapters: Chapters,
    /// The offset of the marker.
    pub start: u64,
    /// The offset of the first frame.
    pub frames: u64,
}

/// Reads everything before the frames. The stream is then at the first frame.
pub async fn read(stream: &mut SourceStream<'_>) -> Result<FlacPreamble, Error> {
    let malformed =
        |offset, what: &str| Error::Malformed { offset, path: "metadata".to_owned(), what: what.to_owned() };
    tags::pass(stream).await?;
    let start = stream.position();
    if stream.take(MARKER.len()).await?.as_ref() != MARKER {
        return Err(Error::Unknown);
    }
    let (mut info, mut comments, mut chapters) = (None, None, Chapters::default());
    for _ in 0..MAX_BLOCKS {
        let offset = stream.position();
        let header = stream.take(HEADER).await?;
        let [kind, length @ ..] =
            *header.first_chunk::<HEADER>().ok_or_else(|| malformed(offset, "it is truncated"))?;
        let length = length.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
        let end = stream.position().saturating_add(length as u64);
        match kind & 0x7F {
            STREAMINFO if info.is_none() => {
                let parsed = StreamInfo::parse(&stream.take(length.min(STREAMINFO_LENGTH)).await?);
                info = Some(parsed.ok_or_else(|| malformed(offset, "a STREAMINFO that makes no sense"))?);
            }
            VORBIS_COMMENT if comments.is_none() && end <= stream.len() => comments = Some(offset..end),
            CUESHEET if length <= MAX_CUESHEET => {
                let sheet = stream.take(length).await?;
                if let Some(info) = &info {
                    cuesheet(&sheet, info.rate, &mut chapters);
                }
            }
            _ => {}
        }
        stream.seek(end);
        if kind & 0x80 != 0 {
            let info = info.ok_or_else(|| malformed(start, "no STREAMINFO, which is required"))?;
            return Ok(FlacPreamble { info, comments, chapters, start, frames: end });
        }
    }
    Err(TooLarge::Count { what: "metadata blocks", bound: MAX_BLOCKS as u64 }.into())
}

/// Takes the tracks of a CUESHEET (§8.7) as chapters, named by their numbers. The last is the lead-out.
fn cuesheet(sheet: &[u8], rate: u32, chapters: &mut Chapters) {
    const BEFORE: usize = 128 + 8 + 1 + 258;
    const TRACK: usize = 8 + 1 + 12 + 1 + 13;
    const INDEX: usize = 12;
    let Some(timescale) = Timescale::per_second(rate) else { return };
    let Some(count) = sheet.get(BEFORE) else { return };
    let mut rest = sheet.get(BEFORE + 1..).unwrap_or_default();
    for _ in 1..*count {
        let Some((track, behind)) = rest.split_first_chunk::<{ TRACK + 1 }>() else { return };
        let [.., indices] = *track;
        let number = track.get(8).copied().unwrap_or(0);
        let samples = track.first_chunk().map_or(0, |offset| u64::from_be_bytes(*offset));
        let start = timescale.time(Ticks(i64::try_from(samples).unwrap_or(i64::MAX)));
        chapters.push(Mark { ids: vec![number.to_string()], start, ..Mark::default() });
        rest = behind.get(usize::from(indices) * INDEX..).unwrap_or_default();
    }
}
