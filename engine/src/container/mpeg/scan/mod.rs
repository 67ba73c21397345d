//! Where access units begin in the data of a stream, which comes packet by packet and is cut anywhere.

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

/// How many parts of a tick durations are counted in: a field lasts 1876.875 ticks at 23.976 pictures a second.
pub const FINE: i64 = 8;

/// What a picture is shown for where nothing says how long: a twenty-fifth of a second.
pub const USUAL: i64 = 3600 * FINE;

/// Something that was found in the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Where in the file its first byte is.
    pub offset: u64,
    /// Where in the file the byte before it ends: of the packet before, if this is the first of its own.
    pub before: u64,
    /// Where in these data it is; `None`: in those before, whose last bytes from it on are `carried`.
    pub at: Option<usize>,
    /// See `at`.
    pub carried: Vec<u8>,
    /// What it is.
    pub what: What,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// An access unit begins. Without a time stamp of its own nothing is known of its time.
    Begin,
    /// Pictures of MPEG-1 and MPEG-2: an access unit begins, and what it is will be told.
    Headers,
    /// Its picture begins: others may refer to it; it is shown for so long, in [`FINE`] parts of ticks.
    Picture { reference: bool, lasts: i64 },
    /// The picture is shown for so long, which its extension says.
    Lasts(i64),
    /// A frame of sound begins, of so many samples at so many a second.
    Frame { samples: u32, rate: u32 },
}

/// What finds access units in one stream.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Scan {
    /// Pictures of MPEG-1 and MPEG-2.
    Pictures(Codes, Pictures),
    /// Those of other codecs.
    Access(Codes, Access),
    /// Sound.
    Frames(Frames),
    /// Plain samples: a packet is a unit.
    Packets,
}

impl Scan {
    /// For a stream of this codec.
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

    /// Takes the next data, which begin at this offset of the file; those before ended at `behind`. What is found is appended.
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

    /// Whether nothing but time stamps says when units are decoded.
    pub const fn has_times_by_stamps_alone(&self) -> bool {
        matches!(self, Self::Access(..) | Self::Packets)
    }

    /// What comes next does not follow on what came before.
    pub fn reset(&mut self) {
        match self {
            Self::Pictures(codes, pictures) => (*codes, *pictures) = (Codes::default(), pictures.anew()),
            Self::Access(codes, access) => (*codes, *access) = (Codes::default(), access.anew()),
            Self::Frames(frames) => frames.reset(),
            Self::Packets => {}
        }
    }
}
