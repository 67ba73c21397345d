//! `reelspan inspect`: what the engine sees in a plain file.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::PathBuf;

use chrono::{DateTime, SecondsFormat};
use clap::Args;
use reelspan::index::{CELL, Outline, Page, PageTrack};
use reelspan::media::{Chapter, Run, Time, Track};
use reelspan::resolve::{Memory, Pages};
use serde_json::{Value, json};

use crate::Error;
use crate::file::FileSource;

/// What to look at.
#[derive(Debug, Args)]
pub struct Options {
    /// The file to look at
    input: PathBuf,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// Inspects.
///
/// # Errors
///
/// [`Error::Setup`] for a file that cannot be opened, [`Error::Failed`] for one whose structure is not known.
pub fn run(options: &Options) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(Error::failed("starting"))?;
    let text = runtime.block_on(inspect(options))?;
    match writeln!(io::stdout().lock(), "{text}") {
        // Whoever reads has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(Error::failed("standard output")),
    }
}

async fn inspect(options: &Options) -> Result<String, Error> {
    let source = FileSource::open(&options.input)?;
    let (outline, mut memory) = source.index().await?;
    let pages = memory.load(0..=outline.pages).await.map_err(Error::failed(options.input.display()))?;
    let seen = Seen { outline: &outline, memory: &memory, pages: &pages, reads: source.reads() };
    Ok(if options.json { format!("{:#}", seen.json()) } else { seen.table() })
}

/// How many sync points of a track, and how many pages, the table shows.
const SHOWN: usize = 12;

struct Seen<'a> {
    outline: &'a Outline,
    memory: &'a Memory,
    pages: &'a [Page],
    reads: (u64, u64),
}

impl Seen<'_> {
    fn runs(&self, place: usize) -> impl Iterator<Item = &Run> {
        self.pages.iter().filter_map(move |page| page.tracks.get(place)).flat_map(|part| &part.runs)
    }

    /// Normal play time of a track's sync samples, in seconds.
    fn sync_points(&self, place: usize, track: &Track) -> Vec<f64> {
        let syncs = self.runs(place).filter(|run| run.sync);
        syncs.map(|run| track.timescale.time(run.presentation() - track.shift()).as_secs_f64()).collect()
    }

    /// The sync points for a person: the first of them, or that all samples are.
    fn sync_line(&self, place: usize, track: &Track) -> String {
        if self.sync_count(place) == track.samples {
            return "all".to_owned();
        }
        let points = self.sync_points(place, track);
        let first: Vec<String> = points.iter().take(SHOWN).map(|seconds| format!("{seconds:.3}")).collect();
        match points.len().checked_sub(SHOWN) {
            Some(more) if more > 0 => format!("{}, and {more} more", first.join(" ")),
            _ => first.join(" "),
        }
    }

    /// The chapters for a person, a line each.
    fn chapter_lines(&self) -> String {
        let chapters = &self.outline.chapters;
        let mut lines = if chapters.is_empty() { String::new() } else { "\n".to_owned() };
        for Chapter { titles, ids, interval } in chapters {
            let names: Vec<String> =
                titles.iter().map(|title| format!("{title:?}")).chain(ids.iter().cloned()).collect();
            // Writing to a string does not fail.
            let _ = write!(lines, "\nchapter {interval}: {}", names.join(" "));
        }
        lines
    }

    fn sync_count(&self, place: usize) -> u64 {
        self.runs(place).filter(|run| run.sync).map(|run| u64::from(run.count)).sum()
    }

    fn index_bytes(&self) -> usize {
        self.memory.packed().map(|page| page.bytes.len()).sum()
    }

    /// When it was recorded, as RFC 3339 writes it.
    fn created(&self) -> Option<String> {
        let created = self.outline.created.map(DateTime::from_timestamp_nanos);
        created.map(|created| created.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }

    fn json(&self) -> Value {
        let outline = self.outline;
        let tracks = outline.tracks.iter().enumerate().map(|(place, track)| {
            let sparse = self.sync_count(place) < track.samples;
            json!({
                "id": track.id,
                "kind": track.kind,
                "codec": track.codec,
                "language": track.language,
                "name": track.name,
                "dimensions": track.dimensions,
                "samples": track.samples,
                "bytes": track.bytes,
                "sync_samples": self.sync_count(place),
                "sync_points": if sparse { json!(self.sync_points(place, track)) } else { json!("all") },
                "edits": track.edits,
            })
        });
        let chapters = outline.chapters.iter().map(|chapter| {
            json!({
                "titles": chapter.titles,
                "ids": chapter.ids,
                "start": chapter.interval.start().as_secs_f64(),
                "end": chapter.interval.end().as_secs_f64(),
            })
        });
        let pages = self.memory.packed().zip(self.pages).map(|(packed, page)| {
            let samples = page.tracks.iter().map(|part| part.runs.iter().map(|run| u64::from(run.count)).sum::<u64>());
            json!({
                "number": page.number,
                "bytes": packed.bytes.len(),
                "samples": samples.collect::<Vec<_>>(),
                "elements": page.elements.len(),
            })
        });
        json!({
            "container": outline.container,
            "mime": outline.mime,
            "duration": outline.duration.as_secs_f64(),
            "created": self.created(),
            "setup": outline.setup_ranges.iter().map(|range| [range.start, range.end]).collect::<Vec<_>>(),
            "tracks": tracks.collect::<Vec<_>>(),
            "chapters": chapters.collect::<Vec<_>>(),
            "pages": pages.collect::<Vec<_>>(),
            "read": { "bytes": self.reads.0, "calls": self.reads.1 },
            "notes": outline.notes,
        })
    }

    fn table(&self) -> String {
        let outline = self.outline;
        let samples: u64 = outline.tracks.iter().map(|track| track.samples).sum();
        let created = self.created().map_or_else(String::new, |created| format!(", of {created}"));
        let mut out = format!("{}, {} seconds{created}\n\n", outline.mime, outline.duration);
        let mut line = |columns: [&str; 8]| {
            let [id, kind, codec, language, name, samples, syncs, bytes] = columns;
            let row = format!(
                "{id:>5}  {kind:<5}  {codec:<16}  {language:<8}  {samples:>10}  {syncs:>10}  {bytes:>13}  {name}"
            );
            out.push_str(row.trim_end());
            out.push('\n');
        };
        line(["track", "kind", "codec", "language", "name", "samples", "sync", "bytes"]);
        for (place, track) in outline.tracks.iter().enumerate() {
            line([
                &track.id.to_string(),
                track.kind.name(),
                &track.codec,
                track.language.as_deref().unwrap_or("-"),
                track.name.as_deref().unwrap_or(""),
                &track.samples.to_string(),
                &self.sync_count(place).to_string(),
                &track.bytes.to_string(),
            ]);
        }
        // Writing to a string does not fail.
        for (place, track) in outline.tracks.iter().enumerate() {
            let _ = write!(out, "\nsync points of track {}: {}", track.id, self.sync_line(place, track));
        }
        out.push_str(&self.chapter_lines());
        let (bytes, calls) = self.reads;
        let index = self.index_bytes();
        let _ = write!(
            out,
            "\n\n{} pages, {index} bytes of index for {samples} samples; {bytes} bytes read in {calls} calls",
            self.pages.len()
        );
        for (packed, page) in self.memory.packed().zip(self.pages).take(SHOWN) {
            let count = |part: &PageTrack| part.runs.iter().map(|run| u64::from(run.count)).sum::<u64>().to_string();
            let samples: Vec<String> = page.tracks.iter().map(count).collect();
            let (from, length) = (Time(CELL.0.saturating_mul(i64::from(page.number))), packed.bytes.len());
            let _ =
                write!(out, "\nP{:06}  from {from} s  {length:>6} bytes  samples {}", page.number, samples.join(" + "));
        }
        if let Some(more) = self.pages.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            let _ = write!(out, "\nand {more} more, which --json has");
        }
        for note in &outline.notes {
            let _ = write!(out, "\nnote: {note}");
        }
        out
    }
}
