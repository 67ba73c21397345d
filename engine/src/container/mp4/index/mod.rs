//! From bytes to model: finds the boxes of a file by their headers and reads the whole movie box, but no media data,
//! except between movie fragments (`fragments`), and to check at which samples decoding can begin (`looks`).

mod fragments;
mod looks;

use std::ops::Range;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use self::fragments::MovieFragments;
use self::looks::{Doubts, LOOKS};
use super::codec::Mp4Codec;
use super::fragment::TrackProgress;
use super::movie::{Defaults, Movie, MovieTrack};
use super::samples::{TrackSamples, description};
use super::window::{Window, malformed};
use super::{CONTAINER, chapters, compressed};
use crate::container::boxes::Box;
use crate::container::keyframe::Claim;
use crate::container::notes::Notes;
use crate::container::pass::PassOutput;
use crate::container::stream::SourceStream;
use crate::container::{DynSource, Error, TooLarge, Unsupported, pass};
use crate::index::{Chapters, FORMAT, Outline, cell, cell_end};
use crate::media::{Kind, Run, Setup, Ticks, Time, Track};

/// The maximum size of a movie box, which describes a week of media; it is held in memory while it is parsed.
const MAX_MOVIE: u64 = 64 << 20;
/// The maximum size of the brands. A file names a few.
const MAX_BRANDS: u64 = 4096;
/// The maximum number of top-level boxes. A day in fragments of a tenth of a second has fewer. More are an attack.
const MAX_BOXES: u32 = 4_000_000;
/// How much is read at once at the beginning of a file: all of a small movie box, if it comes first.
const FIRST_READ: u64 = 64 << 10;

/// A file while it is indexed. Its movie box is read completely at the beginning, including all samples in its tables.
/// The rest of the pass reads movie fragments, if there are any.
///
/// # Errors
///
/// [`Error::Malformed`] if there is no movie box, or it is invalid; [`Error::Unsupported`] if it has no audio, video or
/// text that can be served; [`Error::TooLarge`] if the size or the number of boxes exceeds the limits. Damage after the
/// movie box ends the file, and is reported in [`Outline::notes`].
#[derive(Serialize, Deserialize)]
pub struct Mp4Pass {
    /// The `ftyp` and `mvhd` boxes.
    brands: Bytes,
    header: Bytes,
    setup_ranges: Vec<Range<u64>>,
    created: Option<i64>,
    chapters: Chapters,
    /// The codec of each track.
    codecs: Vec<Mp4Codec>,
    fragments: Option<MovieFragments>,
    /// The samples of the tables are added to the index only after these are settled.
    doubts: Option<Doubts>,
}

impl pass::IndexPass for Mp4Pass {
    async fn begin(stream: &mut SourceStream<'_>, out: &mut PassOutput) -> Result<Self, Error> {
        let mut window = Window::default();
        let MovieHeaders { brands, offset, moov, setup_ranges } =
            MovieHeaders::read(stream.source(), &mut window).await?;
        let range = offset..offset.saturating_add(moov.len() as u64);
        let moov = Box::read(&moov, offset, "")?;
        let inflated = compressed::inflated(&moov, MAX_MOVIE)?;
        let moov = inflated.as_deref().map_or(Ok(moov), |inflated| Box::read(inflated, offset, ""))?;
        let pass = Self::movie(stream.source(), window, (&moov, range), brands, setup_ranges, out).await?;
        stream.seek(pass.setup_ranges.last().map_or(0, |range| range.end));
        Ok(pass)
    }

    async fn step(&mut self, stream: &mut SourceStream<'_>, out: &mut PassOutput) -> Result<bool, Error> {
        if let Some(doubts) = &mut self.doubts {
            if let Some(offset) = doubts.step(stream.source()).await? {
                stream.seek(offset);
                return Ok(true);
            }
            doubts.note(&mut out.notes);
            let (moov, offset) = doubts.movie(stream.source()).await?;
            let tracks = Movie::read(&Box::read(&moov, offset, "")?)?.tracks;
            index_tables(&tracks, stream.len(), Some(doubts), out)?;
            self.doubts = None;
        }
        let Some(fragments) = &mut self.fragments else { return Ok(false) };
        let offset = stream.position();
        let next = fragments.next(stream.source(), offset, out).await?;
        match next {
            Some(next) => stream.seek(next),
            None => out.builder.end_element(offset),
        }
        Ok(next.is_some())
    }

    fn outline(self, mut tracks: Vec<Track>, notes: &mut Notes) -> Result<Outline, Error> {
        let Self { brands, header, setup_ranges, created, chapters, codecs, fragments, .. } = self;
        for note in fragments.iter().flat_map(MovieFragments::notes) {
            notes.push(note);
        }
        for (track, codec) in tracks.iter_mut().zip(&codecs).filter(|_| fragments.is_some()) {
            // Only the fragments determine how long samples are.
            let samples = i64::try_from(track.samples).unwrap_or(i64::MAX);
            let frame = (track.presented.1 - track.presented.0).0.checked_div(samples);
            track.preroll = codec.preroll(track.timescale, frame.and_then(|frame| u32::try_from(frame).ok()));
        }
        let duration = tracks.iter().map(|track| track.span().1).max().unwrap_or(Time::ZERO);
        let (chapters, left_out) = chapters.finish(duration);
        for note in left_out {
            notes.push(note);
        }
        Ok(Outline {
            container: CONTAINER,
            mime: mime(&brands, &tracks),
            duration,
            tracks,
            chapters,
            setup: vec![Setup::Inline(brands), Setup::Inline(header)],
            setup_ranges,
            elements: fragments.is_some(),
            created,
            pages: 0,
            notes: Vec::new(),
            segments: None,
            format: FORMAT,
        })
    }
}

impl Mp4Pass {
    async fn movie(
        source: &dyn DynSource,
        mut window: Window,
        (moov, range): (&Box<'_>, Range<u64>),
        brands: Bytes,
        setup_ranges: Vec<Range<u64>>,
        out: &mut PassOutput,
    ) -> Result<Self, Error> {
        let Movie { header, created, mut tracks, chapter_tracks, chapter_list, fragments, notes } = Movie::read(moov)?;
        if tracks.is_empty() {
            let why = [vec!["a file without audio, video or text".to_owned()], notes.into_texts()].concat();
            return Err(Unsupported::NoTracks { why: why.join("; ") }.into());
        }
        out.notes = notes;
        let after = setup_ranges.last().map_or(0, |range| range.end);
        if fragments.is_some()
            && let Some(start) = fragments::late_start(source, &mut window, after, &tracks).await?
        {
            out.notes.push(format!("it begins at {start} seconds, which is taken for zero"));
            for track in &mut tracks {
                track.track.begin_at(start);
            }
        }
        let models: Vec<Track> = tracks.iter().map(|track| track.track.clone()).collect();
        for track in &models {
            out.builder.add_track(track.clone());
        }
        let codecs: Vec<Mp4Codec> = tracks.iter().map(|track| track.codec.clone()).collect();
        let doubts = match &fragments {
            None => Doubts::of(source, moov, range, &tracks).await?,
            Some(_) => None,
        };
        let decode = match &doubts {
            None => index_tables(&tracks, source.len(), None, out)?,
            Some(_) => Vec::new(),
        };
        let held = |range: &Range<u64>| window.held(range);
        let chapters = chapters::read(source, held, &chapter_tracks, chapter_list.as_ref(), &mut out.notes).await?;
        let fragments = fragments.map(|defaults| {
            let tracks = decode.into_iter().zip(&models);
            let tracks =
                tracks.map(|(decode, track)| TrackProgress { decode, defaults: Defaults::find(&defaults, track) });
            let claims = codecs.iter().map(|codec| Claim::new(codec.pictures, LOOKS));
            MovieFragments::new(tracks.collect(), claims.collect(), window)
        });
        Ok(Self { brands, header, setup_ranges, created, chapters, codecs, fragments, doubts })
    }
}

/// What has to be read before a file's media can be found.
struct MovieHeaders {
    /// The `ftyp` box.
    brands: Bytes,
    /// The movie box and its offset.
    moov: Bytes,
    offset: u64,
    /// Where a player finds what it needs before any part of the file.
    setup_ranges: Vec<Range<u64>>,
}

impl MovieHeaders {
    async fn read(source: &dyn DynSource, window: &mut Window) -> Result<Self, Error> {
        let mut brands = Bytes::new();
        let mut brands_range = 0..0;
        let mut offset = 0;
        for _ in 0..MAX_BOXES {
            let Some(found) = window.top_level(source, offset, FIRST_READ).await? else { break };
            match &found.kind.0 {
                b"ftyp" => {
                    let end = found.range.end.min(offset + MAX_BRANDS);
                    brands = window.read(source, offset..end, 0).await?;
                    brands_range = found.range.clone();
                }
                b"moov" => {
                    let length = found.range.end - found.range.start;
                    if length > MAX_MOVIE {
                        return Err(TooLarge::Box { what: "a movie box", bytes: length, bound: MAX_MOVIE }.into());
                    }
                    let moov = window.read(source, found.range.clone(), 0).await?;
                    let setup_ranges = joined(brands_range, found.range);
                    return Ok(Self { brands, moov, offset, setup_ranges });
                }
                b"moof" => return Err(malformed(offset, "a movie fragment comes before the movie box")),
                _ => {}
            }
            offset = found.range.end;
        }
        Err(malformed(offset, "the file ends, and no movie box (moov) was found"))
    }
}

/// Two ranges; one if they touch, or if the first is empty.
fn joined(first: Range<u64>, second: Range<u64>) -> Vec<Range<u64>> {
    if first.is_empty() {
        vec![second]
    } else if first.end == second.start {
        vec![first.start..second.end]
    } else {
        vec![first, second]
    }
}

/// Adds the samples in the movie box's own tables, of all tracks in parallel through time; for tracks with doubts,
/// these determine where decoding can begin. Returns the decode time at which each track ends.
fn index_tables(
    tracks: &[MovieTrack<'_>],
    file_length: u64,
    doubts: Option<&Doubts>,
    out: &mut PassOutput,
) -> Result<Vec<Ticks>, Error> {
    let mut readers = Vec::new();
    for (place, track) in tracks.iter().enumerate() {
        let samples = TrackSamples::read(&track.tables, file_length)?.in_packets(track.packets);
        let found = doubts.and_then(|doubts| doubts.found(place));
        readers.push(SampleReader::new(
            &track.track,
            match found {
                Some(found) => samples.with_syncs(found),
                None => samples,
            },
        ));
    }
    while let Some(number) = readers.iter().filter_map(SampleReader::cell).min() {
        for (place, reader) in readers.iter_mut().enumerate() {
            let end = cell_end(reader.track, number);
            while let Some(run) = reader.before(end) {
                out.builder.configure(place, run.decode, description(&run).into());
                out.builder.samples(place, run)?;
            }
        }
    }
    for reader in &readers {
        let (left, truncated) = reader.left_out;
        if truncated {
            out.notes.push(format!(
                "track {}: {left} samples left out, which lie beyond the end of the file",
                reader.track.id
            ));
        } else if left > 0 {
            out.notes.push(format!("track {}: {left} samples left out, which lie in no chunk", reader.track.id));
        }
    }
    Ok(readers.into_iter().map(|reader| reader.decode).collect())
}

/// One track's samples while they are added to the index.
struct SampleReader<'a> {
    track: &'a Track,
    samples: TrackSamples<'a>,
    next: Option<Run>,
    decode: Ticks,
    left_out: (u32, bool),
}

impl<'a> SampleReader<'a> {
    fn new(track: &'a Track, samples: TrackSamples<'a>) -> Self {
        let mut reader = Self { track, samples, next: None, decode: Ticks::ZERO, left_out: (0, false) };
        reader.advance();
        reader
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

    /// The samples of the next run with a decode time before `end`.
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

/// The MIME type: QuickTime and 3GPP by their brand (RFC 6381 §3.4 offers nothing better), audio if there is no video.
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
