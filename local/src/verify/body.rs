//! A body, read piece by piece while it arrives. At most one chunk of the connection is buffered, and the few bytes of
//! a header that spans chunks.

use std::fmt;

use bytes::{Buf, Bytes, BytesMut};
use futures::stream::{BoxStream, Stream, StreamExt};

/// A body that is being read.
pub struct BodyReader {
    chunks: BoxStream<'static, Result<Bytes, String>>,
    /// Received bytes that were not taken yet.
    held: BytesMut,
}

impl fmt::Debug for BodyReader {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Body").field("held", &self.held.len()).finish_non_exhaustive()
    }
}

impl BodyReader {
    /// A body of these chunks. An error says why nothing more follows.
    pub fn new(chunks: impl Stream<Item = Result<Bytes, String>> + Send + 'static) -> Self {
        Self { chunks: chunks.boxed(), held: BytesMut::new() }
    }

    /// The next bytes, at most `most`; `None` at the end.
    pub async fn some(&mut self, most: u64) -> Result<Option<Bytes>, String> {
        while self.held.is_empty() {
            if !self.more().await? {
                return Ok(None);
            }
        }
        let count = usize::try_from(most).unwrap_or(usize::MAX).min(self.held.len());
        Ok(Some(self.held.split_to(count).freeze()))
    }

    /// Takes `expected` if it comes next. Returns whether it did.
    pub async fn take(&mut self, expected: &[u8]) -> Result<bool, String> {
        while self.held.len() < expected.len() {
            if !self.more().await? {
                return Ok(false);
            }
        }
        let found = self.held.starts_with(expected);
        if found {
            self.held.advance(expected.len());
        }
        Ok(found)
    }

    /// Everything up to `end`, which is taken too; `None` if it does not come within `most` bytes.
    pub async fn until(&mut self, end: &[u8], most: usize) -> Result<Option<Bytes>, String> {
        let mut looked = 0;
        loop {
            let unseen = self.held.get(looked..).unwrap_or_default();
            if let Some(at) = unseen.windows(end.len()).position(|window| window == end) {
                let found = self.held.split_to(looked + at).freeze();
                self.held.advance(end.len());
                return Ok(Some(found));
            }
            looked = (self.held.len() + 1).saturating_sub(end.len());
            if looked > most || !self.more().await? {
                return Ok(None);
            }
        }
    }

    /// The next few bytes for a report, as text with escapes.
    pub async fn peek(&mut self) -> String {
        const SHOWN: usize = 40;
        while self.held.len() < SHOWN {
            match self.more().await {
                Ok(true) => {}
                Ok(false) => break,
                Err(why) => return why,
            }
        }
        match self.held.get(..self.held.len().min(SHOWN)) {
            None | Some([]) => "the end".to_owned(),
            Some(bytes) => format!("\"{}\"", bytes.escape_ascii()),
        }
    }

    async fn more(&mut self) -> Result<bool, String> {
        match self.chunks.next().await.transpose()? {
            Some(chunk) if self.held.is_empty() => self.held = BytesMut::from(chunk),
            Some(chunk) => self.held.extend_from_slice(&chunk),
            None => return Ok(false),
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A body in chunks of this size.
    fn in_chunks(text: &'static [u8], size: usize) -> BodyReader {
        BodyReader::new(futures::stream::iter(text.chunks(size).map(|chunk| Ok(Bytes::from_static(chunk)))))
    }

    #[tokio::test]
    async fn a_body_is_read_alike_however_it_comes() {
        for size in 1..12 {
            let mut body = in_chunks(b"ab\r\ncdefgh", size);
            assert!(!body.take(b"ax").await.unwrap());
            assert_eq!(body.until(b"\r\n", 4).await.unwrap().unwrap(), "ab");
            assert!(body.take(b"cd").await.unwrap());
            let mut rest = Vec::new();
            while let Some(bytes) = body.some(3).await.unwrap() {
                assert!(!bytes.is_empty() && bytes.len() <= 3);
                rest.extend_from_slice(&bytes);
            }
            assert_eq!(rest, b"efgh");
            assert!(!body.take(b"x").await.unwrap());
        }
    }

    #[tokio::test]
    async fn what_does_not_end_is_given_up() {
        let endless = futures::stream::repeat_with(|| Ok(Bytes::from_static(&[b'a'; 100])));
        assert_eq!(BodyReader::new(endless).until(b"\r\n", 1000).await.unwrap(), None);
    }
}
