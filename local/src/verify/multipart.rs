//! Parses `multipart/byteranges` (RFC 9110 §14.6, in the form of RFC 2046 §5.1.1), strictly: only an empty line may
//! precede the first part, nothing may follow the last, and every part names its range in `Content-Range` and has
//! exactly that many bytes.
//!
//! The parts have the length that they declare, so the boundary is never searched for in media, which might contain it
//! by chance.

use std::ops::Range;

use super::body::BodyReader;
use super::ranges;
use super::verdict::AnswerFault;

/// The maximum length of a part's header, and the maximum number of parts.
const MOST_HEADER: usize = 8 << 10;
const MOST_PARTS: usize = 4096;

/// The declaration of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredPart {
    /// Its range of the whole.
    pub range: Range<u64>,
    /// The length of the whole.
    pub length: Option<u64>,
}

/// A multipart body that is being read.
#[derive(Debug)]
pub struct MultipartReader<'a> {
    body: &'a mut BodyReader,
    /// Two hyphens and the boundary.
    delimiter: String,
    parts: usize,
}

impl<'a> MultipartReader<'a> {
    /// A body with this `Content-Type`; `None` if that is not `multipart/byteranges`.
    ///
    /// # Errors
    ///
    /// If the type has no boundary, or an invalid one (RFC 2046 §5.1.1: 70 characters at most).
    pub fn new(content_type: &str, body: &'a mut BodyReader) -> Option<Result<Self, AnswerFault>> {
        let mut parameters = content_type.split(';').map(str::trim);
        if !parameters.next()?.eq_ignore_ascii_case("multipart/byteranges") {
            return None;
        }
        let boundary = parameters.find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim_end().eq_ignore_ascii_case("boundary").then(|| value.trim_start().trim_matches('"'))
        });
        Some(match boundary {
            Some(boundary) if (1..=70).contains(&boundary.len()) => {
                Ok(Self { body, delimiter: format!("--{boundary}"), parts: 0 })
            }
            _ => Err(AnswerFault::new(
                "multipart/byteranges with a boundary of 1 to 70 characters",
                content_type.to_owned(),
            )),
        })
    }

    /// The next part, all of whose bytes are then to be read from the body; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<DeclaredPart>, AnswerFault> {
        let broken = AnswerFault::broken;
        // The line break before a boundary belongs to it; before the first it may be missing.
        let line_end = self.body.take(b"\r\n").await.map_err(broken)?;
        let delimited =
            (line_end || self.parts == 0) && self.body.take(self.delimiter.as_bytes()).await.map_err(broken)?;
        if !delimited {
            let behind = if self.parts == 0 { "at the beginning" } else { "behind the last byte of a part" };
            return Err(self.instead(&format!("the boundary {:?} {behind}", self.delimiter)).await);
        }
        if self.body.take(b"--").await.map_err(broken)? {
            self.body.take(b"\r\n").await.map_err(broken)?;
            return match self.body.some(1).await.map_err(broken)? {
                None if self.parts > 0 => Ok(None),
                None => Err(AnswerFault::new("one part at least", "none")),
                Some(_) => Err(self.instead("nothing behind the last boundary").await),
            };
        }
        if !self.body.take(b"\r\n").await.map_err(broken)? {
            return Err(self.instead("the end of the line behind a boundary").await);
        }
        self.parts += 1;
        if self.parts > MOST_PARTS {
            return Err(AnswerFault::new(format!("{MOST_PARTS} parts at the most"), "more"));
        }
        self.header().await.map(Some)
    }

    async fn header(&mut self) -> Result<DeclaredPart, AnswerFault> {
        let mut found = None;
        let mut left = MOST_HEADER;
        loop {
            let line = self.body.until(b"\r\n", left).await.map_err(AnswerFault::broken)?;
            let Some(line) = line else { return Err(self.instead("the header of a part").await) };
            if line.is_empty() {
                break;
            }
            left = left.saturating_sub(line.len());
            let field = std::str::from_utf8(&line).ok().and_then(|line| line.split_once(':'));
            let Some((name, value)) = field else {
                return Err(AnswerFault::new("a header field in a part", format!("\"{}\"", line.escape_ascii())));
            };
            if name.eq_ignore_ascii_case("content-range") && found.replace(value.trim().to_owned()).is_some() {
                return Err(AnswerFault::new("one Content-Range a part", "two"));
            }
        }
        let value = found.ok_or_else(|| AnswerFault::new("a Content-Range in every part", "a part that has none"))?;
        let (range, length) = ranges::content_range(&value)
            .map_err(|invalid| AnswerFault::new("a Content-Range in every part", format!("{value:?}: {invalid}")))?;
        Ok(DeclaredPart { range, length })
    }

    /// The body, for the bytes of a part.
    pub const fn body(&mut self) -> &mut BodyReader {
        self.body
    }

    async fn instead(&mut self, expected: &str) -> AnswerFault {
        AnswerFault::new(expected, self.body.peek().await)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    const TYPE: &str = "multipart/byteranges; boundary=B";

    /// The parts of a body in chunks of this size, with their bytes.
    async fn read(content_type: &str, text: &str, size: usize) -> Result<Vec<(Range<u64>, Vec<u8>)>, AnswerFault> {
        let chunks: Vec<_> = text.as_bytes().chunks(size).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
        let mut body = BodyReader::new(futures::stream::iter(chunks));
        let mut multipart = MultipartReader::new(content_type, &mut body).unwrap()?;
        let mut parts = Vec::new();
        while let Some(part) = multipart.next().await? {
            let (mut bytes, length) = (Vec::new(), part.range.end - part.range.start);
            while (bytes.len() as u64) < length
                && let Some(some) = multipart.body().some(length - bytes.len() as u64).await.unwrap()
            {
                bytes.extend_from_slice(&some);
            }
            parts.push((part.range, bytes));
        }
        Ok(parts)
    }

    #[tokio::test]
    async fn parts_are_read_however_they_come() {
        let text = "--B\r\nContent-Type: a/b\r\nContent-Range: bytes 2-3/9\r\n\r\n23\r\n\
            --B\r\ncontent-range:bytes 5-10/*\r\n\r\n\r\n--B-\r\n--B--\r\n";
        let parts = vec![(2..4, b"23".to_vec()), (5..11, b"\r\n--B-".to_vec())];
        for size in 1..80 {
            assert_eq!(read(TYPE, text, size).await, Ok(parts.clone()), "in chunks of {size}");
            assert_eq!(
                read("Multipart/ByteRanges;x=y; Boundary=\"B\"", &format!("\r\n{text}"), size).await.as_ref(),
                Ok(&parts)
            );
        }
        assert_eq!(read(TYPE, text.strip_suffix("\r\n").unwrap(), 7).await, Ok(parts));
    }

    #[tokio::test]
    async fn what_is_not_quite_a_multipart_is_refused() {
        let part = "--B\r\nContent-Range: bytes 2-3/9\r\n\r\n";
        for (text, expected) in [
            (String::new(), "the boundary"),
            (format!("preamble\r\n{part}23\r\n--B--\r\n"), "the boundary"),
            ("--B--\r\n".to_owned(), "one part at least"),
            (format!("{part}2\r\n--B--\r\n"), "the boundary"),
            (format!("{part}234\r\n--B--\r\n"), "the boundary"),
            (format!("{part}23--B--\r\n"), "the boundary"),
            (format!("{part}23\r\n"), "the boundary"),
            (format!("{part}23\r\n--Bx\r\n"), "the end of the line"),
            (format!("{part}23\r\n--B--\r\nmore"), "nothing behind"),
            ("--B\r\nContent-Type: a/b\r\n\r\n23\r\n--B--\r\n".to_owned(), "a Content-Range in every part"),
            ("--B\r\nContent-Range: bytes 3-2/9\r\n\r\n23\r\n--B--\r\n".to_owned(), "a Content-Range in every part"),
            ("--B\r\nContent-Range\r\n\r\n23\r\n--B--\r\n".to_owned(), "a header field"),
            ("--B\r\nContent-Range: bytes 2-3/9".to_owned(), "the header of a part"),
            ("--B\r\nContent-Range: bytes 2-3/9\r\nContent-Range: bytes 2-3/9\r\n\r\n".to_owned(), "one Content-Range"),
        ] {
            for size in [1, 3, 1000] {
                let fault = read(TYPE, &text, size).await.unwrap_err();
                assert!(fault.expected.starts_with(expected), "{text:?}: {fault:?}");
            }
        }
        for content_type in
            ["multipart/byteranges", "multipart/byteranges; boundary=", "multipart/byteranges; boundary=\"\""]
        {
            assert!(read(content_type, "", 1).await.is_err());
        }
        assert!(MultipartReader::new("video/mp4", &mut BodyReader::new(futures::stream::empty())).is_none());
    }
}
