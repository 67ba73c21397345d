//! Reads of files that are sent to a client.
//!
//! Bytes that the kernel has in its page cache are copied at once, on the thread that sends them (`preadv2` with `RWF_NOWAIT`).
//! Those that a disk has to bring are read on a thread that may block. No more than one buffer is read ahead of the connection; the
//! kernel reads a file that is read in sequence further ahead by itself.

mod buffer;

use std::{fs::File, io, ops::Range, os::unix::fs::FileExt, sync::Arc};

use bytes::Bytes;
use futures::{Stream, stream};

use self::buffer::{Buffer, READ};

/// The bytes of a range of a file. A file that ends before the range is an error.
pub fn chunks(file: Arc<File>, range: Range<u64>) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    stream::unfold((file, range), |(file, left)| async move {
        if left.is_empty() {
            return None;
        }
        match next(&file, &left).await {
            Ok(bytes) => {
                let at = left.start + bytes.len() as u64;
                Some((Ok(bytes), (file, at..left.end)))
            }
            Err(error) => Some((Err(error), (file, 0..0))),
        }
    })
}

/// Some bytes at the start of a range that is not empty: at least one.
pub async fn next(file: &Arc<File>, left: &Range<u64>) -> io::Result<Bytes> {
    let length = usize::try_from(left.end - left.start).unwrap_or(READ).min(READ);
    let (at, mut buffer) = (left.start, Buffer::new());
    if let Some(cached) = cached(file, buffer.room(length), at) {
        return Ok(buffer.filled(cached));
    }
    let file = Arc::clone(file);
    let reading = move || match file.read_at(buffer.room(length), at)? {
        0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file ended early")),
        read => Ok(buffer.filled(read)),
    };
    tokio::task::spawn_blocking(reading).await?
}

/// Whether no disk is needed for a range that is not empty, as far as its first and its last byte tell.
pub fn is_cached(file: &File, range: Range<u64>) -> bool {
    [range.start, range.end - 1].iter().all(|at| cached(file, &mut [0], *at).is_some())
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
