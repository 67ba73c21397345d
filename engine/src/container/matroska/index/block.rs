//! The head of a block (RFC 9559 §10): its track, its presentation time relative to its cluster, and the number of
//! laced frames. The frames themselves are not read, except the first bytes of an Opus packet.

use super::super::ebml::vint;
use crate::codec::opus;

/// The maximum number of bytes read of a block's data: track number, timestamp, flags, lacing, two bytes of an Opus
/// packet.
pub const MAX_HEAD: usize = 8 + 2 + 1 + 1 + 2;

/// The first bytes of a Block or SimpleBlock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockHead {
    /// TrackNumber.
    pub track: u64,
    /// How many bytes of data precede the timestamp.
    pub before_timestamp: usize,
    /// Its presentation time, in ticks after its cluster's Timestamp.
    pub relative: i16,
    /// A SimpleBlock's keyframe flag.
    pub keyframe: bool,
    /// A SimpleBlock's flag that no other frame refers to its frames.
    pub discardable: bool,
    /// The number of frames: 1 unless they are laced.
    pub frames: u16,
    /// How many bytes of data precede the only frame; `None` if frames are laced.
    pub before_frame: Option<usize>,
    /// The first two bytes of the only frame, with a zero if it has only one; `None` if frames are laced.
    packet: Option<[u8; 2]>,
    /// How frames are laced, by two bits of the flags: not at all, as Xiph's containers do, in equal sizes, as EBML writes numbers.
    pub lacing: u8,
}

impl BlockHead {
    /// Parses a block's data, or the first [`MAX_HEAD`] bytes of it; `None` if it is too short.
    pub fn parse(data: &[u8]) -> Option<Self> {
        let (track, before_timestamp) = vint(data)?;
        let [high, low, flags, rest @ ..] = data.get(before_timestamp..)? else { return None };
        let lacing = flags >> 1 & 3;
        let laced = lacing != 0;
        let frames = if laced { u16::from(*rest.first()?) + 1 } else { 1 };
        Some(Self {
            track,
            before_timestamp,
            relative: i16::from_be_bytes([*high, *low]),
            keyframe: flags & 0x80 != 0,
            discardable: flags & 1 != 0,
            frames,
            before_frame: (!laced).then_some(before_timestamp + 3),
            packet: rest.first().filter(|_| !laced).map(|first| [*first, rest.get(1).copied().unwrap_or(0)]),
            lacing,
        })
    }

    /// The head of a Block in a group: it has no flag of discardable frames.
    pub fn of_group(self) -> Self {
        Self { discardable: false, ..self }
    }

    /// Its duration in nanoseconds, if it contains an Opus packet.
    pub fn opus_duration(&self) -> Option<u64> {
        opus::duration(self.packet?)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_with_each_kind_of_lacing() {
        for (flags, rest, frames, keyframe) in [
            (0x80, &[0xF8][..], 1, true),
            (0x00, &[], 1, false),
            (0x02, &[2], 3, false),
            (0x84, &[0], 1, true),
            (0x06, &[255], 256, false),
        ] {
            let data = [&[0x40, 0x02, 0xFF, 0xFE, flags], rest].concat();
            let head = BlockHead::parse(&data).unwrap();
            assert_eq!((head.track, head.before_timestamp, head.relative), (2, 2, -2));
            assert_eq!((head.frames, head.keyframe), (frames, keyframe), "flags {flags:x}");
            assert_eq!(head.opus_duration(), (rest == [0xF8]).then_some(20_000_000));
        }
    }

    #[test]
    fn a_head_that_is_cut_off_is_none() {
        let data = [0x81, 0, 0, 0x02, 3];
        assert!(BlockHead::parse(&data).is_some());
        for length in 0..data.len() {
            assert_eq!(BlockHead::parse(data.get(..length).unwrap()), None, "{length} bytes");
        }
    }
}
