//! Problem details (RFC 9457): an error as a person and a program can read it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// The media type of problem details.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// A reference to an explanation of this kind of problem; `about:blank` if the status says it all (§4.2.1).
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The kind of problem in a few words, the same each time.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong in this case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The resource on which it happened, as a URI reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Further members (§3.2).
    #[serde(flatten)]
    pub members: BTreeMap<&'static str, Value>,
}

impl Problem {
    /// A problem that its status describes completely.
    #[must_use]
    pub const fn new(status: u16, title: &'static str) -> Self {
        Self { kind: "about:blank", title, status, detail: None, instance: None, members: BTreeMap::new() }
    }

    /// Adds what is wrong in this case.
    #[must_use]
    pub fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// Adds a member.
    #[must_use]
    pub fn member(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.members.insert(name, value.into());
        self
    }

    /// The JSON, for a body of [`MEDIA_TYPE`].
    #[must_use]
    pub fn to_json(&self) -> String {
        // Text keys and plain values: serialising cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_stand_beside_the_standard_ones() {
        let problem = Problem::new(404, "Behind the end").detail("It lasts 38.3 s.").member("duration", 38.3);
        let json: Value = serde_json::from_str(&problem.to_json()).unwrap_or_default();
        let expected = serde_json::json!({
            "type": "about:blank", "title": "Behind the end", "status": 404, "detail": "It lasts 38.3 s.", "duration": 38.3,
        });
        assert_eq!(json, expected);
    }
}
