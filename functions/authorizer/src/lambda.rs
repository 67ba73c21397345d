//! The function behind an authorizer of an HTTP API: payload format 2.0 in, a simple response out (*API Gateway Developer Guide*,
//! "Control access to HTTP APIs with AWS Lambda authorizers").
//!
//! Its no is not API Gateway's. That would be a 403 without a word, and no challenge, which many clients wait for before they
//! send a password (RFC 9110 §11.6.1 asks for one with every 401). So every request is let through, and the context says by
//! whom it is, or that it is refused and why, which [`layer`](crate::layer) around the routes turns into an answer before any of
//! them is reached. What the context does not say somebody's name in is nobody's, wherever it is read.

use std::collections::HashMap;

use reelspan::user::{Authenticator, Denied, GroupName, Identity, UserName};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is parts of the groups in a [`Context`]. No name has it.
const COMMA: char = ',';

/// The header field that says who is asking. Payload format 2.0 has names in lower case, and several of one name joined by
/// commas, which no credentials of ours have.
const AUTHORIZATION: &str = "authorization";

/// What API Gateway sends, as far as it matters. Without `Debug`, so that no credentials end in a log.
#[derive(Deserialize)]
pub struct Event {
    /// The request's header fields. There is no identity source: without one, API Gateway turns nobody away by itself, and
    /// remembers nobody.
    #[serde(default)]
    headers: Option<HashMap<String, String>>,
}

/// What API Gateway is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// Whether the request goes on: it does, with what is said of it.
    pub is_authorized: bool,
    /// By whom it is, or why it is refused.
    pub context: Context,
}

/// What is said of a request, as API Gateway passes it on: in texts alone, which is what all that reads a context can read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Context {
    /// It is by somebody.
    By {
        /// The user's name.
        user: String,
        /// The user's role.
        role: String,
        /// The user's groups, with commas between them.
        groups: String,
    },
    /// It is refused.
    Refused(Refused),
}

/// What is said instead of somebody's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// With which status.
    pub refused: Refusal,
    /// Why, for who sent it.
    pub why: String,
}

/// The status of what is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Refusal {
    /// There are no credentials, or they are wrong.
    #[serde(rename = "401")]
    Unauthorized,
    /// Nobody can say.
    #[serde(rename = "503")]
    Unavailable,
}

/// Answers one invocation.
pub async fn authorize(authenticator: &Authenticator, event: Event) -> Answer {
    let field = event.headers.as_ref().and_then(|fields| fields.get(AUTHORIZATION));
    let context = match authenticator.authenticate(field.map(String::as_bytes)).await {
        Ok(Some(identity)) => {
            tracing::info!(user = identity.name, role = %identity.role, "authorized");
            Context::of(&identity)
        }
        Ok(None) => Context::Refused(Refused::because(Refusal::Unauthorized, "there are no credentials")),
        Err(denied) => Context::Refused(Refused::from(denied)),
    };
    Answer { is_authorized: true, context }
}

impl From<Denied> for Refused {
    fn from(denied: Denied) -> Self {
        let refusal = match &denied {
            Denied::Malformed(_) | Denied::Wrong => Refusal::Unauthorized,
            Denied::Crowded => Refusal::Unavailable,
            Denied::Directory(error) => {
                tracing::error!(%error, "the users cannot be read");
                Refusal::Unavailable
            }
        };
        Self::because(refusal, &denied.to_string())
    }
}

impl Refused {
    fn because(refused: Refusal, why: &str) -> Self {
        tracing::info!(why, "refused");
        Self { refused, why: why.to_owned() }
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
        Self::By { user: identity.name.clone(), role: identity.role.to_string(), groups }
    }

    /// Somebody who was passed on; `None` where it is not as [`Context::of`] writes it.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        let Self::By { user, role, groups } = self else { return None };
        let name = UserName::parse(user).ok()?.to_string();
        let groups = groups.split(COMMA).filter(|group| !group.is_empty());
        let groups = groups.map(|group| GroupName::parse(group).ok().map(|group| group.to_string()));
        Some(Identity { name, role: role.parse().ok()?, groups: groups.collect::<Option<_>>()? })
    }

    /// What API Gateway gives a route's function of it. Where anything is said of a refusal, it is one, whatever else is said.
    pub(crate) fn read(fields: &HashMap<String, Value>) -> Option<Self> {
        let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
        if let Some(refused) = fields.get("refused") {
            let refused = if refused == "503" { Refusal::Unavailable } else { Refusal::Unauthorized };
            return Some(Self::Refused(Refused { refused, why: text("why").unwrap_or_default() }));
        }
        Some(Self::By { user: text("user")?, role: text("role")?, groups: text("groups")? })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use reelspan::user::{Malformed, Role};

    use super::*;

    #[test]
    fn an_identity_goes_through_api_gateway_unchanged() {
        for (role, groups) in
            [(Role::User, vec![]), (Role::Owner, vec!["staff"]), (Role::Admin, vec!["staff", "a.b_c", "7"])]
        {
            let groups = groups.into_iter().map(str::to_owned).collect();
            let identity = Identity { name: "alice".to_owned(), role, groups };
            let answer = Answer { is_authorized: true, context: Context::of(&identity) };
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

    #[test]
    fn a_refusal_goes_through_api_gateway_unchanged_and_is_nobody() {
        for denied in [Denied::Wrong, Denied::Crowded, Denied::Malformed(Malformed::Scheme)] {
            let context = Context::Refused(Refused::from(denied));
            let sent = serde_json::to_value(&context).unwrap();
            assert!(sent.as_object().unwrap().values().all(Value::is_string), "{sent}");
            let fields = serde_json::from_value(sent).unwrap();
            assert_eq!(Context::read(&fields), Some(context.clone()));
            assert_eq!(context.identity(), None);
        }
    }

    #[test]
    fn whatever_else_is_said_of_who_is_refused_lets_nobody_in() {
        let somebody = serde_json::json!({ "user": "alice", "role": "admin", "groups": "" });
        for refused in [Value::Null, false.into(), 0.into(), "".into(), "401".into(), "no".into(), "200".into()] {
            let mut fields: HashMap<String, Value> = serde_json::from_value(somebody.clone()).unwrap();
            fields.insert("refused".to_owned(), refused.clone());
            let read = Context::read(&fields).unwrap();
            assert!(matches!(&read, Context::Refused(said) if said.refused == Refusal::Unauthorized), "{refused}");
            assert_eq!(read.identity(), None);
        }
    }
}
