//! A socket that reports its traffic.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, Interest, ReadBuf},
    net::TcpStream,
    time::Instant,
};

use super::{
    progress::ConnectionProgress,
    sending::{FileQueue, is_stand_in},
};

/// A socket and the progress of its client.
#[derive(Debug)]
pub struct Watched {
    socket: TcpStream,
    progress: Arc<ConnectionProgress>,
    files: Arc<FileQueue>,
}

impl Watched {
    pub const fn new(socket: TcpStream, progress: Arc<ConnectionProgress>, files: Arc<FileQueue>) -> Self {
        Self { socket, progress, files }
    }

    /// Sends slices, and parts of files where there are stand-ins for them.
    fn poll_send(&mut self, context: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let stand_in = slices.iter().enumerate().find(|(_, slice)| is_stand_in(slice));
        let Some((before, stand_in)) = stand_in else {
            return Pin::new(&mut self.socket).poll_write_vectored(context, slices);
        };
        let before = slices.get(..before).unwrap_or_default();
        loop {
            ready!(self.socket.poll_write_ready(context))?;
            match self.socket.try_io(Interest::WRITABLE, || self.files.send(&self.socket, before, stand_in)) {
                // It was not ready after all, and is known to be not: the next call waits.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
    }

    /// Records the result of a write.
    fn written(&self, done: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match done {
            Poll::Pending => self.progress.answer_is_stuck(Instant::now()),
            Poll::Ready(Ok(bytes)) => self.progress.answer_moves(Instant::now(), bytes),
            Poll::Ready(Err(_)) => {}
        }
        done
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let done = Pin::new(&mut self.socket).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.progress.bytes_arrive(Instant::now());
        }
        done
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let done = self.poll_send(context, &[io::IoSlice::new(bytes)]);
        self.written(done)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let done = self.poll_send(context, bytes);
        self.written(done)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
mod tests {
    use std::{
        fs::File,
        io::{IoSlice, Write},
        time::Duration,
    };

    use bytes::Bytes;
    use reelspan::store::FileSender;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;
    use crate::connections::Patience;

    /// A file of bytes that differ from their neighbours, and the bytes.
    fn stored(length: usize) -> (Arc<File>, Vec<u8>) {
        let bytes: Vec<u8> = (0..length).map(|at| (at ^ (at >> 8) ^ (at >> 16)).to_le_bytes()[0]).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        (Arc::new(file), bytes)
    }

    /// A connection with its queue, and its client.
    async fn connection() -> (Watched, Arc<FileQueue>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (client, accepted) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
        let queue = Arc::new(FileQueue::default());
        let progress = Arc::new(ConnectionProgress::new(Patience::DEFAULT, Instant::now()));
        (Watched::new(accepted.unwrap().0, progress, Arc::clone(&queue)), queue, client.unwrap())
    }

    /// Writes all chunks, a few at a time as hyper does.
    async fn write_all(stream: &mut Watched, chunks: &[Bytes]) -> io::Result<()> {
        for chunks in chunks.chunks(3) {
            let mut slices: Vec<_> = chunks.iter().map(|chunk| IoSlice::new(chunk)).collect();
            let mut slices = &mut slices[..];
            while !slices.is_empty() {
                let written = stream.write_vectored(slices).await?;
                assert_ne!(written, 0);
                IoSlice::advance_slices(&mut slices, written);
            }
        }
        Ok(())
    }

    #[tokio::test]
    async fn stand_ins_and_other_chunks_arrive_in_order_at_a_slow_client() {
        let (file, bytes) = stored(3 << 20);
        let (mut stream, queue, mut client) = connection().await;
        let (mut chunks, mut expected, mut at) = (Vec::new(), Vec::new(), 0);
        for length in [1, 300_000, 7, 65_536, 262_144, 1_000_000, 262_145, 50, 100_000] {
            let made = Bytes::from(vec![0xA5; length % 1000]);
            expected.extend_from_slice(&made);
            chunks.push(made);
            // What lies between two ranges is not sent.
            let mut range = at as u64..(at + length) as u64;
            while !range.is_empty() {
                chunks.push(queue.stand_in(&file, &range));
                range.start += chunks.last().unwrap().len() as u64;
            }
            expected.extend_from_slice(&bytes[at..at + length]);
            at += length + 1000;
        }
        chunks.retain(|chunk| !chunk.is_empty());
        let writing = tokio::spawn(async move { write_all(&mut stream, &chunks).await });
        let (mut received, mut buffer) = (Vec::new(), vec![0; 40_000]);
        while received.len() < expected.len() {
            let read = client.read(&mut buffer).await.unwrap();
            received.extend_from_slice(&buffer[..read]);
            if received.len() % 3 == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        writing.await.unwrap().unwrap();
        assert!(received == expected);
    }

    #[tokio::test]
    async fn a_file_that_ends_early_and_a_stand_in_for_nothing_are_errors() {
        let (file, bytes) = stored(1000);
        let (mut stream, queue, _client) = connection().await;
        let cut_short = queue.stand_in(&file, &(500..2000));
        let error = write_all(&mut stream, std::slice::from_ref(&cut_short)).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        let error = queue.chunk(&file, 1000..2000).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);

        let (mut stream, queue, _client) = connection().await;
        let error = write_all(&mut stream, &[cut_short]).await.unwrap_err();
        assert_eq!(error.to_string(), "a stand-in for no part of a file");
        let whole = queue.stand_in(&file, &(0..1000));
        let error = write_all(&mut stream, &[whole.slice(1..)]).await.unwrap_err();
        assert_eq!(error.to_string(), "a stand-in for no part of a file");

        // Also where the page cache cannot be asked.
        let chunk = queue.chunk(&file, 0..10).await.unwrap();
        assert!(is_stand_in(&chunk) || chunk == bytes[..10]);
    }
}
