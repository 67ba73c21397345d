#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::single_range_in_vec_init)]

use reelspan_engine::container::Written;
use reelspan_engine::fragment::mapping::{MappingUnit, ResourceKind};
use reelspan_engine::fragment::resolve::MediaPart;
use reelspan_engine::fragment::uri::Fragment;
use reelspan_engine::media::splice::Piece;
use reelspan_engine::media::{Interval, Time};

use super::*;
use crate::delivery::{LARGEST, LARGEST_STREAM};
use crate::resource::ResourceContent;

const LENGTH: u64 = 4_055_466;

fn resource(length: u64) -> Resource {
    let mut body = Splice::new();
    body.source(0..length);
    Resource {
        etag: "\"original\"".to_owned(),
        modified: 784_111_777,
        mime: "video/webm".to_owned(),
        indexed: true,
        content: ResourceContent::Original(body),
    }
}

fn cut() -> Resource {
    let mut body = Splice::new();
    body.made(vec![7; 1_000]);
    body.source(50_000..59_000);
    let file = Written { splice: body, setup: 0..1_000, elements: reelspan_engine::container::Extents::default() };
    let given = Interval::new(Time(19_770_000_000), Time::from_secs(35)).unwrap();
    let part = MediaPart { file, mime: "video/webm".to_owned(), given, tracks: None, selected: Vec::new() };
    let content = ResourceContent::Cut(Box::new(part), Fragment::parse("t=npt:19.77,35&track=audio"));
    Resource { etag: "\"cut\"".to_owned(), content, ..resource(0) }
}

fn mapping(ranges: &[Range<u64>]) -> Mapping {
    Mapping {
        unit: MappingUnit::Npt,
        given: Interval::new(Time::from_secs(10), Time::from_secs(20)),
        of: ResourceKind::Original,
        duration: Time(38_300_000_000),
        tracks: Vec::new(),
        id: None,
        include_setup: false,
        ranges: ranges.to_vec(),
        length: LENGTH,
    }
}

fn time(ranges: &[Range<u64>]) -> AnswerExtent {
    AnswerExtent::Fragment(mapping(ranges))
}

/// All expected fields; others must not exist.
fn assert_fields(answer: &Answer, what: &str, expected: &[(&str, &str)]) {
    let mut fields: Vec<_> =
        answer.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    fields.sort_unstable();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(fields, expected, "{what}");
}

const ORIGINAL: [(&str, &str); 6] = [
    ("etag", "\"original\""),
    ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ("cache-control", "max-age=60"),
    ("accept-ranges", "bytes, t, track, id"),
    ("x-content-type-options", "nosniff"),
    ("cross-origin-resource-policy", "cross-origin"),
];

const CUT: [(&str, &str); 7] = [
    ("etag", "\"cut\""),
    ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ("cache-control", "max-age=60"),
    ("accept-ranges", "bytes, t, track, id"),
    ("x-content-type-options", "nosniff"),
    ("cross-origin-resource-policy", "cross-origin"),
    ("x-media-fragment", "t=npt:19.77,35&track=audio"),
];

#[test]
fn an_answer_says_what_it_gives() {
    let mapping = "{ t:npt 10.0-20.0/0-38.3 } = { bytes 1264525-2066894/4055466 }";
    let mime = ("content-type", "video/webm");
    let cases = [
        (
            "the original",
            resource(LENGTH),
            AnswerExtent::Whole,
            200,
            [&ORIGINAL[..], &[mime, ("content-length", "4055466")]].concat(),
        ),
        (
            "the original of nothing",
            resource(0),
            AnswerExtent::Whole,
            200,
            [&ORIGINAL[..], &[mime, ("content-length", "0")]].concat(),
        ),
        (
            "bytes of the original",
            resource(LENGTH),
            AnswerExtent::Bytes(vec![19_147..22_881]),
            206,
            [&ORIGINAL[..], &[mime, ("content-length", "3734"), ("content-range", "bytes 19147-22880/4055466")]]
                .concat(),
        ),
        (
            "time of the original",
            resource(LENGTH),
            time(&[1_264_525..2_066_895]),
            206,
            [
                &ORIGINAL[..],
                &[
                    mime,
                    ("content-length", "802370"),
                    ("content-range", "bytes 1264525-2066894/4055466"),
                    ("content-range-mapping", mapping),
                    ("vary", "Range, Accept-Range-Redirect"),
                ],
            ]
            .concat(),
        ),
        ("a cut", cut(), AnswerExtent::Whole, 200, [&CUT[..], &[mime, ("content-length", "10000")]].concat()),
        (
            "bytes of a cut",
            cut(),
            AnswerExtent::Bytes(vec![0..100]),
            206,
            [&CUT[..], &[mime, ("content-length", "100"), ("content-range", "bytes 0-99/10000"), ("vary", "Range")]]
                .concat(),
        ),
    ];
    for (what, resource, extent, status, fields) in cases {
        let answer = Answer::new(&resource, &extent);
        assert_eq!(answer.status.as_u16(), status, "{what}");
        assert_fields(&answer, what, &fields);
        assert_eq!(answer.headers["content-length"], answer.body.len().to_string(), "{what}");
    }
}

#[test]
fn the_bytes_of_a_range_are_those_of_the_whole() {
    let answer = Answer::new(&cut(), &AnswerExtent::Bytes(vec![990..1_010]));
    assert_eq!(
        answer.body.pieces().collect::<Vec<_>>(),
        [Piece::Made(vec![7; 10].into()), Piece::Source(50_000..50_010)]
    );
}

#[test]
fn several_ranges_are_parts_of_their_own() {
    for (extent, mapped) in [(AnswerExtent::Bytes(vec![0..2, 10..20]), false), (time(&[0..2, 10..20]), true)] {
        let answer = Answer::new(&resource(LENGTH), &extent);
        assert_eq!(answer.status, StatusCode::PARTIAL_CONTENT);
        assert!(answer.headers["content-type"].to_str().unwrap().starts_with("multipart/byteranges; boundary="));
        assert!(!answer.headers.contains_key("content-range"));
        assert_eq!(answer.headers.contains_key("content-range-mapping"), mapped);
        assert_eq!(answer.headers["content-length"], answer.body.len().to_string());
        let sources: Vec<_> = answer.body.pieces().filter(|piece| matches!(piece, Piece::Source(_))).collect();
        assert_eq!(sources, [Piece::Source(0..2), Piece::Source(10..20)]);
    }
}

#[test]
fn what_has_no_index_is_given_by_bytes_alone() {
    let refused = Resource { indexed: false, mime: "text/plain\n".to_owned(), ..resource(10) };
    let answer = Answer::new(&refused, &AnswerExtent::Whole);
    assert_eq!(answer.headers["accept-ranges"], "bytes");
    assert!(!answer.headers.contains_key("content-type"), "a media type that is invalid in a header field");
}

#[test]
fn what_the_client_has_is_not_sent_again() {
    let answer = Answer::not_modified(&resource(LENGTH));
    assert_eq!((answer.status.as_u16(), answer.body.len()), (304, 0));
    // All except the units.
    assert_fields(&answer, "304", &[&ORIGINAL[..3], &ORIGINAL[4..], &[("content-type", "video/webm")]].concat());
}

/// How an answer is delivered, and where else it is available.
type Delivered = (Delivery, Option<&'static str>);

#[test]
fn a_buffered_answer_is_never_larger_than_it_may_be() {
    let large = resource(10_000_000);
    let nowhere = (Delivery::Buffered, None);
    let there = (Delivery::Buffered, Some("https://x.example/a%20b.mp4?t=1&Signature=abc"));
    let streamed = (Delivery::Streamed, None);
    let all = [0..10_000_000];
    // The request, and the result: a status, and the length of the body.
    let cases: &[(AnswerExtent, Delivered, u16, u64)] = &[
        (AnswerExtent::Whole, streamed, 200, 10_000_000),
        (AnswerExtent::Whole, nowhere, 413, 0),
        (AnswerExtent::Whole, there, 307, 0),
        (AnswerExtent::Bytes(all.to_vec()), streamed, 206, 10_000_000),
        (AnswerExtent::Bytes(all.to_vec()), nowhere, 206, LARGEST),
        (AnswerExtent::Bytes(all.to_vec()), there, 206, LARGEST),
        (AnswerExtent::Bytes(vec![5..LARGEST + 5]), there, 206, LARGEST),
        (AnswerExtent::Bytes(vec![0..9_000_000, 9_500_000..9_500_001]), there, 206, LARGEST),
        (AnswerExtent::Bytes(vec![9_000_000..9_000_010, 0..8_000_000]), there, 206, 10),
        (time(&[0..100]), there, 206, 100),
        (time(&all), there, 307, 0),
        (time(&all), nowhere, 413, 0),
    ];
    for (extent, delivery, status, length) in cases {
        let what = format!("{extent:?} by {delivery:?}");
        match fit(&large, extent.clone(), delivery.0, delivery.1) {
            Ok(answer) => {
                assert_eq!((answer.status.as_u16(), answer.body.len()), (*status, *length), "{what}");
                assert_eq!(answer.headers["content-length"], length.to_string(), "{what}");
                if *status == 307 {
                    assert_eq!(Some(answer.headers["location"].to_str().unwrap()), delivery.1);
                }
            }
            Err(error) => assert_eq!((error.status().as_u16(), 0), (*status, *length), "{what}"),
        }
    }
    let short = fit(&large, AnswerExtent::Bytes(vec![5..10_000_000]), Delivery::Buffered, None).unwrap();
    assert_eq!(short.headers["content-range"], format!("bytes 5-{}/10000000", LARGEST + 4));
}

#[test]
fn a_streamed_answer_of_lambda_is_not_begun_where_it_would_be_cut_off() {
    let film = resource(700_000_000);
    let fit = |extent| fit(&film, extent, Delivery::StreamedByLambda, None);
    let refused = fit(AnswerExtent::Whole).unwrap_err();
    assert_eq!(refused.status(), 413);
    assert_eq!(refused.problem().members["length"], 700_000_000);
    let part = fit(AnswerExtent::Bytes(vec![0..700_000_000])).unwrap();
    assert_eq!((part.status.as_u16(), part.body.len()), (206, LARGEST_STREAM));
    assert_eq!(part.headers["content-range"], format!("bytes 0-{}/700000000", LARGEST_STREAM - 1));
    assert_eq!(fit(time(&[0..LARGEST_STREAM])).unwrap().status, 206);
    assert_eq!(fit(time(&[0..LARGEST_STREAM + 1])).unwrap_err().status(), 413);
}

#[test]
fn a_redirect_is_to_bytes_of_the_same_resource() {
    let mapping = Mapping { include_setup: true, ..mapping(&[0..1_651, 1_264_525..2_066_895]) };
    let answer = Answer::to_bytes(&resource(LENGTH), &mapping, "/media/films/a%20b.webm");
    assert_eq!((answer.status, answer.body.len()), (StatusCode::TEMPORARY_REDIRECT, 0));
    let text = "{ t:npt 10.0-20.0/0-38.3;include-setup } = { bytes 0-1650,1264525-2066894/4055466 }";
    assert_fields(
        &answer,
        "a redirect",
        &[
            ("accept-ranges", "bytes, t, track, id"),
            ("location", "/media/films/a%20b.webm"),
            ("content-type", "video/webm"),
            ("range-redirect", "bytes 0-1650,1264525-2066894"),
            ("content-range-mapping", text),
            ("vary", "Range, Accept-Range-Redirect"),
            ("cache-control", "max-age=60"),
            ("content-length", "0"),
        ],
    );
}

#[test]
fn an_answer_to_head_may_leave_the_length_out() {
    let answer = Answer::without_length(&resource(LENGTH));
    assert!(answer.length_is_unknown());
    assert_eq!(answer.status, StatusCode::OK);
    assert_fields(&answer, "without length", &[&ORIGINAL[..], &[("content-type", "video/webm")]].concat());
    assert!(!Answer::new(&resource(LENGTH), &AnswerExtent::Whole).length_is_unknown());
}
