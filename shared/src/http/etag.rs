//! Strong validators (RFC 9110 §8.8.3) for generated representations: a digest of everything that their bytes depend
//! on.

use std::fmt::Write;
use std::ops::Range;

use reelspan_engine::fragment::range::content_range;
use ring::digest::{Context, SHA256};

/// How many bytes of the digest are used: 128 bits, enough to distinguish any two inputs.
const KEPT: usize = 16;

/// An entity tag, with its quotation marks, for a representation that depends on exactly these parts. Parts are
/// delimited: `ab`, `c` and `a`, `bc` give different tags.
#[must_use]
pub fn strong<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    format!("\"{}\"", digest(parts))
}

/// The boundary of a multipart body with these ranges of a representation with this entity tag and `length` bytes. It
/// is a digest of both, so that the same request gives the same bytes; the media, which determine the entity tag,
/// cannot contain it.
#[must_use]
pub fn boundary(etag: &str, ranges: &[Range<u64>], length: u64) -> String {
    let names: Vec<String> = ranges.iter().map(|range| content_range(range, length)).collect();
    digest(std::iter::once(etag).chain(names.iter().map(String::as_str)).map(str::as_bytes))
}

/// SHA-256 of the parts, each preceded by its length, cut to 32 hexadecimal digits.
fn digest<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let digest = context.finish();
    digest.as_ref().iter().take(KEPT).fold(String::with_capacity(2 * KEPT), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_depends_on_every_part_and_on_where_it_ends() {
        let of = |parts: &[&'static str]| strong(parts.iter().map(|part| part.as_bytes()));
        let tags = [of(&["ab", "c"]), of(&["a", "bc"]), of(&["abc"]), of(&["abc", ""]), of(&[])];
        for (at, tag) in tags.iter().enumerate() {
            assert_eq!(tag.len(), 34);
            assert!(tag.starts_with('"') && tag.ends_with('"'));
            assert_eq!(tags.iter().position(|other| other == tag), Some(at));
        }
        assert_eq!(of(&["ab", "c"]), of(&["ab", "c"]));
    }

    #[test]
    fn a_boundary_depends_on_the_tag_and_on_the_ranges() {
        assert_eq!(boundary("\"a\"", &[0..1, 5..9], 100), boundary("\"a\"", &[0..1, 5..9], 100));
        assert_ne!(boundary("\"a\"", &[0..1, 5..9], 100), boundary("\"b\"", &[0..1, 5..9], 100));
        assert_ne!(boundary("\"a\"", &[0..1, 5..9], 100), boundary("\"a\"", &[0..1, 5..8], 100));
    }
}
