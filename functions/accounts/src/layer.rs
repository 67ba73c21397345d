//! The layer around routes that a browser with a session calls.

use axum::extract::{Request, State};
use axum::middleware::{FromFnLayer, Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures::future::BoxFuture;
use http::header::{AUTHORIZATION, ORIGIN, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use reelspan::telemetry;
use reelspan::user::Identity;

use crate::answer::{CHALLENGE, Refusal};
use crate::{Sessions, cookie};

const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What [`layer`] gives, to be put around a router.
pub type Layer = FromFnLayer<Step, Sessions, (State<Sessions>, Request)>;

type Step = fn(State<Sessions>, Request, Next) -> BoxFuture<'static, Response>;

/// Puts the user of a session into a request that has no other credentials. It goes within the authorizer's layer.
///
/// A page's own requests get a 401 without `Basic`, so that the browser does not ask for a password itself.
pub fn layer(sessions: Sessions) -> Layer {
    from_fn_with_state(sessions, step)
}

fn step(State(sessions): State<Sessions>, mut request: Request, next: Next) -> BoxFuture<'static, Response> {
    Box::pin(async move {
        let fetched = is_fetched(request.headers());
        if let Some(token) = usable(&request) {
            match sessions.identity(token).await {
                Ok(Some(identity)) => {
                    telemetry::note(|notes| notes.user = Some(identity.name.clone()));
                    request.extensions_mut().insert(Some(identity));
                }
                Ok(None) => {}
                Err(error) => return Refusal::from(error).into_response(),
            }
        }
        let mut response = next.run(request).await;
        if fetched && response.status() == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
        }
        response
    })
}

/// The token of a request that may use its session: it has no other credentials, and a request that changes something says that
/// a browser sends it, and where from. Whether it comes from this server's own pages is judged around the routes.
fn usable(request: &Request) -> Option<&str> {
    let headers = request.headers();
    let known = request.extensions().get::<Option<Identity>>().is_some_and(Option::is_some);
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    let told = headers.contains_key(SEC_FETCH_SITE) || headers.contains_key(ORIGIN);
    if known || headers.contains_key(AUTHORIZATION) || !(reads || told) {
        return None;
    }
    cookie::token(headers)
}

/// Whether a script of a page sends the request, rather than a person who opens an address.
fn is_fetched(headers: &HeaderMap) -> bool {
    headers.get(SEC_FETCH_MODE).is_some_and(|mode| mode != "navigate")
}
