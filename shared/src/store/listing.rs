//! Keeps the list of contents true when the REST API changes one: the entry is written at once, rather than with the event.

use super::{ContentEntry, StoreError, Stores};
use crate::space::MediaKey;

/// How often others may change the content or its entry meanwhile. What is left then, the event of the change puts right.
const ATTEMPTS: usize = 5;

impl Stores {
    /// Makes the list say of a content what the bucket has: adds it, changes what is said of it, or removes it. Costs nothing but a
    /// look at the entry and at the object if the list is right already.
    ///
    /// # Errors
    ///
    /// If S3 or `DynamoDB` fails. The list comes right all the same, with the event of the change.
    pub async fn update_entry(&self, media: &MediaKey) -> Result<(), StoreError> {
        let mut stored = self.index.entry(media).await?;
        for _ in 0..ATTEMPTS {
            let content = match self.media.content(media).await {
                Ok(content) => Some(content),
                Err(StoreError::Missing) => None,
                Err(error) => return Err(error),
            };
            let entry = content.map(|content| ContentEntry::of(media, &content, None, stored.entry.as_ref()));
            let written = self.index.put_entry(media, &stored, entry).await?;
            match written {
                Some(written) if written == stored => return Ok(()),
                // Looked at again: the object may have changed since.
                Some(written) => stored = written,
                None => stored = self.index.entry(media).await?,
            }
        }
        tracing::info!(%media, "the content keeps changing; its event updates the list");
        Ok(())
    }
}
