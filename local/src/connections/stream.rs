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
