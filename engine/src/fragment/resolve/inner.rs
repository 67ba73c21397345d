//! A cut as a file with its own times and bytes, which a `Range` in time or of tracks refers to if the query has a
//! fragment.
//!
//! A cut needs no indexing: its samples are known, so the index of its file follows from them. Its tracks are those of
//! the original, presented as in the cut; the splice says where in the cut the samples are.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use super::cover::{joined, needed};
use super::pages::HeldPages;
use super::{Cover, EditSpan, Meaning, MediaPart, ResolveError, Selected};
use crate::container::{self, MAX_MADE, Merged, Sink};
use crate::index::{BuildError, Builder, Built, FORMAT, Memory, Outline, cell, cell_end};
use crate::media::splice::{Piece, Splice};
use crate::media::{Edit, Run, Track};

impl MediaPart {
    /// The outline of the cut's file, and the pages of its index; its samples have their offsets in the original.
    pub async fn index(&self, original: &Outline) -> Result<(Outline, Memory), ResolveError> {
        let presented = |track: &Track, selected: &Selected| {
            let edit = |segment: &EditSpan| Edit { duration: Some(segment.duration), media: segment.media };
            Track { edits: selected.segments.iter().map(edit).collect(), ..track.clone() }
        };
        let tracks = self.selected.iter();
        let tracks = tracks.filter_map(|selected| Some(presented(original.tracks.get(selected.track)?, selected)));
        let tracks: Vec<Track> = tracks.collect();
        let mut builder = Builder::new(tracks.clone());
        self.add_samples(&tracks, &mut builder).map_err(|error| ResolveError::Container(error.into()))?;
        let count = builder.pages();
        let Built { pages: packed, tracks, .. } =
            builder.finish().map_err(|error| ResolveError::Container(error.into()))?;
        let mut pages = Memory::default();
        for page in packed {
            pages.page(page).await.map_err(|error| ResolveError::Container(error.into()))?;
        }
        let outline = Outline {
            mime: self.mime.clone(),
            duration: self.given.end().min(original.duration) - self.given.start(),
            tracks,
            chapters: Vec::new(),
            setup: Vec::new(),
            setup_ranges: vec![self.file.setup.clone()],
            elements: !self.file.elements.is_empty(),
            created: original.created.map(|created| created.saturating_add(self.given.start().0)),
            pages: count,
            notes: Vec::new(),
            segments: None,
            format: FORMAT,
            ..original.clone()
        };
        Ok((outline, pages))
    }

    /// Adds the samples of all tracks to the builder, cell by cell. If the second track's samples came after all of the
    /// first track's, the builder would treat them as late and put them all into the last page.
    fn add_samples(&self, tracks: &[Track], builder: &mut Builder) -> Result<(), BuildError> {
        let mut rests: Vec<_> = self.selected.iter().map(|selected| selected.runs.iter()).collect();
        let mut heads: Vec<Option<Run>> = rests.iter_mut().map(Iterator::next).collect();
        let cell_of = |place: usize, head: &Option<Run>| Some(cell(tracks.get(place)?, head.as_ref()?.decode));
        let first = heads.iter().enumerate();
        let mut next: BinaryHeap<_> =
            first.filter_map(|(place, head)| Some(Reverse((cell_of(place, head)?, place)))).collect();
        while let Some(Reverse((cell, place))) = next.pop() {
            let (Some(track), Some(rest), Some(head)) = (tracks.get(place), rests.get_mut(place), heads.get_mut(place))
            else {
                continue;
            };
            if let Some(run) = head.take() {
                let count = run.count_before(cell_end(track, cell));
                *head = run.slice(count..u32::MAX).or_else(|| rest.next());
                builder.samples(place, run.slice(0..count).unwrap_or(run))?;
            }
            next.extend(cell_of(place, head).map(|cell| Reverse((cell, place))));
        }
        Ok(())
    }

    /// Resolves a fragment of the cut to byte ranges of the cut, as [`super::cover`] does for an original. The outline
    /// and the pages are those of [`MediaPart::index`].
    pub async fn cover(&self, outline: &Outline, pages: &Memory, meaning: &Meaning) -> Result<Cover, ResolveError> {
        let mut pages = pages;
        let mut held = HeldPages::new(&mut pages, outline.pages);
        let needed = match needed(outline, &mut held, meaning).await? {
            Ok(needed) => needed,
            Err(why) => return Ok(Cover::Unsatisfiable(why)),
        };
        let places = SourcePieces::of(&self.file.splice)?;
        let runs = Merged::new(&needed.selected);
        let ranges = joined(runs.filter_map(|(_, run)| Some(self.whole_elements(places.of_run(&run)?))));
        Ok(needed.covered_by(ranges, 1))
    }

    /// These bytes of the cut, extended to the elements that contain them.
    fn whole_elements(&self, range: Range<u64>) -> Range<u64> {
        let elements = &self.file.elements;
        let start = elements.holding(range.start).map_or(range.start, |element| element.start);
        let end = elements.holding(range.end.saturating_sub(1)).map_or(range.end, |element| element.end);
        start..end
    }
}

/// Where the bytes of the source are in a splice.
struct SourcePieces(Vec<SourcePiece>);

struct SourcePiece {
    source: Range<u64>,
    /// The offset of its first byte.
    at: u64,
}

impl SourcePieces {
    fn of(splice: &Splice) -> Result<Self, ResolveError> {
        let mut places = Vec::new();
        let mut at = 0;
        for piece in splice.pieces() {
            if let Piece::Source(source) = &piece {
                places.push(SourcePiece { source: source.clone(), at });
                let taken = places.len() * size_of::<SourcePiece>();
                if taken > MAX_MADE {
                    let error = container::Error::Memory { taken: taken as u64, bound: MAX_MADE as u64 };
                    return Err(ResolveError::Container(error));
                }
            }
            at += piece.len();
        }
        places.sort_unstable_by_key(|place| place.source.start);
        Ok(Self(places))
    }

    /// Where a run's bytes are, which the splice has in the order of the source, without those that were generated.
    fn of_run(&self, run: &Run) -> Option<Range<u64>> {
        let bytes = run.bytes();
        let first = self.0.get(self.0.partition_point(|place| place.source.end <= bytes.start))?;
        let last = self.0.get(self.0.partition_point(|place| place.source.start < bytes.end).checked_sub(1)?)?;
        let start = first.at + bytes.start.saturating_sub(first.source.start);
        let end = last.at + bytes.end.min(last.source.end).saturating_sub(last.source.start);
        (start < end).then_some(start..end)
    }
}
