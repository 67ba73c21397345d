//! iTunes' declaration of the encoder's delay, used without an edit list: `iTunSMPB`, a custom comment (`----` in
//! `udta/meta/ilst`). It is not in any standard. It has, in hexadecimal, the numbers of samples before the first
//! audible one, after the last, and between; iTunes and ffmpeg play only the latter.

use super::tables::SampleRuns;
use crate::container::boxes::Box;
use crate::media::{Edit, Ticks};

/// The three numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gapless {
    before: i64,
    behind: i64,
    heard: i64,
}

impl Gapless {
    /// From the movie's user data, if present. Not all of that is boxes; the rest is ignored.
    pub fn read(udta: &Box<'_>) -> Option<Self> {
        let meta = udta.child(*b"meta").ok()??;
        let comments = behind(&meta, 4)?.child(*b"ilst").ok()??;
        comments.children().map_while(Result::ok).filter(|item| item.kind.0 == *b"----").find_map(|item| {
            item.child(*b"name").ok()??.payload.strip_suffix(b"iTunSMPB")?;
            Self::parse(item.child(*b"data").ok()??.payload.get(8..)?)
        })
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let mut numbers = text.split_ascii_whitespace().skip(1).map(|number| i64::from_str_radix(number, 16).ok());
        let mut next = || numbers.next()?.filter(|number| *number >= 0);
        Some(Self { before: next()?, behind: next()?, heard: next()? })
    }

    /// The corresponding edit of the track with this `stts` box, if the numbers fit its media: their sum is its number
    /// of samples.
    pub fn edit(self, stts: &Box<'_>) -> Option<Edit> {
        let mut runs = SampleRuns::read(stts).ok()?;
        let mut duration = 0_i64;
        while let Some((ticks, samples)) = runs.peek() {
            duration = duration.checked_add(i64::from(ticks).checked_mul(i64::from(samples))?)?;
            runs.advance(samples);
        }
        let all = self.before.checked_add(self.behind)?.checked_add(self.heard)?;
        let edit = Edit { duration: Some(Ticks(self.heard)), media: Some(Ticks(self.before)) };
        (all == duration && self.heard > 0).then_some(edit)
    }
}

/// A box whose children begin this many bytes later.
fn behind<'a>(parent: &Box<'a>, bytes: usize) -> Option<Box<'a>> {
    let offset = parent.offset + bytes as u64;
    Some(Box { payload: parent.payload.get(bytes..)?, offset, ..parent.clone() })
}
