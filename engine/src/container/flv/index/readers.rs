//! From tags to samples: a track of pictures and one of sound, and more if the tags say so, in file order.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::clock::TagClock;
use super::descriptions::Descriptions;
use super::{FlvTag, OTHER_CODEC, TagTrack};
use crate::container::Error;
use crate::container::flv::KeptTags;
use crate::container::flv::amf::MetaData;
use crate::container::flv::packet::{FlvCodec, stated};
use crate::container::flv::tag::VIDEO;
use crate::container::pass::PassOutput;
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
pub struct TrackReaders {
    /// All tracks with a tag.
    all: Vec<TrackReader>,
    /// How many of them have samples.
    tracks: usize,
    clock: TagClock,
}

/// One track.
#[derive(Serialize, Deserialize)]
struct TrackReader {
    of: TagTrack,
    /// Its position in the file's list of tracks, which are ordered by their first samples.
    place: Option<usize>,
    codec: Option<FlvCodec>,
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

impl TrackReaders {
    /// The track of a tag; `None` if there are too many.
    fn reader(&mut self, of: TagTrack) -> Option<&mut TrackReader> {
        if self.all.iter().all(|reader| reader.of != of) && self.all.len() < MAX_TRACKS {
            self.all.push(TrackReader::new(of));
        }
        self.all.iter_mut().find(|reader| reader.of == of)
    }

    /// Whether a configuration for this codec is valid for the track.
    pub fn configures(&mut self, of: TagTrack, codec: FlvCodec) -> bool {
        self.reader(of).is_some_and(|reader| reader.place.is_none() || reader.codec == Some(codec))
    }

    /// Sets the description of the following samples. Returns whether earlier samples had another one.
    pub fn configure(&mut self, of: TagTrack, codec: FlvCodec, description: u16) -> bool {
        let Some(reader) = self.reader(of) else { return false };
        reader.codec = Some(codec);
        let anew = reader.place.is_some() && reader.description != description;
        reader.description = description;
        anew
    }

    /// Takes a frame. Returns whether it is a sample.
    pub fn frame(
        &mut self,
        tag: &FlvTag<'_>,
        of: TagTrack,
        codec: FlvCodec,
        (sync, composition, data): (bool, Ticks, usize),
        out: &mut PassOutput,
    ) -> Result<bool, Error> {
        let next = self.tracks;
        let Some(reader) = self.reader(of) else {
            out.notes.at(tag.offset, "a tag of one track too many is passed over");
            return Ok(false);
        };
        if *reader.codec.get_or_insert(codec) != codec {
            out.notes.at(tag.offset, OTHER_CODEC);
            return Ok(false);
        }
        reader.description = reader.description.max(NONE);
        reader.begins = reader.begins.or(tag.payload.first().copied());
        if codec.configured() && reader.description == NONE {
            out.notes.at(tag.offset, "a frame before its decoder is configured is passed over");
            return Ok(false);
        }
        let (before, usual, description) = (reader.latest, reader.usual, reader.description);
        let last = reader.waiting.as_ref().map(|run| KeptTags::of(run).description);
        if reader.place.is_none() {
            (reader.place, reader.first) = (Some(next), description);
            self.tracks += 1;
            out.builder.add_track(track(of.media()));
        }
        let decode = self.clock.time(tag.header.timestamp, before, usual, tag.offset, &mut out.notes);
        // What needs another description has a time of its own.
        let differs = last.is_some_and(|last| last != description) && before == Some(decode);
        let (decode, composition) =
            if differs { (decode + Ticks(1), composition - Ticks(1)) } else { (decode, composition) };
        for reader in &mut self.all {
            let late = reader.latest.is_some_and(|latest| decode - latest >= MAX_WAIT);
            if (reader.of == of || late)
                && let Some((place, run)) = reader.place.zip(reader.settle(decode))
            {
                add(&mut out.builder, place, run)?;
            }
        }
        if let Some(reader) = self.reader(of) {
            reader.latest = Some(decode);
            reader.waiting = Some(Run {
                decode,
                composition,
                duration: Ticks::ZERO,
                offset: tag.offset,
                // Less than 16 MiB, and at most four bytes after it.
                size: tag.header.tag_size() + u32::try_from(tag.trailer).unwrap_or(0),
                count: 1,
                sync,
                disposable: false,
                private: KeptTags { description, trailer: tag.trailer, data }.pack(),
            });
        }
        Ok(true)
    }

    /// The end of the file: gives the samples that wait.
    pub fn end(&mut self, builder: &mut Builder) -> Result<(), Error> {
        let end = self.all.iter().filter(|reader| reader.usual < LONG).filter_map(TrackReader::end).max();
        for reader in &mut self.all {
            let until = match (reader.end().unwrap_or_default(), end) {
                (until, Some(end)) if reader.usual >= LONG => {
                    until.min(end.max(reader.latest.unwrap_or_default() + FRAME))
                }
                (until, _) => until,
            };
            if let Some((place, run)) = reader.place.zip(reader.settle(until)) {
                add(builder, place, run)?;
            }
        }
        Ok(())
    }

    /// The tracks that have samples, with their descriptions.
    pub fn describe(self, tracks: Vec<Track>, descriptions: &Descriptions, metadata: &MetaData) -> Vec<Track> {
        let described = tracks.into_iter().enumerate().filter_map(|(place, track)| {
            let reader = self.all.iter().find(|reader| reader.place == Some(place))?;
            Some(reader.describe(track, descriptions, metadata))
        });
        described.collect()
    }
}

/// Adds a sample to the index, with what its decoder needs.
fn add(builder: &mut Builder, place: usize, run: Run) -> Result<(), Error> {
    builder.configure(place, run.decode, KeptTags::of(&run).description.into());
    Ok(builder.samples(place, run)?)
}

impl TrackReader {
    const fn new(of: TagTrack) -> Self {
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
        let TagTrack { kind, number } = self.of;
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
