//! From bytes to model: the boxes of a file are found by their headers, the movie box is read whole, and of the media data
//! not a byte, except where movie fragments lie between it.

use std::ops::Range;

use bytes::Bytes;

use super::CONTAINER;
use super::boxes::{Box, FourCc, Header};
use super::chapters;
use super::fragment::{self, Progress};
use super::movie::{Defaults, Movie, MovieTrack};
use super::samples::Samples;
use crate::container::{Error, Sink, Source};
use crate::index::{Builder, Outline, cell, cell_end};
use crate::media::{Kind, Run, Setup, Ticks, Time, Track};

/// A movie box this large describes a week of media; its bytes are held in memory while they are read.
const MAX_MOVIE: u64 = 64 << 20;
/// A movie fragment describes some seconds.
const MAX_FRAGMENT: u64 = 16 << 20;
/// Brands, of which a file names a few.
const MAX_BRANDS: u64 = 4096;
/// A day in fragments of a tenth of a second has fewer boxes at the top. More are an attack on our patience.
const MAX_BOXES: u32 = 4_000_000;
/// What is read at once at the beginning of a file: the whole of a small movie box, if it comes first.
const FIRST_READ: u64 = 64 << 10;
/// What is read where a box begins: it and the next header, if it is small.
const NEXT_READ: u64 = 16 << 10;
/// Fragments shorter than this are read through, as stepping over them costs a round trip each.
const READ_THROUGH: u64 = 256 << 10;

/// Reads the structure of a file.
pub async fn index(source: &impl Source, sink: &mut (impl Sink + Send)) -> Result<Outline, Error> {
    let mut window = Window { source, start: 0, bytes: Bytes::new() };
    let mut brands = Bytes::new();
    let mut brands_range = 0..0;
    let mut offset = 0;
    for _ in 0..MAX_BOXES {
        let Some(found) = window.top_level(offset, FIRST_READ).await? else { break };
        match &found.kind.0 {
            b"ftyp" => {
                let end = found.range.end.min(offset + MAX_BRANDS);
                brands = window.read(offset..end, 0).await?;
                brands_range = found.range.clone();
            }
            b"moov" => {
                let mut setup_ranges = vec![brands_range, found.range.clone()];
                setup_ranges.retain(|range| !range.is_empty());
                if let [first, second] = setup_ranges.as_slice()
                    && first.end == second.start
                {
                    setup_ranges = vec![first.start..second.end];
                }
                let length = found.range.end - found.range.start;
                if length > MAX_MOVIE {
                    return Err(Error::Limit(format!("a movie box of {length} bytes, where {MAX_MOVIE} are read")));
                }
                let bytes = window.read(found.range.clone(), 0).await?;
                let moov = Box::read(&bytes, offset, "")?;
                return index_movie(window, &moov, brands, setup_ranges, sink).await;
            }
            b"moof" => return Err(malformed(offset, "a movie fragment comes before the movie box")),
            _ => {}
        }
        offset = found.range.end;
    }
    Err(malformed(offset, "the file ends, and no movie box (moov) was found"))
}

fn malformed(offset: u64, what: &str) -> Error {
    Error::Malformed { offset, path: "file".to_owned(), what: what.to_owned() }
}

async fn index_movie<S: Source>(
    window: Window<'_, S>,
    moov: &Box<'_>,
    brands: Bytes,
    setup_ranges: Vec<Range<u64>>,
    sink: &mut (impl Sink + Send),
) -> Result<Outline, Error> {
    let Movie { header, created, tracks, chapter_tracks, chapter_list, fragments, mut notes } = Movie::read(moov)?;
    if tracks.is_empty() {
        return Err(Error::Unsupported(format!("a file without audio, video or text ({})", notes.join("; "))));
    }
    let file_length = window.source.len();
    let models: Vec<Track> = tracks.iter().map(|track| track.track.clone()).collect();
    let mut builder = Builder::new(models.clone());
    let progress = index_tables(&tracks, file_length, &mut builder, sink, &mut notes).await?;
    let held = |range: &Range<u64>| window.held(range);
    let chapters = chapters::read(window.source, held, &chapter_tracks, chapter_list.as_ref(), &mut notes).await?;
    let elements = fragments.is_some();
    if let Some(defaults) = fragments {
        let progress = progress.into_iter().zip(&models).map(|(decode, track)| Progress {
            decode,
            defaults: defaults
                .iter()
                .find(|defaults| u64::from(defaults.track) == track.id)
                .copied()
                // A track whose defaults are missing has none; its fragments may well say everything themselves.
                .unwrap_or(Defaults {
                    track: u32::try_from(track.id).unwrap_or(0),
                    description: 1,
                    ..Defaults::default()
                }),
        });
        let after = setup_ranges.last().map_or(0, |range| range.end);
        index_fragments(window, after, progress.collect(), &mut builder, sink, &mut notes).await?;
    }
    let pages = builder.pages();
    let described = tracks;
    let (rest, mut tracks) = builder.finish()?;
    for (track, described) in tracks.iter_mut().zip(&described).filter(|_| elements) {
        // How long a sample is, fragments tell.
        let samples = i64::try_from(track.samples).unwrap_or(i64::MAX);
        let frame = (track.presented.1 - track.presented.0).0.checked_div(samples);
        track.preroll = described.codec.preroll(track.timescale, frame.and_then(|frame| u32::try_from(frame).ok()));
    }
    for page in rest {
        sink.page(page).await?;
    }
    let duration = tracks.iter().map(|track| track.span().1).max().unwrap_or(Time::ZERO);
    let (chapters, left_out) = chapters.finish(duration);
    notes.extend(left_out);
    Ok(Outline {
        container: CONTAINER,
        mime: mime(&brands, &tracks),
        duration,
        tracks,
        chapters,
        setup: vec![Setup::Inline(brands), Setup::Inline(header)],
        setup_ranges,
        elements,
        created,
        pages,
        notes,
    })
}

/// The samples that the movie box's own tables describe, of all tracks side by side through time. Gives back the decode time
/// at which each track ends.
async fn index_tables(
    tracks: &[MovieTrack<'_>],
    file_length: u64,
    builder: &mut Builder,
    sink: &mut (impl Sink + Send),
    notes: &mut Vec<String>,
) -> Result<Vec<Ticks>, Error> {
    let mut lanes = Vec::new();
    for track in tracks {
        lanes.push(Lane::new(&track.track, Samples::read(&track.tables, file_length)?));
    }
    while let Some(number) = lanes.iter().filter_map(Lane::cell).min() {
        for (place, lane) in lanes.iter_mut().enumerate() {
            let end = cell_end(lane.track, number);
            while let Some(run) = lane.before(end) {
                builder.samples(place, run)?;
            }
        }
        for page in builder.take_ready() {
            sink.page(page).await?;
        }
    }
    for lane in &lanes {
        let (left, truncated) = lane.left_out;
        if truncated {
            notes.push(format!(
                "track {}: {left} samples left out, which lie beyond the end of the file",
                lane.track.id
            ));
        } else if left > 0 {
            notes.push(format!("track {}: {left} samples left out, which lie in no chunk", lane.track.id));
        }
    }
    Ok(lanes.into_iter().map(|lane| lane.decode).collect())
}

/// One track's samples on their way into the index.
struct Lane<'a> {
    track: &'a Track,
    samples: Samples<'a>,
    next: Option<Run>,
    decode: Ticks,
    left_out: (u32, bool),
}

impl<'a> Lane<'a> {
    fn new(track: &'a Track, samples: Samples<'a>) -> Self {
        let mut lane = Self { track, samples, next: None, decode: Ticks::ZERO, left_out: (0, false) };
        lane.advance();
        lane
    }

    fn advance(&mut self) {
        self.next = self.samples.next();
        if self.next.is_none() {
            self.left_out = self.samples.left_out();
        }
    }

    fn cell(&self) -> Option<u32> {
        self.next.as_ref().map(|run| cell(self.track, run.decode))
    }

    /// The samples of the next run whose decode time is before `end`.
    fn before(&mut self, end: Ticks) -> Option<Run> {
        let run = self.next.take_if(|run| run.decode < end)?;
        let count = match run.duration.0 {
            duration if duration > 0 && run.count > 1 => {
                let room = (end - run.decode).0;
                u32::try_from((room - 1) / duration + 1).unwrap_or(u32::MAX).min(run.count)
            }
            _ => run.count,
        };
        self.next = run.slice(count..u32::MAX);
        let run = run.slice(0..count)?;
        self.decode = run.decode_end();
        if self.next.is_none() {
            self.advance();
        }
        Some(run)
    }
}

/// The samples of movie fragments: their boxes are read one after the other to the end of the file.
async fn index_fragments<S: Source>(
    mut window: Window<'_, S>,
    mut offset: u64,
    mut tracks: Vec<Progress>,
    builder: &mut Builder,
    sink: &mut (impl Sink + Send),
    notes: &mut Vec<String>,
) -> Result<(), Error> {
    let file_length = window.source.len();
    let mut last_fragment = None;
    let mut ahead = NEXT_READ;
    let mut boxes = 0;
    loop {
        let found = match window.top_level(offset, ahead).await {
            Ok(Some(found)) => found,
            Ok(None) => break,
            Err(Error::Malformed { what, .. }) => {
                notes.push(format!("ends with what is no box, at byte {offset}: {what}"));
                break;
            }
            Err(error) => return Err(error),
        };
        boxes += 1;
        if boxes > MAX_BOXES {
            return Err(Error::Limit(format!("more than {MAX_BOXES} boxes")));
        }
        if !matches!(&found.kind.0, b"mdat" | b"free" | b"skip") {
            builder.end_element(offset);
        }
        if found.kind.0 == *b"moof" {
            let length = found.range.end - found.range.start;
            if length > MAX_FRAGMENT {
                return Err(Error::Limit(format!("a movie fragment of {length} bytes, where {MAX_FRAGMENT} are read")));
            }
            let bytes = window.read(found.range.clone(), 0).await?;
            builder.begin_element(offset, 0, Ticks::ZERO);
            let mut left_out = 0u64;
            let moof = Box::read(&bytes, offset, "");
            let samples = |track, run: Run| {
                let whole = run.count;
                match within(run, file_length) {
                    Some(run) => {
                        left_out += u64::from(whole - run.count);
                        builder.samples(track, run)?;
                    }
                    None => left_out += u64::from(whole),
                }
                Ok(())
            };
            let read = moof.and_then(|moof| fragment::read(&moof, offset, &mut tracks, samples));
            if left_out > 0 {
                notes.push(format!("{left_out} samples left out, which lie beyond the end of the file"));
            }
            match read {
                Err(error @ Error::Malformed { .. }) => {
                    notes.push(format!("ends with a damaged movie fragment: {error}"));
                    break;
                }
                other => other?,
            }
            for page in builder.take_ready() {
                sink.page(page).await?;
            }
            let distance = last_fragment.replace(offset).map_or(0, |last| offset - last);
            ahead = if distance < READ_THROUGH { READ_THROUGH } else { (2 * length).clamp(NEXT_READ, READ_THROUGH) };
        }
        offset = found.range.end;
    }
    builder.end_element(offset);
    Ok(())
}

/// The samples of a run that lie within the file.
fn within(run: Run, file_length: u64) -> Option<Run> {
    let room = file_length.checked_sub(run.offset)?;
    match room.checked_div(u64::from(run.size)) {
        None => Some(run),
        Some(fitting) => run.slice(0..u32::try_from(fitting).unwrap_or(u32::MAX)),
    }
}

/// The MIME type: QuickTime and 3GPP by their brand (RFC 6381 §3.4 has no better), audio where there is no video.
fn mime(brands: &[u8], tracks: &[Track]) -> String {
    let video = tracks.iter().any(|track| track.kind == Kind::Video);
    let audio = tracks.iter().any(|track| track.kind == Kind::Audio);
    let family = match brands.get(8..12) {
        None | Some(b"qt  ") if video => return "video/quicktime".to_owned(),
        Some([b'3', b'g', ..]) => "3gpp",
        _ => "mp4",
    };
    let kind = if video {
        "video"
    } else if audio {
        "audio"
    } else {
        return "application/mp4".to_owned();
    };
    format!("{kind}/{family}")
}

/// A box at the top of a file.
struct TopLevel {
    kind: FourCc,
    range: Range<u64>,
}

/// The stretch of the file that was read last.
struct Window<'s, S> {
    source: &'s S,
    start: u64,
    bytes: Bytes,
}

impl<S: Source> Window<'_, S> {
    /// The bytes of `range`, read with so many more behind its start if they are not at hand.
    async fn read(&mut self, range: Range<u64>, ahead: u64) -> Result<Bytes, Error> {
        if let Some(bytes) = self.held(&range) {
            return Ok(bytes);
        }
        let end = range.end.max(range.start.saturating_add(ahead)).min(self.source.len());
        self.bytes = self.source.read(range.start..end).await?;
        self.start = range.start;
        self.held(&range).ok_or_else(|| malformed(range.start, "the file ends before it should"))
    }

    fn held(&self, range: &Range<u64>) -> Option<Bytes> {
        let start = usize::try_from(range.start.checked_sub(self.start)?).ok()?;
        let end = usize::try_from(range.end.checked_sub(self.start)?).ok()?;
        (start <= end && end <= self.bytes.len()).then(|| self.bytes.slice(start..end))
    }

    /// The box that begins at `offset`; `None` at the end of the file. One that claims more than the file has ends with it.
    async fn top_level(&mut self, offset: u64, ahead: u64) -> Result<Option<TopLevel>, Error> {
        let length = self.source.len();
        if offset.saturating_add(8) > length {
            return Ok(None);
        }
        let bytes = self.read(offset..length.min(offset + Header::MAX), ahead).await?;
        let header = Header::read(&bytes).ok_or_else(|| malformed(offset, "expected the header of a box"))?;
        let end = header.size.map_or(length, |size| offset.saturating_add(size)).min(length);
        Ok(Some(TopLevel { kind: header.kind, range: offset..end }))
    }
}
