//! Spaces, their streaming, and what they share, as items of the table.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;

use crate::space::SpaceId;
use crate::space::acl::Acl;
use crate::space::commons::{Commons, TrustedKey};
use crate::space::quota::Quota;
use crate::space::record::{Space, SpaceState};
use crate::space::streaming::{Streaming, StreamingKind, StreamingStatus};
use crate::store::StoreError;
use crate::store::database::{Item, PrimaryKey, Value};

/// The name of the item of what is shared: none that a space can have.
pub(super) const COMMONS: &str = "*";
/// What the names of items begin with that have the quota of a user: none that a space can have.
pub(super) const QUOTA_OF: &str = "quota of ";
/// The attribute of a quota.
pub(super) const QUOTA: &str = "quota";

pub(super) const fn name(state: SpaceState) -> &'static str {
    match state {
        SpaceState::Live => "live",
        SpaceState::Deleting => "deleting",
    }
}

pub(super) fn text(value: impl Into<String>) -> Value {
    Value::text(value)
}

pub(super) fn map(pairs: impl Iterator<Item = (String, String)>) -> Value {
    Value::Map(pairs.map(|(name, value)| (Cow::Owned(name), Value::Text(value))).collect())
}

pub(super) fn key(id: &SpaceId) -> PrimaryKey {
    PrimaryKey::new(id.as_str())
}

pub(super) fn item(space: &Space) -> Item {
    let mut item = Item::from([("space", text(space.id.as_str()))]);
    let mut put = |name: &'static str, value| item.insert(name, value);
    if let Some(owner) = &space.owner {
        put("owner", text(owner));
    }
    put("created", Value::number(space.created));
    put("acl", map(space.acl.fields()));
    put("properties", map(space.properties.clone().into_iter()));
    put("state", text(name(space.state)));
    if let Some(streaming) = &space.streaming {
        put("streaming", Value::Map(of_streaming(streaming)));
    }
    if !space.quota.is_off() {
        put(QUOTA, of_quota(space.quota));
    }
    item
}

/// A quota as a map of the bounds that are set.
pub(super) fn of_quota(quota: Quota) -> Value {
    let bounds = [("bytes", quota.bytes), ("objects", quota.objects)];
    Value::Map(bounds.into_iter().filter_map(|(name, bound)| Some((name, Value::number(bound?)))).collect())
}

/// The quota of an item; without one nothing is limited. A bound that cannot be read is an error, not a missing bound.
pub(super) fn quota(item: &Item) -> Result<Quota, StoreError> {
    let Some(found) = item.get(QUOTA) else { return Ok(Quota::default()) };
    let wrong = || StoreError::dynamodb("a quota that is not as it was written");
    let map = found.as_map().ok_or_else(wrong)?;
    let bound = |name| map.get(name).map(|value| value.as_number().ok_or_else(wrong)).transpose();
    Ok(Quota { bytes: bound("bytes")?, objects: bound("objects")? })
}

/// Streaming as a map.
pub(super) fn of_streaming(streaming: &Streaming) -> Item {
    Item::from([
        ("type", text(streaming.kind.name())),
        ("status", text(streaming.status.name())),
        ("origins", Value::List(streaming.origins.iter().map(text).collect())),
        ("generation", text(&streaming.generation)),
        ("deployed", Value::Flag(streaming.deployed)),
        ("version", Value::number(streaming.version)),
    ])
}

/// Reads what [`of_streaming`] wrote, and what it wrote when each space had a distribution: such a space is on or off as
/// before, and the edges have to be told.
pub(super) fn streaming(item: &Item) -> Option<Streaming> {
    let string = |name: &str| item.get(name).and_then(Value::as_text);
    let origins = item.get("origins")?.as_list()?.iter().map(|origin| origin.as_text().map(str::to_owned));
    Some(Streaming {
        kind: StreamingKind::parse(string("type")?)?,
        status: StreamingStatus::parse(string("status").or_else(|| string("standing"))?)?,
        origins: origins.collect::<Option<_>>()?,
        generation: string("generation").or_else(|| string("reference"))?.to_owned(),
        deployed: item.get("generation").and_then(|_| item.get("deployed")?.as_flag()).unwrap_or_default(),
        version: item.get("version")?.as_number()?,
    })
}

/// What is shared, as an item.
pub(super) fn of_commons(commons: &Commons) -> Item {
    let keys = commons.keys.iter().map(|key| {
        let mut item = Item::from([("id", text(&key.id)), ("public", Value::Binary(Bytes::from(key.public.clone())))]);
        if let Some(until) = key.until {
            item.insert("until", Value::number(until));
        }
        Value::Map(item)
    });
    Item::from([
        ("space", text(COMMONS)),
        ("keys", Value::List(keys.collect())),
        ("made", map(commons.made.clone().into_iter())),
        ("version", Value::number(commons.version)),
    ])
}

/// Reads what [`of_commons`] wrote.
pub(super) fn commons(item: &Item) -> Option<Commons> {
    let key = |key: &Value| {
        let key = key.as_map()?;
        Some(TrustedKey {
            id: key.get("id")?.as_text()?.to_owned(),
            public: key.get("public")?.as_binary()?.to_vec(),
            until: key.get("until").map(Value::as_number).map_or(Some(None), |until| until.map(Some))?,
        })
    };
    Some(Commons {
        keys: item.get("keys")?.as_list()?.iter().map(key).collect::<Option<_>>()?,
        made: strings(item, "made"),
        version: item.get("version")?.as_number()?,
    })
}

pub(super) fn space(item: &Item) -> Result<Space, StoreError> {
    let fault = |what: &str| StoreError::dynamodb(format!("a space whose {what} is missing or wrong"));
    let string = |name: &str| item.get(name).and_then(Value::as_text);
    let id = string("space").and_then(|id| SpaceId::parse(id).ok()).ok_or_else(|| fault("name"))?;
    let created = item.get("created").and_then(Value::as_number);
    let acl = strings(item, "acl");
    let acl = Acl::of_fields(acl.iter().map(|(name, right)| (name.as_str(), right.as_str())));
    let state = match string("state") {
        Some("live") => SpaceState::Live,
        Some("deleting") => SpaceState::Deleting,
        _ => return Err(fault("state")),
    };
    let streaming = match item.get("streaming") {
        Some(found) => {
            let found = found.as_map().and_then(streaming);
            Some(found.ok_or_else(|| fault("streaming"))?)
        }
        None => None,
    };
    Ok(Space {
        id,
        owner: string("owner").map(str::to_owned),
        created: created.ok_or_else(|| fault("time of creation"))?,
        acl: acl.map_err(|_| fault("access list"))?,
        properties: strings(item, "properties"),
        state,
        streaming,
        quota: quota(item)?,
    })
}

/// A map of strings; none is as good as an empty one.
fn strings(item: &Item, name: &str) -> BTreeMap<String, String> {
    let map = item.get(name).and_then(Value::as_map);
    let pairs = map.into_iter().flat_map(Item::iter);
    pairs.filter_map(|(name, value)| Some((name.to_owned(), value.as_text()?.to_owned()))).collect()
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
            whole.state = SpaceState::Deleting;
            assert_eq!(space(&item(&whole)).unwrap(), whole);
            let mut streaming = Streaming::new(StreamingKind::Secure, vec!["https://example.org".to_owned()]);
            whole.streaming = Some(streaming.clone());
            assert_eq!(space(&item(&whole)).unwrap(), whole);
            streaming.deployed = true;
            whole.streaming = Some(streaming);
            assert_eq!(space(&item(&whole)).unwrap(), whole);
            whole.quota = Quota { bytes: Some(u64::MAX), objects: None };
            assert_eq!(space(&item(&whole)).unwrap(), whole);
        }
    }

    #[test]
    fn what_is_shared_survives_being_an_item() {
        let key = |id: &str, until| TrustedKey { id: id.to_owned(), public: vec![48, 0], until };
        let made = [("function".to_owned(), "reelspan".to_owned())].into();
        let whole = Commons { keys: vec![key("K2", None), key("K1", Some(1_459_879_151))], made, version: 3 };
        assert_eq!(commons(&of_commons(&whole)), Some(whole));
    }

    #[test]
    fn an_item_that_is_no_space_is_an_error() {
        let whole = item(&Space::new(SpaceId::parse("films").unwrap(), None, 0));
        for (name, wrong) in [
            ("space", text("Films")),
            ("created", text("yesterday")),
            ("state", text("gone")),
            ("streaming", Value::Map(Item::new())),
            ("quota", Value::Map([("bytes", text("many"))].into())),
            ("acl", map([("acl-a".to_owned(), "ALL".to_owned())].into_iter())),
        ] {
            let mut item = whole.clone();
            item.insert(name, wrong);
            assert!(space(&item).is_err(), "{name}");
        }
    }
}
