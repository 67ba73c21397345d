//! Names of contents that gateways, edges, signatures and S3 may disagree about.

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

/// The first one is what most checks ask for.
pub const PLAIN: &str = "film.mp4";

/// The name of the sound.
pub const SOUND: &str = "sound.wav";

/// A name with a star, which is a wildcard in CloudFront's policies, and a name that the star would match.
pub const STAR: &str = "star*.mp4";
pub const STARRED: &str = "starred.mp4";

/// All names of the film.
pub const NAMES: [&str; 11] = [
    PLAIN,
    "a b.mp4",
    "a+b.mp4",
    "ä/日本.mp4",
    "a,b;c.mp4",
    "a:b@c.mp4",
    "100%.mp4",
    "(1)~!'$&=.mp4",
    "Lecture #3.mp4",
    STAR,
    STARRED,
];

/// What RFC 3986 §2.3 leaves as it is, and slashes.
const ENCODED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// What browsers encode in a path (URL Standard, "path percent-encode set"), and percent signs.
const BY_BROWSERS: AsciiSet = CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'%');

/// The name as the path of a URL, with all encoded that may be.
pub fn encoded(name: &str) -> String {
    utf8_percent_encode(name, &ENCODED).to_string()
}

/// The name as a browser writes it: with `+`, `,`, `:` and others as they are.
pub fn as_browsers_do(name: &str) -> String {
    utf8_percent_encode(name, &BY_BROWSERS).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_written_in_two_ways() {
        assert_eq!(
            (encoded("a+b, 1.mp4").as_str(), as_browsers_do("a+b, 1.mp4").as_str()),
            ("a%2Bb%2C%201.mp4", "a+b,%201.mp4")
        );
    }
}
