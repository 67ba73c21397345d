//! Where a file says that decoding can begin, and whether that is true.

use serde::{Deserialize, Serialize};

use crate::codec::{Coding, Opening};

/// What a file says of where decoding can begin in a track, as far as that was looked into. Some writers mark every picture, or
/// the wrong ones: VLC's fragmented MP4, `GStreamer`'s Matroska of version 1, and what was cut without a look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    coding: Coding,
    /// How many sync samples are looked at until the others are believed.
    left: u32,
    /// It was found to be false: from there on the pictures say where decoding can begin.
    refuted: bool,
}

impl Claim {
    /// Of a track that has pictures of this kind, so many sync samples of which are looked at before the others are believed;
    /// `None` where all can but be believed.
    pub fn new(coding: Coding, looks: u32) -> Option<Self> {
        (!matches!(coding, Coding::Intra | Coding::Unknown)).then_some(Self { coding, left: looks, refuted: false })
    }

    /// How the picture that comes next is to be looked at, of which the file says that decoding can begin at it, or not;
    /// `None` where that is believed.
    pub fn looks(self, sync: bool) -> Option<Coding> {
        (self.refuted || sync && self.left > 0).then_some(self.coding)
    }

    /// Whether it is neither believed nor refuted as yet, or is refuted: pictures are looked at.
    pub const fn is_open(self) -> bool {
        self.refuted || self.left > 0
    }

    /// Whether it was found to be false.
    pub const fn is_refuted(self) -> bool {
        self.refuted
    }

    /// Whether decoding can begin at a picture of which the file says so, or not, and which was looked at.
    pub fn settle(&mut self, sync: bool, opening: Option<Opening>) -> bool {
        match opening {
            None => sync,
            Some(opening) if self.refuted => opening == Opening::Point,
            Some(Opening::Refers) if sync => {
                self.refuted = true;
                false
            }
            Some(_) => {
                self.left = self.left.saturating_sub(u32::from(sync));
                sync
            }
        }
    }

    /// The note on a track of which it is false.
    pub fn note(self, track: u64) -> Option<String> {
        let text = "its sync samples are marked wrongly, and are known by their pictures instead";
        self.refuted.then(|| format!("track {track}: {text}"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_claim_is_believed_after_some_looks_and_refuted_by_one() {
        let mut claim = Claim::new(Coding::Vp8, 2).unwrap();
        assert_eq!((claim.looks(true), claim.looks(false)), (Some(Coding::Vp8), None));
        assert!(claim.settle(true, Some(Opening::Point)) && claim.settle(true, Some(Opening::Intra)));
        assert_eq!((claim.looks(true), claim.note(1)), (None, None));
        let mut claim = Claim::new(Coding::Vp8, 2).unwrap();
        assert!(!claim.settle(true, Some(Opening::Refers)));
        assert!(claim.looks(false).is_some() && claim.note(1).is_some());
        let settled = [Some(Opening::Point), Some(Opening::Intra), Some(Opening::Refers), None];
        assert_eq!(settled.map(|opening| claim.settle(false, opening)), [true, false, false, false]);
        assert!(Claim::new(Coding::Intra, 2).is_none() && Claim::new(Coding::Unknown, 2).is_none());
    }
}
