//! Verifies whether the signature in a request's query or cookies allows the request.
//!
//! The checks are those of CloudFront, some of them stricter:
//!
//! - the parameters of a signature occur once each in the query, in any order and as they were written, never
//!   percent-encoded; they are removed, and the rest has to be the signed query, byte by byte;
//! - the policy is parsed only after its signature has been verified;
//! - SHA-256 is the only hash, base64 has one spelling, and a policy has one statement with a resource
//!   ([`Policy::parse`]), whose first `?` is not a wildcard ([`Policy::covers`]);
//! - there is no grace period: a policy is valid while `DateGreaterThan < now < DateLessThan`, by the verifier's clock.
//!
//! Two different ECDSA signatures over one policy may both be valid, one derived from the other; they open the same.

use std::fmt;
use std::net::IpAddr;

use http::HeaderMap;
use http::header::COOKIE;

use super::key::is_signature;
use super::policy::{MalformedPolicy, Policy};
use super::sign::{COOKIES, PARAMETERS, SHA256, SignatureNames, decode};
use crate::space::commons::TrustedKey;

/// The longest policy in base64: CloudFront accepts URLs of 8192 bytes.
const LONGEST_POLICY: usize = 8192;
/// The longest signature in base64: RSA with 2048 bits gives 344 characters.
const LONGEST_SIGNATURE: usize = 344;
/// The longest id of a key: CloudFront's have 14 characters.
const LONGEST_KEY_ID: usize = 64;

/// Why a request is refused. The text says which check failed, and not what would pass it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureRefusal {
    /// There is no signature at all.
    #[error("this space streams to signed URLs and signed cookies only, and the request has neither")]
    Unsigned,
    /// A part of the signature occurs more than once.
    #[error("{0} is given more than once")]
    Repeated(&'static str),
    /// A part of the signature is missing.
    #[error("the signature is incomplete: {0} is missing")]
    Missing(&'static str),
    /// There is both an expiry and a policy.
    #[error("{0} and {1} exclude each other")]
    Mixed(&'static str, &'static str),
    /// A part of the signature is malformed.
    #[error("{0} is not written as CloudFront writes it")]
    Malformed(&'static str),
    /// The hash is not SHA-256.
    #[error("{0} is not SHA256")]
    Hash(&'static str),
    /// The query has a parameter without a name and a value.
    #[error("there is an empty parameter next to the signature")]
    Empty,
    /// The key is not trusted.
    #[error("the key that the signature names is not trusted")]
    Key,
    /// The key no longer signs, and all its signatures have expired.
    #[error("the key that the signature names is no longer trusted")]
    Retired,
    /// The signature does not match the key and the policy.
    #[error("the signature does not match this request")]
    Signature,
    /// The policy is invalid.
    #[error(transparent)]
    Policy(#[from] MalformedPolicy),
    /// The signature is for another URL.
    #[error("the signature is not for this URL")]
    Resource,
    /// It has expired.
    #[error("the signature has expired")]
    Expired,
    /// It is not valid yet.
    #[error("the signature is not valid yet")]
    Early,
    /// The request comes from another address.
    #[error("the signature is not for the address that the request comes from")]
    Address,
}

/// The signature in a request's query or cookies, parsed but not verified.
#[derive(Clone, PartialEq, Eq)]
pub struct Evidence {
    what: PolicyEvidence,
    signature: Vec<u8>,
    key_id: String,
}

#[derive(Clone, PartialEq, Eq)]
enum PolicyEvidence {
    /// A canned policy, whose expiry is sent.
    Expires(i64),
    /// A custom policy.
    Policy(Vec<u8>),
}

/// Omits everything that grants access.
impl fmt::Debug for Evidence {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Evidence").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

impl Evidence {
    /// The signature in a query, if any, and the query without it.
    ///
    /// # Errors
    ///
    /// If the signature parameters are incomplete or malformed.
    pub fn from_query(query: &str) -> Result<(Option<Self>, String), SignatureRefusal> {
        let mut found = SignatureParts::of(PARAMETERS);
        let mut rest = Vec::new();
        for pair in query.split('&') {
            // A name without a value counts as a parameter too.
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if !found.take(name, value)? {
                rest.push(pair);
            }
        }
        let evidence = found.evidence()?;
        if evidence.is_some() && rest.contains(&"") {
            return Err(SignatureRefusal::Empty);
        }
        Ok((evidence, rest.join("&")))
    }

    /// The signature in the cookies of a request, if any.
    ///
    /// # Errors
    ///
    /// If the signature cookies are incomplete or malformed.
    pub fn from_cookies(headers: &HeaderMap) -> Result<Option<Self>, SignatureRefusal> {
        let mut found = SignatureParts::of(COOKIES);
        for field in headers.get_all(COOKIE) {
            // Other cookies may contain anything (RFC 6265 §5.4); a part of ours that is not ASCII is malformed.
            for pair in field.as_bytes().split(|byte| *byte == b';') {
                let pair = String::from_utf8_lossy(pair.trim_ascii());
                let (name, value) = pair.split_once('=').unwrap_or((&pair, ""));
                found.take(name, value)?;
            }
        }
        found.evidence()
    }
}

/// A query without signature parameters: for logs, and for spaces that require no signature.
#[must_use]
pub fn without_signature(query: &str) -> String {
    let signs = |pair: &&str| !PARAMETERS.all().contains(&pair.split_once('=').map_or(*pair, |(name, _)| name));
    query.split('&').filter(signs).collect::<Vec<_>>().join("&")
}

/// Checks whether a request for this URL (in its signed form: [`super::policy::url`], with the query that
/// [`Evidence::from_query`] returned) is allowed at `now`, in seconds since 1970, for a client at this address, if it
/// is known.
pub fn verify(
    evidence: &Evidence,
    url: &str,
    keys: &[TrustedKey],
    now: i64,
    address: Option<IpAddr>,
) -> Result<(), SignatureRefusal> {
    match &evidence.what {
        PolicyEvidence::Expires(expires) => {
            let policy = Policy::until(url, *expires);
            signed(evidence, policy.to_json().as_bytes(), keys, now)?;
            valid(&policy, now, address)
        }
        PolicyEvidence::Policy(_) => verify_policy(evidence, |policy| policy.covers(url), keys, now, address),
    }
}

/// Like [`verify`], for a custom policy of which `covers` says whether it is for what was asked for.
///
/// # Errors
///
/// [`SignatureRefusal::Missing`] if the policy is not sent; otherwise as [`verify`].
pub(super) fn verify_policy(
    evidence: &Evidence,
    covers: impl Fn(&Policy) -> bool,
    keys: &[TrustedKey],
    now: i64,
    address: Option<IpAddr>,
) -> Result<(), SignatureRefusal> {
    let PolicyEvidence::Policy(json) = &evidence.what else { return Err(SignatureRefusal::Missing(PARAMETERS.policy)) };
    signed(evidence, json, keys, now)?;
    let policy = Policy::parse(json)?;
    if !covers(&policy) {
        return Err(SignatureRefusal::Resource);
    }
    valid(&policy, now, address)
}

/// Checks whether a trusted key has signed these bytes.
fn signed(evidence: &Evidence, json: &[u8], keys: &[TrustedKey], now: i64) -> Result<(), SignatureRefusal> {
    let key = trusted(keys, &evidence.key_id, now)?;
    if is_signature(&key.public, json, &evidence.signature) { Ok(()) } else { Err(SignatureRefusal::Signature) }
}

/// Checks the conditions of a policy.
fn valid(policy: &Policy, now: i64, address: Option<IpAddr>) -> Result<(), SignatureRefusal> {
    if now >= policy.date_less_than {
        return Err(SignatureRefusal::Expired);
    }
    if policy.date_greater_than.is_some_and(|date| now <= date) {
        return Err(SignatureRefusal::Early);
    }
    match policy.ip_address {
        Some(network) if !address.is_some_and(|address| network.contains(address)) => Err(SignatureRefusal::Address),
        _ => Ok(()),
    }
}

/// The key with this id, if it is trusted at `now`, in seconds since 1970.
pub fn trusted<'a>(keys: &'a [TrustedKey], id: &str, now: i64) -> Result<&'a TrustedKey, SignatureRefusal> {
    let key = keys.iter().find(|key| key.id == id).ok_or(SignatureRefusal::Key)?;
    if key.until.is_some_and(|until| now >= until) { Err(SignatureRefusal::Retired) } else { Ok(key) }
}

/// The parts of a signature, as they are found.
struct SignatureParts {
    names: SignatureNames,
    found: [Option<String>; 5],
}

impl SignatureParts {
    const fn of(names: SignatureNames) -> Self {
        Self { names, found: [const { None }; 5] }
    }

    /// Takes a pair that is a part of a signature; returns whether it is one.
    fn take(&mut self, name: &str, value: &str) -> Result<bool, SignatureRefusal> {
        let mut places = self.names.all().into_iter().zip(&mut self.found);
        let Some((name, place)) = places.find(|(part, _)| *part == name) else { return Ok(false) };
        // A value longer than the longest part is invalid at any length, so it is cut.
        let value = value.get(..=LONGEST_POLICY).unwrap_or(value);
        if place.replace(value.to_owned()).is_some() { Err(SignatureRefusal::Repeated(name)) } else { Ok(true) }
    }

    /// The complete parts; `None` if there is no part at all.
    fn evidence(self) -> Result<Option<Evidence>, SignatureRefusal> {
        let names = self.names;
        if self.found.iter().all(Option::is_none) {
            return Ok(None);
        }
        let [expires, policy, signature, key_id, hash] = self.found;
        let what = match (expires, policy) {
            (Some(_), Some(_)) => return Err(SignatureRefusal::Mixed(names.expires, names.policy)),
            (None, None) => return Err(SignatureRefusal::Missing(names.expires)),
            (Some(digits), None) => {
                let expires =
                    digits.parse().ok().filter(|expires: &i64| *expires >= 0 && expires.to_string() == digits);
                PolicyEvidence::Expires(expires.ok_or(SignatureRefusal::Malformed(names.expires))?)
            }
            (None, Some(policy)) => PolicyEvidence::Policy(bytes(names.policy, &policy, LONGEST_POLICY)?),
        };
        let signature = signature.ok_or(SignatureRefusal::Missing(names.signature))?;
        let signature = bytes(names.signature, &signature, LONGEST_SIGNATURE)?;
        let key_id = key_id.ok_or(SignatureRefusal::Missing(names.key_pair_id))?;
        if key_id.is_empty()
            || key_id.len() > LONGEST_KEY_ID
            || !key_id.bytes().all(|byte| byte.is_ascii_alphanumeric())
        {
            return Err(SignatureRefusal::Malformed(names.key_pair_id));
        }
        if hash.ok_or(SignatureRefusal::Missing(names.hash_algorithm))? != SHA256 {
            return Err(SignatureRefusal::Hash(names.hash_algorithm));
        }
        Ok(Some(Evidence { what, signature, key_id }))
    }
}

/// Decodes a part in base64.
fn bytes(name: &'static str, text: &str, longest: usize) -> Result<Vec<u8>, SignatureRefusal> {
    if text.len() > longest {
        return Err(SignatureRefusal::Malformed(name));
    }
    decode(text).filter(|bytes| !bytes.is_empty()).ok_or(SignatureRefusal::Malformed(name))
}

#[cfg(test)]
mod tests;
