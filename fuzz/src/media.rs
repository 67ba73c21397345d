//! A file of each format: indexes it, cuts it, and makes ranges of it and of its cuts. Whatever the file is, each
//! answer is valid: its length is the sum of its pieces, and it uses no byte outside the file.

use std::ops::Range;

use bytes::Bytes;
use futures::executor::block_on;
use reelspan_engine::container::{self, Error};
use reelspan_engine::fragment::resolve::{self, Ask, Cover, Cut, Meaning, MediaPart, Memory};
use reelspan_engine::index::{Outline, Page};
use reelspan_engine::media::splice::{Piece, Splice};
use reelspan_engine::media::{Interval, Time};

use crate::Interest;

/// The maximum number of byte ranges in a part of the original.
const MOST_RANGES: usize = 64;
/// A cut up to this size is assembled and indexed again.
const SMALL: u64 = 1 << 20;

/// Runs the target for the containers of these names.
pub fn run(containers: &[&str], input: &[u8]) -> Interest {
    let file = Bytes::copy_from_slice(input);
    let mut pages = Memory::default();
    let outline = match block_on(container::index(&file, &mut pages)) {
        Ok(outline) => outline,
        Err(Error::Unknown) => return Interest::Reject,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return Interest::Keep;
        }
    };
    if !containers.contains(&outline.container.name()) {
        return Interest::Reject;
    }
    check_index(&file, &outline, &pages);
    for ask in asks(&outline) {
        check_answers(&file, &outline, &pages, &ask);
    }
    Interest::Keep
}

/// The index survives being stored, and refers to no byte outside the file.
fn check_index(file: &Bytes, outline: &Outline, pages: &Memory) {
    assert_eq!(&Outline::unpack(&outline.pack()).unwrap(), outline);
    for range in &outline.setup_ranges {
        check_range(range, file.len() as u64);
    }
    let mut samples = vec![0; outline.tracks.len()];
    for packed in pages.packed() {
        assert!(packed.number < outline.pages);
        let page = Page::unpack(packed.number, &packed.bytes).unwrap();
        // A track that was found later is missing in earlier pages.
        assert!(page.tracks.len() <= outline.tracks.len());
        for (count, track) in samples.iter_mut().zip(&page.tracks) {
            for run in &track.runs {
                assert!(run.bytes().end <= file.len() as u64, "{run:?} of {} bytes", file.len());
                *count += u64::from(run.count);
            }
        }
        for element in &page.elements {
            assert!(
                element.offset.checked_add(element.size).is_some_and(|end| end <= file.len() as u64),
                "{element:?}"
            );
        }
    }
    let claimed: Vec<u64> = outline.tracks.iter().map(|track| track.samples).collect();
    assert_eq!(samples, claimed, "{outline:?}");
}

/// The requests for every file: its middle, its beginning, its very end, a time after it, each kind of track, a
/// chapter.
fn asks(outline: &Outline) -> Vec<Ask> {
    // The greatest time of all is the end of an interval, and no beginning of one.
    let duration = outline.duration.0.clamp(3, i64::MAX - 1);
    let times =
        [(duration / 3, duration / 3 * 2), (0, duration / 2), (duration - 1, i64::MAX), (duration, i64::MAX), (0, 1)];
    let times = times.map(|(start, end)| Interval::new(Time(start), Time(end)).expect("an interval"));
    let tracks = |name: &str| Ask { tracks: vec![name.to_owned()], ..Ask::default() };
    let mut asks: Vec<Ask> = times.map(Ask::from).into();
    asks.extend(["video", "audio", "text"].map(tracks));
    asks.extend(["video", "audio"].map(|name| Ask { tracks: vec![name.to_owned()], ..times[0].into() }));
    asks.extend(outline.chapters.first().map(|chapter| Ask { id: chapter.ids.first().cloned(), ..Ask::default() }));
    asks
}

/// Both answers to a request: the cut, and the bytes of the original.
fn check_answers(file: &Bytes, outline: &Outline, pages: &Memory, ask: &Ask) {
    let meaning = Meaning::of(ask, outline);
    match block_on(resolve::cut(outline, &mut &*pages, &meaning)) {
        Ok(Cut::Part(part)) => check_part(file, outline, &part),
        Ok(Cut::Original | Cut::Outside) => {}
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    if let Ok(Cover::Ranges { ranges, given }) = block_on(resolve::cover(outline, &mut &*pages, &meaning)) {
        check_ranges(&ranges, file.len() as u64);
        assert!(given.end() <= outline.duration, "{given} of {}", outline.duration);
        let with_setup = resolve::setup(outline, ranges);
        assert!(with_setup.len() <= MOST_RANGES);
    }
}

/// A cut is a file that can be assembled, and that supports ranges.
fn check_part(file: &Bytes, outline: &Outline, part: &MediaPart) {
    let written = &part.file;
    check_splice(&written.splice, file.len() as u64);
    check_range(&written.setup, written.splice.len());
    let elements: Vec<_> = written.elements.iter().collect();
    assert!(elements.windows(2).all(|pair| pair[0].end <= pair[1].start), "{elements:?}");
    for element in &elements {
        check_range(element, written.splice.len());
    }
    let (inner, pages) = match block_on(part.index(outline)) {
        Ok(index) => index,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let half = Interval::new(Time(inner.duration.0 / 4), Time((inner.duration.0 / 2).max(1)));
    if let Some(half) = half
        && let Ok(Cover::Ranges { ranges, .. }) =
            block_on(part.cover(&inner, &pages, &Meaning::of(&half.into(), &inner)))
    {
        check_ranges(&ranges, written.splice.len());
    }
    if written.splice.len() <= SMALL {
        let bytes = assemble(file, &written.splice);
        let _: Result<Outline, Error> = block_on(container::index(&bytes, &mut Memory::default()));
    }
}

fn check_splice(splice: &Splice, length: u64) {
    let sum: u64 = splice.pieces().map(|piece| piece.len()).sum();
    assert_eq!(splice.len(), sum);
    for piece in splice.pieces() {
        assert!(!piece.is_empty());
        if let Piece::Source(range) = &piece {
            check_range(range, length);
        }
    }
    let middle = splice.len() / 3;
    let (mut joined, end) = (splice.slice(0..middle), splice.slice(middle..u64::MAX));
    assert_eq!((joined.len(), end.len()), (middle, splice.len() - middle));
    joined.append(&end);
    assert_eq!(joined.len(), splice.len());
}

/// Ascending ranges with this total length, which do not touch; none at all if the samples are empty.
fn check_ranges(ranges: &[Range<u64>], length: u64) {
    assert!(ranges.len() <= MOST_RANGES, "{} ranges", ranges.len());
    assert!(ranges.windows(2).all(|pair| pair[0].end < pair[1].start), "{ranges:?}");
    for range in ranges {
        assert!(!range.is_empty());
        check_range(range, length);
    }
}

fn check_range(range: &Range<u64>, length: u64) {
    assert!(range.start <= range.end && range.end <= length, "{range:?} of {length} bytes");
}

fn assemble(file: &Bytes, splice: &Splice) -> Bytes {
    let mut out = Vec::new();
    for piece in splice.pieces() {
        match piece {
            Piece::Made(bytes) => out.extend_from_slice(&bytes),
            Piece::Source(range) => {
                let bounds = [range.start, range.end].map(|at| usize::try_from(at).expect("within the file"));
                out.extend_from_slice(&file[bounds[0]..bounds[1]]);
            }
        }
    }
    assert_eq!(out.len() as u64, splice.len());
    out.into()
}
