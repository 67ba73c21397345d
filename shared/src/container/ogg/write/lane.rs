//! One logical stream of a cut: its packets, where they lie in the original, and its pages as they are filled.

use bytes::Bytes;

use super::super::Part;
use super::super::codec::{self, Codec, Mapping};
use super::super::kept::{self, Kept};
use super::super::page::{Header, MAX_SEGMENTS, put_lacing, segments};
use super::output::{Filling, Output};
use super::{frames, mismatch};
use crate::container::{Error, Selected};
use crate::index::Element;
use crate::media::{Run, Ticks, Track};

/// The most that Opus can skip at the beginning: its header has 16 bits for it.
const MAX_SKIP: Ticks = Ticks(65_535);

/// A logical stream that is being written.
pub struct Lane {
    mapping: Codec,
    /// Its header packets.
    setup: Vec<Bytes>,
    serial: u32,
    /// The number of the next page.
    sequence: u32,
    /// The packets that are not written yet, in order, from the last to the first.
    pieces: Vec<Piece>,
    /// The presentation time of the original that comes first, and when in the cut it does.
    media: Ticks,
    delay: Ticks,
    /// How long it is presented.
    lasting: Ticks,
    /// How much is decoded at the beginning and not presented.
    skip: Ticks,
    /// The page that is being filled.
    page: Option<Page>,
    /// Pages of packets so far.
    pages: u32,
    /// When the last sync sample was presented.
    sync: Ticks,
}

/// A packet, or the part of one that is on a page: bytes of the original, and what is made anew before and behind them.
#[derive(Debug)]
pub struct Piece {
    pub head: Vec<u8>,
    pub offset: u64,
    pub size: u32,
    pub tail: Vec<u8>,
    pub part: Part,
    /// Presentation times of its beginning and end in the original.
    pub start: Ticks,
    pub end: Ticks,
    sync: bool,
    /// The page of the original that it lies on.
    original: u64,
    /// The CRCs of the body of that page up to where its bytes begin and up to where they end.
    pub before: u32,
    pub after: u32,
    /// What else is kept of it.
    pub own: Bytes,
}

struct Page {
    filling: Filling,
    /// The page of the original that its last packet lies on.
    original: u64,
    continued: bool,
    /// Where the last packet ends that ends on it, in presentation times of the original; and when the last sync sample
    /// up to it was presented, which is another where the next one has only begun.
    end: Option<(Ticks, Ticks)>,
}

impl Lane {
    /// Of a track that has these header packets, and samples in these elements.
    pub fn new(track: &Track, selected: &Selected, setup: Vec<Bytes>, elements: &[Element]) -> Result<Self, Error> {
        let first = setup.first().map_or(&[][..], |first| first);
        let mapping = codec::recognise(first).map_err(|_| mismatch(format!("no header of {}", track.codec)))?;
        let segments = &selected.segments;
        let empty = segments.iter().take_while(|segment| segment.media.is_none()).map(|segment| segment.duration);
        let delay = empty.fold(Ticks::ZERO, |sum, duration| sum + duration);
        let presented = segments.iter().filter(|segment| segment.media.is_some()).map(|segment| segment.duration);
        let mut lasting = presented.fold(Ticks::ZERO, |sum, duration| sum + duration);
        let mut media = segments.iter().find_map(|segment| segment.media).unwrap_or_default();

        let mut pieces = Vec::with_capacity(selected.runs.len());
        for run in &selected.runs {
            for sample in (0..run.count).filter_map(|at| run.slice(at..at + 1)) {
                pieces.push(Piece::of(&sample, elements, mapping.is_numbered())?);
            }
        }
        let mut pieces = whole(pieces);
        let needed = first_needed(&pieces, &*mapping, media);
        pieces.drain(..needed);
        if mapping.trims_first_page()
            && let Some(lies) = pieces.iter().find(|piece| piece.end > media)
            && media + lasting <= lies.end
        {
            // The first page is the last too, and can say where the end is, not where the beginning is.
            (lasting, media) = (lasting + (media - lies.start), lies.start);
        }
        if mapping.is_numbered() {
            frames::number(&mut pieces);
        }
        let begins = pieces.first().map_or(media, |first| first.start);
        let total = match pieces.last() {
            Some(last) if !mapping.trims_last_page() => last.end - begins,
            _ => lasting,
        };
        let skip = (media - begins).max(Ticks::ZERO).min(MAX_SKIP);
        pieces.reverse();
        let (serial, skip) = (track.id.to_le_bytes(), if mapping.skips() { skip } else { Ticks::ZERO });
        let [a, b, c, d, ..] = serial;
        Ok(Self {
            setup: mapping.headers(setup, skip, total),
            mapping,
            serial: u32::from_le_bytes([a, b, c, d]),
            sequence: 0,
            pieces,
            media,
            delay,
            lasting,
            skip,
            page: None,
            pages: 0,
            sync: media,
        })
    }

    /// When in the cut it begins to be presented.
    pub const fn delay(&self) -> Ticks {
        self.delay
    }

    /// Lets it begin so much sooner.
    pub fn begin_sooner(&mut self, by: Ticks) {
        self.delay -= by;
    }

    /// Writes the page with the first header packet.
    pub fn put_first_header(&mut self, output: &mut Output) {
        let header = Header { first: true, ..self.header() };
        self.sequence = output.packets(header, self.setup.get(..1).unwrap_or_default());
    }

    /// Writes the pages with the other header packets.
    pub fn put_other_headers(&mut self, output: &mut Output) {
        self.sequence = output.packets(self.header(), self.setup.get(1..).unwrap_or_default());
    }

    const fn header(&self) -> Header {
        let (serial, sequence) = (self.serial, self.sequence);
        Header { continued: false, first: false, last: false, granule: 0, serial, sequence }
    }

    /// Where in the original the next packet lies; `None` behind the last.
    pub fn next(&self) -> Option<u64> {
        self.pieces.last().map(|piece| piece.offset)
    }

    /// Writes the next packet to a page, and the page if it is full.
    pub fn put(&mut self, output: &mut Output) {
        let Some(piece) = self.pieces.pop() else { return };
        let size = piece.length();
        let full = |page: &Page| page.filling.lacing.len() + segments(size, piece.part.open) > MAX_SEGMENTS;
        // A reader counts back from the end of the first page to where it begins, but not if it is the last one too.
        let last_alone =
            || self.pages == 0 && !piece.part.continues && self.pieces.iter().all(|next| next.part.continues);
        let ends = |page: &Page| page.original != piece.original || self.begun(page) || last_alone();
        if self.page.as_ref().is_some_and(|page| full(page) || !self.must_go_on(page) && ends(page)) {
            self.write_page(output, false);
        }
        if piece.sync {
            self.sync = piece.start;
        }
        let page = self.page.get_or_insert_with(|| Page {
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
        if self.pieces.is_empty() {
            self.write_page(output, true);
        }
    }

    /// Another logical stream's page comes now.
    pub fn end_page(&mut self, output: &mut Output) {
        if self.page.as_ref().is_some_and(|page| !self.must_go_on(page)) {
            self.write_page(output, false);
        }
    }

    /// Whether this is a first page that does not reach the beginning yet, of a codec where it has to.
    fn must_go_on(&self, page: &Page) -> bool {
        self.mapping.trims_first_page() && self.pages == 0 && page.end.is_none_or(|(end, _)| end <= self.media)
    }

    /// Whether this is a first page that reaches it. What is left out is left out of its last packet.
    fn begun(&self, page: &Page) -> bool {
        self.mapping.trims_first_page() && self.pages == 0 && page.end.is_some_and(|(end, _)| end > self.media)
    }

    fn write_page(&mut self, output: &mut Output, last: bool) {
        let Some(Page { filling, continued, end, .. }) = self.page.take() else { return };
        let in_cut = |time: Ticks| time - self.media + self.delay + self.skip;
        // What is behind the end of the cut is left out by the position of the last page.
        let granule = end.map_or(-1, |(end, sync)| {
            let end = if self.mapping.trims_last_page() { end.min(self.media + self.lasting) } else { end };
            self.mapping.granule(in_cut(end).max(Ticks::ZERO), in_cut(sync))
        });
        let header = Header { continued, last, granule, ..self.header() };
        output.page(&header, filling);
        self.sequence = self.sequence.wrapping_add(1);
        self.pages += 1;
    }
}

impl Piece {
    /// A sample, which lies in one of the elements.
    fn of(run: &Run, elements: &[Element], numbered: bool) -> Result<Self, Error> {
        let behind = elements.partition_point(|element| element.offset <= run.offset);
        let element = behind.checked_sub(1).and_then(|at| elements.get(at));
        let lies = element.filter(|element| run.bytes().end <= element.offset.saturating_add(element.size));
        let piece = lies.and_then(|element| {
            let Kept { before, after, own } = kept::find(&element.kept, usize::from(run.header), numbered)?;
            Some(Self {
                head: Vec::new(),
                offset: run.offset,
                size: run.size,
                tail: Vec::new(),
                part: Part::of(run),
                start: run.presentation(),
                end: run.decode_end() + run.composition,
                sync: run.sync,
                original: element.offset,
                before,
                after,
                own,
            })
        });
        piece.ok_or_else(|| mismatch(format!("a packet at byte {} that lies on no page", run.offset)))
    }

    /// How many bytes it has in the cut.
    fn length(&self) -> usize {
        usize::try_from(self.size).unwrap_or(usize::MAX).saturating_add(self.head.len() + self.tail.len())
    }
}

/// The packets that are whole: of one that goes on where the next page is missing, or whose beginning is, nothing is left.
fn whole(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut whole: Vec<Piece> = Vec::with_capacity(pieces.len());
    // Where the last packet begins that has not ended.
    let mut begun = None;
    for piece in pieces {
        if !piece.part.continues {
            whole.truncate(begun.take().unwrap_or(whole.len()));
        } else if begun.is_none() {
            continue;
        }
        let at = begun.unwrap_or(whole.len());
        begun = piece.part.open.then_some(at);
        whole.push(piece);
    }
    whole.truncate(begun.unwrap_or(whole.len()));
    whole
}

/// Which is the first that is needed for playback to begin at `media`.
fn first_needed(pieces: &[Piece], mapping: &dyn Mapping, media: Ticks) -> usize {
    let begins = |at: usize| pieces.get(at).is_some_and(|piece| !piece.part.continues);
    if mapping.trims_first_page() {
        // The packet in which it lies, and the one before.
        let lies = pieces.iter().position(|piece| piece.end > media && !piece.part.open).unwrap_or(0);
        let first = (0..=lies).rfind(|at| begins(*at)).unwrap_or(0);
        return (0..first).rfind(|at| begins(*at)).unwrap_or(first);
    }
    if mapping.skips() {
        // What stands before a gap is of no use behind it; and what is skipped is counted without regard to gaps.
        let lies = pieces.iter().position(|piece| piece.end > media).unwrap_or(0);
        let follow = |pair: &[Piece]| matches!(pair, [piece, next] if piece.end >= next.start);
        let gap = pieces.get(..=lies).and_then(|before| before.windows(2).rposition(|pair| !follow(pair)));
        let useful = |at: &usize| begins(*at) && pieces.get(*at).is_some_and(|piece| media - piece.start <= MAX_SKIP);
        return (gap.map_or(0, |gap| gap + 1)..=lies).find(useful).unwrap_or(lies);
    }
    0
}
