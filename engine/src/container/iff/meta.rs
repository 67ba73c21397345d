//! Chunks with metadata: the time of recording (`bext`, EBU Tech 3285), and marks, which become chapters (`cue ` with
//! the labels of `LIST adtl`; AIFF's `MARK`).

use std::collections::BTreeMap;

use super::dialect::Dialect;
use crate::index::{Chapters, Mark};
use crate::media::{Ticks, Time, Timescale};

/// The maximum number of marks: more than an outline takes.
const MAX_MARKS: usize = 1024;

/// The offsets of date and time of the recording in `bext`, of ten and eight characters.
const DATE: std::ops::Range<usize> = 320..330;
const CLOCK: std::ops::Range<usize> = 330..338;

/// The offset in `bext` of the number of samples from midnight to the beginning: eight bytes, the lower four first.
pub const TIME_REFERENCE: usize = 338;
/// The offset of its version, and, from version 2 on, of five measures of loudness, of two bytes each.
const VERSION: usize = 346;
const LOUDNESS: std::ops::Range<usize> = 412..422;

/// The start of the recording, in nanoseconds since 1970, if a `bext` chunk has it. It has no time zone.
pub fn recorded(bext: &[u8]) -> Option<i64> {
    let numbers = |range| {
        let text = std::str::from_utf8(bext.get(range)?).ok()?;
        let mut parts = text.split(|sign: char| !sign.is_ascii_digit()).map(str::parse::<u32>);
        Some((parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?))
    };
    let (year, month, day) = numbers(DATE)?;
    let (hour, minute, second) = numbers(CLOCK)?;
    let date = chrono::NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    let instant = date.and_hms_opt(hour, minute, second)?.and_utc();
    (year >= 1900).then(|| instant.timestamp_nanos_opt())?
}

/// The `bext` chunk of a cut that begins this many samples later: its time reference is increased accordingly, and the
/// measured loudness of the whole is removed.
pub fn later(dialect: Dialect, bext: &[u8], samples: u64) -> Vec<u8> {
    let mut bext = bext.to_vec();
    let since = |at| dialect.u32(&bext, at).map(u64::from);
    if let (Some(low), Some(high)) = (since(TIME_REFERENCE), since(TIME_REFERENCE + 4)) {
        let [high @ .., a, b, c, d] = (high << 32 | low).wrapping_add(samples).to_be_bytes();
        let words = [[a, b, c, d], high].map(u32::from_be_bytes).map(|word| dialect.four(word));
        put(&mut bext, TIME_REFERENCE, words.as_flattened());
    }
    if dialect.u16(&bext, VERSION).is_some_and(|version| version >= 2) {
        let [.., high, low] = dialect.four(0x7FFF);
        let open = if dialect == Dialect::Rifx { [high, low] } else { [0xFF, 0x7F] };
        put(&mut bext, LOUDNESS.start, &open.repeat(LOUDNESS.len() / 2));
    }
    bext
}

/// Overwrites bytes, if they exist.
pub fn put(bytes: &mut [u8], at: usize, new: &[u8]) {
    if let Some(place) = bytes.get_mut(at..at + new.len()) {
        place.copy_from_slice(new);
    }
}

/// Marks that become chapters.
#[derive(Debug, Default)]
pub struct Marks(BTreeMap<u32, Point>);

#[derive(Debug, Default)]
struct Point {
    /// In samples from the beginning; `None` while only its label is known.
    at: Option<u32>,
    lasts: Option<u32>,
    titles: Vec<String>,
}

impl Marks {
    /// Takes a `cue ` chunk.
    pub fn cues(&mut self, dialect: Dialect, data: &[u8]) {
        for point in data.get(4..).unwrap_or_default().chunks_exact(24) {
            if let (Some(id), Some(at)) = (dialect.u32(point, 0), dialect.u32(point, 20))
                && let Some(point) = self.point(id)
            {
                point.at = Some(at);
            }
        }
    }

    /// Takes a `LIST` chunk of type `adtl`: labels, and the durations of what they label.
    pub fn labels(&mut self, dialect: Dialect, mut data: &[u8]) {
        while let (Some(kind), Some(size)) = (data.get(..4), dialect.u32(data, 4)) {
            let size = usize::try_from(size).unwrap_or(usize::MAX);
            let rest = data.get(8..).unwrap_or_default();
            let body = rest.get(..size).unwrap_or(rest);
            if let Some(id) = dialect.u32(body, 0)
                && let Some(point) = self.point(id)
            {
                match kind {
                    b"labl" => point.titles.extend(text(body.get(4..).unwrap_or_default())),
                    b"ltxt" => point.lasts = dialect.u32(body, 4).filter(|lasts| *lasts > 0),
                    _ => {}
                }
            }
            data = rest.get(size.saturating_add(size % 2)..).unwrap_or_default();
        }
    }

    /// Takes a `MARK` chunk.
    pub fn markers(&mut self, dialect: Dialect, data: &[u8]) {
        let mut data = data.get(2..).unwrap_or_default();
        while let (Some(id), Some(at), Some(length)) = (dialect.u16(data, 0), dialect.u32(data, 2), data.get(6)) {
            let length = usize::from(*length);
            let rest = data.get(7..).unwrap_or_default();
            if let Some(point) = self.point(u32::from(id)) {
                point.at = Some(at);
                point.titles.extend(text(rest.get(..length).unwrap_or(rest)));
            }
            // The name and its length byte have an even total length.
            data = rest.get(length + (length + 1) % 2..).unwrap_or_default();
        }
    }

    fn point(&mut self, id: u32) -> Option<&mut Point> {
        let room = self.0.len() < MAX_MARKS || self.0.contains_key(&id);
        room.then(|| self.0.entry(id).or_default())
    }

    /// The marks as chapters.
    pub fn chapters(self, rate: Timescale) -> Chapters {
        let time = |samples: u32| rate.time(Ticks(i64::from(samples)));
        let mut marks: Vec<(Time, Mark)> = Vec::with_capacity(self.0.len());
        for (id, point) in self.0 {
            let Some(at) = point.at else { continue };
            let end = point.lasts.map(|lasts| time(at) + time(lasts));
            let ids = vec![id.to_string()];
            marks.push((time(at), Mark { titles: point.titles, ids, start: time(at), end, parent: None }));
        }
        marks.sort_by_key(|(start, _)| *start);
        let mut chapters = Chapters::default();
        for (_, mark) in marks {
            chapters.push(mark);
        }
        chapters
    }
}

/// A text up to its end or a zero: UTF-8, else Latin-1.
fn text(bytes: &[u8]) -> Option<String> {
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    let latin = || bytes.iter().map(|byte| char::from(*byte)).collect();
    let text = std::str::from_utf8(bytes).map_or_else(|_| latin(), str::to_owned);
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
