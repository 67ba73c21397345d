//! The resource of a request: the original as it is stored, or a cut of it, which is a separate resource.

use reelspan::http::etag;
use reelspan::http::media_type::{MediaType, UNKNOWN};
use reelspan_engine::container::{self, Format};
use reelspan_engine::fragment::resolve::{Meaning, MediaPart, When};
use reelspan_engine::fragment::uri::Fragment;
use reelspan_engine::index::{Head, Outline, Status};
use reelspan_engine::media::splice::Splice;
use reelspan_engine::media::{Interval, Time, Track};

/// How many bytes of a header field the names of tracks may take: all fields together have to pass through gateways.
const MOST_OF_A_FIELD: usize = 2_000;

/// A whole resource.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its strong validator, with quotation marks.
    pub etag: String,
    /// Its last modification, in seconds since 1970.
    pub modified: i64,
    /// Its media type.
    pub mime: String,
    /// Whether parts of it can be requested by time and by track, or only by bytes.
    pub indexed: bool,
    /// Its bytes.
    pub content: ResourceContent,
}

/// The content of a resource.
#[derive(Clone, Debug)]
pub enum ResourceContent {
    /// All bytes of the original.
    Original(Splice),
    /// A cut, and the fragment that it really contains.
    Cut(Box<MediaPart>, Fragment),
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
            Status::Refused(_) => (sendable(original.content_type.as_deref()), false),
        };
        let content = ResourceContent::Original(body);
        Self { etag: original.etag.clone(), modified: original.modified, mime, indexed, content }
    }

    /// Its bytes.
    #[must_use]
    pub const fn body(&self) -> &Splice {
        match &self.content {
            ResourceContent::Original(body) => body,
            ResourceContent::Cut(part, _) => &part.file.splice,
        }
    }

    /// The fragment that a cut really contains. `None` for the original.
    #[must_use]
    pub const fn fragment(&self) -> Option<&Fragment> {
        match &self.content {
            ResourceContent::Original(_) => None,
            ResourceContent::Cut(_, fragment) => Some(fragment),
        }
    }

    /// A cut of it, with the validator from [`tag`].
    #[must_use]
    pub fn cut(head: &Head, outline: &Outline, part: Box<MediaPart>, tag: String) -> Self {
        let end = part.given.end().min(outline.duration);
        let given = Interval::new(part.given.start(), end).unwrap_or(part.given);
        let places = part.tracks.as_deref().unwrap_or_default();
        let label = |track: &Track| track.name.clone().unwrap_or_else(|| track.id.to_string());
        let tracks = places.iter().filter_map(|place| outline.tracks.get(*place)).map(label).collect();
        let tracks = brief(tracks, outline, places);
        let fragment = Fragment { time: Some(given.into()), tracks, ..Fragment::default() };
        Self {
            etag: tag,
            modified: head.original.modified,
            mime: part.mime.clone(),
            indexed: true,
            content: ResourceContent::Cut(part, fragment),
        }
    }
}

/// The media type of a stored object, which may be any text, or [`UNKNOWN`] if it is invalid.
fn sendable(stored: Option<&str>) -> String {
    let parsed = stored.and_then(|text| MediaType::parse(text).ok());
    parsed.map_or_else(|| UNKNOWN.to_owned(), |media_type| media_type.as_str().to_owned())
}

/// The names of the tracks at these positions for a header field: these names, unless they are too long for gateways;
/// else their numbers, as many as fit.
#[must_use]
pub fn brief(names: Vec<String>, outline: &Outline, places: &[usize]) -> Vec<String> {
    // Percent-encoding at most triples the length.
    if names.iter().map(|name| 3 * name.len()).sum::<usize>() <= MOST_OF_A_FIELD {
        return names;
    }
    let numbers = places.iter().filter_map(|place| Some(outline.tracks.get(*place)?.id.to_string()));
    let mut length = 0;
    numbers
        .take_while(|number| {
            length += number.len() + "&track=".len();
            length <= MOST_OF_A_FIELD
        })
        .collect()
}

/// The validator of a cut, known before the cut is made: a digest of everything that its bytes depend on. That is the
/// original, how it is indexed and written, and the request, where an end after the original's end counts as none.
#[must_use]
pub fn tag(head: &Head, outline: &Outline, meaning: &Meaning) -> String {
    tag_by(container::format_of(outline), head, outline, meaning)
}

/// The validator of a cut that this format writes. `None`: no format of this program writes it.
fn tag_by(format: Option<&dyn Format>, head: &Head, outline: &Outline, meaning: &Meaning) -> String {
    let writer = format.map_or(0, Format::writer);
    let time = match meaning.when {
        When::During(time) => time,
        When::Always | When::Never => Interval::ALL,
    };
    let end = if time.end() < outline.duration { time.end() } else { Time::MAX };
    let mut numbers = vec![u64::from(outline.format), u64::from(writer)];
    numbers.extend([time.start(), end].map(|instant| instant.0.cast_unsigned()));
    numbers.extend(meaning.tracks.iter().flatten().map(|place| *place as u64));
    let numbers: Vec<_> = numbers.into_iter().map(u64::to_be_bytes).collect();
    etag::strong(std::iter::once(head.original.etag.as_bytes()).chain(numbers.iter().map(<[u8; 8]>::as_slice)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use reelspan_engine::codec::DecoderConfiguration;
    use reelspan_engine::container::{Error, Extents, IndexFuture, Indexing, Selection, Unavailable, Written};
    use reelspan_engine::index::{Container, FORMAT, Original};
    use reelspan_engine::media::{Kind, Setup, Timescale, Track};

    use super::*;

    fn seconds(start: i64, end: i64) -> Option<Interval> {
        Interval::new(Time::from_secs(start), Time::from_secs(end))
    }

    fn track(id: u64, name: Option<&str>) -> Track {
        Track {
            name: name.map(str::to_owned),
            ..Track::new(id, Kind::Audio, "opus".to_owned(), Timescale::per_second(48_000).unwrap(), Setup::At(0..0))
        }
    }

    fn outline() -> Outline {
        Outline {
            container: Container::named("matroska"),
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
            segments: None,
            format: FORMAT,
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
        assert_eq!((indexed.mime.as_str(), indexed.body().len(), indexed.indexed), ("video/webm", 4_055_466, true));
        let refused = Resource::original(&head("\"a\"", Status::Refused("no media".to_owned())));
        assert_eq!((refused.mime.as_str(), refused.body().len(), refused.indexed), ("text/plain", 4_055_466, false));
        for (stored, mime) in [(Some("text/plain, text/html"), UNKNOWN), (Some("a\nb/c"), UNKNOWN), (None, UNKNOWN)] {
            let mut head = head("\"a\"", Status::Refused("no media".to_owned()));
            head.original.content_type = stored.map(str::to_owned);
            assert_eq!(Resource::original(&head).mime, mime, "{stored:?}");
        }
    }

    #[test]
    fn a_cut_says_what_it_really_holds() {
        let outline = outline();
        for (time, tracks, text) in [
            (seconds(20, 35), None, "t=npt:20,35"),
            (seconds(20, 35), Some(vec![0, 1]), "t=npt:20,35&track=1&track=Commentary%20%26%20more"),
            (Interval::new(Time::from_secs(30), Time::MAX), Some(vec![0, 9]), "t=npt:30,38.3&track=1"),
        ] {
            let file = Written { splice: Splice::new(), setup: 0..0, elements: Extents::default() };
            let (mime, given) = ("audio/webm".to_owned(), time.unwrap());
            let part = MediaPart { file, mime, given, tracks, selected: Vec::new() };
            let head = head("\"a\"", Status::Indexed(outline.clone()));
            let cut = Resource::cut(&head, &outline, Box::new(part), "\"tag\"".to_owned());
            assert_eq!(cut.fragment().unwrap().to_string(), text);
            assert_eq!((cut.etag.as_str(), cut.mime.as_str(), cut.modified), ("\"tag\"", "audio/webm", 784_111_777));
        }
    }

    #[test]
    fn names_too_long_for_a_header_field_give_way_to_numbers() {
        let mut outline = outline();
        let name = |length| vec!["n".repeat(length)];
        assert_eq!(brief(name(666), &outline, &[0]), name(666));
        assert_eq!(brief(name(667), &outline, &[0, 1]), ["1", "2"]);
        outline.tracks = (0..9_000).map(|id| track(id, None)).collect();
        let places: Vec<_> = (0..9_000).collect();
        assert_eq!(brief(name(667), &outline, &places).last().map(String::as_str), Some("210"));
    }

    #[test]
    fn the_validator_of_a_cut_depends_on_all_that_its_bytes_depend_on() {
        let outline = outline();
        let tag = |etag: &str, time: Option<Interval>, tracks: &[usize]| {
            let when = time.map_or(When::Always, When::During);
            let tracks = (!tracks.is_empty()).then(|| tracks.to_vec());
            let meaning = Meaning { when, tracks, without: Vec::new() };
            tag(&head(etag, Status::Indexed(outline.clone())), &outline, &meaning)
        };
        let tags = [
            tag("\"a\"", seconds(20, 35), &[]),
            tag("\"b\"", seconds(20, 35), &[]),
            tag("\"a\"", seconds(21, 35), &[]),
            tag("\"a\"", seconds(20, 34), &[]),
            tag("\"a\"", seconds(20, 35), &[0]),
            tag("\"a\"", seconds(20, 35), &[0, 1]),
            tag("\"a\"", seconds(20, 60), &[]),
            tag("\"a\"", None, &[0]),
        ];
        for (at, tag) in tags.iter().enumerate() {
            assert_eq!(tags.iter().position(|other| other == tag), Some(at));
        }
        assert_eq!(
            tag("\"a\"", seconds(20, 60), &[]),
            tag("\"a\"", Interval::new(Time::from_secs(20), Time::MAX), &[])
        );
    }

    /// A format of this name, whose writer has this version.
    struct WriterVersion(&'static [Container], u32);

    impl Format for WriterVersion {
        fn containers(&self) -> &'static [Container] {
            self.0
        }

        fn writer(&self) -> u32 {
            self.1
        }

        fn recognises(&self, _: &[u8]) -> bool {
            false
        }

        fn index<'a>(&self, _: Indexing<'a>) -> IndexFuture<'a> {
            Box::pin(async { Err(Error::Unknown) })
        }

        fn write(&self, _: &Outline, _: &Selection) -> Result<Written, Error> {
            Err(Error::Unknown)
        }

        fn configuration(&self, _: &Outline, _: &Track) -> Result<DecoderConfiguration, Unavailable> {
            Err(Unavailable::Scattered { container: "none" })
        }
    }

    #[test]
    fn a_new_version_of_a_writer_changes_the_validators_of_its_format_alone() {
        const MATROSKA: &[Container] = &[Container::named("matroska")];
        const AVI: &[Container] = &[Container::named("avi")];
        let meaning =
            Meaning { when: When::During(seconds(20, 35).unwrap()), tracks: Some(vec![0]), without: Vec::new() };
        let tag = |formats: [WriterVersion; 2], container: &Container| {
            let outline = Outline { container: container.clone(), ..outline() };
            let format = formats.iter().find(|format| format.containers().contains(container)).unwrap();
            tag_by(Some(format), &head("\"a\"", Status::Indexed(outline.clone())), &outline, &meaning)
        };
        let before = || [WriterVersion(MATROSKA, 4), WriterVersion(AVI, 4)];
        let mended = || [WriterVersion(MATROSKA, 4), WriterVersion(AVI, 5)];
        assert_eq!(tag(mended(), &MATROSKA[0]), tag(before(), &MATROSKA[0]));
        assert_ne!(tag(mended(), &AVI[0]), tag(before(), &AVI[0]));
    }

    #[test]
    fn the_validator_of_a_cut_has_the_version_of_its_format() {
        let meaning = Meaning { when: When::Always, tracks: Some(vec![0]), without: Vec::new() };
        for container in container::FORMATS.iter().flat_map(|format| format.containers()) {
            let outline = Outline { container: container.clone(), ..outline() };
            let head = head("\"a\"", Status::Indexed(outline.clone()));
            let writer = container::format_of(&outline).unwrap().writer();
            let by = |version| tag_by(Some(&WriterVersion(&[], version)), &head, &outline, &meaning);
            assert_eq!(tag(&head, &outline, &meaning), by(writer), "{container:?}");
            assert_ne!(tag(&head, &outline, &meaning), by(writer + 1), "{container:?}");
        }
    }
}
