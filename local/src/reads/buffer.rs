//! Buffers for reads, used again: a new one of this size costs more than reading into it, because the kernel has to clear its
//! pages.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

/// How many bytes are read at a time: large enough for a disk, small enough for a hundred readers at once.
pub const READ: usize = 256 << 10;

/// How many buffers are kept: 8 MiB.
const KEPT: usize = 32;

/// Buffers that are not in use.
static FREE: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

/// A buffer of [`READ`] bytes; dropping it makes it free again.
#[derive(Debug)]
pub struct Buffer {
    bytes: Vec<u8>,
    length: usize,
}

impl Buffer {
    /// A free buffer, or a new one.
    pub fn new() -> Self {
        let free = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Self { bytes: free.unwrap_or_else(|| vec![0; READ]), length: 0 }
    }

    /// The first bytes of the buffer, at most `length`, to be written to.
    pub fn room(&mut self, length: usize) -> &mut [u8] {
        let length = length.min(self.bytes.len());
        self.bytes.get_mut(..length).unwrap_or_default()
    }

    /// The first `length` bytes. Nothing is copied; the buffer is free again once they are dropped.
    pub fn filled(mut self, length: usize) -> Bytes {
        self.length = length.min(self.bytes.len());
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        if free.len() < KEPT {
            free.push(std::mem::take(&mut self.bytes));
        }
    }
}
