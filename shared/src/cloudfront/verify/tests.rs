//! Who is let in, and above all who is not.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;
use crate::cloudfront::key::SigningKey;
use crate::cloudfront::sign::Signer;

const NOW: i64 = 1_459_879_151;
const URL: &str = "https://d111111abcdef8.cloudfront.net/lectures/a%20b.mp4";

fn signer() -> (Signer, Vec<TrustedKey>) {
    let key = SigningKey::generate().unwrap();
    let keys = vec![TrustedKey { id: "K2JCJMDEHXQW5F".to_owned(), public: key.public(), until: None }];
    (Signer::new("K2JCJMDEHXQW5F", key), keys)
}

/// What becomes of a request for a URL with its signature.
fn ask(url: &str, keys: &[TrustedKey], now: i64, address: Option<&str>) -> Result<(), Refusal> {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let (evidence, rest) = Evidence::from_query(query)?;
    let evidence = evidence.ok_or(Refusal::Unsigned)?;
    let url = if rest.is_empty() { path.to_owned() } else { format!("{path}?{rest}") };
    verify(&evidence, &url, keys, now, address.map(|address| address.parse().unwrap()))
}

#[test]
fn what_was_signed_is_let_in() {
    let (signer, keys) = signer();
    for url in [URL.to_owned(), format!("{URL}?t=620,655"), format!("{URL}?t=620,655&track=audio")] {
        let signed = signer.url(&url, &Policy::until(&url, NOW + 1)).unwrap();
        assert!(signed.contains("Expires="));
        assert_eq!(ask(&signed, &keys, NOW, None), Ok(()));
        let network = Some("192.0.2.0/24".parse().unwrap());
        let policy = Policy { ip_address: network, ..Policy::until(&url, NOW + 1) };
        let signed = signer.url(&url, &policy).unwrap();
        assert!(signed.contains("Policy="));
        assert_eq!(ask(&signed, &keys, NOW, Some("192.0.2.7")), Ok(()));
        assert_eq!(ask(&signed, &keys, NOW, Some("192.0.3.7")), Err(Refusal::Address));
    }
}
