//! The layer around routes.

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

use crate::lambda::{Context, Refusal, Refused};

/// What [`layer`] gives, to be put around a router.
pub type Layer = FromFnLayer<Step, Authenticator, (State<Authenticator>, Request)>;

type Step = fn(State<Authenticator>, Request, Next) -> BoxFuture<'static, Response>;

/// Gives each request an `Option<Identity>` as an extension: who API Gateway's authorizer says it is, where there was one, or
/// else whose credentials its `Authorization` field has; `None` where it has no such field. Whom the authorizer refuses is
/// answered here, and wrong credentials are with 401, also where nobody in particular would do.
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
        _ => Ok(authenticator.authenticate(authorization(fields)?).await?),
    }
}

/// What API Gateway says of the request. Nothing that a client sends gets there.
fn passed_on(extensions: &Extensions) -> Option<Context> {
    match extensions.get::<RequestContext>()? {
        RequestContext::ApiGatewayV2(context) => Context::read(&context.authorizer.as_ref()?.fields),
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

fn refusal(refused: &Refused) -> Response {
    let text = format!("{}\n", refused.why);
    let fixed = [(CACHE_CONTROL, "no-store")];
    let mut response = match refused.refused {
        Refusal::Unauthorized => {
            (StatusCode::UNAUTHORIZED, fixed, [(WWW_AUTHENTICATE, CHALLENGE)], text).into_response()
        }
        Refusal::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, fixed, [(RETRY_AFTER, "1")], text).into_response(),
    };
    protection::written(response.headers_mut(), Embedding::OwnOrigin);
    response
}

#[cfg(test)]
mod tests;
