//! From samples to the index, element by element.

use serde::{Deserialize, Serialize};

use super::clock::SECOND;
use crate::container::{Error, TooLarge};
use crate::index::{Builder, MAX_PAGE_BYTES};
use crate::media::{Private, Run, Ticks};

/// How long an element lasts at least: a file in which decoding can begin anywhere is not cut finer than it has to be.
pub const SPACING: i64 = SECOND / 2;
/// How many pieces and samples an element has at most; then another begins, wherever that is.
pub const MAX_ELEMENT: usize = 8192;
/// How many elements wait for the last sample of one at most: a stream may have come to its end.
pub const MAX_WAITING: usize = 4;

/// What is known of the elements that have gone on to the index.
#[derive(Default, Serialize, Deserialize)]
pub struct Elements {
    /// Elements alternate, so that no run of samples reaches from one into the next.
    odd: bool,
    /// Bytes that the elements of the last cell keep, and which that is.
    kept: (i64, usize),
}

impl Elements {
    /// An element of these samples from `start` to `end` of the file, which begins at this time and keeps whose its bytes
    /// are.
    pub fn give(
        &mut self,
        (start, end): (u64, u64),
        time: i64,
        kept: Vec<u8>,
        samples: Vec<(usize, Run)>,
        builder: &mut Builder,
    ) -> Result<(), Error> {
        self.bound(time, kept.len())?;
        builder.begin_element_keeping(start, 0, Ticks(time), kept.into());
        for (track, run) in samples {
            // Samples of two elements are never one run.
            let private = Private::new(run.private.first(), self.odd.into());
            builder.samples(track, Run { private, ..run })?;
        }
        builder.end_element(end);
        self.odd = !self.odd;
        Ok(())
    }

    /// Bounds what the elements of a page keep: their times never decrease, so those of one page follow each other.
    fn bound(&mut self, time: i64, kept: usize) -> Result<(), Error> {
        let cell = time.div_euclid(10 * SECOND);
        let (of, so_far) = self.kept;
        self.kept = (cell, if of == cell { so_far + kept } else { kept });
        if self.kept.1 > MAX_PAGE_BYTES {
            let second = time / SECOND;
            return Err(TooLarge::Alternation { second }.into());
        }
        Ok(())
    }
}
