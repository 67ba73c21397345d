#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use proptest::prelude::*;

use super::cases::{assert_wrong, cases};
use super::*;
use crate::fragment::range::FragmentRange;
use crate::media::{Interval, Time};

#[test]
fn fragments_are_read_as_the_working_group_reads_them() {
    // The user-agent test cases of the W3C Media Fragments working group, by name: what stands behind the '#', and what a
    // parser makes of it, here in one way of writing it. Those without a name are ours.
    for (case, text, expected) in cases().fragments {
        assert_eq!(Fragment::parse(&text).to_string(), expected, "{case} {text}");
    }
}

#[test]
fn times_are_read_in_every_unit() {
    for (value, expected) in cases().times {
        assert_eq!(Temporal::parse(&value).map(|time| time.to_string()), Ok(expected), "{value}");
    }
}

#[test]
fn what_is_not_in_the_grammar_is_ignored_and_said_why() {
    for case in cases().not_times {
        let value = &case.0;
        assert_wrong(Temporal::parse(value), &case);
        let fragment = Fragment::parse(&format!("t={}", split::encode(value)));
        assert!(fragment.is_empty() && fragment.ignored.len() == 1, "{value:?}");
    }
}

#[test]
fn pairs_are_split_before_they_are_decoded() {
    let cases = cases();
    for text in cases.empty {
        let fragment = Fragment::parse(&text);
        assert!(fragment.is_empty(), "{text}: {fragment:?}");
    }
    for (text, kind, at, why) in cases.ignored {
        let reason = Fragment::parse(&text).ignored.pop().unwrap().why;
        let found = match reason {
            Reason::NotAPair(InvalidText { at, why }) => ("notAPair", Some((at, why))),
            Reason::NotInGrammar(InvalidText { at, why }) => ("notInGrammar", Some((at, why))),
            Reason::UnknownName => ("unknownName", None),
            Reason::Superseded => ("superseded", None),
            Reason::TooMany => ("tooMany", None),
        };
        assert_eq!(found, (kind.as_str(), at.zip(why.as_deref())), "{text}");
    }
}

#[test]
fn a_fragment_is_asked_for_in_a_range() {
    for (text, expected) in cases().ranges {
        let Fragment { time, tracks, id, .. } = Fragment::parse(&text);
        let range = FragmentRange { time, tracks, id, include_setup: false };
        assert_eq!(range.to_string(), expected, "{text}");
    }
}

#[test]
fn tracks_add_up_and_each_counts_once() {
    for (text, tracks) in cases().tracks {
        assert_eq!(Fragment::parse(&text).tracks, tracks, "{text}");
    }
}

#[test]
fn a_time_too_large_to_hold_is_behind_every_end() {
    let huge = "9".repeat(400);
    for text in [huge.clone(), format!("{huge}:00:00"), "9223372036.9".to_owned()] {
        let Ok(Temporal::Npt(WrittenInterval { start: Some(start), end: None })) = Temporal::parse(&text) else {
            panic!("{text}")
        };
        assert!(start > Time::from_secs(9_223_372_036) && start < Time::MAX, "{text}");
    }
    for unit in ["smpte", "smpte-30-drop", "npt"] {
        assert!(Temporal::parse(&format!("{unit}:0:00:01,{huge}:00:00:")).is_err());
        assert!(Temporal::parse(&format!("{unit}:0:00:01,{huge}:00:00")).is_ok(), "{unit}");
    }
    let exact = WrittenInterval { start: Some(Time(123_456_789)), end: None };
    assert_eq!(Temporal::parse("0.1234567891"), Ok(Temporal::Npt(exact)));
}

#[test]
fn no_number_of_pairs_is_too_many_to_read() {
    let many = "track=a&track=b&t=1&".repeat(10_000);
    let fragment = Fragment::parse(&many);
    assert_eq!(fragment.tracks.len(), 2);
    assert!(fragment.ignored.len() <= MOST_PAIRS);
}

proptest! {
    #[test]
    fn whatever_is_asked_is_read_without_a_panic(text in "\\PC*") {
        let _ = Fragment::parse(&text);
        let _ = Fragment::parse(&format!("t={text}&track={text}"));
        let _ = Temporal::parse(&text);
    }

    #[test]
    fn a_fragment_survives_being_written_and_read(
        start in 0_i64..1_000_000_000, length in proptest::option::of(1_i64..1_000_000_000), tracks in proptest::collection::vec("\\PC{1,9}", 0..4),
    ) {
        let micros = |micros: i64| Time(micros * 1_000);
        let end = length.map_or(Time::MAX, |length| micros(start + length));
        let mut fragment = Fragment { time: Interval::new(micros(start), end).map(Temporal::from), ..Fragment::default() };
        for track in tracks {
            if !fragment.tracks.contains(&track) {
                fragment.tracks.push(track);
            }
        }
        prop_assert_eq!(Fragment::parse(&fragment.to_string()), fragment);
    }

    #[test]
    fn a_clock_means_what_its_parts_mean(hours in 0_i64..9_999, minutes in 0_i64..60, seconds in 0_i64..60, micros in 0_i64..1_000_000) {
        let exact = Time(((hours * 60 + minutes) * 60 + seconds) * 1_000_000_000 + micros * 1_000);
        let long = Temporal::parse(&format!("{hours}:{minutes:02}:{seconds:02}.{micros:06}")).unwrap();
        let short = Temporal::parse(&format!("{}.{micros:06}", exact.0 / 1_000_000_000)).unwrap();
        prop_assert_eq!(long, Temporal::Npt(WrittenInterval { start: Some(exact), end: None }));
        prop_assert_eq!(long, short);
    }
}
