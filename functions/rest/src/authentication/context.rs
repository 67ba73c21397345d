//! The context in which API Gateway's authorizer tells the functions of routes who sends a request, or why it is refused (*API
//! Gateway Developer Guide*, "Control access to HTTP APIs with AWS Lambda authorizers").

use std::collections::HashMap;

use reelspan::user::{Denied, GroupName, Identity, UserName};
use serde::Serialize;
use serde_json::Value;

/// The separator of the groups in an [`AuthorizerContext`]. No name contains it.
const COMMA: char = ',';

/// What the authorizer says about a request, as API Gateway passes it on. All values are strings, which every reader of a context
/// can read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum AuthorizerContext {
    /// The user who sends it.
    By {
        /// The user's name.
        user: String,
        /// The user's role.
        role: String,
        /// The user's groups, with commas between them.
        groups: String,
    },
    /// The request is refused.
    Refused(AccessRefused),
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccessRefused {
    /// The status of the response.
    pub refused: RefusalStatus,
    /// The reason, for the client.
    pub why: String,
    /// The number of seconds after which to try again, if it is known.
    #[serde(rename = "retryAfter", skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<String>,
}

/// The status with which a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum RefusalStatus {
    /// There are no credentials, or they are wrong.
    #[serde(rename = "401")]
    Unauthorized,
    /// A request with a session lacks the session's token against forgery.
    #[serde(rename = "403")]
    Forbidden,
    /// Too many credentials were wrong before.
    #[serde(rename = "429")]
    TooMany,
    /// The users cannot be read at the moment.
    #[serde(rename = "503")]
    Unavailable,
}

impl From<Denied> for AccessRefused {
    fn from(denied: Denied) -> Self {
        let refusal = match &denied {
            Denied::Malformed(_) | Denied::Wrong => RefusalStatus::Unauthorized,
            Denied::Limited { .. } => RefusalStatus::TooMany,
            Denied::Crowded => RefusalStatus::Unavailable,
            Denied::Directory(error) => {
                tracing::error!(%error, "the users cannot be read");
                RefusalStatus::Unavailable
            }
        };
        let retry_after = match denied {
            Denied::Limited { seconds, .. } => Some(seconds.to_string()),
            _ => None,
        };
        Self { retry_after, ..Self::because(refusal, &denied.to_string()) }
    }
}

impl AccessRefused {
    /// Refuses a request, and logs why.
    #[must_use]
    pub fn because(refused: RefusalStatus, why: &str) -> Self {
        tracing::info!(why, "refused");
        Self { refused, why: why.to_owned(), retry_after: None }
    }
}

impl AuthorizerContext {
    /// The context that passes an identity on.
    #[must_use]
    pub fn of(identity: &Identity) -> Self {
        let mut groups = String::new();
        for group in &identity.groups {
            if !groups.is_empty() {
                groups.push(COMMA);
            }
            groups.push_str(group);
        }
        Self::By { user: identity.name.clone(), role: identity.role.to_string(), groups }
    }

    /// The identity that was passed on; `None` if it is not as [`AuthorizerContext::of`] writes it.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        let Self::By { user, role, groups } = self else { return None };
        let name = UserName::parse(user).ok()?.to_string();
        let groups = groups.split(COMMA).filter(|group| !group.is_empty());
        let groups = groups.map(|group| GroupName::parse(group).ok().map(|group| group.to_string()));
        Some(Identity { name, role: role.parse().ok()?, groups: groups.collect::<Option<_>>()? })
    }

    /// Reads the context that API Gateway passes to the function of a route. A context with a field `refused` is a refusal,
    /// whatever its other fields are.
    pub(super) fn read(fields: &HashMap<String, Value>) -> Option<Self> {
        let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
        if let Some(refused) = fields.get("refused") {
            let refused = match refused.as_str() {
                Some("403") => RefusalStatus::Forbidden,
                Some("429") => RefusalStatus::TooMany,
                Some("503") => RefusalStatus::Unavailable,
                _ => RefusalStatus::Unauthorized,
            };
            let (why, retry_after) = (text("why").unwrap_or_default(), text("retryAfter"));
            return Some(Self::Refused(AccessRefused { refused, why, retry_after }));
        }
        Some(Self::By { user: text("user")?, role: text("role")?, groups: text("groups")? })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use reelspan::user::{MalformedCredentials, Role};

    use super::*;

    #[test]
    fn an_identity_goes_through_api_gateway_unchanged() {
        for (role, groups) in
            [(Role::User, vec![]), (Role::Owner, vec!["staff"]), (Role::Admin, vec!["staff", "a.b_c", "7"])]
        {
            let groups = groups.into_iter().map(str::to_owned).collect();
            let identity = Identity { name: "alice".to_owned(), role, groups };
            let sent = serde_json::to_value(AuthorizerContext::of(&identity)).unwrap();
            let fields = serde_json::from_value(sent).unwrap();
            assert_eq!(AuthorizerContext::read(&fields).unwrap().identity(), Some(identity));
        }
    }

    #[test]
    fn what_no_authorizer_of_ours_wrote_is_nobody() {
        for context in [
            serde_json::json!({}),
            serde_json::json!({ "user": "alice", "role": "admin" }),
            serde_json::json!({ "user": "alice", "role": "root", "groups": "" }),
            serde_json::json!({ "user": "Alice!", "role": "admin", "groups": "" }),
            serde_json::json!({ "user": "alice", "role": "user", "groups": "public" }),
            serde_json::json!({ "user": "alice", "role": "user", "groups": ["staff"] }),
        ] {
            let fields = serde_json::from_value(context.clone()).unwrap();
            assert_eq!(AuthorizerContext::read(&fields).and_then(|context| context.identity()), None, "{context}");
        }
    }

    #[test]
    fn a_refusal_goes_through_api_gateway_unchanged_and_is_nobody() {
        for denied in [
            Denied::Wrong,
            Denied::Crowded,
            Denied::Limited { seconds: 7, again: false },
            Denied::Malformed(MalformedCredentials::Scheme),
        ] {
            let context = AuthorizerContext::Refused(AccessRefused::from(denied));
            let sent = serde_json::to_value(&context).unwrap();
            assert!(sent.as_object().unwrap().values().all(Value::is_string), "{sent}");
            let fields = serde_json::from_value(sent).unwrap();
            assert_eq!(AuthorizerContext::read(&fields), Some(context.clone()));
            assert_eq!(context.identity(), None);
        }
    }

    #[test]
    fn whatever_else_is_said_of_who_is_refused_lets_nobody_in() {
        let somebody = serde_json::json!({ "user": "alice", "role": "admin", "groups": "" });
        for refused in [Value::Null, false.into(), 0.into(), "".into(), "401".into(), "no".into(), "200".into()] {
            let mut fields: HashMap<String, Value> = serde_json::from_value(somebody.clone()).unwrap();
            fields.insert("refused".to_owned(), refused.clone());
            let read = AuthorizerContext::read(&fields).unwrap();
            assert!(
                matches!(&read, AuthorizerContext::Refused(said) if said.refused == RefusalStatus::Unauthorized),
                "{refused}"
            );
            assert_eq!(read.identity(), None);
        }
    }
}
