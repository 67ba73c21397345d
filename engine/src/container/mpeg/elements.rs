//! From samples to the index, element by element.

use serde::{Deserialize, Serialize};

use super::clock::SECOND;
use crate::container::Error;
use crate::index::{Builder, MAX_PAGE_BYTES, Packed};
use crate::media::{Run, Ticks, Track};

/// How long an element lasts at least: a file in which decoding can begin anywhere is not cut finer than it has to be.
pub const SPACING: i64 = SECOND / 2;
/// How many pieces and samples an element has at most; then another begins, wherever that is.
pub const MAX_ELEMENT: usize = 8192;
/// How many elements wait for the last sample of one at most: a stream may have come to its end.
pub const MAX_WAITING: usize = 4;

/// The index in the making.
#[derive(Serialize, Deserialize)]
pub struct Elements {
    builder: Builder,
    /// Elements alternate, so that no run of samples reaches from one into the next.
    odd: bool,
    /// Bytes that the elements of the last cell keep, and which that is.
    kept: (i64, usize),
}

impl Elements {
    /// Of these tracks.
    pub fn new(tracks: Vec<Track>) -> Self {
        Self { builder: Builder::new(tracks), odd: false, kept: (0, 0) }
    }

    /// An element of these samples from `start` to `end` of the file, which begins at this time and keeps whose its bytes
    /// are.
    pub fn give(
        &mut self,
        (start, end): (u64, u64),
        time: i64,
        kept: Vec<u8>,
        samples: Vec<(usize, Run)>,
    ) -> Result<(), Error> {
        self.bound(time, kept.len())?;
        self.builder.begin_element_keeping(start, 0, Ticks(time), kept.into());
        for (track, run) in samples {
            self.builder.samples(track, Run { header: u8::from(self.odd), ..run })?;
        }
        self.builder.end_element(end);
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
            return Err(Error::Limit(format!(
                "streams that alternate so often that ten seconds at second {second} have no page"
            )));
        }
        Ok(())
    }

    /// Where the samples go.
    pub const fn builder(&mut self) -> &mut Builder {
        &mut self.builder
    }

    /// The end of the file: the remaining pages, and the tracks, of which so many bytes are their own.
    pub fn finish(self, bytes: impl Iterator<Item = u64>) -> Result<(Vec<Packed>, Vec<Track>), Error> {
        let (pages, mut tracks) = self.builder.finish()?;
        for (track, bytes) in tracks.iter_mut().zip(bytes) {
            track.bytes = bytes;
        }
        Ok((pages, tracks))
    }
}
