//! Which GETs the sources of a splice are read by.
//!
//! A GET costs some 20 to 50 ms before its first byte, and a byte that is read in vain costs only its time on the wire. So
//! sources that follow each other closely are read through in one GET, what lies between them dropped.

use std::ops::Range;

use crate::splice::Piece;

/// The longest gap that is read through: at 50 to 100 MB/s it takes less time than the round trip of another GET.
const GAP: u64 = 1 << 20;

/// One GET.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Get {
    /// The bytes that it asks for, from the first byte of its first source to the last of its last.
    pub range: Range<u64>,
    /// The place in the splice of the first piece that it serves; it serves all sources from there up to the next GET's.
    pub first: usize,
}

/// The GETs by which the sources among `pieces` are read, in the order of the pieces.
pub(super) fn plan(pieces: &[Piece]) -> Vec<Get> {
    let mut gets: Vec<Get> = Vec::new();
    for (place, piece) in pieces.iter().enumerate() {
        let Piece::Source(source) = piece else { continue };
        match gets.last_mut() {
            Some(get) if follows(&get.range, source) => get.range.end = source.end,
            _ => gets.push(Get { range: source.clone(), first: place }),
        }
    }
    gets
}

/// Whether `source` begins at or behind the end of what is `read` already, and closely enough.
fn follows(read: &Range<u64>, source: &Range<u64>) -> bool {
    source.start.checked_sub(read.end).is_some_and(|gap| gap <= GAP)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    fn made() -> Piece {
        Piece::Made(Bytes::from_static(b"made"))
    }

    #[test]
    fn close_sources_share_a_get_and_far_or_backward_ones_do_not() {
        type Case = (&'static str, Vec<Piece>, Vec<(Range<u64>, usize)>);
        let far = 10 + GAP;
        let cases: [Case; 8] = [
            ("nothing", vec![], vec![]),
            ("made bytes alone", vec![made(), made()], vec![]),
            ("one source", vec![Piece::Source(5..9)], vec![(5..9, 0)]),
            ("made bytes around", vec![made(), Piece::Source(5..9), made()], vec![(5..9, 1)]),
            ("made bytes between", vec![Piece::Source(0..10), made(), Piece::Source(10..30)], vec![(0..30, 0)]),
            ("the longest gap", vec![Piece::Source(0..10), Piece::Source(far..far + 1)], vec![(0..far + 1, 0)]),
            (
                "a gap too long",
                vec![Piece::Source(0..10), made(), Piece::Source(far + 1..far + 2)],
                vec![(0..10, 0), (far + 1..far + 2, 2)],
            ),
            (
                "backward, and the same bytes twice",
                vec![Piece::Source(50..60), Piece::Source(40..50), Piece::Source(40..50)],
                vec![(50..60, 0), (40..50, 1), (40..50, 2)],
            ),
        ];
        for (name, pieces, expected) in cases {
            let gets: Vec<_> = plan(&pieces).into_iter().map(|get| (get.range, get.first)).collect();
            assert_eq!(gets, expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn every_source_is_read_by_the_get_before_it_in_order(
            sources in prop::collection::vec((0..20_000_000_u64, 1..3_000_000_u64), 0..40)
        ) {
            let pieces: Vec<_> =
                sources.iter().map(|&(start, length)| Piece::Source(start..start + length)).collect();
            let gets = plan(&pieces);
            for (number, get) in gets.iter().enumerate() {
                let end = gets.get(number + 1).map_or(pieces.len(), |next| next.first);
                let mut at = get.range.start;
                let mut wanted = 0;
                for piece in &pieces[get.first..end] {
                    let Piece::Source(source) = piece else { unreachable!() };
                    prop_assert!(source.start >= at && source.end <= get.range.end);
                    prop_assert!(source.start - at <= GAP);
                    wanted += piece.len();
                    at = source.end;
                }
                prop_assert_eq!(at, get.range.end);
                prop_assert!(wanted > 0);
            }
            prop_assert_eq!(gets.first().map_or(0, |get| get.first), 0);
        }
    }
}
