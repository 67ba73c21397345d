//! The private key that signs, in a file of the data folder that only its owner can read.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use reelspan::store;
use reelspan::streaming::Secret;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

/// A secret in a file.
#[derive(Clone, Debug)]
pub struct SecretFile {
    file: PathBuf,
    /// One call at a time.
    turn: Arc<Mutex<()>>,
}

/// The content of the file. Without `Debug`, so that it is never logged.
#[derive(Default, Serialize, Deserialize)]
struct SecretRecord {
    text: String,
    /// The token of the last write: see [`Secret::write`].
    token: String,
}

impl SecretFile {
    /// The secret in this file, which need not exist yet.
    #[must_use]
    pub fn new(file: PathBuf) -> Self {
        Self { file, turn: Arc::default() }
    }

    fn content(&self) -> Result<Option<SecretRecord>, store::StoreError> {
        match fs::read(&self.file) {
            // The parser's error may quote what it found.
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|_| self.failed("is not as it was written")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed(&error.to_string())),
        }
    }

    fn failed(&self, why: &str) -> store::StoreError {
        store::StoreError::Service { service: "the signing key", message: format!("{}: {why}", self.file.display()) }
    }
}

#[async_trait]
impl Secret for SecretFile {
    async fn read(&self) -> Result<Option<String>, store::StoreError> {
        let turn = self.turn.lock().await;
        let content = self.content();
        drop(turn);
        Ok(content?.map(|content| content.text))
    }

    async fn write(&self, text: &str, token: &str) -> Result<bool, store::StoreError> {
        let turn = self.turn.lock().await;
        if self.content()?.is_some_and(|content| content.token == token) {
            return Ok(false);
        }
        let content = SecretRecord { text: text.to_owned(), token: token.to_owned() };
        let bytes = serde_json::to_vec(&content).map_err(|error| self.failed(&error.to_string()))?;
        replace(&self.file, &bytes).map_err(|error| self.failed(&error.to_string()))?;
        drop(turn);
        Ok(true)
    }
}

/// Replaces a file as a whole.
fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = file.with_extension("new");
    let mut options = OpenOptions::new();
    let mut new = options.create(true).write(true).truncate(true).mode(0o600).open(&unfinished)?;
    new.write_all(bytes)?;
    new.sync_all()?;
    fs::rename(&unfinished, file)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[tokio::test]
    async fn a_secret_outlives_a_restart_and_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("signing-key.json");
        let secret = SecretFile::new(file.clone());
        assert_eq!(secret.read().await.unwrap(), None);
        assert!(secret.write("swordfish", "a").await.unwrap());
        assert!(!secret.write("herring", "a").await.unwrap());
        let again = SecretFile::new(file.clone());
        assert_eq!(again.read().await.unwrap().as_deref(), Some("swordfish"));
        assert!(again.write("herring", "b").await.unwrap());
        assert_eq!(secret.read().await.unwrap().as_deref(), Some("herring"));
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[tokio::test]
    async fn a_file_that_is_not_as_it_was_written_is_refused_and_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("signing-key.json");
        for text in ["swordfish", "[1]", "{\"text\":\"swordfish\"}"] {
            fs::write(&file, text).unwrap();
            let error = SecretFile::new(file.clone()).read().await.unwrap_err().to_string();
            assert!(error.contains("signing-key.json") && !error.contains("swordfish"), "{error}");
        }
    }
}
