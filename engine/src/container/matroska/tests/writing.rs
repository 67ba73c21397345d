//! The structure of a cut, and that its content equals the original's.

use bytes::Bytes;
use proptest::prelude::*;
use reelspan_testkit::media::matroska::{cluster, element, group, info, master, simple, track, uint, unknown};

use super::super::{ebml, ids};
use super::{OPUS, bytes, file, index, ordinary, part, second, tracks};
use crate::container::{self, Error, Selection};
use crate::index::{Element, Elements};
use crate::media::{Interval, Run, Setup, Ticks, Time};

#[test]
fn large_setups_stay_in_the_original() {
    let private = |length| element(ids::CODEC_PRIVATE, &vec![7; length]);
    let entries = [track(1, 1, "V_VP8", &[private(100)]), track(2, 2, "A_VORBIS", &[private(9000)])];
    let original = file(&[info(), master(ids::TRACKS, &entries), cluster(0, &second(0))]);
    let indexed = index(&original);
    assert_eq!(indexed.outline.tracks[0].setup, Setup::Inline(Bytes::from(entries[0].clone())));
    let Setup::At(range) = indexed.outline.tracks[1].setup.clone() else { panic!("inline") };
    assert_eq!(part(&original, &range), entries[1]);
    // And cuts read them from there.
    let cut = bytes(&container::write(&indexed.outline, &indexed.select(&[0, 1], 0, 1000)).unwrap().splice, &original);
    assert!(cut.windows(entries.concat().len()).any(|bytes| bytes == entries.concat()));
    assert_eq!(index(&cut).times(1).len(), 50);
}

#[test]
fn a_whole_file_written_again_has_the_same_samples() {
    let original = ordinary();
    let before = index(&original);
    let splice = container::write(&before.outline, &before.select(&[0, 1], 0, 10_000)).unwrap().splice;
    let cut = bytes(&splice, &original);
    let after = index(&cut);
    assert_eq!(after.notes(), "");
    assert_eq!((&after.outline.mime, after.outline.duration), (&before.outline.mime, before.outline.duration));
    assert_eq!(after.outline.tracks, before.outline.tracks);
    assert_eq!(after.elements.len(), 5);
    for (before, after) in before.samples.iter().flatten().zip(after.samples.iter().flatten()) {
        assert_eq!(Run { offset: 0, ..after.clone() }, Run { offset: 0, ..before.clone() });
        let block =
            |file: &[u8], run: &Run| file[run.offset as usize..(run.offset + u64::from(run.size)) as usize].to_vec();
        assert_eq!(block(&cut, after), block(&original, before));
    }
}

#[test]
fn a_cut_inside_a_cluster_changes_two_bytes_of_its_blocks() {
    let original = ordinary();
    let before = index(&original);
    let splice = container::write(&before.outline, &before.select(&[0, 1], 3000, 5000)).unwrap().splice;
    let cut = bytes(&splice, &original);
    let after = index(&cut);
    assert_eq!(after.times(0), (0..50).map(|at| 40 * at).collect::<Vec<_>>());
    assert_eq!(after.times(1), (0..100).map(|at| 20 * at).collect::<Vec<_>>());
    assert_eq!(after.outline.duration, Time::from_secs(2));
    assert_eq!(after.elements.iter().map(|element| element.time.0).collect::<Vec<_>>(), [0, 1000]);
    let chosen = |track: usize| before.samples[track].iter().filter(|run| (3000..5000).contains(&run.presentation().0));
    for track in [0, 1] {
        for (before, after) in chosen(track).zip(&after.samples[track]) {
            assert_eq!((before.size, before.private), (after.size, after.private));
            for at in 0..u64::from(before.size) {
                let timestamp =
                    (u64::from(before.private.second())..u64::from(before.private.second()) + 2).contains(&at);
                let same = original[(before.offset + at) as usize] == cut[(after.offset + at) as usize];
                assert!(same || timestamp, "byte {at} of {before:?}");
            }
        }
    }
}

#[test]
fn a_cut_of_one_track_holds_that_track_alone() {
    let original = ordinary();
    let before = index(&original);
    let splice = container::write(&before.outline, &before.select(&[1], 4000, 8000)).unwrap().splice;
    let after = index(&bytes(&splice, &original));
    assert_eq!((after.outline.mime.as_str(), after.outline.tracks.len()), ("audio/webm", 1));
    assert_eq!(after.times(0), (0..200).map(|at| 20 * at).collect::<Vec<_>>());
}

#[test]
fn a_cut_lasts_until_its_end_or_that_of_its_last_sample() {
    let reference = group(1, 80, &[1], &[uint(ids::BLOCK_DURATION, 40)]);
    let subtitle = group(2, 20, &[1], &[uint(ids::BLOCK_DURATION, 9000)]);
    let original = file(&[info(), tracks(), cluster(0, &[simple(1, 0, true, &[]), reference, subtitle])]);
    let before = index(&original);
    for (tracks, end, expected) in
        [(&[0, 1][..], 60, 60.0), (&[0], 110, 110.0), (&[0], 500, 120.0), (&[1], 500, 500.0), (&[1], 20_000, 9020.0)]
    {
        let mut selection = before.select(tracks, 0, 10_000);
        selection.given = Interval::new(Time::ZERO, Time(end * 1_000_000)).unwrap();
        let cut = bytes(&container::write(&before.outline, &selection).unwrap().splice, &original);
        let (_, _, info) = segment(&cut).into_iter().find(|child| child.0 == ids::INFO).unwrap();
        let duration = ebml::ChildElements::new(&info, 0).map(Result::unwrap).find(|child| child.id == ids::DURATION);
        assert_eq!(ebml::float(duration.unwrap().data), Some(expected), "tracks {tracks:?} up to {end}");
    }
}

/// The children of a Segment, as (ID, offset in its data, data).
fn segment(cut: &[u8]) -> Vec<(u32, u64, Vec<u8>)> {
    let top: Vec<_> = ebml::ChildElements::new(cut, 0).map(Result::unwrap).collect();
    assert_eq!(top.iter().map(|element| element.id).collect::<Vec<_>>(), [ids::EBML, ids::SEGMENT]);
    let start = (cut.len() - top[1].data.len()) as u64;
    top[1].children().map(Result::unwrap).map(|child| (child.id, child.offset - start, child.data.to_vec())).collect()
}

#[test]
fn a_cut_points_at_its_own_elements_and_keyframes() {
    let original = ordinary();
    let before = index(&original);
    for (tracks, start, keyframes) in
        [(&[0, 1][..], 3000, &[0, 1000, 2000, 3000][..]), (&[1], 4000, &[0]), (&[0, 1], 0, &[0, 1000, 2000, 3000])]
    {
        let cut = bytes(
            &container::write(&before.outline, &before.select(tracks, start, start + 4000)).unwrap().splice,
            &original,
        );
        let children = segment(&cut);
        let names: Vec<_> = children.iter().map(|child| child.0).take_while(|id| *id != ids::CLUSTER).collect();
        assert_eq!(names, [ids::SEEK_HEAD, ids::INFO, ids::TRACKS, ids::CUES]);
        let inner = |data: &[u8]| -> Vec<(u32, Vec<u8>)> {
            ebml::ChildElements::new(data, 0).map(Result::unwrap).map(|child| (child.id, child.data.to_vec())).collect()
        };
        let value = |data: &[u8]| ebml::uint(data).unwrap();
        for (_, seek) in inner(&children[0].2) {
            let [(_, id), (_, position)] = inner(&seek).try_into().unwrap();
            assert!(children.iter().any(|child| child.0.to_be_bytes() == *id && child.1 == value(&position)));
        }
        let mut times = Vec::new();
        for (_, point) in inner(&children[3].2) {
            let [(_, time), (_, positions)] = inner(&point).try_into().unwrap();
            let [(_, number), (_, cluster), (_, relative)] = inner(&positions).try_into().unwrap();
            let (_, _, cluster) = children.iter().find(|child| child.1 == value(&cluster)).unwrap();
            let block = &cluster[value(&relative) as usize..];
            let timestamp = value(&inner(cluster)[0].1);
            assert_eq!((block[0], u64::from(block[2] & 0x7F)), (0xA3, value(&number)));
            assert_eq!(timestamp + u64::from(u16::from_be_bytes([block[3], block[4]])), value(&time));
            times.push(value(&time));
        }
        assert_eq!(times, keyframes);
    }
}

#[test]
fn a_relative_time_that_would_not_fit_begins_another_cluster() {
    // Relative to zero at 1000, its blocks are 32768 ticks and more after the cluster, which may not begin before zero.
    let blocks = [simple(2, -500, true, OPUS), simple(2, 0, true, OPUS), simple(2, 32_767, true, OPUS)];
    let original = file(&[info(), tracks(), cluster(1000, &blocks)]);
    let before = index(&original);
    let mut selection = before.select(&[1], 0, 100_000);
    selection.given = Interval::new(Time::ZERO, Time::MAX).unwrap();
    for (element_time, expected) in [(1000, vec![500, 1000, 33_767]), (-40_000, vec![500, 1000, 33_767])] {
        change_element(&mut selection, 0, |element| element.time = Ticks(element_time));
        let cut = bytes(&container::write(&before.outline, &selection).unwrap().splice, &original);
        assert_eq!(index(&cut).times(0), expected);
    }
}

#[test]
fn an_index_and_a_selection_that_do_not_go_together_are_an_error() {
    let before = index(&ordinary());
    let sound = before.select(&[0, 1], 3000, 5000);
    let spoil: [fn(&mut Selection); 6] = [
        |selection| selection.tracks.clear(),
        |selection| selection.tracks[0].track = 2,
        |selection| selection.elements = Elements::default(),
        |selection| change_element(selection, 1, |element| element.size = 50),
        |selection| change_first(selection, |run| run.private = crate::media::Private::new(0, 255)),
        |selection| change_first(selection, |run| run.decode = Ticks(i64::MIN)),
    ];
    for spoil in spoil {
        let mut selection = sound.clone();
        spoil(&mut selection);
        assert!(matches!(container::write(&before.outline, &selection), Err(Error::Index(_))));
    }
    let mut outline = before.outline.clone();
    outline.setup.clear();
    assert!(matches!(container::write(&outline, &sound), Err(Error::Index(_))));
}

/// A random block: track, time after its cluster, keyframe, whether in a BlockGroup, and size.
type AnyBlock = (u8, i16, bool, bool, usize);

fn any_cluster() -> impl Strategy<Value = (u64, bool, Vec<AnyBlock>)> {
    let block = (1..=2_u8, 0..4000_i16, any::<bool>(), any::<bool>(), 0..200_usize);
    (0..3000_u64, any::<bool>(), proptest::collection::vec(block, 0..12))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn a_cut_of_any_file_has_the_chosen_blocks_and_no_others(
        clusters in proptest::collection::vec(any_cluster(), 1..8),
        start in 0..10_000_i64,
        length in 1..10_000_i64,
    ) {
        let (mut children, mut time) = (vec![info(), tracks()], 0);
        for (distance, sized, blocks) in &clusters {
            time += distance;
            let block = |(track, relative, keyframe, grouped, size): &AnyBlock| match grouped {
                // The first bit of VP8 marks a keyframe.
                true => group(*track, *relative, &vec![2 * track; *size], &[]),
                false => simple(*track, *relative, *keyframe, &vec![2 * track; *size]),
            };
            let blocks = [vec![uint(ids::TIMESTAMP, time)], blocks.iter().map(block).collect()].concat();
            children.push(if *sized { master(ids::CLUSTER, &blocks) } else { unknown(ids::CLUSTER, &blocks) });
        }
        let original = file(&children);
        let before = index(&original);
        let count: usize = clusters.iter().map(|(_, _, blocks)| blocks.len()).sum();
        prop_assert_eq!(before.notes(), if count == 0 { "it has no blocks" } else { "" });
        prop_assert_eq!(before.samples.iter().map(Vec::len).sum::<usize>(), count);

        let selection = before.select(&[0, 1], start, start + length);
        let cut = bytes(&container::write(&before.outline, &selection).unwrap().splice, &original);
        let after = index(&cut);
        prop_assert!(after.notes() == "" || after.notes() == "it has no blocks");
        for (chosen, written) in selection.tracks.iter().zip(&after.samples) {
            prop_assert_eq!(chosen.runs.len(), written.len());
            for (chosen, written) in chosen.runs.iter().zip(written) {
                prop_assert_eq!(chosen.presentation() - Ticks(start), written.presentation());
                prop_assert_eq!((chosen.sync, chosen.private), (written.sync, written.private));
                let (mut chosen_bytes, written_bytes) = (part(&original, &chosen.bytes()).to_vec(), part(&cut, &written.bytes()));
                let timestamp = usize::from(chosen.private.second())..usize::from(chosen.private.second()) + 2;
                chosen_bytes[timestamp.clone()].copy_from_slice(&written_bytes[timestamp]);
                prop_assert_eq!(chosen_bytes, written_bytes);
            }
        }
    }
}

/// Changes the first sample of a selection.
fn change_first(selection: &mut Selection, change: fn(&mut Run)) {
    let runs = selection.tracks[0].runs.iter().enumerate().map(|(place, mut run)| {
        if place == 0 {
            change(&mut run);
        }
        run
    });
    selection.tracks[0].runs = runs.collect();
}

/// Changes an element of a selection.
fn change_element(selection: &mut Selection, at: usize, change: impl Fn(&mut Element)) {
    let elements = selection.elements.iter().enumerate().map(|(place, mut element)| {
        if place == at {
            change(&mut element);
        }
        element
    });
    selection.elements = elements.collect();
}
