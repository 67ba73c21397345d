//! Where the frames of a block stand (RFC 9559 §10), and what is left out of them (§5.1.4.1.31, header stripping).

use bytes::Bytes;

use super::ebml::{self, ChildElements, EbmlElement};
use super::ids;
use crate::container::payload::{Laced, Lacing, mismatch};
use crate::container::{Error, Payload, Unsupported};
use crate::media::splice::Splice;
use crate::media::{Private, Run, Setup, Track};

/// `ContentCompAlgo` of header stripping.
const HEADER_STRIPPING: u64 = 3;
/// The most bytes behind a block that can be kept: those of all but a few pictures with an alpha channel.
const MOST_BEHIND: u32 = Private::MAX_FIRST >> 2;

/// What a run keeps of its blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptBlocks {
    /// How many bytes into the element the block's timestamp stands.
    pub timestamp: u8,
    /// How many bytes of the element follow on the block; [`MOST_BEHIND`] and more: where its payload is is not known.
    pub behind: u64,
    /// How frames are laced, by two bits of the block's flags; 0: not at all.
    pub lacing: u8,
}

impl KeptBlocks {
    pub fn pack(self) -> Private {
        let behind = u32::try_from(self.behind).unwrap_or(u32::MAX).min(MOST_BEHIND);
        Private::new(behind << 2 | u32::from(self.lacing & 3), self.timestamp)
    }

    pub fn of(run: &Run) -> Self {
        let (first, timestamp) = (run.private.first(), run.private.second());
        Self { timestamp, behind: u64::from(first >> 2), lacing: first.to_be_bytes()[3] & 3 }
    }
}

/// The payload of a track's run.
pub fn of(track: &Track, run: &Run) -> Result<Payload, Error> {
    let KeptBlocks { timestamp, behind, lacing } = KeptBlocks::of(run);
    if behind >= MOST_BEHIND.into() {
        let why = "more than 4 MiB follow on a block, or how they are encoded is not kept";
        return Err(Unsupported::Payload { of: format!("track {}", track.id), why }.into());
    }
    let stripped = stripped(track)?;
    // Two bytes of timestamp, one of flags.
    let (before, size) = (u64::from(timestamp) + 3, u64::from(run.size));
    if before + behind > size {
        return Err(mismatch(run, "that is no block"));
    }
    let lacing = match lacing {
        0 => {
            let mut splice = Splice::new();
            for sample in 0..u64::from(run.count) {
                let offset = run.offset.saturating_add(sample * size);
                splice.made(stripped.clone());
                splice.source(offset.saturating_add(before)..offset.saturating_add(size - behind));
            }
            return Ok(Payload::Whole(splice));
        }
        1 => Lacing::Xiph,
        2 => Lacing::Fixed,
        _ => Lacing::Ebml,
    };
    if run.count > 1 {
        return Err(mismatch(run, "with others: laced ones have to be asked for one by one"));
    }
    let block = run.offset.saturating_add(before)..run.offset.saturating_add(size - behind);
    Ok(Payload::Laced(Laced { lacing, block, stripped }))
}

/// What the frames of a track begin with and the file leaves out.
pub fn stripped(track: &Track) -> Result<Bytes, Error> {
    let Setup::Inline(entry) = &track.setup else { return Ok(Bytes::new()) };
    let Some(Ok(entry)) = ChildElements::new(entry, 0).next() else { return Ok(Bytes::new()) };
    let encodings = entry.children().filter_map(Result::ok).find(|child| child.id == ids::CONTENT_ENCODINGS);
    let Some(encodings) = encodings else { return Ok(Bytes::new()) };
    let mut stripped = Bytes::new();
    for encoding in encodings.children().filter_map(Result::ok).filter(|child| child.id == ids::CONTENT_ENCODING) {
        let number = |parent: &EbmlElement<'_>, id| child(parent, id).and_then(|child| ebml::uint(child.data));
        // What is but of the CodecPrivate leaves frames as they are.
        if number(&encoding, ids::CONTENT_ENCODING_SCOPE).unwrap_or(1) & 1 == 0 {
            continue;
        }
        let compression = child(&encoding, ids::CONTENT_COMPRESSION);
        let algorithm = compression.as_ref().and_then(|found| number(found, ids::CONTENT_COMP_ALGO)).unwrap_or(0);
        if algorithm != HEADER_STRIPPING || !stripped.is_empty() {
            return Err(Unsupported::Payload { of: format!("track {}", track.id), why: "they are compressed" }.into());
        }
        let settings = compression.and_then(|found| child(&found, ids::CONTENT_COMP_SETTINGS));
        stripped = settings.map_or_else(Bytes::new, |settings| Bytes::copy_from_slice(settings.data));
    }
    Ok(stripped)
}

fn child<'a>(parent: &EbmlElement<'a>, id: u32) -> Option<EbmlElement<'a>> {
    parent.children().filter_map(Result::ok).find(|child| child.id == id)
}
