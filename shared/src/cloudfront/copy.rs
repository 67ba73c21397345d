//! A second copy of a signature, for the address of a playlist.
//!
//! CloudFront takes the parameters of a signature away before a request reaches the origin (*CloudFront Developer Guide*, "Use
//! signed URLs"). But a player that sends no cookies and changes no URLs needs them in each URI of a playlist. So the signed
//! address of a playlist has the same values a second time, in a parameter that CloudFront leaves alone:
//! `s=POLICY.SIGNATURE.KEY`. CloudFront has verified the signature itself before the function is asked; the copy opens nothing
//! that it does not open.

use super::sign::{Names, PARAMETERS, SHA256};

/// The parameter with the copy.
const COPY: &str = "s";

/// The longest copy: CloudFront accepts URLs of 8192 bytes.
const LONGEST: usize = 8192;

/// A signed URL, with a copy of its signature. A URL with a canned policy, or without a signature, stays as it is.
#[must_use]
pub fn with_copy(signed: &str) -> String {
    let query = signed.split_once('?').map_or("", |(_, query)| query);
    let value = |name: &str| {
        query
            .split('&')
            .find_map(|pair| pair.split_once('=').filter(|(found, _)| *found == name))
            .map(|(_, value)| value)
    };
    let Names { policy, signature, key_pair_id, .. } = PARAMETERS;
    match (value(policy), value(signature), value(key_pair_id)) {
        (Some(policy), Some(signature), Some(key)) => format!("{signed}&{COPY}={policy}.{signature}.{key}"),
        _ => signed.to_owned(),
    }
}

/// The copy in a query, if there is one: the parameters of the signature, and the copy itself. Nothing else can be in them,
/// whatever the query has: the characters of CloudFront's base64 and of the names of keys.
#[must_use]
pub fn copied(query: &str) -> Option<(String, String)> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix(COPY)?.strip_prefix('='))?;
    let mut parts = value.split('.');
    let (policy, signature, key) = (parts.next()?, parts.next()?, parts.next()?);
    let is_sound = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~'))
    };
    if value.len() > LONGEST || parts.next().is_some() || ![policy, signature, key].into_iter().all(is_sound) {
        return None;
    }
    let Names { policy: of_policy, signature: of_signature, key_pair_id, hash_algorithm, .. } = PARAMETERS;
    let parameters =
        format!("{of_policy}={policy}&{of_signature}={signature}&{key_pair_id}={key}&{hash_algorithm}={SHA256}");
    Some((parameters, format!("{COPY}={value}")))
}

/// The parameters of a signature in a query, as they are written; empty if there are none.
#[must_use]
pub fn parameters(query: &str) -> String {
    let signs = |pair: &&str| pair.split_once('=').is_some_and(|(name, _)| PARAMETERS.all().contains(&name));
    query.split('&').filter(signs).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_copy_says_what_the_signature_says() {
        let signature = "Policy=abc-_~&Signature=def&Key-Pair-Id=K1&Hash-Algorithm=SHA256";
        let signed = with_copy(&format!("https://d1.example/a/~/master.m3u8?{signature}"));
        assert_eq!(signed, format!("https://d1.example/a/~/master.m3u8?{signature}&s=abc-_~.def.K1"));
        let query = signed.split_once('?').unwrap().1;
        assert_eq!(copied(query), Some((signature.to_owned(), "s=abc-_~.def.K1".to_owned())));
        assert_eq!(copied("s=abc-_~.def.K1&x=1").unwrap().0, signature);
        assert_eq!(parameters(query), signature);
        assert_eq!(
            with_copy("https://d1.example/a?Expires=1&Signature=a"),
            "https://d1.example/a?Expires=1&Signature=a"
        );
    }

    #[test]
    fn nothing_but_a_signature_gets_into_a_playlist() {
        for query in [
            "",
            "s=",
            "s=a",
            "s=a.b",
            "s=a.b.c.d",
            "s=a..c",
            "s=a.b.c%0A",
            "s=a\"b.c.d",
            "s=a.b.c/d",
            "t=a.b.c",
            "s=a.b.c#d",
        ] {
            assert_eq!(copied(query), None, "{query}");
        }
        assert_eq!(copied(&format!("s={}.b.c", "a".repeat(LONGEST))), None);
    }
}
