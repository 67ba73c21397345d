//! Invariant 4: the same request gives the same bytes, at any time, on any instance.

use futures::executor::block_on;
use proptest::prelude::*;
use reelspan_engine::container::Sink;
use reelspan_engine::fragment::resolve::{Cut, Memory};
use reelspan_engine::index::{Outline, PackedPage, Page};
use reelspan_engine::media::Time;

use super::config;
use super::engine::Indexed;
use super::film::films;
use super::requests::{ask, consecutive, names, points};

/// The index as another instance reads it: its stored head and pages are unpacked and packed again, last page first.
fn stored(indexed: &Indexed) -> Indexed {
    let outline = Outline::unpack(&indexed.outline.pack()).unwrap();
    let packed: Vec<&PackedPage> = indexed.pages.packed().collect();
    let mut pages = Memory::default();
    for PackedPage { number, bytes } in packed.into_iter().rev() {
        let bytes = Page::unpack(*number, bytes).unwrap().pack();
        block_on(pages.page(PackedPage { number: *number, bytes })).unwrap();
    }
    Indexed { outline, pages }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_same_request_gives_the_same_answer_on_any_instance(film in films(), at in prop::collection::vec(points(), 0..4)) {
        let first = Indexed::of(&film.file);
        let instances = [first.clone(), Indexed::of(&film.file), stored(&first)];
        for other in &instances {
            prop_assert_eq!(&other.outline, &first.outline);
            prop_assert!(other.pages.packed().eq(first.pages.packed()));
        }
        let times: Vec<Time> = at.iter().map(|point| point.of(&film)).collect();
        let named = names(&film);
        let asked = named.iter().map(|(name, _)| Some(name.as_str())).chain([None]);
        for asked in asked {
            for time in consecutive(times.clone(), film.duration()) {
                let ask = ask(asked, Some(time));
                let (cut, cover) = (first.cut(&ask), first.cover(&ask));
                for other in &instances {
                    prop_assert_eq!(&other.cover(&ask), &cover);
                    match (&cut, other.cut(&ask)) {
                        (Cut::Part(one), Cut::Part(other)) => {
                            prop_assert_eq!(&one.file, &other.file);
                            prop_assert_eq!((&one.mime, one.given, &one.tracks), (&other.mime, other.given, &other.tracks));
                        }
                        (one, other) => prop_assert_eq!(format!("{one:?}"), format!("{other:?}")),
                    }
                }
            }
        }
    }
}
