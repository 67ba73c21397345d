//! The target of a request: which part of the API its path belongs to, and the space, content or task that it names.

use percent_encoding::percent_decode_str;
use reelspan::space::{ContentId, SpaceId};

/// The longest name of a task that is written down, in bytes.
const LONGEST_TASK: usize = 64;

/// What a path names. A name that is not valid is left out.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct PathTarget {
    pub area: &'static str,
    pub space: Option<SpaceId>,
    pub content: Option<ContentId>,
    /// The task of the REST API.
    pub task: Option<String>,
}

impl PathTarget {
    pub fn of(path: &str) -> Self {
        let mut parts = path.trim_start_matches('/').splitn(3, '/');
        let area = match parts.next() {
            Some("media") => "media",
            Some("durastore") => "rest",
            _ => return Self { area: "other", ..Self::default() },
        };
        let mut named = || Some(percent_decode_str(parts.next()?).decode_utf8().ok()?.into_owned());
        let (first, rest) = (named(), named());
        if area == "rest" && first.as_deref() == Some("task") {
            return Self { area, task: rest.filter(|name| is_task(name)), ..Self::default() };
        }
        if area == "rest" && first.as_deref() == Some("acl") {
            let space = rest.and_then(|space| SpaceId::parse(&space).ok());
            return Self { area, space, ..Self::default() };
        }
        let space = first.and_then(|space| SpaceId::parse(&space).ok());
        let content = rest.filter(|_| space.is_some()).and_then(|content| ContentId::parse(&content).ok());
        Self { area, space, content, task: None }
    }
}

/// Whether this can be the name of a task: small letters and hyphens, not longer than a log line can bear.
fn is_task(name: &str) -> bool {
    name.len() <= LONGEST_TASK && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_about_names_that_are_names() {
        for (path, area, space, content, task) in [
            ("/media/films/a%20b.mp4", "media", Some("films"), Some("a b.mp4"), None),
            ("/media/films/1999/a.mp4", "media", Some("films"), Some("1999/a.mp4"), None),
            ("/durastore/films", "rest", Some("films"), None, None),
            ("/durastore/films/a", "rest", Some("films"), Some("a"), None),
            ("/durastore/task/get-url", "rest", None, None, Some("get-url")),
            ("/durastore/task/get-url?Signature", "rest", None, None, None),
            ("/durastore/task", "rest", None, None, None),
            ("/media/tasks/get-url", "media", Some("tasks"), Some("get-url"), None),
            ("/media/%FF/a", "media", None, None, None),
            ("/media/Films!/a", "media", None, None, None),
            ("/health", "other", None, None, None),
            ("/", "other", None, None, None),
        ] {
            let target = PathTarget::of(path);
            let named = (target.space.as_ref().map(SpaceId::as_str), target.content.as_ref().map(ContentId::as_str));
            assert_eq!((target.area, named, target.task.as_deref()), (area, (space, content), task), "{path}");
        }
    }
}
