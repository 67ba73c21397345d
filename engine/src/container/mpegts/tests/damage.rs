//! Files that are truncated, damaged, or malicious.

use super::super::MpegTs;
use super::super::packet::Packing;
use super::muxer::{Muxer, film, null, packed, tables};
use super::units::{self, How, MPEG2};
use super::{index, try_index};
use crate::container::indexed::bytes;
use crate::container::mpeg::testing::pictures;
use crate::container::{self, Error, Format, Unsupported};

const PLAIN: Packing = Packing::ALL[0];

#[test]
fn a_truncated_file_gives_what_is_there_or_a_reason() {
    let file = packed(&film(&mut Muxer::default(), 3, 0), PLAIN);
    let whole = index(&file);
    for length in (0..2000).chain((2000..file.len()).step_by(331)) {
        match try_index(&file[..length], 4096) {
            Err(Error::Unknown) => assert!(length < 376),
            Err(Error::Unsupported(what)) => {
                assert!(!what.to_string().is_empty() && length < 4000, "{what} of {length} bytes");
            }
            Err(error) => panic!("{error} of {length} bytes"),
            Ok(part) => {
                assert_eq!(part.notes().contains("truncated"), length % 188 != 0, "{length} bytes: {}", part.notes());
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
    let packets = film(&mut Muxer::default(), 6, 0);
    let whole = packed(&packets, PLAIN);
    let at = 188 * (packets.len() / 2);
    for garbage in [vec![0; 100], vec![0x47; 1000], vec![0xFF; 50_000]] {
        let file = [&whole[..at], &garbage, &whole[at..]].concat();
        let found = index(&file);
        assert!(found.notes().contains("no packet"), "{}", found.notes());
        assert!(found.samples[0].len() >= 149 && found.samples[1].len() >= 77);
        let written = container::write(&found.outline, &found.select(&[0, 1], -100, 7000)).unwrap();
        let again = index(&bytes(&written.splice, &file));
        assert_eq!(again.samples[0].len(), found.samples[0].len());
    }
    let mut lost = packets.clone();
    lost.drain(300..340);
    assert!(index(&packed(&lost, PLAIN)).notes().contains("packets are missing"));
}

#[test]
fn random_damage_gives_an_error_or_a_partial_index() {
    let whole = packed(&film(&mut Muxer::default(), 3, 0), PLAIN);
    let units = packed(&units::film(&mut Muxer::default(), MPEG2, &pictures(3, false), How::Size(700)), PLAIN);
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    for round in 0..400 {
        let mut file = if round % 2 == 0 { whole.clone() } else { units.clone() };
        for _ in 0..=next() % 8 {
            // Half of the damage is in the headers, where it is worst.
            let at = if next() % 2 == 0 {
                next() as usize % file.len()
            } else {
                next() as usize % (file.len() / 188) * 188 + next() as usize % 24
            };
            file[at] ^= 1 << (next() % 8);
        }
        let Ok(found) = try_index(&file, 4096) else { continue };
        let tracks: Vec<_> = (0..found.samples.len()).collect();
        let selection = found.select(&tracks, 0, 100_000_000);
        let written =
            container::write(&found.outline, &selection).unwrap_or_else(|error| panic!("round {round}: {error}"));
        let cut = bytes(&written.splice, &file);
        assert!(cut.len().is_multiple_of(188));
        let _ = try_index(&cut, 4096);
    }
}

#[test]
fn other_files_are_not_recognised() {
    for other in [&b""[..], &[0x47; 100], b"GIF89a, which begins with the same letter", &[0; 4096], b"\x1A\x45\xDF\xA3"]
    {
        assert!(!MpegTs.recognises(other));
    }
    let only = |packets: Vec<Vec<u8>>| match try_index(&packed(&packets, PLAIN), 4096) {
        Err(Error::Unsupported(unsupported)) => unsupported,
        other => panic!("{:?}", other.map(|found| found.outline)),
    };
    assert!(matches!(only(vec![null(); 100]), Unsupported::NoTracks { why } if why.contains("no map")));
    let texts = [tables(&[(0x90, 0x100)]), vec![null(); 9]].concat();
    assert!(matches!(only(texts), Unsupported::NoTracks { why } if why.contains("subtitles of a Blu-ray disc")));
    let mut scrambled = film(&mut Muxer::default(), 1, 0);
    for packet in scrambled.iter_mut().filter(|packet| packet[1] & 0x1F == 1) {
        packet[3] |= 0x80;
    }
    assert!(matches!(only(scrambled), Unsupported::Encrypted { .. }));
}
