//! What is derived from a content, below `{content}/~/`: the streams of HLS and DASH, and `about.json`. All of it is made from
//! the index at request time; [`reelspan_engine::package::name`] lists the names.

use std::ops::RangeInclusive;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::response::Response;
use http::Method;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use reelspan::cloudfront::verify::Refusal;
use reelspan::cloudfront::{self, Copy};
use reelspan::http::conditional::{Conditions, Verdict};
use reelspan::http::etag;
use reelspan::space::{ContentId, MediaKey, SpaceId};
use reelspan::store::{Admission, CaptionFile, Found};
use reelspan_engine::caption::{self, Caption, TRACK};
use reelspan_engine::container;
use reelspan_engine::fragment::range::Asked as Range;
use reelspan_engine::fragment::resolve::{self, Ask, Meaning};
use reelspan_engine::fragment::uri::{Fragment, Reason, Temporal};
use reelspan_engine::index::{FIRST_PART, Head, Outline, cell_at, part_at};
use reelspan_engine::media::splice::Splice;
use reelspan_engine::media::{Ticks, Time, Timescale};
use reelspan_engine::package::captions::{self as streamed, of_part};
use reelspan_engine::package::hls::{self, Addresses};
use reelspan_engine::package::name::{DERIVED, Item, Name, Resource as Named, TextItem};
use reelspan_engine::package::{self, Form, NEAR, NoStream, Presentation, dash, file};

use crate::admission::Shown;
use crate::answer::{self, Answer, Extent};
use crate::captions::Source;
use crate::resource::{Content, Resource};
use crate::serving::{Confirmation, Made, outline};
use crate::{Delivery, Error, Fragments, Viewers, about, captions};

/// The version of everything that writes streams. It increases with every change of the bytes of a segment, or of what a
/// playlist names.
const VERSION: u64 = 4;

/// The types of playlists and descriptions, which are sent compressed.
pub const TEXTS: [&str; 4] = [hls::MIME, dash::MIME, caption::MIME, "application/json"];

/// How many digits of a digest stand for the version of a content in the names of its segments: 48 bits.
const TOKEN: usize = 12;

/// A version of a segment never changes.
const IMMUTABLE: &str = "max-age=31536000, immutable";

/// The same, for one viewer alone.
const IMMUTABLE_TO_ONE: &str = "private, max-age=31536000, immutable";

/// A request for what is derived from a content.
#[derive(Debug)]
pub struct Request {
    /// The content.
    pub media: MediaKey,
    /// What of it.
    pub name: Name,
    shown: Shown,
    /// The query without the proof of access.
    query: Option<String>,
    /// The parameters of a signature in the query, for the URIs of playlists; an error if its copy is malformed. Never logged.
    signature: Result<Signature, Refusal>,
    range: Option<Range>,
    conditions: Conditions,
    head: bool,
}

/// The signature with which a playlist was requested, for the URIs in it: the queries of segments and of playlists, with their
/// question marks.
#[derive(Default)]
struct Signature {
    segments: String,
    playlists: String,
    /// The copy that they were read from.
    copy: Option<Copy>,
}

impl std::fmt::Debug for Signature {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("…")
    }
}

impl Request {
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
    fn takes_a_query(&self) -> bool {
        self.name.resource == Named::File
    }

    /// Whether the answer has bytes of the content.
    fn reads_media(&self) -> bool {
        let is_segment = |item| matches!(item, Item::Segment(_) | Item::KeyFrame(_) | Item::Packets(_));
        match self.name.resource {
            Named::File => !self.head,
            Named::Of { item, .. } => !self.head && is_segment(item),
            _ => false,
        }
    }

    /// The query without the proof of access.
    fn query(&self) -> &str {
        self.query.as_deref().unwrap_or_default()
    }

    /// The part that the name selects, or else the query.
    fn ask(&self) -> Ask {
        Ask::from(&Fragment::parse(self.name.fragment.as_deref().unwrap_or(self.query())))
    }

    /// The query of the addresses of captions: the part that its own query selects, and a signature.
    pub(crate) fn query_of_text(&self, signature: &str) -> String {
        let own = self.query.as_deref().filter(|_| self.name.fragment.is_none()).map(Fragment::parse);
        let own = own.map(|fragment| fragment.to_string()).unwrap_or_default();
        match (own.is_empty(), signature.strip_prefix('?')) {
            (true, _) => signature.to_owned(),
            (false, None) => format!("?{own}"),
            (false, Some(signature)) => format!("?{own}&{signature}"),
        }
    }

    /// The index pages and the parts of the segment table that this will probably need.
    fn guess(&self) -> [RangeInclusive<u32>; 2] {
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
            Named::Of { rendition, item, .. } => match item {
                Item::Segment(time) | Item::KeyFrame(time) | Item::Packets(time) | Item::Packed(time) => {
                    (rendition, time)
                }
                // The playlist of packets says how far the sync sample is before the part.
                Item::Playlist => return [part.map_or(nothing.clone(), near), nothing],
                Item::KeyFrames | Item::Header(_) => return none,
            },
            // Those of files beside the content need no page.
            Named::Text { name, item: TextItem::Segment(start), .. } if name.starts_with(TRACK) => {
                let start = Time(i64::try_from(*start).unwrap_or(i64::MAX).saturating_mul(1_000_000));
                let from = part.unwrap_or(Time::ZERO) + start;
                return [cell_at(from)..=cell_at(from + streamed::LASTS), nothing];
            }
            Named::Master => return [part.map_or(nothing.clone(), near), nothing],
            _ => return none,
        };
        // The name of a rendition ends with the ticks a second of its segments.
        let scale = rendition.rsplit('-').next().and_then(|ticks| ticks.parse().ok()).and_then(Timescale::per_second);
        let (Some(scale), Ok(ticks)) = (scale, i64::try_from(*time)) else { return none };
        let begins = match self.name.resource {
            // Packets have the times of the whole content.
            Named::Of { item: Item::Packets(_), .. } => Time::ZERO,
            _ => part.unwrap_or(Time::ZERO),
        };
        let from = begins + scale.time(Ticks(ticks));
        let pages = cell_at(from - BEFORE)..=cell_at(from + LASTS);
        let parts = FIRST_PART + part_at(from - NEAR)..=FIRST_PART + part_at(from + NEAR);
        [pages, parts]
    }
}

/// How far the samples of a segment may begin before its time, and how long it usually lasts at most.
const BEFORE: Time = Time(500_000_000);
const LASTS: Time = Time::from_secs(8);

impl<S: Send + Sync> FromRequestParts<S> for Request {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let path = parts.uri.path().strip_prefix("/media/").ok_or(Error::NoRoute)?;
        let (content, below) = Self::split(path).ok_or(Error::NoRoute)?;
        let (space, content) = content.split_once('/').ok_or(Error::NoRoute)?;
        let decode = |text: &str| percent_decode_str(text).decode_utf8().map(String::from).map_err(|_| Error::Path);
        let media = MediaKey::new(SpaceId::parse(&decode(space)?)?, ContentId::parse(&decode(content)?)?)?;
        let name = Name::parse(below).ok_or(Error::NoRoute)?;
        let (shown, query) = Shown::of(parts);
        let signature = Signature::of(parts.uri.query().unwrap_or_default());
        let range = parts.headers.get(http::header::RANGE).and_then(|value| value.to_str().ok());
        Ok(Self {
            media,
            name,
            shown,
            query,
            signature,
            range: range.and_then(Range::parse),
            conditions: Conditions::read(&parts.headers),
            head: parts.method == Method::HEAD,
        })
    }
}

impl Signature {
    /// Reads the signature of a query: CloudFront takes its own parameters away, so the address of a playlist has them a second
    /// time ([`cloudfront::copied`]).
    fn of(query: &str) -> Result<Self, Refusal> {
        if let Some(copy) = cloudfront::copied(query)? {
            let segments = format!("?{}", copy.parameters);
            return Ok(Self { playlists: format!("{segments}&{}", copy.parameter), segments, copy: Some(copy) });
        }
        let parameters = cloudfront::parameters(query);
        let segments = if parameters.is_empty() { parameters } else { format!("?{parameters}") };
        Ok(Self { playlists: segments.clone(), segments, copy: None })
    }
}

impl Fragments {
    /// The answer to a request for what is derived from a content.
    pub async fn derived(&self, request: &Request) -> Result<Response, Error> {
        let index = &self.stores.index;
        if request.reads_media()
            && let Some((admission, found)) = index.recent(&request.media)
            && let Ok(made) = self.derived_from(request, &admission, Some(found)).await
            && let Some(response) = self.confirmed(&request.media, made).await
        {
            return response;
        }
        let (admission, found) = if request.name.resource.names_captions() {
            index.find_with_captions(&self.spaces, &request.media, &request.guess()).await?
        } else {
            index.find_in_space(&self.spaces, &request.media, &request.guess()).await?
        };
        let made = self.derived_from(request, &admission, found).await?;
        self.send(&request.media, made, Confirmation::Version).await
    }

    async fn derived_from(
        &self,
        request: &Request,
        admission: &Admission,
        found: Option<Found>,
    ) -> Result<Made, Error> {
        let share = self.budget.share().await?;
        let admitted = self.admit(admission, &request.media, request.query.as_deref(), &request.shown)?;
        // An open space ignores signatures.
        let signature = match &request.signature {
            _ if !admitted.secure => &Signature::default(),
            Ok(signature) => signature,
            Err(refusal) => return Err((*refusal).into()),
        };
        if let Some(copy) = &signature.copy {
            self.admit_copy(admission, &request.media, request.query.as_deref(), &request.shown, copy)?;
        }
        let mut found = self.there(&request.media, found).await?;
        found.pages.hold(share);
        let head = Arc::clone(&found.head);
        let mut answer = self.derive(request, &mut found, signature, admitted.secure).await?;
        self.stores.index.remember(&request.media, &found);
        let mut share = found.pages.release();
        if let Some(share) = &mut share {
            share.shrink(if request.head { 0 } else { answer.body.memory() });
        }
        if request.head {
            answer.body = Splice::new();
        }
        Ok(Made::new(answer, head, share))
    }

    async fn derive(
        &self,
        request: &Request,
        found: &mut Found,
        Signature { segments, playlists, .. }: &Signature,
        is_secure: bool,
    ) -> Result<Answer, Error> {
        let Found { head, pages, captions: files } = found;
        let outline = outline(&head.status)?;
        let token = token(head, outline);
        let source = Source { media: &request.media, etag: &head.original.etag, outline, files };
        let captions = || captions::of(outline, &token, files);
        let addresses = Addresses { version: &token, query: segments, playlists };
        let mp4;
        let (mime, body, fixed) = match &request.name.resource {
            Named::About => {
                let captions = captions::list(&captions(), "");
                ("application/json", text(about::of(&request.media, outline, &captions)), false)
            }
            Named::ChapterList => ("application/json", text(about::chapters(outline)), false),
            Named::Chapters => {
                let within = part(request, outline)?.and_then(|meaning| meaning.interval(outline));
                (caption::MIME, text(caption::chapters(outline, within)), false)
            }
            Named::CaptionList | Named::Captions(_) | Named::Text { .. } => {
                self.texts(request, &source, pages, (captions(), addresses)).await?
            }
            Named::Master => {
                let presentation = captioned(request, outline, captions())?;
                let table = presentation.table(pages).await?;
                (hls::MIME, text(presentation.master(&table, addresses)), false)
            }
            Named::Manifest => {
                let presentation = captioned(request, outline, captions())?;
                if presentation.form() == Form::Packets {
                    return Err(package::Error::from(NoStream::OnlyHls).into());
                }
                let table = presentation.table(pages).await?;
                (dash::MIME, text(presentation.manifest(&table, addresses)), false)
            }
            Named::File => {
                let meaning = match part(request, outline)? {
                    Some(meaning) => meaning,
                    // What was signed as a part is not the whole.
                    None if is_secure => exactly(&Fragment::parse(request.query()), outline)?,
                    None => Meaning::of(&request.ask(), outline),
                };
                let file = file::file(outline, pages, &meaning).await?;
                let whole = || {
                    let mut whole = Splice::new();
                    whole.source(0..head.original.size);
                    whole
                };
                mp4 = file.mime;
                (mp4.as_str(), file.bytes.unwrap_or_else(whole), false)
            }
            Named::Of { version, .. } if *version != token => return Err(Error::OtherVersion),
            Named::Of { rendition, item, .. } => {
                let presentation = presentation(request, outline)?;
                let rendition = presentation.rendition(rendition)?;
                if !presentation.has(*item) {
                    return Err(Error::NoSegment);
                }
                let mime = match rendition.kind {
                    _ if presentation.form() == Form::Packets => "video/mp2t",
                    reelspan_engine::media::Kind::Video => "video/mp4",
                    _ => "audio/mp4",
                };
                match *item {
                    Item::Playlist => {
                        let table = presentation.table(pages).await?;
                        (hls::MIME, text(presentation.playlist(rendition, &table, addresses)), true)
                    }
                    Item::KeyFrames => {
                        let table = presentation.table(pages).await?;
                        (hls::MIME, text(presentation.key_frames(rendition, &table, addresses)), true)
                    }
                    Item::Header(number) => (mime, made(presentation.header(rendition, number)?), true),
                    Item::Segment(time) | Item::Packets(time) => {
                        (mime, presentation.segment(pages, rendition, time, false).await?, true)
                    }
                    Item::Packed(time) => {
                        ("audio/mpeg", presentation.packed_audio(pages, rendition, time).await?, true)
                    }
                    Item::KeyFrame(time) => (mime, presentation.segment(pages, rendition, time, true).await?, true),
                }
            }
        };
        let resource = Resource {
            etag: tag(head, files, request, &token, if request.takes_a_query() { request.query() } else { playlists }),
            modified: head.original.modified,
            mime: mime.to_owned(),
            indexed: false,
            content: Content::Original(body),
        };
        let answer = self.part(request, &resource)?;
        Ok(match (self.viewers, fixed) {
            (Viewers::CloudFront, false) => answer.kept(answer::FRESH_AT_EDGES),
            (Viewers::Direct, true) if is_secure => answer.kept(IMMUTABLE_TO_ONE),
            (Viewers::Direct, false) if is_secure => answer.kept(answer::FRESH_TO_ONE),
            (_, true) => answer.kept(IMMUTABLE),
            (Viewers::Direct, false) => answer,
        })
    }

    /// The part of a resource that the request's conditions and range select.
    fn part(&self, request: &Request, resource: &Resource) -> Result<Answer, Error> {
        match request.conditions.judge(&resource.etag, resource.modified) {
            Verdict::NotModified => return Ok(Answer::not_modified(resource)),
            Verdict::Failed => return Err(Error::Precondition),
            Verdict::Proceed => {}
        }
        let length = resource.body().len();
        let extent = match &request.range {
            Some(Range::Bytes(ranges)) if request.conditions.range_applies(&resource.etag, resource.modified) => {
                let behind = |_| Error::Unsatisfiable { length, why: "the range is after the end".to_owned() };
                Extent::Bytes(ranges.of(length).map_err(behind)?)
            }
            _ => Extent::Whole,
        };
        let delivery = if request.head { Delivery::Streamed } else { self.delivery };
        answer::fit(resource, extent, delivery, None)
    }
}

/// The streams of the content, or of the part that the request names.
pub(crate) fn presentation<'a>(request: &Request, outline: &'a Outline) -> Result<Presentation<'a>, Error> {
    match part(request, outline)? {
        None => Ok(Presentation::whole(outline).map_err(package::Error::from)?),
        Some(meaning) => Ok(Presentation::part(outline, &meaning)?),
    }
}

/// The same with those of these captions that it has.
fn captioned<'a>(request: &Request, outline: &'a Outline, all: Vec<Caption>) -> Result<Presentation<'a>, Error> {
    let captions = of_part(all, part(request, outline)?.as_ref());
    Ok(presentation(request, outline)?.with_captions(captions))
}

/// The part that the request names, or of captions its query; `None` for the whole content.
pub(crate) fn part(request: &Request, outline: &Outline) -> Result<Option<Meaning>, Error> {
    if let Some(text) = &request.name.fragment {
        // A name is not a query: a part that means nothing has no stream, rather than that of the whole.
        return exactly(&Fragment::parse(text), outline).map(Some);
    }
    if !request.name.resource.takes_query() {
        return Ok(None);
    }
    let mut fragment = Fragment::parse(request.query());
    // A query may have parameters for others.
    fragment.ignored.retain(|ignored| ignored.why != Reason::UnknownName);
    let is_whole = fragment.is_empty() && fragment.ignored.is_empty();
    if is_whole { Ok(None) } else { exactly(&fragment, outline).map(Some) }
}

/// What a fragment means, if all of it means something.
fn exactly(fragment: &Fragment, outline: &Outline) -> Result<Meaning, Error> {
    if let Some(ignored) = fragment.ignored.first() {
        return Err(Error::NoPart(ignored.why.to_string()));
    }
    let meaning = Meaning::of(&Ask::from(fragment), outline);
    if let Some(without) = meaning.without.first() {
        return Err(Error::NoPart(format!("{}: {}", without.dimension, without.why)));
    }
    Ok(meaning)
}

/// The version of a content and of what writes its segments, as their names have it.
fn token(head: &Head, outline: &Outline) -> String {
    let writer = container::format_of(outline).map_or(0, container::Format::writer);
    let numbers = [u64::from(outline.format), u64::from(writer), VERSION].map(u64::to_be_bytes);
    let parts = std::iter::once(head.original.etag.as_bytes()).chain(numbers.iter().map(<[u8; 8]>::as_slice));
    etag::strong(parts).trim_matches('"').chars().take(TOKEN).collect()
}

/// The validator of a derived resource: a digest of everything that its bytes depend on.
fn tag(head: &Head, files: &[CaptionFile], request: &Request, token: &str, query: &str) -> String {
    let name = format!("{:?}", request.name);
    let in_query = request.query.as_deref().filter(|_| request.name.resource.takes_query()).unwrap_or_default();
    let own = [head.original.etag.as_bytes(), token.as_bytes(), name.as_bytes(), in_query.as_bytes(), query.as_bytes()];
    let files: Vec<String> = files.iter().map(|file| format!("{} {}", file.file.file(""), file.etag)).collect();
    etag::strong(own.into_iter().chain(files.iter().map(String::as_bytes)))
}

pub(crate) fn text(text: String) -> Splice {
    made(text.into_bytes())
}

fn made(bytes: Vec<u8>) -> Splice {
    let mut splice = Splice::new();
    splice.made(bytes);
    splice
}
