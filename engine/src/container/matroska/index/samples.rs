//! From blocks to samples. Matroska has only presentation times, and usually no durations: decode times are computed so
//! that they never decrease, and a block's duration is known when the track's next one comes.

use serde::{Deserialize, Serialize};

use super::super::observed::{ObservedTrack, Observer};
use super::super::payload::{self, KeptBlocks};
use super::block::BlockHead;
use super::tracks::{BlockCoding, Tracks};
use crate::codec::FrameOpening;
use crate::container::Error;
use crate::container::keyframe::Claim;
use crate::index::Builder;
use crate::media::{Kind, Run, Ticks, Time, Timescale, Track};

/// A SimpleBlock or a BlockGroup of a cluster.
#[derive(Clone, Copy, Debug)]
pub struct ClusterBlock {
    /// The offset of the whole element in the file.
    pub offset: u64,
    /// The size of the whole element.
    pub size: u32,
    /// The offset of the block's relative timestamp in the element.
    pub header: u8,
    /// How many bytes of the element follow on the block.
    pub behind: u64,
    /// The head of the block.
    pub head: BlockHead,
    /// BlockDuration, in ticks.
    pub duration: Option<Ticks>,
    /// `DiscardPadding`: how many nanoseconds at its end are not played.
    pub discard: u64,
    /// Whether the element declares that it refers to no other.
    pub sync: bool,
    /// What its frame shows, if it was examined.
    pub opening: Option<FrameOpening>,
}

/// The samples of all tracks while they are added to the index.
#[derive(Serialize, Deserialize)]
pub struct BlockSamples {
    readers: Vec<BlockReader>,
    cluster: Option<Cluster>,
    /// How much everything is shifted, if the first block of the file is presented before zero.
    later: Option<Ticks>,
}

/// The current cluster.
#[derive(Serialize, Deserialize)]
struct Cluster {
    offset: u64,
    header: u32,
    time: Ticks,
    /// Whether the builder knows it. One without a usable block is not added.
    begun: bool,
}

impl BlockSamples {
    /// For the blocks of these tracks, in a file with this declared duration.
    pub fn new(Tracks { tracks, codings }: &Tracks, declared: Option<Ticks>) -> Self {
        let reader = |(coding, track): (&BlockCoding, &Track)| BlockReader::new(*coding, track, declared);
        let readers = codings.iter().zip(tracks).map(reader).collect();
        Self { readers, cluster: None, later: None }
    }

    /// Begins a cluster, or sets its Timestamp.
    pub fn begin(&mut self, offset: u64, header: u32, time: Ticks) {
        self.cluster = Some(Cluster { offset, header, time, begun: false });
    }

    /// Whether a cluster has begun, to whose Timestamp blocks are relative.
    pub const fn in_cluster(&self) -> bool {
        self.cluster.is_some()
    }

    /// How to examine the frame of a block, by its declared references.
    pub fn looks(&self, head: &BlockHead, sync: bool) -> Option<crate::codec::KeyframeCoding> {
        self.readers.iter().find(|reader| reader.coding.number == head.track)?.claim.as_ref()?.looks(sync)
    }

    /// How many bytes of the frame of a block are to be [shown](Self::look); `None` if it is of no interest.
    pub fn wants(&self, head: &BlockHead) -> Option<usize> {
        self.readers.iter().find(|reader| reader.coding.number == head.track)?.observer.length()
    }

    /// Takes the beginning of the frame of a block.
    pub fn look(&mut self, head: &BlockHead, frame: &[u8]) {
        if let Some(reader) = self.readers.iter_mut().find(|reader| reader.coding.number == head.track) {
            reader.observer.look(frame);
        }
    }

    /// What was seen of each track.
    pub fn observed(&self) -> impl Iterator<Item = &ObservedTrack> {
        self.readers.iter().map(|reader| &reader.observer.observed)
    }

    /// The notes on tracks with wrongly marked keyframes, and on a shifted beginning.
    pub fn notes(&self) -> impl Iterator<Item = String> {
        let later = self.later.filter(|later| *later > Ticks::ZERO).zip(self.readers.first());
        let later = later.map(|(later, reader)| reader.timescale.time(later));
        let moved = later.map(|later| format!("it begins {later} seconds before zero, which is taken for zero"));
        self.readers.iter().filter_map(|reader| reader.claim?.note(reader.coding.number)).chain(moved)
    }

    /// Takes a block of the cluster. Blocks of other tracks are skipped.
    pub fn block(&mut self, block: &ClusterBlock, builder: &mut Builder) -> Result<(), Error> {
        let Self { readers, cluster: Some(cluster), later } = self else { return Ok(()) };
        let found = readers.iter_mut().enumerate().find(|(_, reader)| reader.coding.number == block.head.track);
        let Some((track, reader)) = found else { return Ok(()) };
        let before = -(cluster.time + Ticks(i64::from(block.head.relative)));
        let time = cluster.time + *later.get_or_insert(before.max(Ticks::ZERO));
        if !cluster.begun {
            cluster.begun = true;
            builder.begin_element(cluster.offset, cluster.header, time);
        }
        if let Some(run) = reader.push(block, time) {
            builder.samples(track, run)?;
        }
        Ok(())
    }

    /// Ends the cluster before this offset.
    pub fn end(&mut self, end: u64, builder: &mut Builder) -> Result<(), Error> {
        if !self.cluster.take().is_some_and(|cluster| cluster.begun) {
            return Ok(());
        }
        for (track, reader) in self.readers.iter_mut().enumerate() {
            if let Some(run) = reader.flush() {
                builder.samples(track, run)?;
            }
        }
        builder.end_element(end);
        Ok(())
    }

    /// Whether the duration of each track's last sample is known.
    pub fn is_lasting(&self) -> bool {
        self.readers.iter().all(|reader| reader.usual > Ticks::ZERO || reader.latest.is_none())
    }
}

/// One track's blocks in their order.
#[derive(Serialize, Deserialize)]
struct BlockReader {
    coding: BlockCoding,
    /// The check of its marked keyframes.
    claim: Option<Claim>,
    observer: Observer,
    timescale: Timescale,
    /// The declared end of the file.
    declared: Option<Ticks>,
    /// The latest presentation time so far, which is the decode time of the next block.
    latest: Option<Ticks>,
    /// The last block, until its duration is known.
    waiting: Option<WaitingBlock>,
    /// The last known duration of a block.
    usual: Ticks,
}

#[derive(Serialize, Deserialize)]
struct WaitingBlock {
    run: Run,
    /// The duration declared by the block itself, or by its codec.
    own: Option<Ticks>,
    /// Whether it comes from BlockDuration.
    exact: bool,
}

impl BlockReader {
    fn new(coding: BlockCoding, track: &Track, declared: Option<Ticks>) -> Self {
        // Examining a block that is read anyway costs nothing.
        let claim = Claim::new(coding.pictures, u32::MAX);
        // Frames that are compressed as a whole show nothing.
        let stripped = payload::stripped(track);
        let observer = Observer::new(coding.record.filter(|_| stripped.is_ok()), stripped.unwrap_or_default());
        let timescale = track.timescale;
        Self { coding, claim, observer, timescale, declared, latest: None, waiting: None, usual: Ticks::ZERO }
    }

    /// Takes the next block of the track, and returns the previous sample.
    fn push(&mut self, block: &ClusterBlock, time: Ticks) -> Option<Run> {
        self.observer.observed.laced |= block.head.lacing != 0;
        let presentation = time + Ticks(i64::from(block.head.relative));
        let before = self.settle(Some(presentation));
        let decode = self.latest.map_or(presentation, |latest| latest.max(presentation));
        self.latest = Some(decode);
        let sync = match &mut self.claim {
            Some(claim) => claim.settle(block.sync, block.opening),
            None => block.sync || self.coding.kind != Kind::Video,
        };
        let run = Run {
            decode,
            composition: presentation - decode,
            duration: Ticks::ZERO,
            offset: block.offset,
            size: block.size,
            count: 1,
            sync,
            disposable: !sync && block.head.discardable,
            private: KeptBlocks {
                timestamp: block.header,
                behind: if self.coding.unknown { u64::MAX } else { block.behind },
                lacing: block.head.lacing,
            }
            .pack(),
        };
        let natural = self.natural(&block.head, block.discard);
        let own = match (block.duration, natural) {
            (Some(own), Some(natural)) if block.discard > 0 => Some(own.min(natural)),
            (own, natural) => own.or(natural),
        };
        self.waiting = Some(WaitingBlock { run, own, exact: block.duration.is_some() });
        before
    }

    /// Ends the cluster: returns the waiting sample. The last block of sound may be shorter than the others, which only
    /// the end of the file shows.
    fn flush(&mut self) -> Option<Run> {
        let exact = self.waiting.as_ref().is_some_and(|waiting| waiting.exact);
        let mut run = self.settle(None)?;
        if let Some(declared) = self.declared.filter(|_| self.coding.kind == Kind::Audio && !exact)
            && run.presentation() < declared
        {
            run.duration = run.duration.min(declared - run.presentation());
        }
        Some(run)
    }

    /// The duration of a block's frames by the track's DefaultDuration or by their codec, to the nearest tick, minus
    /// `discard` nanoseconds.
    fn natural(&self, head: &BlockHead, discard: u64) -> Option<Ticks> {
        let opus = || head.opus_duration().filter(|_| self.coding.opus);
        let nanoseconds = self.coding.frame.map(|frame| frame.saturating_mul(u64::from(head.frames))).or_else(opus)?;
        let heard = nanoseconds.saturating_sub(discard);
        let ticks = self.timescale.ticks(Time(i64::try_from(heard).ok()?));
        (ticks > Ticks::ZERO && ticks < Ticks(1 << 53)).then_some(ticks)
    }

    /// The duration of the waiting sample is its declared one; if that is rounded or missing, the time until the next
    /// one; without a next one in its cluster, the usual duration.
    fn settle(&mut self, next: Option<Ticks>) -> Option<Run> {
        let WaitingBlock { mut run, own, exact } = self.waiting.take()?;
        let until_next = next.map(|next| next - run.presentation()).filter(|distance| *distance > Ticks::ZERO);
        run.duration = match (own, until_next) {
            (Some(own), Some(distance)) if !exact && (own.0 - distance.0).abs() <= 1 => distance,
            (Some(own), _) => own,
            (None, Some(distance)) => distance,
            (None, None) => self.usual,
        };
        self.usual = run.duration;
        Some(run)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::media::Setup;

    fn reader(kind: Kind, frame: Option<u64>, opus: bool) -> BlockReader {
        let coding = BlockCoding {
            number: 1,
            kind,
            frame,
            opus,
            unknown: false,
            pictures: crate::codec::KeyframeCoding::Unknown,
            record: None,
        };
        let setup = Setup::Inline(bytes::Bytes::new());
        let track = Track::new(1, kind, String::new(), Timescale::of_nanoseconds(1_000_000).unwrap(), setup);
        BlockReader::new(coding, &track, None)
    }

    /// Decode time, composition offset and duration of blocks at these relative times.
    fn times(mut reader: BlockReader, flags: u8, first: u8, blocks: &[(i16, Option<i64>)]) -> Vec<(i64, i64, i64)> {
        let mut runs = Vec::new();
        for (relative, duration) in blocks {
            let [high, low] = relative.to_be_bytes();
            let data = [0x81, high, low, flags, first];
            let head = BlockHead::parse(&data).unwrap();
            let duration = duration.map(Ticks);
            let block = ClusterBlock {
                offset: 0,
                size: 9,
                header: 3,
                behind: 0,
                head,
                duration,
                discard: 0,
                sync: false,
                opening: None,
            };
            runs.extend(reader.push(&block, Ticks(1000)));
        }
        runs.extend(reader.flush());
        runs.iter().map(|run| (run.decode.0, run.composition.0, run.duration.0)).collect()
    }

    #[test]
    fn decode_times_never_decrease_and_presentation_is_kept() {
        let reordered = [0, 120, 40, 80, 240, 160].map(|time| (time, None));
        let found = times(reader(Kind::Video, Some(40_000_000), false), 0, 0, &reordered);
        let expected = [(1000, 0), (1120, 0), (1120, -80), (1120, -40), (1240, 0), (1240, -80)];
        assert_eq!(found, expected.map(|(decode, composition)| (decode, composition, 40)));
    }

    #[test]
    fn durations_come_from_where_they_are_known() {
        let durations = |reader, flags, first, blocks: &[_]| {
            times(reader, flags, first, blocks).into_iter().map(|(_, _, duration)| duration).collect::<Vec<_>>()
        };
        let ntsc = Some(33_366_667);
        // Rounded ticks extend to the next block, but a gap does not change them.
        let blocks = [(0, None), (33, None), (67, None), (200, None)];
        assert_eq!(durations(reader(Kind::Video, ntsc, false), 0, 0, &blocks), [33, 34, 33, 33]);
        // Three laced frames.
        assert_eq!(durations(reader(Kind::Audio, ntsc, false), 2, 2, &[(0, None)]), [100]);
        // An Opus packet of 20 ms; the same byte of another codec means nothing.
        assert_eq!(durations(reader(Kind::Audio, None, true), 0, 0xF8, &[(0, None)]), [20]);
        assert_eq!(durations(reader(Kind::Audio, None, false), 0, 0xF8, &[(0, None)]), [0]);
        // BlockDuration is exact, even if the next block is close.
        assert_eq!(durations(reader(Kind::Text, ntsc, false), 0, 0, &[(0, Some(32)), (33, Some(0))]), [32, 0]);
        // Otherwise the distance to the next block, and at the end that of the previous one.
        assert_eq!(durations(reader(Kind::Audio, None, false), 0, 0, &[(0, None), (3, None), (26, None)]), [3, 23, 23]);
    }

    #[test]
    fn only_video_needs_its_keyframe_flag() {
        for (kind, sync) in [(Kind::Video, false), (Kind::Audio, true), (Kind::Text, true)] {
            let mut reader = reader(kind, None, false);
            let head = BlockHead::parse(&[0x81, 0, 0, 0, 0]).unwrap();
            let block = ClusterBlock {
                offset: 0,
                size: 9,
                header: 3,
                behind: 0,
                head,
                duration: None,
                discard: 0,
                sync: false,
                opening: None,
            };
            assert!(reader.push(&block, Ticks(0)).is_none());
            assert_eq!(reader.flush().unwrap().sync, sync, "{kind:?}");
        }
    }
}
