//! Tracks: what the head of an index knows of each.

use std::ops::Range;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Ticks, Time, Timescale};

/// What a track is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Moving pictures.
    Video,
    /// Sound.
    Audio,
    /// Subtitles and captions.
    Text,
}

impl Kind {
    /// The word by which a fragment names all tracks of this kind, which is also the first half of their MIME type.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Text => "text",
        }
    }
}

/// One entry of an edit list (ISO/IEC 14496-12 §8.6.6): a stretch of the presentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// How long it lasts, in the track's timescale; `None`: to the end of the media.
    pub duration: Option<Ticks>,
    /// Where in the track's presentation times it begins; `None` for an empty edit, in which nothing is presented.
    pub media: Option<Ticks>,
}

/// Bytes that a cut takes over from the original unchanged: kept in the index where they are few, else named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Setup {
    /// The bytes themselves.
    Inline(Bytes),
    /// Where in the original they stand.
    At(Range<u64>),
}

impl Setup {
    /// How many bytes it is.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::Inline(bytes) => bytes.len() as u64,
            Self::At(range) => range.end.saturating_sub(range.start),
        }
    }

    /// Whether it is no bytes at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One track of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Track {
    /// The container's own number for it (`tkhd.track_ID`, `TrackNumber`).
    pub id: u64,
    /// What it is for.
    pub kind: Kind,
    /// The codec, as the `codecs` parameter of a MIME type has it where we know how (RFC 6381), else the container's own name.
    pub codec: String,
    /// BCP 47 or ISO 639-2, as the file has it; `None` where it says nothing.
    pub language: Option<String>,
    /// The track's name, if it has one.
    pub name: Option<String>,
    /// Width and height in pixels, of video.
    pub dimensions: Option<(u32, u32)>,
    /// Samples a second, of audio, where the file says so: those that a decoder gives.
    pub sample_rate: Option<u32>,
    /// How many channels, of audio, where the file says so.
    pub channels: Option<u16>,
    /// What its ticks are.
    pub timescale: Timescale,
    /// How its media is laid on the presentation timeline. Empty: all of it, as it is.
    pub edits: Vec<Edit>,
    /// How much has to be decoded before the first sample that is to be heard is right: AAC overlaps one frame, Opus wants 80 ms.
    pub preroll: Ticks,
    /// How many samples it has.
    pub samples: u64,
    /// How many bytes they are.
    pub bytes: u64,
    /// The least and the greatest of its samples' composition offsets.
    pub composition: (Ticks, Ticks),
    /// Presentation times, in its own timescale, of its first sample and of the end of its last.
    pub presented: (Ticks, Ticks),
    /// How many cells of the index's grid a sample may lie behind its own: 0, but for files whose tracks run far apart.
    pub late: u32,
    /// What the container writes of a track that is not its samples: MP4's `trak` without its sample tables, Matroska's
    /// `TrackEntry`.
    pub setup: Setup,
}

impl Track {
    /// A track of which nothing more is known: no edits, no preroll, and no samples so far.
    #[must_use]
    pub const fn new(id: u64, kind: Kind, codec: String, timescale: Timescale, setup: Setup) -> Self {
        Self {
            id,
            kind,
            codec,
            language: None,
            name: None,
            dimensions: None,
            sample_rate: None,
            channels: None,
            timescale,
            edits: Vec::new(),
            preroll: Ticks::ZERO,
            samples: 0,
            bytes: 0,
            composition: (Ticks::ZERO, Ticks::ZERO),
            presented: (Ticks::ZERO, Ticks::ZERO),
            late: 0,
            setup,
        }
    }

    /// How far the track's presentation times lie behind the presentation timeline of the file: the media time of its first
    /// edit that presents something, less the empty edits before it. The index's grid is laid by it.
    #[must_use]
    pub fn shift(&self) -> Ticks {
        let mut before = Ticks::ZERO;
        for edit in &self.edits {
            match (edit.media, edit.duration) {
                (Some(media), _) => return media - before,
                (None, Some(duration)) => before += duration,
                (None, None) => break,
            }
        }
        Ticks::ZERO
    }

    /// Lays the track on the presentation timeline so much earlier, if it is all of it that is presented.
    pub fn begin_at(&mut self, start: Time) {
        let start = self.timescale.ticks(start);
        match self.edits.as_mut_slice() {
            [] => self.edits.push(Edit { duration: None, media: Some(start) }),
            [Edit { duration: None, media: Some(media) }] => *media += start,
            _ => {}
        }
    }

    /// The instants of the presentation timeline between which the track presents anything: from its first edit that does
    /// to the end of its last, which is at most the end of its media.
    #[must_use]
    pub fn span(&self) -> (Time, Time) {
        let media_end = self.presented.1;
        if self.edits.is_empty() {
            return (self.timescale.time(self.presented.0), self.timescale.time(media_end));
        }
        let (mut start, mut end, mut at) = (None, Ticks::ZERO, Ticks::ZERO);
        for edit in &self.edits {
            let Some(media) = edit.media else {
                at += edit.duration.unwrap_or_default();
                continue;
            };
            let left = (media_end - media).max(Ticks::ZERO);
            start = start.or(Some(at));
            end = at + edit.duration.unwrap_or(left).min(left);
            at += edit.duration.unwrap_or(left);
        }
        (self.timescale.time(start.unwrap_or_default()), self.timescale.time(end))
    }
}
