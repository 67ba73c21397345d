//! Invariant 1: the pieces of consecutive byte ranges, joined, are the resource.

use bytes::Bytes;
use proptest::prelude::*;
use reelspan_engine::fragment::multipart::Multipart;
use reelspan_engine::fragment::range::RequestedRanges;
use reelspan_engine::fragment::resolve::Cut;
use reelspan_engine::media::splice::Splice;

use super::config;
use super::engine::{Indexed, assemble};
use super::film::{Film, films};
use super::requests::{ask, consecutive, points};

/// The original, and a cut if one exists.
fn resources(film: &Film, points: &[super::requests::Point]) -> Vec<Splice> {
    let mut original = Splice::new();
    original.source(0..film.file.len() as u64);
    let mut resources = vec![original];
    let times = points.iter().map(|point| point.of(film)).collect();
    let indexed = Indexed::of(&film.file);
    for interval in consecutive(times, film.duration()) {
        if let Cut::Part(part) = indexed.cut(&ask(None, Some(interval))) {
            resources.push(part.file.splice);
        }
    }
    resources
}

/// The parts of a `multipart/byteranges` body (RFC 2046 §5.1, RFC 9110 §14.6): the `Content-Range` and the bytes of
/// each.
fn parts(content_type: &str, body: &Bytes) -> Vec<(String, Bytes)> {
    let boundary = content_type.strip_prefix("multipart/byteranges; boundary=").unwrap();
    let find = |from: usize, text: &str| {
        from + body[from..].windows(text.len()).position(|bytes| bytes == text.as_bytes()).unwrap()
    };
    let mut parts = Vec::new();
    let mut at = 0;
    while !body[at..].starts_with(format!("--{boundary}--").as_bytes()) {
        let head = at + format!("--{boundary}\r\n").len();
        let blank = find(head, "\r\n\r\n");
        let fields = std::str::from_utf8(&body[head..blank]).unwrap();
        let range = fields.lines().find_map(|field| field.strip_prefix("Content-Range: ")).unwrap().to_owned();
        let end = find(blank + 4, &format!("\r\n--{boundary}"));
        parts.push((range, body.slice(blank + 4..end)));
        at = end + 2;
    }
    parts
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn consecutive_byte_ranges_are_the_resource(
        film in films(),
        at in prop::collection::vec(points(), 0..3),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        for resource in resources(&film, &at) {
            let whole = assemble(&film.file, &resource);
            let mut ends: Vec<u64> = cuts.iter().map(|cut| cut.index(whole.len() + 1) as u64).collect();
            ends.extend([0, whole.len() as u64]);
            ends.sort_unstable();
            let slices: Vec<Splice> = ends.windows(2).map(|pair| resource.slice(pair[0]..pair[1])).collect();
            let joined: Vec<u8> = slices.iter().flat_map(|slice| assemble(&film.file, slice)).collect();
            prop_assert!(joined == whole);
            // Joined again they are one splice, as before.
            let mut again = Splice::new();
            for slice in slices {
                again.append(&slice);
            }
            prop_assert_eq!(again.len(), resource.len());
            prop_assert!(assemble(&film.file, &again) == whole);
        }
    }

    #[test]
    fn the_parts_of_a_multipart_body_are_the_ranges_that_were_asked_for(
        film in films(),
        at in prop::collection::vec(points(), 0..2),
        specs in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..3_u8), 1..9),
    ) {
        for resource in resources(&film, &at) {
            let whole = assemble(&film.file, &resource);
            let specs: Vec<String> = specs.iter().map(|(first, last, kind)| {
                let (first, last) = (first.index(whole.len()), last.index(whole.len()));
                match kind {
                    0 => format!("{}-{}", first.min(last), first.max(last)),
                    1 => format!("{first}-"),
                    _ => format!("-{last}"),
                }
            }).collect();
            let Some(RequestedRanges::Bytes(asked)) = RequestedRanges::parse(&format!("bytes={}", specs.join(", "))) else { panic!("{specs:?}") };
            let Ok(ranges) = asked.of(resource.len()) else { continue };
            let multipart = Multipart::new(&resource, &ranges, "video/mp4", "boundary");
            let body = assemble(&film.file, &multipart.body);
            let parts = parts(&multipart.content_type, &body);
            prop_assert_eq!(parts.len(), ranges.len());
            for ((name, part), range) in parts.iter().zip(&ranges) {
                prop_assert_eq!(name, &format!("bytes {}-{}/{}", range.start, range.end - 1, whole.len()));
                prop_assert!(part == &whole[range.start as usize..range.end as usize]);
            }
        }
    }
}
