//! The routes, and the way of a request through them.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures::TryStreamExt;
use http::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, ETAG, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE, LAST_MODIFIED, LOCATION, RANGE, RETRY_AFTER,
};
use http::{HeaderName, Method, StatusCode};
use reelspan::http::conditional::Verdict;
use reelspan::http::range::Asked as Range;
use reelspan::index::{Outline, Status};
use reelspan::resolve::{self, Ask, Cover, Cut};
use reelspan::store::Found;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{Any, CorsLayer};

use crate::answer::{self, Answer, CONTENT_RANGE_MAPPING, Extent, X_MEDIA_FRAGMENT};
use crate::request::{Request, of_time};
use crate::resource::{Resource, tag};
use crate::{Error, Fragments};

/// Which redirect a client takes instead of a part (W3C *Protocol for Media Fragments*).
const ACCEPT_RANGE_REDIRECT: HeaderName = HeaderName::from_static("accept-range-redirect");
/// The bytes that such a redirect is to.
const RANGE_REDIRECT: HeaderName = HeaderName::from_static("range-redirect");

/// How long a browser may remember what it may send.
const PREFLIGHT: Duration = Duration::from_hours(24);

/// All routes.
pub fn table(fragments: Fragments) -> Router {
    Router::new()
        .route("/media/{space}/{*content}", get(media))
        .route("/health", get(health))
        .fallback(async || Error::NoRoute)
        .method_not_allowed_fallback(async || Error::Method)
        .layer(cors())
        .layer(CatchPanicLayer::custom(|_| Error::Internal("a handler panicked".to_owned()).into_response()))
        .with_state(Arc::new(fragments))
}

/// Pages of any origin may read media, and all that is said of them.
fn cors() -> CorsLayer {
    let conditions = [IF_MATCH, IF_NONE_MATCH, IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE, IF_RANGE];
    let allowed: Vec<_> = [RANGE, ACCEPT_RANGE_REDIRECT].into_iter().chain(conditions).collect();
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD, Method::OPTIONS])
        .allow_headers(allowed)
        .expose_headers([
            ACCEPT_RANGES,
            CONTENT_LENGTH,
            CONTENT_RANGE,
            CONTENT_RANGE_MAPPING,
            ETAG,
            LAST_MODIFIED,
            LOCATION,
            RANGE_REDIRECT,
            RETRY_AFTER,
            X_MEDIA_FRAGMENT,
        ])
        .max_age(PREFLIGHT)
        // The answers are the same for all origins.
        .vary([])
}

async fn health() -> StatusCode {
    StatusCode::NO_CONTENT
}

async fn media(State(fragments): State<Arc<Fragments>>, request: Request) -> Response {
    let response = match fragments.answer(&request).await {
        Ok(answer) => fragments.respond(&request, answer).await.into_response(),
        Err(error) => error.into_response(),
    };
    let length = response.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let bytes: Option<u64> = length.and_then(|length| length.parse().ok());
    tracing::info!(
        space = %request.media.space(),
        content = %request.media.content(),
        fragment = %request.fragment,
        range = request.range.as_ref().map(tracing::field::display),
        head = request.head,
        status = response.status().as_u16(),
        bytes,
        "media"
    );
    response
}

/// An answer, and the version of the object that its body is of.
struct Made {
    answer: Answer,
    etag: String,
}

impl Fragments {
    /// From the request to the answer, the media itself left alone: one look into the index.
    async fn answer(&self, request: &Request) -> Result<Made, Error> {
        let mut found = self.find(request).await?;
        let resource = match request.ask() {
            Some(ask) => match cut(&mut found, request, &ask).await? {
                Chosen::Resource(resource) => resource,
                Chosen::Known(answer) => return Ok(Made { answer, etag: found.head.original.etag }),
            },
            None => Resource::original(&found.head),
        };
        let answer = match request.conditions.judge(&resource.etag, resource.modified) {
            Verdict::NotModified => Answer::not_modified(&resource),
            Verdict::Failed => return Err(Error::Precondition),
            Verdict::Proceed => {
                let extent = extent(&mut found, request, &resource).await?;
                if request.head && extent == Extent::Whole {
                    // There is no body that could be too large.
                    Answer::new(&resource, &extent)
                } else {
                    answer::fit(&resource, extent, &self.delivery, &request.path_and_query())?
                }
            }
        };
        Ok(Made { answer, etag: found.head.original.etag })
    }

    /// The head, and the pages that will be needed in all likelihood, in one round trip.
    async fn find(&self, request: &Request) -> Result<Found, Error> {
        let media = request.media.to_string();
        // Without a fragment the head says it all: no cells.
        #[allow(clippy::reversed_empty_ranges, reason = "an empty range is meant")]
        let cells = request.ask().or_else(|| request.range_ask()).map_or(1..=0, |ask| resolve::guess(&ask));
        match self.stores.index.find(&media, cells).await? {
            Some(found) => Ok(found),
            // Its events are on their way, or there is nothing: the bucket knows.
            None => match self.stores.media.object(&media).await {
                Ok(_) => Err(Error::Indexing),
                Err(error) => Err(error.into()),
            },
        }
    }

    /// The answer with its body, which is read from S3 while it is sent.
    async fn respond(&self, request: &Request, made: Made) -> Result<Response, Error> {
        let Made { answer, etag } = made;
        let body = if answer.status == StatusCode::NOT_MODIFIED {
            // Of unknown length: a length of zero would be said of what the client has (RFC 9110 §8.6).
            Body::from_stream(futures::stream::empty::<Result<Bytes, Infallible>>())
        } else if request.head || answer.body.is_empty() {
            Body::empty()
        } else {
            let media = request.media.to_string();
            let stream = self.stores.media.body(&media, &etag, answer.body).await?;
            // Status and length have been sent: all that is left is to break off, and to say so here.
            Body::from_stream(stream.inspect_err(move |error| tracing::error!(media, %error, "the body breaks off")))
        };
        let mut response = Response::new(body);
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        Ok(response)
    }
}

/// What a fragment in the query comes to.
enum Chosen {
    /// This resource: a cut, or the original where the fragment means nothing for it.
    Resource(Resource),
    /// What the client has already.
    Known(Answer),
}

async fn cut(found: &mut Found, request: &Request, ask: &Ask) -> Result<Chosen, Error> {
    let outline = outline(&found.head.status)?;
    let tag = tag(&found.head, outline, ask);
    // The validator of a cut is given to cuts alone, so a client that has it need not wait for the cut to be made.
    if request.conditions.judge(&tag, found.head.original.modified) == Verdict::NotModified
        && request.conditions.names(&tag)
    {
        let resource = Resource { etag: tag, ..Resource::original(&found.head) };
        return Ok(Chosen::Known(Answer::not_modified(&resource)));
    }
    match resolve::cut(outline, &mut found.pages, ask).await? {
        Cut::Original => Ok(Chosen::Resource(Resource::original(&found.head))),
        Cut::Behind => Err(Error::Behind { duration: outline.duration }),
        Cut::Part(part) => Ok(Chosen::Resource(Resource::cut(&found.head, outline, part, tag))),
    }
}

/// Which part of the resource the request's `Range` is.
async fn extent(found: &mut Found, request: &Request, resource: &Resource) -> Result<Extent, Error> {
    let length = resource.body.len();
    let unsatisfiable = |why: &str| Error::Unsatisfiable { length, why: why.to_owned() };
    match &request.range {
        Some(_) if !request.conditions.range_applies(&resource.etag, resource.modified) => Ok(Extent::Whole),
        Some(Range::Bytes(ranges)) => {
            ranges.of(length).map(Extent::Bytes).map_err(|_| unsatisfiable("the range lies behind the end"))
        }
        Some(Range::Time(range)) if resource.cut.is_none() => {
            let outline = outline(&found.head.status)?;
            let interval = range.interval().map_err(|_| unsatisfiable("the range ends where or before it begins"))?;
            match resolve::cover(outline, &mut found.pages, &of_time(interval)).await? {
                Cover::Unsatisfiable(why) => Err(unsatisfiable(&why)),
                Cover::Ranges { ranges, .. } if ranges.is_empty() => {
                    Err(unsatisfiable("nothing is there at that time"))
                }
                Cover::Ranges { ranges, given } => Ok(Extent::Time { ranges, given, duration: outline.duration }),
            }
        }
        // Ranges in time of a cut have their place here.
        Some(Range::Time(_)) | None => Ok(Extent::Whole),
    }
}

fn outline(status: &Status) -> Result<&Outline, Error> {
    match status {
        Status::Indexed(outline) => Ok(outline),
        Status::Refused(why) => Err(Error::Refused(why.clone())),
    }
}

#[cfg(test)]
mod tests;
