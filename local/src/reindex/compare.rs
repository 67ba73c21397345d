//! Finds the contents of a space that lack the right index.

use std::pin::pin;

use futures::TryStreamExt;
use reelspan::{
    space::{ContentPrefix, MediaKey, SpaceId},
    store::{Kept, Stores},
};
use reelspan_accounts::report::{ContentReport, contents};
use reelspan_engine::index::FORMAT;

use crate::CommandError;

/// The state of a space.
#[derive(Debug, Default)]
pub struct SpaceComparison {
    /// How many objects it has.
    pub objects: usize,
    /// How many of them have the right head and the right entry in the list.
    pub right: usize,
    /// Contents whose index is missing, of another version, of another format, or of a deleted object.
    pub differ: Vec<MediaKey>,
    /// Contents whose index is right, but not their entry in the list of the space.
    pub unlisted: Vec<MediaKey>,
}

/// Compares the objects of a space whose names begin with `prefix` with their heads; with `all`, every object is taken
/// to differ.
pub async fn compare(
    stores: &Stores,
    space: &SpaceId,
    prefix: &ContentPrefix,
    all: bool,
) -> Result<SpaceComparison, CommandError> {
    let mut kept = stores.index.kept(space, prefix).await.map_err(CommandError::failed("the index"))?;
    let mut comparison = SpaceComparison::default();
    let mut pages = pin!(contents(&stores.media, space, prefix));
    while let Some(page) = pages.try_next().await.map_err(CommandError::failed("the bucket"))? {
        for ContentReport { key, etag } in page {
            comparison.objects += 1;
            let Kept { head, listed } = kept.remove(&key).unwrap_or_default();
            if all || head.is_none_or(|head| head.etag != etag || head.format != FORMAT) {
                comparison.differ.push(key);
            } else if listed.is_none_or(|listed| listed != etag) {
                comparison.unlisted.push(key);
            } else {
                comparison.right += 1;
            }
        }
    }
    // What remains belongs to deleted objects.
    comparison.differ.extend(kept.into_keys());
    Ok(comparison)
}
