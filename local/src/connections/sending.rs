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
    pub fn stand_in(&self, file: &Arc<File>, range: &Range<u64>) -> Bytes {
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
