//! What CloudFront is to forget when an object was replaced or deleted (*CloudFront Developer Guide*, "Invalidate files"). A
//! path with a `*` at its end takes the cuts of a file along, whose queries come behind it.
//!
//! CloudFront compares paths as they were sent. What a URL can only have percent-encoded, all clients write alike; what may
//! stand for itself, some encode and some do not. So a path ends before the first such letter: it takes more along than it has
//! to, and misses nothing.

use aws_sdk_cloudfront::types::{InvalidationBatch, Paths};
use ring::digest::{SHA256, digest};

use super::error::{Error, of};
use super::{Distributions, policies::quantity};
use crate::space::ContentId;

/// How many paths are named one by one: of those that end in `*`, CloudFront takes 15 at a time.
const AT_MOST: usize = 10;

/// The paths that take these contents along: one each, or one for all where they are many.
#[must_use]
pub fn paths<'a>(contents: impl IntoIterator<Item = &'a ContentId>) -> Vec<String> {
    let mut paths: Vec<_> = contents.into_iter().map(path).collect();
    paths.sort();
    // Behind a path stand those that begin with it, which it takes along.
    paths.dedup_by(|path, shorter| path.starts_with(shorter.as_str()));
    if paths.len() > AT_MOST
        && let Some((first, last)) = paths.first().zip(paths.last())
    {
        // In order, so that what the first and the last have in common, all have.
        let common = first.bytes().zip(last.bytes()).take_while(|(one, other)| one == other).count();
        let common = first.get(..common).unwrap_or("/").to_owned();
        // Not within a letter's encoding.
        let whole = match common.rfind('%') {
            Some(at) if common.len() - at < 3 => common.get(..at).unwrap_or("/").to_owned(),
            _ => common,
        };
        paths = vec![whole];
    }
    paths.into_iter().map(|path| format!("{path}*")).collect()
}

/// The path of a content, as far as all clients write it alike.
fn path(content: &ContentId) -> String {
    let mut path = "/".to_owned();
    for byte in content.as_str().bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'/' => path.push(char::from(byte)),
            // RFC 3986 §2.2 and §2.3: reserved, and the tilde, which older rules had encoded.
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' | b'@' | b'~' => break,
            byte => path.push_str(percent_encoding::percent_encode_byte(byte)),
        }
    }
    path
}

impl Distributions {
    /// Has a distribution forget these paths. `reference` is another for another occasion: the same asked for twice is done once.
    pub async fn forget(&self, id: &str, paths: &[String], reference: &str) -> Result<(), Error> {
        let listed = Paths::builder().quantity(quantity(paths)).set_items(Some(paths.to_vec())).build()?;
        let digest = digest(&SHA256, format!("{reference}\n{}", paths.join("\n")).as_bytes());
        let reference = digest.as_ref().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        let batch = InvalidationBatch::builder().paths(listed).caller_reference(reference).build()?;
        self.client.create_invalidation().distribution_id(id).invalidation_batch(batch).send().await.map_err(of)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn of(names: &[&str]) -> Vec<String> {
        let contents: Vec<_> = names.iter().map(|name| ContentId::parse(name).unwrap()).collect();
        paths(&contents)
    }

    #[test]
    fn a_path_is_as_every_client_writes_it() {
        for (name, path) in [
            ("a.mp4", "/a.mp4*"),
            ("a/b c.mp4", "/a/b%20c.mp4*"),
            ("ä/日.mp4", "/%C3%A4/%E6%97%A5.mp4*"),
            ("100%.mp4", "/100%25.mp4*"),
            ("a#b", "/a%23b*"),
            ("lecture (1).mp4", "/lecture%20*"),
            ("a+b.mp4", "/a*"),
            ("a*b", "/a*"),
            ("~me.mp4", "/*"),
        ] {
            assert_eq!(of(&[name]), [path], "{name}");
        }
    }

    #[test]
    fn what_another_path_takes_along_is_not_named() {
        assert_eq!(of(&["a.mp4", "a.mp4", "a.mp4.txt", "b"]), ["/a.mp4*", "/b*"]);
        assert_eq!(of(&["a+1", "a+2", "ab"]), ["/a*"]);
        assert!(of(&[]).is_empty());
    }

    #[test]
    fn many_are_one() {
        let names: Vec<_> = (0..1000).map(|number| format!("films/{number}.mp4")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        assert_eq!(of(&names), ["/films/*"]);
        let names: Vec<_> = ["à", "á", "â", "ã", "ä", "å", "æ", "ç", "è", "é", "ê", "ë"].to_vec();
        assert_eq!(of(&names), ["/%C3*"]);
        let names: Vec<_> = (b'a'..=b'z').map(|letter| char::from(letter).to_string()).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        assert_eq!(of(&names), ["/*"]);
    }
}
