//! What only the blocks of a track show, and the index keeps of them: whether frames are laced, and the configuration of
//! decoders whose CodecPrivate has none (*Matroska Codec Specifications*: VP9, AC-3 and E-AC-3 need none, and old AV1
//! has none).

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::codec::{LOOK, ac3, av1, vp9};
use crate::container::Error;
use crate::index::{self, Outline};
use crate::media::{Setup, Track};

/// A configuration that frames have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InBandRecord {
    /// A `vpcC`, whose level is not known yet.
    Vp9,
    /// An `av1C`.
    Av1,
    /// A `dac3`.
    Ac3,
    /// A `dec3`.
    Eac3,
}

impl InBandRecord {
    /// The one that the frames of this codec have, if its CodecPrivate has none.
    pub fn needed(id: &str, private: &[u8]) -> Option<Self> {
        match id {
            "V_VP9" if vp9::VpConfiguration::of_features(private).is_none() => Some(Self::Vp9),
            "V_AV1" if private.is_empty() => Some(Self::Av1),
            "A_AC3" => Some(Self::Ac3),
            "A_EAC3" => Some(Self::Eac3),
            _ if id.starts_with("A_AC3/") => Some(Self::Ac3),
            _ => None,
        }
    }

    /// How many bytes of a frame have it. An access unit of E-AC-3 is several frames, of at most 4 KiB each.
    const fn length(self) -> usize {
        match self {
            Self::Vp9 | Self::Ac3 => 64,
            Self::Av1 => LOOK,
            Self::Eac3 => 36 << 10,
        }
    }

    /// Reads it from a frame. Only some frames have it: keyframes, of pictures.
    fn read(self, frame: &[u8]) -> Option<Bytes> {
        let record = match self {
            Self::Vp9 => vp9::VpConfiguration::of_key_frame(frame, 0.0)?.to_bytes().to_vec(),
            Self::Av1 => av1::configuration(frame)?,
            Self::Ac3 | Self::Eac3 => ac3::configuration(frame)?,
        };
        Some(record.into())
    }
}

/// What was seen of a track.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedTrack {
    /// Whether a block has several frames.
    pub laced: bool,
    /// The configuration in its frames, if it is needed and was found.
    pub record: Option<Bytes>,
}

impl ObservedTrack {
    /// What the index keeps of all tracks.
    pub fn pack<'a>(all: impl Iterator<Item = &'a Self>) -> Setup {
        let all: Vec<&Self> = all.collect();
        // Plain data in memory always serialises; if it did not, `of` would refuse the empty result.
        Setup::Inline(postcard::to_stdvec(&all).unwrap_or_default().into())
    }

    /// What was seen of this track.
    pub fn of(outline: &Outline, track: &Track) -> Result<Self, Error> {
        let none = || Error::Index(index::InvalidIndex(format!("nothing is kept of the blocks of track {}", track.id)));
        let Some(Setup::Inline(packed)) = outline.setup.get(1) else { return Err(none()) };
        let all: Vec<Self> = postcard::from_bytes(packed).map_err(|_| none())?;
        let place = outline.tracks.iter().position(|other| other.id == track.id);
        place.and_then(|place| all.into_iter().nth(place)).ok_or_else(none)
    }
}

/// A track while its blocks are read.
#[derive(Debug, Serialize, Deserialize)]
pub struct Observer {
    /// What frames still have to show.
    needed: Option<InBandRecord>,
    /// What frames begin with and the file leaves out.
    stripped: Bytes,
    /// How many frames did not show it.
    looks: u32,
    pub observed: ObservedTrack,
}

impl Observer {
    /// The most frames that are examined: a file may begin far from a keyframe, but most have one.
    const MAX_LOOKS: u32 = 1000;

    pub fn new(needed: Option<InBandRecord>, stripped: Bytes) -> Self {
        Self { needed, stripped, looks: 0, observed: ObservedTrack::default() }
    }

    /// How many bytes of the next frame are to be shown; `None` if it is of no interest.
    pub fn length(&self) -> Option<usize> {
        self.needed.map(InBandRecord::length)
    }

    /// Takes the beginning of a frame, as the file has it.
    pub fn look(&mut self, frame: &[u8]) {
        let Some(needed) = self.needed else { return };
        let whole = [&self.stripped, frame].concat();
        self.observed.record = needed.read(&whole);
        self.looks += 1;
        if self.observed.record.is_some() || self.looks >= Self::MAX_LOOKS {
            self.needed = None;
        }
    }
}
