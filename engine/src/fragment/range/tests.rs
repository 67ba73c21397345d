#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::single_range_in_vec_init
)]

use proptest::prelude::*;

use super::bytes::MOST_RANGES;
use super::*;

fn bytes(value: &str, length: u64) -> Option<Result<Vec<Range<u64>>, Unsatisfiable>> {
    match RequestedRanges::parse(value)? {
        RequestedRanges::Bytes(ranges) => Some(ranges.of(length)),
        RequestedRanges::Fragment(_) => panic!("{value} is no range of bytes"),
    }
}

#[test]
fn byte_ranges_are_read_as_rfc_9110_has_them() {
    let cases: &[(&str, &[Range<u64>])] = &[
        ("bytes=0-0", &[0..1]),
        ("bytes=0-99", &[0..100]),
        ("bytes=0-", &[0..1000]),
        ("bytes=999-", &[999..1000]),
        ("bytes=-1", &[999..1000]),
        ("bytes=-500", &[500..1000]),
        ("bytes=-5000", &[0..1000]),
        ("bytes=900-5000", &[900..1000]),
        ("Bytes=1-2", &[1..3]),
        ("bytes=0-99999999999999999999999", &[0..1000]),
        ("bytes=-99999999999999999999999", &[0..1000]),
        ("bytes= 0-0 ,, -1\t,", &[0..1, 999..1000]),
        ("bytes=500-600,0-1", &[500..601, 0..2]),
        ("bytes=0-1,5000-,-0,3-4", &[0..2, 3..5]),
        ("bytes=0-4,5-9", &[0..10]),
        ("bytes=20-29,0-4,3-9", &[20..30, 0..10]),
        ("bytes=0-4,10-14,20-24,3-21", &[0..25]),
        ("bytes=50-,-100,0-60", &[0..1000]),
    ];
    for (value, ranges) in cases {
        assert_eq!(bytes(value, 1000), Some(Ok(ranges.to_vec())), "{value}");
    }
}

#[test]
fn a_range_of_no_byte_is_unsatisfiable() {
    for value in ["bytes=1000-", "bytes=1000-2000", "bytes=-0", "bytes=99999999999999999999999-", "bytes=-0,4444-"] {
        assert_eq!(bytes(value, 1000), Some(Err(Unsatisfiable)), "{value}");
    }
    for value in ["bytes=0-", "bytes=0-0", "bytes=-1"] {
        assert_eq!(bytes(value, 0), Some(Err(Unsatisfiable)), "{value} of nothing");
    }
}

#[test]
fn a_range_is_written_as_it_is_read() {
    for value in [
        "bytes=0-99",
        "bytes=5-,-3,1-2",
        "t:npt=10-20",
        "t:npt=0.5-",
        "t:npt=7-3",
        "t:smpte-25=0:00:10:12-0:00:20",
        "t:smpte-30-drop=0:01:00:02-",
        "t:clock=\"2010-10-22T07:33:56Z\"-",
        "t:clock=\"2010-10-22T07:33:56Z\"-\"2010-10-22T07:33:59.500Z\"",
        "include-setup",
        "t:npt=10-20;include-setup",
        "track=audio",
        "track=n%40m3%20%26%3D;track=4;id=chapter-2;t:npt=10-20;include-setup",
    ] {
        assert_eq!(RequestedRanges::parse(value).unwrap().to_string(), value);
    }
}

#[test]
fn what_is_in_no_grammar_is_ignored() {
    let many = format!("bytes={}", "0-0,".repeat(MOST_RANGES + 1));
    for value in [
        "",
        "bytes",
        "bytes=",
        "bytes=,",
        "bytes=-",
        "bytes=a-b",
        "bytes=1",
        "bytes=2-1",
        "bytes=0-1,x",
        "bytes=+1-2",
        "bytes=1 - 2",
        "bytes=--1",
        "bytes 0-1",
        "bytes =0-1",
        "lines=1-2",
        "t=1-2",
        "t:npt=",
        "t:npt=-20",
        "t:npt=10",
        "t:npt=10,20",
        "t:npt=a-b",
        "t:npt=10-20-30",
        "t:npt=10-20s",
        "t:NPT=10-20",
        "T:npt=1-2",
        "t:npt=3:7-",
        "t:npt=10-20;",
        ";t:npt=10-20",
        "t:npt=10-20;t:npt=20-30",
        "t:npt=10-20;bytes=0-1",
        "include-setup;include-setup",
        "include-setup=1",
        "Include-Setup",
        "t:smpte-24=0:00:01-",
        "t:smpte-25=1-2",
        "t:clock=2010-",
        "t:clock=\"2010-10-22T07:33:56Z-",
        "t:clock=-\"2010-10-22T07:33:56Z\"",
        "track=",
        "track=a,,b",
        "track=\"a",
        "track=%",
        "track=%ff",
        "id=",
        "id=a;id=b",
        "xywh=0,0,1,1",
        many.as_str(),
    ] {
        assert_eq!(RequestedRanges::parse(value), None, "{value}");
    }
}

#[test]
fn fragments_are_read_in_every_dimension() {
    let cases = [
        ("t:npt=0-9.97", "t:npt=0-9.97"),
        ("t:npt=0:02:00-121.5", "t:npt=120-121.5"),
        ("t:npt=00:03-00:00:07", "t:npt=3-7"),
        ("t:npt=3.-3.5", "t:npt=3-3.5"),
        ("t:smpte=0:00:03:15.00-0:00:07", "t:smpte=0:00:03:15-0:00:07"),
        (
            "t:clock=2010-10-22T07:33:56Z-2010-10-22T09:33:59+02:00",
            "t:clock=\"2010-10-22T07:33:56Z\"-\"2010-10-22T07:33:59Z\"",
        ),
        (" t:npt=10- ;\tinclude-setup ", "t:npt=10-;include-setup"),
        ("include-setup;t:npt=10-20;track=a", "track=a;t:npt=10-20;include-setup"),
        ("track=foo,bar", "track=foo;track=bar"),
        ("track=foo , bar ;track=foo", "track=foo;track=bar"),
        ("track=\"foo, b\\\"ar;\",baz", "track=foo%2C%20b%22ar%3B;track=baz"),
        ("track=my audio", "track=my%20audio"),
        ("id=Intro, part 1", "id=Intro%2C%20part%201"),
        ("track=a=b", "track=a%3Db"),
    ];
    for (value, expected) in cases {
        let read = RequestedRanges::parse(value).unwrap();
        assert!(matches!(read, RequestedRanges::Fragment(_)), "{value}");
        assert_eq!(read.to_string(), expected, "{value}");
    }
}

#[test]
fn a_fragment_that_is_no_time_is_in_the_grammar_nevertheless() {
    for value in ["t:npt=3-3", "t:npt=7-3", "t:smpte-25=0:00:07-0:00:03"] {
        let Some(RequestedRanges::Fragment(FragmentRange { time: Some(time), .. })) = RequestedRanges::parse(value)
        else {
            panic!("{value}")
        };
        assert!(!time.holds_any(), "{value}");
    }
}

proptest! {
    #[test]
    fn ranges_hold_what_was_asked_and_nothing_else(
        length in 0_u64..200, asked in proptest::collection::vec((0_u64..250, 0_u64..40), 1..20),
    ) {
        let value: Vec<_> = asked.iter().map(|(first, more)| format!("{first}-{}", first + more)).collect();
        let ranges = bytes(&format!("bytes={}", value.join(",")), length).unwrap().unwrap_or_default();
        for at in 0..250 {
            let wanted = at < length && asked.iter().any(|&(first, more)| (first..=first + more).contains(&at));
            prop_assert_eq!(ranges.iter().filter(|range| range.contains(&at)).count(), usize::from(wanted));
        }
    }

    #[test]
    fn whatever_is_asked_is_read_without_a_panic(value in "\\PC*", length: u64) {
        for value in [value.clone(), format!("bytes={value}"), format!("t:npt={value}"), format!("track={value};id={value}")] {
            if let Some(RequestedRanges::Bytes(ranges)) = RequestedRanges::parse(&value) {
                let _ = ranges.of(length);
            }
        }
    }
}
