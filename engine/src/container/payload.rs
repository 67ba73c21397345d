//! Where the bytes of samples stand, as their codec has them: what a writer of another format takes.

use std::ops::Range;

use super::Error;
use crate::media::Run;
use crate::media::splice::Splice;

/// The bytes of the samples of a run, as their codec has them.
///
/// H.264 and HEVC lie behind start codes or behind lengths, as the file has them; the track's configuration says which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// Of each sample, one behind the other, all of the same size.
    Whole(Splice),
    /// The beginning or the middle of a sample, which goes on with the track's next run. The last part is [`Payload::Whole`]. All
    /// parts but the last have no duration.
    Part(Splice),
    /// Several frames in one sample, whose sizes stand in the file: Matroska's lacing.
    Laced(Laced),
}

impl Payload {
    /// Samples that lie in the file as their codec has them.
    #[must_use]
    pub fn stored(run: &Run) -> Self {
        let mut splice = Splice::new();
        splice.source(run.bytes());
        Self::Whole(splice)
    }
}

/// Frames that are laced into one block (RFC 9559 §10.3). How long each is has to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Laced {
    /// How their sizes are written.
    pub lacing: Lacing,
    /// The frames, behind their number and their sizes.
    pub block: Range<u64>,
    /// What each frame begins with, and no frame has in the file.
    pub stripped: bytes::Bytes,
}

/// How the sizes of laced frames are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lacing {
    /// As many bytes of 255 as it takes, and the rest.
    Xiph,
    /// All have the same.
    Fixed,
    /// The first as a number of variable length, the others by their difference to the one before.
    Ebml,
}

impl Laced {
    /// The most bytes that a table of sizes takes: the number of frames, and 255 sizes of up to eight bytes or, of Xiph's lacing,
    /// as many as its frames have a 255th of.
    const MOST: u64 = 64 << 10;

    /// The bytes of the file that [`Laced::frames`] has to be given.
    #[must_use]
    pub fn table(&self) -> Range<u64> {
        let Range { start, end } = self.block;
        let length = if self.lacing == Lacing::Fixed { 1 } else { Self::MOST };
        start..end.min(start.saturating_add(length))
    }

    /// The frames, one after the other, by the bytes of the [table](Laced::table).
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] where the sizes are not those of the frames.
    pub fn frames(&self, table: &[u8]) -> Result<Vec<Splice>, Error> {
        let malformed = || Error::Malformed {
            offset: self.block.start,
            path: "Segment/Cluster/Block".to_owned(),
            what: "the sizes of laced frames are not those of its bytes".to_owned(),
        };
        let (sizes, head) = self.sizes(table).ok_or_else(malformed)?;
        let mut at = self.block.start.saturating_add(head);
        let mut frames = Vec::with_capacity(sizes.len());
        for size in sizes {
            let end = at.checked_add(size).filter(|end| *end <= self.block.end).ok_or_else(malformed)?;
            let mut splice = Splice::new();
            splice.made(self.stripped.clone());
            splice.source(at..end);
            frames.push(splice);
            at = end;
        }
        if at == self.block.end { Ok(frames) } else { Err(malformed()) }
    }

    /// The sizes of all frames, and how many bytes stand before the first.
    fn sizes(&self, table: &[u8]) -> Option<(Vec<u64>, u64)> {
        let (count, mut rest) = table.split_first()?;
        let written = usize::from(*count);
        let mut sizes: Vec<u64> = Vec::with_capacity(written + 1);
        if self.lacing == Lacing::Fixed {
            let all = self.block.end - self.block.start - 1;
            let each = all.checked_div(written as u64 + 1).filter(|each| each * (written as u64 + 1) == all)?;
            return Some((vec![each; written + 1], 1));
        }
        while sizes.len() < written {
            let size = match (self.lacing, sizes.last()) {
                (Lacing::Ebml, Some(before)) => before.checked_add_signed(signed(&mut rest)?)?,
                (Lacing::Ebml, None) => number(&mut rest)?.0,
                _ => {
                    let long = rest.iter().take_while(|byte| **byte == 255).count();
                    let last = *rest.get(long)?;
                    rest = rest.get(long + 1..)?;
                    255 * long as u64 + u64::from(last)
                }
            };
            sizes.push(size);
        }
        let head = (table.len() - rest.len()) as u64;
        let before = sizes.iter().try_fold(head, |all, size| all.checked_add(*size))?;
        sizes.push((self.block.end - self.block.start).checked_sub(before)?);
        Some((sizes, head))
    }
}

/// A number of variable length (RFC 8794 §4), and how many bits of it count.
fn number(rest: &mut &[u8]) -> Option<(u64, u32)> {
    let first = *rest.first()?;
    let length = first.leading_zeros() as usize + 1;
    let bytes = rest.get(..length).filter(|_| length <= 8)?;
    *rest = rest.get(length..)?;
    let bits = 7 * u32::try_from(length).ok()?;
    Some((bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)) & ((1 << bits) - 1), bits))
}

/// A difference: a number less half of what its length can say.
fn signed(rest: &mut &[u8]) -> Option<i64> {
    let (value, bits) = number(rest)?;
    Some(value.cast_signed() - ((1_i64 << (bits - 1)) - 1))
}

/// The payloads of a file of this kind cannot be had as a splice.
#[cfg(any(feature = "mpegps", feature = "mpegts"))]
pub(super) fn mixed(kind: &str) -> Error {
    super::Unsupported::Payload { of: kind.to_owned(), why: "packets of other streams lie between their bytes" }.into()
}

/// The run is not what the outline's file has.
#[cfg(feature = "matroska")]
pub(super) fn mismatch(run: &Run, what: &str) -> Error {
    Error::Index(crate::index::InvalidIndex(format!("a sample at byte {} {what}", run.offset)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn laced_frames_are_taken_apart() {
        let sizes = |lacing, table: &[u8], length: u64| {
            let laced = Laced { lacing, block: 1000..1000 + length, stripped: bytes::Bytes::new() };
            assert!(laced.table().end <= 1000 + length);
            laced.frames(table).ok().map(|frames| frames.iter().map(Splice::len).collect::<Vec<_>>())
        };
        // The examples of RFC 9559 §10.3: frames of 800, 500 and 1000 bytes.
        let xiph = [2, 255, 255, 255, 35, 255, 245];
        assert_eq!(sizes(Lacing::Xiph, &xiph, 7 + 2300), Some(vec![800, 500, 1000]));
        let ebml = [2, 0x43, 0x20, 0x5E, 0xD3];
        assert_eq!(sizes(Lacing::Ebml, &ebml, 5 + 2300), Some(vec![800, 500, 1000]));
        assert_eq!(sizes(Lacing::Fixed, &[2], 1 + 2400), Some(vec![800; 3]));
        assert_eq!(sizes(Lacing::Fixed, &[2], 1 + 2401), None);
        for (lacing, table) in [(Lacing::Xiph, &xiph[..]), (Lacing::Ebml, &ebml)] {
            assert_eq!(sizes(lacing, table, 1000), None);
            for length in 0..table.len() {
                assert_eq!(sizes(lacing, &table[..length], 2300), None);
            }
        }
    }
}
