//! The table `Spaces`: partition key `space`, an item a space. An item has its owner, when it was made, its access list and its
//! properties as maps, and its state, `live` or `deleting`.
//!
//! Every write is on a condition, so that of two who make, change and delete one space at a time each is told what became of it;
//! reads are strongly consistent, so that a right that was taken away is gone with the answer that says so.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::AttributeValue;

use super::Error;
use super::error::of_dynamodb;
use crate::space::SpaceId;
use crate::space::acl::Acl;
use crate::space::record::{Space, State};

/// An item's attributes by name.
type Item = HashMap<String, AttributeValue>;

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
            spaces.push(space(&item.map_err(|error| of_dynamodb(&error))?)?);
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
            .expression_attribute_values(":live", text(name(State::Live)));
        done(update.send().await)
    }

    /// Brings a space from one state into another; `false` where it is not in the first.
    pub async fn set_state(&self, id: &SpaceId, from: State, to: State) -> Result<bool, Error> {
        let update = self.client.update_item().table_name(&self.table).set_key(Some(key(id)));
        let update = update
            .update_expression("SET #state = :to")
            .condition_expression("#state = :from")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":from", text(name(from)))
            .expression_attribute_values(":to", text(name(to)));
        done(update.send().await)
    }

    /// Removes the item of a space whose contents are gone; `false` where it is gone already.
    pub async fn remove(&self, id: &SpaceId) -> Result<bool, Error> {
        let delete = self.client.delete_item().table_name(&self.table).set_key(Some(key(id)));
        let delete = delete
            .condition_expression("#state = :deleting")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":deleting", text(name(State::Deleting)));
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

const fn name(state: State) -> &'static str {
    match state {
        State::Live => "live",
        State::Deleting => "deleting",
    }
}

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn map(pairs: impl Iterator<Item = (String, String)>) -> AttributeValue {
    AttributeValue::M(pairs.map(|(name, value)| (name, text(value))).collect())
}

fn key(id: &SpaceId) -> Item {
    Item::from([("space".to_owned(), text(id.as_str()))])
}

fn item(space: &Space) -> Item {
    let mut item = key(&space.id);
    let mut put = |name: &str, value| item.insert(name.to_owned(), value);
    if let Some(owner) = &space.owner {
        put("owner", text(owner));
    }
    put("created", AttributeValue::N(space.created.to_string()));
    put("acl", map(space.acl.fields()));
    put("properties", map(space.properties.clone().into_iter()));
    put("state", text(name(space.state)));
    item
}

fn space(item: &Item) -> Result<Space, Error> {
    let fault = |what: &str| Error::dynamodb(format!("a space whose {what} is missing or wrong"));
    let string = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
    let id = string("space").and_then(|id| SpaceId::parse(id).ok()).ok_or_else(|| fault("name"))?;
    let created = item.get("created").and_then(|value| value.as_n().ok()).and_then(|number| number.parse().ok());
    let acl = strings(item, "acl");
    let acl = Acl::of_fields(acl.iter().map(|(name, right)| (name.as_str(), right.as_str())));
    let state = match string("state").map(String::as_str) {
        Some("live") => State::Live,
        Some("deleting") => State::Deleting,
        _ => return Err(fault("state")),
    };
    Ok(Space {
        id,
        owner: string("owner").cloned(),
        created: created.ok_or_else(|| fault("time of creation"))?,
        acl: acl.map_err(|_| fault("access list"))?,
        properties: strings(item, "properties"),
        state,
    })
}

/// A map of strings; none is as good as an empty one.
fn strings(item: &Item, name: &str) -> BTreeMap<String, String> {
    let map = item.get(name).and_then(|value| value.as_m().ok());
    let pairs = map.into_iter().flatten();
    pairs.filter_map(|(name, value)| Some((name.clone(), value.as_s().ok()?.clone()))).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::space::acl::{Grantee, Right};
    use crate::user::UserName;

    #[test]
    fn a_space_survives_being_an_item() {
        let alice = UserName::parse("alice").unwrap();
        for owner in [Some(&alice), None] {
            let mut whole = Space::new(SpaceId::parse("films").unwrap(), owner, 1_459_879_151);
            whole.acl.grant(Grantee::Public, Right::Read).unwrap();
            whole.properties.insert("streaming-host".to_owned(), "d1.cloudfront.net".to_owned());
            whole.state = State::Deleting;
            assert_eq!(space(&item(&whole)).unwrap(), whole);
        }
    }

    #[test]
    fn an_item_that_is_no_space_is_an_error() {
        let whole = item(&Space::new(SpaceId::parse("films").unwrap(), None, 0));
        for (name, wrong) in [
            ("space", text("Films")),
            ("created", text("yesterday")),
            ("state", text("gone")),
            ("acl", map([("acl-a".to_owned(), "ALL".to_owned())].into_iter())),
        ] {
            let mut item = whole.clone();
            item.insert(name.to_owned(), wrong);
            assert!(space(&item).is_err(), "{name}");
        }
    }
}
