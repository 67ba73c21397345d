//! Spaces: made, listed, shared and deleted.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::DateTime;
use http::{HeaderMap, StatusCode};
use reelspan::http::markup::escaped;
use reelspan::space::acl::{Acl, Right};
use reelspan::space::properties::Properties;
use reelspan::space::quota::Usage;
use reelspan::space::record::{Space, SpaceState};
use reelspan::space::streaming::StreamingStatus;
use reelspan::space::{ContentId, ContentPrefix, SpaceId};
use reelspan::store::ContentList;
use reelspan::telemetry;
use reelspan::user::{Role, UserName};

use crate::answer::{created, list as elements, property, xml};
use crate::request::{ContentListing, PathNames, Summary, properties as sent};
use crate::{RestError, Spaces, SpacesState, Who, json, said};

/// The one store that there is, as DuraCloud describes stores.
const STORES: &str = "<storageProviderAccounts><storageAcct ownerId=\"0\" isPrimary=\"1\"><id>1</id><storageProviderType>AMAZON_S3</storageProviderType></storageAcct></storageProviderAccounts>";

/// What a request says whose new access list is empty. DuraCloud's clients say that by sending no entries, which any page's form
/// does too.
const EMPTY_ACL: &str = "x-dura-meta-acl: NONE";

/// What the names of properties begin with that the API says itself.
const OWN: [&str; 3] = ["space-", "streaming-", "hls-streaming-"];

/// How many contents are counted; beyond that it is said only that there are more.
const COUNTED: usize = 1000;

/// How many contents of the index a summary lists at a time, and how often: an answer takes a second at most.
const AT_A_TIME: usize = 1000;
const PAGES: usize = 10;

impl Spaces {
    /// The space with this name, if it exists and the caller has this right in it.
    pub async fn space(&self, name: &str, who: &Who, right: Right) -> Result<Space, RestError> {
        reelspan_rest::space(&self.table, name, who, right).await
    }

    /// The space with this name, if the caller owns it or is an admin.
    async fn owned(&self, name: &str, who: &Who) -> Result<Space, RestError> {
        let space = self.space(name, who, Right::Write).await?;
        let user = who.authenticated()?;
        if user.role != Role::Admin && space.owner.as_deref() != Some(&user.name) {
            return Err(RestError::Forbidden(format!("{} is not the owner of space {}", user.name, space.id)));
        }
        Ok(space)
    }

    /// Its properties as header fields, with how many contents it has: these are the first of them.
    fn properties(&self, space: &Space, page: &ContentList) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in &space.properties {
            property(&mut headers, name, value);
        }
        for (name, value) in self.streaming(space) {
            property(&mut headers, name, &value);
        }
        let more = if page.more { "+" } else { "" };
        property(&mut headers, "space-count", &format!("{}{more}", page.names.len()));
        let created = DateTime::from_timestamp(space.created, 0).unwrap_or_default();
        property(&mut headers, "space-created", &created.format("%Y-%m-%dT%H:%M:%S").to_string());
        headers
    }

    /// What the contents with this prefix take, and whether there are more than were counted.
    async fn summary(&self, space: &SpaceId, prefix: &ContentPrefix) -> Result<(Usage, bool), RestError> {
        let (mut usage, mut after) = (Usage::default(), None::<ContentPrefix>);
        for _ in 0..PAGES {
            let page = self.stores.index.contents(space, prefix, after.as_ref(), AT_A_TIME).await?;
            for entry in &page.entries {
                usage = usage.plus(Usage { bytes: entry.size, objects: 1 });
            }
            if !page.more {
                return Ok((usage, false));
            }
            after = page.entries.last().map(|entry| ContentPrefix::from(&entry.content));
        }
        Ok((usage, true))
    }

    /// How a space streams, under the names that DuraCloud had for RTMP and those that it has for HLS; nothing where it does not.
    /// If it is off, it has no host.
    fn streaming(&self, space: &Space) -> Vec<(&'static str, String)> {
        let Some(streaming) = &space.streaming else { return Vec::new() };
        let status = match streaming.status {
            StreamingStatus::On if streaming.deployed => "Deployed",
            StreamingStatus::On => "InProgress",
            StreamingStatus::Off => "Disabled",
        };
        let kind = streaming.kind.name();
        let mut all = vec![("streaming-status", status), ("streaming-type", kind), ("hls-streaming-type", kind)]
            .into_iter()
            .map(|(name, value)| (name, value.to_owned()))
            .collect::<Vec<_>>();
        if streaming.status == StreamingStatus::On {
            let host = self.hosts.host(&space.id, streaming);
            all.extend([("streaming-host", host.clone()), ("hls-streaming-host", host)]);
        }
        all
    }
}

pub async fn stores(who: Who) -> Result<Response, RestError> {
    who.authenticated()?;
    Ok(xml(STORES.to_owned()))
}

pub async fn spaces(State(state): SpacesState, who: Who, headers: HeaderMap) -> Result<Response, RestError> {
    who.authenticated()?;
    let spaces = state.table.all().await?;
    let readable =
        spaces.iter().filter(|space| space.state == SpaceState::Live && space.allows(who.0.as_ref(), Right::Read));
    if json::is_wanted(&headers) {
        return Ok(json::spaces(readable, &who));
    }
    let elements = readable.map(|space| format!("<space id=\"{}\"/>", space.id));
    Ok(xml(format!("<spaces>{}</spaces>", elements.collect::<String>())))
}

pub async fn create(State(state): SpacesState, who: Who, names: PathNames) -> Result<Response, RestError> {
    let creator = who.authenticated()?;
    let id = SpaceId::parse(&names.first)?;
    let location = format!("/durastore/{id}");
    if creator.role < Role::Owner {
        return Err(RestError::Forbidden(format!("{} is no owner, and only owners make spaces", creator.name)));
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let owner = UserName::parse(&creator.name).map_err(|error| RestError::Internal(error.to_string()))?;
    let space = Space::new(id, Some(&owner), i64::try_from(now).unwrap_or_default());
    if state.table.create(&space).await? {
        return Ok(created(&location, None));
    }
    match state.table.get(&space.id).await? {
        Some(there) if there.state == SpaceState::Deleting => Err(RestError::Deleting(there.id)),
        Some(there) if creator.role == Role::Admin || there.owner.as_deref() == Some(&creator.name) => {
            Ok(created(&location, None))
        }
        Some(there) => Err(RestError::Forbidden(format!("Space {} is another's", there.id))),
        // It went this very moment.
        None => Err(RestError::Deleting(space.id)),
    }
}

pub async fn list(
    State(state): SpacesState,
    who: Who,
    names: PathNames,
    listing: ContentListing,
    Summary(summary): Summary,
    headers: HeaderMap,
) -> Result<Response, RestError> {
    let space = state.space(&names.first, &who, Right::Read).await?;
    let ContentListing { prefix, count, marker } = listing;
    if summary && json::is_wanted(&headers) {
        // It costs ten times a list, so it is not for everybody.
        who.authenticated()?;
        let (usage, more) = state.summary(&space.id, &prefix).await?;
        return Ok(json::summary(&space.id, usage, more));
    }
    if json::is_wanted(&headers) {
        let page = state.stores.index.contents(&space.id, &prefix, marker.as_ref(), count).await?;
        return Ok(json::contents(&space.id, &page));
    }
    let page = state.stores.media.list(&space.id, &prefix, marker.as_ref(), count).await?;
    let headers = if prefix == ContentPrefix::default() && marker.is_none() && count == COUNTED {
        state.properties(&space, &page)
    } else {
        state.properties(&space, &state.stores.media.list(&space.id, &ContentPrefix::default(), None, COUNTED).await?)
    };
    let open = format!("<space id=\"{}\">", escaped(space.id.as_str()));
    let mut response = xml(elements(&open, "item", page.names.iter().map(ContentId::as_str), "</space>"));
    response.headers_mut().extend(headers);
    Ok(response)
}

pub async fn properties(State(state): SpacesState, who: Who, names: PathNames) -> Result<Response, RestError> {
    let space = state.space(&names.first, &who, Right::Read).await?;
    let page = state.stores.media.list(&space.id, &ContentPrefix::default(), None, COUNTED).await?;
    Ok(state.properties(&space, &page).into_response())
}

pub async fn note(
    State(state): SpacesState,
    who: Who,
    names: PathNames,
    headers: HeaderMap,
) -> Result<Response, RestError> {
    let space = state.owned(&names.first, &who).await?;
    if !state.table.set_properties(&space.id, &new_properties(sent(&headers))?).await? {
        return Err(RestError::NoSpace(names.first));
    }
    Ok(said(format!("Space {} updated successfully", space.id)))
}

/// The properties that a request has: they replace those that the space has. What the API says itself is left out, so that a client
/// may send back what it has read.
fn new_properties(sent: BTreeMap<String, String>) -> Result<Properties, RestError> {
    if sent.keys().any(|name| name == "acl" || name.starts_with("acl-")) {
        return Err(RestError::Bad(
            "the access list of a space is not a property: it is set below /durastore/acl/".to_owned(),
        ));
    }
    Ok(Properties::new(sent.into_iter().filter(|(name, _)| !OWN.iter().any(|own| name.starts_with(own))))?)
}

pub async fn delete(State(state): SpacesState, who: Who, names: PathNames) -> Result<Response, RestError> {
    let space = state.owned(&names.first, &who).await?;
    if !state.table.set_state(&space.id, SpaceState::Live, SpaceState::Deleting).await? {
        return Err(RestError::NoSpace(names.first));
    }
    if let Err(error) = state.begin_deletion(&space.id).await {
        // Better whole than half deleted, and its name taken for good.
        state.table.set_state(&space.id, SpaceState::Deleting, SpaceState::Live).await?;
        return Err(error);
    }
    Ok(said(format!("Space {} deleted successfully", space.id)))
}

pub async fn acl(State(state): SpacesState, who: Who, names: PathNames) -> Result<Response, RestError> {
    who.authenticated()?;
    let space = state.space(&names.first, &who, Right::Read).await?;
    let mut headers = HeaderMap::new();
    for (name, right) in space.acl.fields() {
        property(&mut headers, &name, &right);
    }
    Ok((StatusCode::OK, headers).into_response())
}

pub async fn set_acl(
    State(state): SpacesState,
    who: Who,
    names: PathNames,
    headers: HeaderMap,
) -> Result<Response, RestError> {
    let space = state.space(&names.first, &who, Right::Write).await?;
    let acl = new_acl(&sent(&headers))?;
    let entries = acl.fields().map(|(name, right)| format!("{name}: {right}")).collect::<Vec<_>>().join(", ");
    telemetry::note(|notes| drop(notes.detail.insert("acl", entries)));
    if !state.table.set_acl(&space.id, &acl).await? {
        return Err(RestError::NoSpace(names.first));
    }
    Ok(said(format!("Space {} ACLs updated successfully", space.id)))
}

/// The access list that a request has: its entries are the whole new list. A request without an entry has none, and changes
/// nothing, unless it says that the new list is empty.
fn new_acl(sent: &BTreeMap<String, String>) -> Result<Acl, RestError> {
    let entries: Vec<_> = sent.iter().filter(|(name, _)| name.starts_with("acl-")).collect();
    let bad = |why: &str| Err(RestError::Bad(format!("{why}; {EMPTY_ACL} makes the list empty")));
    match (sent.get("acl").map(|text| text.trim()), entries.is_empty()) {
        (None, true) => bad("the request has no access list: no x-dura-meta-acl-NAME header field is sent"),
        (Some(text), true) if text.eq_ignore_ascii_case("NONE") => Ok(Acl::default()),
        (Some(text), true) => bad(&format!("x-dura-meta-acl is {text:?}, not NONE")),
        (Some(_), false) => bad("x-dura-meta-acl is sent beside entries of a list"),
        (None, false) => Ok(Acl::of_fields(entries.into_iter().map(|(name, right)| (name.as_str(), right.as_str())))?),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_the_api_says_of_a_space_is_no_property_and_an_access_list_is_none_either() {
        let sent =
            |names: &[&str]| new_properties(names.iter().map(|name| ((*name).to_owned(), "x".to_owned())).collect());
        for (names, kept) in [
            (&["tags", "title"][..], Some(vec!["tags", "title"])),
            (&["space-count", "streaming-host", "hls-streaming-type", "spaces"], Some(vec!["spaces"])),
            (&[], Some(vec![])),
            (&["acl-bob", "tags"], None),
            (&["acl"], None),
            (&["a b"], None),
        ] {
            let found = sent(names).ok();
            let found = found.as_ref().map(|found| found.iter().map(|(name, _)| name).collect::<Vec<_>>());
            assert_eq!(found, kept, "{names:?}");
        }
    }

    #[test]
    fn a_list_is_what_is_sent_and_empty_only_on_request() {
        let sent = |fields: &[(&str, &str)]| {
            new_acl(&fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
        };
        for (fields, entries) in [
            (&[("acl-alice", "READ"), ("acl-group-public", "READ"), ("color", "green")][..], Some(2)),
            (&[("acl", "NONE")], Some(0)),
            (&[("acl", " none ")], Some(0)),
            (&[], None),
            (&[("color", "green")], None),
            (&[("acl", "")], None),
            (&[("acl", "READ")], None),
            (&[("acl", "NONE"), ("acl-alice", "READ")], None),
            (&[("acl-", "READ")], None),
        ] {
            assert_eq!(sent(fields).ok().map(|acl| acl.fields().count()), entries, "{fields:?}");
        }
        assert!(sent(&[]).unwrap_err().to_string().contains("x-dura-meta-acl: NONE"));
    }
}
