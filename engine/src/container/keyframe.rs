//! Checks what a file says about where decoding can begin.

use serde::{Deserialize, Serialize};

use crate::codec::{FrameOpening, KeyframeCoding};

/// The result of checking the sync samples of a track so far. Some writers mark every picture, or the wrong ones: VLC's
/// fragmented MP4, `GStreamer`'s Matroska of version 1, and files that were cut carelessly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    coding: KeyframeCoding,
    /// How many sync samples are still checked before the rest is trusted.
    left: u32,
    /// Whether the marks were found to be false: from then on the pictures show where decoding can begin.
    refuted: bool,
}

impl Claim {
    /// For a track with this coding; `looks` sync samples are checked before the others are trusted. `None` if the
    /// coding cannot be checked.
    pub fn new(coding: KeyframeCoding, looks: u32) -> Option<Self> {
        (!matches!(coding, KeyframeCoding::Intra | KeyframeCoding::Unknown)).then_some(Self {
            coding,
            left: looks,
            refuted: false,
        })
    }

    /// How to check the next picture, which the file marks as a sync sample or not; `None` if the mark is trusted.
    pub fn looks(self, sync: bool) -> Option<KeyframeCoding> {
        (self.refuted || sync && self.left > 0).then_some(self.coding)
    }

    /// Whether pictures are still checked: the marks are not trusted yet, or refuted.
    pub const fn is_open(self) -> bool {
        self.refuted || self.left > 0
    }

    /// Whether the marks were found to be false.
    pub const fn is_refuted(self) -> bool {
        self.refuted
    }

    /// Whether decoding can begin at a picture, by the file's mark and the checked picture.
    pub fn settle(&mut self, sync: bool, opening: Option<FrameOpening>) -> bool {
        match opening {
            None => sync,
            Some(opening) if self.refuted => opening == FrameOpening::Point,
            Some(FrameOpening::Refers) if sync => {
                self.refuted = true;
                false
            }
            Some(_) => {
                self.left = self.left.saturating_sub(u32::from(sync));
                sync
            }
        }
    }

    /// The note for a track whose marks are false.
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
        let mut claim = Claim::new(KeyframeCoding::Vp8, 2).unwrap();
        assert_eq!((claim.looks(true), claim.looks(false)), (Some(KeyframeCoding::Vp8), None));
        assert!(claim.settle(true, Some(FrameOpening::Point)) && claim.settle(true, Some(FrameOpening::Intra)));
        assert_eq!((claim.looks(true), claim.note(1)), (None, None));
        let mut claim = Claim::new(KeyframeCoding::Vp8, 2).unwrap();
        assert!(!claim.settle(true, Some(FrameOpening::Refers)));
        assert!(claim.looks(false).is_some() && claim.note(1).is_some());
        let settled = [Some(FrameOpening::Point), Some(FrameOpening::Intra), Some(FrameOpening::Refers), None];
        assert_eq!(settled.map(|opening| claim.settle(false, opening)), [true, false, false, false]);
        assert!(Claim::new(KeyframeCoding::Intra, 2).is_none() && Claim::new(KeyframeCoding::Unknown, 2).is_none());
    }
}
