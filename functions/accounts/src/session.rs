//! `/session`: signing in and out.

use std::sync::Arc;

use axum::extract::{Extension, Query, Request, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{ORIGIN, SET_COOKIE};
use http::{HeaderMap, StatusCode};
use reelspan::telemetry;
use reelspan::user::{Credentials, Denied, Identity, UserName};
use reelspan_gateway::address;
use reelspan_rest::session::{CsrfToken, cookie, csrf_token};
use reelspan_rest::task::body;
use serde::Deserialize;
use serde_json::json;

use crate::Accounts;
use crate::answer::{AccountRefusal, json};

#[derive(Deserialize)]
struct SignIn {
    name: String,
    password: String,
}

#[derive(Debug, Deserialize)]
pub struct SignOut {
    #[serde(default)]
    everywhere: bool,
}

/// Who is signed in.
pub async fn read(
    Extension(who): Extension<Option<Identity>>,
    csrf: Option<Extension<CsrfToken>>,
) -> Result<Response, AccountRefusal> {
    let csrf = csrf.map(|Extension(CsrfToken(token))| token);
    Ok(said(&who.ok_or_else(AccountRefusal::unauthorized)?, csrf))
}

/// Begins a session, and ends the one that the browser already has: an attacker may know its token (session fixation).
pub async fn sign_in(State(accounts): State<Arc<Accounts>>, request: Request) -> Result<Response, AccountRefusal> {
    let headers = request.headers().clone();
    let address = address(request.extensions());
    telemetry::note(|notes| notes.act = Some("sign-in"));
    let SignIn { name, password } = body(request).await?;
    let session = async {
        let attempt = match &accounts.guesses {
            Some(guesses) => Some((guesses, guesses.attempt(&name, address).await?)),
            None => None,
        };
        let user = UserName::parse(&name).map_err(|_| Denied::Wrong)?;
        let credentials =
            Credentials::parse(format!("Basic {}", STANDARD.encode(format!("{name}:{password}"))).as_bytes());
        accounts.authenticator.check(credentials?, address).await?;
        let session =
            accounts.sessions.begin(&user, password).await.map_err(Denied::Directory)?.ok_or(Denied::Wrong)?;
        if let Some((guesses, attempt)) = attempt {
            guesses.was_right(&attempt).await.map_err(Denied::Directory)?;
        }
        Ok::<_, Denied>(session)
    };
    let session = session.await.map_err(|denied| {
        note_failure(&denied, name.clone());
        AccountRefusal::from(denied)
    })?;
    if let Some(token) = cookie::token(&headers) {
        accounts.sessions.end(token).await?;
    }
    telemetry::note(|notes| notes.user = Some(session.identity.name.clone()));
    let mut response = said(&session.identity, Some(csrf_token(&session.token)));
    response.headers_mut().extend(cookie::set(Some(&session.token), is_tls(&headers)).map(|value| (SET_COOKIE, value)));
    Ok(response)
}

/// Ends the session, or all sessions of the user.
pub async fn sign_out(
    State(accounts): State<Arc<Accounts>>,
    Extension(who): Extension<Option<Identity>>,
    Query(SignOut { everywhere }): Query<SignOut>,
    headers: HeaderMap,
) -> Result<Response, AccountRefusal> {
    telemetry::note(|notes| notes.act = Some(if everywhere { "sign-out-everywhere" } else { "sign-out" }));
    if let Some(token) = cookie::token(&headers) {
        accounts.sessions.end(token).await?;
    }
    if let Some(name) = who.filter(|_| everywhere).and_then(|who| UserName::parse(&who.name).ok()) {
        accounts.sessions.end_all(&name).await?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().extend(cookie::set(None, is_tls(&headers)).map(|value| (SET_COOKIE, value)));
    Ok(response)
}

/// A user, and the token that requests of the session need, if there is a session.
fn said(identity: &Identity, csrf: Option<String>) -> Response {
    let mut said = json!({ "name": identity.name, "role": identity.role, "groups": identity.groups });
    if let (Some(csrf), Some(members)) = (csrf, said.as_object_mut()) {
        members.insert("csrf".to_owned(), csrf.into());
    }
    json(StatusCode::OK, &said)
}

/// Whether the page was loaded over TLS, as the browser says of its own page.
fn is_tls(headers: &HeaderMap) -> bool {
    headers.get(ORIGIN).is_some_and(|origin| origin.as_bytes().starts_with(b"https://"))
}

/// Notes a sign-in that failed, for the figures and the audit trail; what was written down already is not written again.
fn note_failure(denied: &Denied, name: String) {
    let again = match denied {
        Denied::Wrong => false,
        Denied::Limited { again, .. } => *again,
        Denied::Malformed(_) | Denied::Crowded | Denied::Directory(_) => return,
    };
    telemetry::note(|notes| {
        notes.failed_sign_in = true;
        if again {
            notes.act = None;
        } else {
            notes.name = Some(name);
            notes.detail.insert("why", denied.to_string());
        }
    });
}
