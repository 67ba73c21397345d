//! From tags to samples: a track of pictures and one of sound, and more where tags say so, in the order in which the file brings
//! them.

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

/// How long a sample waits for the next one of its track, milliseconds of the other: its page is open for 80 seconds.
const MAX_WAIT: Ticks = Ticks(60_000);

/// A frame that stood for as long says nothing of the last one: that lasts until the other tracks end, and a usual frame's time
/// at least.
const LONG: Ticks = Ticks(1_000);
const FRAME: Ticks = Ticks(40);

/// Tracks of a file, at most: each request reads what is known of them.
const MAX_TRACKS: usize = 64;

/// The description of a sample that has none.
const NONE: u16 = 1;

/// The tracks, on their way into the index.
#[derive(Default, Serialize, Deserialize)]
pub struct Lanes {
    /// Those of which there was a tag.
    all: Vec<Lane>,
    /// How many of them have samples.
    tracks: usize,
    clock: Clock,
}

/// One track.
#[derive(Serialize, Deserialize)]
struct Lane {
    of: Of,
    /// Its place in the file's list of tracks, which is that of its first sample among those of others.
    place: Option<usize>,
    codec: Option<Codec>,
    /// The first description that frames were of, and the one in force.
    first: u16,
    description: u16,
    /// The first byte of its first frame.
    begins: Option<u8>,
    latest: Option<Ticks>,
    /// The last sample, until it is known how long it lasts.
    waiting: Option<Run>,
    /// How long the last sample lasted of which that was known.
    usual: Ticks,
}

/// A track of which nothing is known yet but its ticks, milliseconds.
fn track() -> Track {
    Track::new(0, Kind::Audio, String::new(), MILLISECONDS, Setup::Inline(Bytes::new()))
}

const MILLISECONDS: Timescale = match Timescale::per_second(1000) {
    Some(milliseconds) => milliseconds,
    None => unreachable!(),
};

impl Lanes {
    /// The track of a tag; `None` where there are too many.
    fn lane(&mut self, of: Of) -> Option<&mut Lane> {
        if self.all.iter().all(|lane| lane.of != of) && self.all.len() < MAX_TRACKS {
            self.all.push(Lane::new(of));
        }
        self.all.iter_mut().find(|lane| lane.of == of)
    }

    /// Whether a configuration for this codec is one for the track.
    pub fn configures(&mut self, of: Of, codec: Codec) -> bool {
        self.lane(of).is_some_and(|lane| lane.place.is_none() || lane.codec == Some(codec))
    }

    /// What follows in the track is of this description. Says whether what came before was of another.
    pub fn configure(&mut self, of: Of, codec: Codec, description: u16) -> bool {
        let Some(lane) = self.lane(of) else { return false };
        lane.codec = Some(codec);
        let anew = lane.place.is_some() && lane.description != description;
        lane.description = description;
        anew
    }

    /// Takes a frame. Says whether it is a sample.
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
        if lane.place.is_none() {
            (lane.place, lane.first) = (Some(next), description);
            self.tracks += 1;
            out.builder.add_track(track());
        }
        let decode = self.clock.time(tag.header.timestamp, before, usual, tag.offset, &mut out.notes);
        for lane in &mut self.all {
            let late = lane.latest.is_some_and(|latest| decode - latest >= MAX_WAIT);
            if (lane.of == of || late)
                && let Some((place, run)) = lane.place.zip(lane.settle(decode))
            {
                out.builder.samples(place, run)?;
            }
        }
        if let Some(lane) = self.lane(of) {
            lane.latest = Some(decode);
            lane.waiting = Some(Run {
                decode,
                composition,
                duration: Ticks::ZERO,
                offset: tag.offset,
                // Less than 16 MiB, and at most four bytes behind it.
                size: tag.header.tag_size() + u32::try_from(tag.trailer).unwrap_or(0),
                count: 1,
                sync,
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
                builder.samples(place, run)?;
            }
        }
        Ok(())
    }

    /// The tracks, those that have samples, with what is known of them.
    pub fn describe(self, tracks: Vec<Track>, descriptions: &Descriptions, metadata: &MetaData) -> Vec<Track> {
        let described = tracks.into_iter().enumerate().filter_map(|(place, track)| {
            let lane = self.all.iter().find(|lane| lane.place == Some(place))?;
            Some(lane.describe(track, descriptions, metadata))
        });
        described.collect()
    }
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

    /// When its last sample ends, if that lasts as long as the one before.
    fn end(&self) -> Option<Ticks> {
        Some(self.latest? + self.usual)
    }

    /// The sample that waits, which lasts until this time.
    fn settle(&mut self, until: Ticks) -> Option<Run> {
        let mut run = self.waiting.take()?;
        run.duration = (until - run.decode).max(Ticks::ZERO);
        if run.duration > Ticks::ZERO {
            self.usual = run.duration;
        }
        Some(run)
    }

    /// A track with what is known of it.
    fn describe(&self, track: Track, descriptions: &Descriptions, metadata: &MetaData) -> Track {
        let Of { kind, number } = self.of;
        let video = kind == VIDEO;
        let pixels = |claimed: Option<f64>| claimed.filter(|claimed| *claimed < 65_536.0).map(pixels);
        // Those of other tracks than the first nobody tells.
        let dimensions = pixels(metadata.width).zip(pixels(metadata.height)).filter(|_| video && number == 0);
        let configuration = descriptions.configuration(self.first);
        let sound = self.codec.and_then(|codec| codec.sound(configuration)).unwrap_or_default();
        let (rate, channels) = self.begins.and_then(stated).filter(|_| !video).unzip();
        let sample_rate = sound.sample_rate.or(rate);
        Track {
            id: u64::from(kind) + (u64::from(number) << 8),
            kind: if video { Kind::Video } else { Kind::Audio },
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
