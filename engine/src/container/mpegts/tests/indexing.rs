//! The indexes of intact files.

use super::super::CONTAINER;
use super::super::packet::Packing;
use super::muxer::{ADTS, H264, Muxer, Packets, SECOND, SOUND, VIDEO, clock, film, packed, tables, without_tables};
use super::{contents, index};
use crate::container::indexed::Indexed;
use crate::container::testing::zeros_behind;
use crate::media::Kind;

const PLAIN: Packing = Packing::ALL[0];

fn of_film(seconds: u64, zero: u64) -> (Vec<u8>, Indexed) {
    let file = packed(&film(&mut Muxer::default(), seconds, zero), PLAIN);
    let indexed = index(&file);
    (file, indexed)
}

#[test]
fn zeros_behind_the_packets_are_not_read_to_their_end() {
    zeros_behind(packed(&film(&mut Muxer::default(), 6, 126_000), PLAIN));
}

#[test]
fn samples_are_pes_packets_on_a_timeline_from_zero() {
    let (file, film) = of_film(6, 126_000);
    let outline = &film.outline;
    assert_eq!((&outline.container, outline.mime.as_str()), (&CONTAINER, "video/mp2t"));
    // The last sound, which ends with the pictures, is assumed to last as long as the one before.
    assert_eq!((outline.duration.0, film.notes().as_str()), (6_040_000_000, ""));
    let tracks: Vec<_> = outline.tracks.iter().map(|track| (track.id, track.kind, track.codec.as_str())).collect();
    assert_eq!(tracks, [(0x100, Kind::Video, "avc1.64000d"), (0x101, Kind::Audio, "mp4a.40.2")]);
    let mut times = film.times(0);
    assert_eq!(times[..4], [0, 7200, 3600, 14_400]);
    times.sort_unstable();
    assert_eq!(times, (0..150).map(|at| at * 3600).collect::<Vec<_>>());
    let syncs: Vec<_> = film.samples[0].iter().enumerate().filter(|(_, run)| run.sync).map(|(at, _)| at).collect();
    assert_eq!(syncs, [0, 25, 50, 75, 100, 125]);
    // Sound with every other picture of a second.
    let sound: Vec<_> = (0..150).filter(|at| at % 25 % 2 == 0).map(|at| at * 3600).collect();
    assert_eq!(film.times(1), sound);
    assert_eq!(outline.setup_ranges, [0..376]);
    for (track, stream) in [(0, 0xE0), (1, 0xC0)] {
        for content in contents(&film, &file, PLAIN, track) {
            assert!(content.starts_with(&[0, 0, 1, stream]) && content.last().is_some_and(|last| *last >= 0x80));
        }
    }
}

#[test]
fn an_element_begins_where_decoding_can_and_holds_what_begins_in_it() {
    let (_, film) = of_film(6, 0);
    assert_eq!(film.elements.len(), 6);
    for (at, element) in film.elements.iter().enumerate().skip(1) {
        assert_eq!(element.offset, film.samples[0][at * 25].offset);
    }
    for run in film.samples.iter().flatten() {
        let element = film.elements.iter().rev().find(|element| element.offset <= run.offset).unwrap();
        assert!(run.bytes().end <= element.offset + element.size);
    }
    let kept: usize = film.elements.iter().map(|element| element.kept.len()).sum();
    assert!(kept < 6 * 150, "{kept} bytes");
}

#[test]
fn every_packing_has_the_same_samples() {
    let packets = film(&mut Muxer::default(), 3, 900_000);
    let plain = index(&packed(&packets, PLAIN));
    for packing in Packing::ALL {
        let file = packed(&packets, packing);
        for start in [0, 3, 100, 3000] {
            let file = [&vec![0x11; start], file.as_slice()].concat();
            let found = index(&file);
            for track in 0..2 {
                assert_eq!(found.times(track), plain.times(track), "{packing:?}");
                let places: Vec<_> =
                    found.samples[track].iter().map(|run| (run.offset - start as u64) / packing.size as u64).collect();
                let expected: Vec<_> = plain.samples[track].iter().map(|run| run.offset / 188).collect();
                assert_eq!(places, expected, "{packing:?} from {start}");
            }
        }
    }
}

#[test]
fn a_packet_without_a_payload_begins_nothing() {
    let packets = film(&mut Muxer::default(), 3, 900_000);
    let (plain, mut mixed) = (index(&packed(&packets, PLAIN)), Packets::new());
    for packet in packets {
        mixed.push(packet);
        let mut flagged = clock(VIDEO);
        flagged[1] |= 0x40;
        mixed.push(flagged);
    }
    let found = index(&packed(&mixed, PLAIN));
    assert_eq!(found.times(0), plain.times(0));
}

#[test]
fn time_stamps_may_wrap_around() {
    let (_, plain) = of_film(4, 0);
    for zero in [(1 << 33) - 2 * SECOND, (1 << 33) - 1, 1 << 32] {
        let (_, film) = of_film(4, zero);
        assert_eq!((film.times(0), film.times(1)), (plain.times(0), plain.times(1)), "{zero}");
        assert_eq!(film.notes(), "");
    }
}

#[test]
fn recordings_that_were_joined_follow_each_other() {
    let mut muxer = Muxer::default();
    let packets = [film(&mut muxer, 3, 5_000_000), film(&mut muxer, 3, 900)].concat();
    let film = index(&packed(&packets, PLAIN));
    assert!(film.notes().contains("the time stamps begin anew"), "{}", film.notes());
    let mut times = film.times(0);
    times.sort_unstable();
    assert_eq!(times.len(), 150);
    assert!(times.windows(2).all(|pair| (0..=7200).contains(&(pair[1] - pair[0]))), "{times:?}");
    assert!((5_900_000_000..6_100_000_000).contains(&film.outline.duration.0));
}

#[test]
fn what_is_passed_over_is_told() {
    let mut muxer = Muxer::default();
    let map = tables(&[(H264, VIDEO), (ADTS, SOUND), (0x90, 0x102), (H264, 0x103)]);
    let other = tables(&[(H264, VIDEO), (0x81, SOUND), (0x03, 0x104)]);
    let (first, second, third) =
        (film(&mut muxer, 2, 0), film(&mut muxer, 2, 2 * SECOND), film(&mut muxer, 2, 4 * SECOND));
    let (first, second) = (without_tables(first), without_tables(second));
    let film = index(&packed(&[map, first, other, second, third].concat(), PLAIN));
    for note in ["subtitles", "stream 0x103 is passed over: nothing", "the program gets other streams"] {
        assert!(film.notes().contains(note), "{note}: {}", film.notes());
    }
    assert_eq!(film.outline.tracks.len(), 2);
    assert_eq!(film.samples[0].len(), 150);
    // Two seconds of it were of another kind.
    assert_eq!(film.samples[1].len(), 2 * 2 * 13);
}
