//! One logical stream of a cut: its packets, their ranges in the original, and its pages while they are filled.

use std::collections::VecDeque;

use bytes::Bytes;

use super::super::PacketPart;
use super::super::codec::{self, OggCodec, OggMapping};
use super::super::page::{MAX_SEGMENTS, PageHeader, put_lacing, segments};
use super::output::{Filling, OggOutput};
use super::piece::WrittenPiece;
use super::{frames, mismatch};
use crate::codec::flac::Numbers;
use crate::container::order::InOrder;
use crate::container::{Error, MAX_MADE, Selected};
use crate::index::{Elements, Finder, Runs};
use crate::media::{Ticks, Track};

/// The maximum that Opus can skip at the beginning: its header has 16 bits for it.
const MAX_SKIP: Ticks = Ticks(65_535);

/// A logical stream that is being written.
pub struct LogicalStreamWriter<'a> {
    mapping: OggCodec,
    /// Its header packets.
    setup: Vec<Bytes>,
    serial: u32,
    /// The number of the next page.
    sequence: u32,
    /// The packets that have not been written yet.
    packets: WholePackets<'a>,
    /// The first presentation time of the original, and its time in the cut.
    media: Ticks,
    delay: Ticks,
    /// The duration of its presentation.
    lasting: Ticks,
    /// How much is decoded at the beginning and not presented.
    skip: Ticks,
    /// The page that is being filled.
    page: Option<WrittenPage>,
    /// Pages of packets so far.
    pages: u32,
    /// The presentation time of the last sync sample.
    sync: Ticks,
}

struct WrittenPage {
    filling: Filling,
    /// The page of the original with its last packet.
    original: u64,
    continued: bool,
    /// The end of the last packet that ends on it, in presentation times of the original; and the time of the last sync
    /// sample up to that packet, which may differ if the next one has only begun.
    end: Option<(Ticks, Ticks)>,
}

impl<'a> LogicalStreamWriter<'a> {
    /// For a track with these header packets, and samples in these elements.
    pub fn new(
        track: &Track,
        selected: &'a Selected,
        setup: Vec<Bytes>,
        elements: &'a Elements,
    ) -> Result<Self, Error> {
        let first = setup.first().map_or(&[][..], |first| first);
        let mapping = codec::recognise(first).map_err(|_| mismatch(format!("no header of {}", track.codec)))?;
        let segments = &selected.segments;
        let empty = segments.iter().take_while(|segment| segment.media.is_none()).map(|segment| segment.duration);
        let delay = empty.fold(Ticks::ZERO, |sum, duration| sum + duration);
        let presented = segments.iter().filter(|segment| segment.media.is_some()).map(|segment| segment.duration);
        let mut lasting = presented.fold(Ticks::ZERO, |sum, duration| sum + duration);
        let mut media = segments.iter().find_map(|segment| segment.media).unwrap_or_default();

        let mut packets = WholePackets::new(&selected.runs, elements, mapping.is_numbered());
        let lies = |piece: &WrittenPiece| piece.end > media && !(mapping.trims_first_page() && piece.part.open);
        while !packets.ready.iter().any(lies) && packets.more()? {}
        let needed = first_needed(packets.ready.make_contiguous(), &*mapping, media);
        packets.ready.drain(..needed);
        packets.number();
        if mapping.trims_first_page()
            && let Some(lies) = packets.ready.iter().find(|piece| piece.end > media)
            && media + lasting <= lies.end
        {
            // The first page is also the last, and can only declare the end, not the beginning.
            (lasting, media) = (lasting + (media - lies.start), lies.start);
        }
        let begins = packets.ready.front().map_or(media, |first| first.start);
        let total = match end_of_packets(&selected.runs) {
            Some(end) if !mapping.trims_last_page() && !packets.ready.is_empty() => end - begins,
            _ => lasting,
        };
        let skip = (media - begins).max(Ticks::ZERO).min(MAX_SKIP);
        let (serial, skip) = (track.id.to_le_bytes(), if mapping.skips() { skip } else { Ticks::ZERO });
        let [a, b, c, d, ..] = serial;
        Ok(Self {
            setup: mapping.headers(setup, skip, total),
            mapping,
            serial: u32::from_le_bytes([a, b, c, d]),
            sequence: 0,
            packets,
            media,
            delay,
            lasting,
            skip,
            page: None,
            pages: 0,
            sync: media,
        })
    }

    /// When it begins to be presented in the cut.
    pub const fn delay(&self) -> Ticks {
        self.delay
    }

    /// Makes it begin earlier.
    pub fn begin_sooner(&mut self, by: Ticks) {
        self.delay -= by;
    }

    /// Writes the page with the first header packet.
    pub fn put_first_header(&mut self, output: &mut OggOutput) {
        let header = PageHeader { first: true, ..self.header() };
        self.sequence = output.packets(header, self.setup.get(..1).unwrap_or_default());
    }

    /// Writes the pages with the other header packets.
    pub fn put_other_headers(&mut self, output: &mut OggOutput) {
        self.sequence = output.packets(self.header(), self.setup.get(1..).unwrap_or_default());
    }

    const fn header(&self) -> PageHeader {
        let (serial, sequence) = (self.serial, self.sequence);
        PageHeader { continued: false, first: false, last: false, granule: 0, serial, sequence }
    }

    /// The offset of the next packet in the original; `None` after the last.
    pub fn next(&self) -> Option<u64> {
        self.packets.ready.front().map(|piece| piece.offset)
    }

    /// Writes the next packet to a page, and the page if it is full.
    pub fn put(&mut self, output: &mut OggOutput) -> Result<(), Error> {
        let Some(piece) = self.packets.ready.pop_front() else { return Ok(()) };
        // It has to be known whether there is a next one, and at the beginning whether it is another packet.
        let first = self.pages == 0 && !piece.part.continues;
        let same = |packets: &WholePackets<'_>| packets.ready.iter().all(|next| next.part.continues);
        while (self.packets.ready.is_empty() || first && same(&self.packets)) && self.packets.more()? {}
        let size = piece.length();
        let full = |page: &WrittenPage| page.filling.lacing.len() + segments(size, piece.part.open) > MAX_SEGMENTS;
        // A reader computes the beginning from the end of the first page, unless that is also the last one.
        let last_alone = first && same(&self.packets);
        let ends = |page: &WrittenPage| page.original != piece.original || self.begun(page) || last_alone;
        if self.page.as_ref().is_some_and(|page| full(page) || !self.must_go_on(page) && ends(page)) {
            self.write_page(output, false)?;
        }
        if piece.sync {
            self.sync = piece.start;
        }
        let page = self.page.get_or_insert_with(|| WrittenPage {
            filling: Filling::default(),
            original: piece.original,
            continued: piece.part.continues,
            end: None,
        });
        put_lacing(&mut page.filling.lacing, size, piece.part.open);
        page.filling.put_made(piece.head);
        if piece.size > 0 {
            let end = piece.offset.saturating_add(u64::from(piece.size));
            page.filling.put(piece.offset..end, piece.before, piece.after);
        }
        page.filling.put_made(piece.tail);
        page.original = piece.original;
        if !piece.part.open {
            page.end = Some((piece.end, self.sync));
        }
        if self.packets.ready.is_empty() { self.write_page(output, true) } else { Ok(()) }
    }

    /// Ends the page, because one of another logical stream follows.
    pub fn end_page(&mut self, output: &mut OggOutput) -> Result<(), Error> {
        if self.page.as_ref().is_some_and(|page| !self.must_go_on(page)) {
            return self.write_page(output, false);
        }
        Ok(())
    }

    /// Whether this is a first page that does not reach the beginning yet, for a codec that requires it.
    fn must_go_on(&self, page: &WrittenPage) -> bool {
        self.mapping.trims_first_page() && self.pages == 0 && page.end.is_none_or(|(end, _)| end <= self.media)
    }

    /// Whether this is a first page that reaches the beginning. What is left out is left out of its last packet.
    fn begun(&self, page: &WrittenPage) -> bool {
        self.mapping.trims_first_page() && self.pages == 0 && page.end.is_some_and(|(end, _)| end > self.media)
    }

    fn write_page(&mut self, output: &mut OggOutput, last: bool) -> Result<(), Error> {
        let Some(WrittenPage { filling, continued, end, .. }) = self.page.take() else { return Ok(()) };
        let in_cut = |time: Ticks| time - self.media + self.delay + self.skip;
        // The position of the last page leaves out what is after the end of the cut.
        let granule = end.map_or(-1, |(end, sync)| {
            let end = if self.mapping.trims_last_page() { end.min(self.media + self.lasting) } else { end };
            self.mapping.granule(in_cut(end).max(Ticks::ZERO), in_cut(sync))
        });
        let header = PageHeader { continued, last, granule, ..self.header() };
        output.page(&header, filling)?;
        self.sequence = self.sequence.wrapping_add(1);
        self.pages += 1;
        Ok(())
    }
}

/// The whole packets of a track: a packet whose beginning or end is on a missing page is dropped.
struct WholePackets<'a> {
    samples: InOrder<'a>,
    elements: Finder<'a>,
    /// The new numbers, if packets are numbered.
    numbers: Option<Numbers>,
    /// Whether numbering has begun with the ready ones.
    numbering: bool,
    /// A packet that has not ended.
    begun: Vec<WrittenPiece>,
    /// The next packets, piece by piece.
    ready: VecDeque<WrittenPiece>,
}

impl<'a> WholePackets<'a> {
    fn new(runs: &'a Runs, elements: &'a Elements, numbered: bool) -> Self {
        Self {
            samples: InOrder::of(runs),
            elements: elements.finder(),
            numbers: numbered.then(Numbers::default),
            numbering: false,
            begun: Vec::new(),
            ready: VecDeque::new(),
        }
    }

    /// Prepares one more packet. Returns whether there was one.
    fn more(&mut self) -> Result<bool, Error> {
        for (_, sample) in self.samples.by_ref() {
            let piece = WrittenPiece::of(&sample, &mut self.elements, self.numbers.is_some())?;
            if !piece.part.continues {
                self.begun.clear();
            } else if self.begun.is_empty() {
                continue;
            }
            let ended = !piece.part.open;
            self.begun.push(piece);
            let taken = (self.ready.len() + self.begun.len()) * size_of::<WrittenPiece>();
            if taken > MAX_MADE {
                return Err(Error::Memory { taken: taken as u64, bound: MAX_MADE as u64 });
            }
            if ended {
                if let (true, Some(numbers)) = (self.numbering, &mut self.numbers) {
                    frames::number(&mut self.begun, numbers);
                }
                self.ready.extend(self.begun.drain(..));
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Numbers the ready packets, and all that follow.
    fn number(&mut self) {
        self.numbering = true;
        if let Some(numbers) = &mut self.numbers {
            let ready = self.ready.make_contiguous();
            for packet in ready.chunk_by_mut(|_, next| next.part.continues) {
                frames::number(packet, numbers);
            }
        }
    }
}

/// The end of the last whole packet.
fn end_of_packets(runs: &Runs) -> Option<Ticks> {
    let (mut begun, mut end) = (false, None);
    for (_, sample) in InOrder::of(runs) {
        let part = PacketPart::of(&sample);
        if part.continues && !begun {
            continue;
        }
        begun = part.open;
        if !part.open {
            end = Some(sample.decode_end() + sample.composition);
        }
    }
    end
}

/// The first packet that is needed for playback to begin at `media`.
fn first_needed(pieces: &[WrittenPiece], mapping: &dyn OggMapping, media: Ticks) -> usize {
    let begins = |at: usize| pieces.get(at).is_some_and(|piece| !piece.part.continues);
    if mapping.trims_first_page() {
        // The packet that contains it, and the one before.
        let lies = pieces.iter().position(|piece| piece.end > media && !piece.part.open).unwrap_or(0);
        let first = (0..=lies).rfind(|at| begins(*at)).unwrap_or(0);
        return (0..first).rfind(|at| begins(*at)).unwrap_or(first);
    }
    if mapping.skips() {
        // Packets before a gap are useless after it; and the skipped amount is counted without gaps.
        let lies = pieces.iter().position(|piece| piece.end > media).unwrap_or(0);
        let follow = |pair: &[WrittenPiece]| matches!(pair, [piece, next] if piece.end >= next.start);
        let gap = pieces.get(..=lies).and_then(|before| before.windows(2).rposition(|pair| !follow(pair)));
        let useful = |at: &usize| begins(*at) && pieces.get(*at).is_some_and(|piece| media - piece.start <= MAX_SKIP);
        return (gap.map_or(0, |gap| gap + 1)..=lies).find(useful).unwrap_or(lies);
    }
    0
}
