//! A file as pages, with anything between them.

use serde::{Deserialize, Serialize};

use super::super::page::{CAPTURE, MAX_PAGE, OggPage, Parsed};
use crate::container::Error;
use crate::container::notes::Notes;
use crate::container::stream::SourceStream;

/// How many bytes are examined in vain, beyond as many as the file has so far, before it is given up: a file that
/// resembles pages everywhere would take its length many times over.
const MAX_IN_VAIN: u64 = 64 << 20;

/// Finds the pages of a file, in order.
#[derive(Default, Serialize, Deserialize)]
pub struct PageReader {
    /// The start of bytes without a page, up to the position.
    lost: Option<u64>,
    in_vain: u64,
}

/// The result at a position.
pub enum PageFound {
    /// A valid page, with the CRCs of its body up to the end of each piece.
    Page(Vec<u32>),
    /// No page up to the position, which has moved.
    Nothing,
    /// The end of the file.
    End,
}

impl PageReader {
    /// Parses the page at the current position, skipping bytes that are not one.
    pub async fn look(&mut self, stream: &mut SourceStream<'_>, notes: &mut Notes) -> Result<PageFound, Error> {
        let at = stream.position();
        let bytes = stream.peek(MAX_PAGE).await?;
        let in_vain = match OggPage::parse(at, bytes) {
            Parsed::Page(page) => {
                if let Some(sums) = page.sums() {
                    self.found(at, notes);
                    return Ok(PageFound::Page(sums));
                }
                page.body.len()
            }
            _ if bytes.len() < CAPTURE.len() => {
                self.lost.get_or_insert(at);
                self.found(stream.len(), notes);
                return Ok(PageFound::End);
            }
            _ => 0,
        };
        let next = at + capture(bytes).max(1) as u64;
        self.lost.get_or_insert(at);
        self.in_vain += in_vain as u64;
        if self.in_vain > MAX_IN_VAIN.saturating_add(next) {
            let what = "more pages are damaged than sound".to_owned();
            return Err(Error::Malformed { offset: next, path: "page".to_owned(), what });
        }
        stream.seek(next);
        Ok(PageFound::Nothing)
    }

    /// Ends the skipped bytes here.
    fn found(&mut self, here: u64, notes: &mut Notes) {
        if let Some(lost) = self.lost.take().filter(|lost| *lost < here) {
            notes.at(lost, "bytes that are no sound page are passed over");
        }
    }
}

/// How far after the first byte the next page may begin; the remaining bytes may be the beginning of its capture
/// pattern.
fn capture(bytes: &[u8]) -> usize {
    let mut from = 1;
    while let Some(rest) = bytes.get(from..).filter(|rest| rest.len() >= CAPTURE.len()) {
        match rest.iter().position(|byte| *byte == b'O') {
            Some(at) if rest.get(at..).is_some_and(|rest| rest.starts_with(CAPTURE)) => return from + at,
            Some(at) => from += at + 1,
            None => return bytes.len(),
        }
    }
    from.max(bytes.len().saturating_sub(CAPTURE.len() - 1))
}
