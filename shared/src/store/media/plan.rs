//! Plans the GETs for the sources of a splice.
//!
//! If a read costs more than the bytes of a gap, sources close together are read in one GET, and the gap is dropped.

use std::ops::Range;

use reelspan_engine::media::splice::{Piece, Splice, SpliceCursor};

/// The GETs for the sources of a splice, in the order of its pieces, planned one after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    cursor: SpliceCursor,
    /// The first source of the next GET.
    next: Option<Range<u64>>,
    /// The longest gap that is read.
    gap: u64,
    /// Sources of at least this length are left out, if one is given.
    left_out: Option<u64>,
}

impl Plan {
    /// A plan that reads over gaps of at most `gap` bytes.
    pub fn new(gap: u64) -> Self {
        Self { gap, ..Self::default() }
    }

    /// A plan without sources of at least `length` bytes, which are sent otherwise.
    pub fn without(self, length: u64) -> Self {
        Self { left_out: Some(length), ..self }
    }

    /// The range of the next GET, from the first byte of its first source to the last of its last.
    pub fn next(&mut self, splice: &Splice) -> Option<Range<u64>> {
        let mut get = self.next.take();
        while let Some(piece) = self.cursor.next(splice) {
            let is_left_out = self.left_out.is_some_and(|length| piece.len() >= length);
            let Piece::Source(source) = piece else { continue };
            if is_left_out {
                continue;
            }
            match &mut get {
                None => get = Some(source),
                Some(get) if follows(get, &source, self.gap) => get.end = source.end,
                Some(_) => {
                    self.next = Some(source);
                    break;
                }
            }
        }
        get
    }
}

/// Whether `source` begins closely enough after the end of the range `read` so far.
fn follows(read: &Range<u64>, source: &Range<u64>, longest: u64) -> bool {
    source.start.checked_sub(read.end).is_some_and(|gap| gap <= longest)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    const GAP: u64 = 1 << 20;

    fn made() -> Piece {
        Piece::Made(Bytes::from_static(b"made"))
    }

    fn spliced(pieces: Vec<Piece>) -> Splice {
        let mut splice = Splice::new();
        for piece in pieces {
            splice.push(piece);
        }
        splice
    }

    fn plan(splice: &Splice) -> Vec<Range<u64>> {
        let mut plan = Plan::new(GAP);
        std::iter::from_fn(|| plan.next(splice)).collect()
    }

    #[test]
    fn close_sources_share_a_get_and_far_or_backward_ones_do_not() {
        type Case = (&'static str, Vec<Piece>, Vec<Range<u64>>);
        let far = 10 + GAP;
        let cases: [Case; 8] = [
            ("nothing", vec![], vec![]),
            ("made bytes alone", vec![made(), made()], vec![]),
            ("one source", vec![Piece::Source(5..9)], vec![5..9]),
            ("made bytes around", vec![made(), Piece::Source(5..9), made()], vec![5..9]),
            ("made bytes between", vec![Piece::Source(0..10), made(), Piece::Source(10..30)], vec![0..30]),
            ("the longest gap", vec![Piece::Source(0..10), Piece::Source(far..far + 1)], vec![0..far + 1]),
            (
                "a gap too long",
                vec![Piece::Source(0..10), made(), Piece::Source(far + 1..far + 2)],
                vec![0..10, far + 1..far + 2],
            ),
            (
                "backward, and the same bytes twice",
                vec![Piece::Source(50..60), Piece::Source(40..50), Piece::Source(40..50)],
                vec![50..60, 40..50, 40..50],
            ),
        ];
        for (name, pieces, expected) in cases {
            assert_eq!(plan(&spliced(pieces)), expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn every_source_is_read_by_the_get_before_it_in_order(
            sources in prop::collection::vec((0..20_000_000_u64, 1..3_000_000_u64), 0..40)
        ) {
            let splice = spliced(sources.iter().map(|&(start, length)| Piece::Source(start..start + length)).collect());
            let mut pieces = splice.pieces().peekable();
            for get in plan(&splice) {
                let mut at = get.start;
                while let Some(Piece::Source(source)) = pieces.next_if(|_| at < get.end) {
                    prop_assert!(source.start >= at && source.end <= get.end);
                    prop_assert!(source.start - at <= GAP);
                    at = source.end;
                }
                prop_assert_eq!(at, get.end);
            }
            prop_assert_eq!(pieces.next(), None);
        }
    }
}
