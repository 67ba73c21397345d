//! The layer around routes that a browser with a session calls, and what a request's session says.

use axum::extract::{Request, State};
use axum::middleware::{FromFnLayer, Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::future::BoxFuture;
use http::header::{AUTHORIZATION, ORIGIN};
use http::{HeaderMap, HeaderName, Method};
use reelspan::store::Sessions;
use reelspan::telemetry;
use reelspan::user::{Identity, NotFound};
use ring::digest::{SHA256, digest};

use super::cookie;
use crate::RestError;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The field that has the session's token in requests that change something.
const CSRF: HeaderName = HeaderName::from_static("x-reelspan-csrf");

/// The token that requests of this session need if they change something. It is an extension of requests with a session.
#[derive(Clone, Debug)]
pub struct CsrfToken(pub String);

/// What [`layer`] gives, to be put around a router.
pub type SessionLayer = FromFnLayer<SessionStep, Sessions, (State<Sessions>, Request)>;

type SessionStep = fn(State<Sessions>, Request, Next) -> BoxFuture<'static, Response>;

/// What the session of a request says.
#[derive(Clone, Debug)]
pub enum Judged {
    /// The request has no session, or may not use it.
    Nothing,
    /// It is by this user.
    By(Identity, CsrfToken),
    /// It would change something, and does not prove that it comes from one of this server's own pages.
    Unproven,
}

/// Puts the user of a session into a request that has no other credentials. It goes within the authenticator's layer.
pub fn layer(sessions: Sessions) -> SessionLayer {
    from_fn_with_state(sessions, step)
}

fn step(State(sessions): State<Sessions>, mut request: Request, next: Next) -> BoxFuture<'static, Response> {
    Box::pin(async move {
        let known = request.extensions().get::<Option<Identity>>().is_some_and(Option::is_some);
        if !known && !is_sign_in(&request) {
            match judge(&sessions, request.method(), request.headers()).await {
                Ok(Judged::By(identity, csrf)) => {
                    telemetry::note(|notes| notes.user = Some(identity.name.clone()));
                    request.extensions_mut().insert(csrf);
                    request.extensions_mut().insert(Some(identity));
                }
                Ok(Judged::Nothing) => {}
                Ok(Judged::Unproven) => return RestError::Unproven.into_response(),
                Err(error) => return RestError::from(error).into_response(),
            }
        }
        next.run(request).await
    })
}

/// Who sends a request, by its session. Whether it comes from this server's own pages is also judged around the routes.
pub async fn judge(sessions: &Sessions, method: &Method, headers: &HeaderMap) -> Result<Judged, NotFound> {
    let Some(token) = usable(method, headers) else { return Ok(Judged::Nothing) };
    let Some(identity) = sessions.identity(token).await? else { return Ok(Judged::Nothing) };
    if is_proven(method, headers, token) {
        Ok(Judged::By(identity, CsrfToken(csrf_token(token))))
    } else {
        Ok(Judged::Unproven)
    }
}

/// The token of a request that may use its session: it has no other credentials, and a request that changes something says that
/// a browser sends it, and where from.
fn usable<'a>(method: &Method, headers: &'a HeaderMap) -> Option<&'a str> {
    let told = headers.contains_key(SEC_FETCH_SITE) || headers.contains_key(ORIGIN);
    if headers.contains_key(AUTHORIZATION) || !(reads(method) || told) {
        return None;
    }
    cookie::token(headers)
}

/// Whether a request changes nothing (RFC 9110 §9.2.1).
fn reads(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
}

/// Whether a request begins a session; what it may do depends on the password alone.
fn is_sign_in(request: &Request) -> bool {
    request.method() == Method::POST && request.uri().path() == "/session"
}

/// Whether a request changes nothing, or has the token that only this server's own pages can know. Other sites can make a browser
/// send a form, but no form has this field, and scripts of other sites may not set it without CORS (Fetch §4.8), which this
/// server does not grant.
fn is_proven(method: &Method, headers: &HeaderMap, token: &str) -> bool {
    let mut sent = headers.get_all(CSRF).iter();
    reads(method) || matches!((sent.next(), sent.next()), (Some(sent), None) if is_csrf_token(sent.as_bytes(), token))
}

/// The token against cross-site request forgery of a session. It is derived from the session's token, and does not reveal it.
#[must_use]
pub fn csrf_token(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, format!("csrf {token}").as_bytes()))
}

/// Whether a token is the one of a session. Digests are compared, so that the time it takes says nothing.
fn is_csrf_token(sent: &[u8], token: &str) -> bool {
    digest(&SHA256, sent).as_ref() == digest(&SHA256, csrf_token(token).as_bytes()).as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_has_a_token_against_csrf_that_is_no_other_s() {
        let csrf = csrf_token("one");
        assert!(is_csrf_token(csrf.as_bytes(), "one"));
        let rest = csrf.split_at(1).1;
        for (sent, token) in [(csrf.as_str(), "two"), ("one", "one"), ("", "one"), (rest, "one")] {
            assert!(!is_csrf_token(sent.as_bytes(), token), "{sent}");
        }
        assert!(!csrf.contains("one"));
    }
}
