//! What all streamed spaces share: the trusted keys, and the resources that CloudFront needs only once.

use std::collections::BTreeMap;

/// A key that verifies signed requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedKey {
    /// Its id in CloudFront, which is the `Key-Pair-Id` of a signed request: `K2JCJMDEHXQW5F`.
    pub id: String,
    /// The public key: a `SubjectPublicKeyInfo` in DER (RFC 5280 §4.1), of ECDSA on P-256 or of RSA with 2048 bits.
    pub public: Vec<u8>,
    /// The end of its validity, in seconds since 1970; `None` for the current signing key.
    pub until: Option<i64>,
}

/// What all streamed spaces share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commons {
    /// The trusted keys, the current signing key first.
    pub keys: Vec<TrustedKey>,
    /// The resources created in CloudFront, by purpose: their ids.
    pub made: BTreeMap<String, String>,
    /// The number of writes, so that one of two concurrent writers fails.
    pub version: u64,
}
