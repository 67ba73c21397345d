//! The table `Spaces`: partition key `space`, an item a space. An item has its owner, when it was made, its access list and its
//! properties as maps, its state, `live` or `deleting`, and its streaming and its quota, if it has any. Further items have names
//! that no space can have: what all streamed spaces share, and the quotas of users.
//!
//! Every write is on a condition, so that of two who make, change and delete one space at a time each is told what became of it;
//! reads are strongly consistent, so that a right that was taken away is gone with the answer that says so.

mod admission;
mod item;
mod quota;
mod streaming;

use std::sync::Arc;

pub use self::admission::Admission;
pub(super) use self::admission::{read_whole, whole_items};
use self::item::{COMMONS, QUOTA_OF, item, key, map, name, space, text};
use super::database::{Condition, Database, ItemChange, TableName, Value, Write};
use super::{SPACES, StoreError};
use crate::space::SpaceId;
use crate::space::acl::Acl;
use crate::space::properties::Properties;
use crate::space::record::{Space, SpaceState};

/// The table of spaces.
#[derive(Clone, Debug)]
pub struct SpacesTable {
    database: Arc<dyn Database>,
    table: TableName,
}

impl SpacesTable {
    /// The table of this name.
    #[must_use]
    pub fn new(database: Arc<dyn Database>, table: impl Into<Arc<str>>) -> Self {
        Self { database, table: TableName::new(table, SPACES.partition, SPACES.sort) }
    }

    pub(super) const fn table(&self) -> &TableName {
        &self.table
    }

    /// The space of this name, one that is being deleted too.
    pub async fn get(&self, id: &SpaceId) -> Result<Option<Space>, StoreError> {
        let found = self.database.get_one(&self.table, key(id)).await?;
        found.map(|item| space(&item)).transpose()
    }

    /// All spaces, those that are being deleted too, in the order of their names.
    pub async fn all(&self) -> Result<Vec<Space>, StoreError> {
        let items = self.database.scan(&self.table, None, None).await?;
        let is_space = |name: &str| name != COMMONS && !name.starts_with(QUOTA_OF);
        let items = items.iter().filter(|item| item.get("space").and_then(Value::as_text).is_none_or(is_space));
        let mut spaces = items.map(|item| space(item)).collect::<Result<Vec<_>, _>>()?;
        spaces.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(spaces)
    }

    /// Makes a space; `false` where one of that name is there.
    pub async fn create(&self, space: &Space) -> Result<bool, StoreError> {
        let put = Write::new(&self.table, ItemChange::Put(item(space)));
        self.database.write(vec![put.only_if(Condition::Missing("space"))]).await
    }

    /// Replaces the access list of a space; `false` where there is no such space.
    pub async fn set_acl(&self, id: &SpaceId, acl: &Acl) -> Result<bool, StoreError> {
        self.update(id, vec![("acl", Some(map(acl.fields())))], is_in(SpaceState::Live)).await
    }

    /// Replaces the properties of a space; `false` if there is no such space.
    pub async fn set_properties(&self, id: &SpaceId, properties: &Properties) -> Result<bool, StoreError> {
        let pairs = properties.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.update(id, vec![("properties", Some(map(pairs)))], is_in(SpaceState::Live)).await
    }

    /// Brings a space from one state into another; `false` where it is not in the first.
    pub async fn set_state(&self, id: &SpaceId, from: SpaceState, to: SpaceState) -> Result<bool, StoreError> {
        self.update(id, vec![("state", Some(text(name(to))))], is_in(from)).await
    }

    /// Removes the item of a space whose contents are gone; `false` where it is gone already, or where something still streams
    /// it.
    pub async fn remove(&self, id: &SpaceId) -> Result<bool, StoreError> {
        let delete = Write::new(&self.table, ItemChange::Delete(key(id)));
        let condition = Condition::All(vec![is_in(SpaceState::Deleting), Condition::Missing("streaming")]);
        self.database.write(vec![delete.only_if(condition)]).await
    }

    /// Sets attributes of a space, or removes those without a value.
    async fn update(
        &self,
        id: &SpaceId,
        set: Vec<(&'static str, Option<Value>)>,
        condition: Condition,
    ) -> Result<bool, StoreError> {
        let update = Write::new(&self.table, ItemChange::Update(key(id), set));
        self.database.write(vec![update.only_if(condition)]).await
    }
}

/// The space is in this state.
fn is_in(state: SpaceState) -> Condition {
    Condition::Is("state", text(name(state)))
}
