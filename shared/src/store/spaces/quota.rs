//! The quotas of spaces, which are in their items, and those of users, which have items of their own.

use super::item::{QUOTA, QUOTA_OF, of_quota, quota};
use super::{SpacesTable, is_in};
use crate::space::SpaceId;
use crate::space::quota::Quota;
use crate::space::record::SpaceState;
use crate::store::StoreError;
use crate::store::database::{Condition, Item, ItemChange, PrimaryKey, Value, Write};
use crate::user::UserName;

impl SpacesTable {
    /// Replaces the quota of a space; `false` if there is no such space.
    pub async fn set_quota(&self, id: &SpaceId, quota: Quota) -> Result<bool, StoreError> {
        let value = (!quota.is_off()).then(|| of_quota(quota));
        self.update(id, vec![(QUOTA, value)], is_in(SpaceState::Live)).await
    }

    /// The quota of all spaces of an owner together.
    pub async fn user_quota(&self, owner: &str) -> Result<Quota, StoreError> {
        let found = self.database.get_one(&self.table, key(owner)).await?;
        found.map_or(Ok(Quota::default()), |item| quota(&item))
    }

    /// Replaces the quota of all spaces of an owner together.
    pub async fn set_user_quota(&self, owner: &UserName, quota: Quota) -> Result<(), StoreError> {
        let key = key(owner.as_str());
        let change = if quota.is_off() {
            ItemChange::Delete(key)
        } else {
            ItemChange::Put(Item::from([("space", Value::text(key.partition)), (QUOTA, of_quota(quota))]))
        };
        self.database.write(vec![Write::new(&self.table, change)]).await.map(drop)
    }

    /// The quotas of users that are set, by their names.
    pub async fn user_quotas(&self) -> Result<Vec<(String, Quota)>, StoreError> {
        let only = Condition::BeginsWith("space", QUOTA_OF.to_owned());
        let items = self.database.scan(&self.table, Some(&only), None).await?;
        let name = |item: &Item| Some(item.get("space")?.as_text()?.strip_prefix(QUOTA_OF)?.to_owned());
        let quotas = items.iter().filter_map(|item| Some((name(item)?, quota(item))));
        let quotas = quotas.map(|(name, quota)| Ok::<_, StoreError>((name, quota?)));
        let mut quotas = quotas.collect::<Result<Vec<_>, _>>()?;
        quotas.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(quotas)
    }
}

fn key(owner: &str) -> PrimaryKey {
    PrimaryKey::new(format!("{QUOTA_OF}{owner}"))
}
