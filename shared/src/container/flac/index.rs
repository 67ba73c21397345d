//! The index half: the metadata blocks are read, then the frames, each of which is a sample of one sync run, and an element of
//! which the writer knows what it has to.

use bytes::Bytes;

use super::CONTAINER;
use super::blocks::{self, Preamble, StreamInfo};
use super::walk::{Frame, Walk};
use crate::container::notes::Notes;
use crate::container::stream::Stream;
use crate::container::{Error, Sink, Source};
use crate::index::{Builder, Outline, Packed};
use crate::media::{Kind, Run, Setup, Ticks, Time, Timescale, Track};

/// Samples of each channel that a stream may have: 36 bits.
const MAX_SAMPLES: u64 = 1 << 36;
/// Bytes of Vorbis comments that the outline keeps itself.
const MAX_INLINE: u64 = 512;

/// Reads a file's structure, asking for chunks of so many bytes; see [`super::index`].
pub async fn index<S: Source>(source: &S, sink: &mut (impl Sink + Send), chunk: u64) -> Result<Outline, Error> {
    let mut stream = Stream::new(source, chunk);
    let Preamble { info, comments, chapters, frames } = blocks::read(&mut stream).await?;
    let timescale = Timescale::per_second(info.rate).ok_or(Error::Unknown)?;
    let end = blocks::end_of_frames(source).await?;
    let mut samples = Samples::new(&info, timescale, frames);
    let mut walk = Walk::new(&info, frames);
    let mut found = Vec::with_capacity(1024);
    let mut pages = 0;
    while stream.position() < end {
        let at = stream.position();
        let left = usize::try_from(end - at).unwrap_or(usize::MAX);
        let bytes = stream.peek(left.min(super::frame::MAX_HEADER)).await?;
        let (bytes, last) =
            if bytes.len() >= left { (bytes.get(..left).unwrap_or(bytes), true) } else { (bytes, false) };
        let taken = walk.take(bytes, last, &mut found);
        stream.seek(at.saturating_add(taken as u64));
        for frame in found.drain(..) {
            samples.frame(&frame)?;
        }
        pages = put(samples.builder.take_ready(), pages, sink).await?;
    }
    let (last, tracks, mut notes) = samples.finish(end)?;
    pages = put(last, pages, sink).await?;
    let duration = tracks.first().map_or(Time::ZERO, |track| timescale.time(track.presented.1));
    if tracks.iter().all(|track| track.samples == 0) {
        let what = "no frame whose checksums are right".to_owned();
        return Err(Error::Malformed { offset: frames, path: "frames".to_owned(), what });
    }
    let (chapters, left_out) = chapters.finish(duration);
    for note in left_out {
        notes.push(note);
    }
    let mut setup = vec![Setup::Inline(info.bytes.into())];
    setup.extend(match comments {
        Some(range) if range.end - range.start <= MAX_INLINE => Some(Setup::Inline(source.read(range).await?)),
        range => range.map(Setup::At),
    });
    Ok(Outline {
        container: CONTAINER,
        mime: "audio/flac".to_owned(),
        duration,
        tracks,
        setup,
        setup_ranges: vec![0..frames],
        elements: true,
        chapters,
        created: None,
        pages,
        notes: notes.into_texts(),
    })
}

/// Gives the sink these pages. So many there are then.
async fn put(ready: Vec<Packed>, mut pages: u32, sink: &mut (impl Sink + Send)) -> Result<u32, Error> {
    for page in ready {
        pages = pages.max(page.number.saturating_add(1));
        sink.page(page).await?;
    }
    Ok(pages)
}

/// Frames on their way into the index.
struct Samples<'i> {
    info: &'i StreamInfo,
    builder: Builder,
    notes: Notes,
    /// Where the last frame ended, in bytes and in samples.
    end: u64,
    next: u64,
    /// The place that the first frame says it has: what others say counts from there.
    origin: Option<u64>,
    /// Samples of a frame, where frames are counted: of all but the last as many as of the first.
    block: u64,
}

impl<'i> Samples<'i> {
    fn new(info: &'i StreamInfo, timescale: Timescale, frames: u64) -> Self {
        let builder = Builder::new(vec![track(timescale)]);
        Self { info, builder, notes: Notes::default(), end: frames, next: 0, origin: None, block: 0 }
    }

    fn frame(&mut self, frame: &Frame) -> Result<(), Error> {
        let lost = frame.offset > self.end;
        if lost {
            self.notes.at(self.end, "bytes that are no whole frame are passed over");
        }
        if self.origin.is_none() && !frame.header.variable {
            self.block = u64::from(frame.header.samples);
        }
        let place =
            if frame.header.variable { frame.header.number } else { frame.header.number.saturating_mul(self.block) };
        let origin = *self.origin.get_or_insert(place);
        let place = place.saturating_sub(origin);
        let most = match self.info.total {
            0 if lost => MAX_SAMPLES,
            total => total,
        };
        // Where frames are missing, time goes on; other leaps are those of somebody who joined two files.
        if place > self.next && place <= most {
            self.next = place;
            self.notes.at(frame.offset, "frames are missing before this one");
        } else if place != self.next {
            self.notes.at(frame.offset, "frames are not numbered one after the other");
        }
        let header = u32::try_from(frame.header.length).unwrap_or(0);
        let kept = [frame.codes.as_slice(), &frame.rest.to_be_bytes()].concat();
        // With the number that it has, by which the writer knows whether all of it may stay.
        self.builder.begin_element_keeping(frame.offset, header, ticks(frame.header.number), Bytes::from(kept));
        let run = Run {
            decode: ticks(self.next),
            composition: Ticks::ZERO,
            duration: ticks(u64::from(frame.header.samples)),
            offset: frame.offset,
            size: u32::try_from(frame.size).unwrap_or(u32::MAX),
            count: 1,
            sync: true,
            description: 1,
            header: 0,
        };
        self.builder.samples(0, run)?;
        self.end = frame.offset.saturating_add(frame.size);
        self.builder.end_element(self.end);
        self.next = self.next.saturating_add(u64::from(frame.header.samples));
        Ok(())
    }

    /// The end of the frames, which is that of the file but for tags.
    fn finish(mut self, end: u64) -> Result<(Vec<Packed>, Vec<Track>, Notes), Error> {
        if self.end < end {
            self.notes.at(self.end, "what follows is no whole frame: the file is truncated or damaged");
        }
        let (total, found) = (self.info.total, self.next);
        if total > 0 && total != found {
            self.notes.push(format!("its STREAMINFO speaks of {total} samples, its frames have {found}"));
        }
        let (last, tracks) = self.builder.finish()?;
        Ok((last, tracks, self.notes))
    }
}

fn ticks(samples: u64) -> Ticks {
    Ticks(i64::try_from(samples).unwrap_or(i64::MAX))
}

/// The only track. The builder fills in what it counts.
fn track(timescale: Timescale) -> Track {
    Track {
        id: 1,
        kind: Kind::Audio,
        codec: "flac".to_owned(),
        language: None,
        name: None,
        dimensions: None,
        timescale,
        edits: Vec::new(),
        preroll: Ticks::ZERO,
        samples: 0,
        bytes: 0,
        composition: (Ticks::ZERO, Ticks::ZERO),
        presented: (Ticks::ZERO, Ticks::ZERO),
        late: 0,
        setup: Setup::Inline(Bytes::new()),
    }
}
