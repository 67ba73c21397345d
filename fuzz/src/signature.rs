//! Signed URLs, signed cookies and policies: an allowed request was signed. The reference that decides what was signed
//! is a list of whole URLs, independent of the code under attack.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use reelspan::cloudfront::key::SigningKey;
use reelspan::cloudfront::policy::Policy;
use reelspan::cloudfront::sign::Signer;
use reelspan::cloudfront::verify::{Evidence, verify, without_signature};
use reelspan::space::commons::TrustedKey;

use crate::Interest;

const NOW: i64 = 1_459_879_151;
const WHOLE: &str = "https://d1.cloudfront.net/lectures/a%20b.mp4";
const EXCERPT: &str = "https://d1.cloudfront.net/lectures/a%20b.mp4?t=620,655&track=audio";
const OTHER: &str = "https://d1.cloudfront.net/lectures/other.mp4";

/// The signed requests, and the key that signed them.
struct SignedRequests {
    keys: Vec<TrustedKey>,
    /// Each as the URL without its signature, the signature as in the query, and as in cookies.
    all: Vec<One>,
}

struct One {
    url: &'static str,
    query: String,
    cookies: String,
    counts: bool,
}

/// Signs with a fixed RSA key, whose signatures are the same each time, so that a finding can be repeated.
fn signed() -> &'static SignedRequests {
    static SIGNED: OnceLock<SignedRequests> = OnceLock::new();
    SIGNED.get_or_init(|| {
        let made: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/cloudfront/signed_by_botocore.json")).expect("JSON");
        let pkcs8 = STANDARD.decode(made["pkcs8"].as_str().expect("a text")).expect("base64");
        let id = "K2JCJMDEHXQW5F";
        let signer = Signer::new(id, SigningKey::from_pkcs8(&pkcs8).expect("a key"));
        let keys = vec![TrustedKey { id: id.to_owned(), public: signer.key().public(), until: None }];
        let address = Some("192.0.2.0/24".parse().expect("a network"));
        let since = Some(NOW - 60);
        let policies = [WHOLE, EXCERPT, OTHER].into_iter().flat_map(|url| {
            let canned = Policy::until(url, NOW + 60);
            [
                (url, canned.clone(), url != OTHER),
                (url, Policy { date_greater_than: since, ip_address: address, ..canned.clone() }, url != OTHER),
                // These have expired, or are not valid yet: no change to their text makes them valid.
                (url, Policy { date_less_than: NOW, ..canned.clone() }, false),
                (url, Policy { date_greater_than: Some(NOW), ..canned }, false),
            ]
        });
        let all = policies.map(|(url, policy, counts)| {
            let signed = signer.url(url, &policy).expect("a signature");
            let query = signed[url.len() + 1..].to_owned();
            let cookies = signer.cookies(&policy).expect("a signature");
            let cookies: Vec<_> = cookies.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
            One { url, query, cookies: cookies.join("; "), counts: counts && url != OTHER }
        });
        SignedRequests { all: all.collect(), keys }
    })
}

/// Requests for [`WHOLE`] and [`EXCERPT`] with an existing signature, changed as the input says; or the input itself.
///
/// The input: a byte that selects the change, a byte that selects the signature, and then the text of a query or of a
/// `Cookie` field, or changes of three bytes each: position, whether to insert, replace or remove, and the new byte.
pub fn request(input: &[u8]) -> Interest {
    let Some((&[what, which], rest)) = input.split_first_chunk::<2>() else { return Interest::Reject };
    let SignedRequests { keys, all } = signed();
    let one = &all[usize::from(which) % all.len()];
    let text = match what % 3 {
        0 => String::from_utf8_lossy(rest).into_owned(),
        1 => changed(&one.query, rest),
        _ => changed(&one.cookies, rest),
    };
    let address = Some("192.0.2.7".parse().expect("an address"));
    for url in [WHOLE, EXCERPT] {
        let query = url.split_once('?').map_or("", |(_, query)| query);
        let let_in = if what % 3 == 2 {
            let Ok(value) = HeaderValue::from_bytes(text.as_bytes()) else { continue };
            let headers = HeaderMap::from_iter([(COOKIE, value)]);
            let evidence = Evidence::from_cookies(&headers).ok().flatten();
            evidence.is_some_and(|evidence| verify(&evidence, url, keys, NOW, address).is_ok())
        } else {
            let separator = if query.is_empty() || text.is_empty() { "" } else { "&" };
            let asked = format!("{query}{separator}{text}");
            assert!(without_signature(&asked).split('&').all(|pair| !pair.starts_with("Signature=")));
            match Evidence::from_query(&asked) {
                Ok((Some(evidence), left)) => {
                    let separator = if left.is_empty() { "" } else { "?" };
                    let asked = format!("{WHOLE}{separator}{left}");
                    let let_in = verify(&evidence, &asked, keys, NOW, address).is_ok();
                    assert!(!let_in || asked == WHOLE || asked == EXCERPT, "{asked} was never signed");
                    let_in && asked == url
                }
                _ => false,
            }
        };
        // No signature is created here, so an allowed request has to contain the bytes of an existing one.
        let was_signed = |one: &One| {
            let value = |text: &str| {
                let pair = text.split(['&', ';']).find_map(|pair| pair.trim().rsplit_once("Signature="));
                pair.map(|(_, value)| value.to_owned())
            };
            one.counts && one.url == url && value(&one.query).is_some_and(|value| text.contains(&value))
        };
        assert!(!let_in || all.iter().any(was_signed), "{text} was let in to {url}");
    }
    Interest::Keep
}

/// A text with bytes inserted, replaced and removed.
fn changed(text: &str, changes: &[u8]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for change in changes.as_chunks::<4>().0 {
        let at = usize::from(u16::from_be_bytes([change[0], change[1]])) % (bytes.len() + 1);
        match change[2] % 4 {
            0 => bytes.insert(at, change[3]),
            1 if at < bytes.len() => bytes[at] = change[3],
            2 if at < bytes.len() => drop(bytes.remove(at)),
            // Repeats a piece of it at its end.
            _ => bytes.extend_from_within(at..(at + usize::from(change[3])).min(bytes.len())),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A custom policy as JSON: the resource, a zero byte, and a URL that it might cover.
pub fn policy(input: &[u8]) -> Interest {
    let (json, url) = input.split_at(input.iter().position(|byte| *byte == 0).unwrap_or(input.len()));
    if let Ok(policy) = Policy::parse(json) {
        assert_eq!(Policy::parse(policy.to_json().as_bytes()), Ok(policy));
    }
    let (Ok(resource), Ok(url)) = (str::from_utf8(json), str::from_utf8(url.get(1..).unwrap_or_default())) else {
        return Interest::Keep;
    };
    let policy = Policy::until(resource, NOW);
    let parsed = Policy::parse(policy.to_json().as_bytes());
    assert_eq!(parsed.as_ref(), Ok(&policy));
    if resource.len() < 256 && url.len() < 256 {
        assert_eq!(policy.covers(url), stands_for(resource, url), "{resource:?} {url:?}");
    }
    Interest::Keep
}

/// What [`Policy::covers`] decides, by a table of what each prefix of the pattern matches.
fn stands_for(pattern: &str, url: &str) -> bool {
    let (pattern, url) = (pattern.as_bytes(), url.as_bytes());
    let query = pattern.iter().position(|byte| *byte == b'?');
    let mut reach = vec![false; url.len() + 1];
    reach[0] = true;
    for (at, byte) in pattern.iter().enumerate() {
        let mut next = vec![false; url.len() + 1];
        for end in 0..=url.len() {
            next[end] = match byte {
                b'*' => reach[end] || (end > 0 && next[end - 1]),
                b'?' if query != Some(at) => end > 0 && reach[end - 1],
                byte => end > 0 && reach[end - 1] && url[end - 1] == *byte,
            };
        }
        reach = next;
    }
    reach[url.len()]
}
