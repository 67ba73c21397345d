#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use proptest::prelude::*;

use super::*;
use crate::media::{Interval, Time};

#[test]
fn fragments_are_read_as_the_working_group_reads_them() {
    // The user-agent test cases of the W3C Media Fragments working group, by number: what stands behind the '#', and what a
    // parser makes of it, here in one way of writing it.
    let cases = [
        ("0001", "t=,", ""),
        ("0002", "t=3,3", ""),
        ("0004", "t=0,9.97", "t=npt:0,9.97"),
        ("0005", "t=3,7", "t=npt:3,7"),
        ("0009", "t=15,20", "t=npt:15,20"),
        ("0011", "t=3", "t=npt:3"),
        ("0014", "t=15", "t=npt:15"),
        ("0015", "t=,7", "t=npt:,7"),
        ("0018", "t=smpte:0:00:03,0:00:07", "t=smpte:0:00:03,0:00:07"),
        ("0019", "t=smpte:0:00:03:15.00,0:00:07", "t=smpte:0:00:03:15,0:00:07"),
        ("0021", "t=smpte-25:0:00:03,0:00:07", "t=smpte-25:0:00:03,0:00:07"),
        ("0022", "t=smpte-30:0:00:03,0:00:07", "t=smpte-30:0:00:03,0:00:07"),
        ("0025", "t=clock:2010-10-22T07:33:56Z", "t=clock:2010-10-22T07:33:56Z"),
        ("0026", "t=clock:2010-10-22T07:33:56+00:20", "t=clock:2010-10-22T07:13:56Z"),
        ("0028", "t=3,banana", ""),
        ("0029", "t=banana,7", ""),
        ("0031", "t=3-7", ""),
        ("0032", "t=3:7", ""),
        ("0034", "t%3D3", ""),
        ("0035", "%74=3", "t=npt:3"),
        ("0037", "t=3%2C7", "t=npt:3,7"),
        ("0038", "t=%6Ept:3", "t=npt:3"),
        ("0044", "t=-1,3", ""),
        ("0045", "xywh=200,100,200,200", "xywh=pixel:200,100,200,200"),
        ("0047", "xywh=percent:0,0,50,50", "xywh=percent:0,0,50,50"),
        ("0048", "xywh=200,100,0,0", ""),
        ("0050", "xywh=percent:0,0,150,50", ""),
        ("0051", "t=3&", "t=npt:3"),
        ("0053", "t=foo:7&t=npt:3", "t=npt:3"),
        ("0054", "&&=&=tom&jerry=&t=3&t=meow:0#", "t=npt:3"),
        ("0056", "track=4", "track=4"),
        ("0057", "track=foo", "track=foo"),
        ("0059", "t=smpte:00:00:01&t=npt:3", "t=npt:3"),
        ("0060", "track=n%40m3%20%26%3D", "track=n%40m3%20%26%3D"),
        ("0062", "t=.", ""),
        ("0063", "t=.0", ""),
        ("0065", "t=,0s", ""),
        ("0066", "t=0s,0s", ""),
        ("0068", "t=s", ""),
        ("0069", "t=npt:", ""),
        ("0071", "t=00:00:01.1e-1", ""),
        ("0072", "t=3.", "t=npt:3"),
        ("0074", "t=0:00:60", ""),
        ("0075", "t=0:01:60", ""),
        ("0077", "t=0:000:000", ""),
        ("0078", "t=00:00:03,00:00:07", "t=npt:3,7"),
        ("0080", "t=00:00.", "t=npt:0"),
        ("0081", "t=0:00:00.", "t=npt:0"),
        ("0083", "t=0:00:60.000", ""),
        ("0084", "t=0:60:00.000", ""),
        ("0086", "foo&t=3,7", "t=npt:3,7"),
        ("0087", "t=3,7&foo", "t=npt:3,7"),
        ("0089", "&t=3,7", "t=npt:3,7"),
        ("0090", "&&t=3,7", "t=npt:3,7"),
        ("0092", "t%3d10", ""),
        ("0093", "t=10%26", ""),
        ("0095", "xywh=200,100,2000,200", "xywh=pixel:200,100,2000,200"),
        ("0096", "track=4&track=5", "track=4&track=5"),
        ("0098", "xywh=2000,100,200,200", "xywh=pixel:2000,100,200,200"),
        ("0101", "id=song1", "id=song1"),
    ];
    for (case, text, expected) in cases {
        assert_eq!(Fragment::parse(text).to_string(), expected, "TC{case}-UA");
    }
}

#[test]
fn times_are_read_in_every_unit() {
    let cases = [
        ("npt:,7", "npt:,7"),
        ("npt:0:02:00,121.5", "npt:120,121.5"),
        ("01:02", "npt:62"),
        ("123:59:59.5", "npt:446399.5"),
        ("3.,3.001", "npt:3,3.001"),
        ("smpte:,0:00:07", "smpte:,0:00:07"),
        ("smpte-25:0:00:03:24.99,1:00:00", "smpte-25:0:00:03:24.99,1:00:00"),
        ("smpte-30:123:00:00:05", "smpte-30:123:00:00:05"),
        ("smpte-30-drop:0:01:00:02,0:01:00:03", "smpte-30-drop:0:01:00:02,0:01:00:03"),
        ("clock:,2010-10-22T07:33:56.5Z", "clock:,2010-10-22T07:33:56.500Z"),
        ("clock:2010-10-22T09:33:56+02:00,2010-10-22T07:33:57Z", "clock:2010-10-22T07:33:56Z,2010-10-22T07:33:57Z"),
    ];
    for (value, expected) in cases {
        assert_eq!(Temporal::parse(value).map(|time| time.to_string()).as_deref(), Ok(expected), "{value}");
    }
}

#[test]
fn pairs_are_decoded_and_the_last_that_is_valid_counts() {
    let cases = [
        ("t=npt%3a10%2C20", "t=npt:10,20"),
        ("t=1,2&t=3,7", "t=npt:3,7"),
        ("t=3,7&t=7,3&t=5,5&T=1", "t=npt:3,7"),
        ("id=a&id=&id=b%20c", "id=b%20c"),
        ("xywh=1,2,3,4&xywh=percent:0,0,1,1&xywh=0,0,0,0", "xywh=percent:0,0,1,1"),
        ("xywh=pixel%3A1%2C2,3,4&id=x&track=1&t=5", "t=npt:5&track=1&id=x&xywh=pixel:1,2,3,4"),
    ];
    for (text, expected) in cases {
        assert_eq!(Fragment::parse(text).to_string(), expected, "{text}");
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
        ("3:", 2, "two digits from 00 to 59 are expected"),
        ("3:7", 2, "two digits from 00 to 59 are expected"),
        ("0:60", 2, "two digits from 00 to 59 are expected"),
        ("0:00:60", 5, "two digits from 00 to 59 are expected"),
        ("0:01:60", 5, "two digits from 00 to 59 are expected"),
        ("0:60:00.000", 2, "two digits from 00 to 59 are expected"),
        ("0:000:000", 2, "two digits from 00 to 59 are expected"),
        ("0:00:", 5, "two digits from 00 to 59 are expected"),
        ("1٣", 1, "nothing more is expected"),
        ("smpte", 0, "a digit is expected"),
        ("smpte:", 6, "a digit is expected"),
        ("smpte-24:0:00:01", 0, "a digit is expected"),
        ("smpte:3", 7, "':' and two digits are expected"),
        ("smpte:0:00", 10, "':' and two digits are expected"),
        ("smpte:0:0:03", 8, "two digits from 00 to 59 are expected"),
        ("smpte:0:00:60", 11, "two digits from 00 to 59 are expected"),
        ("smpte-25:0:00:00:25", 17, "two digits, less than there are frames in a second, are expected"),
        ("smpte-30-drop:0:00:00:30", 22, "two digits, less than there are frames in a second, are expected"),
        ("smpte:0:00:00:29.5", 17, "two digits are expected"),
        ("smpte:0:00:00.5", 13, "nothing more is expected"),
        ("smpte:0:00:03,0:00:03", 13, "the start is not before the end"),
        ("smpte-30-drop:0:01:00,0:01:00:02", 21, "the start is not before the end"),
        ("smpte:,0:00:00", 6, "the start is not before the end"),
        ("clock:", 6, "a year of four digits is expected"),
        ("clock:2010-10-22T07:33:56Z,2010-10-22T07:33:56+00:00", 26, "the start is not before the end"),
        ("clock:2010-10-22T07:33:56Z,3", 27, "a year of four digits is expected"),
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
        let Ok(Temporal::Npt(Stretch { start: Some(start), end: None })) = Temporal::parse(&text) else {
            panic!("{text}")
        };
        assert!(start > Time::from_secs(9_223_372_036) && start < Time::MAX, "{text}");
    }
    for unit in ["smpte", "smpte-30-drop", "npt"] {
        assert!(Temporal::parse(&format!("{unit}:0:00:01,{huge}:00:00:")).is_err());
        assert!(Temporal::parse(&format!("{unit}:0:00:01,{huge}:00:00")).is_ok(), "{unit}");
    }
    let exact = Stretch { start: Some(Time(123_456_789)), end: None };
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
        prop_assert_eq!(long, Temporal::Npt(Stretch { start: Some(exact), end: None }));
        prop_assert_eq!(long, short);
    }
}
