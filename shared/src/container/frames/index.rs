//! The index half: which stream it is, and its frames one after the other.

use std::collections::VecDeque;
use std::ops::Range;

use bytes::Bytes;

use super::adts::{self, Adts};
use super::mpeg::{self, DECODER_DELAY, Header, Mpeg, Tag, WARM_UP};
use super::scan::{Frame, Scanner, Syntax, WINDOW, first, follow};
use super::{ADTS, MP2, MP3, id3, tags};
use crate::container::notes::Notes;
use crate::container::stream::Stream;
use crate::container::{Error, Sink, Source};
use crate::index::{Builder, Chapters, Container, Outline};
use crate::media::{Edit, Kind, Run, Setup, Ticks, Time, Timescale, Track};

/// How many frames have to follow each other before a file is one.
const BEGIN: usize = 3;
/// How many, where there is something else before them.
const BEGIN_LATER: usize = 6;
/// The largest tag that is looked into, pictures and all.
const MAX_TAG: u64 = 16 << 20;
/// How many frames the bit reservoir may reach back over; there are frames of three bytes of main data.
const MAX_REACH: usize = 256;

/// Reads a file's structure, asking for chunks of so many bytes.
pub async fn index<S: Source>(source: &S, sink: &mut (impl Sink + Send), chunk: u64) -> Result<Outline, Error> {
    let (id3, start) = tags::before(source).await?;
    let bytes = source.read(start..source.len().min(start + WINDOW as u64)).await?;
    let last = start + bytes.len() as u64 == source.len();
    if adts::is_latm(&bytes) {
        return Err(Error::Unsupported("AAC in LATM (LOAS), whose frames do not begin at bytes".to_owned()));
    }
    let found = begin(&bytes, last).ok_or(Error::Unknown)?;
    let mut file = File { notes: Notes::default(), chapters: Chapters::default(), created: None, tag: None };
    for range in id3 {
        if range.end - range.start > MAX_TAG {
            file.notes.push(format!("a tag of {} bytes is not looked into", range.end - range.start));
            continue;
        }
        let found = id3::parse(&source.read(range).await?);
        for mark in found.chapters {
            file.chapters.push(mark);
        }
        file.created = file.created.or(found.created);
    }
    if found.at() > 0 {
        file.notes.at(start, "bytes that are no frame are passed over");
    }
    let end = tags::behind(source, start + found.at() as u64).await?;
    let stream = Stream::new(source, chunk);
    let start = start + found.at() as u64;
    match found {
        Begin::Adts(_, frame) => {
            let scanner = Scanner::new(stream, Adts, frame.kind, start, end, &mut file.notes);
            let track = track(&adts::codec(frame.kind), Adts.rate(frame.kind))?;
            let (track, pages) = read(scanner, track, sink).await?;
            // A frame is decoded rightly behind another.
            let track = Track { preroll: Ticks(i64::from(frame.duration)), ..track };
            Ok(file.outline(ADTS, "audio/aac", track, Vec::new(), pages))
        }
        Begin::Mpeg(at, syntax, frame) => {
            let first = bytes.get(at..at + frame.size as usize).unwrap_or_default();
            mpeg(file, stream, (syntax, frame, first), start..end, sink).await
        }
    }
}

/// The frames that a file begins with, and how many bytes stand before them.
enum Begin {
    Adts(usize, Frame),
    Mpeg(usize, Mpeg, Frame),
}

impl Begin {
    const fn at(&self) -> usize {
        match self {
            Self::Adts(at, _) | Self::Mpeg(at, ..) => *at,
        }
    }
}

/// Finds the frames in the first bytes behind the tags.
fn begin(bytes: &[u8], last: bool) -> Option<Begin> {
    let mpeg = Mpeg { free: None };
    let here = |frame: Option<Frame>, follows: &dyn Fn(u32) -> bool| frame.filter(|frame| follows(frame.kind));
    if let Some(frame) = here(Adts.frame(bytes), &|kind| follow(&Adts, bytes, kind, BEGIN, last)) {
        return Some(Begin::Adts(0, frame));
    }
    if let Some(frame) = here(mpeg.frame(bytes), &|kind| follow(&mpeg, bytes, kind, BEGIN, last)) {
        return Some(Begin::Mpeg(0, mpeg, frame));
    }
    if let Some(free) = mpeg::free_length(bytes) {
        let mpeg = Mpeg { free: Some(free) };
        return mpeg.frame(bytes).map(|frame| Begin::Mpeg(0, mpeg, frame));
    }
    let later = |bytes: &[u8]| {
        let adts = first(&Adts, bytes, BEGIN_LATER, false).map(|(at, frame)| Begin::Adts(at, frame));
        let mpeg = first(&mpeg, bytes, BEGIN_LATER, false).map(|(at, frame)| Begin::Mpeg(at, mpeg, frame));
        adts.into_iter().chain(mpeg).min_by_key(Begin::at)
    };
    // A program stream has MPEG audio in it, and is none.
    if bytes.starts_with(&[0, 0, 1]) { None } else { later(bytes) }
}

/// What is known of a file besides its frames.
struct File {
    notes: Notes,
    chapters: Chapters,
    created: Option<i64>,
    /// Where the frame stands that tells of the others. Nothing else has to be known before: each frame says what it is.
    tag: Option<Range<u64>>,
}

impl File {
    fn outline(mut self, container: Container, mime: &str, track: Track, setup: Vec<Setup>, pages: u32) -> Outline {
        let (from, to) = track.span();
        let duration = if track.edits.is_empty() { to } else { to - from };
        let (chapters, left_out) = self.chapters.finish(duration.max(Time::ZERO));
        for note in left_out {
            self.notes.push(note);
        }
        Outline {
            container,
            mime: mime.to_owned(),
            duration,
            tracks: vec![track],
            setup,
            setup_ranges: self.tag.into_iter().collect(),
            elements: false,
            chapters,
            created: self.created,
            pages,
            notes: self.notes.into_texts(),
        }
    }
}

/// Indexes MPEG audio from its first frame on, which may be a tag.
async fn mpeg<S: Source>(
    mut file: File,
    stream: Stream<'_, S>,
    (syntax, frame, bytes): (Mpeg, Frame, &[u8]),
    range: Range<u64>,
    sink: &mut (impl Sink + Send),
) -> Result<Outline, Error> {
    let header = Header::parse(bytes).ok_or(Error::Unknown)?;
    let tag = Tag::parse(bytes);
    file.tag = tag.as_ref().map(|_| range.start..range.start + u64::from(frame.size));
    let start = file.tag.as_ref().map_or(range.start, |tag| tag.end);
    let tag = tag.unwrap_or_default();
    let mut track = track(mpeg::codec(header.layer()), header.rate())?;
    if let Some((delay, _)) = tag.delays {
        track.edits = vec![Edit { duration: None, media: Some(Ticks(i64::from(delay + DECODER_DELAY))) }];
    }
    let scanner = Scanner::new(stream, syntax, frame.kind, start, range.end, &mut file.notes);
    let (mut track, pages) = read(scanner, track, sink).await?;
    if let Some(edit) = track.edits.first_mut() {
        let (frames, media) = (track.samples, edit.media.unwrap_or_default());
        if track.presented.1 <= media {
            track.edits.clear();
        } else if let Some((_, padding)) = tag.delays.filter(|_| tag.frames.map(u64::from) == Some(frames)) {
            // The padding is less than the decoder's delay where the encoder did not care; then a bit of the end is lost.
            let end = track.presented.1 - Ticks(i64::from(padding.saturating_sub(DECODER_DELAY)));
            edit.duration = Some(end - media).filter(|duration| *duration > Ticks::ZERO);
        }
    }
    if header.layer() < 3 {
        track.preroll = Ticks(i64::from(header.duration()));
        return Ok(file.outline(MP2, "audio/mpeg", track, Vec::new(), pages));
    }
    let kept = [&header.to_bytes()[..], &tag.lame].concat();
    Ok(file.outline(MP3, "audio/mpeg", track, vec![Setup::Inline(Bytes::from(kept))], pages))
}

fn track(codec: &str, rate: u32) -> Result<Track, Error> {
    Ok(Track {
        id: 1,
        kind: Kind::Audio,
        codec: codec.to_owned(),
        language: None,
        name: None,
        dimensions: None,
        timescale: Timescale::per_second(rate).ok_or(Error::Unknown)?,
        edits: Vec::new(),
        preroll: Ticks::ZERO,
        samples: 0,
        bytes: 0,
        composition: (Ticks::ZERO, Ticks::ZERO),
        presented: (Ticks::ZERO, Ticks::ZERO),
        late: 0,
        setup: Setup::Inline(Bytes::new()),
    })
}

/// Reads all frames. Gives the track, with the preroll that layer III needs, and how many pages the index has.
async fn read<S: Source, Y: Syntax>(
    mut scanner: Scanner<'_, '_, S, Y>,
    track: Track,
    sink: &mut (impl Sink + Send),
) -> Result<(Track, u32), Error> {
    let mut builder = Builder::new(vec![track]);
    let mut reservoir = Reservoir::default();
    let mut decode = Ticks::ZERO;
    let mut frame_duration = 0;
    while let Some((offset, frame)) = scanner.next().await? {
        reservoir.push(&frame);
        frame_duration = frame.duration;
        let duration = Ticks(i64::from(frame.duration));
        builder.samples(0, run(offset, &frame, decode, duration))?;
        decode += duration;
        for page in builder.take_ready() {
            sink.page(page).await?;
        }
    }
    let pages = builder.pages();
    let (ready, tracks) = builder.finish()?;
    for page in ready {
        sink.page(page).await?;
    }
    let track = tracks.into_iter().next().ok_or(Error::Unknown)?;
    let preroll = i64::from(frame_duration) * i64::from(reservoir.most) + i64::from(WARM_UP);
    Ok((Track { preroll: Ticks(preroll), ..track }, pages))
}

const fn run(offset: u64, frame: &Frame, decode: Ticks, duration: Ticks) -> Run {
    Run {
        decode,
        composition: Ticks::ZERO,
        duration,
        offset,
        size: frame.size,
        count: 1,
        sync: true,
        description: 1 + frame.mode as u16,
        header: frame.header,
    }
}

/// How far the frames of a file reach back into the main data of those before.
#[derive(Debug, Default)]
struct Reservoir {
    /// Bytes of main data of the last frames.
    last: VecDeque<u32>,
    /// Over how many frames it is at the most.
    most: u32,
}

impl Reservoir {
    #[inline]
    fn push(&mut self, frame: &Frame) {
        if frame.reach > 0 {
            let mut left = u32::from(frame.reach);
            let mut over = 0;
            for data in self.last.iter().rev() {
                over += 1;
                left = left.saturating_sub(*data);
                if left == 0 {
                    break;
                }
            }
            self.most = self.most.max(over);
        }
        if self.last.len() == MAX_REACH {
            self.last.pop_front();
        }
        self.last.push_back(frame.size.saturating_sub(u32::from(frame.header)));
    }
}
