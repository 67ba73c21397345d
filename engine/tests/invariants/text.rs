//! Requests as text: whatever the request, no answer exceeds its file or the limits of gateways.

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use reelspan_engine::fragment::mapping::{Mapping, ResourceKind};
use reelspan_engine::fragment::range::{FragmentRange, RequestedRanges};
use reelspan_engine::fragment::resolve::{self, Ask, Cut, Meaning};
use reelspan_engine::fragment::uri::Fragment;
use reelspan_engine::index::Outline;
use reelspan_engine::media::splice::Piece;

use super::config;
use super::engine::{Covered, Indexed};
use super::film::films;

/// The maximum length of a mapping: a quarter of the limit for all header fields.
const LONGEST: usize = 3000;

/// Times in every notation, mixtures of units, and text that is not a time.
const INSTANTS: [&str; 20] = [
    "0",
    "1.5",
    "3",
    "10.48",
    "0:00:02",
    "00:00:03.25",
    "99999999999999999999",
    "0:00:01:12",
    "0:00:02:05.50",
    "0:01:00:00",
    "0:00:00:29",
    "1999-01-24T05:20:01Z",
    "\"1999-01-24T05:20:02.5Z\"",
    "1999-01-24T06:20:04+01:00",
    "-1",
    "1e3",
    "",
    "npt",
    "0:61:00",
    "%31",
];
const UNITS: [&str; 8] = ["npt", "smpte", "smpte-25", "smpte-30", "smpte-30-drop", "clock", "utc", ""];
const NAMES: [&str; 12] = [
    "audio",
    "video",
    "text",
    "1",
    "2",
    "4",
    "9",
    "Ton%20%26%20Bild",
    "\"Ton & Bild\"",
    "nosuch",
    "%zz",
    "audio,video",
];

/// A dimension in a `Range`, or nearly one.
fn dimension() -> impl Strategy<Value = String> {
    let instant = || prop::sample::select(&INSTANTS[..]);
    let name = || prop::sample::select(&NAMES[..]);
    prop_oneof![
        4 => (prop::sample::select(&UNITS[..]), instant(), instant()).prop_map(|(unit, start, end)| format!("t:{unit}={start}-{end}")),
        2 => name().prop_map(|name| format!("track={name}")),
        1 => name().prop_map(|name| format!("id={name}")),
        1 => Just("include-setup".to_owned()),
        1 => "[ -~]{0,12}",
    ]
}

/// A pair in a query, or nearly one.
fn pair() -> impl Strategy<Value = String> {
    let instant = || prop::sample::select(&INSTANTS[..]);
    prop_oneof![
        4 => (prop::sample::select(&UNITS[..]), instant(), instant()).prop_map(|(unit, start, end)| format!("t={unit}:{start},{end}")),
        2 => (instant(), instant()).prop_map(|(start, end)| format!("t={start},{end}")),
        2 => prop::sample::select(&NAMES[..]).prop_map(|name| format!("track={name}")),
        1 => "[ -~]{0,12}",
    ]
}

/// Checks an answer to a `Range` against the length of its file, and its mapping against the limits of gateways.
fn check(
    range: &FragmentRange,
    outline: &Outline,
    covered: Covered,
    length: u64,
    of: ResourceKind,
) -> Result<(), TestCaseError> {
    let (fragment, given) = match covered {
        Ok((ranges, given)) => (ranges, Some(given)),
        Err(_) => (Vec::new(), None),
    };
    let ranges = if range.include_setup { resolve::setup(outline, fragment) } else { fragment };
    prop_assert!(ranges.iter().all(|range| range.start < range.end && range.end <= length), "{ranges:?} of {length}");
    let mapping = Mapping {
        unit: resolve::unit(range.time.as_ref(), outline),
        given,
        of,
        duration: outline.duration,
        tracks: range.tracks.clone(),
        id: range.id.clone(),
        include_setup: range.include_setup,
        ranges,
        length,
    };
    let text = mapping.to_string();
    prop_assert!(text.len() < LONGEST, "{} bytes: {text}", text.len());
    prop_assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{text}");
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_text_asks_for_more_than_there_is(
        film in films(),
        ranges in prop::collection::vec(prop::collection::vec(dimension(), 1..4), 4),
        queries in prop::collection::vec(prop::collection::vec(pair(), 1..4), 4),
    ) {
        let indexed = Indexed::of(&film.file);
        let length = film.file.len() as u64;
        let ranges: Vec<_> = ranges.iter().filter_map(|dimensions| match RequestedRanges::parse(&dimensions.join(";")) {
            Some(RequestedRanges::Fragment(range)) => Some(range),
            _ => None,
        }).collect();
        for range in &ranges {
            prop_assert_eq!(&FragmentRange::parse(&range.to_string()), &Ok(range.clone()));
            check(range, &indexed.outline, indexed.cover(&Ask::from(range)), length, ResourceKind::Original)?;
        }
        for query in queries {
            let fragment = Fragment::parse(&query.join("&"));
            let ask = Ask::from(&fragment);
            let Cut::Part(part) = indexed.cut(&ask) else { continue };
            prop_assert!(!Meaning::of(&ask, &indexed.outline).is_all());
            for piece in part.file.splice.pieces() {
                if let Piece::Source(source) = piece {
                    prop_assert!(source.start < source.end && source.end <= length, "{fragment}: {source:?} of {length}");
                }
            }
            let cut = indexed.of_part(&part);
            for range in &ranges {
                let covered = cut.cover_of(&part, &Ask::from(range));
                check(range, &cut.outline, covered, part.file.splice.len(), ResourceKind::Cut)?;
            }
        }
    }
}
