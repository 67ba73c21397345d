//! From tags to samples: one track of pictures and one of sound, in the order in which the file brings them.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::clock::Clock;
use super::descriptions::Descriptions;
use super::{OTHER_CODEC, Tag};
use crate::container::Error;
use crate::container::flv::amf::MetaData;
use crate::container::flv::packet::Codec;
use crate::container::flv::tag::{AUDIO, VIDEO};
use crate::container::notes::Notes;
use crate::index::{Builder, Packed};
use crate::media::{Kind, Run, Setup, Ticks, Timescale, Track};

/// How long a sample waits for the next one of its track, milliseconds of the other: its page is open for 80 seconds.
const MAX_WAIT: Ticks = Ticks(60_000);

/// The description of a sample that has none.
const NONE: u16 = 1;

/// Both tracks, on their way into the index.
#[derive(Serialize, Deserialize)]
pub struct Lanes {
    audio: Lane,
    video: Lane,
    /// TagType of the first sample, whose track is the first of the file: the other may stay without samples.
    leader: Option<u8>,
    clock: Clock,
    builder: Builder,
}

/// One track.
#[derive(Default, Serialize, Deserialize)]
struct Lane {
    codec: Option<Codec>,
    /// The first description that frames were of, and the one in force.
    first: u16,
    description: u16,
    frames: bool,
    latest: Option<Ticks>,
    /// The last sample, until it is known how long it lasts.
    waiting: Option<Run>,
    /// How long the last sample lasted of which that was known.
    usual: Ticks,
}

impl Default for Lanes {
    fn default() -> Self {
        let builder = Builder::new(vec![track(); 2]);
        Self { audio: Lane::default(), video: Lane::default(), leader: None, clock: Clock::default(), builder }
    }
}

/// A track of which nothing is known yet but its ticks, milliseconds.
fn track() -> Track {
    Track {
        id: 0,
        kind: Kind::Audio,
        codec: String::new(),
        language: None,
        name: None,
        dimensions: None,
        timescale: MILLISECONDS,
        edits: Vec::new(),
        preroll: Ticks::ZERO,
        samples: 0,
        bytes: 0,
        composition: (Ticks::ZERO, Ticks::ZERO),
        presented: (Ticks::ZERO, Ticks::ZERO),
        late: 0,
        setup: Setup::Inline(Bytes::new()),
    }
}

const MILLISECONDS: Timescale = match Timescale::per_second(1000) {
    Some(milliseconds) => milliseconds,
    None => unreachable!(),
};

impl Lanes {
    const fn lane(&mut self, kind: u8) -> &mut Lane {
        if kind == VIDEO { &mut self.video } else { &mut self.audio }
    }

    /// Both, by their places in the file's list of tracks.
    fn by_place(&mut self) -> [(u8, &mut Lane); 2] {
        let (audio, video) = ((AUDIO, &mut self.audio), (VIDEO, &mut self.video));
        if self.leader == Some(VIDEO) { [video, audio] } else { [audio, video] }
    }

    /// Whether a configuration for this codec is one for the track.
    pub fn configures(&mut self, kind: u8, codec: Codec) -> bool {
        let lane = self.lane(kind);
        !lane.frames || lane.codec == Some(codec)
    }

    /// What follows in the track is of this description. Says whether what came before was of another.
    pub fn configure(&mut self, kind: u8, codec: Codec, description: u16) -> bool {
        let lane = self.lane(kind);
        lane.codec = Some(codec);
        let anew = lane.frames && lane.description != description;
        lane.description = description;
        anew
    }

    /// Takes a frame. Says whether it is a sample.
    pub fn frame(
        &mut self,
        tag: &Tag<'_>,
        codec: Codec,
        (sync, composition): (bool, Ticks),
        notes: &mut Notes,
    ) -> Result<bool, Error> {
        let kind = tag.header.kind;
        let lane = self.lane(kind);
        if *lane.codec.get_or_insert(codec) != codec {
            notes.at(tag.offset, OTHER_CODEC);
            return Ok(false);
        }
        lane.description = lane.description.max(NONE);
        if codec.configured() && lane.description == NONE {
            notes.at(tag.offset, "a frame before its decoder is configured is passed over");
            return Ok(false);
        }
        if !lane.frames {
            lane.frames = true;
            lane.first = lane.description;
        }
        let (before, usual, description) = (lane.latest, lane.usual, lane.description);
        self.leader.get_or_insert(kind);
        let decode = self.clock.time(tag.header.timestamp, before, usual, tag.offset, notes);
        let run = Run {
            decode,
            composition,
            duration: Ticks::ZERO,
            offset: tag.offset,
            // Less than 16 MiB, and at most four bytes behind it.
            size: tag.header.tag_size() + u32::try_from(tag.trailer).unwrap_or(0),
            count: 1,
            sync,
            description,
            header: u8::try_from(tag.trailer).unwrap_or_default(),
        };
        let mut settled = [None, None];
        for ((of, lane), settled) in self.by_place().into_iter().zip(&mut settled) {
            let late = lane.latest.is_some_and(|latest| decode - latest >= MAX_WAIT);
            if of == kind || late {
                *settled = lane.settle(decode);
            }
        }
        for (place, run) in settled.into_iter().enumerate().filter_map(|(place, run)| Some((place, run?))) {
            self.builder.samples(place, run)?;
        }
        let lane = self.lane(kind);
        lane.latest = Some(decode);
        lane.waiting = Some(run);
        Ok(true)
    }

    /// The pages that are complete.
    pub fn take_ready(&mut self) -> Vec<Packed> {
        self.builder.take_ready()
    }

    /// The end of the file: the remaining pages, and the tracks that have samples.
    pub fn finish(
        mut self,
        descriptions: &Descriptions,
        metadata: &MetaData,
    ) -> Result<(Vec<Packed>, Vec<Track>), Error> {
        let rest = self.by_place().map(|(_, lane)| lane.settle(lane.latest.unwrap_or_default() + lane.usual));
        for (place, run) in rest.into_iter().enumerate().filter_map(|(place, run)| Some((place, run?))) {
            self.builder.samples(place, run)?;
        }
        let builder = std::mem::replace(&mut self.builder, Builder::new(Vec::new()));
        let (pages, tracks) = builder.finish()?;
        let described = tracks.into_iter().zip(self.by_place()).filter(|(track, _)| track.samples > 0);
        let described = described.map(|(track, (kind, lane))| lane.describe(kind, track, descriptions, metadata));
        Ok((pages, described.collect()))
    }
}

impl Lane {
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
    fn describe(&self, kind: u8, track: Track, descriptions: &Descriptions, metadata: &MetaData) -> Track {
        let video = kind == VIDEO;
        let pixels = |claimed: Option<f64>| claimed.filter(|claimed| *claimed < 65_536.0).map(pixels);
        let dimensions = pixels(metadata.width).zip(pixels(metadata.height)).filter(|_| video);
        Track {
            id: u64::from(kind),
            kind: if video { Kind::Video } else { Kind::Audio },
            codec: self.codec.map_or_else(String::new, |codec| codec.name(descriptions.configuration(self.first))),
            dimensions,
            preroll: self.codec.map_or(Ticks::ZERO, Codec::preroll),
            ..track
        }
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and a cast of a float saturates")]
const fn pixels(claimed: f64) -> u32 {
    claimed as u32
}
