//! The cookie that has the token of a session (RFC 6265). Scripts cannot read it, and browsers send it to this server's own pages
//! only. It has no `Max-Age`: the server decides how long a session lives.

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

/// Its name.
const NAME: &str = "reelspan-session";

/// The token in a request's cookies; none if there are two that differ. A page of another port or a subdomain can set a cookie of this
/// name for one path. The browser sends that first, so it would replace the person's session by the attacker's.
#[must_use]
pub fn token(headers: &HeaderMap) -> Option<&str> {
    let fields = headers.get_all(COOKIE).iter().filter_map(|field| field.to_str().ok());
    let pairs = fields.flat_map(|field| field.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut tokens = pairs.filter(|(name, _)| *name == NAME).map(|(_, value)| value);
    let token = tokens.next()?;
    tokens.all(|other| other == token).then_some(token)
}

/// A field that sets the cookie, or removes it if there is no token. Over TLS it is never sent without TLS again.
#[must_use]
pub fn set(token: Option<&str>, tls: bool) -> Option<HeaderValue> {
    let secure = if tls { "; Secure" } else { "" };
    let removed = if token.is_none() { "; Max-Age=0" } else { "" };
    let value = token.unwrap_or_default();
    HeaderValue::try_from(format!("{NAME}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{removed}")).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_token_is_found_among_other_cookies() {
        for (fields, found) in [
            (&["reelspan-session=abc"][..], Some("abc")),
            (&["a=b; reelspan-session=abc; c=d"], Some("abc")),
            (&["a=b", "reelspan-session=abc"], Some("abc")),
            (&["a=reelspan-session=abc"], None),
            (&["xreelspan-session=abc"], None),
            (&["reelspan-session=abc; reelspan-session=abc"], Some("abc")),
            (&["reelspan-session=abc; a=b; reelspan-session=xyz"], None),
            (&["reelspan-session=abc", "reelspan-session=xyz"], None),
            (&[], None),
        ] {
            let headers: HeaderMap = fields.iter().map(|field| (COOKIE, HeaderValue::from_static(field))).collect();
            assert_eq!(token(&headers), found, "{fields:?}");
        }
    }

    #[test]
    fn scripts_and_other_sites_do_not_get_the_cookie() {
        assert_eq!(set(Some("abc"), true).unwrap(), "reelspan-session=abc; Path=/; HttpOnly; SameSite=Strict; Secure");
        assert_eq!(set(None, false).unwrap(), "reelspan-session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    }
}
