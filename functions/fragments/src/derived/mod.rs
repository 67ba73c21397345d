//! What is derived from a content, below `{content}/~/`: the streams of HLS and DASH, and `about.json`. All of it is made from
//! the index at request time; [`reelspan_engine::package::name`] lists the names.

mod ladder;
mod part;
mod request;

use std::borrow::Cow;
use std::sync::Arc;

use axum::response::Response;
use reelspan::budget::Share;
use reelspan::http::conditional::PreconditionResult;
use reelspan::http::etag;
use reelspan::store::{Admission, CaptionFile, Found, IndexReader};
use reelspan_engine::caption;
use reelspan_engine::container;
use reelspan_engine::fragment::range::RequestedRanges;
use reelspan_engine::fragment::resolve::Meaning;
use reelspan_engine::index::{Head, Outline};
use reelspan_engine::media::splice::Splice;
use reelspan_engine::package::hls::{self, Addresses};
use reelspan_engine::package::name::{DerivedResource, RenditionItem};
use reelspan_engine::package::{self, NoStream, SegmentForm, dash, file};

use self::part::{asked, captioned, exactly};
pub use self::part::{part, presentation};
pub use self::request::DerivedRequest;
use self::request::Signature;
use crate::admission::Admitted;
use crate::answer::{self, Answer, AnswerExtent};
use crate::captions::CaptionedContent;
use crate::resource::{Resource, ResourceContent};
use crate::serving::{Confirmation, VersionedAnswer, outline};
use crate::{Delivery, Fragments, MediaError, Viewers, about, captions};

/// The version of everything that writes streams. It increases with every change of the bytes of a segment, or of what a
/// playlist names.
const VERSION: u64 = 6;

/// The types of playlists and descriptions, which are sent compressed.
pub const TEXTS: [&str; 4] = [hls::MIME, dash::MIME, caption::MIME, "application/json"];

/// How many digits of a digest stand for the version of a content in the names of its segments: 48 bits.
const TOKEN: usize = 12;

/// A version of a segment never changes.
const IMMUTABLE: &str = "max-age=31536000, immutable";

/// The same, for one viewer alone.
const IMMUTABLE_TO_ONE: &str = "private, max-age=31536000, immutable";

/// How many more pages are read with those of a segment, of ten seconds each: a viewer who goes on asks for them soon.
const AHEAD: u32 = 6;

impl Fragments {
    /// The answer to a request for what is derived from a content.
    pub async fn derived(&self, request: &DerivedRequest) -> Result<Response, MediaError> {
        if let Some(wanted) = &request.name.variant {
            return self.of_variant(request, wanted).await;
        }
        let index = &self.stores.index;
        if request.reads_media()
            && let Some((admission, mut found)) = index.recent(&request.media)
            && let () = found.pages.read_ahead(AHEAD)
            && let Ok(made) = self.derived_from(request, &admission, Some(found), self.budget.share().await?).await
            && let Some(response) = self.confirmed(&request.media, made).await
        {
            return response;
        }
        // Before the look-up, which brings pages.
        let share = self.budget.share().await?;
        let (admission, found) = if request.name.resource.names_others() {
            index.find_with_others(&self.spaces, &request.media, &request.guess()).await?
        } else {
            index.find_in_space(&self.spaces, &request.media, &request.guess()).await?
        };
        let made = self.derived_from(request, &admission, found, share).await?;
        self.send(&request.media, made, Confirmation::Version).await
    }

    async fn derived_from(
        &self,
        request: &DerivedRequest,
        admission: &Admission,
        found: Option<Found>,
        share: Share,
    ) -> Result<VersionedAnswer, MediaError> {
        let (admitted, signature) = self.admit_derived(request, admission)?;
        let mut found = self.there(&request.media, found).await?;
        found.pages.hold(share);
        let head = Arc::clone(&found.head);
        let mut answer = self.derive(request, &mut found, &signature, admitted.secure).await?;
        self.stores.index.remember(&request.media, &found);
        let mut share = found.pages.release();
        if let Some(share) = &mut share {
            share.shrink(if request.head { 0 } else { answer.body.memory() });
        }
        if request.head {
            answer.body = Splice::new();
        }
        Ok(VersionedAnswer::new(answer, head, share))
    }

    /// Checks that a request is allowed; also the signature for the URIs of playlists.
    fn admit_derived<'a>(
        &self,
        request: &'a DerivedRequest,
        admission: &Admission,
    ) -> Result<(Admitted, Cow<'a, Signature>), MediaError> {
        let admitted = self.admit(admission, &request.media, request.query.as_deref(), &request.shown)?;
        // An open space ignores signatures.
        let signature = match &request.signature {
            _ if !admitted.secure => Cow::Owned(Signature::default()),
            Ok(signature) => Cow::Borrowed(signature),
            Err(refusal) => return Err((*refusal).into()),
        };
        if let Some(copy) = &signature.copy {
            self.admit_copy(admission, &request.media, request.query.as_deref(), &request.shown, copy)?;
        }
        Ok((admitted, signature))
    }

    async fn derive(
        &self,
        request: &DerivedRequest,
        found: &mut Found,
        Signature { segments, playlists, .. }: &Signature,
        is_secure: bool,
    ) -> Result<Answer, MediaError> {
        let ladder = self.ladder(request, found).await?;
        let Found { head, pages, captions: files, .. } = found;
        let outline = outline(&head.status)?;
        let token = token(head, outline);
        let source = CaptionedContent { media: &request.media, etag: &head.original.etag, outline, files };
        let captions = || captions::of(outline, &token, files);
        let addresses = Addresses { version: &token, query: segments, playlists };
        let mp4;
        let (mime, body, fixed) = match &request.name.resource {
            DerivedResource::About => {
                let captions = captions::list(&captions(), "");
                let renditions = ladder.describe(request, outline, pages).await?;
                ("application/json", text(about::of(&request.media, outline, &captions, &renditions)), false)
            }
            DerivedResource::ChapterList => ("application/json", text(about::chapters(outline)), false),
            DerivedResource::Chapters => {
                let within = part(request, outline)?.and_then(|meaning| meaning.interval(outline));
                (caption::MIME, text(caption::chapters(outline, within)), false)
            }
            DerivedResource::CaptionList | DerivedResource::Captions(_) | DerivedResource::Text { .. } => {
                self.texts(request, &source, pages, (captions(), addresses)).await?
            }
            DerivedResource::Master => {
                let presentation = captioned(request, outline, captions())?;
                let table = presentation.table(pages).await?;
                let (further, missing) = ladder.variants(request, (&presentation, &table));
                (hls::MIME, text(presentation.master_with((&further, &missing), &table, addresses)), false)
            }
            DerivedResource::Manifest => {
                let presentation = captioned(request, outline, captions())?;
                if presentation.form() == SegmentForm::Packets {
                    return Err(package::PackageError::from(NoStream::OnlyHls).into());
                }
                let table = presentation.table(pages).await?;
                let (further, missing) = ladder.variants(request, (&presentation, &table));
                (dash::MIME, text(presentation.manifest_with((&further, &missing), &table, addresses)), false)
            }
            DerivedResource::File => {
                let meaning = match part(request, outline)? {
                    Some(meaning) => meaning,
                    // What was signed as a part is not the whole.
                    None if is_secure => exactly(&asked(request), outline)?,
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
            DerivedResource::Of { version, .. } if *version != token => return Err(MediaError::OtherVersion),
            DerivedResource::Of { rendition, item, .. } => {
                of_rendition((request, rendition, *item), outline, pages, addresses).await?
            }
        };
        let resource = Resource {
            etag: tag(
                head,
                files,
                request,
                &(token + &ladder.token()),
                if request.takes_a_query() { request.query() } else { playlists },
            ),
            modified: head.original.modified,
            mime: mime.to_owned(),
            indexed: false,
            content: ResourceContent::Original(body),
        };
        let answer = self.part(request, &resource)?;
        Ok(match (self.viewers, fixed) {
            // The edges do not know which other contents it depends on.
            (Viewers::CloudFront, false) if ladder.has_variants() => answer,
            (Viewers::CloudFront, false) => answer.kept(answer::FRESH_AT_EDGES),
            (Viewers::Direct, true) if is_secure => answer.kept(IMMUTABLE_TO_ONE),
            (Viewers::Direct, false) if is_secure => answer.kept(answer::FRESH_TO_ONE),
            (_, true) => answer.kept(IMMUTABLE),
            (Viewers::Direct, false) => answer,
        })
    }

    /// The part of a resource that the request's conditions and range select.
    fn part(&self, request: &DerivedRequest, resource: &Resource) -> Result<Answer, MediaError> {
        match request.conditions.judge(&resource.etag, resource.modified) {
            PreconditionResult::NotModified => return Ok(Answer::not_modified(resource)),
            PreconditionResult::Failed => return Err(MediaError::Precondition),
            PreconditionResult::Proceed => {}
        }
        let length = resource.body().len();
        let extent = match &request.range {
            Some(RequestedRanges::Bytes(ranges))
                if request.conditions.range_applies(&resource.etag, resource.modified) =>
            {
                let behind = |_| MediaError::Unsatisfiable { length, why: "the range is after the end".to_owned() };
                AnswerExtent::Bytes(ranges.of(length).map_err(behind)?)
            }
            _ => AnswerExtent::Whole,
        };
        let delivery = if request.head { Delivery::Streamed } else { self.delivery };
        answer::fit(resource, extent, delivery, None)
    }
}

/// The type and the bytes of what belongs to a rendition, and whether its name has a version.
async fn of_rendition(
    (request, rendition, item): (&DerivedRequest, &str, RenditionItem),
    outline: &Outline,
    pages: &mut IndexReader,
    addresses: Addresses<'_>,
) -> Result<(&'static str, Splice, bool), MediaError> {
    let presentation = presentation(request, outline)?;
    let rendition = presentation.rendition(rendition)?;
    if !presentation.has(item) {
        return Err(MediaError::NoSegment);
    }
    let mime = match rendition.kind {
        _ if presentation.form() == SegmentForm::Packets => "video/mp2t",
        reelspan_engine::media::Kind::Video => "video/mp4",
        _ => "audio/mp4",
    };
    Ok(match item {
        RenditionItem::Playlist => {
            let table = presentation.table(pages).await?;
            (hls::MIME, text(presentation.playlist(rendition, &table, addresses)), true)
        }
        RenditionItem::KeyFrames => {
            let table = presentation.table(pages).await?;
            (hls::MIME, text(presentation.key_frames(rendition, &table, addresses)), true)
        }
        RenditionItem::Header(number) => (mime, made(presentation.header(rendition, number)?), true),
        RenditionItem::Segment(time) | RenditionItem::Packets(time) => {
            (mime, presentation.segment(pages, rendition, time, false).await?, true)
        }
        RenditionItem::Packed(time) => ("audio/mpeg", presentation.packed_audio(pages, rendition, time).await?, true),
        RenditionItem::KeyFrame(time) => (mime, presentation.segment(pages, rendition, time, true).await?, true),
    })
}

/// The version of a content and of what writes its segments, as their names have it.
fn token(head: &Head, outline: &Outline) -> String {
    let writer = container::format_of(outline).map_or(0, container::Format::writer);
    let numbers = [u64::from(outline.format), u64::from(writer), VERSION].map(u64::to_be_bytes);
    let parts = std::iter::once(head.original.etag.as_bytes()).chain(numbers.iter().map(<[u8; 8]>::as_slice));
    etag::strong(parts).trim_matches('"').chars().take(TOKEN).collect()
}

/// The validator of a derived resource: a digest of everything that its bytes depend on.
fn tag(head: &Head, files: &[CaptionFile], request: &DerivedRequest, token: &str, query: &str) -> String {
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
