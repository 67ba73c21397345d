//! Sound whose beginning and end are counted by iTunes.

use super::*;
use crate::container::boxes::{write_box, write_full_box};
use crate::media::Edit;

/// `udta/meta/ilst/----` of this name and text.
fn comment(name: &str, text: &str) -> Vec<u8> {
    let mut udta = Vec::new();
    write_full_box(&mut udta, *b"meta", 0, |out| {
        write_box(out, *b"ilst", |out| {
            write_box(out, *b"\xA9too", |out| write_full_box(out, *b"data", 1, |out| out.extend(b"\0\0\0\0iTunes")));
            write_box(out, *b"----", |out| {
                write_full_box(out, *b"mean", 0, |out| out.extend(b"com.apple.iTunes"));
                write_full_box(out, *b"name", 0, |out| out.extend(name.as_bytes()));
                write_full_box(out, *b"data", 1, |out| out.extend([&[0; 4], text.as_bytes()].concat()));
            });
        });
    });
    udta
}

#[test]
fn sound_without_an_edit_list_begins_and_ends_where_itunes_says() {
    let mut sound = track(1, Kind::Audio, 1000, 100, 1, 100, &mut RandomNumbers(0));
    sound.samples.iter_mut().zip(0..).for_each(|(sample, at)| {
        (sample.decode, sample.duration) = (Ticks(100 * at), Ticks(100));
    });
    let edited = TestTrack { edits: vec![(9000, 1000)], ..sound.clone() };
    let picture = track(2, Kind::Video, 1000, 100, 10, 100, &mut RandomNumbers(0));
    // 2112 before, 263 after, 7625 audible; then further numbers that are ignored.
    let said = " 00000000 00000840 00000107 0000000000001DC9 00000000 00000000";
    let heard = Edit { duration: Some(Ticks(7625)), media: Some(Ticks(2112)) };
    for (tracks, name, text, expected) in [
        (vec![sound.clone()], "iTunSMPB", said, vec![heard]),
        (vec![sound.clone()], "iTunNORM", said, vec![]),
        (vec![sound.clone()], "iTunSMPB", " 00000000 00000840 00000107 0000000000001DCA", vec![]),
        (vec![sound.clone()], "iTunSMPB", " 00000000 -0000840 00001187 0000000000001DC9", vec![]),
        (vec![sound.clone()], "iTunSMPB", " 00000000 7FFFFFFFFFFFFFFF 7FFFFFFFFFFFFFFF 2712", vec![]),
        (vec![sound.clone()], "iTunSMPB", " 00000000 00000840", vec![]),
        (vec![edited], "iTunSMPB", said, vec![Edit { duration: Some(Ticks(9000)), media: Some(Ticks(1000)) }]),
        (vec![sound, picture], "iTunSMPB", said, vec![]),
    ] {
        let mut tracks = tracks;
        let mut file = write(&mut tracks, SHAPES[1], &mut RandomNumbers(7));
        append_to_movie(&mut file, *b"udta", &comment(name, text));
        let (outline, _) = index(&file.into()).unwrap();
        assert_eq!(outline.tracks[0].edits, expected, "{text}");
    }
}
