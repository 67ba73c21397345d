//! Cuts.

use proptest::prelude::*;

use super::*;

/// The position at which the packets of a cut begin to be presented: for Opus from its headers.
pub fn skip_of(cut: &[u8]) -> i64 {
    let head = cut.windows(8).position(|eight| eight == b"OpusHead").unwrap();
    i64::from(u16::from_le_bytes([cut[head + 10], cut[head + 11]]))
}

/// Checks a cut of Opus: it is valid, declares its exact times, and has the original's packets from 300 ms before.
fn check(file: &[u8], indexed: &Indexed, start: i64, end: i64) {
    let tick = |tick: i64| Time((tick * 1_000_000).div_euclid(48));
    let part = indexed.cut(tick(start), tick(end));
    assert_eq!(part.given, Interval::new(tick(start), tick(end)).unwrap());
    let cut = bytes(&part, file);
    let again = index(&cut);
    assert_eq!(again.notes(), "");
    assert_eq!(again.outline.duration, tick(end - start));
    assert_eq!(again.outline.setup_ranges, std::slice::from_ref(&part.file.setup));
    let skip = skip_of(&cut);
    assert!((14_400.min(start + 312)..14_400 + 960).contains(&skip), "{start}: skips {skip}");
    let all = indexed.packets(0, file);
    let first = ((start + 312 - skip) / 960) as usize;
    let behind = ((end + 312 + 959) / 960) as usize;
    assert_eq!((start + 312 - skip) % 960, 0);
    assert_eq!(again.packets(0, &cut), all[first..behind], "{start}..{end}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_cut_of_opus_begins_and_ends_at_the_very_sample(start in 0_i64..900_000, length in 1_i64..300_000) {
        let file = opus(7, 100, 0);
        let indexed = try_index(&Bytes::copy_from_slice(&file), 1 << 22).unwrap();
        check(&file, &indexed, start, (start + length).min(959_000));
    }
}

/// Opus whose pages, except the last, end within a packet of 600 bytes.
fn spanning(pages: usize) -> Vec<u8> {
    let mut writer = Writer::new(9);
    let mut file = opus_headers(&mut writer);
    let mut rest: Option<Vec<u8>> = None;
    for at in 0..pages {
        let mut packets: Vec<Vec<u8>> = rest.take().into_iter().collect();
        packets.extend((5 * at..5 * at + 5).map(|number| opus_packet(number, 600)));
        let last = at + 1 == pages;
        let ended = if last { 5 * at + 5 } else { 5 * at + 4 };
        file.extend(writer.page(if last { LAST } else { 0 }, 960 * ended as i64, &packets, (!last).then_some(510)));
        rest = (!last).then(|| packets.last().unwrap()[510..].to_vec());
    }
    file
}

#[test]
fn a_packet_that_lies_on_two_pages_is_taken_whole_or_not_at_all() {
    let file = spanning(40);
    let indexed = index(&file);
    let expected: Vec<_> = (0..200).map(|number| opus_packet(number, 600)).collect();
    assert_eq!(indexed.packets(0, &file), expected);
    for start in (0..150_000).step_by(3217) {
        for length in [500, 1000, 5000, 30_000] {
            check(&file, &indexed, start, start + length);
        }
    }
}

#[test]
fn vorbis_begins_with_a_packet_only_where_it_ends_within_it_too() {
    let file = vorbis(100);
    let indexed = index(&file);
    assert_eq!((indexed.outline.duration, indexed.notes()), (ms(1980), String::new()));
    for (asked, given) in [
        ((45, 65), (45, 65)),
        ((45, 60), (40, 60)),
        ((45, 55), (40, 55)),
        ((40, 55), (40, 55)),
        ((5, 10), (0, 10)),
        ((1975, 1980), (1960, 1980)),
        ((35, 1965), (35, 1965)),
    ] {
        let part = indexed.cut(ms(asked.0), ms(asked.1));
        assert_eq!(part.given, Interval::new(ms(given.0), ms(given.1)).unwrap(), "{asked:?}");
        let again = index(&bytes(&part, &file));
        assert_eq!((again.outline.duration, again.notes()), (ms(given.1 - given.0), String::new()), "{asked:?}");
    }
}

#[test]
fn a_cut_across_links_has_them_all() {
    let file = [opus(7, 30, 0), opus(8, 20, 5000), opus(7, 10, 0)].concat();
    let indexed = index(&file);
    let part = indexed.cut(ms(5000), ms(10_500));
    let cut = bytes(&part, &file);
    let again = index(&cut);
    assert_eq!((again.outline.duration, again.notes()), (ms(5500), String::new()));
    let spans: Vec<_> = again.outline.tracks.iter().map(|track| track.span().0).collect();
    let skip = Time(6_500_000);
    assert_eq!(spans, [Time::ZERO, ms(1000) - skip, ms(5000) - skip - skip]);
    assert_eq!(part.file.elements.iter().next().unwrap().start, part.file.setup.end);
    assert_eq!(part.file.elements.iter().last().unwrap().end, cut.len() as u64);
    assert!(
        part.file.elements.iter().collect::<Vec<_>>().windows(2).all(|pair| pair[0].end == pair[1].start),
        "headers of links lie in elements"
    );
}

#[test]
fn a_page_of_a_cut_needs_no_byte_of_a_packet() {
    let file = opus(7, 100, 0);
    let part = index(&file).cut(ms(4000), ms(14_000));
    let made: u64 = part.file.splice.made_len();
    assert!(made < 52 * 40 + 200, "{made} bytes are new");
}

/// Theora with 25 pictures a second, every fifth a keyframe, which begins on the page on which the previous ones end.
fn theora(groups: usize) -> Vec<u8> {
    let size = [&[0, 1, 0, 1][..], &[0, 0, 16, 0, 0, 16, 0, 0], &25_u32.to_be_bytes(), &1_u32.to_be_bytes()].concat();
    let head = [b"\x80theora\x03\x02\x01", &size[..], &[0; 10], &(6_u16 << 5).to_be_bytes()].concat();
    let others = [b"\x81theora\0\0\0\0\0\0\0\0".to_vec(), b"\x82theora".to_vec()];
    let mut writer = Writer::new(3);
    let mut file = [writer.page(FIRST, 0, &[head], None), writer.page(0, 0, &others, None)].concat();
    let mut rest: Option<Vec<u8>> = None;
    for group in 0..groups {
        let keyframe = |group: usize| [&[0][..], &[group as u8; 599]].concat();
        let mut packets: Vec<_> = (0..4).map(|picture| vec![0x40, group as u8, picture]).collect();
        packets.insert(0, rest.take().unwrap_or_else(|| keyframe(group)));
        let last = group + 1 == groups;
        if !last {
            packets.push(keyframe(group + 1));
            rest = Some(keyframe(group + 1)[510..].to_vec());
        }
        let granule = (5 * group as i64 + 1) << 6 | 4;
        file.extend(writer.page(if last { LAST } else { 0 }, granule, &packets, (!last).then_some(510)));
    }
    file
}

#[test]
fn a_keyframe_counts_where_it_ends() {
    let file = theora(20);
    let pictures = |indexed: &Indexed| {
        let mut times = indexed.times(0);
        times.dedup();
        times
    };
    let indexed = index(&file);
    assert_eq!(pictures(&indexed), (0..100).collect::<Vec<_>>());
    for (start, key) in [(0, 0), (900, 800), (1000, 1000), (2560, 2400)] {
        let part = indexed.cut(ms(start), ms(3400));
        assert_eq!(part.given, Interval::new(ms(key), ms(3400)).unwrap());
        let again = index(&bytes(&part, &file));
        assert_eq!((again.outline.duration, again.notes()), (ms(3400 - key), String::new()), "from {start} ms on");
        assert_eq!(pictures(&again), (0..(3400 - key) / 40).collect::<Vec<_>>(), "from {start} ms on");
    }
}
