//! The write half: STREAMINFO with the new total, the Vorbis comments, and the frames with new numbers.

use super::MARKER;
use super::blocks::{HEADER, STREAMINFO, VORBIS_COMMENT};
use crate::codec::flac::{FOOTER, HeaderCodes, MAX_HEADER, Numbers, STREAMINFO_LENGTH, footer};
use crate::container::draft::Draft;
use crate::container::order::InOrder;
use crate::container::{Error, Extents, Selection, Written};
use crate::index::{self, Element, Outline};
use crate::media::splice::Splice;
use crate::media::{Run, Setup};

/// Marks the last block in its header.
const LAST: u8 = 0x80;

/// Writes a selection as a complete file; see [`super::write`].
pub fn write(outline: &Outline, selection: &Selection) -> Result<Written, Error> {
    let mut frames = CutFrames::with_room(selection.elements.len());
    let mut elements = selection.elements.iter();
    for (_, sample) in InOrder::new(selection.tracks.get(..1).unwrap_or_default()) {
        let element = elements.find(|element| element.offset >= sample.offset);
        let element =
            element.filter(|element| element.offset == sample.offset && element.size == u64::from(sample.size));
        let element =
            element.ok_or_else(|| mismatch(&format!("a frame at byte {} that is no element", sample.offset)))?;
        frames.put(&element, &sample)?;
        frames.draft.fits()?;
    }
    let mut splice = Splice::new();
    head(outline, &frames)?.append_to(&mut splice);
    let setup = 0..splice.len();
    frames.draft.append_to(&mut splice);
    let elements = frames.places.iter().map(|place| setup.end + place.start..setup.end + place.end).collect();
    Ok(Written { splice, setup, elements })
}

/// The frames of a cut.
struct CutFrames {
    draft: Draft,
    /// The range of each, relative to the beginning of the first.
    places: Extents,
    numbers: Numbers,
}

impl CutFrames {
    fn with_room(frames: usize) -> Self {
        let draft = Draft::with_capacity((MAX_HEADER + FOOTER).saturating_mul(frames));
        Self { draft, places: Extents::default(), numbers: Numbers::default() }
    }

    /// Appends the frame in this element, which is this sample.
    fn put(&mut self, element: &Element, sample: &Run) -> Result<(), Error> {
        let broken = || mismatch(&format!("not what is kept of the frame at byte {}", element.offset));
        let (kept, sum) = element.kept.split_last_chunk::<FOOTER>().ok_or_else(broken)?;
        let (before, behind) = kept.split_first_chunk().ok_or_else(broken)?;
        let codes = HeaderCodes { before: *before, behind };
        let body = element.size.checked_sub(u64::from(element.header) + FOOTER as u64).ok_or_else(broken)?;
        let number = self.numbers.next(codes, sample.decode.0, sample.duration.0);
        let start = self.draft.len();
        let end = element.offset.saturating_add(element.size);
        if i64::try_from(number) == Ok(element.time.0) {
            self.draft.source(element.offset..end);
        } else {
            let header = codes.header(number, 1);
            self.draft.made().extend_from_slice(&header);
            self.draft.source(end - FOOTER as u64 - body..end - FOOTER as u64);
            self.draft.made().extend(footer(&header, u16::from_be_bytes(*sum), body));
        }
        self.places.push(start..self.draft.len());
        Ok(())
    }
}

/// Everything before the frames.
fn head(outline: &Outline, frames: &CutFrames) -> Result<Draft, Error> {
    let mut setup = outline.setup.iter();
    let Some(Setup::Inline(info)) = setup.next() else { return Err(mismatch("no STREAMINFO in the outline")) };
    let comments = setup.next();
    let mut head = Draft::with_capacity(1024);
    let out = head.made();
    out.extend_from_slice(MARKER);
    block(out, STREAMINFO | if comments.is_some() { 0 } else { LAST }, STREAMINFO_LENGTH as u64);
    let info = info.first_chunk::<STREAMINFO_LENGTH>().ok_or_else(|| mismatch("a STREAMINFO that is too short"))?;
    out.extend(stream_info(info, frames));
    if let Some(comments) = comments {
        block(out, VORBIS_COMMENT | LAST, comments.len().saturating_sub(HEADER as u64));
        match comments {
            Setup::Inline(bytes) => out.extend_from_slice(bytes.get(HEADER..).unwrap_or_default()),
            Setup::At(range) => head.source(range.start + HEADER as u64..range.end),
        }
    }
    Ok(head)
}

/// Appends the header of a block.
fn block(out: &mut Vec<u8>, kind: u8, length: u64) {
    let [.., a, b, c] = length.to_be_bytes();
    out.extend([kind, a, b, c]);
}

/// STREAMINFO of a cut: the smallest and the largest frame size, its total, and no MD5.
fn stream_info(original: &[u8; STREAMINFO_LENGTH], frames: &CutFrames) -> [u8; STREAMINFO_LENGTH] {
    let sizes = || frames.places.iter().map(|place| place.end - place.start);
    let size = |size: Option<u64>| u32::try_from(size.unwrap_or(0)).unwrap_or(0).to_be_bytes();
    let ([_, least @ ..], [_, greatest @ ..]) = (size(sizes().min()), size(sizes().max()));
    let [total_high, total @ ..] =
        u64::try_from(frames.numbers.total()).unwrap_or(0).to_be_bytes().last_chunk::<5>().copied().unwrap_or([0; 5]);
    let mut info = *original;
    let [_, _, _, _, l0, l1, l2, g0, g1, g2, _, _, _, form, t0, t1, t2, t3, md5 @ ..] = &mut info;
    [*l0, *l1, *l2] = least;
    [*g0, *g1, *g2] = greatest;
    // The upper four bits of the total share their byte with the number of bits a sample.
    *form = *form & 0xF0 | total_high & 0x0F;
    [*t0, *t1, *t2, *t3] = total;
    *md5 = [0; 16];
    info
}

/// The pages, the outline and the selection are inconsistent.
fn mismatch(what: &str) -> Error {
    Error::Index(index::InvalidIndex(what.to_owned()))
}
