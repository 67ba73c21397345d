//! Where decoding can begin if the sample tables or the flags of fragments are wrong or incomplete.

use super::*;
use crate::container::boxes::{Box, write_box, write_full_box};
use crate::container::mp4::groups::{Groups, recovery};
use crate::container::mp4::sync::SyncTable;

/// VP8 pictures, whose first bit says whether they are keyframes: each fifth is one.
fn pictures() -> TestTrack {
    let mut pictures = track(1, Kind::Video, 2500, 100, 5, 300, &mut RandomNumbers(1));
    for sample in &mut pictures.samples {
        sample.composition = Ticks::ZERO;
        sample.size += 1;
    }
    let bytes = |sample: &Run| [vec![u8::from(!sample.sync)], vec![7; sample.size as usize - 1]].concat();
    pictures.payload = pictures.samples.iter().map(bytes).collect();
    pictures
}

/// Replaces four bytes wherever they are.
fn rename(file: &mut [u8], from: [u8; 4], to: [u8; 4]) {
    for at in 0..file.len() - 4 {
        if file[at..at + 4] == from {
            file[at..at + 4].copy_from_slice(&to);
        }
    }
}

/// The numbers of the sync samples of the only track, from zero.
fn syncs(file: &Bytes) -> (Vec<usize>, Vec<String>) {
    let (outline, mut pages) = index(file).unwrap();
    let samples = samples(&mut pages, 0);
    ((0..samples.len()).filter(|at| samples[*at].sync).collect(), outline.notes)
}

#[test]
fn pictures_are_looked_at_where_all_are_said_to_be_sync_samples() {
    let expected: Vec<usize> = (0..300).step_by(5).collect();
    for shape in SHAPES {
        let mut file = write(&mut [pictures()], shape, &mut RandomNumbers(3));
        rename(&mut file, *b"tst1", *b"vp08");
        assert_eq!(syncs(&file.clone().into()), (expected.clone(), Vec::new()), "{shape:?}");
        rename(&mut file, *b"stss", *b"free");
        if let Some(fragments) = file.windows(4).position(|bytes| bytes == b"moof") {
            rename(&mut file[fragments..], [0, 1, 0, 0], [0; 4]);
        }
        let (found, notes) = syncs(&file.into());
        assert_eq!((found, notes.len()), (expected.clone(), 1), "{shape:?}");
    }
}

#[test]
fn pictures_that_all_stand_alone_are_believed_to() {
    let mut alone = pictures();
    alone.payload.iter_mut().for_each(|payload| payload[0] = 0);
    let mut file = write(&mut [alone], SHAPES[0], &mut RandomNumbers(3));
    rename(&mut file, *b"tst1", *b"vp08");
    rename(&mut file, *b"stss", *b"free");
    assert_eq!(syncs(&file.into()), ((0..300).collect(), Vec::new()));
}

#[test]
fn sample_groups_tell_of_points_to_begin_at() {
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<_>>();
    let groups = |kind: &[u8; 4], entries: &[u32], sgpd: &[u8]| {
        let mut tables = Vec::new();
        write_full_box(&mut tables, *b"stss", 0, |out| out.extend(words(&[1, 1])));
        write_full_box(&mut tables, *b"sgpd", 1, |out| out.extend([kind.as_slice(), sgpd].concat()));
        write_full_box(&mut tables, *b"sbgp", 0, |out| {
            out.extend([kind.as_slice(), &words(&[entries.len() as u32 / 2]), &words(entries)].concat());
        });
        let mut stbl = Vec::new();
        write_box(&mut stbl, *b"stbl", |out| out.extend(tables));
        stbl
    };
    let roll = [words(&[2, 2]), vec![0, 9, 0xFF, 0xFE]].concat();
    for (kind, entries, sgpd, expected, distance) in [
        (b"rap ", &[4, 0, 2, 1, 9, 0, 1, 1][..], words(&[1, 1, 0]), vec![1, 5, 6, 16], 0),
        // Decoding cannot begin at those that need samples before them.
        (b"roll", &[4, 0, 1, 1, 1, 2, 3, 0, 1, 1], roll, vec![1, 5, 10], 9),
        (b"seig", &[4, 1], words(&[1, 1, 0]), vec![1], 0),
    ] {
        let stbl = groups(kind, entries, &sgpd);
        let stbl = Box::read(&stbl, 0, "").unwrap();
        let (stss, points) = (stbl.child(*b"stss").unwrap(), Groups::points(&stbl).unwrap());
        let mut syncs = SyncTable::read(stss.as_ref(), None, points).unwrap();
        let found: Vec<u32> = (1..=20).filter(|number| syncs.peek(*number).0).collect();
        assert_eq!((found, recovery(&stbl).unwrap()), (expected, distance));
    }
}
