//! Reading one version of an object: an open file.

use std::{
    fs::File,
    io,
    ops::Range,
    sync::{Arc, OnceLock},
};

use async_trait::async_trait;
use futures::StreamExt;
use reelspan::{
    space::MediaKey,
    store::{ObjectVersion, ReadCost, ReadStream, StoreError},
};

use super::failed;
use crate::{
    reads::chunks,
    s3::{MEDIA_BUCKET, Store},
};

/// A read costs a few microseconds, and copying as many bytes as this gap not more. Nothing is begun before it is needed.
const READING: ReadCost = ReadCost { gap: 16 << 10, ahead: 0 };

/// One version of one object.
#[derive(Debug)]
pub struct FileVersion {
    store: Arc<Store>,
    key: String,
    etag: String,
    /// Seconds since 1970.
    stored: Option<i64>,
    /// Opened by the first read.
    file: OnceLock<Arc<File>>,
}

impl FileVersion {
    pub fn new(store: Arc<Store>, key: &MediaKey, etag: &str, stored: Option<i64>) -> Self {
        Self { store, key: key.to_string(), etag: etag.trim_matches('"').to_owned(), stored, file: OnceLock::new() }
    }

    /// The file with the bytes of this version, if it is the current one, or was when it was opened.
    fn file(&self) -> Result<&Arc<File>, StoreError> {
        if let Some(file) = self.file.get() {
            return Ok(file);
        }
        if let Some(stored) = self.stored {
            let found = self.store.catalogue.object(MEDIA_BUCKET, &self.key).map_err(failed)?;
            found.filter(|object| object.modified == stored).ok_or(StoreError::Changed)?;
        }
        let mut missing = None;
        let file = loop {
            let found = self.store.catalogue.body(MEDIA_BUCKET, &self.key).map_err(failed)?;
            let (body, _) = found.filter(|(_, etag)| *etag == self.etag).ok_or(StoreError::Changed)?;
            match self.store.bodies.read(MEDIA_BUCKET, &body) {
                Ok(file) => break file,
                // The object was replaced after the lookup. If the same body is missing twice, it was removed by hand.
                Err(error) if error.kind() == io::ErrorKind::NotFound && missing.as_ref() != Some(&body) => {
                    missing = Some(body);
                }
                Err(error) => return Err(failed(error)),
            }
        };
        Ok(self.file.get_or_init(|| Arc::new(file)))
    }
}

#[async_trait]
impl ObjectVersion for FileVersion {
    async fn read(&self, range: Range<u64>) -> Result<ReadStream, StoreError> {
        let chunks = chunks(Arc::clone(self.file()?), range);
        Ok(chunks.map(|chunk| chunk.map_err(|error| error.to_string())).boxed())
    }

    fn reading(&self) -> ReadCost {
        READING
    }

    fn file(&self) -> Option<Arc<File>> {
        self.file.get().cloned()
    }
}
