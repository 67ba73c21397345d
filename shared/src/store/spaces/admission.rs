//! What has to be known of a space before any of its media is given out. It comes with the index of what was asked for, in the
//! same round trip ([`IndexTable::find_in_space`](crate::store::IndexTable::find_in_space)), so that closing a space costs no
//! second one.

use std::sync::Arc;

use super::SpacesTable;
use super::item::{COMMONS, commons, key, name, space, streaming, text};
use crate::space::SpaceId;
use crate::space::commons::{Commons, TrustedKey};
use crate::space::record::{Space, SpaceState};
use crate::space::streaming::Streaming;
use crate::store::StoreError;
use crate::store::database::{Get, Item, PrimaryKey};

/// What has to be known of a space before any of its media is given out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admission {
    /// Its streaming; none where it has none, where it is being deleted, and where there is no such space.
    pub streaming: Option<Streaming>,
    /// The keys that signed requests are verified with.
    pub keys: Vec<TrustedKey>,
}

impl Admission {
    /// The items that say it: the space's, and that of what is shared. Both as they are now: what was closed stays so.
    pub(in crate::store) fn items<'a>(spaces: &'a SpacesTable, id: &SpaceId) -> Get<'a> {
        let attributes = Some(["space", "state", "streaming", "keys", "version"].as_slice());
        Get { attributes, ..whole_items(spaces, id) }
    }

    /// What these items say.
    pub(in crate::store) fn read(items: &[Arc<Item>]) -> Result<Self, StoreError> {
        let fault = |what: &str| StoreError::dynamodb(format!("{what} is not as it was written"));
        let mut admission = Self::default();
        for item in items {
            if item.get("space") == Some(&text(COMMONS)) {
                admission.keys = commons(item).ok_or_else(|| fault("what streamed spaces share"))?.keys;
            } else if item.get("state") == Some(&text(name(SpaceState::Live)))
                && let Some(found) = item.get("streaming")
            {
                let found = found.as_map().and_then(streaming);
                admission.streaming = Some(found.ok_or_else(|| fault("the streaming of a space"))?);
            }
        }
        Ok(admission)
    }
}

/// The whole items of a space and of what all streamed spaces share, as they are now.
pub(in crate::store) fn whole_items<'a>(spaces: &'a SpacesTable, id: &SpaceId) -> Get<'a> {
    Get::whole(spaces.table(), vec![key(id), PrimaryKey::new(COMMONS)])
}

/// Reads what [`whole_items`] asks for.
pub(in crate::store) fn read_whole(items: &[Arc<Item>]) -> Result<(Option<Space>, Commons), StoreError> {
    let (mut found, mut shared) = (None, Commons::default());
    for item in items {
        if item.get("space") == Some(&text(COMMONS)) {
            let read = commons(item);
            shared = read.ok_or_else(|| StoreError::dynamodb("what streamed spaces share is not as it was written"))?;
        } else {
            found = Some(space(item)?);
        }
    }
    Ok((found, shared))
}
