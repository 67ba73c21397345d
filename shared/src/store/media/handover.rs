//! Letting a connection send the bytes of a file by itself.

use std::fs::File;
use std::sync::{Arc, OnceLock};

use crate::store::bucket::FileSender;

/// The offer of a body to let its connection send the bytes of a file ([`FileSender`]). It goes with the answer, in its extensions;
/// only the connection itself may accept it, before the first chunk is asked for, and only if the body is the one that was made.
#[derive(Clone, Debug)]
pub struct FileHandover {
    file: Arc<File>,
    length: u64,
    sender: Arc<OnceLock<Arc<dyn FileSender>>>,
}

impl FileHandover {
    pub(super) fn new(file: Arc<File>, length: u64) -> Self {
        Self { file, length, sender: Arc::default() }
    }

    /// The length of the whole body in bytes.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// Accepts the offer. Only the first of several senders gets the body.
    pub fn accept(&self, sender: Arc<dyn FileSender>) {
        let _ = self.sender.set(sender);
    }

    /// The file and its sender, if the offer was accepted.
    pub(super) fn accepted(self) -> Option<(Arc<File>, Arc<dyn FileSender>)> {
        let sender = self.sender.get().cloned()?;
        Some((self.file, sender))
    }
}
