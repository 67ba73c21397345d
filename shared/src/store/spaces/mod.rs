//! The table `Spaces`: partition key `space`, an item a space. An item has its owner, when it was made, its access list and its
//! properties as maps, its state, `live` or `deleting`, and its streaming, if it has any. One more item, of a name that no
//! space can have, is what all streamed spaces share.
//!
//! Every write is on a condition, so that of two who make, change and delete one space at a time each is told what became of it;
//! reads are strongly consistent, so that a right that was taken away is gone with the answer that says so.

mod admission;
mod item;
mod streaming;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

pub use self::admission::Admission;
pub(super) use self::admission::{read_whole, whole_items};
use self::item::{COMMONS, item, key, map, name, space, text};
use super::Error;
use super::of_dynamodb;
use crate::space::SpaceId;
use crate::space::acl::Acl;
use crate::space::record::{Space, SpaceState};

/// The table of spaces.
#[derive(Clone, Debug)]
pub struct SpacesTable {
    client: Client,
    table: String,
}

impl SpacesTable {
    /// The table of this name.
    #[must_use]
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.table
    }

    /// The space of this name, one that is being deleted too.
    pub async fn get(&self, id: &SpaceId) -> Result<Option<Space>, Error> {
        let request = self.client.get_item().table_name(&self.table).set_key(Some(key(id))).consistent_read(true);
        let answer = request.send().await.map_err(|error| of_dynamodb(&error))?;
        answer.item.as_ref().map(space).transpose()
    }

    /// All spaces, those that are being deleted too, in the order of their names.
    pub async fn all(&self) -> Result<Vec<Space>, Error> {
        let mut answers =
            self.client.scan().table_name(&self.table).consistent_read(true).into_paginator().items().send();
        let mut spaces = Vec::new();
        while let Some(item) = answers.next().await {
            let item = item.map_err(|error| of_dynamodb(&error))?;
            if item.get("space") != Some(&text(COMMONS)) {
                spaces.push(space(&item)?);
            }
        }
        spaces.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(spaces)
    }

    /// Makes a space; `false` where one of that name is there.
    pub async fn create(&self, space: &Space) -> Result<bool, Error> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item(space)));
        let put =
            put.condition_expression("attribute_not_exists(#space)").expression_attribute_names("#space", "space");
        done(put.send().await)
    }

    /// Replaces the access list of a space; `false` where there is no such space.
    pub async fn set_acl(&self, id: &SpaceId, acl: &Acl) -> Result<bool, Error> {
        let update = self.client.update_item().table_name(&self.table).set_key(Some(key(id)));
        let update = update
            .update_expression("SET #acl = :acl")
            .condition_expression("#state = :live")
            .expression_attribute_names("#acl", "acl")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":acl", map(acl.fields()))
            .expression_attribute_values(":live", text(name(SpaceState::Live)));
        done(update.send().await)
    }

    /// Brings a space from one state into another; `false` where it is not in the first.
    pub async fn set_state(&self, id: &SpaceId, from: SpaceState, to: SpaceState) -> Result<bool, Error> {
        let update = self.client.update_item().table_name(&self.table).set_key(Some(key(id)));
        let update = update
            .update_expression("SET #state = :to")
            .condition_expression("#state = :from")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":from", text(name(from)))
            .expression_attribute_values(":to", text(name(to)));
        done(update.send().await)
    }

    /// Removes the item of a space whose contents are gone; `false` where it is gone already, or where something still streams
    /// it.
    pub async fn remove(&self, id: &SpaceId) -> Result<bool, Error> {
        let delete = self.client.delete_item().table_name(&self.table).set_key(Some(key(id)));
        let delete = delete
            .condition_expression("#state = :deleting AND attribute_not_exists(#streaming)")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#streaming", "streaming")
            .expression_attribute_values(":deleting", text(name(SpaceState::Deleting)));
        done(delete.send().await)
    }
}

/// Whether a conditional write was done: `false` where its condition did not hold.
fn done<T, E>(written: Result<T, SdkError<E>>) -> Result<bool, Error>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match written {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(false),
        Err(error) => Err(of_dynamodb(&error)),
    }
}
