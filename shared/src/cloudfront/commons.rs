//! What all distributions share: the keys that they trust, and what is made in CloudFront once for all of them.

use std::collections::BTreeMap;

/// A key that signed requests are verified with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedKey {
    /// CloudFront's name for it, which a signed request has as its `Key-Pair-Id`: `K2JCJMDEHXQW5F`.
    pub id: String,
    /// The public key: a `SubjectPublicKeyInfo` in DER (RFC 5280 §4.1), of ECDSA on P-256 or of RSA with 2048 bits.
    pub public: Vec<u8>,
    /// Until when it is trusted, in seconds since 1970; none for the key that signs now.
    pub until: Option<i64>,
}

/// What all distributions share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commons {
    /// The keys that are trusted, the one that signs now first.
    pub keys: Vec<TrustedKey>,
    /// What was made in CloudFront, by what it is for: CloudFront's names.
    pub made: BTreeMap<String, String>,
    /// Counts the writes, so that of two who change it at a time one is told.
    pub version: u64,
}
