#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use proptest::prelude::*;

use super::*;
use crate::media::Time;

/// An interval in milliseconds, as the tables have them; `None`: an open end.
fn millis(start: i64, end: Option<i64>) -> Option<Temporal> {
    let at = |millis: i64| Time(millis * 1_000_000);
    Interval::new(at(start), end.map_or(Time::MAX, at)).map(Temporal::Npt)
}

#[test]
fn time_is_read_as_the_working_group_reads_it() {
    let cases: &[(&str, i64, Option<i64>)] = &[
        ("t=0,9.97", 0, Some(9_970)),
        ("t=3,7", 3_000, Some(7_000)),
        ("t=15,20", 15_000, Some(20_000)),
        ("t=3", 3_000, None),
        ("t=,7", 0, Some(7_000)),
        ("t=npt:3", 3_000, None),
        ("t=npt:,7", 0, Some(7_000)),
        ("t=npt:0:02:00,121.5", 120_000, Some(121_500)),
        ("t=00:00:03,00:00:07", 3_000, Some(7_000)),
        ("t=01:02", 62_000, None),
        ("t=123:59:59.5", 446_399_500, None),
        ("t=3.", 3_000, None),
        ("t=00:00.", 0, None),
        ("t=0:00:00.", 0, None),
        ("t=3.,3.001", 3_000, Some(3_001)),
        ("%74=3", 3_000, None),
        ("t=3%2C7", 3_000, Some(7_000)),
        ("t=%6Ept:3", 3_000, None),
        ("t=npt%3a10%2C20", 10_000, Some(20_000)),
        ("t=3&", 3_000, None),
        ("t=foo:7&t=npt:3", 3_000, None),
        ("&&=&=tom&jerry=&t=3&t=meow:0#", 3_000, None),
        ("t=smpte:00:00:01&t=npt:3", 3_000, None),
        ("foo&t=3,7", 3_000, Some(7_000)),
        ("t=3,7&foo", 3_000, Some(7_000)),
        ("&&t=3,7", 3_000, Some(7_000)),
        ("t=1,2&t=3,7", 3_000, Some(7_000)),
        ("t=3,7&t=7,3&t=5,5&T=1", 3_000, Some(7_000)),
    ];
    for &(text, start, end) in cases {
        let time = Fragment::parse(text).time;
        assert!(time.is_some() && time == millis(start, end), "{text}: {time:?}");
    }
}

#[test]
fn what_is_not_in_the_grammar_is_ignored_and_said_why() {
    let cases: &[(&str, usize, &str)] = &[
        ("", 0, "a digit is expected"),
        (",", 1, "a digit is expected"),
        ("10,", 3, "a digit is expected"),
        ("npt:", 4, "a digit is expected"),
        ("banana,7", 0, "a digit is expected"),
        ("3,banana", 2, "a digit is expected"),
        ("-1,3", 0, "a digit is expected"),
        (".", 0, "a digit is expected"),
        (".0", 0, "a digit is expected"),
        ("s", 0, "a digit is expected"),
        ("NPT:3", 0, "a digit is expected"),
        (" 3", 0, "a digit is expected"),
        ("3,3", 1, "the start is not before the end"),
        ("7,3", 1, "the start is not before the end"),
        ("npt:7,3", 5, "the start is not before the end"),
        (",0", 0, "the start is not before the end"),
        ("3-7", 1, "nothing more is expected"),
        ("3,7,9", 3, "nothing more is expected"),
        (",0s", 2, "nothing more is expected"),
        ("00:00:01.1e-1", 10, "nothing more is expected"),
        ("10&", 2, "nothing more is expected"),
        ("1.2.3", 3, "nothing more is expected"),
        ("0:00:00:00", 7, "nothing more is expected"),
        ("3:07", 0, "minutes have two digits"),
        ("003:07", 0, "minutes have two digits"),
        ("60:00", 0, "minutes are 00 to 59"),
        ("3:7", 2, "two digits from 00 to 59 are expected"),
        ("0:60", 2, "two digits from 00 to 59 are expected"),
        ("0:00:60", 5, "two digits from 00 to 59 are expected"),
        ("0:01:60", 5, "two digits from 00 to 59 are expected"),
        ("0:60:00.000", 2, "two digits from 00 to 59 are expected"),
        ("0:000:000", 2, "two digits from 00 to 59 are expected"),
        ("0:00:", 5, "two digits from 00 to 59 are expected"),
        ("1٣", 1, "nothing more is expected"),
    ];
    for &(value, at, why) in cases {
        assert_eq!(Temporal::parse(value), Err(Invalid { at, why }), "{value:?}");
        let fragment = Fragment::parse(&format!("t={}", split::encode(value)));
        assert!(fragment.is_empty() && fragment.ignored.len() == 1, "{value:?}");
    }
}

#[test]
fn pairs_are_split_before_they_are_decoded() {
    for text in ["t%3D3", "t%3d10", "t=10%26", "t=%", "t=3%2", "t=3%zz", "t=3%ff", "%ff=3", "T=3", "t", "=", "", "&&"] {
        let fragment = Fragment::parse(text);
        assert!(fragment.is_empty(), "{text}: {fragment:?}");
    }
    let why = |text: &str| Fragment::parse(text).ignored.pop().unwrap().why;
    assert_eq!(why("t=3%zz"), Reason::NotAPair(Invalid { at: 3, why: "'%' stands before two hexadecimal digits" }));
    assert_eq!(why("t=a%ff"), Reason::NotAPair(Invalid { at: 3, why: "the decoded bytes are not UTF-8" }));
    assert_eq!(why("foo"), Reason::NotAPair(Invalid { at: 3, why: "'=' and a value are expected" }));
    assert_eq!(why("xyz=1"), Reason::UnknownName);
    assert_eq!(why("t=1,2&t=3"), Reason::Superseded);
}

#[test]
fn tracks_add_up_and_each_counts_once() {
    let cases: &[(&str, &[&str])] = &[
        ("track=4", &["4"]),
        ("track=foo", &["foo"]),
        ("track=n%40m3%20%26%3D", &["n@m3 &="]),
        ("track=4&track=5", &["4", "5"]),
        ("track=5&t=3&track=4&track=5", &["5", "4"]),
        ("track=a+b", &["a+b"]),
        ("track=a=b", &["a=b"]),
        ("track=", &[]),
        ("Track=1", &[]),
    ];
    for &(text, tracks) in cases {
        assert_eq!(Fragment::parse(text).tracks, tracks, "{text}");
    }
}

#[test]
fn a_time_too_large_to_hold_is_behind_every_end() {
    let huge = "9".repeat(400);
    for text in [huge.clone(), format!("{huge}:00:00"), "9223372036.9".to_owned()] {
        let Temporal::Npt(interval) = Temporal::parse(&text).unwrap();
        assert!(interval.start() > Time::from_secs(9_223_372_036) && interval.end() == Time::MAX, "{text}");
    }
    assert_eq!(Temporal::parse(&format!("1,{huge}")).unwrap().interval().start(), Time::from_secs(1));
    assert!(Temporal::parse("0.1234567891").unwrap().interval().start() == Time(123_456_789));
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
        let mut fragment = Fragment { time: Interval::new(micros(start), end).map(Temporal::Npt), ..Fragment::default() };
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
        prop_assert_eq!(long.interval().start(), exact);
        prop_assert_eq!(long, short);
    }
}
