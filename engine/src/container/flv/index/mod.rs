//! The index half: streams a file's tags once. The head of each payload says what it contains; frames become samples of
//! the index.

mod clock;
mod descriptions;
mod readers;

use chrono::DateTime;
use serde::{Deserialize, Serialize};

use self::descriptions::Descriptions;
use self::readers::TrackReaders;
use super::CONTAINER;
use super::amf::MetaData;
use super::packet::{HEAD, TagPayload, TagRole};
use super::tag::{AUDIO, FILE_HEADER, FileHeader, SCRIPT, TAG_HEADER, TRAILER, TagHeader, VIDEO};
use crate::container::notes::Notes;
use crate::container::pass::PassOutput;
use crate::container::stream::SourceStream;
use crate::container::{DynSource, Error, Unsupported, pass};
use crate::index::{FORMAT, Outline};
use crate::media::{Kind, Time, Track};

/// Tags up to this size are examined as a whole: whether another one follows shows whether their sizes are right. Sizes
/// of larger tags are trusted.
const MAX_LOOK: usize = 1 << 20;

/// The maximum number of bytes before the first sample that a player is told to read: onMetaData with an index of the
/// keyframes may have some hundred KiB.
const MAX_PREFIX: u64 = 1 << 20;

/// The earliest valid creation time, in nanoseconds since 1970: 1990, before which there were no such files.
const EARLIEST: i64 = 631_152_000_000_000_000;

/// A file while its tags are read.
///
/// # Errors
///
/// [`Error::Malformed`] if there is no tag of sound or pictures; [`Error::Unsupported`] if tags are encrypted, or all
/// of them contain several tracks; [`Error::TooLarge`] if decoder configurations change more often than the limit for
/// one file. Damage and truncation are skipped and reported in [`Outline::notes`].
#[derive(Serialize, Deserialize)]
pub struct FlvPass {
    /// The offset of the first tag.
    data: u64,
    readers: TrackReaders,
    descriptions: Descriptions,
    metadata: Option<MetaData>,
    /// The offset of the first sample.
    first: Option<u64>,
    /// Whether there are tags of several tracks at once.
    several: bool,
    /// The start of bytes without a tag, up to the position.
    lost: Option<u64>,
}

impl pass::IndexPass for FlvPass {
    async fn begin(stream: &mut SourceStream<'_>, _: &mut PassOutput) -> Result<Self, Error> {
        let Some(header) = FileHeader::parse(stream.peek(FILE_HEADER).await?) else { return Err(Error::Unknown) };
        let data = u64::from(header.length).saturating_add(TRAILER as u64);
        stream.seek(data);
        Ok(Self {
            data,
            readers: TrackReaders::default(),
            descriptions: Descriptions::default(),
            metadata: None,
            first: None,
            several: false,
            lost: None,
        })
    }

    async fn step(&mut self, stream: &mut SourceStream<'_>, out: &mut PassOutput) -> Result<bool, Error> {
        if self.lost.is_some() { self.search(stream, &mut out.notes).await } else { self.tag(stream, out).await }
    }

    async fn end(&mut self, source: &dyn DynSource, out: &mut PassOutput) -> Result<(), Error> {
        if self.first.is_none() {
            if self.several {
                return Err(Unsupported::ManyTracks.into());
            }
            let what = "no tag of sound or pictures that could be decoded".to_owned();
            return Err(Error::Malformed { offset: self.data.min(source.len()), path: "FLV".to_owned(), what });
        }
        self.readers.end(&mut out.builder)
    }

    fn outline(self, tracks: Vec<Track>, notes: &mut Notes) -> Result<Outline, Error> {
        let Self { data, readers, descriptions, metadata, first, .. } = self;
        let first = first.unwrap_or(data);
        let metadata = metadata.unwrap_or_default();
        let tracks = readers.describe(tracks, &descriptions, &metadata);
        let kind = if tracks.iter().any(|track| track.kind == Kind::Video) { "video" } else { "audio" };
        let ends = tracks.iter().map(|track| track.timescale.time(track.presented.1));
        let mut duration = ends.max().unwrap_or(Time::ZERO);
        if duration <= Time::ZERO {
            // A single frame does not show its duration.
            duration = metadata.duration.and_then(seconds).unwrap_or(Time(1_000_000));
            notes.push("how long it lasts is what onMetaData says".to_owned());
        }
        let created = metadata.created.as_deref().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
        let prefix = if first <= MAX_PREFIX { first } else { data.min(first) };
        let late = descriptions.firsts().filter(|range| range.start >= prefix);
        Ok(Outline {
            container: CONTAINER,
            mime: format!("{kind}/x-flv"),
            duration,
            tracks,
            setup_ranges: std::iter::once(0..prefix).chain(late).collect(),
            setup: descriptions.into_setup(),
            elements: false,
            chapters: Vec::new(),
            created: created.and_then(|created| created.timestamp_nanos_opt()).filter(|created| *created >= EARLIEST),
            pages: 0,
            notes: Vec::new(),
            segments: None,
            format: FORMAT,
        })
    }
}

/// A claimed duration, if it is plausible.
#[allow(clippy::cast_possible_truncation, reason = "less than a week")]
fn seconds(claimed: f64) -> Option<Time> {
    (claimed > 0.0 && claimed < 604_800.0).then_some(Time((claimed * 1e9) as i64))
}

impl FlvPass {
    /// Reads the next tag, and moves past it. `false` at the end of the file.
    async fn tag(&mut self, stream: &mut SourceStream<'_>, out: &mut PassOutput) -> Result<bool, Error> {
        let (offset, length) = (stream.position(), stream.len());
        if offset >= length {
            return Ok(false);
        }
        let Some(header) = TagHeader::parse(stream.peek(TAG_HEADER + HEAD).await?) else {
            out.notes.at(offset, "the file ends within a tag");
            return Ok(false);
        };
        let size = header.tag_size() as usize;
        let wanted = if size <= MAX_LOOK { size + TRAILER + TAG_HEADER } else { TAG_HEADER + HEAD };
        let bytes = stream.peek(wanted).await?;
        let end = offset.saturating_add(size as u64);
        if !header.plausible() || end > length || !ends_well(bytes, header) {
            self.lost = Some(offset);
            return Ok(true);
        }
        let trailer = TRAILER.min(usize::try_from(length - end).unwrap_or(TRAILER));
        let payload = bytes.get(TAG_HEADER..size.min(bytes.len())).unwrap_or_default();
        if header.filter {
            if encrypted(payload) {
                return Err(Unsupported::Encrypted { what: "its tags are encrypted".to_owned() }.into());
            }
            out.notes.at(offset, "a tag with unknown flags is passed over");
        } else {
            self.take(&FlvTag { offset, header, payload, trailer }, out)?;
        }
        stream.seek(end + trailer as u64);
        Ok(true)
    }

    fn take(&mut self, tag: &FlvTag<'_>, out: &mut PassOutput) -> Result<(), Error> {
        let FlvTag { offset, header, payload, .. } = *tag;
        let packet = match header.kind {
            SCRIPT => {
                if self.metadata.is_none() {
                    self.metadata = MetaData::parse(payload);
                }
                return Ok(());
            }
            AUDIO => TagPayload::audio(payload),
            VIDEO => TagPayload::video(payload),
            _ => None,
        };
        let Some(TagPayload { number, codec, role, from: data }) = packet else {
            out.notes.at(offset, "a tag without content is passed over");
            return Ok(());
        };
        let of = TagTrack { kind: header.kind, number };
        match role {
            TagRole::Configuration(from) if payload.len() > from => {
                if self.readers.configures(of, codec) {
                    let description = self.descriptions.put(tag, of, from)?;
                    if self.readers.configure(of, codec, description) {
                        out.notes.at(offset, "decoders are configured anew");
                    }
                } else {
                    out.notes.at(offset, OTHER_CODEC);
                }
            }
            TagRole::Frame { sync, composition } => {
                if self.readers.frame(tag, of, codec, (sync, composition, data), out)? {
                    self.first.get_or_insert(offset);
                }
            }
            TagRole::Several => {
                self.several = true;
                out.notes.at(offset, "a tag of several tracks at once is passed over");
            }
            TagRole::Configuration(_) | TagRole::Aside => {}
        }
        Ok(())
    }

    /// Moves towards the next position where a valid tag begins. `false` if no more can follow.
    async fn search(&mut self, stream: &mut SourceStream<'_>, notes: &mut Notes) -> Result<bool, Error> {
        let Some(from) = self.lost else { return Ok(true) };
        let at = stream.position().max(from.saturating_add(1));
        stream.seek(at);
        let bytes = stream.peek(2 * MAX_LOOK).await?;
        let last = bytes.len() < 2 * MAX_LOOK;
        let starts = if last { bytes.len() } else { MAX_LOOK };
        let found = (0..starts).find(|start| bytes.get(*start..).is_some_and(tag_begins));
        stream.seek(at.saturating_add(found.unwrap_or(starts) as u64));
        if found.is_some() {
            notes.at(from, "bytes that are no tag are passed over");
            self.lost = None;
        } else if last {
            notes.at(from, "what follows is no whole tag: the file is truncated or damaged");
        }
        Ok(found.is_some() || !last)
    }
}

/// A note on a track that changes its codec.
const OTHER_CODEC: &str = "a tag of another codec than its track's is passed over";

/// The track of a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct TagTrack {
    /// TagType.
    kind: u8,
    /// The trackId of enhanced tags.
    number: u8,
}

impl TagTrack {
    const fn media(self) -> Kind {
        if self.kind == VIDEO { Kind::Video } else { Kind::Audio }
    }
}

/// A tag in the file.
#[derive(Clone, Copy)]
struct FlvTag<'a> {
    offset: u64,
    header: TagHeader,
    /// Its payload; for a large one, the first bytes.
    payload: &'a [u8],
    /// How many bytes of the PreviousTagSize after it the file has.
    trailer: usize,
}

/// Whether what follows the tag at the beginning of these bytes confirms its size: the PreviousTagSize, or if that is
/// wrong the header of another tag, or nothing at all. If the tag is not loaded completely, its size is trusted.
fn ends_well(bytes: &[u8], header: TagHeader) -> bool {
    let size = header.tag_size();
    let Some(behind) = bytes.get(size as usize..) else { return true };
    match behind.split_first_chunk::<TRAILER>() {
        None => true,
        Some((trailer, next)) => {
            u32::from_be_bytes(*trailer) == size
                || next.is_empty()
                || TagHeader::parse(next).is_some_and(|next| next.plausible() && !next.filter)
        }
    }
}

/// Whether a tag begins here that is small enough to be examined completely, followed by the right PreviousTagSize.
fn tag_begins(bytes: &[u8]) -> bool {
    if !matches!(bytes.first(), Some(&(AUDIO | VIDEO | SCRIPT))) {
        return false;
    }
    let Some(header) = TagHeader::parse(bytes).filter(|header| header.plausible() && header.size > 0) else {
        return false;
    };
    let size = header.tag_size() as usize;
    let trailer = bytes.get(size..).and_then(|behind| behind.first_chunk::<TRAILER>());
    size <= MAX_LOOK && trailer.is_some_and(|trailer| u32::from_be_bytes(*trailer) == header.tag_size())
}

/// Whether the payload has an EncryptionTagHeader (Annex F.3.1) after its codec's header: a filter with one of these
/// names.
fn encrypted(payload: &[u8]) -> bool {
    let head = payload.get(..HEAD).unwrap_or(payload);
    let names: [&[u8]; 2] = [b"Encryption\0", b"SE\0"];
    names.iter().any(|name| head.windows(name.len()).any(|window| window == *name))
}
