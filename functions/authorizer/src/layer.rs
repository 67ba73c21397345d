//! The layer around routes.

use axum::extract::{Request, State};
use axum::middleware::{FromFnLayer, Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures::future::BoxFuture;
use http::header::{AUTHORIZATION, CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Extensions, HeaderMap, StatusCode};
use lambda_http::request::RequestContext;
use reelspan::telemetry;
use reelspan::user::{Authenticator, CHALLENGE, Denied, Identity, Malformed};

use crate::Context;

/// What [`layer`] gives, to be put around a router.
pub type Layer = FromFnLayer<Step, Authenticator, (State<Authenticator>, Request)>;

type Step = fn(State<Authenticator>, Request, Next) -> BoxFuture<'static, Response>;

/// Gives each request an `Option<Identity>` as an extension: who API Gateway's authorizer says it is, where there was one, or
/// else whose credentials its `Authorization` field has; `None` where it has no such field. Wrong credentials are answered with
/// 401, also where nobody in particular would do.
pub fn layer(authenticator: Authenticator) -> Layer {
    from_fn_with_state(authenticator, step)
}

fn step(State(authenticator): State<Authenticator>, mut request: Request, next: Next) -> BoxFuture<'static, Response> {
    Box::pin(async move {
        match identify(&authenticator, request.headers(), request.extensions()).await {
            Ok(identity) => {
                telemetry::note(|notes| notes.user = identity.as_ref().map(|identity| identity.name.clone()));
                request.extensions_mut().insert(identity);
                next.run(request).await
            }
            Err(denied) => refusal(&denied),
        }
    })
}

async fn identify(
    authenticator: &Authenticator,
    fields: &HeaderMap,
    extensions: &Extensions,
) -> Result<Option<Identity>, Denied> {
    match passed_on(extensions) {
        Some(identity) => Ok(Some(identity)),
        None => authenticator.authenticate(authorization(fields)?).await,
    }
}

/// Who API Gateway says it is. Nothing that a client sends gets there.
fn passed_on(extensions: &Extensions) -> Option<Identity> {
    match extensions.get::<RequestContext>()? {
        RequestContext::ApiGatewayV2(context) => {
            Context::read(&context.authorizer.as_ref()?.fields).and_then(|context| context.identity())
        }
        _ => None,
    }
}

/// The one `Authorization` field that a request may have (RFC 9110 §11.6.2).
fn authorization(fields: &HeaderMap) -> Result<Option<&[u8]>, Denied> {
    let mut fields = fields.get_all(AUTHORIZATION).iter();
    match (fields.next(), fields.next()) {
        (field, None) => Ok(field.map(http::HeaderValue::as_bytes)),
        (_, Some(_)) => Err(Malformed::Scheme.into()),
    }
}

fn refusal(denied: &Denied) -> Response {
    let text = format!("{denied}\n");
    let fixed = [(CACHE_CONTROL, "no-store")];
    match denied {
        Denied::Malformed(_) | Denied::Wrong => {
            (StatusCode::UNAUTHORIZED, fixed, [(WWW_AUTHENTICATE, CHALLENGE)], text).into_response()
        }
        Denied::Crowded => (StatusCode::SERVICE_UNAVAILABLE, fixed, [(RETRY_AFTER, "1")], text).into_response(),
        Denied::Directory(error) => {
            tracing::error!(%error, "the users cannot be read");
            (StatusCode::SERVICE_UNAVAILABLE, fixed, [(RETRY_AFTER, "1")], text).into_response()
        }
    }
}

#[cfg(test)]
mod tests;
