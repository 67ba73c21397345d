//! The function behind an authorizer of an HTTP API: payload format 2.0 in, a simple response out (*API Gateway Developer Guide*,
//! "Control access to HTTP APIs with AWS Lambda authorizers").
//!
//! The function lets every request through, because a refusal by API Gateway is a 403 without a text and without a challenge.
//! Many clients wait for a challenge before they send a password (RFC 9110 §11.6.1 requires one with every 401). Instead, the
//! context says who sends the request, or that it is refused and why; [`authentication::layer`](reelspan_rest::authentication::layer)
//! around the routes turns a refusal into a response before it reaches a route. A request whose context names no user is
//! anonymous, wherever the context is read.

use std::collections::HashMap;
use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use reelspan::store::Sessions;
use reelspan::telemetry::audit::{self, AuditEntry, AuditOutcome};
use reelspan::telemetry::metrics::{self, MetricUnit};
use reelspan::user::{Authenticator, Denied};
use reelspan_rest::RestError;
use reelspan_rest::authentication::{AccessRefused, AuthorizerContext, FailedSignIn, RefusalStatus, SIGN_IN};
use reelspan_rest::session::{self, Judged};
use serde::{Deserialize, Serialize};

/// The header field that says who is asking. Payload format 2.0 has names in lower case, and several of one name joined by
/// commas, which no credentials of ours have.
const AUTHORIZATION: &str = "authorization";

/// What API Gateway sends, as far as it matters. Without `Debug`, so that no credentials end in a log.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthorizerEvent {
    /// The request's header fields. There is no identity source: without one, API Gateway refuses no request by itself, and
    /// caches no answer.
    #[serde(default)]
    headers: Option<HashMap<String, String>>,
    /// Its cookies, which payload format 2.0 has apart from the header fields.
    #[serde(default)]
    cookies: Option<Vec<String>>,
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
    #[serde(default)]
    method: String,
    /// The address of the client of the connection to API Gateway.
    source_ip: Option<String>,
}

impl AuthorizerEvent {
    fn address(&self) -> Option<IpAddr> {
        self.request_context.http.source_ip.as_deref()?.parse().ok()
    }

    /// The header fields by which a session is judged, and the cookies among them.
    fn fields(&self) -> HeaderMap {
        let fields = self.headers.iter().flatten().map(|(name, value)| (name.as_str(), value.clone()));
        let cookies = self.cookies.as_ref().map(|cookies| ("cookie", cookies.join("; ")));
        let parsed = fields.chain(cookies).filter_map(|(name, value)| {
            Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::try_from(value).ok()?))
        });
        parsed.collect()
    }
}

/// What API Gateway is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthorizerResponse {
    /// Whether the request goes on: it does, with what is said of it.
    pub is_authorized: bool,
    /// By whom it is, or why it is refused.
    pub context: AuthorizerContext,
}

/// Answers one invocation.
pub async fn authorize(
    authenticator: &Authenticator,
    sessions: &Sessions,
    event: AuthorizerEvent,
) -> AuthorizerResponse {
    let field = event.headers.as_ref().and_then(|fields| fields.get(AUTHORIZATION)).map(String::as_bytes);
    let address = event.address();
    let context = match authenticator.authenticate(field, address).await {
        Ok(Some(identity)) => {
            tracing::info!(user = identity.name, role = %identity.role, "authorized");
            AuthorizerContext::of(&identity)
        }
        Ok(None) => by_session(sessions, &event).await,
        Err(denied) => {
            if let Some(failed) = FailedSignIn::of(&denied, field) {
                let request = event.request_context.request_id.as_deref();
                metrics::emit(None, request, &[("FailedSignIns", MetricUnit::Count, 1)]);
                if !failed.again {
                    audit::write(&AuditEntry {
                        name: failed.name,
                        address,
                        detail: [("why", denied.to_string())].into(),
                        request_id: request.map(str::to_owned),
                        ..AuditEntry::new(SIGN_IN, AuditOutcome::Refused)
                    });
                }
            }
            AuthorizerContext::Refused(AccessRefused::from(denied))
        }
    };
    AuthorizerResponse { is_authorized: true, context }
}

/// Who sends a request without an `Authorization` field: the user of a session, if there is one.
async fn by_session(sessions: &Sessions, event: &AuthorizerEvent) -> AuthorizerContext {
    let method = Method::from_bytes(event.request_context.http.method.as_bytes()).unwrap_or(Method::POST);
    let refused = |status, why: &str| AuthorizerContext::Refused(AccessRefused::because(status, why));
    match session::judge(sessions, &method, &event.fields()).await {
        Ok(Judged::By(identity, _)) => AuthorizerContext::of(&identity),
        Ok(Judged::Nothing) => refused(RefusalStatus::Unauthorized, "there are no credentials"),
        Ok(Judged::Unproven) => refused(RefusalStatus::Forbidden, &RestError::Unproven.to_string()),
        Err(error) => AuthorizerContext::Refused(Denied::Directory(error).into()),
    }
}

#[cfg(test)]
mod tests;
