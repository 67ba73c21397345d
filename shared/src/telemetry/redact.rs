//! Names without secrets. If a client percent-encodes the `?` of a signed URL, the signature becomes a part of the
//! path, and so looks like a part of a content's name.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// The ends of names of secret parameters: those of CloudFront's and S3's signatures, and the token for cookies.
const SECRETS: [&str; 5] = ["signature=", "policy=", "key-pair-id=", "token=", "credential="];

/// How many layers of percent-encoding are decoded. A value that is encoded more often grants no access anywhere.
const LAYERS: usize = 8;

/// A name for a log: if it contains a secret parameter, however often percent-encoded, only the part before it.
#[must_use]
pub fn redacted(name: &str) -> Cow<'_, str> {
    if !has_secret(name) {
        return Cow::Borrowed(name);
    }
    let end = name.find(['?', '&', ';', '=', '%']).unwrap_or_default();
    Cow::Owned(format!("{}…", name.get(..end).unwrap_or_default()))
}

fn has_secret(name: &str) -> bool {
    let mut text = name.to_ascii_lowercase();
    for _ in 0..LAYERS {
        if SECRETS.iter().any(|secret| text.contains(secret)) {
            return true;
        }
        let decoded = percent_decode_str(&text).decode_utf8_lossy().to_ascii_lowercase();
        if decoded == text {
            return false;
        }
        text = decoded;
    }
    // No real name is encoded that often.
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_a_name_is_cut_off_however_it_is_encoded() {
        for (name, logged) in [
            ("1999/a b.mp4", "1999/a b.mp4"),
            ("100%25 = all & more?.mp4", "100%25 = all & more?.mp4"),
            ("signatures/policy.pdf", "signatures/policy.pdf"),
            ("a.mp4?Expires=1&Signature=abc", "a.mp4…"),
            ("a.mp4%3FSignature=abc", "a.mp4…"),
            ("a.mp4%253FSignature%253Dabc", "a.mp4…"),
            ("a&%53ignature=abc", "a…"),
            ("a.mp4%3fX-Amz-Signature%3dabc", "a.mp4…"),
            ("cookies?token=abc", "cookies…"),
            ("Signature=abc", "Signature…"),
        ] {
            assert_eq!(redacted(name), logged);
        }
        let deep = (0..20).fold("a%3DSignature=abc".to_owned(), |text, _| text.replace('%', "%25"));
        assert_eq!(redacted(&deep.replace('=', "%3D")), "a…");
    }
}
