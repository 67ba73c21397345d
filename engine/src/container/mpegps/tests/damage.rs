//! Files that are truncated, damaged, or malicious.

use super::index;
use super::muxer::{CINEMA, MuxForm, PICTURES, PLAIN, avc, cinema, film, mux, pack, packet};
use crate::container::indexed;
use crate::container::mpegps::MpegPs;
use crate::container::{Error, Format, Unsupported, testing};

#[test]
fn a_truncated_file_gives_what_is_there_or_a_reason() {
    let file = film(PLAIN, 3);
    let whole = index(&file);
    for length in (0..1000).chain((1000..file.len()).step_by(331)) {
        match indexed::index(&file[..length]) {
            Err(Error::Unknown) => assert!(length < 18, "{length}"),
            Err(Error::Unsupported(what)) => {
                assert!(!what.to_string().is_empty() && length < 2000, "{what} of {length} bytes");
            }
            Err(error) => panic!("{error} of {length} bytes"),
            Ok(part) => {
                for (part, whole) in part.samples.iter().zip(&whole.samples) {
                    assert!(part.iter().zip(whole).all(|(part, whole)| part.offset == whole.offset));
                    assert!(part.iter().all(|run| run.bytes().end <= length as u64));
                }
            }
        }
    }
}

#[test]
fn what_is_no_packet_is_passed_over() {
    let (first, second) = (film(PLAIN, 3), film(MuxForm { zero: PLAIN.zero + 270_000, ..PLAIN }, 3));
    for (garbage, noted) in
        [(vec![7; 100], true), (vec![0; 5000], false), (vec![0xFF; 700_000], true), (vec![0, 0, 1], true)]
    {
        let file = [&first[..], &garbage, &second].concat();
        let found = index(&file);
        assert_eq!(found.notes().contains("no packet"), noted, "{}", found.notes());
        assert!(found.samples[0].len() >= 149 && found.samples[1].len() >= 246);
        let again = index(&found.cut(&file, 1000, 5000));
        assert!(again.samples[0].len() >= 98);
    }
    let cut_off = [&vec![0xAA; 3000], &first[..]].concat();
    assert_eq!(index(&cut_off).times(0), index(&first).times(0));
}

#[test]
fn random_damage_gives_an_error_or_a_partial_index() {
    testing::damage(&film(PLAIN, 3), 600, 300);
    testing::damage(&film(MuxForm { old: true, data: 60, ..PLAIN }, 2), 600, 200);
    let pictures = avc(3);
    testing::damage(&mux(MuxForm { data: 700, ..PLAIN }, &[(PICTURES, &pictures), (CINEMA, &cinema(3))]), 600, 200);
}

#[test]
fn other_files_are_not_recognised() {
    for other in
        [&b""[..], &[0; 4096], b"\x1A\x45\xDF\xA3", &[0, 0, 1, 0xB3, 0x14, 0, 0xB4], &[0, 0, 1, 0xBA, 0xFF, 0xFF, 0xFF]]
    {
        assert!(!MpegPs.recognises(other));
    }
    let scrambled = |mut file: Vec<u8>| {
        for (_, range) in super::units(&file) {
            if file[range.start + 3] >= 0xC0 {
                file[range.start + 6] |= 0x30;
            }
        }
        file
    };
    let refused = |file: &[u8]| match indexed::index(file) {
        Err(Error::Unsupported(what)) => what,
        other => panic!("{:?}", other.map(|found| found.outline)),
    };
    assert!(matches!(refused(&scrambled(film(PLAIN, 1))), Unsupported::Encrypted { .. }));
    let subtitle = super::Owner { stream: 0xBD, substream: 0x20 };
    for (file, reason) in [
        ([pack(false, 0), packet(false, subtitle, Some((0, 0)), (0, 0), &[1; 9])].concat(), "subtitles"),
        (pack(false, 0).repeat(3), "time stamp"),
    ] {
        assert!(matches!(refused(&file), Unsupported::NoTracks { why } if why.contains(reason)), "{reason}");
    }
}

#[test]
fn packets_without_packs_and_pictures_of_nothing_are_bounded() {
    let tiny: Vec<u8> = [0, 0, 1, 0, 0, 8, 0xFF].repeat(9000);
    let mut file = film(PLAIN, 1);
    for _ in 0..40 {
        file.extend(packet(false, PICTURES, None, (0, 0), &tiny));
    }
    // Some pictures have no duration, and many share one second: a page either holds them or reports that it cannot.
    match indexed::index(&file) {
        Ok(found) => assert!(found.elements.len() > 20, "{}", found.elements.len()),
        Err(error) => assert!(matches!(error, Error::Index(_) | Error::TooLarge(_)), "{error}"),
    }
    let sparse: Vec<u8> = (0..40_000).flat_map(|_| packet(false, PICTURES, None, (0, 0), &[7; 2])).collect();
    let found = indexed::index(&[film(PLAIN, 1), sparse].concat()).unwrap();
    assert_eq!(found.samples[0].len(), 25);
}
