//! `/cookies?token=…`: the URL that sets the cookies which open a space, and sends the browser on (*CloudFront Developer
//! Guide*, "Use signed cookies"). They are for the whole space and for the browser's session, at the host, or below the path,
//! that the space streams from. A content that is named `cookies` cannot be had there: this is in its place.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, REFERRER_POLICY, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use reelspan::cloudfront::now;
use reelspan::cloudfront::policy::Policy;
use reelspan::http::origin::{Origin, OwnOrigins};
use reelspan::http::problem::{self, Problem};
use reelspan::space::record::State as SpaceState;
use reelspan::space::streaming::Kind;
use reelspan::telemetry;

use crate::pass::Pass;
use crate::routes::Shared;
use crate::task::note_signed;
use crate::{Error, Signing, on};

/// The longest URL that a browser is sent on to.
const LONGEST: usize = 2048;

pub async fn set(State(state): Shared, request: Request) -> Response {
    match state.set_cookies(request.uri().query().unwrap_or_default()).await {
        Ok(response) => response,
        Err(Refused::Token(why)) => {
            telemetry::note(|notes| notes.refused_signature = true);
            forbidden(why)
        }
        Err(Refused::Error(error)) => error.into_response(),
    }
}

/// Why no cookies are set.
enum Refused {
    Token(String),
    Error(Error),
}

impl<E: Into<Error>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

impl Signing {
    async fn set_cookies(&self, query: &str) -> Result<Response, Refused> {
        let mut tokens = query.split('&').filter_map(|pair| pair.strip_prefix("token="));
        let (Some(token), None) = (tokens.next(), tokens.next()) else {
            return Err(Refused::Token("there is not one token".to_owned()));
        };
        let (now, commons) = (now(), self.table.commons().await?);
        let pass = Pass::read(token, &commons.keys, now).map_err(|invalid| Refused::Token(invalid.to_string()))?;
        let space = self.table.get(&pass.space).await?.filter(|space| space.state == SpaceState::Live);
        let streaming = space.as_ref().and_then(on).filter(|streaming| streaming.kind == Kind::Secure);
        // A pass for an earlier space of this name opens nothing of this one.
        let streaming = streaming.filter(|streaming| streaming.generation() == pass.generation);
        let base = streaming.and_then(|streaming| {
            let distribution = streaming.distribution.as_ref()?;
            Some(self.hosts.base(&pass.space, streaming, distribution))
        });
        let Some(base) = base else {
            return Err(Refused::Token(format!("space {} does not stream to signed requests any more", pass.space)));
        };
        let held = self.keyring.signer(&commons, now).await?;
        let until = held.until.map_or(pass.cookies_until, |until| until.min(pass.cookies_until));
        let policy = Policy { ip_address: pass.address, ..Policy::until(format!("{base}/*"), until) };
        let cookies = held.signer.cookies(&policy).map_err(|error| Error::Internal(error.to_string()))?;
        telemetry::note(|notes| (notes.act, notes.space) = (Some("set-cookies"), Some(pass.space.to_string())));
        note_signed(policy.resource, until, pass.address);
        let mut response = match &pass.redirect {
            Some(url) => (StatusCode::SEE_OTHER, [(LOCATION, url.as_str())]).into_response(),
            None => format!("The cookies that open space {} are set.\n", pass.space).into_response(),
        };
        let headers = response.headers_mut();
        let path = path(&base);
        for (name, value) in cookies {
            add(headers, &format!("{name}={value}; Path={path}; Secure; HttpOnly; SameSite=None"));
        }
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // The token is nobody's business to whom the browser goes.
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

/// Whether a browser can be sent on to this: an absolute URL of HTTP, as one is written (RFC 3986), by whose host nobody can
/// be mistaken about where it leads.
fn leads_somewhere(url: &str) -> bool {
    let written = url.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte));
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let scheme = matches!(uri.scheme_str(), Some("http" | "https"));
    let host =
        uri.authority().is_some_and(|authority| !authority.host().is_empty() && !authority.as_str().contains('@'));
    written && scheme && host && url.len() <= LONGEST
}

/// Whether a link that sets the cookies of a space may send a browser on to this: to a page that may read the space's media by
/// script, or to one of the server's own. To anybody else such a link, which names a host that people trust, would be a way to
/// lead them astray (CWE-601).
pub fn may_lead_to(url: &str, allowed: &[String], base: &str, own: &OwnOrigins) -> Result<(), Error> {
    let Some(origin) = Origin::of_url(url).filter(|_| leads_somewhere(url)) else {
        return Err(Error::Bad(format!("redirectUrl {url:?} is not an absolute URL of http or https")));
    };
    let here = Origin::of_url(base);
    let is_own = own.all().iter().chain(&here).any(|own| *own == origin);
    if is_own || allowed.iter().any(|entry| origin.is_allowed_by(entry)) {
        return Ok(());
    }
    let named = if allowed.is_empty() { "names none".to_owned() } else { format!("names {}", allowed.join(", ")) };
    Err(Error::Bad(format!(
        "redirectUrl {url:?} leads to {origin}, which is neither this server nor in allowedOrigins of the space, which {named}; \
         enable-streaming sets them"
    )))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_browser_is_sent_on_to_the_server_itself_or_an_allowed_origin() {
        let own = OwnOrigins::new(Origin::parse("https://api.example.org"));
        let named = ["https://www.example.org".to_owned(), "https://*.library.example".to_owned()];
        let base = "https://d111111abcdef8.cloudfront.net";
        for (url, allowed, leads) in [
            ("https://www.example.org/watch?film=1", &named[..], true),
            ("https://maps.library.example/", &named, true),
            ("https://www.example.org/", &[], false),
            ("http://www.example.org/", &named, false),
            ("https://www.example.org.evil.example/", &named, false),
            ("https://www.example.org@evil.example/", &named, false),
            ("https://evil.example/#https://www.example.org", &named, false),
            ("https://api.example.org/validate", &[], true),
            ("https://d111111abcdef8.cloudfront.net/a.mp4", &[], true),
            ("https://d111111abcdef9.cloudfront.net/a.mp4", &[], false),
            ("javascript:alert(1)", &named, false),
            ("//www.example.org/", &named, false),
        ] {
            assert_eq!(may_lead_to(url, allowed, base, &own).is_ok(), leads, "{url} {allowed:?}");
        }
        let refused = may_lead_to("https://evil.example/", &named, base, &own).unwrap_err().to_string();
        assert!(
            refused.contains("https://evil.example") && refused.contains("names https://www.example.org"),
            "{refused}"
        );
    }

    #[test]
    fn a_browser_is_sent_to_absolute_urls_only() {
        for (url, leads) in [
            ("https://example.org", true),
            ("https://example.org/film?id=1&x=%C3%A4#t=20", true),
            ("http://127.0.0.1:8080/watch/", true),
            ("", false),
            ("/watch", false),
            ("//example.org/watch", false),
            ("example.org", false),
            ("javascript:alert(1)", false),
            ("data:text/html,x", false),
            ("ftp://example.org/", false),
            ("https:///watch", false),
            ("https://example.org@evil.example/", false),
            ("https://example.org\\@evil.example/", false),
            ("https://example.org/a b", false),
            ("https://example.org/\r\nSet-Cookie: a=b", false),
            ("https://example.org/ä", false),
        ] {
            assert_eq!(leads_somewhere(url), leads, "{url}");
        }
        assert!(!leads_somewhere(&format!("https://example.org/{}", "a".repeat(LONGEST))));
    }

    #[test]
    fn cookies_are_sent_below_the_base() {
        for (base, expected) in
            [("https://d111111abcdef8.cloudfront.net", "/"), ("http://127.0.0.1:8080/stream/films", "/stream/films")]
        {
            assert_eq!(path(base), expected);
        }
    }
}
