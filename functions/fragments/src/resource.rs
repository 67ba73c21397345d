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
    let parts = parts.chain(numbers.iter().map(Vec::as_slice)).chain(ask.tracks.iter().map(|track| track.as_bytes()));
    etag::strong(parts)
}
