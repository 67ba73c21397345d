//! The index half: streams a file once, reads its header elements, and adds its clusters' blocks to the index as
//! samples. Cues and SeekHead are not used, because the clusters themselves contain everything. Chapters are read where
//! they occur, before the clusters or after them.

mod block;
mod chapters;
mod cluster;
mod codec;
mod samples;
mod tracks;

use std::ops::Range;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use self::cluster::{ClusterExtent, Ending};
use self::samples::BlockSamples;
use self::tracks::Tracks;
use super::CONTAINER;
use super::ebml::{self, ElementHeader, MAX_HEADER};
use super::header::{DocType, SegmentInfo};
use super::ids;
use super::observed::ObservedTrack;
use crate::container::notes::Notes;
use crate::container::pass::PassOutput;
use crate::container::stream::SourceStream;
use crate::container::{Error, ReadError, TooLarge, pass};
use crate::index::{Chapters, FORMAT, Outline};
use crate::media::{Setup, Time, Track};

/// The longest accepted EBML header, which contains a few small numbers.
const MAX_EBML_HEADER: u64 = 4 << 10;

/// The longest accepted Info, Tracks or Chapters element. Codec setups of some KiB a track are already large.
const MAX_HEADER_ELEMENT: u64 = 4 << 20;

/// A file while its clusters are read; the elements before them have been read already.
///
/// # Errors
///
/// [`Error::Malformed`] if there are no valid EBML header, Segment and Tracks, or times are out of range;
/// [`Error::Unsupported`] for other EBML documents, for encrypted tracks, and if no track is of a known kind;
/// [`Error::TooLarge`] if tracks or header elements exceed the limits for one file. Damage and truncation after those
/// are skipped and reported in [`Outline::notes`].
#[derive(Serialize, Deserialize)]
pub struct MatroskaPass {
    segment: SegmentReader,
    doc_type: DocType,
    info: SegmentInfo,
    mime: String,
    setup_ranges: Vec<Range<u64>>,
    samples: BlockSamples,
    /// The current cluster.
    cluster: Option<ClusterExtent>,
}

impl pass::IndexPass for MatroskaPass {
    async fn begin(stream: &mut SourceStream<'_>, out: &mut PassOutput) -> Result<Self, Error> {
        let doc_type = doc_type(stream).await?;
        let body = segment(stream, &mut out.notes).await?;
        let mut segment = SegmentReader { body, ended: false, chapters: None, lost: None };

        let SegmentPreamble { info, tracks, first_cluster, late } = segment.preamble(stream, &mut out.notes).await?;
        let (data, offset) = info.unwrap_or_default();
        let info = SegmentInfo::parse(&data, offset)?;
        let Some((data, offset)) = tracks else {
            let what = "no Tracks, which are required".to_owned();
            return Err(Error::Malformed { offset: segment.body.end, path: "Segment".to_owned(), what });
        };
        let tracks = Tracks::parse(&data, offset, info.timescale, &mut out.notes)?;
        let mime = format!("{}/{}", tracks.media_type(), doc_type.subtype());
        let setup_ranges = std::iter::once(0..first_cluster).chain(late).collect();
        let samples = BlockSamples::new(&tracks, info.duration);
        for track in tracks.tracks {
            out.builder.add_track(track);
        }
        Ok(Self { segment, doc_type, info, mime, setup_ranges, samples, cluster: None })
    }

    async fn step(&mut self, stream: &mut SourceStream<'_>, out: &mut PassOutput) -> Result<bool, Error> {
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
                let TopLevelElement { offset, body, end, sized, .. } = child;
                *cluster = Some(ClusterExtent { offset, body, end: end.min(segment.body.end), sized });
                stream.seek(body);
            }
            _ => stream.seek(child.end),
        }
        Ok(true)
    }

    fn outline(self, tracks: Vec<Track>, notes: &mut Notes) -> Result<Outline, Error> {
        let Self { segment: SegmentReader { chapters, .. }, info, samples, .. } = self;
        for note in samples.notes() {
            notes.push(note);
        }
        if tracks.iter().all(|track| track.samples == 0) {
            notes.push("it has no blocks".to_owned());
        }
        let ends = tracks.iter().map(|track| track.timescale.time(track.presented.1));
        // If the duration of the last sample is unknown, the file may declare one.
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
            setup: vec![Setup::Inline(self.doc_type.write()), ObservedTrack::pack(samples.observed())],
            setup_ranges: self.setup_ranges,
            elements: true,
            created: info.created,
            pages: 0,
            notes: Vec::new(),
            segments: None,
            format: FORMAT,
        })
    }
}

/// Reads the EBML header at the beginning of the file.
async fn doc_type(stream: &mut SourceStream<'_>) -> Result<DocType, Error> {
    let malformed = |what: String| Error::Malformed { offset: 0, path: "EBML".to_owned(), what };
    match header(stream).await? {
        Some(ElementHeader { id: ids::EBML, size: Some(size), length }) if size <= MAX_EBML_HEADER => {
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

/// Finds the Segment, and returns the range of its data, limited to the file.
async fn segment(stream: &mut SourceStream<'_>, notes: &mut Notes) -> Result<Range<u64>, Error> {
    loop {
        let offset = stream.position();
        match header(stream).await? {
            Some(ElementHeader { id: ids::SEGMENT, size, length }) => {
                let (body, length) = (offset + length as u64, stream.len());
                stream.seek(body);
                // A recorder that stopped abruptly leaves a size of zero, or a wrong one.
                let end = size.filter(|size| *size > 0).map_or(length, |size| body.saturating_add(size));
                if end > length {
                    notes.push(format!("it is truncated: its segment ends at byte {end}, the file at byte {length}"));
                }
                return Ok(body..end.min(length));
            }
            Some(ElementHeader { id: ids::VOID | ids::CRC_32, size: Some(size), length }) => {
                stream.seek(offset.saturating_add(length as u64).saturating_add(size));
            }
            found => {
                let what = format!("{found:x?}, where a Segment has to be");
                return Err(Error::Malformed { offset, path: "Segment".to_owned(), what });
            }
        }
    }
}

/// The header of the next element; `None` if there is none.
async fn header(stream: &mut SourceStream<'_>) -> Result<Option<ElementHeader>, ReadError> {
    Ok(ElementHeader::parse(stream.peek(MAX_HEADER).await?))
}

/// Takes the data of an element at the position.
async fn take(stream: &mut SourceStream<'_>, size: u64, path: &str) -> Result<Bytes, Error> {
    let offset = stream.position();
    let length = usize::try_from(size).unwrap_or(usize::MAX);
    let data = stream.take(length).await?;
    if data.len() == length {
        return Ok(data);
    }
    let what = format!("{} bytes, where {length} have to be: the file is truncated", data.len());
    Err(Error::Malformed { offset, path: path.to_owned(), what })
}

/// The result of reading before the clusters: the data of Info and Tracks, and their offsets.
struct SegmentPreamble {
    info: Option<(Bytes, u64)>,
    tracks: Option<(Bytes, u64)>,
    /// The offset of the first cluster; the end of the segment if there is none.
    first_cluster: u64,
    /// Info or Tracks after the first cluster, which a player still needs.
    late: Vec<Range<u64>>,
}

/// A child of the Segment.
#[derive(Clone, Copy, Debug)]
struct TopLevelElement {
    id: u32,
    /// Its offset, the offset of its data, and its end.
    offset: u64,
    body: u64,
    end: u64,
    sized: bool,
}

/// The Segment while it is read.
#[derive(Serialize, Deserialize)]
struct SegmentReader {
    /// The range of its data, limited to the file.
    body: Range<u64>,
    /// Whether another segment begins here: the rest is not read.
    ended: bool,
    /// The chapters, once they have been found.
    chapters: Option<Chapters>,
    /// The start of bytes without an element, up to the position.
    lost: Option<u64>,
}

impl SegmentReader {
    /// Reads Info and Tracks. They nearly always precede the clusters; otherwise the clusters are skipped until they
    /// come. The stream is then at the first cluster.
    async fn preamble(&mut self, stream: &mut SourceStream<'_>, notes: &mut Notes) -> Result<SegmentPreamble, Error> {
        let mut found = SegmentPreamble { info: None, tracks: None, first_cluster: self.body.end, late: Vec::new() };
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
                    // The children of one of unknown size are then skipped as if they were the segment's.
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

    /// Reads the chapters, unless there were some already; the stream is then after them. A file is complete without
    /// them.
    async fn chapters(
        &mut self,
        stream: &mut SourceStream<'_>,
        child: TopLevelElement,
        notes: &mut Notes,
    ) -> Result<(), Error> {
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
    async fn data(&self, stream: &mut SourceStream<'_>, child: TopLevelElement, path: &str) -> Result<Bytes, Error> {
        let size = child.end - child.body;
        if size > MAX_HEADER_ELEMENT {
            return Err(TooLarge::Header { what: path.to_owned(), bytes: size, bound: MAX_HEADER_ELEMENT }.into());
        }
        stream.seek(child.body);
        take(stream, size, path).await
    }

    /// The next child of the Segment, after skipping garbage; `None` at the end.
    async fn whole_child(
        &mut self,
        stream: &mut SourceStream<'_>,
        notes: &mut Notes,
    ) -> Result<Option<TopLevelElement>, Error> {
        loop {
            let child = self.child(stream, notes).await?;
            if child.is_some() || self.lost.is_none() {
                return Ok(child);
            }
        }
    }

    /// The same, but `None` also if garbage continues.
    async fn child(
        &mut self,
        stream: &mut SourceStream<'_>,
        notes: &mut Notes,
    ) -> Result<Option<TopLevelElement>, Error> {
        while !self.ended && stream.position() < self.body.end {
            if self.lost.is_some() && !self.search(stream, notes).await? {
                return Ok(None);
            }
            let offset = stream.position();
            if offset >= self.body.end {
                break;
            }
            match header(stream).await? {
                Some(ElementHeader { id: ids::EBML | ids::SEGMENT, .. }) => {
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

    /// The element at `offset` as a child of the Segment, if it is valid. The end of the file may cut off clusters, and
    /// before the first one the children of clusters of unknown size occur here too.
    fn sound(&self, offset: u64, header: ElementHeader) -> Result<Option<TopLevelElement>, Error> {
        let body = offset + header.length as u64;
        let end = header.size.map_or(u64::MAX, |size| body.saturating_add(size));
        let known = ids::is_top_level(header.id) || ids::is_in_cluster(header.id);
        let child = TopLevelElement { id: header.id, offset, body, end, sized: header.size.is_some() };
        match header.id {
            ids::CLUSTER => Ok(Some(child)),
            ids::TRACKS if end > self.body.end => Err(Error::Malformed {
                offset,
                path: "Segment/Tracks".to_owned(),
                what: format!("it ends at byte {end}, behind the end of the segment at {}", self.body.end),
            }),
            // By convention all IDs at this level have four bytes: others are garbage that looks like an element.
            id => Ok((end <= self.body.end && (known || ebml::id_length(id) == 4)).then_some(child)),
        }
    }

    /// Goes to the next likely beginning of a Cluster, Tracks or Info, or to the end. `false` if it is not among the
    /// loaded bytes.
    async fn search(&mut self, stream: &mut SourceStream<'_>, notes: &mut Notes) -> Result<bool, ReadError> {
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

/// Whether a relevant element with a valid first child probably begins here; `left` bytes of the segment remain.
fn plausible(bytes: &[u8], left: u64) -> bool {
    if !matches!(bytes.first(), Some(0x1F | 0x16 | 0x15)) {
        return false;
    }
    let Some(header) = ElementHeader::parse(bytes) else { return false };
    let fits = header.size.is_none_or(|size| size <= left);
    let Some(child) = bytes.get(header.length..).and_then(ElementHeader::parse) else { return false };
    match header.id {
        ids::CLUSTER => ids::is_in_cluster(child.id),
        ids::TRACKS => fits && matches!(child.id, ids::TRACK_ENTRY | ids::VOID | ids::CRC_32),
        ids::INFO => fits && matches!(child.id, ids::TIMESTAMP_SCALE | ids::VOID | ids::CRC_32),
        _ => false,
    }
}
