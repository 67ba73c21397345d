//! Lists as JSON, for clients that ask for it with `Accept: application/json`. They say more than DuraCloud's XML does.

use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SecondsFormat};
use http::HeaderMap;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use reelspan::space::SpaceId;
use reelspan::space::acl::Right;
use reelspan::space::quota::Usage;
use reelspan::space::record::Space;
use reelspan::space::streaming::StreamingStatus;
use reelspan::store::{ContentEntries, ContentEntry, IndexStatus};
use reelspan::user::Role;
use serde_json::{Map, Value, json};

use crate::Who;

/// Whether a client asks for JSON: it names the type, rather than taking any.
pub fn is_wanted(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|field| field.to_str().ok());
    let mut types =
        accepted.flat_map(|field| field.split(',')).map(|range| range.split(';').next().unwrap_or_default());
    types.any(|media_type| media_type.trim().eq_ignore_ascii_case("application/json"))
}

/// The spaces that a user may read, and the user's rights in each.
pub fn spaces<'a>(spaces: impl Iterator<Item = &'a Space>, who: &Who) -> Response {
    let spaces: Vec<Value> = spaces.map(|space| described(space, who)).collect();
    json(&json!({ "spaces": spaces }))
}

fn described(space: &Space, who: &Who) -> Value {
    let streaming = space.streaming.as_ref().filter(|streaming| streaming.status == StreamingStatus::On);
    json!({
        "id": space.id.as_str(),
        "owner": space.owner,
        "created": space.created,
        "right": right(space, who),
        "streaming": streaming.map_or("OFF", |streaming| streaming.kind.name()),
    })
}

/// A user's rights: `OWN` is to write, to delete the space and to turn streaming on and off.
fn right(space: &Space, who: &Who) -> &'static str {
    let who = who.0.as_ref();
    let owns = who.is_some_and(|who| who.role == Role::Admin || space.owner.as_deref() == Some(&who.name));
    match (owns, space.allows(who, Right::Write)) {
        (true, _) => "OWN",
        (_, true) => "WRITE",
        _ => "READ",
    }
}

/// What the contents of a space take: at least, if there are more than were counted.
pub fn summary(space: &SpaceId, usage: Usage, more: bool) -> Response {
    let Usage { bytes, objects } = usage;
    json(&json!({ "space": space.as_str(), "objects": objects, "bytes": bytes, "more": more }))
}

/// Contents with what lists say of them.
pub fn contents(space: &SpaceId, page: &ContentEntries) -> Response {
    let contents = page.entries.iter().map(entry).collect::<Vec<_>>();
    json(&json!({ "space": space.as_str(), "contents": contents, "more": page.more }))
}

/// A content. What is not known of it is left out.
fn entry(entry: &ContentEntry) -> Value {
    let modified = DateTime::from_timestamp(entry.modified, 0).unwrap_or_default();
    let duration = match &entry.status {
        IndexStatus::Ready { duration, .. } => duration.parse::<f64>().ok(),
        _ => None,
    };
    let text = |text: &String| Value::from(text.as_str());
    let all = [
        ("id", Some(entry.content.as_str().into())),
        ("size", Some(entry.size.into())),
        ("modified", Some(modified.to_rfc3339_opts(SecondsFormat::Secs, true).into())),
        ("type", entry.content_type.as_ref().map(text)),
        ("etag", Some(text(&entry.etag))),
        ("md5", entry.md5.map(|md5| md5.to_string().into())),
        ("title", entry.properties.get("title").map(text)),
        ("duration", duration.map(Value::from)),
        ("index", Some(index(&entry.status, entry.size))),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect::<Map<_, _>>().into()
}

/// The state of the index of a content of this size.
fn index(status: &IndexStatus, size: u64) -> Value {
    match status {
        IndexStatus::Waiting => json!({ "status": "waiting" }),
        IndexStatus::Running(offset) => {
            let percent = u128::from(*offset) * 100 / u128::from(size.max(1));
            json!({ "status": "indexing", "percent": u64::try_from(percent.min(100)).unwrap_or(100) })
        }
        IndexStatus::Ready { container, .. } => json!({ "status": "ready", "container": container }),
        IndexStatus::Refused(reason) => json!({ "status": "refused", "reason": reason }),
    }
}

fn json(value: &Value) -> Response {
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")], value.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use http::HeaderValue;
    use reelspan::user::{Identity, UserName};

    use super::*;

    #[test]
    fn json_is_for_those_who_name_it() {
        for (accept, wanted) in [
            (&["application/json"][..], true),
            (&["text/xml, Application/JSON;q=0.5"], true),
            (&["text/xml", "application/json"], true),
            (&["*/*"], false),
            (&["application/xml"], false),
            (&["application/json-seq"], false),
            (&[], false),
        ] {
            let headers = accept.iter().map(|accept| (ACCEPT, HeaderValue::from_static(accept))).collect();
            assert_eq!(is_wanted(&headers), wanted, "{accept:?}");
        }
    }

    #[test]
    fn a_space_says_what_one_may_do_with_it() {
        let owner = UserName::parse("alice").unwrap();
        let mut space = Space::new(SpaceId::parse("films").unwrap(), Some(&owner), 1);
        space.acl = reelspan::space::acl::Acl::of_fields([("acl-bob", "WRITE"), ("acl-carol", "READ")]).unwrap();
        for (name, role, expected) in [
            ("alice", Role::Owner, "OWN"),
            ("bob", Role::User, "WRITE"),
            ("carol", Role::User, "READ"),
            ("root", Role::Admin, "OWN"),
        ] {
            let who = Who(Some(Identity { name: name.to_owned(), role, groups: Vec::new() }));
            let said = described(&space, &who);
            assert_eq!((&said["right"], &said["streaming"]), (&json!(expected), &json!("OFF")), "{name}");
        }
    }
}
