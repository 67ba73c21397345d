//! Clusters (RFC 9559 §5.1.3), of known size or not: their blocks become samples. Of the frames only keyframes are
//! examined, because not all files mark them correctly.

use serde::{Deserialize, Serialize};

use super::super::ebml::{self, ElementHeader, MAX_HEADER};
use super::super::ids;
use super::block::{BlockHead, MAX_HEAD};
use super::samples::{BlockSamples, ClusterBlock};
use crate::codec::{FrameOpening, KeyframeCoding, LOOK};
use crate::container::Error;
use crate::container::pass::PassOutput;
use crate::container::stream::SourceStream;
use crate::media::Ticks;

/// How many bytes of an element are read: its header and the head of a block.
const HEAD: usize = MAX_HEADER + MAX_HEAD;

/// Times are kept below this many ticks, so that sums of a few never saturate, and a float is exact.
const MAX_TICKS: u64 = 1 << 53;

/// Where the children of a cluster may be.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ClusterExtent {
    /// The offset of the cluster.
    pub offset: u64,
    /// The offset of its first child.
    pub body: u64,
    /// Its end; if its size is unknown, the end of the segment.
    pub end: u64,
    /// Whether its size is known, so that it should not end earlier.
    pub sized: bool,
}

/// The end of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// At its declared end, or before another element of the segment.
    Sound,
    /// With bytes that are not an element of a cluster.
    Damaged,
    /// Not reached yet.
    NotYet,
}

/// Continues reading the cluster from the position, by a chunk at most; the stream is then directly after its last
/// valid child.
pub async fn read(
    stream: &mut SourceStream<'_>,
    extent: &ClusterExtent,
    samples: &mut BlockSamples,
    out: &mut PassOutput,
) -> Result<Ending, Error> {
    let enough = stream.position().saturating_add(stream.chunk());
    loop {
        let offset = stream.position();
        if offset >= extent.end {
            return Ok(Ending::Sound);
        }
        if offset >= enough {
            return Ok(Ending::NotYet);
        }
        let bytes = stream.peek(HEAD).await?;
        let Some(child) = ElementHeader::parse(bytes) else { return Ok(Ending::Damaged) };
        if ids::is_top_level(child.id) {
            if extent.sized {
                out.notes.at(offset, "a cluster ends before its declared end");
            }
            return Ok(Ending::Sound);
        }
        let body = offset + child.length as u64;
        let end = child.size.map_or(u64::MAX, |size| body.saturating_add(size));
        // Unknown IDs of one or two bytes may come from a later version of the standard; longer ones are garbage.
        if end > extent.end || child.id > 0xFFFF {
            return Ok(Ending::Damaged);
        }
        let data = bytes.get(child.length..).unwrap_or_default();
        let data = child.size.and_then(|size| data.get(..usize::try_from(size).ok()?)).unwrap_or(data);
        match child.id {
            ids::TIMESTAMP if !samples.in_cluster() => {
                let header = u32::try_from(extent.body - extent.offset).unwrap_or(u32::MAX);
                samples.begin(extent.offset, header, timestamp(offset, data)?);
            }
            ids::SIMPLE_BLOCK => match BlockHead::parse(data) {
                Some(head) => {
                    let timestamp = child.length + head.before_timestamp;
                    let sync = head.keyframe;
                    let opening = opening(stream, child.length, end, &head, samples.looks(&head, sync)).await?;
                    look(stream, child.length, end, &head, samples).await?;
                    let timestamp = timestamp as u64;
                    let element =
                        BlockElement { offset, end, timestamp, behind: 0, duration: None, discard: 0, sync, opening };
                    element.give(head, samples, out)?;
                }
                None => out.notes.at(offset, "a SimpleBlock without a head is passed over"),
            },
            ids::BLOCK_GROUP => group(stream, offset, body, end, samples, out).await?,
            ids::ENCRYPTED_BLOCK => out.notes.at(offset, "an EncryptedBlock is passed over"),
            _ => {}
        }
        stream.seek(end);
    }
}

/// A cluster's Timestamp.
fn timestamp(offset: u64, data: &[u8]) -> Result<Ticks, Error> {
    let value = ebml::uint(data).filter(|value| *value < MAX_TICKS).and_then(|value| i64::try_from(value).ok());
    value.map(Ticks).ok_or_else(|| Error::Malformed {
        offset,
        path: "Segment/Cluster/Timestamp".to_owned(),
        what: format!("a time of {} bytes, {data:x?}, where less than 2^53 ticks are allowed", data.len()),
    })
}

/// Reads a BlockGroup whose children are between these offsets. An invalid child ends it, without affecting anything
/// else.
async fn group(
    stream: &mut SourceStream<'_>,
    offset: u64,
    body: u64,
    end: u64,
    samples: &mut BlockSamples,
    out: &mut PassOutput,
) -> Result<(), Error> {
    let mut element =
        BlockElement { offset, end, timestamp: 0, behind: 0, duration: None, discard: 0, sync: true, opening: None };
    let mut head = None;
    stream.seek(body);
    while stream.position() < end {
        let at = stream.position();
        let bytes = stream.peek(HEAD).await?;
        let Some((child, child_end)) = ElementHeader::parse(bytes).and_then(|child| {
            let child_end = (at + child.length as u64).checked_add(child.size?)?;
            (child_end <= end).then_some((child, child_end))
        }) else {
            out.notes.at(at, "a BlockGroup is not sound");
            break;
        };
        let size = usize::try_from(child.size.unwrap_or(0)).unwrap_or(usize::MAX);
        let data = bytes.get(child.length..).unwrap_or_default();
        let data = data.get(..size).unwrap_or(data);
        match child.id {
            ids::BLOCK if head.is_none() => {
                head = BlockHead::parse(data).map(BlockHead::of_group);
                let before = head.map_or(0, |head| head.before_timestamp);
                element.behind = end - child_end;
                element.timestamp = at + (child.length + before) as u64 - offset;
                if let Some(head) = &head {
                    let looks = samples.looks(head, true);
                    element.opening = opening(stream, child.length, child_end, head, looks).await?;
                    look(stream, child.length, child_end, head, samples).await?;
                }
            }
            ids::BLOCK_DURATION => {
                let duration = ebml::uint(data).filter(|duration| *duration < MAX_TICKS);
                element.duration = duration.and_then(|duration| i64::try_from(duration).ok()).map(Ticks);
            }
            ids::DISCARD_PADDING => {
                element.discard = ebml::int(data).and_then(|nanos| u64::try_from(nanos).ok()).unwrap_or(0);
            }
            ids::REFERENCE_BLOCK => element.sync = false,
            _ => {}
        }
        stream.seek(child_end);
    }
    if let Some(head) = head {
        return element.give(head, samples, out);
    }
    out.notes.at(offset, "a BlockGroup without a Block is passed over");
    Ok(())
}

/// What the frame of the block at the position shows, if it is to be examined; the first `header` bytes are the
/// element's, which ends at `end`.
async fn opening(
    stream: &mut SourceStream<'_>,
    header: usize,
    end: u64,
    head: &BlockHead,
    looks: Option<KeyframeCoding>,
) -> Result<Option<FrameOpening>, Error> {
    let Some((coding, before)) = looks.zip(head.before_frame) else { return Ok(None) };
    let (start, length) = (header + before, usize::try_from(end - stream.position()).unwrap_or(usize::MAX));
    let bytes = stream.peek(length.min(start + LOOK)).await?;
    let frame = bytes.get(start..length.min(start + LOOK).min(bytes.len())).unwrap_or_default();
    Ok(coding.opening(frame))
}

/// Shows the frame of the block at the position to its track, if that has to learn from it how it is decoded.
async fn look(
    stream: &mut SourceStream<'_>,
    header: usize,
    end: u64,
    head: &BlockHead,
    samples: &mut BlockSamples,
) -> Result<(), Error> {
    let Some((wanted, before)) = samples.wants(head).zip(head.before_frame) else { return Ok(()) };
    let (start, length) = (header + before, usize::try_from(end - stream.position()).unwrap_or(usize::MAX));
    let until = length.min(start + wanted);
    let bytes = stream.peek(until).await?;
    samples.look(head, bytes.get(start..until.min(bytes.len())).unwrap_or_default());
    Ok(())
}

/// A SimpleBlock or BlockGroup, as far as known.
struct BlockElement {
    offset: u64,
    end: u64,
    /// The offset of the block's timestamp in it.
    timestamp: u64,
    /// How many bytes follow on the block.
    behind: u64,
    duration: Option<Ticks>,
    discard: u64,
    sync: bool,
    opening: Option<FrameOpening>,
}

impl BlockElement {
    fn give(&self, head: BlockHead, samples: &mut BlockSamples, out: &mut PassOutput) -> Result<(), Error> {
        if !samples.in_cluster() {
            out.notes.at(self.offset, "a block before its cluster's Timestamp is passed over");
            return Ok(());
        }
        let (Ok(size), Ok(header)) = (u32::try_from(self.end - self.offset), u8::try_from(self.timestamp)) else {
            out.notes.at(self.offset, "a block of more than 4 GiB, or that stands last in its group, is passed over");
            return Ok(());
        };
        let Self { offset, behind, duration, discard, sync, opening, .. } = *self;
        samples.block(
            &ClusterBlock { offset, size, header, behind, head, duration, discard, sync, opening },
            &mut out.builder,
        )
    }
}
