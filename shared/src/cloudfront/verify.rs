//! Verifying: whether a request has a signature of ours, in its query or in its cookies, that lets it in.
//!
//! What CloudFront checks is checked here, and somewhat more strictly:
//!
//! - the parameters of a signature stand in the query once each, in any order and as they were written, never percent-encoded;
//!   they are taken out, and what is left has to be the query that was signed, byte by byte;
//! - the policy is looked at only once its signature is known to be right;
//! - SHA-256 is the only hash, base64 has one way to be written, and a policy has one statement with a resource
//!   ([`Policy::parse`]), whose first `?` is no wildcard ([`Policy::covers`]);
//! - there is no grace: a policy counts while `DateGreaterThan < now < DateLessThan`, by the clock of whoever verifies.
//!
//! Two signatures of ECDSA over one policy may both be right, the one made of the other; they open the same.

use std::fmt;
use std::net::IpAddr;

use http::HeaderMap;
use http::header::COOKIE;

use super::commons::TrustedKey;
use super::key::is_signature;
use super::policy::{Malformed, Policy};
use super::sign::{COOKIES, Names, PARAMETERS, SHA256, decode};

/// The longest policy in base64: CloudFront takes URLs of 8192 bytes.
const LONGEST_POLICY: usize = 8192;
/// The longest signature in base64: one of RSA with 2048 bits has 344.
const LONGEST_SIGNATURE: usize = 344;
/// The longest name of a key: CloudFront's have 14.
const LONGEST_KEY_ID: usize = 64;

/// Why a request is not let in. The text says which check failed, and not what would pass it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no signature at all.
    #[error("this space streams to signed URLs and signed cookies only, and the request has neither")]
    Unsigned,
    /// A part of the signature comes more than once.
    #[error("{0} is given more than once")]
    Repeated(&'static str),
    /// A part of the signature is not there.
    #[error("the signature is not complete: there is no {0}")]
    Missing(&'static str),
    /// There are both an expiry and a policy.
    #[error("{0} and {1} exclude each other")]
    Mixed(&'static str, &'static str),
    /// A part of the signature is not as it is written.
    #[error("{0} is not written as CloudFront writes it")]
    Malformed(&'static str),
    /// The hash is another one.
    #[error("{0} is not SHA256")]
    Hash(&'static str),
    /// There is a parameter with no name and no value.
    #[error("there is an empty parameter beside the signature")]
    Empty,
    /// No key of that name is trusted.
    #[error("the key that the signature is said to be made with is not trusted")]
    Key,
    /// The key does not sign any more, and what it signed has expired.
    #[error("the key that the signature is said to be made with is not trusted any more")]
    Retired,
    /// The signature is not one of that key over that policy.
    #[error("the signature is not one over this request")]
    Signature,
    /// The policy is none.
    #[error(transparent)]
    Policy(#[from] Malformed),
    /// The signature is for another URL.
    #[error("the signature is not for this URL")]
    Resource,
    /// It is too late.
    #[error("the signature has expired")]
    Expired,
    /// It is too early.
    #[error("the signature does not count yet")]
    Early,
    /// The request is from elsewhere.
    #[error("the signature is not for the address that the request comes from")]
    Address,
}

/// What a request has to show: the signature in its query or cookies, taken apart but not verified.
#[derive(Clone, PartialEq, Eq)]
pub struct Evidence {
    what: What,
    signature: Vec<u8>,
    key_id: String,
}

#[derive(Clone, PartialEq, Eq)]
enum What {
    /// A canned policy, of which the expiry is sent.
    Expires(i64),
    /// A custom policy.
    Policy(Vec<u8>),
}

/// Without anything that opens something.
impl fmt::Debug for Evidence {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Evidence").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

impl Evidence {
    /// The signature that a query has, if it has one, and the query without it.
    ///
    /// # Errors
    ///
    /// Where a part of a signature is there that is not a part of a whole one.
    pub fn from_query(query: &str) -> Result<(Option<Self>, String), Refusal> {
        let mut found = Parts::of(PARAMETERS);
        let mut rest = Vec::new();
        for pair in query.split('&') {
            // A name without a value is one all the same.
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if !found.take(name, value)? {
                rest.push(pair);
            }
        }
        let evidence = found.evidence()?;
        if evidence.is_some() && rest.contains(&"") {
            return Err(Refusal::Empty);
        }
        Ok((evidence, rest.join("&")))
    }

    /// The signature that the cookies of a request have, if they have one.
    ///
    /// # Errors
    ///
    /// Where a part of a signature is there that is not a part of a whole one.
    pub fn from_cookies(headers: &HeaderMap) -> Result<Option<Self>, Refusal> {
        let mut found = Parts::of(COOKIES);
        for field in headers.get_all(COOKIE) {
            // Others' cookies may be anything (RFC 6265 §5.4); a part of ours that is not ASCII is not written as it has to be.
            for pair in field.as_bytes().split(|byte| *byte == b';') {
                let pair = String::from_utf8_lossy(pair.trim_ascii());
                let (name, value) = pair.split_once('=').unwrap_or((&pair, ""));
                found.take(name, value)?;
            }
        }
        found.evidence()
    }
}

/// A query without the parameters of a signature, whatever they are: for logs, and where no signature is asked for.
#[must_use]
pub fn without_signature(query: &str) -> String {
    let signs = |pair: &&str| !PARAMETERS.all().contains(&pair.split_once('=').map_or(*pair, |(name, _)| name));
    query.split('&').filter(signs).collect::<Vec<_>>().join("&")
}

/// Whether a request for this URL (as it is signed: [`super::policy::url`], with the query that [`Evidence::from_query`] left)
/// may be answered, now, in seconds since 1970, to a client at this address, where that is known.
pub fn verify(
    evidence: &Evidence,
    url: &str,
    keys: &[TrustedKey],
    now: i64,
    address: Option<IpAddr>,
) -> Result<(), Refusal> {
    let key = trusted(keys, &evidence.key_id, now)?;
    let signed = |json: &[u8]| is_signature(&key.public, json, &evidence.signature);
    let policy = match &evidence.what {
        What::Expires(expires) => {
            let policy = Policy::until(url, *expires);
            if !signed(policy.to_json().as_bytes()) {
                return Err(Refusal::Signature);
            }
            policy
        }
        What::Policy(json) => {
            if !signed(json) {
                return Err(Refusal::Signature);
            }
            let policy = Policy::parse(json)?;
            if !policy.covers(url) {
                return Err(Refusal::Resource);
            }
            policy
        }
    };
    if now >= policy.date_less_than {
        return Err(Refusal::Expired);
    }
    if policy.date_greater_than.is_some_and(|date| now <= date) {
        return Err(Refusal::Early);
    }
    match policy.ip_address {
        Some(network) if !address.is_some_and(|address| network.contains(address)) => Err(Refusal::Address),
        _ => Ok(()),
    }
}

/// The key of this name, where it is trusted now, in seconds since 1970.
pub fn trusted<'a>(keys: &'a [TrustedKey], id: &str, now: i64) -> Result<&'a TrustedKey, Refusal> {
    let key = keys.iter().find(|key| key.id == id).ok_or(Refusal::Key)?;
    if key.until.is_some_and(|until| now >= until) { Err(Refusal::Retired) } else { Ok(key) }
}

/// The parts of a signature, as they are found.
struct Parts {
    names: Names,
    found: [Option<String>; 5],
}

impl Parts {
    const fn of(names: Names) -> Self {
        Self { names, found: [const { None }; 5] }
    }

    /// Takes a pair that is a part; `false` where it is none.
    fn take(&mut self, name: &str, value: &str) -> Result<bool, Refusal> {
        let mut places = self.names.all().into_iter().zip(&mut self.found);
        let Some((name, place)) = places.find(|(part, _)| *part == name) else { return Ok(false) };
        // What is longer than the longest part is none, however long: it is not kept.
        let value = value.get(..=LONGEST_POLICY).unwrap_or(value);
        if place.replace(value.to_owned()).is_some() { Err(Refusal::Repeated(name)) } else { Ok(true) }
    }

    /// The parts as a whole; none where there is no part at all.
    fn evidence(self) -> Result<Option<Evidence>, Refusal> {
        let names = self.names;
        if self.found.iter().all(Option::is_none) {
            return Ok(None);
        }
        let [expires, policy, signature, key_id, hash] = self.found;
        let what = match (expires, policy) {
            (Some(_), Some(_)) => return Err(Refusal::Mixed(names.expires, names.policy)),
            (None, None) => return Err(Refusal::Missing(names.expires)),
            (Some(digits), None) => {
                let expires =
                    digits.parse().ok().filter(|expires: &i64| *expires >= 0 && expires.to_string() == digits);
                What::Expires(expires.ok_or(Refusal::Malformed(names.expires))?)
            }
            (None, Some(policy)) => What::Policy(bytes(names.policy, &policy, LONGEST_POLICY)?),
        };
        let signature = signature.ok_or(Refusal::Missing(names.signature))?;
        let signature = bytes(names.signature, &signature, LONGEST_SIGNATURE)?;
        let key_id = key_id.ok_or(Refusal::Missing(names.key_pair_id))?;
        if key_id.is_empty()
            || key_id.len() > LONGEST_KEY_ID
            || !key_id.bytes().all(|byte| byte.is_ascii_alphanumeric())
        {
            return Err(Refusal::Malformed(names.key_pair_id));
        }
        if hash.ok_or(Refusal::Missing(names.hash_algorithm))? != SHA256 {
            return Err(Refusal::Hash(names.hash_algorithm));
        }
        Ok(Some(Evidence { what, signature, key_id }))
    }
}

/// The bytes of a part in base64.
fn bytes(name: &'static str, text: &str, longest: usize) -> Result<Vec<u8>, Refusal> {
    if text.len() > longest {
        return Err(Refusal::Malformed(name));
    }
    decode(text).filter(|bytes| !bytes.is_empty()).ok_or(Refusal::Malformed(name))
}

#[cfg(test)]
mod tests;
