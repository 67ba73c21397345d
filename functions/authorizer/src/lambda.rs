//! The function behind an authorizer of an HTTP API: payload format 2.0 in, a simple response out (*API Gateway Developer Guide*,
//! "Control access to HTTP APIs with AWS Lambda authorizers").

use std::collections::HashMap;

use reelspan::user::{Authenticator, Denied, GroupName, Identity, UserName};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is parts of the groups in a [`Context`]. No name has it.
const COMMA: char = ',';

/// What API Gateway sends, as far as it matters: not how the request is otherwise, since the answer is kept for all requests of
/// the same identity source. Without `Debug`, so that no credentials end in a log.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// What the authorizer's identity sources are for this request: the `Authorization` field, and nothing else.
    #[serde(default)]
    identity_source: Option<Vec<String>>,
}

/// What API Gateway is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// Whether the request goes on.
    pub is_authorized: bool,
    /// By whom it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<Context>,
}

/// Somebody, as API Gateway passes it on: in texts alone, which is what all that reads a context can read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// The user's name.
    pub user: String,
    /// The user's role.
    pub role: String,
    /// The user's groups, with commas between them.
    pub groups: String,
}

/// Answers one invocation. What keeps the users from being read is an error, which API Gateway keeps for nobody and makes a 500
/// of: a no would be kept.
pub async fn authorize(authenticator: &Authenticator, event: Event) -> Result<Answer, lambda_runtime::Error> {
    let sources = event.identity_source.unwrap_or_default();
    let field = match sources.as_slice() {
        [field] => Some(field.as_bytes()),
        _ => None,
    };
    match authenticator.authenticate(field).await {
        Ok(Some(identity)) => {
            tracing::info!(user = identity.name, role = %identity.role, "authorized");
            Ok(Answer { is_authorized: true, context: Some(Context::of(&identity)) })
        }
        Ok(None) => Ok(Answer::no("there are no credentials")),
        Err(denied @ (Denied::Malformed(_) | Denied::Wrong)) => Ok(Answer::no(&denied.to_string())),
        Err(failed @ Denied::Crowded) => Err(failed.into()),
        Err(Denied::Directory(error)) => {
            tracing::error!(%error, "the users cannot be read");
            Err(Denied::Directory(error).into())
        }
    }
}

impl Answer {
    fn no(why: &str) -> Self {
        tracing::info!(why, "not authorized");
        Self { is_authorized: false, context: None }
    }
}

impl Context {
    /// Somebody, to be passed on.
    #[must_use]
    pub fn of(identity: &Identity) -> Self {
        let mut groups = String::new();
        for group in &identity.groups {
            if !groups.is_empty() {
                groups.push(COMMA);
            }
            groups.push_str(group);
        }
        Self { user: identity.name.clone(), role: identity.role.to_string(), groups }
    }

    /// Somebody who was passed on; `None` where it is not as [`Context::of`] writes it.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        let name = UserName::parse(&self.user).ok()?.to_string();
        let groups = self.groups.split(COMMA).filter(|group| !group.is_empty());
        let groups = groups.map(|group| GroupName::parse(group).ok().map(|group| group.to_string()));
        Some(Identity { name, role: self.role.parse().ok()?, groups: groups.collect::<Option<_>>()? })
    }

    /// What API Gateway gives a route's function of it.
    pub(crate) fn read(fields: &HashMap<String, Value>) -> Option<Self> {
        let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Self { user: text("user")?, role: text("role")?, groups: text("groups")? })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use reelspan::user::Role;

    use super::*;

    #[test]
    fn an_identity_goes_through_api_gateway_unchanged() {
        for (role, groups) in
            [(Role::User, vec![]), (Role::Owner, vec!["staff"]), (Role::Admin, vec!["staff", "a.b_c", "7"])]
        {
            let groups = groups.into_iter().map(str::to_owned).collect();
            let identity = Identity { name: "alice".to_owned(), role, groups };
            let answer = Answer { is_authorized: true, context: Some(Context::of(&identity)) };
            let sent = serde_json::to_value(answer).unwrap();
            assert_eq!(sent["isAuthorized"], true);
            let fields = serde_json::from_value(sent["context"].clone()).unwrap();
            assert_eq!(Context::read(&fields).unwrap().identity(), Some(identity));
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
            assert_eq!(Context::read(&fields).and_then(|context| context.identity()), None, "{context}");
        }
    }
}
