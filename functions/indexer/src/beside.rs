//! Files of captions beside a content: the table of indexes keeps which there are. `reelspan::store` explains why that comes out
//! right whatever else happens at the same time.

use reelspan::space::MediaKey;
use reelspan::store::{self, CaptionFile, MOST_FILES, Stores};

use crate::IndexerError;

/// How often another indexer may change the files of the same stem meanwhile.
const ATTEMPTS: usize = 20;

/// Makes the table say of this object what the bucket has, if it is a file of captions.
pub async fn update(stores: &Stores, media: &MediaKey) -> Result<(), IndexerError> {
    let Some((stem, file)) = CaptionFile::parse(media) else { return Ok(()) };
    for _ in 0..ATTEMPTS {
        let read = stores.index.beside(&stem).await?;
        let object = match stores.media.object(media).await {
            Ok(object) => Some(object),
            Err(store::StoreError::Missing) => None,
            Err(error) => return Err(error.into()),
        };
        let mut files: Vec<CaptionFile> = read.files.iter().filter(|known| known.file != file).cloned().collect();
        files.extend(object.map(|object| CaptionFile { file: file.clone(), etag: object.etag, size: object.size }));
        files.sort_by_key(|known| known.file.file(""));
        if files == read.files {
            return Ok(());
        }
        if files.len() > MOST_FILES {
            tracing::warn!(%media, "more files of captions than are listed: passed over");
            return Ok(());
        }
        // Looked at again, even if it was put: the object may have changed since it was looked at.
        stores.index.put_beside(&stem, &read, &files).await?;
    }
    Err(IndexerError::RestlessCaptions(stem))
}
