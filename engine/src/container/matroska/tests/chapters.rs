//! Chapters of editions of every kind.

use reelspan_testkit::media::matroska::{cluster, ebml_header, element, info, master, string, uint, unknown};

use super::super::ids;
use super::{file, index, second, tracks};

/// A ChapterAtom with this number and title, between these seconds, and further children.
fn atom(uid: u64, title: &str, start: u64, end: Option<u64>, more: &[Vec<u8>]) -> Vec<u8> {
    let mut children = vec![uint(ids::CHAPTER_UID, uid), uint(ids::CHAPTER_TIME_START, start * 1_000_000_000)];
    children.extend(end.map(|end| uint(ids::CHAPTER_TIME_END, end * 1_000_000_000)));
    children.push(display(title));
    children.extend_from_slice(more);
    master(ids::CHAPTER_ATOM, &children)
}

fn display(title: &str) -> Vec<u8> {
    master(ids::CHAPTER_DISPLAY, &[string(0x437C, "ger"), string(ids::CHAP_STRING, title)])
}

fn edition(children: &[&[u8]]) -> Vec<u8> {
    element(ids::EDITION_ENTRY, &children.concat())
}

/// The chapters of a file of four seconds with this Chapters element, and its notes.
fn chapters(element: &[u8]) -> (String, String) {
    let clusters =
        [cluster(0, &[second(0), second(1000)].concat()), cluster(2000, &[second(0), second(1000)].concat())];
    let [first, last] = clusters;
    let indexed = index(&file(&[info(), tracks(), element.to_vec(), first, last]));
    assert_eq!(indexed.times(0).len(), 100);
    let shown = indexed.outline.chapters.iter().map(|chapter| {
        let names = [chapter.titles.as_slice(), &chapter.ids].concat();
        format!("{} {}", names.join("/"), chapter.interval)
    });
    (shown.collect::<Vec<_>>().join("; "), indexed.notes())
}

#[test]
fn the_chapters_of_the_default_edition_are_read() {
    let flag = |id| uint(id, 1);
    let (hidden, default, ordered) = (flag(ids::EDITION_FLAG_HIDDEN), flag(ids::EDITION_FLAG_DEFAULT), flag(0x45DD));
    let a = atom(1, "a", 0, None, &[]);
    let b = atom(2, "b", 1, None, &[]);
    let elsewhere = atom(3, "c", 0, Some(1), &[element(ids::CHAPTER_SEGMENT_UUID, &[7; 16])]);
    let nested = atom(1, "a", 0, Some(3), &[atom(2, "ab", 1, None, &[]), atom(3, "aa", 0, None, &[])]);
    let off = |id, value| [uint(id, value), atom(2, "ab", 1, None, &[])];
    let named = [string(ids::CHAPTER_STRING_UID, "intro"), display("Anfang"), display("Opening"), display(" ")];
    for (editions, expected, notes) in [
        (&[edition(&[&a, &b])][..], "a/1 0,1; b/2 1,4", ""),
        (&[edition(&[&a]), edition(&[&b])], "a/1 0,4", ""),
        (&[edition(&[&a]), edition(&[&default, &b])], "b/2 1,4", ""),
        (&[edition(&[&default, &a]), edition(&[&b, &default])], "a/1 0,4", ""),
        (&[edition(&[&hidden, &default, &a]), edition(&[&b])], "b/2 1,4", ""),
        (&[edition(&[&hidden, &a])], "", ""),
        // Played b, a: their intervals of the file are unchanged.
        (
            &[edition(&[&ordered, &atom(2, "b", 3, Some(4), &[]), &elsewhere, &atom(1, "a", 0, Some(2), &[])])],
            "a/1 0,2; b/2 3,4",
            "a chapter left out, which lies in another file (at byte",
        ),
        (&[edition(&[&nested])], "a/1 0,3; aa/3 0,1; ab/2 1,3", ""),
        (&[edition(&[&atom(1, "a", 0, None, &off(ids::CHAPTER_FLAG_HIDDEN, 1)), &b])], "ab/2 1,4; b/2 1,4", ""),
        (&[edition(&[&atom(1, "a", 0, None, &off(ids::CHAPTER_FLAG_ENABLED, 0)), &b])], "b/2 1,4", ""),
        (&[edition(&[&atom(9, "Anfang", 0, None, &named)])], "Anfang/Opening/intro/9 0,4", ""),
        (&[edition(&[&master(ids::CHAPTER_ATOM, &[])])], " 0,4", ""),
        (
            &[edition(&[&atom(1, "a", u64::MAX / 1_000_000_000, None, &[])])],
            "",
            "1 chapters left out, which lie beyond",
        ),
        (&[edition(&[])], "", ""),
        (&[], "", ""),
        (
            &[edition(&[&element(ids::CRC_32, &[1, 2, 3, 4]), &a, &element(ids::VOID, &[0; 9]), &b])],
            "a/1 0,1; b/2 1,4",
            "",
        ),
    ] {
        let (found, said) = chapters(&master(ids::CHAPTERS, editions));
        assert_eq!(found, expected);
        assert!(said.starts_with(notes) && said.is_empty() == notes.is_empty(), "{said}");
    }
}

#[test]
fn chapters_are_found_before_the_clusters_and_behind_them() {
    let chapters = master(ids::CHAPTERS, &[edition(&[&atom(1, "a", 0, None, &[])])]);
    let others = master(ids::CHAPTERS, &[edition(&[&atom(2, "b", 0, None, &[])])]);
    let sized = cluster(0, &second(0));
    let live = unknown(ids::CLUSTER, &[&[uint(ids::TIMESTAMP, 1000)], second(0).as_slice()].concat());
    let (info, tracks) = (info(), tracks());
    for children in [
        [&chapters, &info, &tracks, &sized, &live],
        [&info, &tracks, &sized, &chapters, &live],
        [&info, &tracks, &sized, &live, &chapters],
        [&sized, &live, &info, &chapters, &tracks],
        [&live, &chapters, &tracks, &info, &others],
    ] {
        let children = children.map(Clone::clone);
        for segment in [master(ids::SEGMENT, &children), unknown(ids::SEGMENT, &children)] {
            let indexed = index(&[ebml_header("webm", &[]), segment].concat());
            let found = &indexed.outline.chapters;
            assert_eq!((found.len(), found[0].titles[0].as_str(), indexed.notes().as_str()), (1, "a", ""));
            assert_eq!(found[0].interval.end(), indexed.outline.duration);
        }
    }
}

#[test]
fn hostile_chapters_harm_nothing_else() {
    let deep = (0..100).fold(Vec::new(), |inner, at| atom(at, "deep", 0, None, &[inner]));
    let many: Vec<_> = (0..5000).map(|at| atom(at, "one of many", 0, None, &[])).collect();
    let long = vec![display(&"x".repeat(1000)); 500];
    let torn = [atom(1, "a", 0, None, &[]), vec![0xB6, 0xC0]].concat();
    let inside = [atom(1, "a", 0, None, &[]), element(ids::CHAPTER_ATOM, &[0x80, 0x8F])].concat();
    for (editions, count, note) in [
        (edition(&[&deep]), 16, "chapters left out, which are nested too deep"),
        (edition(&[&many.concat()]), 1000, "chapters left out behind the first 1000"),
        (edition(&[&atom(1, "a", 0, None, &long)]), 1, "1 titles of chapters cut at 255 bytes"),
        (edition(&[&torn]), 1, "chapters end with what is not sound: an element that ends behind its parent"),
        (edition(&[&inside]), 1, "chapters end with what is not sound: an element that ends behind its parent"),
        ([edition(&[&atom(1, "a", 0, None, &[])]), vec![0x45]].concat(), 1, "chapters end with what is not sound"),
        (vec![0; 5 << 20], 0, "chapters passed over: too large: Segment/Chapters of 5242880 bytes"),
    ] {
        let (found, said) = chapters(&element(ids::CHAPTERS, &editions));
        assert_eq!(found.split("; ").filter(|chapter| !chapter.is_empty()).count(), count);
        assert!(said.starts_with(note), "{said}");
    }
}
