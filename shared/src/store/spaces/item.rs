//! Spaces, their streaming, and what they share, as items of the table.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::space::SpaceId;
use crate::space::acl::Acl;
use crate::space::commons::{Commons, TrustedKey};
use crate::space::record::{Space, SpaceState};
use crate::space::streaming::{Distribution, Kind, Streaming, StreamingStatus};
use crate::store::Error;

/// An item's attributes by name.
pub(super) type Item = HashMap<String, AttributeValue>;

/// The name of the item of what is shared: none that a space can have.
pub(super) const COMMONS: &str = "*";

pub(super) const fn name(state: SpaceState) -> &'static str {
    match state {
        SpaceState::Live => "live",
        SpaceState::Deleting => "deleting",
    }
}

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn map(pairs: impl Iterator<Item = (String, String)>) -> AttributeValue {
    AttributeValue::M(pairs.map(|(name, value)| (name, text(value))).collect())
}

pub(super) fn key(id: &SpaceId) -> Item {
    Item::from([("space".to_owned(), text(id.as_str()))])
}

pub(super) fn item(space: &Space) -> Item {
    let mut item = key(&space.id);
    let mut put = |name: &str, value| item.insert(name.to_owned(), value);
    if let Some(owner) = &space.owner {
        put("owner", text(owner));
    }
    put("created", AttributeValue::N(space.created.to_string()));
    put("acl", map(space.acl.fields()));
    put("properties", map(space.properties.clone().into_iter()));
    put("state", text(name(space.state)));
    if let Some(streaming) = &space.streaming {
        put("streaming", AttributeValue::M(of_streaming(streaming)));
    }
    item
}

/// Streaming as a map.
pub(super) fn of_streaming(streaming: &Streaming) -> Item {
    let mut item = Item::from([
        ("type".to_owned(), text(streaming.kind.name())),
        ("standing".to_owned(), text(streaming.status.name())),
        ("origins".to_owned(), AttributeValue::L(streaming.origins.iter().map(text).collect())),
        ("reference".to_owned(), text(&streaming.reference)),
        ("version".to_owned(), AttributeValue::N(streaming.version.to_string())),
    ]);
    if let Some(distribution) = &streaming.distribution {
        item.insert("distribution".to_owned(), text(&distribution.id));
        item.insert("host".to_owned(), text(&distribution.host));
        item.insert("deployed".to_owned(), AttributeValue::Bool(distribution.deployed));
    }
    item
}

/// Reads what [`of_streaming`] wrote.
pub(super) fn streaming(item: &Item) -> Option<Streaming> {
    let string = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
    let origins = item.get("origins")?.as_l().ok()?.iter().map(|origin| origin.as_s().ok().cloned());
    let distribution = match (string("distribution"), string("host"), item.get("deployed")) {
        (Some(id), Some(host), Some(deployed)) => {
            Some(Distribution { id: id.clone(), host: host.clone(), deployed: *deployed.as_bool().ok()? })
        }
        _ => None,
    };
    Some(Streaming {
        kind: Kind::parse(string("type")?)?,
        status: StreamingStatus::parse(string("standing")?)?,
        origins: origins.collect::<Option<_>>()?,
        reference: string("reference").cloned().unwrap_or_default(),
        distribution,
        version: item.get("version")?.as_n().ok()?.parse().ok()?,
    })
}

/// What is shared, as an item.
pub(super) fn of_commons(commons: &Commons) -> Item {
    let keys = commons.keys.iter().map(|key| {
        let mut item = Item::from([
            ("id".to_owned(), text(&key.id)),
            ("public".to_owned(), AttributeValue::B(Blob::new(key.public.clone()))),
        ]);
        if let Some(until) = key.until {
            item.insert("until".to_owned(), AttributeValue::N(until.to_string()));
        }
        AttributeValue::M(item)
    });
    Item::from([
        ("space".to_owned(), text(COMMONS)),
        ("keys".to_owned(), AttributeValue::L(keys.collect())),
        ("made".to_owned(), map(commons.made.clone().into_iter())),
        ("version".to_owned(), AttributeValue::N(commons.version.to_string())),
    ])
}

/// Reads what [`of_commons`] wrote.
pub(super) fn commons(item: &Item) -> Option<Commons> {
    let key = |key: &AttributeValue| {
        let key = key.as_m().ok()?;
        Some(TrustedKey {
            id: key.get("id")?.as_s().ok()?.clone(),
            public: key.get("public")?.as_b().ok()?.clone().into_inner(),
            until: key
                .get("until")
                .map(|until| until.as_n().ok()?.parse().ok())
                .map_or(Some(None), |until| until.map(Some))?,
        })
    };
    Some(Commons {
        keys: item.get("keys")?.as_l().ok()?.iter().map(key).collect::<Option<_>>()?,
        made: strings(item, "made"),
        version: item.get("version")?.as_n().ok()?.parse().ok()?,
    })
}

pub(super) fn space(item: &Item) -> Result<Space, Error> {
    let fault = |what: &str| Error::dynamodb(format!("a space whose {what} is missing or wrong"));
    let string = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
    let id = string("space").and_then(|id| SpaceId::parse(id).ok()).ok_or_else(|| fault("name"))?;
    let created = item.get("created").and_then(|value| value.as_n().ok()).and_then(|number| number.parse().ok());
    let acl = strings(item, "acl");
    let acl = Acl::of_fields(acl.iter().map(|(name, right)| (name.as_str(), right.as_str())));
    let state = match string("state").map(String::as_str) {
        Some("live") => SpaceState::Live,
        Some("deleting") => SpaceState::Deleting,
        _ => return Err(fault("state")),
    };
    let streaming = match item.get("streaming") {
        Some(found) => {
            let found = found.as_m().ok().and_then(streaming);
            Some(found.ok_or_else(|| fault("streaming"))?)
        }
        None => None,
    };
    Ok(Space {
        id,
        owner: string("owner").cloned(),
        created: created.ok_or_else(|| fault("time of creation"))?,
        acl: acl.map_err(|_| fault("access list"))?,
        properties: strings(item, "properties"),
        state,
        streaming,
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
            whole.state = SpaceState::Deleting;
            assert_eq!(space(&item(&whole)).unwrap(), whole);
            let mut streaming = Streaming::new(Kind::Secure, vec!["https://example.org".to_owned()]);
            whole.streaming = Some(streaming.clone());
            assert_eq!(space(&item(&whole)).unwrap(), whole);
            let host = "d111111abcdef8.cloudfront.net".to_owned();
            streaming.distribution = Some(Distribution { id: "E2QWRUHAPOMQZL".to_owned(), host, deployed: true });
            whole.streaming = Some(streaming);
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
            ("streaming", AttributeValue::M(Item::new())),
            ("acl", map([("acl-a".to_owned(), "ALL".to_owned())].into_iter())),
        ] {
            let mut item = whole.clone();
            item.insert(name.to_owned(), wrong);
            assert!(space(&item).is_err(), "{name}");
        }
    }
}
