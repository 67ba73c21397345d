//! Requests for what is derived from a content.

use std::ops::RangeInclusive;

use axum::extract::FromRequestParts;
use http::Method;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use reelspan::cloudfront::verify::SignatureRefusal;
use reelspan::cloudfront::{self, Copy};
use reelspan::http::conditional::Preconditions;
use reelspan::space::{ContentId, MediaKey, SpaceId};
use reelspan_engine::caption::TRACK;
use reelspan_engine::fragment::range::RequestedRanges;
use reelspan_engine::fragment::resolve::{self, Ask};
use reelspan_engine::fragment::uri::{Fragment, Temporal};
use reelspan_engine::index::{FIRST_PART, cell_at, part_at};
use reelspan_engine::media::{Ticks, Time, Timescale};
use reelspan_engine::package::captions as streamed;
use reelspan_engine::package::name::{DERIVED, DerivedName, DerivedResource, RenditionItem, TextItem};
use reelspan_engine::package::{NEAR, NEXT};

use crate::MediaError;
use crate::admission::AccessProof;

/// A request for what is derived from a content.
#[derive(Debug)]
pub struct DerivedRequest {
    /// The content.
    pub media: MediaKey,
    /// What of it.
    pub name: DerivedName,
    pub(super) shown: AccessProof,
    /// The query without the proof of access.
    pub(super) query: Option<String>,
    /// The parameters of a signature in the query, for the URIs of playlists; an error if its copy is malformed. Never logged.
    pub(super) signature: Result<Signature, SignatureRefusal>,
    pub(super) range: Option<RequestedRanges>,
    pub(super) conditions: Preconditions,
    pub(super) head: bool,
}

/// The signature with which a playlist was requested, for the URIs in it: the queries of segments and of playlists, with their
/// question marks.
#[derive(Clone, Default)]
pub(super) struct Signature {
    pub segments: String,
    pub playlists: String,
    /// The copy that they were read from.
    pub copy: Option<Copy>,
}

impl std::fmt::Debug for Signature {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("…")
    }
}

impl DerivedRequest {
    /// The content's path and what stands below its `~`, as they are written, if there is a path segment `~`.
    pub fn split(path: &str) -> Option<(&str, &str)> {
        let mut at = 0;
        for segment in path.split('/') {
            let end = at + segment.len();
            if segment == DERIVED || segment.eq_ignore_ascii_case("%7e") {
                return Some((path.get(..at.checked_sub(1)?)?, path.get(end + 1..).unwrap_or_default()));
            }
            at = end + 1;
        }
        None
    }

    /// Whether the query may select a part, as that of the content itself.
    pub(super) fn takes_a_query(&self) -> bool {
        self.name.resource == DerivedResource::File
    }

    /// Whether the answer has bytes of the content.
    pub(super) fn reads_media(&self) -> bool {
        match self.name.resource {
            DerivedResource::Of {
                item: RenditionItem::Playlist | RenditionItem::KeyFrames | RenditionItem::Header(_),
                ..
            } => false,
            DerivedResource::File | DerivedResource::Of { .. } => !self.head,
            _ => false,
        }
    }

    /// The query without the proof of access.
    pub(super) fn query(&self) -> &str {
        self.query.as_deref().unwrap_or_default()
    }

    /// The part that the name selects, or else the query.
    pub(super) fn ask(&self) -> Ask {
        Ask::from(&Fragment::parse(self.name.fragment.as_deref().unwrap_or(self.query())))
    }

    /// The query of the addresses of captions: the part that its own query selects, and a signature.
    pub fn query_of_text(&self, signature: &str) -> String {
        let own = self.query.as_deref().filter(|_| self.name.fragment.is_none()).map(Fragment::parse);
        let own = own.map(|fragment| fragment.to_string()).unwrap_or_default();
        match (own.is_empty(), signature.strip_prefix('?')) {
            (true, _) => signature.to_owned(),
            (false, None) => format!("?{own}"),
            (false, Some(signature)) => format!("?{own}&{signature}"),
        }
    }

    /// The index pages and the parts of the segment table that this will probably need.
    pub(super) fn guess(&self) -> [RangeInclusive<u32>; 2] {
        let nothing = RangeInclusive::new(1, 0);
        let none = [nothing.clone(), nothing.clone()];
        // Conditions need the head alone.
        if self.conditions.exist() {
            return none;
        }
        if self.takes_a_query() {
            return [resolve::guess(&self.ask()), nothing];
        }
        let fragment = self.name.fragment.as_deref().map(Fragment::parse).unwrap_or_default();
        let part = match fragment.time {
            Some(Temporal::Npt(stretch)) => Some(stretch.start.unwrap_or(Time::ZERO)),
            _ => None,
        };
        let near = |begins: Time| cell_at(begins - LASTS)..=cell_at(begins + BEFORE);
        let (rendition, time) = match &self.name.resource {
            DerivedResource::Of { rendition, item, .. } => match item {
                RenditionItem::Segment(time)
                | RenditionItem::KeyFrame(time)
                | RenditionItem::Packets(time)
                | RenditionItem::Packed(time) => (rendition, time),
                // The playlist of packets says how far the sync sample is before the part.
                RenditionItem::Playlist => return [part.map_or(nothing.clone(), near), nothing],
                RenditionItem::KeyFrames | RenditionItem::Header(_) => return none,
            },
            DerivedResource::Text { name, item: TextItem::Segment(start), .. } if name.starts_with(TRACK) => {
                let from = part.unwrap_or(Time::ZERO) + milliseconds(*start);
                return [cell_at(from)..=cell_at(from + streamed::LASTS), nothing];
            }
            // Beside a transport stream, the time stamp at the beginning of a segment is found by a page.
            DerivedResource::Text { item: TextItem::Segment(start), .. } => {
                let from = part.unwrap_or(Time::ZERO) + milliseconds(*start);
                return [cell_at(from - BEFORE)..=cell_at(from), nothing];
            }
            DerivedResource::Master | DerivedResource::Text { item: TextItem::Playlist, .. } => {
                return [part.map_or(nothing.clone(), near), nothing];
            }
            _ => return none,
        };
        // The name of a rendition ends with the ticks a second of its segments.
        let scale = rendition.rsplit('-').next().and_then(|ticks| ticks.parse().ok()).and_then(Timescale::per_second);
        let (Some(scale), Ok(ticks)) = (scale, i64::try_from(*time)) else { return none };
        let begins = match self.name.resource {
            // Packets have the times of the whole content.
            DerivedResource::Of { item: RenditionItem::Packets(_), .. } => Time::ZERO,
            _ => part.unwrap_or(Time::ZERO),
        };
        let from = begins + scale.time(Ticks(ticks));
        let pages = cell_at(from - BEFORE)..=cell_at(from + LASTS);
        let parts = FIRST_PART + part_at(from - NEAR)..=FIRST_PART + part_at(from + NEXT);
        [pages, parts]
    }
}

fn milliseconds(milliseconds: u64) -> Time {
    Time(i64::try_from(milliseconds).unwrap_or(i64::MAX).saturating_mul(1_000_000))
}

/// How far the samples of a segment may begin before its time, and how long it usually lasts at most.
const BEFORE: Time = Time(500_000_000);
const LASTS: Time = Time::from_secs(8);

impl<S: Send + Sync> FromRequestParts<S> for DerivedRequest {
    type Rejection = MediaError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, MediaError> {
        let path = parts.uri.path().strip_prefix("/media/").ok_or(MediaError::NoRoute)?;
        let (content, below) = Self::split(path).ok_or(MediaError::NoRoute)?;
        let (space, content) = content.split_once('/').ok_or(MediaError::NoRoute)?;
        let decode =
            |text: &str| percent_decode_str(text).decode_utf8().map(String::from).map_err(|_| MediaError::Path);
        let media = MediaKey::new(SpaceId::parse(&decode(space)?)?, ContentId::parse(&decode(content)?)?)?;
        let name = DerivedName::parse(below).ok_or(MediaError::NoRoute)?;
        let (shown, query) = AccessProof::of(parts);
        let signature = Signature::of(parts.uri.query().unwrap_or_default());
        let range = parts.headers.get(http::header::RANGE).and_then(|value| value.to_str().ok());
        Ok(Self {
            media,
            name,
            shown,
            query,
            signature,
            range: range.and_then(RequestedRanges::parse),
            conditions: Preconditions::read(&parts.headers),
            head: parts.method == Method::HEAD,
        })
    }
}

impl Signature {
    /// Reads the signature of a query: CloudFront takes its own parameters away, so the address of a playlist has them a second
    /// time ([`cloudfront::copied`]).
    fn of(query: &str) -> Result<Self, SignatureRefusal> {
        if let Some(copy) = cloudfront::copied(query)? {
            let segments = format!("?{}", copy.parameters);
            return Ok(Self { playlists: format!("{segments}&{}", copy.parameter), segments, copy: Some(copy) });
        }
        let parameters = cloudfront::parameters(query);
        let segments = if parameters.is_empty() { parameters } else { format!("?{parameters}") };
        Ok(Self { playlists: segments.clone(), segments, copy: None })
    }
}
