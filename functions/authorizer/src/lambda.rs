//! The function behind an authorizer of an HTTP API: payload format 2.0 in, a simple response out (*API Gateway Developer Guide*,
//! "Control access to HTTP APIs with AWS Lambda authorizers").
//!
//! Its no is not API Gateway's. That would be a 403 without a word, and no challenge, which many clients wait for before they
//! send a password (RFC 9110 §11.6.1 asks for one with every 401). So every request is let through, and the context says by
//! whom it is, or that it is refused and why, which [`layer`](crate::layer) around the routes turns into an answer before any of
//! them is reached. What the context does not say somebody's name in is nobody's, wherever it is read.

use std::collections::HashMap;
use std::net::IpAddr;

use reelspan::telemetry::audit::{self, Entry, Outcome};
use reelspan::telemetry::metrics::{self, Unit};
use reelspan::user::{Authenticator, Denied, GroupName, Identity, UserName};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::failed::{FailedSignIn, SIGN_IN};

/// What is parts of the groups in a [`Context`]. No name has it.
const COMMA: char = ',';

/// The header field that says who is asking. Payload format 2.0 has names in lower case, and several of one name joined by
/// commas, which no credentials of ours have.
const AUTHORIZATION: &str = "authorization";

/// What API Gateway sends, as far as it matters. Without `Debug`, so that no credentials end in a log.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// The request's header fields. There is no identity source: without one, API Gateway turns nobody away by itself, and
    /// remembers nobody.
    #[serde(default)]
    headers: Option<HashMap<String, String>>,
    /// What API Gateway itself says of the request.
    #[serde(default)]
    request_context: RequestContext,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    #[serde(default)]
    http: Http,
    request_id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Http {
    /// The address of whoever opened the connection to API Gateway.
    source_ip: Option<String>,
}

impl Event {
    fn address(&self) -> Option<IpAddr> {
        self.request_context.http.source_ip.as_deref()?.parse().ok()
    }
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
    /// After how many seconds to try again, where that is known.
    #[serde(rename = "retryAfter", skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<String>,
}

/// The status of what is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Refusal {
    /// There are no credentials, or they are wrong.
    #[serde(rename = "401")]
    Unauthorized,
    /// Too many credentials were wrong before.
    #[serde(rename = "429")]
    TooMany,
    /// Nobody can say.
    #[serde(rename = "503")]
    Unavailable,
}

/// Answers one invocation.
pub async fn authorize(authenticator: &Authenticator, event: Event) -> Answer {
    let field = event.headers.as_ref().and_then(|fields| fields.get(AUTHORIZATION)).map(String::as_bytes);
    let address = event.address();
    let context = match authenticator.authenticate(field, address).await {
        Ok(Some(identity)) => {
            tracing::info!(user = identity.name, role = %identity.role, "authorized");
            Context::of(&identity)
        }
        Ok(None) => Context::Refused(Refused::because(Refusal::Unauthorized, "there are no credentials")),
        Err(denied) => {
            if let Some(failed) = FailedSignIn::of(&denied, field) {
                let request = event.request_context.request_id.as_deref();
                metrics::emit(None, request, &[("FailedSignIns", Unit::Count, 1)]);
                if !failed.again {
                    audit::write(&Entry {
                        name: failed.name,
                        address,
                        detail: [("why", denied.to_string())].into(),
                        request_id: request.map(str::to_owned),
                        ..Entry::new(SIGN_IN, Outcome::Refused)
                    });
                }
            }
            Context::Refused(Refused::from(denied))
        }
    };
    Answer { is_authorized: true, context }
}

impl From<Denied> for Refused {
    fn from(denied: Denied) -> Self {
        let refusal = match &denied {
            Denied::Malformed(_) | Denied::Wrong => Refusal::Unauthorized,
            Denied::Limited { .. } => Refusal::TooMany,
            Denied::Crowded => Refusal::Unavailable,
            Denied::Directory(error) => {
                tracing::error!(%error, "the users cannot be read");
                Refusal::Unavailable
            }
        };
        let retry_after = match denied {
            Denied::Limited { seconds, .. } => Some(seconds.to_string()),
            _ => None,
        };
        Self { retry_after, ..Self::because(refusal, &denied.to_string()) }
    }
}

impl Refused {
    fn because(refused: Refusal, why: &str) -> Self {
        tracing::info!(why, "refused");
        Self { refused, why: why.to_owned(), retry_after: None }
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
            let refused = match refused.as_str() {
                Some("429") => Refusal::TooMany,
                Some("503") => Refusal::Unavailable,
                _ => Refusal::Unauthorized,
            };
            let (why, retry_after) = (text("why").unwrap_or_default(), text("retryAfter"));
            return Some(Self::Refused(Refused { refused, why, retry_after }));
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
        for denied in [
            Denied::Wrong,
            Denied::Crowded,
            Denied::Limited { seconds: 7, again: false },
            Denied::Malformed(Malformed::Scheme),
        ] {
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
