//! From tags to samples: a track of pictures and one of sound, and more if the tags say so, in file order.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::clock::Clock;
use super::descriptions::Descriptions;
use super::{OTHER_CODEC, Of, Tag};
use crate::container::Error;
use crate::container::flv::Kept;
use crate::container::flv::amf::MetaData;
use crate::container::flv::packet::{Codec, stated};
use crate::container::flv::tag::VIDEO;
use crate::container::pass::Output;
use crate::index::Builder;
use crate::media::{Kind, Run, Setup, Ticks, Timescale, Track};

/// How long a sample waits for the next one of its track, in milliseconds of the other: its page is open for 80
/// seconds.
const MAX_WAIT: Ticks = Ticks(60_000);

/// A frame with a longer duration does not predict the last one, which then lasts until the other tracks end, and at
/// least as long as a usual frame.
const LONG: Ticks = Ticks(1_000);
const FRAME: Ticks = Ticks(40);

/// The maximum number of tracks in a file: each request reads their descriptions.
const MAX_TRACKS: usize = 64;

/// The description number that means none.
const NONE: u16 = 1;

/// The tracks while they are added to the index.
#[derive(Default, Serialize, Deserialize)]
pub struct Lanes {
    /// All tracks with a tag.
    all: Vec<Lane>,
    /// How many of them have samples.
    tracks: usize,
    clock: Clock,
}

/// One track.
#[derive(Serialize, Deserialize)]
struct Lane {
    of: Of,
    /// Its position in the file's list of tracks, which are ordered by their first samples.
    place: Option<usize>,
    codec: Option<Codec>,
    /// The first description used by frames, and the current one.
    first: u16,
    description: u16,
    /// The first byte of its first frame.
    begins: Option<u8>,
    latest: Option<Ticks>,
    /// The last sample, until its duration is known.
    waiting: Option<Run>,
    /// The last known duration of a sample.
    usual: Ticks,
}

/// A track with only its kind, and its timescale of milliseconds.
fn track(kind: Kind) -> Track {
    Track::new(0, kind, String::new(), MILLISECONDS, Setup::Inline(Bytes::new()))
}

const MILLISECONDS: Timescale = match Timescale::per_second(1000) {
    Some(milliseconds) => milliseconds,
    None => unreachable!(),
};

impl Lanes {
    /// The track of a tag; `None` if there are too many.
    fn lane(&mut self, of: Of) -> Option<&mut Lane> {
        if self.all.iter().all(|lane| lane.of != of) && self.all.len() < MAX_TRACKS {
            self.all.push(Lane::new(of));
        }
        self.all.iter_mut().find(|lane| lane.of == of)
    }

    /// Whether a configuration for this codec is valid for the track.
    pub fn configures(&mut self, of: Of, codec: Codec) -> bool {
        self.lane(of).is_some_and(|lane| lane.place.is_none() || lane.codec == Some(codec))
    }

    /// Sets the description of the following samples. Returns whether earlier samples had another one.
    pub fn configure(&mut self, of: Of, codec: Codec, description: u16) -> bool {
        let Some(lane) = self.lane(of) else { return false };
        lane.codec = Some(codec);
        let anew = lane.place.is_some() && lane.description != description;
        lane.description = description;
        anew
    }

    /// Takes a frame. Returns whether it is a sample.
    pub fn frame(
        &mut self,
        tag: &Tag<'_>,
        of: Of,
        codec: Codec,
        (sync, composition, data): (bool, Ticks, usize),
        out: &mut Output,
    ) -> Result<bool, Error> {
        let next = self.tracks;
        let Some(lane) = self.lane(of) else {
            out.notes.at(tag.offset, "a tag of one track too many is passed over");
            return Ok(false);
        };
        if *lane.codec.get_or_insert(codec) != codec {
            out.notes.at(tag.offset, OTHER_CODEC);
            return Ok(false);
        }
        lane.description = lane.description.max(NONE);
        lane.begins = lane.begins.or(tag.payload.first().copied());
        if codec.configured() && lane.description == NONE {
            out.notes.at(tag.offset, "a frame before its decoder is configured is passed over");
            return Ok(false);
        }
        let (before, usual, description) = (lane.latest, lane.usual, lane.description);
        let last = lane.waiting.as_ref().map(|run| Kept::of(run).description);
        if lane.place.is_none() {
            (lane.place, lane.first) = (Some(next), description);
            self.tracks += 1;
            out.builder.add_track(track(of.media()));
        }
        let decode = self.clock.time(tag.header.timestamp, before, usual, tag.offset, &mut out.notes);
        // What needs another description has a time of its own.
        let differs = last.is_some_and(|last| last != description) && before == Some(decode);
        let (decode, composition) =
            if differs { (decode + Ticks(1), composition - Ticks(1)) } else { (decode, composition) };
        for lane in &mut self.all {
            let late = lane.latest.is_some_and(|latest| decode - latest >= MAX_WAIT);
            if (lane.of == of || late)
                && let Some((place, run)) = lane.place.zip(lane.settle(decode))
            {
                add(&mut out.builder, place, run)?;
            }
        }
        if let Some(lane) = self.lane(of) {
            lane.latest = Some(decode);
            lane.waiting = Some(Run {
                decode,
                composition,
                duration: Ticks::ZERO,
                offset: tag.offset,
                // Less than 16 MiB, and at most four bytes after it.
                size: tag.header.tag_size() + u32::try_from(tag.trailer).unwrap_or(0),
                count: 1,
                sync,
                disposable: false,
                private: Kept { description, trailer: tag.trailer, data }.pack(),
            });
        }
        Ok(true)
    }

    /// The end of the file: gives the samples that wait.
    pub fn end(&mut self, builder: &mut Builder) -> Result<(), Error> {
        let end = self.all.iter().filter(|lane| lane.usual < LONG).filter_map(Lane::end).max();
        for lane in &mut self.all {
            let until = match (lane.end().unwrap_or_default(), end) {
                (until, Some(end)) if lane.usual >= LONG => until.min(end.max(lane.latest.unwrap_or_default() + FRAME)),
                (until, _) => until,
            };
            if let Some((place, run)) = lane.place.zip(lane.settle(until)) {
                add(builder, place, run)?;
            }
        }
        Ok(())
    }

    /// The tracks that have samples, with their descriptions.
    pub fn describe(self, tracks: Vec<Track>, descriptions: &Descriptions, metadata: &MetaData) -> Vec<Track> {
        let described = tracks.into_iter().enumerate().filter_map(|(place, track)| {
            let lane = self.all.iter().find(|lane| lane.place == Some(place))?;
            Some(lane.describe(track, descriptions, metadata))
        });
        described.collect()
    }
}

/// Adds a sample to the index, with what its decoder needs.
fn add(builder: &mut Builder, place: usize, run: Run) -> Result<(), Error> {
    builder.configure(place, run.decode, Kept::of(&run).description.into());
    Ok(builder.samples(place, run)?)
}

impl Lane {
    const fn new(of: Of) -> Self {
        Self {
            of,
            place: None,
            codec: None,
            first: 0,
            description: 0,
            begins: None,
            latest: None,
            waiting: None,
            usual: Ticks::ZERO,
        }
    }

    /// The end of its last sample, if that lasts as long as the one before.
    fn end(&self) -> Option<Ticks> {
        Some(self.latest? + self.usual)
    }

    /// The waiting sample, which lasts until this time.
    fn settle(&mut self, until: Ticks) -> Option<Run> {
        let mut run = self.waiting.take()?;
        run.duration = (until - run.decode).max(Ticks::ZERO);
        if run.duration > Ticks::ZERO {
            self.usual = run.duration;
        }
        Some(run)
    }

    /// A track with everything known about it.
    fn describe(&self, track: Track, descriptions: &Descriptions, metadata: &MetaData) -> Track {
        let Of { kind, number } = self.of;
        let video = kind == VIDEO;
        let pixels = |claimed: Option<f64>| claimed.filter(|claimed| *claimed < 65_536.0).map(pixels);
        // The dimensions of other tracks than the first are unknown.
        let dimensions = pixels(metadata.width).zip(pixels(metadata.height)).filter(|_| video && number == 0);
        let configuration = descriptions.configuration(self.first);
        let sound = self.codec.and_then(|codec| codec.sound(configuration)).unwrap_or_default();
        let (rate, channels) = self.begins.and_then(stated).filter(|_| !video).unzip();
        let sample_rate = sound.sample_rate.or(rate);
        Track {
            id: u64::from(kind) + (u64::from(number) << 8),
            kind: self.of.media(),
            codec: self.codec.map_or_else(String::new, |codec| codec.name(configuration)),
            dimensions,
            sample_rate,
            channels: sound.channels.or(channels),
            preroll: self.codec.map_or(Ticks::ZERO, |codec| codec.preroll(sample_rate)),
            ..track
        }
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and a cast of a float saturates")]
const fn pixels(claimed: f64) -> u32 {
    claimed as u32
}
