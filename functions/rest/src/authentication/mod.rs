//! The layer around routes that finds out who sends a request: by what API Gateway's authorizer says about it, or by its
//! `Authorization` field.

mod context;
mod failed;

use std::error::Error;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::{FromFnLayer, Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures::future::BoxFuture;
use http::header::{AUTHORIZATION, CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Extensions, HeaderMap, HeaderValue, StatusCode};
use lambda_http::request::RequestContext;
use reelspan::http::protection::{self, Embedding};
use reelspan::store::{Registry, Sessions};
use reelspan::telemetry;
use reelspan::user::{Authenticator, CHALLENGE, Denied, Identity, MalformedCredentials, Settings};
use reelspan_gateway::address;

pub use self::context::{AccessRefused, AuthorizerContext, RefusalStatus};
pub use self::failed::{FailedSignIn, SIGN_IN};
use crate::session;

/// The authenticator that a function's environment names: `USERS_TABLE`, `ADMIN_SECRET` if there is a first admin, and what the
/// AWS SDKs read. It remembers credentials that were right for `time_to_live`.
pub async fn from_env(time_to_live: Duration) -> Result<Authenticator, StartFailure> {
    of(Registry::from_env().await?, time_to_live)
}

/// The same, and the sessions of browsers: `SESSIONS_TABLE`.
pub async fn with_sessions_from_env(time_to_live: Duration) -> Result<(Authenticator, Sessions), StartFailure> {
    let users = Registry::from_env().await?;
    Ok((of(users.clone(), time_to_live)?, Sessions::from_env(users).await?))
}

fn of(users: Registry, time_to_live: Duration) -> Result<Authenticator, StartFailure> {
    Ok(Authenticator::new(users, Settings { time_to_live, ..Settings::default() })?)
}

/// Why a function does not start.
type StartFailure = Box<dyn Error + Send + Sync + 'static>;

/// The layer that [`layer`] returns.
pub type AuthenticationLayer = FromFnLayer<Middleware, Authenticator, (State<Authenticator>, Request)>;

type Middleware = fn(State<Authenticator>, Request, Next) -> BoxFuture<'static, Response>;

/// A layer that gives each request an extension of type `Option<Identity>`: the user whom API Gateway's authorizer names, or else
/// the user whose credentials the `Authorization` field has; `None` for a request without that field. The layer itself responds
/// to a request that the authorizer has refused, and with 401 to wrong credentials, even if the route is open to everybody.
///
/// A page's own requests get a 401 without `Basic`, so that the browser does not ask for a password itself.
pub fn layer(authenticator: Authenticator) -> AuthenticationLayer {
    from_fn_with_state(authenticator, step)
}

fn step(State(authenticator): State<Authenticator>, mut request: Request, next: Next) -> BoxFuture<'static, Response> {
    Box::pin(async move {
        let fetched = session::is_fetched(request.headers());
        let mut response = match identify(&authenticator, request.headers(), request.extensions()).await {
            Ok(identity) => {
                telemetry::note(|notes| notes.user = identity.as_ref().map(|identity| identity.name.clone()));
                request.extensions_mut().insert(identity);
                next.run(request).await
            }
            Err(refused) => refusal(&refused),
        };
        if fetched && response.status() == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(session::CHALLENGE));
        }
        response
    })
}

async fn identify(
    authenticator: &Authenticator,
    fields: &HeaderMap,
    extensions: &Extensions,
) -> Result<Option<Identity>, AccessRefused> {
    match passed_on(extensions) {
        Some(AuthorizerContext::Refused(refused)) => Err(refused),
        Some(said) if said.identity().is_some() => Ok(said.identity()),
        _ => {
            let field = authorization(fields)?;
            let found = authenticator.authenticate(field, address(extensions)).await;
            Ok(found.inspect_err(|denied| note_failure(denied, field))?)
        }
    }
}

/// Records a failed sign-in for the metrics and the audit trail. API Gateway's authorizer records its own refusals.
fn note_failure(denied: &Denied, field: Option<&[u8]>) {
    let Some(failed) = FailedSignIn::of(denied, field) else { return };
    telemetry::note(|notes| {
        notes.failed_sign_in = true;
        if !failed.again {
            (notes.act, notes.name) = (Some(SIGN_IN), failed.name);
            notes.detail.insert("why", denied.to_string());
        }
    });
}

/// What API Gateway says of the request. Nothing that a client sends gets there.
fn passed_on(extensions: &Extensions) -> Option<AuthorizerContext> {
    match extensions.get::<RequestContext>()? {
        RequestContext::ApiGatewayV2(context) => AuthorizerContext::read(&context.authorizer.as_ref()?.fields),
        _ => None,
    }
}

/// The only `Authorization` field of a request (RFC 9110 §11.6.2).
fn authorization(fields: &HeaderMap) -> Result<Option<&[u8]>, Denied> {
    let mut fields = fields.get_all(AUTHORIZATION).iter();
    match (fields.next(), fields.next()) {
        (field, None) => Ok(field.map(http::HeaderValue::as_bytes)),
        (_, Some(_)) => Err(MalformedCredentials::Scheme.into()),
    }
}

fn refusal(refused: &AccessRefused) -> Response {
    let text = format!("{}\n", refused.why);
    let fixed = [(CACHE_CONTROL, "no-store")];
    let mut response = match refused.refused {
        RefusalStatus::Unauthorized => {
            (StatusCode::UNAUTHORIZED, fixed, [(WWW_AUTHENTICATE, CHALLENGE)], text).into_response()
        }
        RefusalStatus::Forbidden => (StatusCode::FORBIDDEN, fixed, text).into_response(),
        RefusalStatus::TooMany => {
            let after = refused.retry_after.as_deref().and_then(|after| after.parse::<u32>().ok()).unwrap_or(60);
            let after = after.to_string();
            (StatusCode::TOO_MANY_REQUESTS, fixed, [(RETRY_AFTER, after)], text).into_response()
        }
        RefusalStatus::Unavailable => {
            (StatusCode::SERVICE_UNAVAILABLE, fixed, [(RETRY_AFTER, "1")], text).into_response()
        }
    };
    protection::written(response.headers_mut(), Embedding::OwnOrigin);
    response
}

#[cfg(test)]
mod tests;
