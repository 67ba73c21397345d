//! Signing: URLs and cookies that CloudFront accepts (*CloudFront Developer Guide*, "Use signed URLs" and "Use signed
//! cookies").
//!
//! A URL with only an expiry is signed with a *canned* policy, which is for exactly that URL, and only its `Expires` is
//! sent. All others are sent with a *custom* policy, and so are cookies, which are for many URLs. Both are the same
//! JSON, so the holder of one can send the other; it opens the same, as long as the URL contains no `*`, and
//! [`super::policy::url`] writes none. The hash is SHA-256, which is stated explicitly because CloudFront's default is
//! SHA-1.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::key::{KeyError, SigningKey};
use super::policy::Policy;

/// The names of a signature's parts, in a query and in cookies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignatureNames {
    /// The expiry of a canned policy, in seconds since 1970.
    pub expires: &'static str,
    /// A custom policy.
    pub policy: &'static str,
    /// The signature.
    pub signature: &'static str,
    /// The name of the key.
    pub key_pair_id: &'static str,
    /// The hash.
    pub hash_algorithm: &'static str,
}

impl SignatureNames {
    /// All names: the expiry, the policy, the signature, the key, the hash.
    #[must_use]
    pub const fn all(self) -> [&'static str; 5] {
        [self.expires, self.policy, self.signature, self.key_pair_id, self.hash_algorithm]
    }
}

/// The names of the query parameters.
pub const PARAMETERS: SignatureNames = SignatureNames {
    expires: "Expires",
    policy: "Policy",
    signature: "Signature",
    key_pair_id: "Key-Pair-Id",
    hash_algorithm: "Hash-Algorithm",
};

/// The names of the cookies.
pub const COOKIES: SignatureNames = SignatureNames {
    expires: "CloudFront-Expires",
    policy: "CloudFront-Policy",
    signature: "CloudFront-Signature",
    key_pair_id: "CloudFront-Key-Pair-Id",
    hash_algorithm: "CloudFront-Hash-Algorithm",
};

/// The only supported hash.
pub const SHA256: &str = "SHA256";

/// Base64 for a query: `-`, `_` and `~` for `+`, `=` and `/`.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let replaced = |letter| match letter {
        '+' => '-',
        '=' => '_',
        '/' => '~',
        letter => letter,
    };
    STANDARD.encode(bytes).chars().map(replaced).collect()
}

/// Decodes what [`encode`] writes; `None` for every other spelling.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let replaced = |byte| match byte {
        b'-' => Some(b'+'),
        b'_' => Some(b'='),
        b'~' => Some(b'/'),
        b'+' | b'=' | b'/' => None,
        byte => Some(byte),
    };
    STANDARD.decode(text.bytes().map(replaced).collect::<Option<Vec<u8>>>()?).ok()
}

/// A key, and its id in CloudFront.
#[derive(Debug)]
pub struct Signer {
    key_id: String,
    key: SigningKey,
}

impl Signer {
    /// The signer with this key id.
    #[must_use]
    pub fn new(key_id: impl Into<String>, key: SigningKey) -> Self {
        Self { key_id: key_id.into(), key }
    }

    /// The key's id in CloudFront.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Signs a URL with this policy; the parameters are in CloudFront's order.
    pub fn url(&self, url: &str, policy: &Policy) -> Result<String, KeyError> {
        let json = policy.to_json();
        let what = if policy.only_expires() && policy.resource == url {
            format!("{}={}", PARAMETERS.expires, policy.date_less_than)
        } else {
            format!("{}={}", PARAMETERS.policy, encode(json.as_bytes()))
        };
        let separator = if url.contains('?') { '&' } else { '?' };
        let SignatureNames { signature, key_pair_id, hash_algorithm, .. } = PARAMETERS;
        let value = encode(&self.key.sign(json.as_bytes())?);
        let key_id = &self.key_id;
        Ok(format!("{url}{separator}{what}&{signature}={value}&{key_pair_id}={key_id}&{hash_algorithm}={SHA256}"))
    }

    /// Signed cookies with this policy: their names and values.
    pub fn cookies(&self, policy: &Policy) -> Result<Vec<(&'static str, String)>, KeyError> {
        let json = policy.to_json();
        Ok(vec![
            (COOKIES.policy, encode(json.as_bytes())),
            (COOKIES.signature, encode(&self.key.sign(json.as_bytes())?)),
            (COOKIES.key_pair_id, self.key_id.clone()),
            (COOKIES.hash_algorithm, SHA256.to_owned()),
        ])
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    /// The result of botocore's `CloudFrontSigner` with an RSA key, and its input.
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Botocore {
        key_id: String,
        pkcs8: String,
        public: String,
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        url: String,
        resource: Option<String>,
        until: i64,
        since: Option<i64>,
        address: Option<String>,
        policy: String,
        signed: String,
    }

    #[test]
    fn policies_and_urls_are_those_of_botocore() {
        let made = include_str!("../../../tests/cloudfront/signed_by_botocore.json");
        let Botocore { key_id, pkcs8, public, cases } = serde_json::from_str(made).unwrap();
        let rsa = Signer::new(&key_id, SigningKey::from_pkcs8(&STANDARD.decode(pkcs8).unwrap()).unwrap());
        let ecdsa = Signer::new(&key_id, SigningKey::generate().unwrap());
        assert_eq!(rsa.key().public_pem(), public);
        assert!(cases.len() > 60);
        for Case { url, resource, until, since, address, policy, signed } in cases {
            let ours = Policy {
                resource: resource.unwrap_or_else(|| url.clone()),
                date_less_than: until,
                date_greater_than: since,
                ip_address: address.map(|address| address.parse().unwrap()),
            };
            assert_eq!(ours.to_json(), policy);
            assert_eq!(Policy::parse(policy.as_bytes()), Ok(ours.clone()));
            // botocore does not add the hash to these.
            assert_eq!(rsa.url(&url, &ours).unwrap(), format!("{signed}&Hash-Algorithm=SHA256"));
            // ECDSA signatures differ each time; everything before is the same.
            let (before, _) = signed.split_once("&Signature=").or(signed.split_once("?Signature=")).unwrap();
            assert!(ecdsa.url(&url, &ours).unwrap().starts_with(&format!("{before}&Signature=")));
        }
    }

    #[test]
    fn base64_is_read_as_it_is_written_and_no_other_way() {
        assert_eq!(encode(b"\xfb\xff\xfe?"), "-~~-Pw__");
        for wrong in
            ["+~~-Pw__", "-//-Pw__", "-~~-Pw==", "-~~-Pw", "-~~-Pw_", "-~~-Px__", "-~~-Pw__ ", "%2D~~-Pw__", "ä", "_"]
        {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn bytes_survive_being_base64(bytes: Vec<u8>) {
            prop_assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }
    }
}
