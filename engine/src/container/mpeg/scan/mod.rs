//! Finds the beginnings of access units in the data of a stream, which arrives in packets cut anywhere.

mod access;
mod codes;
mod frames;
mod pictures;

use serde::{Deserialize, Serialize};

use self::access::{UnitForm, UnitScan};
use self::codes::StartCodes;
use self::frames::FrameScan;
use self::pictures::PictureScan;
use crate::container::mpeg::codec::MpegCodec;

/// The number of parts of a tick that durations are counted in: a field lasts 1876.875 ticks at 23.976 pictures a
/// second.
pub const FINE: i64 = 8;

/// The default duration of a picture: a twenty-fifth of a second.
pub const USUAL: i64 = 3600 * FINE;

/// Something found in the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanEvent {
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
    pub what: ScanFinding,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanFinding {
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
    Pictures(StartCodes, PictureScan),
    /// Pictures of other codecs.
    Access(StartCodes, UnitScan),
    /// Sound.
    Frames(FrameScan),
    /// Uncompressed samples: each packet is a unit.
    Packets,
}

impl Scan {
    /// A scanner for this codec.
    pub fn new(codec: MpegCodec) -> Self {
        let access = |form| Self::Access(StartCodes::default(), UnitScan::new(form));
        match codec {
            MpegCodec::Mpeg => Self::Pictures(StartCodes::default(), PictureScan::default()),
            MpegCodec::H264 => access(UnitForm::H264),
            MpegCodec::Hevc => access(UnitForm::Hevc),
            MpegCodec::Visual | MpegCodec::Vc1 => access(UnitForm::Visual),
            MpegCodec::MpegAudio
            | MpegCodec::Adts
            | MpegCodec::Ac3
            | MpegCodec::Eac3
            | MpegCodec::Dts
            | MpegCodec::Opus => Self::Frames(FrameScan::new(codec)),
            MpegCodec::Lpcm | MpegCodec::Latm | MpegCodec::TrueHd => Self::Packets,
        }
    }

    /// Takes the next data, which begin at this offset of the file; the previous data ended at `behind`. Appends the
    /// events found.
    pub fn push(&mut self, offset: u64, behind: u64, data: &[u8], events: &mut Vec<ScanEvent>) {
        match self {
            Self::Pictures(codes, pictures) => {
                codes.push(offset, data, |code| events.extend(pictures.take(code.bytes).map(|what| code.event(what))));
            }
            Self::Access(codes, access) => {
                let begins = |bytes: &[u8]| access.begins(bytes);
                let mut begins = begins;
                codes.push(offset, data, |code| {
                    if begins(code.bytes) {
                        events.push(code.with_zero().event(ScanFinding::Begin));
                    }
                });
            }
            Self::Frames(frames) => frames.push(offset, data, events),
            Self::Packets => {
                events.push(ScanEvent {
                    offset,
                    before: behind,
                    at: Some(0),
                    carried: Vec::new(),
                    what: ScanFinding::Begin,
                });
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
            Self::Pictures(codes, pictures) => (*codes, *pictures) = (StartCodes::default(), pictures.anew()),
            Self::Access(codes, access) => (*codes, *access) = (StartCodes::default(), access.anew()),
            Self::Frames(frames) => frames.reset(),
            Self::Packets => {}
        }
    }
}
