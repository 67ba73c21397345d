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
use crate::sessions::{csrf_token, is_csrf_token};
use crate::{Sessions, cookie};

const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The field that has the session's token in requests that change something.
const CSRF: HeaderName = HeaderName::from_static("x-reelspan-csrf");
const UNPROVEN: &str = "the field X-Reelspan-CSRF does not have the token of this session, which GET /session says";

/// The token that requests of this session need if they change something. It is an extension of requests with a session.
#[derive(Clone, Debug)]
pub struct CsrfToken(pub String);

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
            let token = token.to_owned();
            match sessions.identity(&token).await {
                Ok(Some(identity)) => {
                    telemetry::note(|notes| notes.user = Some(identity.name.clone()));
                    if !is_proven(&request, &token) {
                        return Refusal::new(StatusCode::FORBIDDEN, UNPROVEN).into_response();
                    }
                    request.extensions_mut().insert(CsrfToken(csrf_token(&token)));
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
    let told = headers.contains_key(SEC_FETCH_SITE) || headers.contains_key(ORIGIN);
    if known || headers.contains_key(AUTHORIZATION) || is_sign_in(request) || !(reads(request) || told) {
        return None;
    }
    cookie::token(headers)
}

/// Whether a request changes nothing (RFC 9110 §9.2.1).
fn reads(request: &Request) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method())
}

/// Whether a request begins a session; what it may do depends on the password alone.
fn is_sign_in(request: &Request) -> bool {
    request.method() == Method::POST && request.uri().path() == "/session"
}

/// Whether a request changes nothing, or has the token that only this server's own pages can know. Other sites can make a browser
/// send a form, but no form has this field, and scripts of other sites may not set it without CORS (Fetch §4.8), which this
/// server does not grant.
fn is_proven(request: &Request, token: &str) -> bool {
    let mut sent = request.headers().get_all(CSRF).iter();
    reads(request) || matches!((sent.next(), sent.next()), (Some(sent), None) if is_csrf_token(sent.as_bytes(), token))
}

/// Whether a script of a page sends the request, rather than a person who opens an address.
fn is_fetched(headers: &HeaderMap) -> bool {
    headers.get(SEC_FETCH_MODE).is_some_and(|mode| mode != "navigate")
}
