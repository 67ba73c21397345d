//! The bytes of a file, read while they are stored, in constant memory, and counted on a progress bar.

use std::{fs, io};

use bytes::Bytes;
use futures::{Stream, StreamExt};
use indicatif::ProgressBar;
use tokio::{fs::File, io::AsyncReadExt};
use tokio_util::io::ReaderStream;

/// How many bytes are read at a time.
const READ: usize = 256 << 10;

/// The first `size` bytes of a file, which may have grown since its size was read.
pub fn of_file(file: fs::File, size: u64, bar: ProgressBar) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let mut file = File::from_std(file);
    file.set_max_buf_size(READ);
    ReaderStream::with_capacity(file.take(size), READ).inspect(move |read| {
        bar.inc(read.as_ref().map_or(0, |bytes| bytes.len() as u64));
    })
}
