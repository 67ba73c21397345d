//! Finds the contents of a space that lack the right index.

use std::collections::BTreeMap;
use std::pin::pin;

use futures::TryStreamExt;
use reelspan::{
    space::{ContentPrefix, MediaKey, SpaceId},
    store::Stores,
};
use reelspan_engine::index::FORMAT;

use crate::{
    Error,
    contents::{Content, contents},
};

/// The state of a space.
#[derive(Debug, Default)]
pub struct Comparison {
    /// How many objects it has.
    pub objects: usize,
    /// How many of them have the right head.
    pub right: usize,
    /// Contents whose index is missing, of another version, of another format, or of a deleted object.
    pub differ: Vec<MediaKey>,
}

/// Compares the objects of a space whose names begin with `prefix` with their heads; with `all`, every object is taken
/// to differ.
pub async fn compare(stores: &Stores, space: &SpaceId, prefix: &ContentPrefix, all: bool) -> Result<Comparison, Error> {
    let heads = stores.index.heads(space, prefix).await.map_err(Error::failed("the index"))?;
    let mut heads: BTreeMap<MediaKey, _> = heads.into_iter().map(|head| (head.media.clone(), head)).collect();
    let mut comparison = Comparison::default();
    let mut pages = pin!(contents(&stores.media, space, prefix));
    while let Some(page) = pages.try_next().await.map_err(Error::failed("the bucket"))? {
        for Content { key, etag } in page {
            comparison.objects += 1;
            let head = heads.remove(&key);
            let right = !all && head.is_some_and(|head| head.etag == etag && head.format == FORMAT);
            if right {
                comparison.right += 1;
            } else {
                comparison.differ.push(key);
            }
        }
    }
    // The remaining heads belong to deleted objects.
    comparison.differ.extend(heads.into_keys());
    Ok(comparison)
}
