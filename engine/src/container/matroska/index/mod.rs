//! The index half: a file's bytes are streamed through once, its header elements are read, and its clusters' blocks go on to
//! the index as samples. Cues and SeekHead are not believed, for the clusters themselves say it all, and Chapters are met on the
//! way, before the clusters or behind them.

mod block;
mod chapters;
mod cluster;
mod codec;
mod samples;
mod tracks;

use std::ops::Range;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use self::cluster::{Ending, Extent};
use self::samples::Samples;
use self::tracks::Tracks;
use super::CONTAINER;
use super::ebml::{self, Header, MAX_HEADER};
use super::header::{DocType, Info};
use super::ids;
use crate::container::notes::Notes;
use crate::container::pass::Output;
use crate::container::stream::Stream;
use crate::container::{Error, ReadError, TooLarge, pass};
use crate::index::{Chapters, Outline};
use crate::media::{Setup, Time, Track};

/// The longest EBML header that is read. It holds a few small numbers.
const MAX_EBML_HEADER: u64 = 4 << 10;

/// The longest Info, Tracks or Chapters element that is read. Codec setups of some KiB a track are large already.
const MAX_HEADER_ELEMENT: u64 = 4 << 20;

/// A file on the way through it: what stands before its clusters was read, and so many of these.
///
/// # Errors
///
/// [`Error::Malformed`] where there are no EBML header, Segment and Tracks that can be read, or where times are out of
/// bounds; [`Error::Unsupported`] for other EBML documents, for encrypted tracks, and where no track is of a known kind;
/// [`Error::TooLarge`] for more tracks or larger header elements than one file may have. Damage and truncation behind that are
/// passed over, and told in [`Outline::notes`].
#[derive(Serialize, Deserialize)]
pub struct Pass {
    segment: Segment,
    doc_type: DocType,
    info: Info,
    mime: String,
    setup_ranges: Vec<Range<u64>>,
    samples: Samples,
    /// The cluster that is being read.
    cluster: Option<Extent>,
}

impl pass::Pass for Pass {
    async fn begin(stream: &mut Stream<'_>, out: &mut Output) -> Result<Self, Error> {
        let doc_type = doc_type(stream).await?;
        let body = segment(stream, &mut out.notes).await?;
        let mut segment = Segment { body, ended: false, chapters: None, lost: None };

        let Preamble { info, tracks, first_cluster, late } = segment.preamble(stream, &mut out.notes).await?;
        let (data, offset) = info.unwrap_or_default();
        let info = Info::parse(&data, offset)?;
        let Some((data, offset)) = tracks else {
            let what = "no Tracks, of which there has to be one".to_owned();
            return Err(Error::Malformed { offset: segment.body.end, path: "Segment".to_owned(), what });
        };
        let tracks = Tracks::parse(&data, offset, info.timescale, &mut out.notes)?;
        let mime = format!("{}/{}", tracks.media_type(), doc_type.subtype());
        let setup_ranges = std::iter::once(0..first_cluster).chain(late).collect();
        let samples = Samples::new(&tracks, info.duration);
        for track in tracks.tracks {
            out.builder.add_track(track);
        }
        Ok(Self { segment, doc_type, info, mime, setup_ranges, samples, cluster: None })
    }

    async fn step(&mut self, stream: &mut Stream<'_>, out: &mut Output) -> Result<bool, Error> {
        let Self { segment, samples, cluster, .. } = self;
        if let Some(extent) = cluster {
            match cluster::read(stream, extent, samples, out).await? {
                Ending::NotYet => return Ok(true),
                Ending::Sound => {}
                Ending::Damaged => segment.lost = Some(stream.position()),
            }
            samples.end(stream.position(), &mut out.builder)?;
            *cluster = None;
            return Ok(true);
        }
        let Some(child) = segment.child(stream, &mut out.notes).await? else {
            return Ok(segment.lost.is_some() && stream.position() < segment.body.end);
        };
        match child.id {
            ids::CHAPTERS => segment.chapters(stream, child, &mut out.notes).await?,
            ids::CLUSTER => {
                let TopLevel { offset, body, end, sized, .. } = child;
                *cluster = Some(Extent { offset, body, end: end.min(segment.body.end), sized });
                stream.seek(body);
            }
            _ => stream.seek(child.end),
        }
        Ok(true)
    }

    fn outline(self, tracks: Vec<Track>, notes: &mut Notes) -> Result<Outline, Error> {
        let Self { segment: Segment { chapters, .. }, info, samples, .. } = self;
        for note in samples.notes() {
            notes.push(note);
        }
        if tracks.iter().all(|track| track.samples == 0) {
            notes.push("it has no blocks".to_owned());
        }
        let ends = tracks.iter().map(|track| track.timescale.time(track.presented.1));
        // Where it is not known how long the last sample lasts, the file may know better.
        let declared = info.duration.filter(|_| !samples.is_lasting()).map(|duration| info.timescale.time(duration));
        let duration = ends.chain(declared).max().unwrap_or(Time::ZERO);
        let (chapters, left_out) = chapters.unwrap_or_default().finish(duration);
        for note in left_out {
            notes.push(note);
        }
        Ok(Outline {
            container: CONTAINER,
            mime: self.mime,
            duration,
            tracks,
            chapters,
            setup: vec![Setup::Inline(self.doc_type.write())],
            setup_ranges: self.setup_ranges,
            elements: true,
            created: info.created,
            pages: 0,
            notes: Vec::new(),
        })
    }
}

/// Reads the EBML header, with which the file begins.
async fn doc_type(stream: &mut Stream<'_>) -> Result<DocType, Error> {
    let malformed = |what: String| Error::Malformed { offset: 0, path: "EBML".to_owned(), what };
    match header(stream).await? {
        Some(Header { id: ids::EBML, size: Some(size), length }) if size <= MAX_EBML_HEADER => {
            stream.seek(length as u64);
            let data = take(stream, size, "EBML").await?;
            DocType::parse(&data, length as u64)
        }
        found => {
            let size =
                found.and_then(|found| found.size).map_or("no length".to_owned(), |size| format!("{size} bytes"));
            Err(malformed(format!("an EBML header of {size}, where at most {MAX_EBML_HEADER} bytes have to be")))
        }
    }
}

/// Finds the Segment, and gives the range of its data, as far as the file has it.
async fn segment(stream: &mut Stream<'_>, notes: &mut Notes) -> Result<Range<u64>, Error> {
    loop {
        let offset = stream.position();
        match header(stream).await? {
            Some(Header { id: ids::SEGMENT, size, length }) => {
                let (body, length) = (offset + length as u64, stream.len());
                stream.seek(body);
                // A recorder that was stopped hard leaves a size of zero, or one that was never right.
                let end = size.filter(|size| *size > 0).map_or(length, |size| body.saturating_add(size));
                if end > length {
                    notes.push(format!("it is truncated: its segment ends at byte {end}, the file at byte {length}"));
                }
                return Ok(body..end.min(length));
            }
            Some(Header { id: ids::VOID | ids::CRC_32, size: Some(size), length }) => {
                stream.seek(offset.saturating_add(length as u64).saturating_add(size));
            }
            found => {
                let what = format!("{found:x?}, where a Segment has to be");
                return Err(Error::Malformed { offset, path: "Segment".to_owned(), what });
            }
        }
    }
}

/// The header of the element that follows; `None` where none does.
async fn header(stream: &mut Stream<'_>) -> Result<Option<Header>, ReadError> {
    Ok(Header::parse(stream.peek(MAX_HEADER).await?))
}

/// Takes the data of an element, which is at the position.
async fn take(stream: &mut Stream<'_>, size: u64, path: &str) -> Result<Bytes, Error> {
    let offset = stream.position();
    let length = usize::try_from(size).unwrap_or(usize::MAX);
    let data = stream.take(length).await?;
    if data.len() == length {
        return Ok(data);
    }
    let what = format!("{} bytes, where {length} have to be: the file is truncated", data.len());
    Err(Error::Malformed { offset, path: path.to_owned(), what })
}

/// What is read before the clusters: the data of Info and Tracks, and where it begins.
struct Preamble {
    info: Option<(Bytes, u64)>,
    tracks: Option<(Bytes, u64)>,
    /// Where the first cluster begins; the end of the segment where there is none.
    first_cluster: u64,
    /// Info or Tracks behind the first cluster, which a player needs nevertheless.
    late: Vec<Range<u64>>,
}

/// A child of the Segment.
#[derive(Clone, Copy, Debug)]
struct TopLevel {
    id: u32,
    /// Where it begins, where its data begins, and where it ends.
    offset: u64,
    body: u64,
    end: u64,
    sized: bool,
}

/// The Segment, on the way through it.
#[derive(Serialize, Deserialize)]
struct Segment {
    /// The range of its data, as far as the file has it.
    body: Range<u64>,
    /// Another segment begins here: the rest is not read.
    ended: bool,
    /// The chapters, once they were met.
    chapters: Option<Chapters>,
    /// From here on no element was found, up to the position.
    lost: Option<u64>,
}

impl Segment {
    /// Reads Info and Tracks. They stand before the clusters nearly always; else the clusters are passed over until they
    /// come. The stream is then at the first cluster.
    async fn preamble(&mut self, stream: &mut Stream<'_>, notes: &mut Notes) -> Result<Preamble, Error> {
        let mut found = Preamble { info: None, tracks: None, first_cluster: self.body.end, late: Vec::new() };
        let mut first_cluster = None;
        while let Some(child) = self.whole_child(stream, notes).await? {
            let slot = match child.id {
                ids::INFO => &mut found.info,
                ids::TRACKS => &mut found.tracks,
                ids::CLUSTER => {
                    first_cluster.get_or_insert(child.offset);
                    if found.tracks.is_some() && found.info.is_some() {
                        break;
                    }
                    // The children of one of unknown size are then passed over as if they were the segment's.
                    stream.seek(if child.sized { child.end } else { child.body });
                    continue;
                }
                ids::CHAPTERS => {
                    self.chapters(stream, child, notes).await?;
                    continue;
                }
                _ => {
                    stream.seek(child.end);
                    continue;
                }
            };
            if slot.is_none() {
                let path = if child.id == ids::INFO { "Segment/Info" } else { "Segment/Tracks" };
                *slot = Some((self.data(stream, child, path).await?, child.body));
                if first_cluster.is_some() {
                    found.late.push(child.offset..child.end);
                }
            }
            stream.seek(child.end);
        }
        if let Some(offset) = first_cluster {
            found.first_cluster = offset;
            stream.seek(offset);
            self.ended = false;
        }
        Ok(found)
    }

    /// Reads the chapters, unless there were some already; the stream is then behind them. A file is whole without them.
    async fn chapters(&mut self, stream: &mut Stream<'_>, child: TopLevel, notes: &mut Notes) -> Result<(), Error> {
        if self.chapters.is_none() {
            match self.data(stream, child, "Segment/Chapters").await {
                Ok(data) => self.chapters = Some(chapters::parse(&data, child.body, notes)),
                Err(error @ Error::TooLarge(_)) => notes.at(child.offset, &format!("chapters passed over: {error}")),
                Err(error) => return Err(error),
            }
        }
        stream.seek(child.end);
        Ok(())
    }

    /// The data of a header element.
    async fn data(&self, stream: &mut Stream<'_>, child: TopLevel, path: &str) -> Result<Bytes, Error> {
        let size = child.end - child.body;
        if size > MAX_HEADER_ELEMENT {
            return Err(TooLarge::Header { what: path.to_owned(), bytes: size, bound: MAX_HEADER_ELEMENT }.into());
        }
        stream.seek(child.body);
        take(stream, size, path).await
    }

    /// The child of the Segment that follows, garbage before it passed over; `None` at the end.
    async fn whole_child(&mut self, stream: &mut Stream<'_>, notes: &mut Notes) -> Result<Option<TopLevel>, Error> {
        loop {
            let child = self.child(stream, notes).await?;
            if child.is_some() || self.lost.is_none() {
                return Ok(child);
            }
        }
    }

    /// The same, `None` also where garbage goes on.
    async fn child(&mut self, stream: &mut Stream<'_>, notes: &mut Notes) -> Result<Option<TopLevel>, Error> {
        while !self.ended && stream.position() < self.body.end {
            if self.lost.is_some() && !self.search(stream, notes).await? {
                return Ok(None);
            }
            let offset = stream.position();
            if offset >= self.body.end {
                break;
            }
            match header(stream).await? {
                Some(Header { id: ids::EBML | ids::SEGMENT, .. }) => {
                    notes.at(offset, "another segment follows, which is not read");
                    self.ended = true;
                }
                Some(header) => match self.sound(offset, header)? {
                    Some(child) => return Ok(Some(child)),
                    None => self.lost = Some(offset),
                },
                None => self.lost = Some(offset),
            }
        }
        Ok(None)
    }

    /// The element at `offset` as a child of the Segment, if it can be one. Clusters may be cut off by the end of the file,
    /// and in the preamble the children of clusters of unknown size stand here too.
    fn sound(&self, offset: u64, header: Header) -> Result<Option<TopLevel>, Error> {
        let body = offset + header.length as u64;
        let end = header.size.map_or(u64::MAX, |size| body.saturating_add(size));
        let known = ids::is_top_level(header.id) || ids::is_in_cluster(header.id);
        let child = TopLevel { id: header.id, offset, body, end, sized: header.size.is_some() };
        match header.id {
            ids::CLUSTER => Ok(Some(child)),
            ids::TRACKS if end > self.body.end => Err(Error::Malformed {
                offset,
                path: "Segment/Tracks".to_owned(),
                what: format!("it ends at byte {end}, behind the end of the segment at {}", self.body.end),
            }),
            // By convention all IDs at this level take four bytes: others are garbage that looks like an element.
            id => Ok((end <= self.body.end && (known || ebml::id_length(id) == 4)).then_some(child)),
        }
    }

    /// Goes to the next place where a Cluster, Tracks or Info seems to begin, or to the end. `false` where it is not among the
    /// bytes that came at once.
    async fn search(&mut self, stream: &mut Stream<'_>, notes: &mut Notes) -> Result<bool, ReadError> {
        let Some(from) = self.lost else { return Ok(true) };
        let at = stream.position().max(from.saturating_add(1));
        stream.seek(at);
        let bytes = stream.peek(2 * MAX_HEADER).await?;
        let (last, whole) = (bytes.len() < 2 * MAX_HEADER, bytes.len().saturating_sub(2 * MAX_HEADER) + 1);
        let starts = if last { bytes.len() } else { whole };
        let begins = |start: &usize| {
            let at = at.saturating_add(*start as u64);
            bytes.get(*start..).is_some_and(|bytes| plausible(bytes, self.body.end.saturating_sub(at)))
        };
        let found = (0..starts).find(begins);
        let at = at.saturating_add(found.unwrap_or(starts) as u64).min(self.body.end);
        stream.seek(at);
        let ends = found.is_some() || last || at >= self.body.end;
        if ends {
            let text = if at < self.body.end { "bytes that are no element are passed over" } else { TRUNCATED };
            notes.at(from, text);
            self.lost = None;
        }
        Ok(ends)
    }
}

const TRUNCATED: &str = "what follows is no whole element: the file is truncated or damaged";

/// Whether an element that matters seems to begin here, with a first child that it may have; `left` bytes of the segment
/// are left.
fn plausible(bytes: &[u8], left: u64) -> bool {
    if !matches!(bytes.first(), Some(0x1F | 0x16 | 0x15)) {
        return false;
    }
    let Some(header) = Header::parse(bytes) else { return false };
    let fits = header.size.is_none_or(|size| size <= left);
    let Some(child) = bytes.get(header.length..).and_then(Header::parse) else { return false };
    match header.id {
        ids::CLUSTER => ids::is_in_cluster(child.id),
        ids::TRACKS => fits && matches!(child.id, ids::TRACK_ENTRY | ids::VOID | ids::CRC_32),
        ids::INFO => fits && matches!(child.id, ids::TIMESTAMP_SCALE | ids::VOID | ids::CRC_32),
        _ => false,
    }
}
