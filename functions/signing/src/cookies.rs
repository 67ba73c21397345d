//! `/~/cookies?token=…`: the URL that sets the cookies which open a space, and redirects the browser (*CloudFront Developer
//! Guide*, "Use signed cookies"). They are for the whole space and for the browser's session, below the path of the space. No
//! space is named `~`, so this path is not that of a content.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, REFERRER_POLICY, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use reelspan::cloudfront::now;
use reelspan::cloudfront::policy::Policy;
use reelspan::http::problem::{self, Problem};
use reelspan::space::record::SpaceState;
use reelspan::space::streaming::StreamingKind;
use reelspan::telemetry;

use crate::audit::note_signed;
use crate::token::CookieToken;
use crate::{CookieSetter, RestError, on};

pub async fn set(State(state): State<Arc<CookieSetter>>, request: Request) -> Response {
    match state.set_cookies(request.uri().query().unwrap_or_default()).await {
        Ok(response) => response,
        Err(NoCookies::Token(why)) => {
            telemetry::note(|notes| notes.refused_signature = true);
            forbidden(why)
        }
        Err(NoCookies::Error(error)) => error.into_response(),
    }
}

/// Why no cookies are set.
enum NoCookies {
    Token(String),
    Error(RestError),
}

impl<E: Into<RestError>> From<E> for NoCookies {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

impl CookieSetter {
    async fn set_cookies(&self, query: &str) -> Result<Response, NoCookies> {
        let mut tokens = query.split('&').filter_map(|pair| pair.strip_prefix("token="));
        let (Some(token), None) = (tokens.next(), tokens.next()) else {
            return Err(NoCookies::Token("there is not one token".to_owned()));
        };
        let (now, commons) = (now(), self.table.commons().await?);
        let token =
            CookieToken::read(token, &commons.keys, now).map_err(|invalid| NoCookies::Token(invalid.to_string()))?;
        let space = self.table.get(&token.space).await?.filter(|space| space.state == SpaceState::Live);
        let streaming = space.as_ref().and_then(on).filter(|streaming| streaming.kind == StreamingKind::Secure);
        // A token for an earlier space of this name opens nothing of this one.
        if streaming.is_none_or(|streaming| streaming.generation != token.generation) {
            return Err(NoCookies::Token(format!("space {} does not stream to signed requests any more", token.space)));
        }
        let base = &token.base;
        let held = self.keyring.signer(&commons, now).await?;
        let until = held.until.map_or(token.cookies_until, |until| until.min(token.cookies_until));
        let policy = Policy { ip_address: token.address, ..Policy::until(format!("{base}/*"), until) };
        let cookies = held.signer.cookies(&policy).map_err(|error| RestError::Internal(error.to_string()))?;
        telemetry::note(|notes| (notes.act, notes.space) = (Some("set-cookies"), Some(token.space.to_string())));
        note_signed(policy.resource, until, token.address);
        let mut response = match &token.redirect {
            Some(url) => (StatusCode::SEE_OTHER, [(LOCATION, url.as_str())]).into_response(),
            None => format!("The cookies that open space {} are set.\n", token.space).into_response(),
        };
        let headers = response.headers_mut();
        let path = path(base);
        for (name, value) in cookies {
            add(headers, &format!("{name}={value}; Path={path}; Secure; HttpOnly; SameSite=None"));
        }
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // The page that the browser goes to next must not learn the token.
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        Ok(response)
    }
}

/// Below which path the cookies of a space are sent, whose URLs begin with this base.
fn path(base: &str) -> String {
    let path = base.parse::<Uri>().map(|uri| uri.path().to_owned());
    path.ok().filter(|path| !path.is_empty()).unwrap_or_else(|| "/".to_owned())
}

fn add(headers: &mut HeaderMap, cookie: &str) {
    // Base64, a name and a path: there is nothing in it that a field could not have.
    if let Ok(value) = HeaderValue::from_str(cookie) {
        headers.append(SET_COOKIE, value);
    }
}

fn forbidden(why: String) -> Response {
    let body = Problem::new(403, "Forbidden").detail(why).to_json();
    let headers = [(CONTENT_TYPE, problem::MEDIA_TYPE), (CACHE_CONTROL, "no-store")];
    (StatusCode::FORBIDDEN, headers, body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_sent_below_the_base() {
        for (base, expected) in [
            ("https://d111111abcdef8.cloudfront.net/films~7", "/films~7"),
            ("http://127.0.0.1:8080/stream/films~7", "/stream/films~7"),
        ] {
            assert_eq!(path(base), expected);
        }
    }
}
