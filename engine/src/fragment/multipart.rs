//! `multipart/byteranges` (RFC 9110 §14.6) as a splice: the parts' headers are generated, their bodies are ranges of
//! the representation, and the total length is known before a byte is read.

use std::ops::Range;

use crate::fragment::range::content_range;
use crate::media::splice::Splice;

/// Several ranges of a representation in one body.
#[derive(Clone, Debug)]
pub struct Multipart {
    /// The `Content-Type` header field.
    pub content_type: String,
    /// The body.
    pub body: Splice,
}

impl Multipart {
    /// The parts `ranges` of `whole`, a representation of media type `mime`; none of the ranges is empty or exceeds the
    /// end. `boundary` separates the parts, and must not occur in them (RFC 2046 §5.1.1).
    #[must_use]
    pub fn new(whole: &Splice, ranges: &[Range<u64>], mime: &str, boundary: &str) -> Self {
        let mut body = Splice::new();
        for range in ranges {
            let name = content_range(range, whole.len());
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
    use crate::media::splice::Piece;

    #[test]
    fn parts_carry_their_own_headers_and_verbatim_ranges() {
        let mut whole = Splice::new();
        whole.made("0123456789");
        whole.source(100..200);
        let multipart = Multipart::new(&whole, &[2..4, 8..20, 109..110], "video/webm", "B");
        assert_eq!(multipart.content_type, "multipart/byteranges; boundary=B");
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
        assert_eq!(text, expected);
        assert_eq!(multipart.body.len(), multipart.body.pieces().map(|piece| piece.len()).sum::<u64>());
    }
}
