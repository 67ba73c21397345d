//! Chapters of whole files.

use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::container::{ReadError, Source};

/// Shapes whose movie box is the last in the file.
const MOVIE_LAST: FileShape = SHAPES[1];
/// Shown to the viewer, unlike those for navigation.
const ENABLED: u32 = 1;

/// `udta/chpl` with these chapters and their starts in seconds.
fn list(chapters: &[(&str, u8)]) -> Vec<u8> {
    let mut list = vec![0, 0, 0, 0, chapters.len() as u8];
    for (title, start) in chapters {
        list.extend((u64::from(*start) * 10_000_000).to_be_bytes());
        list.push(title.len() as u8);
        list.extend(title.as_bytes());
    }
    [&(list.len() as u32 + 8).to_be_bytes(), &b"chpl"[..], &list].concat()
}

fn shown(outline: &Outline) -> String {
    let names = outline.chapters.iter().map(|chapter| format!("{} {}", chapter.titles.join("/"), chapter.interval));
    names.collect::<Vec<_>>().join("; ")
}

/// Ten seconds of sound whose chapters are in these tracks.
fn sound(chapters: &[TestTrack]) -> Vec<TestTrack> {
    let mut sound = track(1, Kind::Audio, 1000, 100, 1, 100, &mut RandomNumbers(0));
    sound.samples.iter_mut().zip(0..).for_each(|(sample, at)| {
        (sample.decode, sample.duration) = (Ticks(100 * at), Ticks(100));
    });
    sound.chapters = chapters.iter().map(|track| track.id).collect();
    [&[sound], chapters].concat()
}

#[test]
fn chapters_are_those_of_the_tracks_else_of_the_list() {
    let three = titles(2, &[("Opening", 3), ("song1", 4), ("Ending", 3)]);
    let german = titles(3, &[("Anfang", 3), ("", 4), ("Ende", 3)]);
    let gap = titles(2, &[("", 1), ("one", 2), ("", 3), ("two", 0)]);
    let late = TestTrack { edits: vec![(2000, -1), (8000, 1)], ..three.clone() };
    let listed = [("a", 0), ("b", 5)];
    for (tracks, listed, expected) in [
        (&[][..], &[][..], ""),
        (&[], &listed, "a 0,5; b 5,10"),
        (std::slice::from_ref(&three), &[], "Opening 0,3; song1 3,7; Ending 7,10"),
        (std::slice::from_ref(&three), &listed, "Opening 0,3; song1 3,7; Ending 7,10"),
        (&[three.clone(), german], &listed, "Opening/Anfang 0,3; song1 3,7; Ending/Ende 7,10"),
        (&[gap], &listed, "one 1,3; two 6,10"),
        // The first begins with the track, unless the list has a later start.
        (std::slice::from_ref(&three), &[("Opening", 2), ("song1", 9)], "Opening 2,3; song1 3,7; Ending 7,10"),
        (std::slice::from_ref(&three), &[("Opening", 3), ("song1", 9)], "Opening 0,3; song1 3,7; Ending 7,10"),
        (std::slice::from_ref(&three), &[("other", 2)], "Opening 0,3; song1 3,7; Ending 7,10"),
        (&[late], &[], "Opening 1,4; song1 4,8; Ending 8,10"),
        (&[titles(2, &[("", 10)])], &listed, "a 0,5; b 5,10"),
        (&[titles(2, &[])], &listed, "a 0,5; b 5,10"),
    ] {
        let mut tracks = sound(tracks);
        let mut file = write(&mut tracks, MOVIE_LAST, &mut RandomNumbers(7));
        append_to_movie(&mut file, *b"udta", &list(listed));
        let (outline, _) = index(&file.into()).unwrap();
        assert_eq!((shown(&outline).as_str(), outline.notes.join("; ").as_str()), (expected, ""));
        assert_eq!(outline.tracks.len(), 1);
    }
}

#[test]
fn a_chapter_track_that_cannot_be_read_is_a_note_and_the_list_counts() {
    let mut tracks = sound(&[titles(2, &[("Opening", 10)])]);
    let file = write(&mut tracks, MOVIE_LAST, &mut RandomNumbers(7));
    for (damage, note) in [
        (&b"stsz"[..], "the chapters of track 2 passed over: expected a box stz2 inside"),
        (b"stts", "the chapters of track 2 passed over: expected a box stts inside"),
        (b"stsd", "track 2 passed over: it holds chapters, and expected a box stsd inside"),
        (b"co64", ""),
    ] {
        let mut file = file.clone();
        let at = file.windows(4).rposition(|bytes| bytes == damage).unwrap();
        if note.is_empty() {
            file[at + 12..at + 20].fill(0xFF);
        } else {
            file[at] = b'x';
        }
        append_to_movie(&mut file, *b"udta", &list(&[("a", 0)]));
        let (outline, _) = index(&file.into()).unwrap();
        assert_eq!(shown(&outline), "a 0,10");
        let beyond = "track 2: 1 chapters left out, which lie beyond the end of the file";
        let note = if note.is_empty() { beyond } else { note };
        assert!(outline.notes[0].starts_with(note), "{:?}", outline.notes);
    }
}

#[test]
fn a_chapter_track_is_given_out_where_players_show_it() {
    let text = titles(2, &[("Opening", 10)]);
    let pictures = TestTrack { id: 2, ..track(2, Kind::Video, 1000, 1000, 1, 10, &mut RandomNumbers(0)) };
    let other = track(2, Kind::Audio, 1000, 1000, 1, 10, &mut RandomNumbers(0));
    for (chapters, flags, ids, notes, titled) in [
        (&text, 0, &[1][..], "", "Opening 0,10"),
        (&text, 0xE, &[1], "", "Opening 0,10"),
        (&text, ENABLED, &[1, 2], "", "Opening 0,10"),
        (&pictures, 0, &[1], "track 2 passed over: it holds chapter pictures", ""),
        (&pictures, ENABLED, &[1, 2], "", ""),
        (&other, 0, &[1, 2], "", ""),
    ] {
        let mut tracks = sound(&[TestTrack { flags, ..chapters.clone() }]);
        let (outline, _) = index(&write(&mut tracks, SHAPES[0], &mut RandomNumbers(7)).into()).unwrap();
        assert_eq!(outline.tracks.iter().map(|track| track.id).collect::<Vec<_>>(), ids);
        assert_eq!((outline.notes.join("; ").as_str(), shown(&outline).as_str()), (notes, titled));
    }
    // One that names itself, or a missing one, is an ordinary track.
    let mut alone = vec![TestTrack { chapters: vec![2, 99], ..text }];
    let (outline, _) = index(&write(&mut alone, SHAPES[0], &mut RandomNumbers(7)).into()).unwrap();
    assert_eq!((outline.tracks.len(), shown(&outline).as_str()), (1, ""));
}

/// Counts the reads.
struct CountedReads(Bytes, AtomicU32);

impl Source for CountedReads {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes, ReadError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.read(range).await
    }
}

#[test]
fn titles_that_lie_together_are_one_read() {
    // Thirty titles and thirty seconds of sound, with this many bytes a second. A small file is read completely at
    // first.
    for (size, chunk, reads) in [(20_000, 100, 1), (8_000, 1, 1), (20_000, 1, 30), (100, 1, 0)] {
        let mut tracks = sound(&[titles(2, &[("title", 1); 30])]);
        tracks[0].samples.truncate(30);
        for (sample, at) in tracks[0].samples.iter_mut().zip(0..) {
            (sample.decode, sample.duration, sample.size) = (Ticks(1000 * at), Ticks(1000), size);
        }
        let with = write(&mut tracks, FileShape { chunk, ..MOVIE_LAST }, &mut RandomNumbers(7));
        let mut without = with.clone();
        let chap = without.windows(4).rposition(|bytes| bytes == b"chap").unwrap();
        without[chap..chap + 4].copy_from_slice(b"none");
        let [with, without] = [with, without].map(|file| {
            let source = CountedReads(file.into(), AtomicU32::new(0));
            let outline = block(container::index(&source, &mut Memory::default())).unwrap();
            (outline.chapters.len(), source.1.into_inner())
        });
        assert_eq!((with.0, without.0), (30, 0));
        assert_eq!(with.1 - without.1, reads, "seconds of {size} bytes, chunks of {chunk}");
    }
}
