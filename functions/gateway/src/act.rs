//! What of a request belongs into the audit trail: every call of the REST API that changes something or gives out a signature,
//! whatever came of it, and what handlers say themselves ([`reelspan::telemetry::RequestNotes::act`]).

use http::Method;

use crate::target::PathTarget;

/// What a call of the REST API does, by its method and path; none where it only reads.
pub fn of(method: &Method, path: &str, target: &PathTarget) -> Option<String> {
    if target.area != "rest" || [Method::GET, Method::HEAD, Method::OPTIONS].contains(method) {
        return None;
    }
    let parts = path.trim_start_matches('/').splitn(4, '/').skip(1).collect::<Vec<_>>();
    let act = match (method.as_str(), parts.as_slice()) {
        ("POST", ["task", ..]) => return Some(target.task.clone().unwrap_or_else(|| "unknown-task".to_owned())),
        ("POST", ["acl", ..]) => "set-acl",
        ("PUT", [_]) => "create-space",
        ("POST", [_]) => "set-space-properties",
        ("DELETE", [_]) => "delete-space",
        ("PUT", [_, ..]) => "store-content",
        ("POST", [_, _, ..]) => "set-properties",
        ("DELETE", [_, _, ..]) => "delete-content",
        _ => "unknown",
    };
    Some(act.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_call_that_changes_something_is_an_act() {
        for (method, path, act) in [
            ("PUT", "/durastore/films", Some("create-space")),
            ("DELETE", "/durastore/films", Some("delete-space")),
            ("POST", "/durastore/films", Some("set-space-properties")),
            ("POST", "/durastore/acl/films", Some("set-acl")),
            ("PUT", "/durastore/films/1999/a.mp4", Some("store-content")),
            ("POST", "/durastore/films/a.mp4", Some("set-properties")),
            ("DELETE", "/durastore/films/a.mp4", Some("delete-content")),
            ("POST", "/durastore/task/get-signed-url", Some("get-signed-url")),
            ("POST", "/durastore/task/Get{}", Some("unknown-task")),
            ("PATCH", "/durastore/films", Some("unknown")),
            ("GET", "/durastore/films", None),
            ("HEAD", "/durastore/films/a.mp4", None),
            ("POST", "/media/films/a.mp4", None),
        ] {
            let target = PathTarget::of(path);
            assert_eq!(of(&method.parse().unwrap(), path, &target).as_deref(), act, "{method} {path}");
        }
        assert_eq!(PathTarget::of("/durastore/acl/films").space.unwrap().as_str(), "films");
    }
}
