//! The chapters and the recording time in an ID3v2 tag: CHAP and CTOC (*ID3v2 Chapter Frame Addendum* 1.0), TDRC
//! (ID3v2.4 §4.2.5), and the older TYER, TDAT and TIME (ID3v2.3 §4.2.1). Nothing else is read.

use chrono::NaiveDateTime;

use crate::container::tags::syncsafe;
use crate::index::Mark;
use crate::media::Time;

/// The maximum number of frames read from a tag.
const MAX_FRAMES: usize = 10_000;

/// The result.
#[derive(Debug, Default)]
pub struct Id3Found {
    /// Chapters, in the order of the tag.
    pub chapters: Vec<Mark>,
    /// The recording time, in nanoseconds since 1970; taken as UTC, since the tag has no time zone.
    pub created: Option<i64>,
}

/// Parses a whole tag. Damaged, compressed and encrypted parts are ignored.
pub fn parse(tag: &[u8]) -> Id3Found {
    let mut found = Id3Found::default();
    let [b'I', b'D', b'3', version @ 3..=4, _, flags, _, _, _, _, body @ ..] = tag else { return found };
    let all_unsynchronised = flags & 0x80 != 0;
    // In version 4 each frame is unsynchronised by itself.
    let body = if all_unsynchronised && *version == 3 { synchronised(body) } else { body.to_vec() };
    let body = if flags & 0x40 == 0 { Some(body.as_slice()) } else { behind_extended_header(&body, *version) };
    let (mut lists, mut date, mut old) = (Vec::new(), None, [const { String::new() }; 3]);
    for (id, data) in frames(body.unwrap_or_default(), *version) {
        match &id {
            b"CHAP" => found.chapters.extend(chapter(&data, *version)),
            b"CTOC" => lists.extend(list(&data, *version)),
            b"TDRC" => date = text(&data).into_iter().next(),
            b"TYER" | b"TDAT" | b"TIME" => {
                let place = if &id == b"TYER" { 0 } else { usize::from(&id == b"TIME") + 1 };
                if let (Some(slot), Some(value)) = (old.get_mut(place), text(&data).into_iter().next()) {
                    *slot = value;
                }
            }
            _ => {}
        }
    }
    found.created = date.and_then(|date| instant(&date, "%Y-%m-%dT%H:%M:%S")).or_else(|| {
        let [year, date, time] = &old;
        instant(&format!("{year} {date} {time}00"), "%Y %d%m %H%M%S")
    });
    let spans: Vec<Mark> = lists.iter().filter_map(|list| list.span(&found.chapters)).collect();
    found.chapters.extend(spans);
    found
}

fn instant(text: &str, format: &str) -> Option<i64> {
    // The seconds are optional.
    let parse = |text: &str| NaiveDateTime::parse_from_str(text, format).ok();
    let time = parse(text).or_else(|| parse(&format!("{text}:00")))?;
    time.and_utc().timestamp_nanos_opt()
}

/// The frames of a tag's or of a chapter's body: identifier and data.
fn frames(mut body: &[u8], version: u8) -> impl Iterator<Item = ([u8; 4], Vec<u8>)> {
    let next = move || {
        let (header, rest) = body.split_first_chunk::<10>()?;
        let [a, b, c, d, s0, s1, s2, s3, _, flags] = *header;
        let id = [a, b, c, d];
        let size = [s0, s1, s2, s3];
        if !id.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) {
            return None;
        }
        // Some writers of version 4 write sizes as in version 3; above 127 the two can usually be told apart.
        let size = syncsafe(size).filter(|_| version == 4).unwrap_or(u32::from_be_bytes(size));
        let (data, behind) = rest.split_at_checked(usize::try_from(size).ok()?)?;
        body = behind;
        Some((id, plain(data, flags, version)))
    };
    std::iter::from_fn(next).take(MAX_FRAMES).filter_map(|(id, data)| Some((id, data?)))
}

/// The data of a frame with these flags; `None` if it is compressed or encrypted.
fn plain(data: &[u8], flags: u8, version: u8) -> Option<Vec<u8>> {
    if version == 3 {
        let grouped = usize::from(flags & 0x20 != 0);
        return (flags & 0xC0 == 0).then(|| data.get(grouped..).map(<[u8]>::to_vec))?;
    }
    let before = usize::from(flags & 0x40 != 0) + if flags & 1 != 0 { 4 } else { 0 };
    let data = data.get(before..).filter(|_| flags & 0x0C == 0)?;
    Some(if flags & 2 != 0 { synchronised(data) } else { data.to_vec() })
}

/// Removes the zero that unsynchronisation adds after every `FF`.
fn synchronised(bytes: &[u8]) -> Vec<u8> {
    let mut after_ff = false;
    let kept = |byte: &&u8| {
        let inserted = after_ff && **byte == 0;
        after_ff = **byte == 0xFF;
        !inserted
    };
    bytes.iter().filter(kept).copied().collect()
}

fn behind_extended_header(body: &[u8], version: u8) -> Option<&[u8]> {
    let size = *body.first_chunk()?;
    // Only in version 4 does the size include itself.
    let length = if version == 4 { syncsafe(size)? } else { u32::from_be_bytes(size).checked_add(4)? };
    body.get(usize::try_from(length).ok()?..)
}

/// The strings of a text frame.
fn text(data: &[u8]) -> Vec<String> {
    let Some((encoding, data)) = data.split_first() else { return Vec::new() };
    let utf_16 = |data: &[u8], big: bool| {
        let unit = |pair: &[u8]| {
            let pair = [pair.first().copied().unwrap_or(0), pair.get(1).copied().unwrap_or(0)];
            if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
        };
        String::from_utf16_lossy(&data.chunks_exact(2).map(unit).collect::<Vec<_>>())
    };
    let whole = match (encoding, data) {
        (0, latin) => latin.iter().map(|byte| char::from(*byte)).collect(),
        (1, [0xFF, 0xFE, data @ ..]) => utf_16(data, false),
        (1 | 2, data) => utf_16(data, true),
        (_, utf_8) => String::from_utf8_lossy(utf_8).into_owned(),
    };
    // If there are several strings, each has its own byte order mark.
    let strings = whole.split('\0').map(|string| string.trim_start_matches('\u{FEFF}').to_owned());
    strings.filter(|string| !string.is_empty()).collect()
}

/// An element identifier, terminated by a zero, and the bytes after it.
fn identifier(data: &[u8]) -> Option<(String, &[u8])> {
    let end = data.iter().position(|byte| *byte == 0)?;
    let (id, rest) = (data.get(..end)?, data.get(end + 1..)?);
    Some((id.iter().map(|byte| char::from(*byte)).collect(), rest))
}

/// The titles among the frames at the end of a CHAP or CTOC.
fn titles(data: &[u8], version: u8) -> Vec<String> {
    frames(data, version).filter(|(id, _)| id == b"TIT2").flat_map(|(_, data)| text(&data)).collect()
}

/// A CHAP: identifier, begin and end in milliseconds, two byte offsets, frames.
fn chapter(data: &[u8], version: u8) -> Option<Mark> {
    let (id, rest) = identifier(data)?;
    let (times, rest) = rest.split_first_chunk::<16>()?;
    let time = |at: usize| {
        let milliseconds = u32::from_be_bytes(*times.get(at..)?.first_chunk()?);
        Some(Time(i64::from(milliseconds) * 1_000_000))
    };
    Some(Mark { titles: titles(rest, version), ids: vec![id], start: time(0)?, end: time(4), parent: None })
}

/// A CTOC: a list of chapters, which may have a title.
struct List {
    id: String,
    children: Vec<String>,
    titles: Vec<String>,
}

fn list(data: &[u8], version: u8) -> Option<List> {
    let (id, rest) = identifier(data)?;
    let ([_flags, count], mut rest) = rest.split_first_chunk::<2>()?;
    let mut children = Vec::with_capacity(usize::from(*count));
    for _ in 0..*count {
        let (child, behind) = identifier(rest)?;
        children.push(child);
        rest = behind;
    }
    Some(List { id, children, titles: titles(rest, version) })
}

impl List {
    /// A list with a title is a chapter too: it spans from the start of its first chapter to the end of its last.
    fn span(&self, chapters: &[Mark]) -> Option<Mark> {
        let own = || chapters.iter().filter(|mark| mark.ids.iter().any(|id| self.children.contains(id)));
        let (start, end) = (own().map(|mark| mark.start).min()?, own().filter_map(|mark| mark.end).max());
        let mark = Mark { titles: self.titles.clone(), ids: vec![self.id.clone()], start, end, parent: None };
        (!self.titles.is_empty()).then_some(mark)
    }
}
