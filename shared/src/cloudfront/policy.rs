//! Policies: what a signature allows, until when, and from which addresses (*CloudFront Developer Guide*, "Creating a
//! policy statement for a signed URL that uses a custom policy").
//!
//! ```text
//! {"Statement":[{"Resource":"https://d111111abcdef8.cloudfront.net/a.mp4?t=620,655",
//!   "Condition":{"DateLessThan":{"AWS:EpochTime":1459879151},"IpAddress":{"AWS:SourceIp":"192.0.2.0/24"}}}]}
//! ```
//!
//! They are written without blanks, byte by byte as botocore's `CloudFrontSigner` writes them: a *canned* policy, which
//! has only a URL and its expiry, is not sent, so the verifier writes it again. Parsing is strict: one statement with a
//! resource and an expiry, only known members, each once. In CloudFront a policy without a resource opens everything;
//! here the resource is required.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::space::MediaKey;

/// The URL of a content of a streamed space, given the base of the space's URLs
/// ([`Hosts::base`](crate::streaming::Hosts::base)), in the only form that is signed and verified. The query is taken
/// verbatim; an empty one counts as none.
#[must_use]
pub fn url(base: &str, key: &MediaKey, query: &str) -> String {
    let path = key.to_path();
    let path = path.strip_prefix(key.space().as_str()).unwrap_or(&path);
    written(base, path, query)
}

/// The requested URL at this base, as the request writes it: `path` is what follows the base, and begins with a slash.
/// CloudFront compares a signature with the URL as it was received, so a path with other percent-encoding is another
/// URL, although it names the same content (*CloudFront Developer Guide*, "Use signed URLs").
#[must_use]
pub fn written(base: &str, path: &str, query: &str) -> String {
    let separator = if query.is_empty() { "" } else { "?" };
    format!("{base}{path}{separator}{query}")
}

/// What a signature allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The URL, with its query but without the parameters of the signature. In a custom policy a `*` matches any
    /// characters; see [`Policy::covers`] for `?`.
    pub resource: String,
    /// The expiry: the first second, since 1970, in which the policy is no longer valid.
    pub date_less_than: i64,
    /// The beginning: the last second, since 1970, in which it is not valid yet.
    pub date_greater_than: Option<i64>,
    /// The allowed addresses.
    pub ip_address: Option<Network>,
}

impl Policy {
    /// A policy for a resource with an expiry in seconds since 1970.
    #[must_use]
    pub fn until(resource: impl Into<String>, date_less_than: i64) -> Self {
        Self { resource: resource.into(), date_less_than, date_greater_than: None, ip_address: None }
    }

    /// Whether it has only a resource and an expiry.
    #[must_use]
    pub const fn only_expires(&self) -> bool {
        self.date_greater_than.is_none() && self.ip_address.is_none()
    }

    /// The bytes to sign.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Text keys, texts and numbers: serialising cannot fail.
        serde_json::to_string(&PolicyDocument::from(self)).unwrap_or_default()
    }

    /// Parses a custom policy.
    ///
    /// # Errors
    ///
    /// If it deviates from the documented form in any way.
    pub fn parse(json: &[u8]) -> Result<Self, MalformedPolicy> {
        let document: PolicyDocument = serde_json::from_slice(json)?;
        // Serde would also read a struct from an array of its members, and a missing member from `null`.
        if serde_json::from_slice::<Value>(json)? != serde_json::to_value(&document)? {
            return Err(MalformedPolicy::Json);
        }
        let PolicyDocument { statement: [Statement { resource, condition }] } = document;
        let PolicyCondition { date_less_than, ip_address, date_greater_than } = condition;
        Ok(Self {
            resource,
            date_less_than: date_less_than.seconds,
            date_greater_than: date_greater_than.map(|date| date.seconds),
            ip_address: ip_address.map(|source| source.network.parse()).transpose()?,
        })
    }

    /// Whether a URL matches the resource of a custom policy: `*` matches any number of characters, and `?` any one
    /// character, except the first `?`, which only matches itself. CloudFront would let that match any character too;
    /// here it begins the query, so that a policy for a part of a file never opens a file of another name.
    #[must_use]
    pub fn covers(&self, url: &str) -> bool {
        let (pattern, url) = (self.resource.as_bytes(), url.as_bytes());
        let query = pattern.iter().position(|byte| *byte == b'?');
        let (mut at, mut seen) = (0, 0);
        // The position of the last star, and the end of its match so far.
        let mut star = None;
        while let Some(byte) = url.get(seen) {
            match pattern.get(at) {
                Some(b'*') => {
                    star = Some((at, seen));
                    at += 1;
                }
                Some(b'?') if query != Some(at) => (at, seen) = (at + 1, seen + 1),
                Some(wanted) if wanted == byte => (at, seen) = (at + 1, seen + 1),
                _ => {
                    let Some((place, reach)) = star else { return false };
                    star = Some((place, reach + 1));
                    (at, seen) = (place + 1, reach + 1);
                }
            }
        }
        pattern.iter().skip(at).all(|byte| *byte == b'*')
    }
}

/// IPv4 addresses, the only ones that CloudFront accepts in a policy: one address or a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: Ipv4Addr,
    /// The length of the network's prefix in bits, at most 32.
    prefix: u8,
}

impl Network {
    /// Whether an address belongs to the network. An IPv4 address may be written as IPv6 (RFC 4291 §2.5.5.2).
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        let IpAddr::V4(address) = address.to_canonical() else { return false };
        let differing = address.to_bits() ^ self.address.to_bits();
        differing.leading_zeros() >= u32::from(self.prefix)
    }
}

/// `192.0.2.7`, which is `192.0.2.7/32`, or `192.0.2.0/24`.
impl FromStr for Network {
    type Err = MalformedPolicy;

    fn from_str(text: &str) -> Result<Self, MalformedPolicy> {
        if text.contains(':') {
            return Err(MalformedPolicy::Version6);
        }
        let (address, prefix) = match text.split_once('/') {
            None => (text, 32),
            Some((address, digits)) => {
                let prefix = digits.parse().ok().filter(|prefix: &u8| *prefix <= 32 && prefix.to_string() == digits);
                (address, prefix.ok_or(MalformedPolicy::Address)?)
            }
        };
        Ok(Self { address: address.parse().map_err(|_| MalformedPolicy::Address)?, prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.address, self.prefix)
    }
}

/// What is wrong with a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedPolicy {
    /// It is not JSON, or does not have exactly the required members.
    #[error("the policy is not one statement with a resource, an expiry, and at most a beginning and an address")]
    Json,
    /// The address is invalid.
    #[error("an address is written as 192.0.2.7, or as 192.0.2.0/24 for a network")]
    Address,
    /// The address is an IPv6 address.
    #[error("CloudFront accepts only IPv4 addresses in signatures, not IPv6")]
    Version6,
}

impl From<serde_json::Error> for MalformedPolicy {
    fn from(_: serde_json::Error) -> Self {
        Self::Json
    }
}

/// The JSON form of a policy: the order of the members is botocore's.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PolicyDocument {
    statement: [Statement; 1],
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Statement {
    resource: String,
    condition: PolicyCondition,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PolicyCondition {
    date_less_than: EpochTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip_address: Option<SourceIp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_greater_than: Option<EpochTime>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EpochTime {
    #[serde(rename = "AWS:EpochTime")]
    seconds: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceIp {
    #[serde(rename = "AWS:SourceIp")]
    network: String,
}

impl From<&Policy> for PolicyDocument {
    fn from(policy: &Policy) -> Self {
        let condition = PolicyCondition {
            date_less_than: EpochTime { seconds: policy.date_less_than },
            ip_address: policy.ip_address.map(|network| SourceIp { network: network.to_string() }),
            date_greater_than: policy.date_greater_than.map(|seconds| EpochTime { seconds }),
        };
        Self { statement: [Statement { resource: policy.resource.clone(), condition }] }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_policy_survives_being_written_and_read() {
        let mut policy = Policy::until("https://d1.cloudfront.net/a%20b.mp4?t=620,655", 1_459_879_151);
        let bare = r#"{"Statement":[{"Resource":"https://d1.cloudfront.net/a%20b.mp4?t=620,655","Condition":{"DateLessThan":{"AWS:EpochTime":1459879151}}}]}"#;
        assert_eq!(policy.to_json(), bare);
        assert!(policy.only_expires());
        assert_eq!(Policy::parse(bare.as_bytes()), Ok(policy.clone()));
        policy.ip_address = Some("192.0.2.7".parse().unwrap());
        policy.date_greater_than = Some(-1);
        assert!(policy.to_json().contains(r#""IpAddress":{"AWS:SourceIp":"192.0.2.7/32"},"DateGreaterThan""#));
        assert_eq!(Policy::parse(policy.to_json().as_bytes()), Ok(policy));
    }

    #[test]
    fn a_policy_is_read_to_the_letter() {
        let whole = r#"{"Statement":[{"Resource":"R","Condition":{"DateLessThan":{"AWS:EpochTime":1}}}]}"#;
        assert!(Policy::parse(format!(" {whole}\n").as_bytes()).is_ok());
        for (part, other) in [
            (whole, ""),
            (whole, "null"),
            (whole, "[]"),
            (whole, r#"[[["R",[[1]]]]]"#),
            ("]}", "]} x"),
            (r#"{"Resource":"#, r#"{"Effect":"Allow","Resource":"#),
            (r#""Resource":"R""#, r#""Resource":"R","Resource":"S""#),
            (r#""Resource":"R","#, ""),
            (r#""R""#, "1"),
            (r#""R""#, "null"),
            (r#"{"Resource":"R","Condition":{"DateLessThan":{"AWS:EpochTime":1}}}"#, ""),
            ("}}}]", r#"}}},{"Resource":"S","Condition":{"DateLessThan":{"AWS:EpochTime":1}}}]"#),
            (r#"{"AWS:EpochTime":1}"#, "1"),
            (r#"{"AWS:EpochTime":1}"#, "[1]"),
            (r#"{"AWS:EpochTime":1}"#, r#"{"AWS:EpochTime":1,"AWS:EpochTime":9}"#),
            (":1}", r#":"1"}"#),
            (":1}", ":1.0}"),
            (":1}", ":1e3}"),
            (":1}", ":9223372036854775808}"),
            (":1}", ":1e999}"),
            ("DateLessThan", "datelessthan"),
            ("DateLessThan", "DateGreaterThan"),
            (":1}}", r#":1},"IpAddress":null}"#),
            (":1}}", r#":1},"IpAddress":{"AWS:SourceIp":null}}"#),
            (":1}}", r#":1},"IpAddress":{"AWS:SourceIp":["192.0.2.7"]}}"#),
            (":1}}", r#":1},"IpAddress":{"AWS:SourceIp":"192.0.2.7","AWS:SourceVpc":"x"}}"#),
            (":1}}", r#":1},"IpAddress":{"AWS:SourceIp":"everywhere"}}"#),
            (":1}}", r#":1},"IpAddress":{"AWS:SourceIp":"2001:db8::1"}}"#),
        ] {
            let altered = whole.replacen(part, other, 1);
            assert_ne!(altered, whole);
            assert!(Policy::parse(altered.as_bytes()).is_err(), "{altered}");
        }
        assert!(Policy::parse(b"{\"Statement\":[{\"Resource\":\"\xff\"").is_err());
        assert!(Policy::parse("[".repeat(100_000).as_bytes()).is_err());
    }

    #[test]
    fn an_address_is_one_of_a_network() {
        for (network, address, inside) in [
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("192.0.2.7", "::ffff:192.0.2.7", true),
            ("192.0.2.7/24", "192.0.2.200", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.128/25", "192.0.2.127", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
        ] {
            let network: Network = network.parse().unwrap();
            assert_eq!(network.contains(address.parse().unwrap()), inside, "{network} {address}");
        }
        for wrong in
            ["", "localhost", "192.0.2", "192.0.2.07", "192.0.2.256", "192.0.2.7/", "192.0.2.7/33", "192.0.2.7/08"]
        {
            assert_eq!(wrong.parse::<Network>(), Err(MalformedPolicy::Address), "{wrong}");
        }
        for wrong in ["2001:db8::1", "::/0", "::ffff:192.0.2.7", "2001:db8::/64"] {
            assert_eq!(wrong.parse::<Network>(), Err(MalformedPolicy::Version6), "{wrong}");
        }
    }

    #[test]
    fn a_star_is_anything_and_a_question_mark_begins_the_query() {
        for (resource, url, covered) in [
            ("https://d1/a.mp4", "https://d1/a.mp4", true),
            ("https://d1/a.mp4", "https://d1/A.mp4", false),
            ("https://d1/a.mp4", "https://d1/a.mp4?t=1", false),
            ("https://d1/a.mp4", "https://d1/a.mp", false),
            ("https://d1/*", "https://d1/", true),
            ("https://d1/*", "https://d1/a/b.mp4?t=1&track=audio", true),
            ("https://d1/*", "https://d2/a", false),
            ("https://d1/*", "https://d1", false),
            ("https://d1/*.mp4", "https://d1/a.mp4.mp4", true),
            ("https://d1/*.mp4", "https://d1/a.mp4?t=1", false),
            ("https://d1/*a*b", "https://d1/xaxaxb", true),
            ("https://d1/*a*b", "https://d1/xaxaxbc", false),
            ("*", "", true),
            ("**", "anything", true),
            ("", "", true),
            ("", "a", false),
            ("https://d1/a?t=1", "https://d1/a?t=1", true),
            ("https://d1/a?t=1", "https://d1/axt=1", false),
            ("https://d1/a?t=1", "https://d1/a?t=12", false),
            ("https://d1/*?t=1?", "https://d1/a?t=12", true),
            ("https://d1/*?t=1?", "https://d1/axt=12", false),
        ] {
            assert_eq!(Policy::until(resource, 0).covers(url), covered, "{resource} {url}");
        }
    }

    #[test]
    fn a_content_has_one_url() {
        for (base, key, query, expected) in [
            ("https://d1.cloudfront.net", "films/a.mp4", "", "https://d1.cloudfront.net/a.mp4"),
            (
                "http://127.0.0.1:8080/stream/films",
                "films/a.mp4",
                "t=1",
                "http://127.0.0.1:8080/stream/films/a.mp4?t=1",
            ),
            ("https://d1", "films/films/ä *#.mp4", "", "https://d1/films/%C3%A4%20%2A%23.mp4"),
            ("https://d1", "films//a//b", "", "https://d1//a//b"),
        ] {
            assert_eq!(url(base, &key.parse().unwrap(), query), expected);
        }
    }
}
