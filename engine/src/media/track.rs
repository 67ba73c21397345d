//! Tracks, as the head of an index describes them.

use std::ops::Range;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Ticks, Time, Timescale};

/// The kind of a track.
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
    /// The name by which a fragment selects all tracks of this kind, which is also the first half of their MIME type.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Text => "text",
        }
    }
}

/// One entry of an edit list (ISO/IEC 14496-12 §8.6.6): a part of the presentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// Its duration, in the track's timescale; `None`: to the end of the media.
    pub duration: Option<Ticks>,
    /// Its start in the track's presentation times; `None` for an empty edit, in which nothing is presented.
    pub media: Option<Ticks>,
}

/// Bytes that a cut copies from the original: stored in the index if they are few, else as a range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Setup {
    /// The bytes themselves.
    Inline(Bytes),
    /// Their range in the original.
    At(Range<u64>),
}

impl Setup {
    /// The number of bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::Inline(bytes) => bytes.len() as u64,
            Self::At(range) => range.end.saturating_sub(range.start),
        }
    }

    /// Whether it is empty.
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
    /// The codec in the `codecs` parameter of a MIME type, if defined (RFC 6381), else the container's own name.
    pub codec: String,
    /// BCP 47 or ISO 639-2, as in the file; `None` if it has no language.
    pub language: Option<String>,
    /// The track's name, if it has one.
    pub name: Option<String>,
    /// Width and height in pixels, of video.
    pub dimensions: Option<(u32, u32)>,
    /// Audio: samples a second as a decoder outputs them, if the file says so.
    pub sample_rate: Option<u32>,
    /// Audio: the number of channels, if the file says so.
    pub channels: Option<u16>,
    /// The length of its ticks.
    pub timescale: Timescale,
    /// How its media is mapped to the presentation timeline. Empty: all of it, unchanged.
    pub edits: Vec<Edit>,
    /// How much has to be decoded before the first audible sample is right: AAC overlaps one frame, Opus wants 80 ms.
    pub preroll: Ticks,
    /// How many samples it has.
    pub samples: u64,
    /// Their total size in bytes.
    pub bytes: u64,
    /// The least and the greatest of its samples' composition offsets.
    pub composition: (Ticks, Ticks),
    /// Presentation times, in its own timescale, of its first sample and of the end of its last.
    pub presented: (Ticks, Ticks),
    /// How many cells of the index's grid a sample may be later than its own: 0, except for files whose tracks are far
    /// apart.
    pub late: u32,
    /// What the container writes of a track that is not its samples: MP4's `trak` without its sample tables, Matroska's
    /// `TrackEntry`.
    pub setup: Setup,
}

impl Track {
    /// A track without edits, preroll and samples.
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

    /// The difference between the track's presentation times and the presentation timeline of the file: the media time
    /// of its first edit that presents something, minus the empty edits before it. The index's grid uses it.
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

    /// Moves the track to an earlier start on the presentation timeline, if all of it is presented.
    pub fn begin_at(&mut self, start: Time) {
        let start = self.timescale.ticks(start);
        match self.edits.as_mut_slice() {
            [] => self.edits.push(Edit { duration: None, media: Some(start) }),
            [Edit { duration: None, media: Some(media) }] => *media += start,
            _ => {}
        }
    }

    /// The interval of the presentation timeline in which the track presents anything: from its first such edit to the
    /// end of its last, which is at most the end of its media.
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
