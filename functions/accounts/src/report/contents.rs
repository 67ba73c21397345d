//! The contents of a space, as its objects are listed.

use futures::{Stream, stream};
use reelspan::{
    space::{ContentId, ContentPrefix, MediaKey, SpaceId},
    store::{self, Listed, Media},
};

/// A content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentReport {
    /// What it is called.
    pub key: MediaKey,
    /// The version of its object.
    pub etag: String,
}

/// The contents of a space whose names begin with `prefix`, ordered by name, at most a thousand at a time. Objects
/// whose names no content can have are skipped.
pub fn contents<'a>(
    media: &'a Media,
    space: &'a SpaceId,
    prefix: &'a ContentPrefix,
) -> impl Stream<Item = Result<Vec<ContentReport>, store::StoreError>> + 'a {
    stream::try_unfold(Some(None), move |place: Option<Option<Listed>>| async move {
        let Some(after) = place else { return Ok(None) };
        let page = media.objects(space, prefix, after.as_ref()).await?;
        let next = page.objects.last().filter(|_| page.more).map(|object| Some(object.clone()));
        let contents = page.objects.into_iter().filter_map(|object| {
            let key = ContentId::parse(&object.name).and_then(|name| MediaKey::new(space.clone(), name)).ok()?;
            Some(ContentReport { key, etag: object.etag })
        });
        Ok(Some((contents.collect(), next)))
    })
}
