//! Chapters: those of a chapter track, else those of a chapter list.
//!
//! QuickTime uses a text track whose samples are titles, and which other tracks name in their `tref/chap` (QuickTime
//! File Format, "Chapter Lists"). Nero uses a list in the movie's user data, `moov/udta/chpl`, which is not specified
//! anywhere: a start in 100 ns and a title for each. Many writers write both. The track also has the ends of chapters,
//! and may have more than 255, where most lists end.

use std::ops::Range;

use bytes::Bytes;
use futures::future::{self, BoxFuture};
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};

use super::movie::MovieTrack;
use super::samples::TrackSamples;
use crate::container::boxes::Box;
use crate::container::notes::Notes;
use crate::container::{DynSource, Error, ReadError};
use crate::index::{Chapters, Mark};
use crate::media::{Run, Ticks, Time};

/// The maximum number of chapter tracks; there is one for each language.
const MAX_TRACKS: usize = 16;
/// The maximum number of chapters read: more than an outline takes.
const MAX_READ: usize = 1024;
/// The maximum bytes read of a sample: twice the longest title that an outline takes.
const MAX_SAMPLE: u32 = 1024;
/// Titles this close together are read in one request.
const READ_THROUGH: u64 = 16 << 10;
/// Simultaneous reads: if each title is next to its media, each needs a separate read.
const CONCURRENT: usize = 16;

/// Reads the chapters of chapter tracks, or, if they have none, of a chapter list. `held` returns bytes that are
/// already loaded. Invalid parts are skipped, with a note.
///
/// # Errors
///
/// If the bytes cannot be read.
pub async fn read(
    source: &dyn DynSource,
    held: impl Fn(&Range<u64>) -> Option<Bytes>,
    tracks: &[MovieTrack<'_>],
    list: Option<&Box<'_>>,
    notes: &mut Notes,
) -> Result<Chapters, ReadError> {
    let mut marks: Vec<Mark> = Vec::new();
    for track in tracks.iter().take(MAX_TRACKS) {
        match samples(track, source.len(), notes) {
            Ok(samples) => {
                let titles = read_samples(source, &held, &samples).await?;
                for (sample, title) in samples.iter().zip(titles) {
                    add(&mut marks, mark(track, sample, &title));
                }
            }
            Err(error) => notes.push(format!("the chapters of track {} passed over: {error}", track.track.id)),
        }
    }
    match list.map_or_else(|| Ok(Vec::new()), read_list) {
        Ok(listed) if marks.is_empty() => marks = listed,
        Ok(listed) => start_late(&mut marks, &listed),
        Err(error) if marks.is_empty() => notes.push(format!("chapter list passed over: {error}")),
        Err(_) => {}
    }
    let mut chapters = Chapters::default();
    for mark in marks {
        chapters.push(mark);
    }
    Ok(chapters)
}

/// Adds a chapter of a track. A track in a further language has titles for the same chapters; a sample without a title
/// means no chapter.
fn add(marks: &mut Vec<Mark>, mark: Mark) {
    if mark.titles.is_empty() {
        return;
    }
    match marks.iter_mut().find(|other| other.start == mark.start) {
        Some(same) => same.titles.extend(mark.titles),
        None => marks.push(mark),
    }
}

/// Samples fill a track from its beginning, so if the first chapter begins later, some writers (ffmpeg 5) let it begin
/// with the track. Their list has the right start.
fn start_late(marks: &mut [Mark], listed: &[Mark]) {
    if let (Some(first), Some(listed)) = (marks.first_mut(), listed.first())
        && first.start == Time::ZERO
        && first.end.is_none_or(|end| listed.start < end)
        && first.titles.first() == listed.titles.first()
    {
        first.start = listed.start;
    }
}

/// The samples of a chapter track, one by one.
fn samples(track: &MovieTrack<'_>, file_length: u64, notes: &mut Notes) -> Result<Vec<Run>, Error> {
    let mut runs = TrackSamples::read(&track.tables, file_length)?;
    let single = runs.by_ref().flat_map(|run| (0..run.count).map_while(move |number| run.slice(number..number + 1)));
    let samples = single.take(MAX_READ).collect();
    if let (left @ 1.., true) = runs.left_out() {
        notes.push(format!("track {}: {left} chapters left out, which lie beyond the end of the file", track.track.id));
    }
    Ok(samples)
}

/// A sample of a chapter track as a chapter, on the presentation timeline.
fn mark(track: &MovieTrack<'_>, sample: &Run, title: &[u8]) -> Mark {
    let on_timeline = |ticks: Ticks| track.track.timescale.time(ticks - track.track.shift());
    let start = sample.presentation();
    Mark {
        titles: sample_title(title).into_iter().collect(),
        start: on_timeline(start),
        end: Some(on_timeline(start + sample.duration)),
        ..Mark::default()
    }
}

/// The bytes of some samples; those close together are read together.
async fn read_samples(
    source: &dyn DynSource,
    held: &impl Fn(&Range<u64>) -> Option<Bytes>,
    samples: &[Run],
) -> Result<Vec<Bytes>, ReadError> {
    let wanted = |sample: &Run| sample.offset..sample.offset.saturating_add(u64::from(sample.size.min(MAX_SAMPLE)));
    let mut ranges: Vec<Range<u64>> = samples.iter().map(wanted).collect();
    ranges.sort_by_key(|range| range.start);
    ranges.dedup_by(|next, range| {
        let near = next.start <= range.end.saturating_add(READ_THROUGH);
        if near {
            range.end = range.end.max(next.end);
        }
        near
    });
    let reads: Vec<BoxFuture<'_, Result<Bytes, ReadError>>> = ranges
        .iter()
        .map(|range| match held(range) {
            Some(bytes) => future::ready(Ok(bytes)).boxed(),
            None => source.read(range.clone()).boxed(),
        })
        .collect();
    let blocks: Vec<Bytes> = stream::iter(reads).buffered(CONCURRENT).try_collect().await?;
    let found = samples.iter().map(wanted).map(|wanted| {
        let block = ranges.partition_point(|range| range.start <= wanted.start).saturating_sub(1);
        let start = wanted.start.saturating_sub(ranges.get(block).map_or(0, |range| range.start));
        let end = start + (wanted.end - wanted.start);
        let within = usize::try_from(start).ok().zip(usize::try_from(end).ok());
        let bytes = blocks.get(block).zip(within).filter(|(bytes, (_, end))| *end <= bytes.len());
        bytes.map(|(bytes, (start, end))| bytes.slice(start..end)).unwrap_or_default()
    });
    Ok(found.collect())
}

/// The text of a sample in a text track: its length in 16 bits, and then the text. Boxes with its style and its
/// encoding may follow. Most texts marked as UTF-16 are UTF-8, so the text itself decides.
fn sample_title(sample: &[u8]) -> Option<String> {
    let (length, text) = sample.split_first_chunk()?;
    title(text.get(..usize::from(u16::from_be_bytes(*length))).unwrap_or(text))
}

/// UTF-16 with a byte order mark, UTF-8, or else Mac OS Roman, QuickTime's original encoding.
fn title(bytes: &[u8]) -> Option<String> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.as_chunks().0.iter().map(|bytes| unit(*bytes));
        char::decode_utf16(units).map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    let text: String = match bytes {
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            // Cut off within a character, but not in another encoding.
            Err(error) if error.error_len().is_none() => String::from_utf8_lossy(bytes).into_owned(),
            Err(_) => bytes.iter().map(|byte| mac_roman(*byte)).collect(),
        },
    };
    let text = text.trim_matches(|letter: char| letter == '\0' || letter.is_whitespace());
    (!text.is_empty()).then(|| text.to_owned())
}

fn mac_roman(byte: u8) -> char {
    const UPPER_HALF: &str = "ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø¿¡¬√ƒ≈∆«»…\u{a0}ÀÃÕŒœ–—“”‘’÷◊ÿŸ⁄€‹›ﬁﬂ\
                              ‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\u{f8ff}ÒÚÛÙıˆ˜¯˘˙˚¸˝˛ˇ";
    match byte.checked_sub(0x80) {
        None => char::from(byte),
        Some(place) => UPPER_HALF.chars().nth(usize::from(place)).unwrap_or(char::REPLACEMENT_CHARACTER),
    }
}

/// Parses a chapter list, `chpl`. Entries cut off at its end are left out.
pub fn read_list(chpl: &Box<'_>) -> Result<Vec<Mark>, Error> {
    let mut fields = chpl.fields();
    // Version 0 has an 8-bit count; version 1 an unused byte, and a 32-bit count.
    let count = match fields.version_and_flags()?.0 {
        0 => u32::from(fields.array::<1>()?[0]),
        1 => {
            fields.take(1)?;
            fields.u32()?
        }
        version => return Err(chpl.malformed(format!("expected version 0 or 1, found {version}"))),
    };
    let mut marks = Vec::new();
    for _ in 0..usize::try_from(count).unwrap_or(usize::MAX).min(MAX_READ) {
        let (Ok(start), Ok([length])) = (fields.u64(), fields.array()) else { break };
        let Ok(text) = fields.take(usize::from(length)) else { break };
        let start = Time(i64::try_from(start).unwrap_or(i64::MAX).saturating_mul(100));
        marks.push(Mark { titles: title(text).into_iter().collect(), start, ..Mark::default() });
    }
    Ok(marks)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]
    use proptest::prelude::*;

    use super::*;
    use crate::container::boxes::write_full_box;

    fn list(version: u8, payload: &[u8]) -> Result<Vec<(i64, String)>, Error> {
        let mut out = Vec::new();
        write_full_box(&mut out, *b"chpl", version, |out| out.extend(payload));
        let marks = read_list(&Box::read(&out, 0, "moov/udta")?)?;
        Ok(marks.into_iter().map(|mark| (mark.start.0, mark.titles.concat())).collect())
    }

    #[test]
    fn chapter_lists_of_both_versions_are_read_as_far_as_they_go() {
        let entry =
            |start: u64, title: &str| [&start.to_be_bytes()[..], &[title.len() as u8], title.as_bytes()].concat();
        let entries = [entry(0, "Opening"), entry(30_000_000, "Präludium"), entry(70_000_000, "")].concat();
        let read = [(0, "Opening"), (3_000_000_000, "Präludium"), (7_000_000_000, "")];
        let read = read.map(|(start, title)| (start, title.to_owned()));
        let with = |head: &[u8], entries: &[u8]| [head, entries].concat();
        for (version, payload, expected) in [
            (0, with(&[3], &entries), 3),
            (1, with(&[0, 0, 0, 0, 3], &entries), 3),
            (0, with(&[2], &entries), 2),
            (1, with(&[0, 0xFF, 0xFF, 0xFF, 0xFF], &entries), 3),
            (0, with(&[3], entries.get(..entries.len() - 1).unwrap()), 2),
            (0, with(&[3], entries.get(..20).unwrap()), 1),
            (0, with(&[0], &[]), 0),
        ] {
            assert_eq!(list(version, &payload).unwrap(), read.get(..expected).unwrap(), "{payload:x?}");
        }
        let far = list(0, &with(&[1], &entry(u64::MAX, "never"))).unwrap();
        assert_eq!(far, [(i64::MAX, "never".to_owned())]);
        for (version, payload, why) in [
            (0, &[][..], "expected 1 more bytes, found 0"),
            (1, &[0, 0], "expected 4 more bytes, found 1"),
            (2, &[0], "expected version 0 or 1, found 2"),
        ] {
            assert!(list(version, payload).unwrap_err().to_string().starts_with(why));
        }
    }

    #[test]
    fn titles_are_read_in_whatever_they_are_written() {
        for (sample, title) in [
            (&b"\0\x07Opening"[..], Some("Opening")),
            (b"\0\x07Opening\0\0\0\x0cencd\0\0\x01\0", Some("Opening")),
            (b"\0\x09 Opening\0", Some("Opening")),
            ("\0\x0aPräludium".as_bytes(), Some("Präludium")),
            (b"\0\x09Pr\x8aludium", Some("Präludium")),
            (b"\0\x08\xfe\xff\x00P\x00r\x00\xe4", Some("Prä")),
            (b"\0\x08\xff\xfeP\x00r\x00\xe4\x00", Some("Prä")),
            (b"\0\x06\xff\xfe\x3d\xd8P\x00", Some("\u{FFFD}P")),
            (b"\0\x06\xef\xbb\xbfPr\xc3", Some("Pr\u{FFFD}")),
            (b"\xff\xffcut off", Some("cut off")),
            (b"\0\x09\xf0\xff \xd8Mac", Some("\u{f8ff}ˇ ÿMac")),
            (b"\0\0", None),
            (b"\0\x02  ", None),
            (b"\0", None),
            (b"", None),
        ] {
            assert_eq!(sample_title(sample).as_deref(), title, "{}", sample.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_chapters_or_refused(version in 0..3u8, bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            if let Ok(marks) = list(version, &bytes) {
                prop_assert!(marks.len() <= bytes.len() / 9 && marks.iter().all(|(start, _)| *start >= 0));
            }
            let _ = sample_title(&bytes);
        }
    }
}
