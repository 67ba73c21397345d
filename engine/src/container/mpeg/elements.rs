//! From samples to the index, element by element.

use serde::{Deserialize, Serialize};

use super::clock::SECOND;
use crate::container::{Error, TooLarge};
use crate::index::{Builder, MAX_PAGE_BYTES};
use crate::media::{Private, Run, Ticks};

/// The minimum duration of an element: a file with random access everywhere is not divided more finely than necessary.
pub const SPACING: i64 = SECOND / 2;
/// The maximum number of pieces and samples of an element; then the next one begins, wherever that is.
pub const MAX_ELEMENT: usize = 8192;
/// The maximum number of elements that wait for the last sample of one: a stream may have ended.
pub const MAX_WAITING: usize = 4;

/// The state of the elements that were passed on to the index.
#[derive(Default, Serialize, Deserialize)]
pub struct PassedElements {
    /// Elements alternate so that no run of samples extends from one into the next.
    odd: bool,
    /// The bytes that the elements of the last cell hold, and the number of that cell.
    kept: (i64, usize),
}

impl PassedElements {
    /// Adds an element with these samples, from `start` to `end` of the file. It begins at this time and holds bytes in
    /// `kept`.
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

    /// Limits the bytes of a page's elements: their times never decrease, so the elements of one page are consecutive.
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
