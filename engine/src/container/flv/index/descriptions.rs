//! The configurations of decoders: the different sequence headers of all tracks. The writer finds the payload of the
//! tag in `Outline.setup`, by a sample's `description`; 1 means none.

use std::ops::Range;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{FlvTag, TagTrack};
use crate::container::{Error, TooLarge};
use crate::media::Setup;

/// The maximum number of different ones: one for each programme in a day's recording is far less.
const MAX: usize = 1000;
/// The maximum size of one: an `hvcC` with all its parameter sets is below 1 KiB.
const MAX_SIZE: usize = 64 << 10;
/// How many bytes of them the outline itself may contain; for others it has their ranges.
const MAX_INLINE: usize = 32 << 10;
/// How many bytes of them are kept, to recognise them again.
const MAX_KEPT: usize = 4 << 20;

/// A configuration.
#[derive(Serialize, Deserialize)]
struct Description {
    payload: Bytes,
    /// The offset of the configuration itself in the payload.
    from: usize,
    /// The range of the tag, including the length that follows it.
    tag: Range<u64>,
    of: TagTrack,
}

/// The configurations of a file.
#[derive(Default, Serialize, Deserialize)]
pub struct Descriptions {
    known: Vec<Description>,
    kept: usize,
}

impl Descriptions {
    /// The number of this configuration, the same as before if it has occurred before.
    pub fn put(&mut self, tag: &FlvTag<'_>, of: TagTrack, from: usize) -> Result<u16, Error> {
        let known = self.known.iter().position(|known| known.of == of && known.payload == tag.payload);
        if let Some(known) = known {
            return Ok(number(known));
        }
        let size = tag.header.size as usize;
        self.kept += size;
        if size > MAX_SIZE || self.known.len() >= MAX || self.kept > MAX_KEPT {
            return Err(TooLarge::SequenceHeaders { count: self.known.len(), bytes: self.kept, size }.into());
        }
        let end = tag.offset.saturating_add(u64::from(tag.header.tag_size())).saturating_add(tag.trailer as u64);
        let payload = Bytes::copy_from_slice(tag.payload);
        self.known.push(Description { payload, from, tag: tag.offset..end, of });
        Ok(number(self.known.len() - 1))
    }

    /// The configuration for the decoder in the tag with this number.
    pub fn configuration(&self, number: u16) -> &[u8] {
        let known = usize::from(number).checked_sub(2).and_then(|place| self.known.get(place));
        known.and_then(|known| known.payload.get(known.from..)).unwrap_or_default()
    }

    /// The range of the first one of each track.
    pub fn firsts(&self) -> impl Iterator<Item = Range<u64>> {
        let first = |place: usize, of: TagTrack| self.known.iter().take(place).all(|before| before.of != of);
        let known = self.known.iter().enumerate();
        known.filter(move |(place, known)| first(*place, known.of)).map(|(_, known)| known.tag.clone())
    }

    /// The form for the writer, ordered by number.
    pub fn into_setup(self) -> Vec<Setup> {
        let mut inline = 0;
        let setup = self.known.into_iter().map(|known| {
            inline += known.payload.len();
            if inline <= MAX_INLINE {
                return Setup::Inline(known.payload);
            }
            let start = known.tag.start.saturating_add(super::TAG_HEADER as u64);
            Setup::At(start..start.saturating_add(known.payload.len() as u64))
        });
        std::iter::once(Setup::Inline(Bytes::new())).chain(setup).collect()
    }
}

/// Numbers count from 1, which means none.
fn number(place: usize) -> u16 {
    u16::try_from(place.saturating_add(2)).unwrap_or(u16::MAX)
}
