//! A local file as a container reads it, and its index in memory.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use reelspan_engine::container::{self, ReadError, Source};
use reelspan_engine::fragment::resolve::Memory;
use reelspan_engine::index::Outline;
use reelspan_engine::media::splice::{Piece, Splice};

use crate::CommandError;

/// A local file.
#[derive(Debug)]
pub struct FileSource {
    file: File,
    length: u64,
    name: String,
    read: AtomicU64,
    reads: AtomicU64,
}

impl FileSource {
    /// Opens a file for reading.
    ///
    /// # Errors
    ///
    /// [`CommandError::Setup`] if the file does not exist or cannot be read.
    pub fn open(path: &Path) -> Result<Self, CommandError> {
        let name = path.display().to_string();
        let setup = |error| CommandError::Setup(format!("{name}: {error}"));
        let file = File::open(path).map_err(setup)?;
        let metadata = file.metadata().map_err(setup)?;
        if !metadata.is_file() {
            return Err(CommandError::Setup(format!("{name}: not a file")));
        }
        Ok(Self { file, length: metadata.len(), name, read: AtomicU64::new(0), reads: AtomicU64::new(0) })
    }

    /// Reads the file's structure, and keeps its index in memory.
    ///
    /// # Errors
    ///
    /// [`CommandError::Failed`] if its structure is unknown or invalid.
    pub async fn index(&self) -> Result<(Outline, Memory), CommandError> {
        let mut pages = Memory::default();
        let outline = container::index(self, &mut pages).await.map_err(CommandError::failed(&self.name))?;
        Ok((outline, pages))
    }

    /// How many bytes have been read, in how many calls.
    #[must_use]
    pub fn reads(&self) -> (u64, u64) {
        (self.read.load(Ordering::Relaxed), self.reads.load(Ordering::Relaxed))
    }

    /// Writes the bytes of a splice of this file.
    ///
    /// # Errors
    ///
    /// [`CommandError::Failed`] if the file ends too early, or writing fails.
    pub fn write(&self, splice: &Splice, out: impl Write) -> Result<(), CommandError> {
        let mut out = BufWriter::with_capacity(256 << 10, out);
        let mut buffer = vec![0; 256 << 10];
        for piece in splice.pieces() {
            match piece {
                Piece::Made(bytes) => out.write_all(&bytes).map_err(CommandError::failed("writing"))?,
                Piece::Source(range) => {
                    let mut at = range.start;
                    while at < range.end {
                        let wanted = usize::try_from(range.end - at).unwrap_or(usize::MAX).min(buffer.len());
                        let part = buffer.get_mut(..wanted).unwrap_or_default();
                        self.file.read_exact_at(part, at).map_err(CommandError::failed(&self.name))?;
                        out.write_all(part).map_err(CommandError::failed("writing"))?;
                        at += wanted as u64;
                    }
                }
            }
        }
        out.flush().map_err(CommandError::failed("writing"))
    }
}

impl Source for FileSource {
    fn len(&self) -> u64 {
        self.length
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes, ReadError> {
        let length = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX);
        let mut bytes = BytesMut::zeroed(length);
        self.file
            .read_exact_at(&mut bytes, range.start)
            .map_err(|error| ReadError::Failed(format!("{}: {error}", self.name)))?;
        self.read.fetch_add(length as u64, Ordering::Relaxed);
        self.reads.fetch_add(1, Ordering::Relaxed);
        Ok(bytes.freeze())
    }
}
