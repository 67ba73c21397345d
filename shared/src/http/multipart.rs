//! `multipart/byteranges` (RFC 9110 §14.6) as a splice: the parts' headers are made, their bodies are slices of the
//! representation, and the length of it all is known before a byte is read.

use std::ops::Range;

use super::etag;
use super::range::content_range;
use crate::splice::Splice;

/// Several ranges of a representation in one body.
#[derive(Clone, Debug)]
pub struct Multipart {
    /// For the `Content-Type` header field.
    pub content_type: String,
    /// The body.
    pub body: Splice,
}

impl Multipart {
    /// These ranges of `whole`, a representation of media type `mime` with the strong validator `etag`; none of the ranges is
    /// empty or reaches beyond the end.
    ///
    /// The boundary is a digest of the validator and the ranges, so that the same request gives the same bytes, and nobody
    /// can have put it into the media: the media decides its own validator.
    #[must_use]
    pub fn new(whole: &Splice, ranges: &[Range<u64>], mime: &str, etag: &str) -> Self {
        let names: Vec<String> = ranges.iter().map(|range| content_range(range, whole.len())).collect();
        let seed = std::iter::once(etag).chain(names.iter().map(String::as_str));
        let boundary = etag::digest(seed.map(str::as_bytes));
        let mut body = Splice::new();
        for (range, name) in ranges.iter().zip(&names) {
            body.made(format!("--{boundary}\r\nContent-Type: {mime}\r\nContent-Range: {name}\r\n\r\n"));
            body.append(&whole.slice(range.clone()));
            body.made("\r\n");
        }
        body.made(format!("--{boundary}--\r\n"));
        Self { content_type: format!("multipart/byteranges; boundary={boundary}"), body }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

    use super::*;
    use crate::splice::Piece;

    #[test]
    fn parts_carry_their_own_headers_and_verbatim_ranges() {
        let mut whole = Splice::new();
        whole.made("0123456789");
        whole.source(100..200);
        let multipart = Multipart::new(&whole, &[2..4, 8..20, 109..110], "video/webm", "\"tag\"");
        let boundary = multipart.content_type.strip_prefix("multipart/byteranges; boundary=").unwrap();
        let text: String = multipart
            .body
            .pieces()
            .map(|piece| match piece {
                Piece::Made(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
                Piece::Source(range) => format!("<{}..{}>", range.start, range.end),
            })
            .collect();
        let expected = "--B\r\nContent-Type: video/webm\r\nContent-Range: bytes 2-3/110\r\n\r\n23\r\n\
            --B\r\nContent-Type: video/webm\r\nContent-Range: bytes 8-19/110\r\n\r\n89<100..110>\r\n\
            --B\r\nContent-Type: video/webm\r\nContent-Range: bytes 109-109/110\r\n\r\n<199..200>\r\n--B--\r\n";
        assert_eq!(text.replace(boundary, "B"), expected);
        assert_eq!(multipart.body.len(), multipart.body.pieces().map(|piece| piece.len()).sum::<u64>());
    }

    #[test]
    fn the_boundary_depends_on_what_is_given_alone() {
        let mut whole = Splice::new();
        whole.source(0..100);
        let of = |ranges: &[Range<u64>], etag| Multipart::new(&whole, ranges, "audio/mp4", etag).content_type;
        assert_eq!(of(&[0..1, 5..9], "\"a\""), of(&[0..1, 5..9], "\"a\""));
        assert_ne!(of(&[0..1, 5..9], "\"a\""), of(&[0..1, 5..9], "\"b\""));
        assert_ne!(of(&[0..1, 5..9], "\"a\""), of(&[0..1, 5..8], "\"a\""));
    }
}
