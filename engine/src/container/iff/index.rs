//! The index half: examines the chunks one after the other; the samples are computed, not read.

use std::ops::Range;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::chunks::{IffChunk, IffChunks};
use super::dialect::{Dialect, Id};
use super::meta::{self, Marks};
use super::{CONTAINER, SoundFormat, comm, fmt};
use crate::container::notes::Notes;
use crate::container::pass::PassOutput;
use crate::container::stream::SourceStream;
use crate::container::{Error, pass};
use crate::index::{Chapters, FORMAT, Outline};
use crate::media::{Kind, Private, Run, Setup, Ticks, Time, Timescale, Track};

/// How many bytes of `fmt ` or `COMM` are read; ADPCM has a table of 32.
const MAX_FORMAT: u64 = 1 << 10;
/// How many bytes of `bext` are read; the rest is its coding history.
const MAX_BEXT: u64 = 4 << 10;
/// The maximum size of another chunk that a cut copies: titles, names. Every request reads them.
const MAX_KEPT: u64 = 1 << 10;
/// The maximum size of a chunk of marks or labels.
const MAX_MARKS: u64 = 64 << 10;
/// A size that means unknown, or given in `ds64`.
const UNKNOWN: u64 = 0xFFFF_FFFF;

/// A file, whose structure is read at once: there are few pages.
///
/// # Errors
///
/// [`Error::Malformed`] if there is no sound, or its format is missing or invalid; [`Error::Unsupported`] for codecs
/// without a fixed block size. Other truncated or missing parts are reported in [`Outline::notes`].
#[derive(Serialize, Deserialize)]
pub struct IffPass {
    rate: Timescale,
    chapters: Chapters,
    /// Without what is known only once the index is built: the tracks, the duration and the chapters.
    outline: Outline,
}

impl pass::IndexPass for IffPass {
    async fn begin(stream: &mut SourceStream<'_>, out: &mut PassOutput) -> Result<Self, Error> {
        let (begin, start) = IffChunks::start(stream.source()).await?;
        let dialect = Dialect::of(&start).ok_or(Error::Unknown)?;
        let mut form = FormChunks::new(dialect, begin, &start, stream.len());
        let mut chunks = IffChunks::new(stream.source(), dialect, begin, start);
        while let Some(chunk) = chunks.next().await? {
            form.take(&mut chunks, &chunk).await?;
        }
        form.indexed(out)
    }

    async fn step(&mut self, _: &mut SourceStream<'_>, _: &mut PassOutput) -> Result<bool, Error> {
        Ok(false)
    }

    fn outline(self, tracks: Vec<Track>, notes: &mut Notes) -> Result<Outline, Error> {
        let Self { rate, chapters, outline } = self;
        let duration = tracks.first().map_or(Time::ZERO, |track| rate.time(track.presented.1));
        let (chapters, left_out) = chapters.finish(duration);
        for note in left_out {
            notes.push(note);
        }
        Ok(Outline { duration, tracks, chapters, ..outline })
    }
}

/// The parts of a file read so far.
struct FormChunks {
    dialect: Dialect,
    begin: u64,
    /// The declared end of the form, and the end of the file.
    end: u64,
    length: u64,
    sound: Option<SoundFormat>,
    /// The bytes of the samples.
    data: Option<Range<u64>>,
    /// The declared number of samples (`fact`), or blocks (`COMM`).
    samples: Option<u64>,
    blocks: Option<u64>,
    /// RF64: the size of the data chunk, and the number of samples.
    large: Option<(u64, u64)>,
    kept: Vec<(Id, Bytes)>,
    marks: Marks,
    created: Option<i64>,
    notes: Vec<String>,
}

impl FormChunks {
    /// For this dialect, in a file of this length, at `begin` with these bytes.
    fn new(dialect: Dialect, begin: u64, start: &[u8], length: u64) -> Self {
        let size = match dialect {
            Dialect::Wave64 => dialect.u64(start, 16),
            _ => dialect.u32(start, 4).map(|size| u64::from(size).saturating_add(8)),
        };
        Self {
            dialect,
            begin,
            end: begin.saturating_add(size.unwrap_or(0)),
            length,
            sound: None,
            data: None,
            samples: None,
            blocks: None,
            large: None,
            kept: Vec::new(),
            marks: Marks::default(),
            created: None,
            notes: Vec::new(),
        }
    }

    /// Takes what matters of a chunk.
    async fn take(&mut self, chunks: &mut IffChunks<'_>, chunk: &IffChunk) -> Result<(), Error> {
        let dialect = self.dialect;
        match &chunk.id {
            id if *id == *dialect.sound().0 && self.data.is_none() => {
                let offset = if dialect.is_aiff() { dialect.u32(&chunks.data(chunk, 4).await?, 0) } else { None };
                let end = self.sound_of(chunk, offset.unwrap_or(0).into());
                chunks.go_on_behind(end);
            }
            b"ds64" => {
                let data = chunks.data(chunk, 28).await?;
                self.large = dialect.u64(&data, 8).zip(dialect.u64(&data, 16));
            }
            b"fmt " if self.sound.is_none() => {
                let data = chunks.data(chunk, MAX_FORMAT).await?;
                self.sound = Some(fmt::parse(dialect, &data, chunk.offset)?);
                self.keep(chunk, &data);
            }
            b"COMM" if self.sound.is_none() => {
                let data = chunks.data(chunk, MAX_FORMAT).await?;
                let (sound, blocks) = comm::parse(dialect, &data, chunk.offset)?;
                (self.sound, self.blocks) = (Some(sound), Some(u64::from(blocks)));
                self.keep(chunk, &data);
            }
            b"fact" => {
                let data = chunks.data(chunk, 8).await?;
                let short = dialect.u32(&data, 0).map(u64::from);
                self.samples = if dialect == Dialect::Wave64 { dialect.u64(&data, 0) } else { short };
                // A cut writes a new number.
                self.kept.push((chunk.id, Bytes::new()));
            }
            b"bext" => {
                let data = chunks.data(chunk, MAX_BEXT).await?;
                self.created = meta::recorded(&data);
                self.keep(chunk, &data);
            }
            b"cue " => self.marks.cues(dialect, &chunks.data(chunk, MAX_MARKS).await?),
            b"MARK" => self.marks.markers(dialect, &chunks.data(chunk, MAX_MARKS).await?),
            b"LIST" => {
                let data = chunks.data(chunk, MAX_MARKS).await?;
                match data.split_first_chunk() {
                    Some((b"adtl", labels)) => self.marks.labels(dialect, labels),
                    Some((b"INFO", _)) if chunk.size <= MAX_KEPT => self.keep(chunk, &data),
                    _ => {}
                }
            }
            b"FVER" | b"CHAN" | b"NAME" | b"AUTH" | b"(c) " | b"ANNO" if chunk.size <= MAX_KEPT => {
                let data = chunks.data(chunk, MAX_KEPT).await?;
                self.keep(chunk, &data);
            }
            _ => {}
        }
        Ok(())
    }

    /// Keeps this chunk for cuts.
    fn keep(&mut self, chunk: &IffChunk, data: &[u8]) {
        // A copy, so that a few bytes do not keep everything that was read with them.
        self.kept.push((chunk.id, Bytes::copy_from_slice(data)));
    }

    /// Finds the samples, `offset` bytes after their first possible position, and returns the end of their chunk.
    fn sound_of(&mut self, chunk: &IffChunk, offset: u64) -> u64 {
        let declared = self.end_of(chunk);
        if declared > self.length {
            self.notes.push(format!("it is truncated: its sound ends at byte {declared}, the file at {}", self.length));
        }
        let end = declared.min(self.length);
        let (_, before) = self.dialect.sound();
        let first = chunk.body.saturating_add(before).min(end);
        self.data = Some(first.checked_add(offset).filter(|offset| *offset < end).unwrap_or(first)..end);
        end
    }

    /// The end of the samples' chunk, despite wrong sizes. Recorders that stopped abruptly, and programs that write to
    /// a pipe, leave a size of zero, all ones, or the largest possible; beyond 4 GiB some wrap around to zero.
    fn end_of(&self, chunk: &IffChunk) -> u64 {
        const WRAP: u64 = 1 << 32;
        let rest = self.length.saturating_sub(self.end);
        match (chunk.size, self.large, self.dialect) {
            (size, _, Dialect::Wave64) | (UNKNOWN, Some((size @ 1.., _)), _) => chunk.body.saturating_add(size),
            (UNKNOWN, _, _) => self.length,
            (0, _, _) if self.end != self.length => self.length,
            (0x7FFF_F000..=0x8000_0000 | 0xFFFF_F000.., _, _)
                if chunk.body.saturating_add(chunk.size) > self.length =>
            {
                self.length
            }
            (size, _, _) if rest > 0 && rest.is_multiple_of(WRAP) => {
                chunk.body.saturating_add(size).saturating_add(rest)
            }
            (size, _, _) => chunk.body.saturating_add(size),
        }
    }

    /// Gives the samples, and makes the outline.
    fn indexed(mut self, out: &mut PassOutput) -> Result<IffPass, Error> {
        let missing = |what: &str| Error::Malformed {
            offset: self.length,
            path: "form".to_owned(),
            what: format!("no {what} chunk, which is required"),
        };
        let (format, sound) = if self.dialect.is_aiff() { ("COMM", "SSND") } else { ("fmt", "data") };
        let what = self.sound.clone().ok_or_else(|| missing(format))?;
        let data = self.data.clone().ok_or_else(|| missing(sound))?;
        let runs = self.runs(&what, &data);

        let rate = what.rate;
        let name = self.dialect.name();
        let chunks = self.kept.iter().map(|(id, data)| Setup::Inline([id, data.as_ref()].concat().into()));
        let setup = std::iter::once(Setup::Inline(name.to_vec().into())).chain(chunks).collect();
        out.builder.add_track(track(what));
        for run in runs {
            out.builder.samples(0, run)?;
        }
        let chapters = self.marks.chapters(rate);
        let outline = Outline {
            container: CONTAINER,
            mime: self.dialect.mime().to_owned(),
            duration: Time::ZERO,
            tracks: Vec::new(),
            setup,
            setup_ranges: std::iter::once(self.begin..data.start).collect(),
            elements: false,
            chapters: Vec::new(),
            created: self.created,
            pages: 0,
            notes: Vec::new(),
            segments: None,
            format: FORMAT,
        };
        for note in self.notes {
            out.notes.push(note);
        }
        Ok(IffPass { rate, chapters, outline })
    }

    /// The blocks: whole ones, all alike, and one at the end that may be shorter, or contain fewer samples.
    fn runs(&mut self, sound: &SoundFormat, data: &Range<u64>) -> Vec<Run> {
        let (block, samples) = (u64::from(sound.block), u64::from(sound.samples));
        let bytes = data.end.saturating_sub(data.start);
        let (mut blocks, mut rest) = (bytes / block, bytes % block);
        // Writers disagree on what to count if a block has several samples, and some never wrote a count.
        let declared = self.blocks.filter(|declared| *declared > 0 && samples == 1);
        if let Some(declared) = declared.filter(|declared| *declared < blocks) {
            (blocks, rest) = (declared, 0);
        } else if declared.is_some_and(|declared| declared > blocks) && data.end < self.length {
            self.notes.push("its COMM chunk speaks of more sound than there is".to_owned());
        }
        if samples == 1 && rest > 0 {
            self.notes.push(format!("{rest} bytes at the end are no whole sample"));
            rest = 0;
        }
        let (_, large) = self.large.unzip();
        let total = self.samples.filter(|samples| *samples != UNKNOWN).or(large).filter(|_| samples > 1);
        let all = blocks.saturating_mul(samples).saturating_add(rest.saturating_mul(samples) / block);
        // Declared silence at the end of the last block is not counted; a number that is further off is ignored.
        let total = total.filter(|total| *total < all && all - *total < samples).unwrap_or(all);
        let whole = blocks.min(total / samples);
        let mut runs = Vec::with_capacity(2);
        let mut run = |first: u64, count: u64, bytes: u64, samples: u64| {
            let (mut first, mut left) = (first, count);
            while left > 0 {
                let count = u32::try_from(left).unwrap_or(u32::MAX);
                runs.push(Run {
                    decode: ticks(first.saturating_mul(u64::from(sound.samples))),
                    composition: Ticks::ZERO,
                    duration: ticks(samples),
                    offset: data.start + first * block,
                    size: u32::try_from(bytes).unwrap_or(u32::MAX),
                    count,
                    sync: true,
                    disposable: false,
                    private: Private::NONE,
                });
                (first, left) = (first + u64::from(count), left - u64::from(count));
            }
        };
        run(0, whole, block, samples);
        let last = if blocks > whole { block } else { rest };
        let samples = total.saturating_sub(whole.saturating_mul(samples));
        run(whole, u64::from(last > 0 && samples > 0), last, samples);
        runs
    }
}

fn ticks(samples: u64) -> Ticks {
    Ticks(i64::try_from(samples).unwrap_or(i64::MAX))
}

/// The only track. The builder fills in what it counts.
fn track(sound: SoundFormat) -> Track {
    let track = Track::new(1, Kind::Audio, sound.codec, sound.rate, Setup::Inline(Bytes::new()));
    // Old machines have fractions of a sample a second.
    let rate = sound.rate.ticks_per_second().or_else(|| u32::try_from(sound.rate.ticks(Time::from_secs(1)).0).ok());
    Track { sample_rate: rate, channels: Some(sound.channels), ..track }
}
