//! The movie fragments of a file, whose boxes are read one after the other to its end.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::MAX_BOXES;
use super::looks::{Looks, singly};
use crate::container::boxes::Box;
use crate::container::keyframe::Claim;
use crate::container::mp4::fragment::{self, TrackProgress};
use crate::container::mp4::movie::MovieTrack;
use crate::container::mp4::samples::description;
use crate::container::mp4::window::Window;
use crate::container::pass::PassOutput;
use crate::container::{DynSource, Error, TooLarge};
use crate::media::{Run, Ticks, Time};

/// The maximum size of a movie fragment, which describes some seconds.
const MAX_FRAGMENT: u64 = 16 << 20;
/// How much is read at the beginning of a box: it and the next header, if it is small.
const NEXT_READ: u64 = 16 << 10;
/// Shorter fragments are read completely, because skipping each would cost a round trip.
const READ_THROUGH: u64 = 256 << 10;

/// How many pictures of a movie fragment may be checked.
const MAX_DOUBTFUL: usize = 1 << 17;

/// How many boxes may be between the movie box and the first fragment when it is checked in advance.
const MAX_BOXES_BEFORE: u32 = 16;
/// A file that begins later than this is shifted to zero: no index extends much further.
const LATEST: Time = Time::from_secs(4 * 24 * 3600);

/// The start of the first movie fragment after `offset`, if it is too late for an index: a recording of what was on the
/// air may count from 1970.
pub async fn late_start(
    source: &dyn DynSource,
    window: &mut Window,
    mut offset: u64,
    tracks: &[MovieTrack<'_>],
) -> Result<Option<Time>, Error> {
    for _ in 0..MAX_BOXES_BEFORE {
        let found = match window.top_level(source, offset, NEXT_READ).await {
            Ok(Some(found)) => found,
            // Errors in the file are reported when its fragments are read.
            Ok(None) | Err(Error::Malformed { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        if found.kind.0 == *b"moof" && found.range.end - found.range.start <= MAX_FRAGMENT {
            let bytes = window.read(source, found.range, 0).await?;
            let starts = Box::read(&bytes, offset, "").and_then(|moof| fragment::starts(&moof)).unwrap_or_default();
            let times = starts.iter().filter_map(|(id, decode)| {
                let track = &tracks.iter().find(|track| track.track.id == u64::from(*id))?.track;
                Some(track.timescale.time(*decode))
            });
            return Ok(times.min().filter(|start| *start > LATEST));
        }
        offset = found.range.end;
    }
    Ok(None)
}

/// The progress of reading the fragments of a file.
#[derive(Debug, Serialize, Deserialize)]
pub struct MovieFragments {
    tracks: Vec<TrackProgress>,
    /// The check of each track's sync samples, if they can be checked.
    claims: Vec<Option<Claim>>,
    looks: Looks,
    /// The offset of the last one.
    last: Option<u64>,
    /// How much is read at the next box.
    ahead: u64,
    boxes: u32,
    #[serde(skip)]
    window: Window,
}

impl MovieFragments {
    /// For tracks with this progress before the first fragment.
    pub fn new(tracks: Vec<TrackProgress>, claims: Vec<Option<Claim>>, window: Window) -> Self {
        Self { tracks, claims, looks: Looks::default(), last: None, ahead: NEXT_READ, boxes: 0, window }
    }

    /// The notes on tracks with wrongly marked sync samples.
    pub fn notes(&self) -> impl Iterator<Item = String> {
        let claims = self.tracks.iter().zip(&self.claims);
        claims.filter_map(|(track, claim)| (*claim)?.note(track.defaults.track.into()))
    }

    /// Reads the box that begins at `offset`, and returns the offset of the next one; `None` if the file ends, or the
    /// rest cannot be parsed.
    pub async fn next(
        &mut self,
        source: &dyn DynSource,
        offset: u64,
        out: &mut PassOutput,
    ) -> Result<Option<u64>, Error> {
        let found = match self.window.top_level(source, offset, self.ahead).await {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(None),
            Err(Error::Malformed { what, .. }) => {
                out.notes.push(format!("ends with what is no box, at byte {offset}: {what}"));
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        self.boxes += 1;
        if self.boxes > MAX_BOXES {
            return Err(TooLarge::Count { what: "boxes", bound: MAX_BOXES.into() }.into());
        }
        if !matches!(&found.kind.0, b"mdat" | b"free" | b"skip") {
            out.builder.end_element(offset);
        }
        if found.kind.0 == *b"moof" && !self.fragment(source, found.range.clone(), out).await? {
            return Ok(None);
        }
        Ok(Some(found.range.end))
    }

    /// Reads a movie fragment. Returns whether it was valid.
    async fn fragment(
        &mut self,
        source: &dyn DynSource,
        range: Range<u64>,
        out: &mut PassOutput,
    ) -> Result<bool, Error> {
        let (offset, length) = (range.start, range.end - range.start);
        if length > MAX_FRAGMENT {
            return Err(TooLarge::Box { what: "a movie fragment", bytes: length, bound: MAX_FRAGMENT }.into());
        }
        let bytes = self.window.read(source, range, 0).await?;
        out.builder.begin_element(offset, 0, Ticks::ZERO);
        let (mut left_out, mut doubtful) = (false, Vec::new());
        let claims = &mut self.claims;
        let samples = |track, run: Run| {
            let count = run.count;
            let run = within(run, source.len());
            left_out |= run.as_ref().is_none_or(|run| run.count < count);
            let Some(run) = run else { return Ok(()) };
            out.builder.configure(track, run.decode, description(&run).into());
            if !claims.get(track).copied().flatten().is_some_and(Claim::is_open) {
                return Ok(out.builder.samples(track, run)?);
            }
            doubtful.push((track, run));
            if doubtful.len() > MAX_DOUBTFUL {
                return Err(TooLarge::Pictures { bound: MAX_DOUBTFUL }.into());
            }
            Ok(())
        };
        let moof = Box::read(&bytes, offset, "");
        let read = moof.and_then(|moof| fragment::read(&moof, offset, &mut self.tracks, samples));
        if left_out {
            out.notes.at(offset, "samples left out, which lie beyond the end of the file");
        }
        for (track, run) in doubtful {
            let Some(claim) = claims.get_mut(track).and_then(Option::as_mut) else { continue };
            for run in singly(&run) {
                let sync = self.looks.settle(source, claim, &run).await?;
                out.builder.samples(track, Run { sync, ..run })?;
            }
        }
        match read {
            Err(error @ Error::Malformed { .. }) => {
                out.notes.push(format!("ends with a damaged movie fragment: {error}"));
                return Ok(false);
            }
            other => other?,
        }
        let distance = self.last.replace(offset).map_or(0, |last| offset - last);
        self.ahead = if distance < READ_THROUGH { READ_THROUGH } else { (2 * length).clamp(NEXT_READ, READ_THROUGH) };
        Ok(true)
    }
}

/// The samples of a run within the file.
fn within(run: Run, file_length: u64) -> Option<Run> {
    let room = file_length.checked_sub(run.offset)?;
    match room.checked_div(u64::from(run.size)) {
        None => Some(run),
        Some(fitting) => run.slice(0..u32::try_from(fitting).unwrap_or(u32::MAX)),
    }
}
