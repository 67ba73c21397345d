//! Which bytes of a file are media, by the engine's own index of the downloaded file.

use std::ops::Range;
use std::path::Path;

use reelspan_engine::fragment::resolve::Memory;
use reelspan_engine::fragment::uri;
use reelspan_engine::index::{Outline, Page};
use reelspan_engine::media::{Run, Time, Track};

use super::ranges::Ranges;
use super::verdict::Stop;
use crate::file::FileSource;

/// A file's structure.
#[derive(Debug)]
pub struct MediaStructure {
    /// Everything but its samples.
    pub outline: Outline,
    pages: Memory,
}

impl MediaStructure {
    /// Indexes a file.
    ///
    /// # Errors
    ///
    /// Why it cannot be indexed, as a line for a person.
    pub async fn of(path: &Path) -> Result<Self, String> {
        let source = FileSource::open(path).map_err(|error| error.to_string())?;
        let indexed = source.index().await.map_err(|error| error.to_string());
        // The reader of the message does not know the temporary file.
        let (outline, pages) =
            indexed.map_err(|error| error.trim_start_matches(&format!("{}: ", path.display())).to_owned())?;
        Ok(Self { outline, pages })
    }

    /// A description of the media that is not among these bytes; `None` if all is. For one track of the outline, or for
    /// all.
    pub fn uncovered(&self, place: Option<usize>, covered: &Ranges) -> Result<Option<String>, Stop> {
        let (mut bytes, mut first) = (0, None);
        for packed in self.pages.packed() {
            let page = Page::unpack(packed.number, &packed.bytes).map_err(|error| Stop::NotRun(error.to_string()))?;
            let parts = page.tracks.iter().enumerate().filter(|(at, _)| place.is_none_or(|place| place == *at));
            for (at, part) in parts {
                let Some(track) = self.outline.tracks.get(at) else { continue };
                for run in &part.runs {
                    for missing in covered.missing(&run.bytes()) {
                        bytes += missing.end - missing.start;
                        first.get_or_insert_with(|| sample(track, run, &missing));
                    }
                }
            }
        }
        Ok(first.map(|first| format!("{bytes} bytes in no piece, the first of {first}")))
    }

    /// Whether a sample of any track is presented within this stretch of time.
    pub fn has_samples(&self, stretch: Range<Time>) -> Result<bool, Stop> {
        for packed in self.pages.packed() {
            let page = Page::unpack(packed.number, &packed.bytes).map_err(|error| Stop::NotRun(error.to_string()))?;
            for (track, part) in self.outline.tracks.iter().zip(&page.tracks) {
                let time = |ticks| track.timescale.time(ticks - track.shift());
                let presented = part.runs.iter().map(|run| {
                    let start = run.presentation();
                    time(start)..time(start + run.duration.times(i64::from(run.count)))
                });
                if presented.into_iter().any(|run| run.start < stretch.end && run.end > stretch.start) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// The samples of a track, one by one.
    pub fn samples(&self, place: usize) -> Result<Vec<Run>, Stop> {
        let mut samples = Vec::new();
        for packed in self.pages.packed() {
            let page = Page::unpack(packed.number, &packed.bytes).map_err(|error| Stop::NotRun(error.to_string()))?;
            for run in page.tracks.get(place).map_or(&[][..], |part| &part.runs) {
                samples.extend((0..run.count).filter_map(|at| run.slice(at..at + 1)));
            }
        }
        Ok(samples)
    }

    /// The number of bytes of media.
    pub fn bytes(&self) -> u64 {
        self.outline.tracks.iter().map(|track| track.bytes).sum()
    }
}

/// The first sample that is missing here.
fn sample(track: &Track, run: &Run, missing: &Range<u64>) -> String {
    let size = u64::from(run.size.max(1));
    let number = (missing.start - run.offset) / size;
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    let time = track.timescale.time(run.presentation() + run.duration.times(number) - track.shift());
    format!(
        "the sample of track {} at {} s, bytes {}-{}",
        track.id,
        time.max(Time::ZERO),
        missing.start,
        missing.end - 1
    )
}

/// The names of a track, the likeliest first: its name, its number in the container, its kind. Encoded for a URL and a
/// header field.
pub fn names(track: &Track) -> Vec<String> {
    let name = track.name.as_ref().filter(|name| !name.is_empty()).map(|name| uri::encode(name).to_string());
    name.into_iter().chain([track.id.to_string(), track.kind.name().to_owned()]).collect()
}
