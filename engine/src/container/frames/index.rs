//! The index half: detects the kind of stream and walks through its frames.

use std::collections::VecDeque;
use std::ops::Range;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::mpeg::{self, DECODER_DELAY, TagFrame, WARM_UP};
use super::scan::{FrameScanner, ScanStep, WINDOW, first, follow};
use super::{ADTS, AdtsHeaders, MP2, MP3, id3, kept};
use crate::codec::aac::adts::{self, Adts};
use crate::codec::aac::{FRAME, latm};
use crate::codec::mpeg_audio::{self, Mpeg, MpegAudioHeader};
use crate::codec::{FrameHeader, Syntax};
use crate::container::notes::Notes;
use crate::container::pass::PassOutput;
use crate::container::stream::SourceStream;
use crate::container::{DynSource, Error, Unsupported, foreign, pass, tags};
use crate::index::{Chapters, Container, FORMAT, Outline};
use crate::media::{Edit, Kind, Run, Setup, Ticks, Time, Timescale, Track};

/// The number of consecutive frames required at the beginning of a file.
const BEGIN: usize = 3;
/// The number required if something else precedes them.
const BEGIN_LATER: usize = 6;
/// How far after the tags the first frame is searched for: junk is zeros, or the remains of a tag with its pictures.
const MAX_JUNK: u64 = 1 << 20;
/// The largest tag that is parsed, including its pictures.
const MAX_TAG: u64 = 16 << 20;
/// The number of frames that the bit reservoir may reach back over; some frames have three bytes of main data.
const MAX_REACH: usize = 256;

/// A file while its frames are walked through.
///
/// # Errors
///
/// [`Error::Unknown`] if the file is not such a stream; [`Error::Unsupported`] if it is known to be something else, for
/// AAC in LATM and for a stream whose sample rate changes. Damage is skipped and reported in [`Outline::notes`].
#[derive(Serialize, Deserialize)]
pub struct FramesPass {
    file: FrameFile,
    /// For MPEG audio: the first header, and the contents of the tag frame before it.
    mpeg: Option<(MpegAudioHeader, TagFrame)>,
    scanner: FrameScanner<EitherSyntax>,
    reservoir: Reservoir,
    /// The time of the next frame.
    decode: Ticks,
    /// The duration of the first frame.
    lasts: Ticks,
    /// For AAC: its headers.
    headers: Option<AdtsHeaders>,
}

impl pass::IndexPass for FramesPass {
    async fn begin(stream: &mut SourceStream<'_>, out: &mut PassOutput) -> Result<Self, Error> {
        let source = stream.source();
        let (id3, start) = tags::before(source).await?;
        let Begin { at, syntax, frame, bytes, wave } = begin(source, start).await?;
        let mut file = FrameFile { chapters: Chapters::default(), created: None, tag: None, wave };
        file.look_into(id3, source, &mut out.notes).await?;
        if at > start && !wave {
            out.notes.at(start, "bytes that are no frame are passed over");
        }
        let start = at;
        let (first, behind) = bytes.split_at_checked(frame.size as usize).unwrap_or((&bytes, &[]));
        if matches!(syntax, EitherSyntax::Adts(_)) && adts::lacks_channels(behind) {
            let kind = "AAC whose channels are defined in the first frame only (a program config element)";
            return Err(Unsupported::Kind { kind }.into());
        }
        let end = tags::behind(source, start).await?;
        let mut mpeg = None;
        let headers = match syntax {
            EitherSyntax::Adts(_) => first.first_chunk().map(|first| AdtsHeaders { first: *first, several: false }),
            EitherSyntax::Mpeg(_) => None,
        };
        let mut track = track(syntax.codec(frame.kind), syntax.rate(frame.kind))?;
        track.channels = match syntax {
            EitherSyntax::Adts(_) => adts::properties(first).and_then(|found| found.channels),
            EitherSyntax::Mpeg(_) => MpegAudioHeader::parse(first).map(MpegAudioHeader::channels),
        };
        if let EitherSyntax::Mpeg(_) = syntax {
            let (header, tag) = (MpegAudioHeader::parse(first).ok_or(Error::Unknown)?, TagFrame::parse(first));
            file.tag = tag.as_ref().map(|_| start..start + u64::from(frame.size));
            let tag = tag.unwrap_or_default();
            if let Some((delay, _)) = tag.delays {
                track.edits = vec![Edit { duration: None, media: Some(Ticks(i64::from(delay + DECODER_DELAY))) }];
            }
            mpeg = Some((header, tag));
        }
        out.builder.add_track(track);
        stream.seek(file.tag.as_ref().map_or(start, |tag| tag.end));
        Ok(Self {
            file,
            mpeg,
            scanner: FrameScanner::new(syntax, frame.kind, end),
            reservoir: Reservoir::default(),
            decode: Ticks::ZERO,
            lasts: Ticks(i64::from(frame.duration)),
            headers,
        })
    }

    async fn step(&mut self, stream: &mut SourceStream<'_>, out: &mut PassOutput) -> Result<bool, Error> {
        match self.scanner.step(stream, &mut out.notes).await? {
            ScanStep::Frame(offset, frame) => {
                self.reservoir.push(&frame);
                let duration = Ticks(i64::from(frame.duration));
                out.builder.samples(0, run(offset, &frame, self.decode, duration))?;
                self.decode += duration;
                if let Some(headers) = &mut self.headers {
                    headers.several |= frame.duration > FRAME;
                }
                Ok(true)
            }
            ScanStep::Other => Ok(true),
            ScanStep::End => Ok(false),
        }
    }

    fn outline(self, tracks: Vec<Track>, notes: &mut Notes) -> Result<Outline, Error> {
        let Self { file, mpeg, reservoir, lasts, headers, .. } = self;
        let mut track = tracks.into_iter().next().ok_or(Error::Unknown)?;
        // A frame decodes correctly only after another one; one of layer III only after all the frames that it reaches
        // back into.
        track.preroll = lasts;
        let Some((header, tag)) = mpeg else {
            // Plain data in memory always serialises; if it did not, there would be no configuration.
            let kept = headers.and_then(|headers| postcard::to_stdvec(&headers).ok()).unwrap_or_default();
            return Ok(file.outline(ADTS, "audio/aac", track, vec![Setup::Inline(kept.into())], notes));
        };
        if let Some(edit) = track.edits.first_mut() {
            let (frames, media) = (track.samples, edit.media.unwrap_or_default());
            if track.presented.1 <= media {
                track.edits.clear();
            } else if let Some((_, padding)) = tag.delays.filter(|_| tag.frames.map(u64::from) == Some(frames)) {
                // If the encoder did not care, the padding is less than the decoder's delay; then the very end is lost.
                let end = track.presented.1 - Ticks(i64::from(padding.saturating_sub(DECODER_DELAY)));
                edit.duration = Some(end - media).filter(|duration| *duration > Ticks::ZERO);
            }
        }
        if header.layer() < 3 {
            return Ok(file.outline(MP2, "audio/mpeg", track, Vec::new(), notes));
        }
        track.preroll = lasts.times(i64::from(reservoir.most)) + Ticks(i64::from(WARM_UP));
        let kept = [&header.to_bytes()[..], &tag.lame].concat();
        let setup = vec![Setup::Inline(Bytes::from(kept))];
        Ok(file.outline(MP3, "audio/mpeg", track, setup, notes))
    }
}

/// One of the two syntaxes.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum EitherSyntax {
    Adts(Adts),
    Mpeg(Mpeg),
}

impl EitherSyntax {
    /// The codec of frames of this kind.
    fn codec(self, kind: u32) -> String {
        match self {
            Self::Adts(_) => adts::codec(kind),
            Self::Mpeg(_) => mpeg::codec(mpeg_audio::layer(kind)).to_owned(),
        }
    }
}

impl Syntax for EitherSyntax {
    #[inline]
    fn frame(&self, bytes: &[u8]) -> Option<FrameHeader> {
        match self {
            Self::Adts(adts) => adts.frame(bytes),
            Self::Mpeg(mpeg) => mpeg.frame(bytes),
        }
    }

    fn rate(&self, kind: u32) -> u32 {
        match self {
            Self::Adts(adts) => adts.rate(kind),
            Self::Mpeg(mpeg) => mpeg.rate(kind),
        }
    }
}

/// The first frame found.
struct Begin {
    /// Its offset.
    at: u64,
    syntax: EitherSyntax,
    frame: FrameHeader,
    /// The bytes from it on.
    bytes: Bytes,
    /// The file is a WAVE file that contains these frames.
    wave: bool,
}

/// Finds the first frame after the tags, which end at `start`.
async fn begin(source: &dyn DynSource, start: u64) -> Result<Begin, Error> {
    let read = |most: u64| source.read(start..source.len().min(start + most));
    let mut bytes = read(WINDOW as u64).await?;
    let last = start + bytes.len() as u64 == source.len();
    if latm::is_latm(&bytes) {
        return Err(Unsupported::Kind { kind: "AAC in LATM (LOAS), whose frames do not begin at bytes" }.into());
    }
    if let Some((syntax, frame)) = at_once(&bytes, last) {
        return Ok(Begin { at: start, syntax, frame, bytes, wave: false });
    }
    if let Some(kind) = foreign::name(&bytes) {
        return Err(Unsupported::Kind { kind }.into());
    }
    // A program stream contains MPEG audio but is not MPEG audio.
    if bytes.starts_with(&[0, 0, 1]) && bytes.get(3).is_some_and(|code| *code >= 0xB9) {
        return Err(Error::Unknown);
    }
    let wave = start == 0 && bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WAVE");
    if !last {
        bytes = read(MAX_JUNK + WINDOW as u64).await?;
    }
    let Some((at, syntax, frame)) = later(&bytes) else {
        let tags_alone = Unsupported::Kind { kind: "tags with no sound behind them that is known" };
        return Err(if start > 0 { tags_alone.into() } else { Error::Unknown });
    };
    Ok(Begin { at: start + at as u64, syntax, frame, bytes: bytes.slice(at..), wave })
}

/// The frame at the beginning of these bytes.
fn at_once(bytes: &[u8], last: bool) -> Option<(EitherSyntax, FrameHeader)> {
    let here = |syntax: EitherSyntax| {
        let frame = syntax.frame(bytes).filter(|frame| follow(&syntax, bytes, frame.kind, BEGIN, last))?;
        Some((syntax, frame))
    };
    let free = || {
        // A cut has at most two generated frames before those of the original, and their headers give their lengths.
        let mut rest = bytes;
        for _ in 0..2 {
            let made = (Mpeg { free: None }).frame(rest).map_or(0, |made| made.size as usize);
            rest = rest.get(made..)?;
        }
        let syntax = EitherSyntax::Mpeg(Mpeg { free: Some(mpeg_audio::free_length(rest)?) });
        Some((syntax, syntax.frame(bytes)?))
    };
    here(EitherSyntax::Adts(Adts)).or_else(|| here(EitherSyntax::Mpeg(Mpeg { free: None }))).or_else(free)
}

/// The first frame among these bytes, and its offset.
fn later(bytes: &[u8]) -> Option<(usize, EitherSyntax, FrameHeader)> {
    let first = |syntax: EitherSyntax| {
        let (at, frame) = first(&syntax, bytes, BEGIN_LATER, false)?;
        Some((at, syntax, frame))
    };
    [EitherSyntax::Adts(Adts), EitherSyntax::Mpeg(Mpeg { free: None })]
        .into_iter()
        .filter_map(first)
        .min_by_key(|(at, ..)| *at)
}

/// Everything known about a file except its frames.
#[derive(Serialize, Deserialize)]
struct FrameFile {
    chapters: Chapters,
    created: Option<i64>,
    /// The location of the tag frame. Nothing else is needed: each frame describes itself.
    tag: Option<Range<u64>>,
    /// It is a WAVE file.
    wave: bool,
}

impl FrameFile {
    /// Reads the metadata in the tags.
    async fn look_into(
        &mut self,
        id3: Vec<Range<u64>>,
        source: &dyn DynSource,
        notes: &mut Notes,
    ) -> Result<(), Error> {
        for range in id3 {
            if range.end - range.start > MAX_TAG {
                notes.push(format!("a tag of {} bytes is not looked into", range.end - range.start));
                continue;
            }
            let found = id3::parse(&source.read(range).await?);
            for mark in found.chapters {
                self.chapters.push(mark);
            }
            self.created = self.created.or(found.created);
        }
        Ok(())
    }

    fn outline(self, container: Container, mime: &str, track: Track, setup: Vec<Setup>, notes: &mut Notes) -> Outline {
        let (from, to) = track.span();
        let duration = if track.edits.is_empty() { to } else { to - from };
        let (chapters, left_out) = self.chapters.finish(duration.max(Time::ZERO));
        for note in left_out {
            notes.push(note);
        }
        Outline {
            container,
            mime: if self.wave { "audio/wav" } else { mime }.to_owned(),
            duration,
            tracks: vec![track],
            setup,
            setup_ranges: self.tag.into_iter().collect(),
            elements: false,
            chapters,
            created: self.created,
            pages: 0,
            notes: Vec::new(),
            segments: None,
            format: FORMAT,
        }
    }
}

fn track(codec: String, rate: u32) -> Result<Track, Error> {
    let timescale = Timescale::per_second(rate).ok_or(Error::Unknown)?;
    let track = Track::new(1, Kind::Audio, codec, timescale, Setup::Inline(Bytes::new()));
    Ok(Track { sample_rate: Some(rate), ..track })
}

const fn run(offset: u64, frame: &FrameHeader, decode: Ticks, duration: Ticks) -> Run {
    Run {
        decode,
        composition: Ticks::ZERO,
        duration,
        offset,
        size: frame.size,
        count: 1,
        sync: true,
        disposable: false,
        private: kept(frame),
    }
}

/// How far the frames of a file reach back into the main data of earlier frames.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Reservoir {
    /// The number of bytes of main data in each of the last frames.
    last: VecDeque<u32>,
    /// The maximum number of frames reached back over.
    most: u32,
}

impl Reservoir {
    #[inline]
    fn push(&mut self, frame: &FrameHeader) {
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
