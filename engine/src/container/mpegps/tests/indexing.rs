//! The indexes of intact files.

use super::muxer::{
    MuxForm, PICTURES, PLAIN, SECOND, SOUND, SURROUND, TimedUnit, film, mux, pack, packet, pictures, sound, surround,
    system,
};
use super::{contents, index};
use crate::container::indexed::Indexed;
use crate::container::mpegps::CONTAINER;
use crate::container::testing::zeros_behind;
use crate::media::Kind;

fn times(units: &[TimedUnit]) -> Vec<i64> {
    units.iter().map(|unit| unit.presented).collect()
}

fn assert_is_film(found: &Indexed, seconds: i64, what: &str) {
    assert_eq!(found.times(0), times(&pictures(seconds, false)), "pictures, {what}");
    assert_eq!(found.times(1), times(&sound(seconds)), "sound, {what}");
}

#[test]
fn zeros_behind_the_packets_are_not_read_to_their_end() {
    zeros_behind(film(PLAIN, 6));
}

#[test]
fn samples_are_access_units_on_a_timeline_from_zero() {
    let file = film(PLAIN, 6);
    let found = index(&file);
    let outline = &found.outline;
    assert_eq!((&outline.container, outline.mime.as_str()), (&CONTAINER, "video/mpeg"));
    assert_eq!((outline.duration.0, found.notes().as_str()), (6_000_000_000, ""));
    let tracks: Vec<_> = outline.tracks.iter().map(|track| (track.id, track.kind, track.codec.as_str())).collect();
    assert_eq!(tracks, [(0xE0, Kind::Video, "mp4v.61"), (0xC0, Kind::Audio, "mp4a.6B")]);
    assert_eq!(outline.tracks[0].dimensions, Some((320, 180)));
    assert_eq!(outline.setup_ranges, [0..14 + 18]);
    assert_is_film(&found, 6, "plain");
    let syncs: Vec<_> = found.samples[0].iter().enumerate().filter(|(_, run)| run.sync).map(|(at, _)| at).collect();
    assert_eq!(syncs, [0, 25, 50, 75, 100, 125]);
    for (track, owner, units) in [(0, PICTURES, pictures(6, false)), (1, SOUND, sound(6))] {
        let expected: Vec<_> = units.into_iter().map(|unit| unit.bytes).collect();
        assert!(contents(&file, owner, &found.samples[track]) == expected, "track {track}");
    }
}

#[test]
fn times_are_the_same_however_packets_are_cut_and_stamped() {
    for old in [false, true] {
        for sparse in [false, true] {
            for data in [11, 64, 300, 1999, 30_000] {
                let form = MuxForm { old, data, sparse, ..PLAIN };
                let found = index(&film(form, 4));
                assert_is_film(&found, 4, &format!("{form:?}: {}", found.notes()));
                assert_eq!(found.outline.tracks[0].codec, if old { "mp4v.6A" } else { "mp4v.61" });
            }
        }
    }
}

#[test]
fn time_stamps_may_wrap_around_and_begin_anew() {
    for zero in [(1 << 33) - 2 * SECOND as u64, (1 << 33) - 1, 1 << 32] {
        let found = index(&film(MuxForm { zero, ..PLAIN }, 4));
        assert_is_film(&found, 4, "wrapped");
        assert_eq!(found.notes(), "");
    }
    let joined = [film(MuxForm { zero: 5_000_000, ..PLAIN }, 3), film(MuxForm { zero: 900, ..PLAIN }, 3)].concat();
    let found = index(&joined);
    assert!(found.notes().contains("the time stamps begin anew"), "{}", found.notes());
    let mut times = found.times(0);
    times.sort_unstable();
    assert!(times.len() == 150 && times.windows(2).all(|pair| (0..=7200).contains(&(pair[1] - pair[0]))), "{times:?}");
}

#[test]
fn an_element_begins_with_the_pack_in_which_decoding_can() {
    let found = index(&film(PLAIN, 6));
    assert_eq!(found.elements.len(), 6);
    for (at, element) in found.elements.iter().enumerate().skip(1) {
        let offset = found.samples[0][at * 25].offset;
        assert!((element.offset..element.offset + 14 + 300 + 30).contains(&offset), "{} {offset}", element.offset);
    }
    for run in found.samples.iter().flatten() {
        let element = found.elements.iter().rev().find(|element| element.offset <= run.offset).unwrap();
        assert!(run.bytes().end <= element.offset + element.size);
    }
    let kept: usize = found.elements.iter().map(|element| element.kept.len()).sum();
    assert!(kept < 6 * 150, "{kept} bytes");
}

#[test]
fn private_streams_are_told_apart_and_what_is_passed_over_is_told() {
    let subtitle = packet(false, super::Owner { stream: 0xBD, substream: 0x20 }, Some((0, 0)), (0, 0), &[1, 2, 3]);
    let navigation = [&[0, 0, 1, 0xBF, 0, 5][..], &[0; 5]].concat();
    let padding = [&[0, 0, 1, 0xBE, 0, 9][..], &[0xFF; 9]].concat();
    let film = mux(PLAIN, &[(PICTURES, &pictures(3, false)), (SURROUND, &surround(3))]);
    let file = [pack(false, 0), system(&[0xE0, 0xBD]), navigation, subtitle, padding, film].concat();
    let found = index(&file);
    let codecs: Vec<_> = found.outline.tracks.iter().map(|track| (track.id, track.codec.as_str())).collect();
    assert_eq!(codecs, [(0xE0, "mp4v.61"), (0x80, "ac-3")]);
    assert_eq!(found.times(1), times(&surround(3)));
    assert!(found.notes().contains("stream 0x20 is passed over: subtitles of a disc"), "{}", found.notes());
    let expected: Vec<_> = surround(3).into_iter().map(|unit| unit.bytes).collect();
    assert!(contents(&file, SURROUND, &found.samples[1]) == expected);
}
