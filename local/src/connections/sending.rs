//! Bytes of files that the kernel sends by itself (sendfile(2)): they are not copied into this process and out of it again.
//!
//! The chunks of a body are [`Bytes`] all the way to the socket. A chunk of a file is a stand-in: as many bytes of [`STAND_IN`], which
//! nothing reads. The socket recognises them by their address, and sends in their place what is first in the [`FileQueue`] of its
//! connection. Only the connection that sends a body asks it for stand-ins ([`FileHandover`](reelspan::store::FileHandover)), and
//! HTTP/1.1 sends bodies in order (RFC 9112 §9.3.2), so the queue and the stand-ins agree. If they did not, the connection would be
//! closed.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, IoSlice},
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use reelspan::store::FileSender;
use tokio::net::TcpStream;

use crate::reads;

/// The longest stand-in. What has been handed to the socket counts as sent in the log, so this is not more than a read.
const MOST: usize = 256 << 10;

/// The bytes of all stand-ins. They are not read, so they take no memory.
static STAND_IN: [u8; MOST] = [0; MOST];

/// The parts of files that a connection has to send, in order.
#[derive(Debug, Default)]
pub struct FileQueue(Mutex<VecDeque<FilePart>>);

/// A part of a file.
#[derive(Debug)]
struct FilePart {
    file: Arc<File>,
    /// What has not been sent yet.
    range: Range<u64>,
}

impl FileQueue {
    fn lock(&self) -> MutexGuard<'_, VecDeque<FilePart>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a stand-in for the start of a range that is not empty.
    fn stand_in(&self, file: &Arc<File>, range: &Range<u64>) -> Bytes {
        let length = length_of(range);
        let range = range.start..range.start + length as u64;
        self.lock().push_back(FilePart { file: Arc::clone(file), range });
        Bytes::from_static(STAND_IN.get(..length).unwrap_or_default())
    }

    /// Sends what is before a stand-in, and then what the stand-in is for: how many bytes the socket took.
    /// [`io::ErrorKind::WouldBlock`] if it has no room.
    #[cfg(target_os = "linux")]
    pub fn send(&self, socket: &TcpStream, before: &[IoSlice<'_>], stand_in: &[u8]) -> io::Result<usize> {
        use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};
        let mut parts = self.lock();
        let part = parts.front_mut().filter(|part| part.range.end - part.range.start == stand_in.len() as u64);
        let part = part.ok_or_else(|| io::Error::other("a stand-in for no part of a file"))?;
        let mut bytes = 0;
        if !before.is_empty() {
            let flags = SendFlags::MORE | SendFlags::NOSIGNAL;
            bytes = sendmsg(socket, before, &mut SendAncillaryBuffer::default(), flags)?;
            if bytes < before.iter().map(|slice| slice.len()).sum() {
                return Ok(bytes);
            }
        }
        match rustix::fs::sendfile(socket, &part.file, Some(&mut part.range.start), stand_in.len()) {
            Ok(0) => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file ended early")),
            Ok(sent) => {
                if sent == stand_in.len() {
                    parts.pop_front();
                }
                Ok(bytes + sent)
            }
            Err(rustix::io::Errno::AGAIN) if bytes > 0 => Ok(bytes),
            Err(error) => Err(error.into()),
        }
    }

    /// Other systems make no stand-ins, because they cannot tell whether a file is in memory.
    #[cfg(not(target_os = "linux"))]
    pub fn send(&self, _: &TcpStream, _: &[IoSlice<'_>], _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[async_trait]
impl FileSender for FileQueue {
    /// A stand-in, if the kernel has the bytes in memory: sendfile(2) waits for the disk. Others are read where waiting is allowed.
    async fn chunk(&self, file: &Arc<File>, range: Range<u64>) -> io::Result<Bytes> {
        if reads::is_cached(file, range.start..range.start + length_of(&range) as u64) {
            return Ok(self.stand_in(file, &range));
        }
        reads::next(file, &range).await
    }
}

/// How long the stand-in for the start of a range is.
fn length_of(range: &Range<u64>) -> usize {
    usize::try_from(range.end - range.start).unwrap_or(MOST).min(MOST)
}

/// Whether these bytes stand for bytes of a file.
pub fn is_stand_in(bytes: &[u8]) -> bool {
    STAND_IN.as_ptr_range().contains(&bytes.as_ptr())
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
mod tests {
    use std::{io::Write, time::Duration};

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
        time::Instant,
    };

    use super::*;
    use crate::connections::{Patience, progress::ConnectionProgress, stream::Watched};

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
        assert!(queue.lock().is_empty());
    }

    #[tokio::test]
    async fn a_file_that_ends_early_and_a_stand_in_for_nothing_are_errors() {
        let (file, bytes) = stored(1000);
        let (mut stream, queue, _client) = connection().await;
        let cut_short = queue.stand_in(&file, &(500..2000));
        let error = write_all(&mut stream, &[cut_short.clone()]).await.unwrap_err();
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
