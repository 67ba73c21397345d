//! A whole resource, in a temporary file, with which every piece of it is compared.

use std::fs::File;
use std::io::Write;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG};
use tempfile::NamedTempFile;

use super::body::BodyReader;
use super::client::UnreadAnswer;
use super::verdict::{AnswerFault, Stop};

/// How much is compared at once.
const BUFFER: usize = 64 << 10;
/// The maximum for a body without an announced length, which may be endless; a disk is not.
const MOST_UNANNOUNCED: u64 = 16 << 30;

/// All bytes of a resource, and its header fields.
#[derive(Debug)]
pub struct WholeResource {
    file: NamedTempFile,
    length: u64,
    headers: HeaderMap,
}

impl WholeResource {
    /// Receives the body of an answer.
    ///
    /// # Errors
    ///
    /// [`Stop::Violated`] if it breaks off, or does not have the announced length; [`Stop::NotRun`] if it cannot be
    /// stored.
    pub async fn of(mut answer: UnreadAnswer) -> Result<Self, Stop> {
        let kept = |error: std::io::Error| Stop::NotRun(format!("a temporary file: {error}"));
        let announced = answer.field(CONTENT_LENGTH.as_str()).and_then(|value| value.parse::<u64>().ok());
        let mut file = NamedTempFile::new().map_err(kept)?;
        let mut length = 0;
        loop {
            let chunk = answer.body.some(u64::MAX).await.map_err(|why| {
                answer.violated(announced.map_or_else(|| "a whole body".to_owned(), |all| format!("{all} bytes")), why)
            })?;
            let Some(chunk) = chunk else { break };
            length += chunk.len() as u64;
            if announced.is_none() && length > MOST_UNANNOUNCED {
                return Err(answer.violated("a Content-Length", format!("{length} bytes, and no end")));
            }
            file.write_all(&chunk).map_err(kept)?;
        }
        file.flush().map_err(kept)?;
        Ok(Self { file, length, headers: answer.headers })
    }

    /// How many bytes it has.
    pub const fn len(&self) -> u64 {
        self.length
    }

    /// The path of the temporary file.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// A header field of its answer, if it exists and is text.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Its validator.
    pub fn etag(&self) -> Option<&str> {
        self.field(ETAG.as_str())
    }

    /// Its media type, without parameters.
    pub fn mime(&self) -> Option<&str> {
        self.field(CONTENT_TYPE.as_str()).and_then(|value| value.split(';').next()).map(str::trim)
    }

    /// Reads as many bytes of a body as the range has, and checks that they are this resource's.
    pub async fn compare(&self, body: &mut BodyReader, range: Range<u64>) -> Result<(), AnswerFault> {
        let mut buffer = vec![0; BUFFER];
        let mut at = range.start;
        while at < range.end {
            let most = (range.end - at).min(BUFFER as u64);
            let Some(came) = body.some(most).await.map_err(AnswerFault::broken)? else {
                return Err(AnswerFault::new(
                    format!("{} bytes, as Content-Range says", range.end - range.start),
                    format!("{}", at - range.start),
                ));
            };
            let expected = buffer.get_mut(..came.len()).unwrap_or_default();
            let file: &File = self.file.as_file();
            file.read_exact_at(expected, at).map_err(|error| {
                AnswerFault::new(format!("byte {at} of the whole"), format!("a file that is gone: {error}"))
            })?;
            if let Some(first) = expected.iter().zip(&came).position(|(expected, came)| expected != came) {
                return Err(AnswerFault::new(
                    format!("byte {} of the whole: {}", at + first as u64, hex(expected, first)),
                    hex(&came, first),
                ));
            }
            at += came.len() as u64;
        }
        Ok(())
    }
}

/// A few bytes for a report.
fn hex(bytes: &[u8], from: usize) -> String {
    let shown: Vec<String> = bytes.iter().skip(from).take(8).map(|byte| format!("{byte:02x}")).collect();
    shown.join(" ")
}
