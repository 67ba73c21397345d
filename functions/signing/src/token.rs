//! The token of the URL that sets cookies. It says which space the cookies open, until when and from which addresses, and where
//! the browser goes next. The key that signs URLs signs it, over bytes that no policy begins with, so that neither can be taken
//! for the other. It is valid for a few minutes, and any number of times.

use reelspan::cloudfront::key::{KeyError, is_signature};
use reelspan::cloudfront::policy::Network;
use reelspan::cloudfront::sign::{Signer, decode, encode};
use reelspan::cloudfront::verify::{SignatureRefusal, trusted};
use reelspan::space::SpaceId;
use reelspan::space::commons::TrustedKey;
use serde::{Deserialize, Serialize};

/// How long a token is valid, in seconds.
pub const GOOD_FOR: i64 = 5 * 60;

/// The prefix of what is signed: a policy begins with a brace.
const DOMAIN: &[u8] = b"reelspan cookies pass\n";

/// The longest token: CloudFront accepts URLs of 8192 bytes.
const LONGEST: usize = 8192;

/// The content of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieToken {
    /// The space.
    pub space: SpaceId,
    /// The setup of its streaming ([`reelspan::space::streaming::Streaming::generation`]).
    pub generation: String,
    /// The URL of the space, for which the cookies are signed. The function that sets them is behind the host that it names,
    /// and does not know its name otherwise.
    pub base: String,
    /// The expiry of the cookies, in seconds since 1970.
    pub cookies_until: i64,
    /// The addresses that may use the cookies.
    pub address: Option<Network>,
    /// The page to redirect to.
    pub redirect: Option<String>,
    /// Until when the token is valid, in seconds since 1970.
    pub until: i64,
}

/// A token as it is written.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TokenFields {
    space: String,
    generation: String,
    base: String,
    cookies_until: i64,
    address: Option<String>,
    redirect: Option<String>,
    until: i64,
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// It is malformed.
    #[error("invalid token")]
    NotOurs,
    /// It is not signed by a trusted key.
    #[error(transparent)]
    Unsigned(#[from] SignatureRefusal),
    /// It has expired.
    #[error("the token has expired; get-signed-cookies-url gives another")]
    Expired,
}

impl CookieToken {
    /// The token as text, which needs no encoding in a query.
    pub fn sign(&self, signer: &Signer) -> Result<String, KeyError> {
        let text = TokenFields {
            space: self.space.to_string(),
            generation: self.generation.clone(),
            base: self.base.clone(),
            cookies_until: self.cookies_until,
            address: self.address.map(|address| address.to_string()),
            redirect: self.redirect.clone(),
            until: self.until,
        };
        // TokenFields keys, texts and numbers: there is nothing in it that could fail.
        let text = serde_json::to_vec(&text).unwrap_or_default();
        let signature = signer.key().sign(&[DOMAIN, &text].concat())?;
        Ok(format!("{}.{}.{}", encode(&text), signer.key_id(), encode(&signature)))
    }

    /// Verifies and parses a token, at `now`, in seconds since 1970.
    pub fn read(token: &str, keys: &[TrustedKey], now: i64) -> Result<Self, InvalidToken> {
        let parts = token.split_once('.').and_then(|(text, rest)| Some((text, rest.split_once('.')?)));
        let (text, (key_id, signature)) = parts.filter(|_| token.len() <= LONGEST).ok_or(InvalidToken::NotOurs)?;
        let (Some(text), Some(signature)) = (decode(text), decode(signature)) else {
            return Err(InvalidToken::NotOurs);
        };
        let key = trusted(keys, key_id, now)?;
        if !is_signature(&key.public, &[DOMAIN, &text].concat(), &signature) {
            return Err(SignatureRefusal::Signature.into());
        }
        let token = Self::parse(&text).ok_or(InvalidToken::NotOurs)?;
        if now < token.until { Ok(token) } else { Err(InvalidToken::Expired) }
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let TokenFields { space, generation, base, cookies_until, address, redirect, until } =
            serde_json::from_slice(text).ok()?;
        let address = address.map(|address| address.parse()).transpose().ok()?;
        Some(Self { space: SpaceId::parse(&space).ok()?, generation, base, cookies_until, address, redirect, until })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use reelspan::cloudfront::key::SigningKey;
    use reelspan::cloudfront::policy::Policy;

    use super::*;

    const NOW: i64 = 1_459_879_151;

    fn signer() -> (Signer, Vec<TrustedKey>) {
        let key = SigningKey::generate().unwrap();
        let keys = vec![TrustedKey { id: "K1".to_owned(), public: key.public(), until: Some(NOW + 1000) }];
        (Signer::new("K1", key), keys)
    }

    fn token(redirect: Option<&str>) -> CookieToken {
        let space = SpaceId::parse("films").unwrap();
        let generation = "187ba2c3d4e5f607".to_owned();
        let address = Some("192.0.2.0/24".parse().unwrap());
        let redirect = redirect.map(str::to_owned);
        let base = "https://d1.cloudfront.net/films~187ba2c3d4e5f607".to_owned();
        CookieToken { space, generation, base, cookies_until: NOW + 28_800, address, redirect, until: NOW + GOOD_FOR }
    }

    #[test]
    fn a_token_survives_being_written_until_it_expires() {
        let (signer, keys) = signer();
        for whole in [token(None), token(Some("https://example.org/film?id=1&x=ä"))] {
            let token = whole.sign(&signer).unwrap();
            assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_~.".contains(&byte)), "{token}");
            assert_eq!(CookieToken::read(&token, &keys, NOW + GOOD_FOR - 1), Ok(whole));
            assert_eq!(CookieToken::read(&token, &keys, NOW + GOOD_FOR), Err(InvalidToken::Expired));
            assert_eq!(
                CookieToken::read(&token, &keys, NOW + 1000),
                Err(InvalidToken::Unsigned(SignatureRefusal::Retired))
            );
            assert_eq!(CookieToken::read(&token, &[], NOW), Err(InvalidToken::Unsigned(SignatureRefusal::Key)));
        }
    }

    #[test]
    fn an_altered_token_is_none() {
        let (one, keys) = signer();
        let token = token(None).sign(&one).unwrap();
        for place in 0..token.len() {
            for other in ["A", "B", ".", "_", ""] {
                let mut altered = token.clone();
                altered.replace_range(place..=place, other);
                assert!(altered == token || CookieToken::read(&altered, &keys, NOW).is_err(), "{place} {other}");
            }
        }
        let (another, _) = signer();
        assert_eq!(
            CookieToken::read(&self::token(None).sign(&another).unwrap(), &keys, NOW),
            Err(InvalidToken::Unsigned(SignatureRefusal::Signature))
        );
        for wrong in ["", ".", "..", "a.b", "a.b.c", "....", "ä.ö.ü"] {
            assert!(CookieToken::read(wrong, &keys, NOW).is_err(), "{wrong}");
        }
        assert_eq!(CookieToken::read(&"A".repeat(1 << 20), &keys, NOW), Err(InvalidToken::NotOurs));
    }

    #[test]
    fn a_signed_url_is_no_token_nor_the_other_way_round() {
        let (signer, keys) = signer();
        let policy = Policy::until("*", NOW + 60);
        let cookies = signer.cookies(&policy).unwrap();
        let value = |name: &str| cookies.iter().find(|(found, _)| found.ends_with(name)).unwrap().1.clone();
        let token = format!("{}.K1.{}", value("Policy"), value("Signature"));
        assert_eq!(CookieToken::read(&token, &keys, NOW), Err(InvalidToken::Unsigned(SignatureRefusal::Signature)));
        assert!(Policy::parse(DOMAIN).is_err());
    }
}
