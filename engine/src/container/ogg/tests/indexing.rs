//! Indexing.

use super::*;
use crate::container::{self, Unsupported};
use crate::media::Edit;

#[test]
fn packets_are_samples_and_what_is_skipped_is_not_presented() {
    let file = opus(7, 100, 0);
    let indexed = index(&file);
    let [track] = &indexed.outline.tracks[..] else { panic!("tracks") };
    assert_eq!((track.id, track.codec.as_str(), indexed.outline.mime.as_str()), (7, "opus", "audio/ogg"));
    assert_eq!(track.edits, [Edit { duration: None, media: Some(Ticks(312)) }]);
    assert_eq!(indexed.times(0), (0..1000).map(|at| 960 * at - 312).collect::<Vec<_>>());
    assert_eq!(indexed.outline.duration, ms(20_000) - ms(6) - Time(500_000));
    let expected: Vec<_> = (0..1000).map(|number| opus_packet(number, opus_size(number))).collect();
    assert_eq!(indexed.packets(0, &file), expected);
    let mut writer = Writer::new(7);
    assert_eq!(indexed.outline.setup_ranges, [0..opus_headers(&mut writer).len() as u64]);
    assert_eq!(indexed.outline.notes, [""; 0]);
}

#[test]
fn what_was_recorded_of_a_live_stream_begins_at_zero() {
    let indexed = index(&opus(7, 20, 48_000 * 3600));
    assert_eq!(indexed.times(0), (0..200).map(|at| 960 * at - 312).collect::<Vec<_>>());
    assert_eq!(indexed.outline.notes, [""; 0]);
}

#[test]
fn the_last_page_may_be_missing_or_have_nothing_on_it() {
    let mut writer = Writer::new(7);
    let mut file = opus_headers(&mut writer);
    let packets: Vec<_> = (0..10).map(|number| opus_packet(number, 50)).collect();
    file.extend(writer.page(0, 9600, &packets, None));
    let without = index(&file);
    file.extend(writer.page(LAST, 9600, &[], None));
    let with = index(&file);
    assert_eq!((with.notes(), &with.samples), (without.notes(), &without.samples));
    assert_eq!((without.notes().as_str(), without.samples[0].len()), ("", 10));
}

#[test]
fn tags_before_the_first_page_are_passed_over() {
    let file = opus(7, 20, 0);
    let tag = [&b"ID3\x03\0\0\0\0\x4E\x10"[..], &[0; 10_000]].concat();
    let tagged = Bytes::from([tag.as_slice(), &file].concat());
    let outline = block_on(container::index(&tagged, &mut Memory::default())).unwrap();
    let [range] = &outline.setup_ranges[..] else { panic!("setup") };
    assert_eq!((outline.duration, range.start, outline.notes.len()), (index(&file).outline.duration, 10_010, 0));
}

#[test]
fn the_last_position_says_where_it_ends() {
    let mut writer = Writer::new(1);
    let mut file = opus_headers(&mut writer);
    let packets: Vec<_> = (0..4).map(|number| opus_packet(number, 50)).collect();
    file.extend(writer.page(0, 3840, &packets, None));
    file.extend(writer.page(LAST, 3840 + 1000, &packets, None));
    let indexed = index(&file);
    let durations: Vec<_> = indexed.samples[0].iter().map(|run| run.duration).collect();
    assert_eq!(durations, ticks([960, 960, 960, 960, 960, 40, 0, 0]));
}

#[test]
fn what_is_not_read_is_passed_over_with_a_note() {
    let mut skeleton = Writer::new(50);
    let mut other = Writer::new(51);
    let mut known = Writer::new(7);
    let fishead = [&b"fishead\0"[..], &[0; 56]].concat();
    let mut file = skeleton.page(FIRST, 0, &[fishead], None);
    file.extend(other.page(FIRST, 0, &[b"\x80kate\0\0\0".to_vec()], None));
    file.extend(opus_headers(&mut known));
    file.extend(skeleton.page(LAST, 0, &[vec![]], None));
    file.extend(other.page(LAST, 0, &[vec![1; 300]], None));
    file.extend(known.page(LAST, 960, &[opus_packet(0, 30)], None));
    let indexed = index(&file);
    assert_eq!(indexed.samples[0].len(), 1);
    assert_eq!(indexed.notes(), "logical stream 51 is passed over: it is of a codec that is not known, kate");
    let alone = Bytes::from(Writer::new(1).page(FIRST, 0, &[b"BBCD\0".to_vec()], None));
    let Err(Error::Unsupported(Unsupported::NoTracks { why })) = try_index(&alone, 100) else { panic!("supported") };
    assert_eq!(why, "Ogg with no logical stream of a known codec, but BBCD");
}

#[test]
fn links_of_a_chain_follow_each_other() {
    let file = [opus(7, 30, 0), opus(8, 20, 5000), opus(7, 10, 0)].concat();
    let indexed = index(&file);
    let starts: Vec<_> = indexed.outline.tracks.iter().map(|track| track.span().0).collect();
    let skip = Time(6_500_000);
    assert_eq!(starts, [Time::ZERO, ms(6000) - skip, ms(10_000) - skip - skip]);
    assert_eq!(indexed.outline.duration, ms(12_000) - skip - skip - skip);
    assert_eq!(indexed.outline.setup_ranges.len(), 3);
    assert_eq!(indexed.outline.notes, [""; 0]);
}
