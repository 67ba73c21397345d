//! `reelspan inspect`: shows what the engine sees in a local file.

use std::fmt::Write as _;
use std::io::{self, BufWriter, Write as _};
use std::path::PathBuf;

use chrono::{DateTime, SecondsFormat};
use clap::Args;
use reelspan_engine::fragment::resolve::Memory;
use reelspan_engine::index::{CELL, Outline, Page, PageTrack};
use reelspan_engine::media::{Chapter, Run, Time, Track};
use reelspan_fragments::about;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::CommandError;
use crate::file::FileSource;

/// What to inspect.
#[derive(Debug, Args)]
pub struct InspectOptions {
    /// The file to inspect
    input: PathBuf,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Print in which forms a server gives the file out, and why not in others
    #[arg(long)]
    forms: bool,
}

/// Inspects a file, and prints the result.
///
/// # Errors
///
/// [`CommandError::Setup`] for a file that cannot be opened, [`CommandError::Failed`] for one whose structure is unknown.
pub fn run(options: &InspectOptions) -> Result<(), CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(CommandError::failed("starting"))?;
    let mut out = BufWriter::new(io::stdout().lock());
    let written = runtime.block_on(inspect(options, &mut out))?;
    match written.and_then(|()| out.flush()) {
        // The reader of the pipe has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(CommandError::failed("standard output")),
    }
}

async fn inspect(options: &InspectOptions, out: &mut impl io::Write) -> Result<io::Result<()>, CommandError> {
    let source = FileSource::open(&options.input)?;
    let (outline, memory) = source.index().await?;
    if options.forms {
        return Ok(forms(options, &outline, out));
    }
    let syncs = SyncSummary::of(&outline, &memory);
    let seen = InspectedFile { outline: &outline, memory: &memory, syncs, reads: source.reads() };
    if !options.json {
        return Ok(writeln!(out, "{}", seen.table()));
    }
    // Written point by point: a long file may have millions.
    let written = serde_json::to_writer_pretty(&mut *out, &seen.json()).map_err(io::Error::from);
    Ok(written.and_then(|()| writeln!(out)))
}

/// Writes in which forms a server gives the file out, as its `about.json` says.
fn forms(options: &InspectOptions, outline: &Outline, out: &mut impl io::Write) -> io::Result<()> {
    let name = options.input.file_name().unwrap_or_default().to_string_lossy();
    let forms = about::forms(&name, outline);
    if options.json {
        return writeln!(out, "{forms:#}");
    }
    for (form, about) in forms.as_object().into_iter().flatten() {
        let of = |member: &str| about.get(member).and_then(Value::as_str);
        if let Some(why) = of("unavailable") {
            writeln!(out, "{form:<10}  none: {why}")?;
        } else {
            let (mime, codecs) = (of("mime").unwrap_or_default(), of("codecs").unwrap_or_default());
            writeln!(out, "{form:<10}  {mime}  {codecs}")?;
        }
        if let Some(note) = of("note") {
            writeln!(out, "            {note}")?;
        }
    }
    Ok(())
}

/// How many sync points of a track, and how many pages, the table shows.
const SHOWN: usize = 12;

struct InspectedFile<'a> {
    outline: &'a Outline,
    memory: &'a Memory,
    syncs: Vec<SyncSummary>,
    reads: (u64, u64),
}

/// A track's sync samples.
#[derive(Clone, Default)]
struct SyncSummary {
    /// How many there are, and in how many runs.
    count: u64,
    runs: usize,
    /// The presentation times of the first runs, in seconds.
    first: Vec<f64>,
}

impl SyncSummary {
    /// The sync samples of all tracks: each page is unpacked once.
    fn of(outline: &Outline, memory: &Memory) -> Vec<Self> {
        let mut all = vec![Self::default(); outline.tracks.len()];
        for page in pages(memory) {
            for ((syncs, track), part) in all.iter_mut().zip(&outline.tracks).zip(&page.tracks) {
                for run in part.runs.iter().filter(|run| run.sync) {
                    syncs.count += u64::from(run.count);
                    syncs.runs += 1;
                    if syncs.first.len() < SHOWN {
                        syncs.first.push(sync_point(track, run));
                    }
                }
            }
        }
        all
    }
}

/// The pages, one after the other.
fn pages(memory: &Memory) -> impl Iterator<Item = Page> {
    memory.packed().filter_map(|packed| Page::unpack(packed.number, &packed.bytes).ok())
}

/// The presentation time (NPT) of a sync sample, in seconds.
fn sync_point(track: &Track, run: &Run) -> f64 {
    track.timescale.time(run.presentation() - track.shift()).as_secs_f64()
}

/// A list that is computed while it is written.
struct Lazy<F>(F);

impl<F: Fn() -> I, I: Iterator<Item = T>, T: Serialize> Serialize for Lazy<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

/// The output of `--json`.
#[derive(Serialize)]
struct Inspection<T, P> {
    chapters: Value,
    container: Value,
    created: Option<String>,
    duration: f64,
    mime: String,
    notes: Vec<String>,
    pages: P,
    read: Value,
    setup: Vec<[u64; 2]>,
    tracks: T,
}

/// A track, as `--json` prints it.
#[derive(Serialize)]
struct TrackDocument<P> {
    bytes: u64,
    codec: String,
    dimensions: Value,
    edits: Value,
    id: u64,
    kind: Value,
    language: Option<String>,
    name: Option<String>,
    samples: u64,
    sync_points: Points<P>,
    sync_samples: u64,
}

/// The sync points of a track.
#[derive(Serialize)]
#[serde(untagged)]
enum Points<P> {
    All(&'static str),
    These(P),
}

impl InspectedFile<'_> {
    /// The sync points for a person: the first of them, or a note that all samples are.
    fn sync_line(&self, place: usize, track: &Track) -> String {
        let Some(syncs) = self.syncs.get(place) else { return String::new() };
        if syncs.count == track.samples {
            return "all".to_owned();
        }
        let first: Vec<String> = syncs.first.iter().map(|seconds| format!("{seconds:.3}")).collect();
        match syncs.runs.checked_sub(SHOWN) {
            Some(more) if more > 0 => format!("{}, and {more} more", first.join(" ")),
            _ => first.join(" "),
        }
    }

    /// The chapters for a person, one a line.
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
        self.syncs.get(place).map_or(0, |syncs| syncs.count)
    }

    fn index_bytes(&self) -> usize {
        self.memory.packed().map(|page| page.bytes.len()).sum()
    }

    /// The time of recording, in the format of RFC 3339.
    fn created(&self) -> Option<String> {
        let created = self.outline.created.map(DateTime::from_timestamp_nanos);
        created.map(|created| created.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }

    fn json(&self) -> impl Serialize {
        let (outline, memory) = (self.outline, self.memory);
        let tracks = outline.tracks.iter().enumerate().map(|(place, track)| TrackDocument {
            bytes: track.bytes,
            codec: track.codec.clone(),
            dimensions: json!(track.dimensions),
            edits: json!(track.edits),
            id: track.id,
            kind: json!(track.kind),
            language: track.language.clone(),
            name: track.name.clone(),
            samples: track.samples,
            sync_points: if self.sync_count(place) < track.samples {
                Points::These(Lazy(move || {
                    let runs = pages(memory).flat_map(move |mut page| {
                        page.tracks.get_mut(place).map(|part| std::mem::take(&mut part.runs)).unwrap_or_default()
                    });
                    runs.filter(|run| run.sync).map(|run| sync_point(track, &run))
                }))
            } else {
                Points::All("all")
            },
            sync_samples: self.sync_count(place),
        });
        let chapters = outline.chapters.iter().map(|chapter| {
            json!({
                "titles": chapter.titles,
                "ids": chapter.ids,
                "start": chapter.interval.start().as_secs_f64(),
                "end": chapter.interval.end().as_secs_f64(),
            })
        });
        let pages = move || {
            memory.packed().zip(pages(memory)).map(|(packed, page)| {
                let samples =
                    page.tracks.iter().map(|part| part.runs.iter().map(|run| u64::from(run.count)).sum::<u64>());
                json!({
                    "number": page.number,
                    "bytes": packed.bytes.len(),
                    "samples": samples.collect::<Vec<_>>(),
                    "elements": page.elements.len(),
                })
            })
        };
        Inspection {
            chapters: chapters.collect(),
            container: json!(outline.container),
            created: self.created(),
            duration: outline.duration.as_secs_f64(),
            mime: outline.mime.clone(),
            notes: outline.notes.clone(),
            pages: Lazy(pages),
            read: json!({ "bytes": self.reads.0, "calls": self.reads.1 }),
            setup: outline.setup_ranges.iter().map(|range| [range.start, range.end]).collect(),
            tracks: tracks.collect::<Vec<_>>(),
        }
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
            self.memory.len()
        );
        for (packed, page) in self.memory.packed().zip(pages(self.memory)).take(SHOWN) {
            let count = |part: &PageTrack| part.runs.iter().map(|run| u64::from(run.count)).sum::<u64>().to_string();
            let samples: Vec<String> = page.tracks.iter().map(count).collect();
            let (from, length) = (Time(CELL.0.saturating_mul(i64::from(page.number))), packed.bytes.len());
            let _ =
                write!(out, "\nP{:06}  from {from} s  {length:>6} bytes  samples {}", page.number, samples.join(" + "));
        }
        if let Some(more) = self.memory.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            let _ = write!(out, "\nand {more} more, which --json has");
        }
        for note in &outline.notes {
            let _ = write!(out, "\nnote: {note}");
        }
        out
    }
}
