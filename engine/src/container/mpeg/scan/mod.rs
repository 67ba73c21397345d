//! Finds the beginnings of access units in the data of a stream, which arrives in packets cut anywhere.

mod access;
mod codes;
mod frames;
mod pictures;

use serde::{Deserialize, Serialize};

use self::access::{Access, Form};
use self::codes::Codes;
use self::frames::Frames;
use self::pictures::Pictures;
use crate::container::mpeg::codec::Codec;

/// The number of parts of a tick that durations are counted in: a field lasts 1876.875 ticks at 23.976 pictures a
/// second.
pub const FINE: i64 = 8;

/// The default duration of a picture: a twenty-fifth of a second.
pub const USUAL: i64 = 3600 * FINE;

/// Something found in the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The offset in the file of its first byte.
    pub offset: u64,
    /// The offset in the file where the byte before it ends: in the previous packet if this is the first byte of its
    /// packet.
    pub before: u64,
    /// Its offset in these data; `None` if it begins in the previous data, whose bytes from there on are in `carried`.
    pub at: Option<usize>,
    /// See `at`.
    pub carried: Vec<u8>,
    /// What it is.
    pub what: What,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// An access unit begins. Its time is unknown unless it has a time stamp.
    Begin,
    /// An access unit of MPEG-1 or MPEG-2 pictures begins; its kind follows.
    Headers,
    /// Its picture begins: whether others may refer to it, and its duration in [`FINE`] parts of ticks.
    Picture { reference: bool, lasts: i64 },
    /// The duration of the picture, from its extension.
    Lasts(i64),
    /// A frame of sound begins, with its number of samples and its sample rate.
    Frame { samples: u32, rate: u32 },
}

/// Finds the access units of one stream.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Scan {
    /// Pictures of MPEG-1 and MPEG-2.
    Pictures(Codes, Pictures),
    /// Pictures of other codecs.
    Access(Codes, Access),
    /// Sound.
    Frames(Frames),
    /// Uncompressed samples: each packet is a unit.
    Packets,
}

impl Scan {
    /// A scanner for this codec.
    pub fn new(codec: Codec) -> Self {
        let access = |form| Self::Access(Codes::default(), Access::new(form));
        match codec {
            Codec::Mpeg => Self::Pictures(Codes::default(), Pictures::default()),
            Codec::H264 => access(Form::H264),
            Codec::Hevc => access(Form::Hevc),
            Codec::Visual | Codec::Vc1 => access(Form::Visual),
            Codec::MpegAudio | Codec::Adts | Codec::Ac3 | Codec::Eac3 | Codec::Dts | Codec::Opus => {
                Self::Frames(Frames::new(codec))
            }
            Codec::Lpcm | Codec::Latm | Codec::TrueHd => Self::Packets,
        }
    }

    /// Takes the next data, which begin at this offset of the file; the previous data ended at `behind`. Appends the
    /// events found.
    pub fn push(&mut self, offset: u64, behind: u64, data: &[u8], events: &mut Vec<Event>) {
        match self {
            Self::Pictures(codes, pictures) => {
                codes.push(offset, data, |code| events.extend(pictures.take(code.bytes).map(|what| code.event(what))));
            }
            Self::Access(codes, access) => {
                let begins = |bytes: &[u8]| access.begins(bytes);
                let mut begins = begins;
                codes.push(offset, data, |code| {
                    if begins(code.bytes) {
                        events.push(code.with_zero().event(What::Begin));
                    }
                });
            }
            Self::Frames(frames) => frames.push(offset, data, events),
            Self::Packets => {
                events.push(Event { offset, before: behind, at: Some(0), carried: Vec::new(), what: What::Begin });
            }
        }
    }

    /// Whether decode times come from time stamps only.
    pub const fn has_times_by_stamps_alone(&self) -> bool {
        matches!(self, Self::Access(..) | Self::Packets)
    }

    /// The next data do not continue the previous ones.
    pub fn reset(&mut self) {
        match self {
            Self::Pictures(codes, pictures) => (*codes, *pictures) = (Codes::default(), pictures.anew()),
            Self::Access(codes, access) => (*codes, *access) = (Codes::default(), access.anew()),
            Self::Frames(frames) => frames.reset(),
            Self::Packets => {}
        }
    }
}
