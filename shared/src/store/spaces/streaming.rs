//! The streaming of a space, and what all streamed spaces share. A change of either says which version was read; where
//! another was quicker the write is not done, and is begun anew from what is there now.

use super::item::{COMMONS, commons, of_commons, of_streaming};
use super::{SpacesTable, is_in};
use crate::space::SpaceId;
use crate::space::commons::Commons;
use crate::space::record::SpaceState;
use crate::space::streaming::Streaming;
use crate::store::StoreError;
use crate::store::database::{Condition, ItemChange, PrimaryKey, Value, Write};

impl SpacesTable {
    /// Replaces the streaming of a space, which is `was`, by another, whose version becomes the next; takes it away where there
    /// is no other. `false` where it is not as it was any more, or there is no such space; one that is being deleted can only
    /// lose it.
    pub async fn set_streaming(
        &self,
        id: &SpaceId,
        was: Option<&Streaming>,
        other: Option<&Streaming>,
    ) -> Result<bool, StoreError> {
        let mut conditions = vec![Condition::Exists("space")];
        conditions.push(match was {
            None => Condition::Missing("streaming"),
            Some(was) => Condition::Is("streaming.version", Value::number(was.version)),
        });
        let streaming = other.map(|other| {
            conditions.push(is_in(SpaceState::Live));
            let version = was.map_or(0, |was| was.version.saturating_add(1));
            Value::Map(of_streaming(&Streaming { version, ..other.clone() }))
        });
        self.update(id, vec![("streaming", streaming)], Condition::All(conditions)).await
    }

    /// What all streamed spaces share; as good as empty where nothing is yet.
    pub async fn commons(&self) -> Result<Commons, StoreError> {
        let Some(item) = self.database.get_one(&self.table, PrimaryKey::new(COMMONS)).await? else {
            return Ok(Commons::default());
        };
        commons(&item).ok_or_else(|| StoreError::dynamodb("what streamed spaces share is not as it was written"))
    }

    /// Replaces what is shared, which was read as the version before this one's; `false` where it is another by now.
    pub async fn set_commons(&self, commons: &Commons) -> Result<bool, StoreError> {
        let put = Write::new(&self.table, ItemChange::Put(of_commons(commons)));
        let condition = match commons.version.checked_sub(1) {
            None | Some(0) => Condition::Missing("version"),
            Some(before) => Condition::Is("version", Value::number(before)),
        };
        self.database.write(vec![put.only_if(condition)]).await
    }
}
