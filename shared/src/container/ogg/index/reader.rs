//! A file as pages, whatever lies between them.

use super::super::page::{CAPTURE, MAX_PAGE, Page, Parsed};
use crate::container::notes::Notes;
use crate::container::stream::Stream;
use crate::container::{Error, Source};

/// Bytes that are looked at in vain, beyond as many as the file has so far, before it is given up: what is made to look like
/// pages everywhere would cost its length many times over.
const MAX_IN_VAIN: u64 = 64 << 20;

/// The pages of a file, in order.
pub struct Reader<'s, S> {
    stream: Stream<'s, S>,
    /// Where the next page is looked for.
    next: u64,
    notes: Notes,
    in_vain: u64,
}

/// What was found at a place.
enum Found {
    Page,
    End,
    /// Nothing so many bytes from it, of which so many were looked at.
    Nothing {
        skip: usize,
        in_vain: usize,
    },
}

impl<'s, S: Source> Reader<'s, S> {
    /// From the beginning of the file, by chunks of so many bytes.
    pub fn new(source: &'s S, chunk: u64) -> Self {
        Self { stream: Stream::new(source, chunk), next: 0, notes: Notes::default(), in_vain: 0 }
    }

    /// What was passed over.
    pub fn into_notes(self) -> Notes {
        self.notes
    }

    /// The next page that is sound; `None` at the end of the file.
    pub async fn page(&mut self) -> Result<Option<Page<'_>>, Error> {
        self.stream.seek(self.next);
        let lost = self.next;
        loop {
            match self.look().await? {
                Found::Page => break,
                Found::End => {
                    self.note(lost, self.stream.len());
                    return Ok(None);
                }
                Found::Nothing { skip, in_vain } => {
                    self.next += skip.max(1) as u64;
                    self.stream.seek(self.next);
                    self.in_vain += in_vain as u64;
                    if self.in_vain > MAX_IN_VAIN.saturating_add(self.next) {
                        let what = "more pages are damaged than sound".to_owned();
                        return Err(Error::Malformed { offset: self.next, path: "page".to_owned(), what });
                    }
                }
            }
        }
        self.note(lost, self.next);
        let offset = self.next;
        match Page::parse(offset, self.stream.peek(MAX_PAGE).await?) {
            Parsed::Page(page) => {
                self.next = page.end();
                Ok(Some(page))
            }
            Parsed::Partial | Parsed::Nothing => Ok(None),
        }
    }

    fn note(&mut self, lost: u64, found: u64) {
        if found > lost {
            self.notes.at(lost, "bytes that are no sound page are passed over");
        }
    }

    /// What is at the position.
    async fn look(&mut self) -> Result<Found, Error> {
        let bytes = self.stream.peek(MAX_PAGE).await?;
        Ok(match Page::parse(self.next, bytes) {
            Parsed::Page(page) if page.is_sound() => Found::Page,
            Parsed::Page(page) => Found::Nothing { skip: capture(bytes), in_vain: page.body.len() },
            _ if bytes.len() < CAPTURE.len() => Found::End,
            _ => Found::Nothing { skip: capture(bytes), in_vain: 0 },
        })
    }
}

/// How far behind the first byte the next page may begin; what is left may be the beginning of its first bytes.
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
