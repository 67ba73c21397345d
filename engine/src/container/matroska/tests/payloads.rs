//! Where the frames of blocks stand.

use bytes::Bytes;
use reelspan_testkit::media::matroska::{
    block_data, cluster, ebml_header, element, group, info, master, simple, track, uint,
};

use super::super::ids;
use super::{Matroska, index};
use crate::codec::DecoderConfiguration;
use crate::container::indexed::bytes;
use crate::container::{Error, Format, Payload, Unavailable, cmaf};
use crate::media::splice::Splice;

fn file(entry: &[Vec<u8>], blocks: &[Vec<u8>]) -> Bytes {
    let tracks = master(ids::TRACKS, &[track(1, 2, "A_AC3", entry)]);
    let segment = master(ids::SEGMENT, &[info(), tracks, cluster(0, blocks)]);
    [ebml_header("matroska", &[]), segment].concat().into()
}

/// The encoding of a track: its scope, its algorithm, its settings.
fn encoding(scope: u64, algorithm: u64, settings: &[u8]) -> Vec<u8> {
    let settings = element(ids::CONTENT_COMP_SETTINGS, settings);
    let compression = master(ids::CONTENT_COMPRESSION, &[uint(ids::CONTENT_COMP_ALGO, algorithm), settings]);
    let scope = uint(ids::CONTENT_ENCODING_SCOPE, scope);
    master(ids::CONTENT_ENCODINGS, &[master(ids::CONTENT_ENCODING, &[scope, compression])])
}

/// The frames of all samples, laced ones taken apart.
fn frames(file: &Bytes) -> Result<Vec<Vec<u8>>, Error> {
    let indexed = index(file);
    let track = &indexed.outline.tracks[0];
    let mut frames = Vec::new();
    for run in &indexed.samples[0] {
        let found = match Matroska.payload(&indexed.outline, track, run)? {
            Payload::Laced(laced) => {
                let table = laced.table();
                laced.frames(&file[table.start as usize..table.end as usize])?
            }
            Payload::Whole(splice) => vec![splice],
            Payload::Part(_) => panic!("a part"),
        };
        frames.extend(found.iter().map(|splice: &Splice| bytes(splice, file)));
    }
    Ok(frames)
}

#[test]
fn a_frame_is_what_stands_behind_the_head_of_its_block() {
    let behind = [uint(ids::BLOCK_DURATION, 20), element(ids::REFERENCE_BLOCK, &[0xEC])];
    let blocks = [
        simple(1, 0, true, b"one"),
        group(1, 20, b"two", &behind),
        group(1, 40, b"three", &[]),
        element(ids::SIMPLE_BLOCK, &block_data(1, 60, 0x82, b"\x02\x01\x02abbccc")),
        element(ids::SIMPLE_BLOCK, &block_data(1, 80, 0x84, b"\x01ddee")),
        element(ids::SIMPLE_BLOCK, &block_data(1, 100, 0x86, b"\x02\x81\xC0fgghhh")),
        master(ids::BLOCK_GROUP, &[element(ids::BLOCK, &block_data(1, 120, 2, b"\x01\x01ij")), behind[0].clone()]),
    ];
    let expected = ["one", "two", "three", "a", "bb", "ccc", "dd", "ee", "f", "gg", "hhh", "i", "j"];
    assert_eq!(frames(&file(&[], &blocks)).unwrap(), expected.map(|frame| frame.as_bytes().to_vec()));
    // What they begin with is put back.
    let stripped = frames(&file(&[encoding(1, 3, b"\x0B\x77")], &blocks)).unwrap();
    assert_eq!(stripped, expected.map(|frame| [b"\x0B\x77", frame.as_bytes()].concat()));
    // That of the CodecPrivate alone changes nothing.
    assert_eq!(frames(&file(&[encoding(2, 0, b"")], &blocks)).unwrap()[0], b"one");
    assert!(matches!(frames(&file(&[encoding(1, 0, b"")], &blocks)), Err(Error::Unsupported(_))));
}

#[test]
fn a_track_is_configured_by_its_frames_unless_they_are_laced() {
    // 48 kHz, 192 kbit/s, bsid 8, stereo.
    let frame = b"\x0B\x77\0\0\x14\x40\x43\xE1\xF0\0\0\0";
    let configured = |entry: &[Vec<u8>], blocks: &[Vec<u8>]| {
        let outline = index(&file(entry, blocks)).outline;
        let found = Matroska.configuration(&outline, &outline.tracks[0]);
        assert_eq!(cmaf::check(&outline, &outline.tracks[0]).err(), found.clone().err());
        found
    };
    let expected = Ok(DecoderConfiguration::Ac3(Bytes::from_static(&[0x10, 0x11, 0x40])));
    assert_eq!(configured(&[], &[simple(1, 0, true, frame)]), expected);
    assert_eq!(configured(&[], &[simple(1, 0, true, b"none"), group(1, 20, frame, &[])]), expected);
    assert_eq!(configured(&[encoding(1, 3, b"\x0B\x77")], &[simple(1, 0, true, &frame[2..])]), expected);
    let laced = element(ids::SIMPLE_BLOCK, &block_data(1, 80, 0x84, b"\x01ddee"));
    assert_eq!(configured(&[], &[simple(1, 0, true, frame), laced]), Err(Unavailable::Laced));
    assert!(matches!(configured(&[encoding(1, 0, b"")], &[]), Err(Unavailable::Compressed { .. })));
    assert!(matches!(configured(&[], &[simple(1, 0, true, b"none")]), Err(Unavailable::Missing { .. })));
}

#[test]
fn laces_that_do_not_fit_are_malformed() {
    let block = |data: &[u8]| element(ids::SIMPLE_BLOCK, &block_data(1, 0, 0x82, data));
    for data in [&b"\x02\x01\x09abbccc"[..], b"\x02\xFF", b"\x05\x01"] {
        assert!(matches!(frames(&file(&[], &[block(data)])), Err(Error::Malformed { .. })), "{data:x?}");
    }
}
