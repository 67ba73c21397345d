//! Which tracks of a content can be packaged, and why the others cannot.

use std::collections::BTreeMap;

use super::timeline::Timeline;
use super::{LARGEST, LONGEST};
use crate::container::cmaf::{self, Unavailable};
use crate::index::{Outline, Period, Segments};
use crate::media::{Interval, Kind, Time, Track};

/// Why a content has no stream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoStream {
    /// Its index has no segment table.
    #[error("its index has no segment table: it has to be indexed again (reelspan reindex)")]
    NoTable,
    /// It has neither pictures nor sound, or none was selected.
    #[error("it has neither pictures nor sound")]
    Nothing,
    /// A segment would be too long.
    #[error("it has {:.0} seconds between two pictures at which a player can begin, and a segment has at most {:.0}", .found.as_secs_f64(), LONGEST.as_secs_f64())]
    Long {
        /// How long it would be.
        found: Time,
    },
    /// A segment would be too large.
    #[error(
        "it has {found} bytes between two pictures at which a player can begin, and a segment has at most {LARGEST}"
    )]
    Large {
        /// How large it would be.
        found: u64,
    },
    /// A track has no place in CMAF.
    #[error("its track {id} ({codec}): {why}")]
    Track {
        /// The track's number in the file.
        id: u64,
        /// Its codec.
        codec: String,
        /// Why.
        why: Unavailable,
    },
    /// A track has no place in a transport stream of HLS.
    #[error("its track {id} ({codec}): players of HLS do not take it in a transport stream")]
    Packets {
        /// The track's number in the file.
        id: u64,
        /// Its codec.
        codec: String,
    },
    /// DASH of a transport stream.
    #[error("a transport stream stays one in HLS, and players of DASH do not take its packets")]
    OnlyHls,
    /// MPEG audio of another layer than III.
    #[error("its track {id} is MPEG audio of layer I or II, which browsers do not play")]
    Layer {
        /// The track's number in the file.
        id: u64,
    },
    /// Sound that is not compressed.
    #[error("its track {id} is PCM: browsers play the stored file and its cuts")]
    Pcm {
        /// The track's number in the file.
        id: u64,
    },
    /// The presentation of a track jumps.
    #[error("the edit list of its track {id} has several parts")]
    Edits {
        /// The track's number in the file.
        id: u64,
    },
    /// The times of a track cannot be expressed.
    #[error("the timescale of its track {id} does not fit into a segment")]
    Timescale {
        /// The track's number in the file.
        id: u64,
    },
}

/// The sample entries of PCM (ISO/IEC 23003-5), which players of HLS and DASH do not take.
const PCM: [&[u8]; 2] = [b"ipcm", b"fpcm"];

/// MPEG audio whose sample entry is that of MP3, and which players take for MP3.
const BEFORE_MP3: [&str; 4] = ["mp1", "mp2", "A_MPEG/L1", "A_MPEG/L2"];

/// What the name of a rendition begins with whose segments are packets.
pub const MUXED: &str = "ts";

/// A track as a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendition {
    /// The track's position in the outline.
    pub place: usize,
    /// Its position among the divided tracks of the segment table.
    pub(super) index: usize,
    /// Pictures or sound.
    pub kind: Kind,
    /// Its codecs, for `CODECS` (RFC 6381): one, unless its configuration changes.
    pub codec: String,
    /// Its different sample entries.
    pub(super) entries: Vec<Vec<u8>>,
    /// For each period of the segment table, which of them its samples have; empty: the first.
    pub(super) configured: Vec<usize>,
    pub(super) timeline: Timeline,
    /// The positions among the divided tracks of those that are muxed with it; `None` in CMAF, which has a track in each.
    pub(super) muxed: Option<Vec<usize>>,
}

impl Rendition {
    /// Its name: the number of the track from 1, before it [`MUXED`] if its segments are packets, and the ticks a second of its
    /// segments.
    #[must_use]
    pub fn name(&self) -> String {
        let timescale = self.timeline.timescale;
        let prefix = if self.muxed.is_some() { MUXED } else { "" };
        format!("{prefix}{}-{timescale}", self.place + 1)
    }

    /// How many headers it has: one, unless its configuration changes.
    #[must_use]
    pub const fn headers(&self) -> usize {
        self.entries.len()
    }

    /// Which header the segments of a period have.
    pub(super) fn header_of(&self, period: usize) -> usize {
        self.configured.get(period).copied().unwrap_or_default()
    }

    /// The sample entry of a period.
    pub(super) fn entry_of(&self, period: usize) -> &[u8] {
        self.entries.get(self.header_of(period)).map_or(&[], Vec::as_slice)
    }

    /// Ticks a second of its segments.
    #[must_use]
    pub const fn timescale(&self) -> u32 {
        self.timeline.timescale
    }

    /// Whether any of its tracks presents something in an interval.
    pub(super) fn is_in(&self, outline: &Outline, interval: Interval) -> bool {
        let muxed = self.muxed.iter().flatten().filter_map(|index| outline.segments.as_ref()?.tracks.get(*index));
        let tracks = std::iter::once(&self.place).chain(muxed).filter_map(|place| outline.tracks.get(*place));
        tracks.into_iter().any(|track| {
            let at = |time| track.timescale.ticks(time) + track.shift();
            track.presented.0 < at(interval.end()) && track.presented.1 > at(interval.start())
        })
    }

    fn new(outline: &Outline, segments: &Segments, index: usize, part: Option<Interval>) -> Result<Self, NoStream> {
        let place = segments.tracks.get(index).copied().ok_or(NoStream::Nothing)?;
        let track = outline.tracks.get(place).ok_or(NoStream::Nothing)?;
        let unavailable = |why| NoStream::Track { id: track.id, codec: track.codec.clone(), why };
        let (entries, configured) = entries(outline, segments, (index, track)).map_err(unavailable)?;
        if BEFORE_MP3.contains(&track.codec.as_str()) {
            return Err(NoStream::Layer { id: track.id });
        }
        if entries.iter().any(|entry| PCM.iter().any(|kind| entry.get(4..8) == Some(*kind))) {
            return Err(NoStream::Pcm { id: track.id });
        }
        if track.edits.iter().filter(|edit| edit.media.is_some()).count() > 1 {
            return Err(NoStream::Edits { id: track.id });
        }
        let timeline = Timeline::new(outline, segments, index, part).ok_or(NoStream::Timescale { id: track.id })?;
        let mut codecs: Vec<String> = Vec::new();
        for codec in entries.iter().map(|entry| cmaf::rfc6381(entry)) {
            if !codecs.contains(&codec) {
                codecs.push(codec);
            }
        }
        let codec = codecs.join(",");
        Ok(Self { place, index, kind: track.kind, codec, entries, configured, timeline, muxed: None })
    }
}

/// The different sample entries of a track, and which of them each period of the segment table has.
fn entries(
    outline: &Outline,
    segments: &Segments,
    (index, track): (usize, &Track),
) -> Result<(Vec<Vec<u8>>, Vec<usize>), Unavailable> {
    let mut entries: Vec<Vec<u8>> = Vec::new();
    let mut numbers = BTreeMap::new();
    for (number, entry) in cmaf::sample_entries(outline, track)? {
        let known = entries.iter().position(|known| *known == entry);
        numbers.insert(number, known.unwrap_or(entries.len()));
        if known.is_none() {
            entries.push(entry);
        }
    }
    // A track without a configuration has no samples yet.
    let number = |period: &Period| period.configurations.get(index).and_then(|number| numbers.get(number).copied());
    let configured = segments.periods.iter().map(|period| number(period).unwrap_or_default()).collect();
    Ok((entries, configured))
}

/// The renditions of a content, or of a part of it with these tracks. Sound that has no place in CMAF is left out if
/// there is other sound that has.
pub fn all(outline: &Outline, part: Option<Interval>, chosen: Option<&[usize]>) -> Result<Vec<Rendition>, NoStream> {
    let segments = outline.segments.as_deref().ok_or_else(|| without_table(outline))?;
    let track = |index: usize| segments.tracks.get(index).and_then(|place| outline.tracks.get(*place));
    let is_chosen = |index: &usize| {
        let place = segments.tracks.get(*index);
        place.is_some_and(|place| chosen.is_none_or(|chosen| chosen.contains(place)))
    };
    let has_samples = |index: &usize| track(*index).is_some_and(|track| track.samples > 0);
    let indexes = (0..segments.tracks.len()).filter(is_chosen).filter(has_samples);
    let (mut renditions, mut refused) = (Vec::new(), None);
    for index in indexes {
        match Rendition::new(outline, segments, index, part) {
            Ok(rendition) => renditions.push(rendition),
            Err(why) if track(index).is_some_and(|track| track.kind == Kind::Video) => return Err(why),
            Err(why) => refused = refused.or(Some(why)),
        }
    }
    let has_sound = renditions.iter().any(|rendition| rendition.kind == Kind::Audio);
    if let (Some(why), false) = (refused, has_sound) {
        return Err(why);
    }
    if renditions.is_empty() {
        return Err(NoStream::Nothing);
    }
    short_enough(segments, outline.tracks.get(segments.tracks.first().copied().unwrap_or_default()))?;
    Ok(renditions)
}

/// Why there is no segment table: only pictures and sound are in one.
pub(super) fn without_table(outline: &Outline) -> NoStream {
    let is_divided = |track: &Track| track.kind != Kind::Text && track.samples > 0;
    if outline.tracks.iter().any(is_divided) { NoStream::NoTable } else { NoStream::Nothing }
}

/// Checks that segments are not too long or too large for a player.
pub(super) fn short_enough(segments: &Segments, leader: Option<&Track>) -> Result<(), NoStream> {
    let longest = leader.map_or(Time::ZERO, |leader| leader.timescale.time(segments.longest));
    if longest > LONGEST {
        return Err(NoStream::Long { found: longest });
    }
    if segments.largest > LARGEST {
        return Err(NoStream::Large { found: segments.largest });
    }
    Ok(())
}
