//! The processing of a request: from the index to the resource, from there to the requested part, and to the answer
//! with its body.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures::TryStreamExt;
use reelspan::budget::Share;
use reelspan::http::conditional::PreconditionResult;
use reelspan::space::MediaKey;
use reelspan::store::{Admission, Found};
use reelspan_engine::fragment::mapping::{Mapping, ResourceKind};
use reelspan_engine::fragment::range::{FragmentRange, RequestedRanges};
use reelspan_engine::fragment::resolve::{self, Ask, Cover, Cut, Meaning};
use reelspan_engine::fragment::uri::Reason;
use reelspan_engine::index::{Head, Outline, Status};
use reelspan_engine::media::splice::Splice;

use crate::admission::Admitted;
use crate::answer::{self, Answer, AnswerExtent, FRESH_AT_EDGES, FRESH_TO_ONE};
use crate::delivery::LARGEST;
use crate::request::MediaRequest;
use crate::resource::{Resource, ResourceContent, brief, tag};
use crate::{Delivery, Fragments, MediaError, Viewers};

/// An answer, and the version of the object that its body comes from.
pub struct VersionedAnswer {
    answer: Answer,
    head: Arc<Head>,
    /// The share of the memory budget that it holds until the answer is sent.
    share: Option<Share>,
}

impl VersionedAnswer {
    /// An answer whose body comes from the version of the object that this head describes.
    pub const fn new(answer: Answer, head: Arc<Head>, share: Option<Share>) -> Self {
        Self { answer, head, share }
    }
}

impl Fragments {
    /// The answer to a request for a stored content.
    pub async fn stored(&self, request: &MediaRequest) -> Result<Response, MediaError> {
        if let Some(response) = self.stored_recently(request).await {
            return response;
        }
        let mut made = self.answer(request).await?;
        if request.head && !made.answer.length_is_unknown() {
            made.answer.body = Splice::new();
        }
        self.send(&request.media, made, Confirmation::Version).await
    }

    /// The answer from what was looked up lately, if it has bytes of the content and S3 confirms that they are of this version.
    async fn stored_recently(&self, request: &MediaRequest) -> Option<Result<Response, MediaError>> {
        if request.head {
            return None;
        }
        let (admission, found) = self.stores.index.recent(&request.media)?;
        let share = if request.reads_pages() { Some(self.budget.share().await.ok()?) } else { None };
        let made = self.answer_from(request, &admission, Some(found), share).await.ok()?;
        self.confirmed(&request.media, made).await
    }

    /// Sends an answer that was made from what was looked up lately; `None` if the index has to be looked up after all: the object is
    /// another by now, or the answer has no bytes of it, so that nothing would tell.
    pub async fn confirmed(&self, media: &MediaKey, made: VersionedAnswer) -> Option<Result<Response, MediaError>> {
        if !made.answer.body.reads_source() {
            return None;
        }
        match self.send(media, made, Confirmation::VersionAndTime).await {
            Err(MediaError::Indexing) => {
                self.stores.index.forget(media);
                None
            }
            answered => Some(answered),
        }
    }

    /// The answer to a request, without reading the media: one lookup in the index.
    async fn answer(&self, request: &MediaRequest) -> Result<VersionedAnswer, MediaError> {
        // A request that reads no page takes little memory.
        let share = if request.reads_pages() { Some(self.budget.share().await?) } else { None };
        let (admission, found) =
            self.stores.index.find_in_space(&self.spaces, &request.media, &[request.guess()]).await?;
        self.answer_from(request, &admission, found, share).await
    }

    async fn answer_from(
        &self,
        request: &MediaRequest,
        admission: &Admission,
        found: Option<Found>,
        share: Option<Share>,
    ) -> Result<VersionedAnswer, MediaError> {
        let admitted = self.admit(admission, &request.media, request.query.as_deref(), &request.shown)?;
        let mut found = self.there(&request.media, found).await?;
        let head = Arc::clone(&found.head);
        if let (Delivery::Redirected, true, Some(url)) = (self.delivery, request.may_be_redirected, &admitted.url) {
            let answer = Answer::redirect(&request.with_query(url)).kept("no-store");
            return Ok(VersionedAnswer { answer, head, share: None });
        }
        if let Some(share) = share {
            found.pages.hold(share);
        }
        let answer = self.made(request, &mut found, &admitted).await?;
        self.stores.index.remember(&request.media, &found);
        let mut share = found.pages.release();
        if let Some(share) = &mut share {
            share.shrink(if request.head { 0 } else { answer.body.memory() });
        }
        let answer = match self.viewers {
            // It may cache what is secure, because it checks each signature itself.
            Viewers::CloudFront => answer.kept(FRESH_AT_EDGES),
            Viewers::Direct if admitted.secure => answer.kept(FRESH_TO_ONE),
            Viewers::Direct => answer,
        };
        Ok(VersionedAnswer { answer, head, share })
    }

    async fn made(&self, request: &MediaRequest, found: &mut Found, admitted: &Admitted) -> Result<Answer, MediaError> {
        if admitted.secure {
            nothing_is_ignored(request)?;
        }
        let meaning = match &request.ask {
            Some(ask) => Some(Meaning::of(ask, outline(&found.head.status)?)),
            None => None,
        };
        if let (true, Some(meaning)) = (admitted.secure, &meaning) {
            all_means_something(meaning)?;
        }
        let resource = match meaning {
            Some(meaning) => match cut(found, request, &meaning).await? {
                Chosen::Resource(resource) => resource,
                Chosen::Known(answer) => return Ok(answer),
            },
            None => Resource::original(&found.head),
        };
        Ok(match request.conditions.judge(&resource.etag, resource.modified) {
            PreconditionResult::NotModified => Answer::not_modified(&resource),
            PreconditionResult::Failed => return Err(MediaError::Precondition),
            PreconditionResult::Proceed => match extent(found, request, &resource).await? {
                AnswerExtent::Fragment(mapping) if request.redirect => {
                    Answer::to_bytes(&resource, &mapping, &request.path_and_query())
                }
                // There is no body that could be too large.
                AnswerExtent::Whole if request.head => Answer::new(&resource, &AnswerExtent::Whole),
                extent => {
                    // The streaming function is the one that others redirect to.
                    let url = admitted.url.as_ref().filter(|_| self.delivery.limit() == LARGEST);
                    let elsewhere = url.map(|url| request.with_query(url));
                    answer::fit(&resource, extent, self.delivery, elsewhere.as_deref())?
                }
            },
        })
    }

    /// The index entry of a content, if the content exists.
    pub async fn there(&self, media: &MediaKey, found: Option<Found>) -> Result<Found, MediaError> {
        match found {
            Some(found) => Ok(found),
            // Its events are on their way, or it does not exist: the bucket knows.
            None => match self.stores.media.object(media).await {
                Ok(_) => Err(MediaError::Indexing),
                Err(error) => Err(error.into()),
            },
        }
    }

    /// Sends an answer; its body is read from S3 meanwhile.
    pub async fn send(
        &self,
        media: &MediaKey,
        made: VersionedAnswer,
        confirmation: Confirmation,
    ) -> Result<Response, MediaError> {
        let VersionedAnswer { answer, head, share } = made;
        let mut handover = None;
        let body = if answer.length_is_unknown() {
            // An empty body would get a length of zero, which would be taken for that of the resource (RFC 9110 §8.6).
            Body::from_stream(futures::stream::empty::<Result<Bytes, Infallible>>())
        } else if answer.body.is_empty() {
            Body::empty()
        } else {
            let media = media.clone();
            let stored = (confirmation == Confirmation::VersionAndTime).then_some(head.original.modified);
            let body = self.stores.media.body(&media, &head.original.etag, stored, answer.body).await?;
            handover = body.handover();
            // Status and length have been sent: all that is left is to break off and to log it.
            Body::from_stream(body.into_stream().inspect_err(move |error| {
                let _held = &share;
                tracing::error!(%media, %error, "the body broke off");
            }))
        };
        let mut response = Response::new(body);
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        if let Some(handover) = handover {
            response.extensions_mut().insert(handover);
        }
        Ok(response)
    }
}

/// What S3 has to confirm before bytes of an object are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// That they are of the version that the index describes.
    Version,
    /// Also that the object was stored when the index says: its type and its properties are not others by now.
    VersionAndTime,
}

/// Checks that every dimension of a signed query is valid. In open spaces other dimensions are ignored, and the whole
/// file may remain. The holder of a signature for a part gets that part, or nothing, even if the file has been replaced
/// by one that has no such part.
fn nothing_is_ignored(request: &MediaRequest) -> Result<(), MediaError> {
    let mut ignored = request.fragment.ignored.iter();
    match ignored.find(|ignored| ignored.why != Reason::UnknownName) {
        Some(ignored) => Err(MediaError::NoPart(ignored.why.to_string())),
        None => Ok(()),
    }
}

/// Checks that every dimension of a signed query means something for the file, for the same reason.
fn all_means_something(meaning: &Meaning) -> Result<(), MediaError> {
    match meaning.without.first() {
        Some(without) => Err(MediaError::NoPart(format!("{}: {}", without.dimension, without.why))),
        None => Ok(()),
    }
}

/// The result of a fragment in the query.
enum Chosen {
    /// This resource: a cut, or the original if the fragment means nothing for it.
    Resource(Resource),
    /// The answer that the client already has it.
    Known(Answer),
}

async fn cut(found: &mut Found, request: &MediaRequest, meaning: &Meaning) -> Result<Chosen, MediaError> {
    let outline = outline(&found.head.status)?;
    if meaning.is_all() {
        return Ok(Chosen::Resource(Resource::original(&found.head)));
    }
    let tag = tag(&found.head, outline, meaning);
    // The head suffices for the conditions: no page is read for a client that already has the cut.
    if let Some(mime) = resolve::mime(outline, meaning) {
        match request.conditions.judge(&tag, found.head.original.modified) {
            PreconditionResult::NotModified => {
                let resource = Resource { etag: tag, mime, ..Resource::original(&found.head) };
                return Ok(Chosen::Known(Answer::not_modified(&resource)));
            }
            PreconditionResult::Failed => return Err(MediaError::Precondition),
            PreconditionResult::Proceed if request.head && is_long(outline, meaning) => {
                let resource = Resource { etag: tag, mime, ..Resource::original(&found.head) };
                return Ok(Chosen::Known(Answer::without_length(&resource)));
            }
            PreconditionResult::Proceed => {}
        }
    }
    match resolve::cut(outline, &mut found.pages, meaning).await? {
        Cut::Original => Ok(Chosen::Resource(Resource::original(&found.head))),
        Cut::Outside => Err(MediaError::Outside { duration: outline.duration }),
        Cut::Part(part) => Ok(Chosen::Resource(Resource::cut(&found.head, outline, part, tag))),
    }
}

/// Whether an answer of this meaning reads more pages than a HEAD may cost. Such a HEAD is answered from the head of the index
/// alone: the length of a cut is left out (RFC 9110 §9.3.2), and a media fragment in `Range`, which is defined for GET alone
/// (§14.2), is ignored.
fn is_long(outline: &Outline, meaning: &Meaning) -> bool {
    resolve::pages(outline, meaning) > resolve::AT_ONCE
}

/// The part of the resource that the request's `Range` selects.
async fn extent(found: &mut Found, request: &MediaRequest, resource: &Resource) -> Result<AnswerExtent, MediaError> {
    let length = resource.body().len();
    match &request.range {
        Some(_) if !request.conditions.range_applies(&resource.etag, resource.modified) => Ok(AnswerExtent::Whole),
        Some(RequestedRanges::Bytes(ranges)) => {
            let behind = |_| MediaError::Unsatisfiable { length, why: "the range is after the end".to_owned() };
            ranges.of(length).map(AnswerExtent::Bytes).map_err(behind)
        }
        Some(RequestedRanges::Fragment(range)) if request.head && reaches_far(found, range) => Ok(AnswerExtent::Whole),
        Some(RequestedRanges::Fragment(range)) => fragment(found, range, resource).await,
        None => Ok(AnswerExtent::Whole),
    }
}

/// Whether a media fragment in a `Range` is [long](is_long).
fn reaches_far(found: &Found, range: &FragmentRange) -> bool {
    outline(&found.head.status).is_ok_and(|outline| is_long(outline, &Meaning::of(&Ask::from(range), outline)))
}

/// The part of the resource that a media fragment in a `Range` selects. One that means nothing for the file, such as
/// the time of day if it is unknown, is ignored.
pub async fn fragment(
    found: &mut Found,
    range: &FragmentRange,
    resource: &Resource,
) -> Result<AnswerExtent, MediaError> {
    let original = outline(&found.head.status)?;
    let inner = match &resource.content {
        ResourceContent::Original(_) => None,
        ResourceContent::Cut(part, _) => Some(part.index(original).await?),
    };
    let outline = inner.as_ref().map_or(original, |(outline, _)| outline);
    let meaning = Meaning::of(&Ask::from(range), outline);
    let length = resource.body().len();
    let (fragment, given) = if meaning.is_all() && meaning.means_all_it_names() {
        if !range.include_setup {
            return Ok(AnswerExtent::Whole);
        }
        (Vec::new(), None)
    } else {
        let cover = match (&resource.content, &inner) {
            (ResourceContent::Cut(part, _), Some((_, pages))) => part.cover(outline, pages, &meaning).await?,
            _ => resolve::cover(outline, &mut found.pages, &meaning).await?,
        };
        match cover {
            Cover::Ranges { ranges, given } => (ranges, Some(given)),
            Cover::Unsatisfiable(why) => return Err(MediaError::Unsatisfiable { length, why }),
        }
    };
    let ranges = if range.include_setup { resolve::setup(outline, fragment) } else { fragment };
    if ranges.is_empty() {
        return Err(MediaError::Unsatisfiable { length, why: "these bytes do not exist".to_owned() });
    }
    let tracks = meaning.named(&range.tracks).map(str::to_owned).collect();
    let tracks = brief(tracks, outline, meaning.tracks.as_deref().unwrap_or_default());
    Ok(AnswerExtent::Fragment(Mapping {
        unit: resolve::unit(range.time.as_ref(), outline),
        given,
        of: if inner.is_some() { ResourceKind::Cut } else { ResourceKind::Original },
        duration: outline.duration,
        tracks,
        id: range.id.clone(),
        include_setup: range.include_setup,
        ranges,
        length,
    }))
}

pub fn outline(status: &Status) -> Result<&Outline, MediaError> {
    match status {
        Status::Indexed(outline) => Ok(outline),
        Status::Refused(why) => Err(MediaError::Refused(why.clone())),
    }
}
