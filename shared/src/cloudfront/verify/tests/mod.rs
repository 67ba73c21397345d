//! Which requests are allowed, and above all which are not.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod random;

use http::HeaderValue;

use super::*;
use crate::cloudfront::key::SigningKey;
use crate::cloudfront::sign::{Signer, encode};

const NOW: i64 = 1_459_879_151;
const UNTIL: i64 = NOW + 28_800;
const K1: &str = "K2JCJMDEHXQW5F";
const K2: &str = "K36X4X2EO997HM";
const BASE: &str = "https://d111111abcdef8.cloudfront.net";
const WHOLE: &str = "https://d111111abcdef8.cloudfront.net/lectures/a%20b.mp4";
const EXCERPT: &str = "https://d111111abcdef8.cloudfront.net/lectures/a%20b.mp4?t=620,655&track=audio";
const HERE: &str = "192.0.2.7";

/// Two trusted signers.
struct Signers {
    one: Signer,
    two: Signer,
    keys: Vec<TrustedKey>,
}

fn signers() -> Signers {
    let [one, two] = [K1, K2].map(|id| Signer::new(id, SigningKey::generate().unwrap()));
    let trusted =
        |signer: &Signer| TrustedKey { id: signer.key_id().to_owned(), public: signer.key().public(), until: None };
    let keys = vec![trusted(&one), trusted(&two)];
    Signers { one, two, keys }
}

fn canned(url: &str) -> Policy {
    Policy::until(url, UNTIL)
}

/// A custom policy with a beginning and a network.
fn custom(resource: &str) -> Policy {
    let ip_address = Some("192.0.2.0/24".parse().unwrap());
    Policy { date_greater_than: Some(NOW - 60), ip_address, ..Policy::until(resource, UNTIL) }
}

/// Splits a URL like a requested one: the URL without its signature, and the signature.
fn taken_apart(url: &str) -> Result<(String, Option<Evidence>), SignatureRefusal> {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let (evidence, rest) = Evidence::from_query(query)?;
    let separator = if rest.is_empty() { "" } else { "?" };
    Ok((format!("{path}{separator}{rest}"), evidence))
}

/// The result for a request for a URL with its signature.
fn ask(url: &str, keys: &[TrustedKey], now: i64, address: Option<&str>) -> Result<(), SignatureRefusal> {
    let (url, evidence) = taken_apart(url)?;
    let address = address.map(|address| address.parse().unwrap());
    verify(&evidence.ok_or(SignatureRefusal::Unsigned)?, &url, keys, now, address)
}

/// The result for a request for a URL with these cookies.
fn ask_with(cookies: &[String], url: &str, keys: &[TrustedKey]) -> Result<(), SignatureRefusal> {
    let mut headers = HeaderMap::new();
    for cookie in cookies {
        headers.append(COOKIE, HeaderValue::from_str(cookie).unwrap());
    }
    let evidence = Evidence::from_cookies(&headers)?.ok_or(SignatureRefusal::Unsigned)?;
    verify(&evidence, url, keys, NOW, Some(HERE.parse().unwrap()))
}

/// A URL with arbitrary signature parameters.
fn with(url: &str, parts: &[(&str, &str)]) -> String {
    let pairs: Vec<_> = parts.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}{}", pairs.join("&"))
}

#[test]
fn what_was_signed_is_let_in() {
    let Signers { one, two, keys } = signers();
    for signer in [&one, &two] {
        for url in [WHOLE, EXCERPT] {
            let signed = signer.url(url, &canned(url)).unwrap();
            assert!(signed.starts_with(url) && signed.contains("Expires=") && !signed.contains("Policy="));
            assert_eq!(ask(&signed, &keys, NOW, None), Ok(()));
            for resource in [url.to_owned(), format!("{BASE}/*"), "*".to_owned()] {
                let signed = signer.url(url, &custom(&resource)).unwrap();
                assert!(signed.contains("Policy=") && !signed.contains("Expires="));
                assert_eq!(ask(&signed, &keys, NOW, Some(HERE)), Ok(()));
                assert_eq!(ask(&signed, &keys, NOW, Some("::ffff:192.0.2.200")), Ok(()));
            }
        }
    }
}

#[test]
fn the_order_of_the_parts_is_free() {
    let Signers { one, keys, .. } = signers();
    let signed = one.url(WHOLE, &canned(WHOLE)).unwrap();
    let mut parts: Vec<_> = signed.split_once('?').unwrap().1.split('&').collect();
    parts.reverse();
    assert_eq!(ask(&format!("{WHOLE}?{}", parts.join("&")), &keys, NOW, None), Ok(()));
    assert_eq!(without_signature(&format!("{}&t=1&{}", parts[0], parts[1..].join("&"))), "t=1");
}

#[test]
fn what_was_signed_counts_for_a_time_and_from_an_address() {
    let Signers { one, keys, .. } = signers();
    let (short, long) = (one.url(EXCERPT, &canned(EXCERPT)).unwrap(), one.url(EXCERPT, &custom(EXCERPT)).unwrap());
    for (url, now, address, expected) in [
        (&short, UNTIL - 1, None, Ok(())),
        (&short, UNTIL, None, Err(SignatureRefusal::Expired)),
        (&short, i64::MAX, None, Err(SignatureRefusal::Expired)),
        (&short, 0, Some("2001:db8::1"), Ok(())),
        (&long, NOW - 59, Some(HERE), Ok(())),
        (&long, NOW - 60, Some(HERE), Err(SignatureRefusal::Early)),
        (&long, i64::MIN, Some(HERE), Err(SignatureRefusal::Early)),
        (&long, UNTIL, Some(HERE), Err(SignatureRefusal::Expired)),
        (&long, NOW, None, Err(SignatureRefusal::Address)),
        (&long, NOW, Some("192.0.3.7"), Err(SignatureRefusal::Address)),
        (&long, NOW, Some("2001:db8::1"), Err(SignatureRefusal::Address)),
        (&long, NOW, Some("::192.0.2.7"), Err(SignatureRefusal::Address)),
    ] {
        assert_eq!(ask(url, &keys, now, address), expected, "{now} {address:?}");
    }
}

#[test]
fn a_key_counts_while_it_is_trusted() {
    let Signers { one, two, mut keys } = signers();
    let signed = one.url(WHOLE, &canned(WHOLE)).unwrap();
    keys[0].until = Some(NOW + 1);
    assert_eq!(ask(&signed, &keys, NOW, None), Ok(()));
    assert_eq!(ask(&signed, &keys, NOW + 1, None), Err(SignatureRefusal::Retired));
    assert_eq!(ask(&signed, &keys[1..], NOW, None), Err(SignatureRefusal::Key));
    assert_eq!(ask(&signed, &[], NOW, None), Err(SignatureRefusal::Key));
    // The id of a key does not prove who made the signature.
    let stranger = Signer::new(K1, SigningKey::generate().unwrap());
    let forged = stranger.url(WHOLE, &canned(WHOLE)).unwrap();
    assert_eq!(ask(&forged, &keys, NOW, None), Err(SignatureRefusal::Signature));
    assert_eq!(ask(&signed.replace(K1, K2), &keys, NOW, None), Err(SignatureRefusal::Signature));
    assert_eq!(ask(&signed.replace(K1, "K1"), &keys, NOW, None), Err(SignatureRefusal::Key));
    // An invalid key verifies nothing.
    for public in [vec![], vec![0; 91], two.key().public()[..90].to_vec()] {
        let keys = [TrustedKey { id: K1.to_owned(), public, until: None }];
        assert_eq!(ask(&signed, &keys, NOW, None), Err(SignatureRefusal::Signature));
    }
}

/// Changes of a signed URL: the text to replace, and its replacement.
const ALTERED: [(&str, &str, &str); 24] = [
    ("another file", "a%20b", "a%20c"),
    ("another folder", "/lectures/", "/"),
    ("another space's host", "d111111abcdef8", "d222222abcdef8"),
    ("another scheme", "https:", "http:"),
    ("a port", ".net/", ".net:443/"),
    ("upper case of a name", "lectures", "Lectures"),
    ("upper case of the host", "cloudfront.net", "CloudFront.net"),
    ("no percent-encoding", "%20", " "),
    ("a plus for a space", "%20", "+"),
    ("double percent-encoding", "%20", "%2520"),
    ("percent-encoding of a letter", "lectures", "%6cectures"),
    ("an encoded slash", "lectures/", "lectures%2F"),
    ("a dot segment", "/lectures/", "/./lectures/"),
    ("two dots", "/lectures/", "/x/../lectures/"),
    ("encoded dots", "/lectures/", "/%2e%2e/lectures/"),
    ("an empty segment", "/lectures/", "//lectures/"),
    ("a longer time", "t=620,655", "t=620,656"),
    ("an open end", "t=620,655", "t=620"),
    ("the same time, otherwise written", "t=620,655", "t=npt:620,655"),
    ("a second time", "t=620,655", "t=620,655&t=0,9999"),
    ("no time", "t=620,655&track=audio", "track=audio"),
    ("another order", "t=620,655&track=audio", "track=audio&t=620,655"),
    ("a name percent-encoded", "t=620,655", "%74=620,655"),
    ("something more", "track=audio", "track=audio&id=2"),
];

#[test]
fn an_altered_url_is_refused() {
    let Signers { one, keys, .. } = signers();
    for (policy, refusal) in
        [(canned(EXCERPT), SignatureRefusal::Signature), (custom(EXCERPT), SignatureRefusal::Resource)]
    {
        let signed = one.url(EXCERPT, &policy).unwrap();
        assert_eq!(ask(&signed, &keys, NOW, Some(HERE)), Ok(()));
        for (what, part, other) in ALTERED {
            let altered = signed.replacen(part, other, 1);
            assert_ne!(altered, signed, "{what}");
            assert_eq!(ask(&altered, &keys, NOW, Some(HERE)), Err(refusal), "{what}: {altered}");
        }
        for (what, altered) in [
            ("a parameter behind the signature", format!("{signed}&t=0")),
            ("a parameter without a name behind it", format!("{signed}&=0")),
            ("no query but the signature", signed.replacen("t=620,655&track=audio&", "", 1)),
            ("a fragment", format!("{signed}&#t=0")),
            ("a second question mark", signed.replacen('?', "??", 1)),
        ] {
            assert_eq!(ask(&altered, &keys, NOW, Some(HERE)), Err(refusal), "{what}");
        }
        for altered in [signed.replacen("&track", "&&track", 1), format!("{signed}&"), signed.replacen('?', "?&", 1)] {
            assert_eq!(ask(&altered, &keys, NOW, Some(HERE)), Err(SignatureRefusal::Empty), "{altered}");
        }
    }
}

#[test]
fn a_signature_is_whole_or_none() {
    let Signers { one, keys, .. } = signers();
    let json = canned(WHOLE).to_json();
    let signature = encode(&one.key().sign(json.as_bytes()).unwrap());
    let (signature, policy) = (signature.as_str(), encode(json.as_bytes()));
    let (expires, policy) = (UNTIL.to_string(), policy.as_str());
    let expires = expires.as_str();
    let (key, hash) = (("Key-Pair-Id", K1), ("Hash-Algorithm", "SHA256"));
    let signed = ("Signature", signature);
    // The same policy, sent as a custom one, opens the same.
    for what in [("Expires", expires), ("Policy", policy)] {
        assert_eq!(ask(&with(WHOLE, &[what, signed, key, hash]), &keys, NOW, None), Ok(()));
    }
    let expires = ("Expires", expires);
    let huge = "A".repeat(1 << 20);
    let long = "A".repeat(LONGEST_SIGNATURE + 4);
    for (parts, refusal) in [
        (vec![], SignatureRefusal::Unsigned),
        (vec![signed, key, hash], SignatureRefusal::Missing("Expires")),
        (vec![expires, key, hash], SignatureRefusal::Missing("Signature")),
        (vec![expires, signed, hash], SignatureRefusal::Missing("Key-Pair-Id")),
        (vec![expires, signed, key], SignatureRefusal::Missing("Hash-Algorithm")),
        (vec![expires], SignatureRefusal::Missing("Signature")),
        (vec![hash], SignatureRefusal::Missing("Expires")),
        (vec![expires, ("Policy", policy), signed, key, hash], SignatureRefusal::Mixed("Expires", "Policy")),
        (vec![expires, expires, signed, key, hash], SignatureRefusal::Repeated("Expires")),
        (vec![("Policy", policy), signed, key, hash, ("Policy", policy)], SignatureRefusal::Repeated("Policy")),
        (vec![expires, signed, signed, key, hash], SignatureRefusal::Repeated("Signature")),
        (vec![expires, signed, key, ("Key-Pair-Id", K2), hash], SignatureRefusal::Repeated("Key-Pair-Id")),
        (vec![expires, signed, key, hash, ("Hash-Algorithm", "")], SignatureRefusal::Repeated("Hash-Algorithm")),
        (vec![expires, signed, key, ("Hash-Algorithm", "SHA1")], SignatureRefusal::Hash("Hash-Algorithm")),
        (vec![expires, signed, key, ("Hash-Algorithm", "sha256")], SignatureRefusal::Hash("Hash-Algorithm")),
        (vec![("expires", expires.1), signed, key, hash], SignatureRefusal::Missing("Expires")),
        (vec![("CloudFront-Expires", expires.1), signed, key, hash], SignatureRefusal::Missing("Expires")),
        (vec![expires, ("Signatur%65", signature), key, hash], SignatureRefusal::Missing("Signature")),
        (vec![expires, ("Signature", ""), key, hash], SignatureRefusal::Malformed("Signature")),
        (vec![expires, ("Signature", "AAAA"), key, hash], SignatureRefusal::Signature),
        (vec![expires, ("Signature", &huge), key, hash], SignatureRefusal::Malformed("Signature")),
        (vec![expires, ("Signature", &long), key, hash], SignatureRefusal::Malformed("Signature")),
        (vec![expires, ("Signature", "%41AAA"), key, hash], SignatureRefusal::Malformed("Signature")),
        (vec![expires, ("Signature", "\u{1f3ac}"), key, hash], SignatureRefusal::Malformed("Signature")),
        (vec![("Policy", &huge), signed, key, hash], SignatureRefusal::Malformed("Policy")),
        (vec![("Policy", "e30="), signed, key, hash], SignatureRefusal::Malformed("Policy")),
        (vec![("Policy", "e30_"), signed, key, hash], SignatureRefusal::Signature),
        (vec![expires, signed, ("Key-Pair-Id", ""), hash], SignatureRefusal::Malformed("Key-Pair-Id")),
        (vec![expires, signed, ("Key-Pair-Id", &huge), hash], SignatureRefusal::Malformed("Key-Pair-Id")),
        (vec![expires, signed, ("Key-Pair-Id", "../K1"), hash], SignatureRefusal::Malformed("Key-Pair-Id")),
    ] {
        let what = format!("{:.200}", format!("{parts:?}"));
        assert_eq!(ask(&with(WHOLE, &parts), &keys, NOW, None), Err(refusal), "{what}");
    }
    for digits in
        ["", "-1", "+1", "01", "1.0", "1e9", "0x1", " 1", "9223372036854775808", "99999999999999999999999", "\u{661}"]
    {
        let url = with(WHOLE, &[("Expires", digits), signed, key, hash]);
        assert_eq!(ask(&url, &keys, NOW, None), Err(SignatureRefusal::Malformed("Expires")), "{digits}");
    }
    for digits in ["0", "9223372036854775807"] {
        let url = with(WHOLE, &[("Expires", digits), signed, key, hash]);
        assert_eq!(ask(&url, &keys, NOW, None), Err(SignatureRefusal::Signature), "{digits}");
    }
}

#[test]
fn a_policy_that_is_none_opens_nothing_even_where_it_is_signed() {
    let Signers { one, keys, .. } = signers();
    let statement = r#"{"Resource":"*","Condition":{"DateLessThan":{"AWS:EpochTime":9999999999}}}"#;
    let forged = |json: &[u8], signature: Vec<u8>| {
        let (policy, signature) = (encode(json), encode(&signature));
        let (key, hash) = (("Key-Pair-Id", K1), ("Hash-Algorithm", "SHA256"));
        ask(&with(WHOLE, &[("Policy", &policy), ("Signature", &signature), key, hash]), &keys, NOW, None)
    };
    let whole = format!(r#"{{"Statement":[{statement}]}}"#);
    assert_eq!(forged(whole.as_bytes(), one.key().sign(whole.as_bytes()).unwrap()), Ok(()));
    for json in [
        format!(r#"{{"Statement":[{statement},{statement}]}}"#),
        format!(r#"{{"Statement":[{statement}],"Statement":[{statement}]}}"#),
        format!(r#"{{"Statement":[{statement}],"Version":"2012-10-17"}}"#),
        format!(r#"{{"Statement":{statement}}}"#),
        format!(r#"{{"Statement":[{statement}]}} "#).replace("9999999999", "99999999999999999999"),
        whole.replace(r#""Resource":"*","#, ""),
        whole.replace("9999999999", "-1e400"),
        "{}".to_owned(),
        "\"".to_owned(),
        "[".repeat(3000),
    ] {
        let signature = one.key().sign(json.as_bytes()).unwrap();
        assert_eq!(
            forged(json.as_bytes(), signature.clone()),
            Err(SignatureRefusal::Policy(MalformedPolicy::Json)),
            "{json:.200}"
        );
        // Such a signature cannot be created without a key.
        let mut other = signature;
        other[20] ^= 1;
        assert_eq!(forged(json.as_bytes(), other), Err(SignatureRefusal::Signature), "{json:.200}");
    }
    let no_text = b"{\"Statement\":[{\"Resource\":\"\xff\xfe\"}]}";
    assert_eq!(forged(no_text, one.key().sign(no_text).unwrap()), Err(SignatureRefusal::Policy(MalformedPolicy::Json)));
    let altered = canned(WHOLE).to_json().replace(&UNTIL.to_string(), &(UNTIL + 1).to_string());
    assert_eq!(
        forged(altered.as_bytes(), one.key().sign(canned(WHOLE).to_json().as_bytes()).unwrap()),
        Err(SignatureRefusal::Signature)
    );
}

#[test]
fn cookies_let_in_as_a_url_does() {
    let Signers { one, keys, .. } = signers();
    let cookies = one.cookies(&custom(&format!("{BASE}/*"))).unwrap();
    let pairs: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let together = pairs.join("; ");
    for fields in [
        vec![together.clone()],
        pairs.clone(),
        vec![format!("session=1; {together};theme=dark; =; ;")],
        vec![format!("CloudFront-Other=x; cloudfront-policy=y;{}", pairs.join(";"))],
    ] {
        for url in [WHOLE, EXCERPT] {
            assert_eq!(ask_with(&fields, url, &keys), Ok(()), "{fields:?}");
        }
        let elsewhere = WHOLE.replace("d1", "d2");
        assert_eq!(ask_with(&fields, &elsewhere, &keys), Err(SignatureRefusal::Resource));
    }
    let signature = encode(&one.key().sign(canned(WHOLE).to_json().as_bytes()).unwrap());
    let rest = format!("CloudFront-Signature={signature}; {}; {}", pairs[2], pairs[3]);
    assert_eq!(ask_with(&[format!("CloudFront-Expires={UNTIL}; {rest}")], WHOLE, &keys), Ok(()));
    for (fields, refusal) in [
        (vec![], SignatureRefusal::Unsigned),
        (vec!["session=1".to_owned()], SignatureRefusal::Unsigned),
        (vec![pairs[0].clone()], SignatureRefusal::Missing("CloudFront-Signature")),
        (vec![pairs[1..].join("; ")], SignatureRefusal::Missing("CloudFront-Expires")),
        (vec![pairs[..3].join("; ")], SignatureRefusal::Missing("CloudFront-Hash-Algorithm")),
        (vec![together.clone(), pairs[1].clone()], SignatureRefusal::Repeated("CloudFront-Signature")),
        (
            vec![together.clone(), "CloudFront-Expires=9999999999".to_owned()],
            SignatureRefusal::Mixed("CloudFront-Expires", "CloudFront-Policy"),
        ),
        (vec![format!("CloudFront-Expires={}; {rest}", UNTIL + 1)], SignatureRefusal::Signature),
        (vec![together.replace("CloudFront-", "")], SignatureRefusal::Unsigned),
        (vec![together.replace("=SHA256", "=\"SHA256\"")], SignatureRefusal::Hash("CloudFront-Hash-Algorithm")),
    ] {
        assert_eq!(ask_with(&fields, WHOLE, &keys), Err(refusal), "{fields:?}");
    }
}

#[test]
fn a_signature_half_in_the_query_and_half_in_cookies_is_neither() {
    let Signers { one, keys, .. } = signers();
    let signed = one.url(WHOLE, &canned(WHOLE)).unwrap();
    let parts: Vec<_> = signed.split_once('?').unwrap().1.split('&').collect();
    let query = format!("{WHOLE}?{}&{}", parts[0], parts[3]);
    assert_eq!(ask(&query, &keys, NOW, None), Err(SignatureRefusal::Missing("Signature")));
    let cookies = format!("CloudFront-{}; CloudFront-{}", parts[1], parts[2]);
    assert_eq!(ask_with(&[cookies], WHOLE, &keys), Err(SignatureRefusal::Missing("CloudFront-Expires")));
}

#[test]
fn a_signature_is_not_shown() {
    let Signers { one, .. } = signers();
    let signed = one.url(WHOLE, &custom(WHOLE)).unwrap();
    let (_, evidence) = taken_apart(&signed).unwrap();
    assert_eq!(format!("{:?}", evidence.unwrap()), format!("Evidence {{ key_id: \"{K1}\", .. }}"));
}

#[test]
fn a_key_of_rsa_signs_and_verifies_as_one_of_ecdsa() {
    let fixture: serde_json::Value =
        serde_json::from_str(include_str!("../../../../../tests/cloudfront/signed_by_botocore.json")).unwrap();
    let pkcs8 = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, fixture["pkcs8"].as_str().unwrap());
    let rsa = Signer::new(K1, SigningKey::from_pkcs8(&pkcs8.unwrap()).unwrap());
    let keys = [TrustedKey { id: K1.to_owned(), public: rsa.key().public(), until: None }];
    let signed = rsa.url(EXCERPT, &canned(EXCERPT)).unwrap();
    assert_eq!(ask(&signed, &keys, NOW, None), Ok(()));
    for (what, part, other) in ALTERED {
        assert_eq!(ask(&signed.replacen(part, other, 1), &keys, NOW, None), Err(SignatureRefusal::Signature), "{what}");
    }
    // Neither kind verifies the other's signatures.
    let Signers { one, .. } = signers();
    let theirs = one.url(EXCERPT, &canned(EXCERPT)).unwrap();
    assert_eq!(ask(&theirs, &keys, NOW, None), Err(SignatureRefusal::Signature));
    let ours = [TrustedKey { id: K1.to_owned(), public: one.key().public(), until: None }];
    assert_eq!(ask(&signed, &ours, NOW, None), Err(SignatureRefusal::Signature));
}
