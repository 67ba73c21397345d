//! A second copy of a signature, for the address of a playlist.
//!
//! CloudFront takes the parameters of a signature away before a request reaches the origin (*CloudFront Developer Guide*, "Use
//! signed URLs"). But a player that sends no cookies and changes no URLs needs them in each URI of a playlist. So the signed
//! address of a playlist has the same values a second time, in a parameter that CloudFront leaves alone:
//! `s=POLICY.SIGNATURE.KEY`.
//!
//! CloudFront verifies the signature itself before the function is asked. The function verifies the copy too ([`Copy::verify`]),
//! since a request may have a valid signature and the copy of another one: a playlist names nothing but what the signature in it
//! opens.

use std::fmt;
use std::net::IpAddr;

use percent_encoding::percent_decode_str;

use super::policy::Policy;
use super::sign::{PARAMETERS, SHA256, SignatureNames};
use super::verify::{Evidence, SignatureRefusal, verify_policy};
use crate::space::commons::TrustedKey;

/// The parameter with the copy.
const COPY: &str = "s";

/// The longest copy: CloudFront accepts URLs of 8192 bytes.
const LONGEST: usize = 8192;

/// The copy of a signature in a query, parsed but not verified.
#[derive(Clone, PartialEq, Eq)]
pub struct Copy {
    evidence: Evidence,
    /// The parameters of the signature, as CloudFront reads them.
    pub parameters: String,
    /// The parameter with the copy, as it is written.
    pub parameter: String,
}

/// Omits everything that grants access.
impl fmt::Debug for Copy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Copy").finish_non_exhaustive()
    }
}

/// The requested URL, as far as the function knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestedUrl<'a> {
    /// All of it.
    Url(&'a str),
    /// What follows the host: behind CloudFront, a function is not told which host was asked.
    Path(&'a str),
}

impl Copy {
    /// Checks whether the signature opens what was asked for at `now`, in seconds since 1970, to a client at this address, if it is
    /// known.
    ///
    /// # Errors
    ///
    /// Why it does not.
    pub fn verify(
        &self,
        asked: RequestedUrl<'_>,
        keys: &[TrustedKey],
        now: i64,
        address: Option<IpAddr>,
    ) -> Result<(), SignatureRefusal> {
        let covers = |policy: &Policy| match asked {
            RequestedUrl::Url(url) => policy.covers(url),
            RequestedUrl::Path(path) => path_of(&policy.resource).is_some_and(|resource| is_below(resource, path)),
        };
        verify_policy(&self.evidence, covers, keys, now, address)
    }
}

/// What follows the host in a URL, or in the resource of a policy; `None` if its host is a pattern.
#[must_use]
pub fn path_of(resource: &str) -> Option<&str> {
    let (_, rest) = resource.split_once("://")?;
    let (host, path) = rest.split_at_checked(rest.find('/')?)?;
    (!host.contains(['*', '?'])).then_some(path)
}

/// Whether a path is below the folder that a resource names: its path segments are the same, however they are percent-encoded. The
/// edge has encoded the path anew. A resource has one star, at its end, as those of streams have.
fn is_below(resource: &str, path: &str) -> bool {
    let Some(folder) = resource.strip_suffix("/*").filter(|folder| !folder.contains(['*', '?'])) else { return false };
    let mut asked = path.split('/');
    let is_same =
        |segment: &str| asked.next().is_some_and(|other| percent_decode_str(segment).eq(percent_decode_str(other)));
    folder.split('/').all(is_same) && asked.next().is_some()
}

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
    let SignatureNames { policy, signature, key_pair_id, .. } = PARAMETERS;
    match (value(policy), value(signature), value(key_pair_id)) {
        (Some(policy), Some(signature), Some(key)) => format!("{signed}&{COPY}={policy}.{signature}.{key}"),
        _ => signed.to_owned(),
    }
}

/// The copy in a query, if there is one.
///
/// # Errors
///
/// [`SignatureRefusal::Malformed`] if it is not written as [`with_copy`] writes it: nothing but the characters of CloudFront's base64 and of
/// the names of keys gets into a playlist.
pub fn copied(query: &str) -> Result<Option<Copy>, SignatureRefusal> {
    let mut values = query.split('&').filter_map(|pair| pair.strip_prefix(COPY)?.strip_prefix('='));
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(SignatureRefusal::Repeated(COPY));
    }
    let malformed = SignatureRefusal::Malformed(COPY);
    let parts: Vec<&str> = value.split('.').collect();
    let [policy, signature, key] = parts.as_slice() else { return Err(malformed) };
    let is_sound = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~'))
    };
    if value.len() > LONGEST || !parts.iter().all(|part| is_sound(part)) {
        return Err(malformed);
    }
    let SignatureNames { policy: of_policy, signature: of_signature, key_pair_id, hash_algorithm, .. } = PARAMETERS;
    let parameters =
        format!("{of_policy}={policy}&{of_signature}={signature}&{key_pair_id}={key}&{hash_algorithm}={SHA256}");
    let evidence = Evidence::from_query(&parameters).map_err(|_| malformed)?.0.ok_or(malformed)?;
    Ok(Some(Copy { evidence, parameters, parameter: format!("{COPY}={value}") }))
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

    use crate::cloudfront::key::SigningKey;
    use crate::cloudfront::policy::Network;
    use crate::cloudfront::sign::Signer;

    #[test]
    fn a_copy_says_what_the_signature_says() {
        let signature = "Policy=abc-~w__&Signature=defg&Key-Pair-Id=K1&Hash-Algorithm=SHA256";
        let signed = with_copy(&format!("https://d1.example/a/~/master.m3u8?{signature}"));
        assert_eq!(signed, format!("https://d1.example/a/~/master.m3u8?{signature}&s=abc-~w__.defg.K1"));
        let query = signed.split_once('?').unwrap().1;
        let copy = copied(query).unwrap().unwrap();
        assert_eq!((copy.parameters.as_str(), copy.parameter.as_str()), (signature, "s=abc-~w__.defg.K1"));
        assert_eq!(copied("s=abc-~w__.defg.K1&x=1").unwrap().unwrap().parameters, signature);
        assert_eq!(copied("x=1"), Ok(None));
        assert_eq!(parameters(query), signature);
        assert_eq!(
            with_copy("https://d1.example/a?Expires=1&Signature=a"),
            "https://d1.example/a?Expires=1&Signature=a"
        );
    }

    #[test]
    fn nothing_but_a_signature_gets_into_a_playlist() {
        for query in [
            "s=",
            "s=a",
            "s=a.b",
            "s=abcd.abcd.c.d",
            "s=abcd..c",
            "s=abcd.abcd.c%0A",
            "s=a\"bc.abcd.c",
            "s=abcd.abcd.c/d",
            "s=abcd.abcd.c#d",
        ] {
            assert_eq!(copied(query), Err(SignatureRefusal::Malformed("s")), "{query}");
        }
        assert_eq!(copied(&format!("s={}.abcd.c", "a".repeat(LONGEST))), Err(SignatureRefusal::Malformed("s")));
        assert_eq!(copied("s=abcd.abcd.c&s=abcd.abcd.c"), Err(SignatureRefusal::Repeated("s")));
    }

    const NOW: i64 = 1_459_879_151;
    const STREAM: &str = "https://d1.example/films~1/a%20b.mp4/~/";

    /// The copy of a signature with this policy.
    fn copy_of(signer: &Signer, policy: &Policy) -> Copy {
        let signed = with_copy(&signer.url(&format!("{STREAM}master.m3u8"), policy).unwrap());
        copied(signed.split_once('?').unwrap().1).unwrap().unwrap()
    }

    #[test]
    fn a_copy_opens_what_its_signature_opens() {
        let [signer, other] = ["K1", "K2"].map(|id| Signer::new(id, SigningKey::generate().unwrap()));
        let trusted =
            |id: &str, signer: &Signer| TrustedKey { id: id.to_owned(), public: signer.key().public(), until: None };
        let keys = [trusted("K1", &signer)];
        let policy = Policy::until(format!("{STREAM}*"), NOW + 60);
        let part = Policy::until(format!("{STREAM}t=620,655/*"), NOW + 60);
        let network: Network = "192.0.2.0/24".parse().unwrap();
        let here = Some("192.0.2.7".parse().unwrap());
        let there = Some("198.51.100.7".parse().unwrap());
        let copy = copy_of(&signer, &policy);
        let playlist = "/films~1/a%20b.mp4/~/master.m3u8";
        let excerpt = "/films~1/a%20b.mp4/%7E/t%3D620%2C655/master.m3u8";
        let allowed = |copy: &Copy, asked: RequestedUrl<'_>, now, address| copy.verify(asked, &keys, now, address);
        for (policy, path, expected) in [
            (&policy, playlist, Ok(())),
            (&policy, excerpt, Ok(())),
            (&part, excerpt, Ok(())),
            (&part, "/films~1/a%20b.mp4/~/t=620,655/v-1/1-1000/index.m3u8", Ok(())),
            (&part, playlist, Err(SignatureRefusal::Resource)),
            (&part, "/films~1/a%20b.mp4/~/t=620,656/master.m3u8", Err(SignatureRefusal::Resource)),
            (&part, "/films~1/a%20b.mp4/~/t=620,655%2Fx/master.m3u8", Err(SignatureRefusal::Resource)),
            (&part, "/films~1/a%20b.mp4/~/t=620,655", Err(SignatureRefusal::Resource)),
            (&policy, "/films~1/a%20b.mp4/~%2Fmaster.m3u8", Err(SignatureRefusal::Resource)),
            (&policy, "/films~2/a%20b.mp4/~/master.m3u8", Err(SignatureRefusal::Resource)),
            (&policy, "/films~1/c.mp4/~/master.m3u8", Err(SignatureRefusal::Resource)),
            (&Policy::until("https://*/films~1/a%20b.mp4/~/*", NOW + 60), playlist, Err(SignatureRefusal::Resource)),
            (&Policy::until("https://d1.example/*/~/*", NOW + 60), playlist, Err(SignatureRefusal::Resource)),
            (
                &Policy::until("https://d1.example/films~1/a%20b.mp4/~/m*", NOW + 60),
                playlist,
                Err(SignatureRefusal::Resource),
            ),
            (&Policy::until("*", NOW + 60), playlist, Err(SignatureRefusal::Resource)),
        ] {
            assert_eq!(allowed(&copy_of(&signer, policy), RequestedUrl::Path(path), NOW, None), expected, "{path}");
        }
        let path = RequestedUrl::Path(playlist);
        assert_eq!(allowed(&copy, path, NOW + 60, None), Err(SignatureRefusal::Expired));
        let early = Policy { date_greater_than: Some(NOW), ..policy.clone() };
        assert_eq!(allowed(&copy_of(&signer, &early), path, NOW, None), Err(SignatureRefusal::Early));
        let bound = copy_of(&signer, &Policy { ip_address: Some(network), ..policy.clone() });
        assert_eq!(allowed(&bound, path, NOW, here), Ok(()));
        assert_eq!(allowed(&bound, path, NOW, there), Err(SignatureRefusal::Address));
        assert_eq!(allowed(&bound, path, NOW, None), Err(SignatureRefusal::Address));
        assert_eq!(allowed(&copy_of(&other, &policy), path, NOW, None), Err(SignatureRefusal::Key));
        let forger = Signer::new("K1", SigningKey::generate().unwrap());
        assert_eq!(allowed(&copy_of(&forger, &policy), path, NOW, None), Err(SignatureRefusal::Signature));
        let url = format!("{STREAM}master.m3u8?{}", copy.parameter);
        assert_eq!(allowed(&copy, RequestedUrl::Url(&url), NOW, None), Ok(()));
        assert_eq!(
            allowed(&copy, RequestedUrl::Url("https://d2.example/films~1/a%20b.mp4/~/"), NOW, None),
            Err(SignatureRefusal::Resource)
        );
    }
}
