//! The authentication layer around routes.

use axum::extract::{Request, State};
use axum::middleware::{FromFnLayer, Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures::future::BoxFuture;
use http::header::{AUTHORIZATION, CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Extensions, HeaderMap, StatusCode};
use lambda_http::request::RequestContext;
use reelspan::http::protection::{self, Embedding};
use reelspan::telemetry;
use reelspan::user::{Authenticator, CHALLENGE, Denied, Identity, Malformed};
use reelspan_gateway::address;

use crate::failed::{FailedSignIn, SIGN_IN};
use crate::lambda::{Context, Refusal, Refused};

/// The type of [`layer`], to wrap a router.
pub type Layer = FromFnLayer<Step, Authenticator, (State<Authenticator>, Request)>;

type Step = fn(State<Authenticator>, Request, Next) -> BoxFuture<'static, Response>;

/// Gives each request an `Option<Identity>` as an extension: the user from API Gateway's authorizer, if there was one,
/// else the user of its `Authorization` field; `None` without that field. A refusal by the authorizer is answered here,
/// and wrong credentials get 401, even if anonymous callers are allowed.
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
            Err(refused) => refusal(&refused),
        }
    })
}

async fn identify(
    authenticator: &Authenticator,
    fields: &HeaderMap,
    extensions: &Extensions,
) -> Result<Option<Identity>, Refused> {
    match passed_on(extensions) {
        Some(Context::Refused(refused)) => Err(refused),
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

/// The context from API Gateway, which a client cannot set.
fn passed_on(extensions: &Extensions) -> Option<Context> {
    match extensions.get::<RequestContext>()? {
        RequestContext::ApiGatewayV2(context) => Context::read(&context.authorizer.as_ref()?.fields),
        _ => None,
    }
}

/// The only `Authorization` field of a request (RFC 9110 §11.6.2).
fn authorization(fields: &HeaderMap) -> Result<Option<&[u8]>, Denied> {
    let mut fields = fields.get_all(AUTHORIZATION).iter();
    match (fields.next(), fields.next()) {
        (field, None) => Ok(field.map(http::HeaderValue::as_bytes)),
        (_, Some(_)) => Err(Malformed::Scheme.into()),
    }
}

fn refusal(refused: &Refused) -> Response {
    let text = format!("{}\n", refused.why);
    let fixed = [(CACHE_CONTROL, "no-store")];
    let mut response = match refused.refused {
        Refusal::Unauthorized => {
            (StatusCode::UNAUTHORIZED, fixed, [(WWW_AUTHENTICATE, CHALLENGE)], text).into_response()
        }
        Refusal::TooMany => {
            let after = refused.retry_after.as_deref().and_then(|after| after.parse::<u32>().ok()).unwrap_or(60);
            let after = after.to_string();
            (StatusCode::TOO_MANY_REQUESTS, fixed, [(RETRY_AFTER, after)], text).into_response()
        }
        Refusal::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, fixed, [(RETRY_AFTER, "1")], text).into_response(),
    };
    protection::written(response.headers_mut(), Embedding::OwnOrigin);
    response
}

#[cfg(test)]
mod tests;
