//! A file as the body of a request: read while it is sent, in constant memory, and counted on a progress bar.

use std::{
    fs, io,
    path::PathBuf,
    pin::Pin,
    task::{Context, Poll, ready},
};

use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use futures::Stream;
use http_body::{Body, Frame, SizeHint};
use indicatif::ProgressBar;
use tokio::fs::File;
use tokio_util::io::ReaderStream;

/// How many bytes are read at a time.
const READ: usize = 128 * 1024;

/// The bytes of a file of this size. If the request is retried, the file is read again, and the bar goes back.
pub fn of_file(path: PathBuf, size: u64, bar: ProgressBar) -> SdkBody {
    let start = bar.position();
    SdkBody::retryable(move || {
        bar.set_position(start);
        SdkBody::from_body_1_x(FileBody { path: path.clone(), reading: None, left: size, bar: bar.clone() })
    })
}

struct FileBody {
    path: PathBuf,
    /// The file, from the first piece on: a body that is never sent opens nothing.
    reading: Option<ReaderStream<File>>,
    left: u64,
    bar: ProgressBar,
}

impl FileBody {
    fn reading(&mut self) -> io::Result<&mut ReaderStream<File>> {
        let reading = if let Some(reading) = self.reading.take() {
            reading
        } else {
            let mut file = File::from_std(fs::File::open(&self.path)?);
            file.set_max_buf_size(READ);
            ReaderStream::with_capacity(file, READ)
        };
        Ok(self.reading.insert(reading))
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = self.get_mut();
        if this.left == 0 {
            return Poll::Ready(None);
        }
        let read = match this.reading() {
            Ok(reading) => ready!(Pin::new(reading).poll_next(context)),
            Err(error) => Some(Err(error)),
        };
        // The file may have grown or shrunk since its size was read.
        let shorter = || Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter"));
        Poll::Ready(Some(read.unwrap_or_else(shorter).map(|mut bytes| {
            bytes.truncate(usize::try_from(this.left).unwrap_or(usize::MAX));
            this.left -= bytes.len() as u64;
            this.bar.inc(bytes.len() as u64);
            Frame::data(bytes)
        })))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
