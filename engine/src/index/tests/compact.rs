//! What a cut takes is kept in few bytes, and comes back as it was.

use bytes::Bytes;
use proptest::prelude::*;

use crate::index::{Element, Elements, Runs};
use crate::media::{Private, Run, Ticks};

fn run(at: i64, offset: u64, size: u32, count: u32, sync: bool) -> Run {
    Run {
        decode: Ticks(at),
        composition: Ticks(at % 7),
        duration: Ticks(3),
        offset,
        size,
        count,
        sync,
        disposable: false,
        private: Private::new(0, 4),
    }
}

proptest! {
    #[test]
    fn runs_come_back_as_they_were(
        all in prop::collection::vec((any::<i64>(), any::<u64>(), any::<u32>(), 1..=u32::MAX, any::<bool>()), 0..6000)
    ) {
        let all: Vec<Run> = all.into_iter().map(|(at, offset, size, count, sync)| run(at, offset, size, count, sync)).collect();
        let runs: Runs = all.iter().cloned().collect();
        prop_assert_eq!((runs.len(), runs.first(), runs.last()), (all.len(), all.first(), all.last()));
        prop_assert_eq!(runs.iter().collect::<Vec<_>>(), all);
    }

    #[test]
    fn elements_are_found_by_their_place(offsets in prop::collection::vec(0..100_000_u64, 0..700), asked in 0..100_010_u64) {
        let element = |offset: u64| {
            let kept = Bytes::from(vec![7; (offset % 5) as usize]);
            Element { offset, size: 9, header: 1, time: Ticks(offset.cast_signed()), kept }
        };
        let mut elements: Elements = offsets.iter().copied().map(element).collect();
        elements.sort();
        let mut sorted = offsets;
        sorted.sort_unstable();
        sorted.dedup();
        prop_assert_eq!(elements.iter().collect::<Vec<_>>(), sorted.iter().copied().map(element).collect::<Vec<_>>());
        let before = sorted.partition_point(|offset| *offset < asked);
        let mut finder = elements.finder();
        prop_assert_eq!(finder.count_before(asked), before);
        let at = sorted.iter().rfind(|offset| **offset <= asked).copied().map(element);
        prop_assert_eq!(finder.at(asked), at.as_ref());
    }
}

#[test]
fn runs_that_go_on_are_one_wherever_blocks_end() {
    let mut runs = Runs::default();
    for at in 0..5000_u32 {
        let (size, offset) = (10 + at / 3 % 2, u64::from(at) * 100);
        for part in 0..2_u32 {
            let composition = Ticks::ZERO;
            let decode = i64::from(at * 6 + part * 3);
            runs.push(Run { composition, ..run(decode, offset + u64::from(part * size), size, 1, true) });
        }
    }
    assert_eq!((runs.len(), runs.samples()), (5000, 10_000));
    assert!(runs.iter().all(|run| run.count == 2));
}

#[test]
fn a_sample_of_a_film_takes_few_bytes() {
    let film = (0..100_000_i64)
        .map(|at| run(at * 3, at.cast_unsigned() * 9000, 5000 + u32::try_from(at % 3000).unwrap(), 1, at % 50 == 0));
    let runs: Runs = film.collect();
    assert!(runs.memory() < 600_000, "{} bytes", runs.memory());
}
