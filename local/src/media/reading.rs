//! Reading one version of an object: an open file.
//!
//! Bytes that the kernel has in its page cache are copied at once, on the thread that sends them (`preadv2` with `RWF_NOWAIT`).
//! Those that a disk has to bring are read on a thread that may block. Only one buffer is read ahead of the connection; the kernel
//! reads a file that is read in sequence further ahead by itself.

use std::{
    fs::File,
    io,
    ops::Range,
    os::unix::fs::FileExt,
    sync::{Arc, OnceLock},
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, stream};
use reelspan::{
    space::MediaKey,
    store::{Chunks, Error, ObjectVersion, Reading},
};

use super::{
    buffer::{Buffer, READ},
    changed, of_s3s,
};
use crate::s3::{MEDIA_BUCKET, Store, catalogue::Object};

/// A read costs a few microseconds, and copying as many bytes as this gap not more. Nothing is begun before it is needed.
const READING: Reading = Reading { gap: 16 << 10, ahead: 0 };

/// One version of one object.
#[derive(Debug)]
pub struct Version {
    store: Arc<Store>,
    key: String,
    etag: String,
    /// Opened by the first read.
    file: OnceLock<Arc<File>>,
}

impl Version {
    pub fn new(store: Arc<Store>, key: &MediaKey, etag: &str) -> Self {
        Self { store, key: key.to_string(), etag: etag.trim_matches('"').to_owned(), file: OnceLock::new() }
    }

    /// The file with the bytes of this version, if it is the current one, or was when it was opened.
    fn file(&self) -> Result<&Arc<File>, Error> {
        if let Some(file) = self.file.get() {
            return Ok(file);
        }
        let open = |object: &Object| self.store.bodies.read(MEDIA_BUCKET, &object.body);
        let opened = self.store.with_body(MEDIA_BUCKET, &self.key, open);
        let (object, file) = opened.map_err(|error| changed(of_s3s(&error)))?;
        if object.etag != self.etag {
            return Err(Error::Changed);
        }
        Ok(self.file.get_or_init(|| Arc::new(file)))
    }
}

#[async_trait]
impl ObjectVersion for Version {
    async fn read(&self, range: Range<u64>) -> Result<Chunks, Error> {
        let file = Arc::clone(self.file()?);
        let chunks = stream::unfold((file, range), |(file, left)| async move {
            if left.is_empty() {
                return None;
            }
            match next(&file, &left).await {
                Ok(bytes) => {
                    let at = left.start + bytes.len() as u64;
                    Some((Ok(bytes), (file, at..left.end)))
                }
                Err(error) => Some((Err(error.to_string()), (file, 0..0))),
            }
        });
        Ok(chunks.boxed())
    }

    fn reading(&self) -> Reading {
        READING
    }
}

/// Some bytes at the start of a range that is not empty: at least one.
async fn next(file: &Arc<File>, left: &Range<u64>) -> io::Result<Bytes> {
    let length = usize::try_from(left.end - left.start).unwrap_or(READ).min(READ);
    let (at, mut buffer) = (left.start, Buffer::new());
    if let Some(cached) = cached(file, buffer.room(length), at) {
        return Ok(buffer.filled(cached));
    }
    let file = Arc::clone(file);
    let reading = move || match file.read_at(buffer.room(length), at)? {
        0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the object is shorter than its index says")),
        read => Ok(buffer.filled(read)),
    };
    tokio::task::spawn_blocking(reading).await?
}

/// Reads the bytes at this offset that need no disk: how many, if there are any. File systems that cannot tell are read on a thread
/// that may block.
#[cfg(target_os = "linux")]
fn cached(file: &File, room: &mut [u8], at: u64) -> Option<usize> {
    use rustix::io::ReadWriteFlags;
    let mut room = [io::IoSliceMut::new(room)];
    rustix::io::preadv2(file, &mut room, at, ReadWriteFlags::NOWAIT).ok().filter(|read| *read > 0)
}

/// No other system can tell whether a read would block.
#[cfg(not(target_os = "linux"))]
fn cached(_: &File, _: &mut [u8], _: u64) -> Option<usize> {
    None
}
