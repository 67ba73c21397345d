//! Which resource a request is of: the original as it is stored, or a cut of it, which is a resource of its own.

use reelspan::container::WRITER;
use reelspan::http::etag;
use reelspan::index::{FORMAT, Head, Outline, Status};
use reelspan::media::{Interval, Time};
use reelspan::resolve::{Ask, Part};
use reelspan::splice::Splice;
use reelspan::uri::{Fragment, Temporal};

/// What a media type is where nobody knows one (RFC 2046 §4.5.1).
const UNKNOWN: &str = "application/octet-stream";

/// A resource, all of it.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its strong validator, with quotation marks.
    pub etag: String,
    /// Its last modification, in seconds since 1970.
    pub modified: i64,
    /// Its media type.
    pub mime: String,
    /// Its bytes.
    pub body: Splice,
    /// Whether parts of it can be asked for by time and by track, or by bytes alone.
    pub indexed: bool,
    /// What a cut is of: what it really holds. `None` for the original.
    pub cut: Option<Fragment>,
}

impl Resource {
    /// The original.
    #[must_use]
    pub fn original(head: &Head) -> Self {
        let original = &head.original;
        let mut body = Splice::new();
        body.source(0..original.size);
        let (mime, indexed) = match &head.status {
            Status::Indexed(outline) => (outline.mime.clone(), true),
            Status::Refused(_) => (original.content_type.clone().unwrap_or_else(|| UNKNOWN.to_owned()), false),
        };
        Self { etag: original.etag.clone(), modified: original.modified, mime, body, indexed, cut: None }
    }

    /// A cut of it, with the validator that [`tag`] gave.
    #[must_use]
    pub fn cut(head: &Head, outline: &Outline, part: Part, tag: String) -> Self {
        let end = part.given.end().min(outline.duration);
        let given = Interval::new(part.given.start(), end).unwrap_or(part.given);
        let name =
            |track: usize| outline.tracks.get(track).map(|track| track.name.clone().unwrap_or(track.id.to_string()));
        let tracks = part.tracks.iter().flatten().filter_map(|track| name(*track)).collect();
        let fragment = Fragment { time: Some(Temporal::Npt(given)), tracks, ignored: Vec::new() };
        Self {
            etag: tag,
            modified: head.original.modified,
            mime: part.mime,
            body: part.splice,
            indexed: true,
            cut: Some(fragment),
        }
    }
}

/// The validator of a cut, known before it is made: a digest of all that its bytes depend on. These are the original, how it
/// is indexed and written, and what was asked, where an end behind the original's end is as good as none.
#[must_use]
pub fn tag(head: &Head, outline: &Outline, ask: &Ask) -> String {
    let time = ask.time.unwrap_or(Interval::ALL);
    let end = if time.end() < outline.duration { time.end() } else { Time::MAX };
    let numbers = [
        FORMAT.to_be_bytes().to_vec(),
        WRITER.to_be_bytes().to_vec(),
        time.start().0.to_be_bytes().to_vec(),
        end.0.to_be_bytes().to_vec(),
    ];
    let parts = std::iter::once(head.original.etag.as_bytes());
    let parts = parts.chain(numbers.iter().map(Vec::as_slice)).chain(ask.tracks.iter().map(String::as_bytes));
    etag::strong(parts)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use reelspan::index::{Container, Original};
    use reelspan::media::{Kind, Setup, Ticks, Timescale, Track};

    use super::*;

    fn seconds(start: i64, end: i64) -> Option<Interval> {
        Interval::new(Time::from_secs(start), Time::from_secs(end))
    }

    fn track(id: u64, name: Option<&str>) -> Track {
        Track {
            id,
            kind: Kind::Audio,
            codec: "opus".to_owned(),
            language: None,
            name: name.map(str::to_owned),
            dimensions: None,
            timescale: Timescale::per_second(48_000).unwrap(),
            edits: Vec::new(),
            preroll: Ticks::ZERO,
            samples: 0,
            bytes: 0,
            composition: (Ticks::ZERO, Ticks::ZERO),
            presented: (Ticks::ZERO, Ticks::ZERO),
            late: 0,
            setup: Setup::At(0..0),
        }
    }

    fn outline() -> Outline {
        Outline {
            container: Container::Matroska,
            mime: "video/webm".to_owned(),
            duration: Time(38_300_000_000),
            tracks: vec![track(1, None), track(2, Some("Commentary & more"))],
            setup: Vec::new(),
            setup_ranges: Vec::new(),
            elements: true,
            chapters: Vec::new(),
            created: None,
            pages: 4,
            notes: Vec::new(),
        }
    }

    fn head(etag: &str, status: Status) -> Head {
        let original = Original {
            etag: etag.to_owned(),
            size: 4_055_466,
            modified: 784_111_777,
            version: None,
            sequencer: "1".to_owned(),
            content_type: Some("text/plain".to_owned()),
        };
        Head { original, status }
    }

    #[test]
    fn the_original_is_what_its_container_says() {
        let indexed = Resource::original(&head("\"a\"", Status::Indexed(outline())));
        assert_eq!((indexed.mime.as_str(), indexed.body.len(), indexed.indexed), ("video/webm", 4_055_466, true));
        let refused = Resource::original(&head("\"a\"", Status::Refused("no media".to_owned())));
        assert_eq!((refused.mime.as_str(), refused.body.len(), refused.indexed), ("text/plain", 4_055_466, false));
    }

    #[test]
    fn a_cut_says_what_it_really_holds() {
        let outline = outline();
        for (time, tracks, text) in [
            (seconds(20, 35), None, "t=npt:20,35"),
            (seconds(20, 35), Some(vec![0, 1]), "t=npt:20,35&track=1&track=Commentary%20%26%20more"),
            (Interval::new(Time::from_secs(30), Time::MAX), Some(vec![0, 9]), "t=npt:30,38.3&track=1"),
        ] {
            let part = Part { splice: Splice::new(), mime: "audio/webm".to_owned(), given: time.unwrap(), tracks };
            let head = head("\"a\"", Status::Indexed(outline.clone()));
            let cut = Resource::cut(&head, &outline, part, "\"tag\"".to_owned());
            assert_eq!(cut.cut.unwrap().to_string(), text);
            assert_eq!((cut.etag.as_str(), cut.mime.as_str(), cut.modified), ("\"tag\"", "audio/webm", 784_111_777));
        }
    }

    #[test]
    fn the_validator_of_a_cut_depends_on_all_that_its_bytes_depend_on() {
        let outline = outline();
        let tag = |etag: &str, time, tracks: &[&str]| {
            let ask = Ask { time, tracks: tracks.iter().map(|&track| track.to_owned()).collect() };
            tag(&head(etag, Status::Indexed(outline.clone())), &outline, &ask)
        };
        let tags = [
            tag("\"a\"", seconds(20, 35), &[]),
            tag("\"b\"", seconds(20, 35), &[]),
            tag("\"a\"", seconds(21, 35), &[]),
            tag("\"a\"", seconds(20, 34), &[]),
            tag("\"a\"", seconds(20, 35), &["audio"]),
            tag("\"a\"", seconds(20, 35), &["audio", "2"]),
            tag("\"a\"", seconds(20, 60), &[]),
            tag("\"a\"", None, &["audio"]),
        ];
        for (at, tag) in tags.iter().enumerate() {
            assert_eq!(tags.iter().position(|other| other == tag), Some(at));
        }
        assert_eq!(
            tag("\"a\"", seconds(20, 60), &[]),
            tag("\"a\"", Interval::new(Time::from_secs(20), Time::MAX), &[])
        );
    }
}
