//! Files of several RIFFs with the indexes of OpenDML.

use proptest::prelude::*;

use super::super::riff::FourCc;
use super::{chunk, headers, index, list, ordinary, plain, riff, seconds, stream};
use crate::container::indexed::Indexed;
use crate::index::Outline;

/// A stream's headers with an `indx` that has room for this many index chunks.
fn with_room(stream: &[u8], entries: usize) -> Vec<u8> {
    let children = riff::chunks(&stream[12..]).map(|(id, body)| match &id {
        b"indx" => chunk(&id, &vec![0; 24 + 16 * entries]),
        _ => chunk(&id, body),
    });
    list(b"strl", &children.collect::<Vec<_>>())
}

/// A standard index of the chunks with this name, where the chunks begin at an offset of the file.
fn standard(id: FourCc, chunks: &[Vec<u8>], start: u64, fields: bool) -> Vec<u8> {
    let (mut entries, mut at) = (Vec::new(), 8);
    for data in chunks {
        if data[..4] == id {
            let key = data[..4] != *b"00dc" || data.get(12) == Some(&0x10);
            let size = riff::u32_at(data, 4);
            entries.extend([at, size | if key { 0 } else { 1 << 31 }].map(u32::to_le_bytes).concat());
            if fields {
                entries.extend((at + size / 2).to_le_bytes());
            }
        }
        at += data.len() as u32;
    }
    let (longs, count) = (if fields { 3 } else { 2 }, entries.len() / if fields { 12 } else { 8 });
    let before =
        [&[longs, 0, u8::from(fields), 1][..], &(count as u32).to_le_bytes(), &id, &start.to_le_bytes(), &[0; 4]];
    chunk(&[b'i', b'x', id[0], id[1]], &[&before.concat()[..], &entries].concat())
}

/// Chunks in as many RIFFs as there are parts, with an `indx` for them.
fn opendml(parts: &[Vec<Vec<u8>>], fields: bool) -> Vec<u8> {
    let streams = [super::video(b"XVID"), plain()].map(|headers| with_room(&headers, parts.len()));
    let head = headers(&streams);
    let (mut file, mut places) = (Vec::new(), [Vec::new(), Vec::new()]);
    for (number, chunks) in parts.iter().enumerate() {
        let before = if number == 0 { head.clone() } else { Vec::new() };
        let mut at = (file.len() + 12 + before.len() + 12) as u64;
        let mut movi = chunks.clone();
        let start = at;
        at += chunks.iter().map(Vec::len).sum::<usize>() as u64;
        for (id, places) in [*b"00dc", *b"01wb"].into_iter().zip(&mut places) {
            let index = standard(id, chunks, start, fields && id == *b"00dc");
            places.extend([&at.to_le_bytes()[..], &(index.len() as u32).to_le_bytes(), &[0; 4]].concat());
            at += index.len() as u64;
            movi.push(index);
        }
        file.extend(riff(if number == 0 { b"AVI " } else { b"AVIX" }, &[before, list(b"movi", &movi)]));
    }
    let mut from = 0;
    for (stream, places) in places.into_iter().enumerate() {
        let indx = from + file[from..].windows(4).position(|name| name == b"indx").unwrap() + 8;
        let count = (parts.len() as u32).to_le_bytes();
        let header = [&[4, 0, 0, 0][..], &count, if stream == 0 { b"00dc" } else { b"01wb" }, &[0; 12]].concat();
        file[indx..indx + 24].copy_from_slice(&header);
        file[indx + 24..indx + 24 + places.len()].copy_from_slice(&places);
        from = indx;
    }
    file
}

/// The same file with empty `indx` chunks.
fn without_index(file: &[u8]) -> Vec<u8> {
    let mut file = file.to_vec();
    for _ in 0..2 {
        let at = file.windows(4).position(|name| name == b"indx").unwrap();
        file[at..at + 4].copy_from_slice(b"JUNK");
    }
    file
}

/// Everything except the notes.
fn without_notes(found: &Indexed) -> Outline {
    Outline { notes: Vec::new(), ..found.outline.clone() }
}

/// Six seconds of chunks, in parts that end at these.
fn split(ends: &[usize]) -> Vec<Vec<Vec<u8>>> {
    let chunks = seconds(0..6);
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let ends = ends.iter().copied().chain([chunks.len()]);
    starts.zip(ends).map(|(start, end)| chunks[start..end].to_vec()).collect()
}

#[test]
fn several_riffs_are_read_by_their_indexes() {
    let original = ordinary();
    let whole = index(&original);
    for fields in [false, true] {
        for ends in [&[][..], &[101], &[3, 100, 200, 201]] {
            let found = index(&opendml(&split(ends), fields));
            assert_eq!(found.notes(), "", "{fields} {ends:?}");
            for (samples, expected) in found.samples.iter().zip(&whole.samples) {
                let times = |samples: &[crate::media::Run]| -> Vec<_> {
                    samples.iter().map(|run| (run.decode, run.duration, run.size, run.sync)).collect()
                };
                assert_eq!(times(samples), times(expected));
            }
        }
    }
}

#[test]
fn an_index_that_does_not_lead_to_all_chunks_is_not_believed() {
    let file = opendml(&split(&[100, 200]), false);
    let scanned = index(&without_index(&file));
    let last = file.windows(4).rposition(|name| name == b"ix01").unwrap();
    let first = file.windows(4).position(|name| name == b"ix00").unwrap();
    // The type of the last index, the stream of the first, its target, its number of entries; and one stream without an
    // index.
    let second_indx = file.windows(4).rposition(|name| name == b"indx").unwrap();
    for (at, byte) in
        [(last + 8 + 3, 7), (first + 8 + 8, b'7'), (first + 8 + 12, 0xFE), (first + 8 + 7, 9), (second_indx + 12, 0)]
    {
        let mut broken = file.clone();
        broken[at] = byte;
        let found = index(&broken);
        assert!(found.notes().contains("no index"), "{at}");
        assert_eq!((without_notes(&found), &found.samples), (without_notes(&scanned), &scanned.samples));
    }
    // An interrupted recording: its last RIFF is not in the index.
    let longer = [file, riff(b"AVIX", &[list(b"movi", &vec![chunk(b"01wb", &[0; 2000]); 600])])].concat();
    assert!(index(&longer).notes().contains("no index"));
    let texts = stream(b"txts", (1, 1, 0), &[0]);
    assert!(super::super::opendml::index_chunks(&texts).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn by_the_index_and_by_all_chunks_the_outline_is_the_same(
        ends in prop::collection::btree_set(1_usize..300, 0..6),
        fields: bool,
        dropped in prop::collection::vec(0_usize..150, 0..4),
    ) {
        let ends: Vec<_> = ends.into_iter().collect();
        let mut parts = split(&ends);
        let mut chunks: Vec<_> = parts.iter_mut().flatten().collect();
        for frame in dropped {
            *chunks[frame * 2] = chunk(b"00dc", &[]);
        }
        let file = opendml(&parts, fields);
        let (named, scanned) = (index(&file), index(&without_index(&file)));
        prop_assert!(named.notes().is_empty() && scanned.notes().contains("no index"));
        prop_assert_eq!(without_notes(&named), without_notes(&scanned));
        prop_assert_eq!(&named.samples, &scanned.samples);
        prop_assert_eq!(&named.elements, &scanned.elements);
    }
}
