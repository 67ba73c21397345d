//! Tags before and after the content of a file, as far as their lengths are needed: ID3v2 (§3.1 of its versions),
//! ID3v1, APEv2, Lyrics3. An ID3v2 tag with a picture may have megabytes. Their text is not read here; the module of
//! MP3 reads what is needed from ID3v2.

#![allow(clippy::doc_markdown, reason = "names of tags are words here")]

use std::ops::Range;

use bytes::Bytes;

use super::stream::SourceStream;
use super::{DynSource, ReadError};

/// How many bytes of a tag determine its length.
pub const HEADER: usize = 32;
/// How many bytes of the file's end are examined together: more than Lyrics3 may have before its second version.
const TAIL: u64 = 8 << 10;
/// The maximum number of tags at either end.
const MAX_TAGS: usize = 16;
const ID3_HEADER: u64 = 10;
/// The length of an ID3v1 tag.
pub const ID3V1: u64 = 128;
const APE_HEADER: u64 = 32;

/// The length of the ID3v2 tag at the beginning of these bytes, including its header and footer.
pub fn id3_length(bytes: &[u8]) -> Option<u64> {
    let [b'I', b'D', b'3', version @ 2..=4, _, flags, size @ ..] = bytes else { return None };
    let size = syncsafe(*size.first_chunk()?)?;
    let footer = if *version == 4 && flags & 0x10 != 0 { ID3_HEADER } else { 0 };
    Some(ID3_HEADER + u64::from(size) + footer)
}

/// Four times seven bits, the most significant first.
pub fn syncsafe(bytes: [u8; 4]) -> Option<u32> {
    bytes.iter().all(|byte| *byte < 0x80).then(|| bytes.iter().fold(0, |value, byte| value << 7 | u32::from(*byte)))
}

/// Whether these bytes begin a tag that follows the content.
pub fn begin_behind(bytes: &[u8]) -> bool {
    [&b"TAG"[..], b"APETAGEX", b"LYRICSBEGIN"].iter().any(|tag| bytes.starts_with(tag))
}

/// The tags before the frames: the ranges of ID3v2, and the end of all of them.
pub async fn before(source: &dyn DynSource) -> Result<(Vec<Range<u64>>, u64), ReadError> {
    let (mut id3, mut at) = (Vec::new(), 0);
    for _ in 0..MAX_TAGS {
        let header = source.read(at..source.len().min(at + HEADER as u64)).await?;
        let length = match id3_length(&header) {
            Some(length) => {
                id3.push(at..(at + length).min(source.len()));
                length
            }
            None => match ape(&header) {
                Some((length, true)) => length,
                _ => break,
            },
        };
        at = (at + length).min(source.len());
    }
    Ok((id3, at))
}

/// Skips the ID3v2 tags at the beginning of a file.
pub async fn pass(stream: &mut SourceStream<'_>) -> Result<(), ReadError> {
    for _ in 0..MAX_TAGS {
        let Some(length) = id3_length(stream.peek(HEADER).await?) else { break };
        stream.seek(stream.position().saturating_add(length));
    }
    Ok(())
}

/// The end of the frames that begin at `start`, where the tags after them begin.
pub async fn behind(source: &dyn DynSource, start: u64) -> Result<u64, ReadError> {
    let mut end = source.len();
    // The tags before the frames may claim to be longer than the file.
    let start = start.min(end);
    let mut held = Bytes::new();
    let mut from = end;
    for _ in 0..MAX_TAGS {
        if end.saturating_sub(from) < ID3V1 + APE_HEADER {
            from = end.saturating_sub(TAIL).max(start);
            held = source.read(from..end).await?;
        }
        let tail = usize::try_from(end - from).ok().and_then(|length| held.get(..length)).unwrap_or_default();
        let Some(length) = tag_at_the_end(tail).filter(|length| *length <= end - start) else { break };
        end -= length;
        from = from.min(end);
    }
    Ok(end)
}

/// The length of the tag at the end of these bytes.
fn tag_at_the_end(bytes: &[u8]) -> Option<u64> {
    if bytes.last_chunk::<128>().is_some_and(|tag| tag.starts_with(b"TAG")) {
        return Some(ID3V1);
    }
    if let Some((length, false)) = bytes.last_chunk::<32>().and_then(|footer| ape(footer)) {
        return Some(length);
    }
    if let Some((digits, b"LYRICS200")) = bytes.last_chunk::<15>().and_then(|tail| tail.split_last_chunk::<9>()) {
        let size: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
        return Some(size + 15);
    }
    if bytes.ends_with(b"LYRICSEND") {
        let at = bytes.windows(11).rposition(|window| window == b"LYRICSBEGIN")?;
        return Some((bytes.len() - at) as u64);
    }
    let footer = bytes.last_chunk::<10>().filter(|footer| footer.starts_with(b"3DI"))?;
    let size = syncsafe(*footer.last_chunk()?)?;
    Some(u64::from(size) + 2 * ID3_HEADER)
}

/// The length of the APE tag with this header or footer, including both, and whether it is the header.
fn ape(bytes: &[u8]) -> Option<(u64, bool)> {
    let fields = bytes.strip_prefix(b"APETAGEX")?;
    let word = |at: usize| Some(u32::from_le_bytes(*fields.get(at..)?.first_chunk()?));
    let (size, flags) = (u64::from(word(4)?), word(12)?);
    let header = flags & 1 << 29 != 0;
    // The size covers the items and the footer; the highest bit indicates a header.
    let length = size + if header || flags & 1 << 31 != 0 { APE_HEADER } else { 0 };
    Some((length, header))
}
