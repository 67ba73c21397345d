//! Examines samples if a file marks more of them as sync samples than possible: no `stss` box though pictures refer to
//! others (§8.6.2), fragments without flags (§8.8.3.1), or with the wrong ones.

use std::ops::Range;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::MAX_MOVIE;
use crate::codec::{FrameOpening, KeyframeCoding, LOOK};
use crate::container::boxes::Box;
use crate::container::keyframe::Claim;
use crate::container::mp4::compressed;
use crate::container::mp4::movie::{Movie, MovieTrack};
use crate::container::mp4::samples::TrackSamples;
use crate::container::mp4::window::Window;
use crate::container::notes::Notes;
use crate::container::stream::CHUNK;
use crate::container::{DynSource, Error};
use crate::media::Run;

/// How many sync samples of a track are checked before the others are trusted.
pub const LOOKS: u32 = 8;
/// How many equal samples are checked one by one: pictures that refer to others differ in size.
const MAX_ALIKE: u32 = 1024;
/// How often a sample may be before one that was checked.
const MAX_BACK: u32 = 1 << 16;
/// How many sync samples are kept in memory: one a second for twelve days.
const MAX_FOUND: usize = 1 << 20;
/// The approximate number of steps through a file: each walks the tables from their beginning.
const STEPS: u64 = 64;

/// The samples of a run one by one, if they are to be checked.
pub fn singly(run: &Run) -> impl Iterator<Item = Run> {
    let step = if run.count > MAX_ALIKE { run.count } else { 1 };
    (0..run.count).step_by(step.max(1) as usize).filter_map(move |at| run.slice(at..at.saturating_add(step)))
}

/// Reads the first bytes of samples, which usually follow each other in the file.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Looks {
    /// The end of the checked part.
    furthest: u64,
    back: u32,
    #[serde(skip)]
    window: Window,
}

impl Looks {
    /// Whether decoding can begin at this sample, after examining it if necessary.
    pub async fn settle(&mut self, source: &dyn DynSource, claim: &mut Claim, run: &Run) -> Result<bool, Error> {
        let opening = match claim.looks(run.sync).filter(|_| run.count == 1) {
            Some(coding) => self.opening(source, coding, run, if claim.is_refuted() { CHUNK } else { 0 }).await?,
            None => return Ok(run.sync),
        };
        Ok(claim.settle(run.sync, opening))
    }

    async fn opening(
        &mut self,
        source: &dyn DynSource,
        coding: KeyframeCoding,
        run: &Run,
        ahead: u64,
    ) -> Result<Option<FrameOpening>, Error> {
        let (start, end) = (run.offset, run.bytes().end.min(run.offset.saturating_add(LOOK as u64)).min(source.len()));
        let back = start < self.furthest;
        self.back = self.back.saturating_add(u32::from(back));
        if start >= end || self.back > MAX_BACK {
            return Ok(None);
        }
        self.furthest = self.furthest.max(end);
        let bytes = self.window.read(source, start..end, if back { 0 } else { ahead }).await?;
        Ok(coding.opening(&bytes))
    }
}

/// The tracks of a movie box whose tables are not trusted, while their samples are examined.
#[derive(Debug, Serialize, Deserialize)]
pub struct Doubts {
    moov: Range<u64>,
    tracks: Vec<Doubt>,
    /// How many tracks are done, and how many samples of the next one.
    done: usize,
    samples: u32,
    looks: Looks,
    #[serde(skip)]
    bytes: Bytes,
}

/// A track whose sync samples are being determined.
#[derive(Debug, Serialize, Deserialize)]
struct Doubt {
    /// Its position among the tracks.
    place: usize,
    id: u64,
    claim: Claim,
    /// Their numbers, in the format of `stss`.
    found: Vec<u8>,
}

impl Doubts {
    /// The doubtful tracks of a movie box at this position, compressed or not: examines the first samples of those
    /// tracks whose second sample is also marked as a sync sample.
    pub async fn of(
        source: &dyn DynSource,
        moov: &Box<'_>,
        range: Range<u64>,
        tracks: &[MovieTrack<'_>],
    ) -> Result<Option<Self>, Error> {
        let (mut doubts, mut looks) = (Vec::new(), Looks::default());
        for (place, track) in tracks.iter().enumerate() {
            let Some(mut claim) = Claim::new(track.codec.pictures, LOOKS) else { continue };
            let samples = TrackSamples::read(&track.tables, source.len())?;
            let first: Vec<Run> = samples
                .take(LOOKS as usize)
                .flat_map(|run| singly(&run).collect::<Vec<_>>())
                .take(LOOKS as usize)
                .collect();
            if !first.get(1).is_some_and(|second| second.sync) {
                continue;
            }
            for run in &first {
                looks.settle(source, &mut claim, run).await?;
            }
            if claim.is_refuted() {
                doubts.push(Doubt { place, id: track.track.id, claim, found: Vec::new() });
            }
        }
        let bytes = Bytes::copy_from_slice(moov.whole);
        Ok((!doubts.is_empty()).then(|| Self { moov: range, tracks: doubts, done: 0, samples: 0, looks, bytes }))
    }

    /// Continues through the samples, and returns the offset reached; `None` at the end.
    pub async fn step(&mut self, source: &dyn DynSource) -> Result<Option<u64>, Error> {
        let (moov, offset) = self.movie(source).await?;
        let Some(doubt) = self.tracks.get_mut(self.done) else { return Ok(None) };
        let movie = Movie::read(&Box::read(&moov, offset, "")?)?;
        let Some(track) = movie.tracks.get(doubt.place) else { return Ok(None) };
        let (mut number, mut begun, enough) = (0_u32, None, source.len() / STEPS);
        for run in TrackSamples::read(&track.tables, source.len())? {
            let (first, behind) = (number, number.saturating_add(run.count));
            number = behind;
            if behind <= self.samples {
                continue;
            }
            for (sample, at) in singly(&run).zip(first..).skip_while(|(_, at)| *at < self.samples) {
                let sync = self.looks.settle(source, &mut doubt.claim, &sample).await?;
                if sync && doubt.found.len() < MAX_FOUND * 4 {
                    doubt.found.extend(at.saturating_add(1).to_be_bytes());
                }
            }
            self.samples = behind;
            if run.offset.saturating_sub(*begun.get_or_insert(run.offset)) > enough {
                return Ok(Some(run.offset));
            }
        }
        (self.done, self.samples) = (self.done + 1, 0);
        Ok(Some(self.moov.end))
    }

    /// The movie box and its offset.
    pub async fn movie(&mut self, source: &dyn DynSource) -> Result<(Bytes, u64), Error> {
        if self.bytes.is_empty() {
            let bytes = source.read(self.moov.clone()).await?;
            let inflated = compressed::inflated(&Box::read(&bytes, self.moov.start, "")?, MAX_MOVIE)?;
            self.bytes = inflated.map_or(bytes, Bytes::from);
        }
        Ok((self.bytes.clone(), self.moov.start))
    }

    /// The result for the track at this position: the numbers of its sync samples, in the format of `stss`.
    pub fn found(&self, place: usize) -> Option<&[u8]> {
        self.tracks.iter().find(|doubt| doubt.place == place).map(|doubt| doubt.found.as_slice())
    }

    /// Adds notes on these tracks.
    pub fn note(&self, notes: &mut Notes) {
        for note in self.tracks.iter().filter_map(|doubt| doubt.claim.note(doubt.id)) {
            notes.push(note);
        }
    }
}
