//! The S3 API, as a service within the process and on a port.

use std::{fmt, sync::Arc, time::Duration};

use aws_sdk_s3::config::http::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::{http::SharedHttpClient, result::ConnectorError};
use aws_smithy_types::body::SdkBody;
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header::HOST};
use s3s::{
    Body, HttpError,
    auth::SimpleAuth,
    service::{S3Service, S3ServiceBuilder},
};
use tokio_util::sync::CancellationToken;

use super::{
    browser::Browsers,
    signed,
    store::{Operations, Store},
};
use crate::{
    connections::{Port, Received},
    data::AccessKey,
    in_process,
};

/// Answers S3 requests, each signed with the credentials of the data folder (SigV4, in headers or in a presigned URL).
#[derive(Clone)]
pub struct S3Api {
    service: S3Service,
}

impl S3Api {
    /// The API of a store, for clients with these credentials.
    #[must_use]
    pub fn new(store: Arc<Store>, credentials: &AccessKey) -> Self {
        let mut builder = S3ServiceBuilder::new(Operations(store));
        let secret = credentials.secret_access_key.clone();
        builder.set_auth(SimpleAuth::from_single(credentials.access_key_id.clone(), secret));
        Self { service: builder.build() }
    }

    /// Answers a request.
    pub async fn answer(&self, request: Request<Body>) -> Result<Response<Body>, HttpError> {
        let (parts, body) = request.into_parts();
        match signed::check(&parts) {
            Ok(()) => self.service.call(Request::from_parts(parts, body)).await,
            Err(refusal) => Ok(refusal.response()),
        }
    }

    /// An HTTP client for the SDK that calls the API in this process. Its requests are signed, and their signatures
    /// verified, as those of other clients are.
    #[must_use]
    pub fn client(&self) -> SharedHttpClient {
        let api = self.clone();
        in_process::client("S3", move |request| {
            let api = api.clone();
            async move {
                let request = received(request).map_err(ConnectorError::user)?;
                let is_head = request.method() == Method::HEAD;
                let answer =
                    api.answer(request).await.map_err(|error| ConnectorError::io(format!("{error:?}").into()))?;
                // A connection would carry no body here (RFC 9112 §6.3), and the SDK parses one as an error of another
                // operation.
                let answer = answer.map(|body| if is_head { SdkBody::empty() } else { SdkBody::from_body_1_x(body) });
                HttpResponse::try_from(answer).map_err(|error| ConnectorError::other(error.into(), None))
            }
        })
    }
}

/// Converts a request of the SDK to the form that a server receives: with a `Host`, and a target in origin form (RFC
/// 9112 §3.2.1).
fn received(request: HttpRequest) -> Result<Request<Body>, Box<dyn std::error::Error + Send + Sync>> {
    let mut request = request.try_into_http1x()?.map(Body::http_body_unsync);
    if let Some(authority) = request.uri().authority() {
        let host = HeaderValue::from_str(authority.as_str())?;
        request.headers_mut().entry(HOST).or_insert(host);
    }
    if let Some(target) = request.uri().path_and_query() {
        *request.uri_mut() = Uri::from(target.clone());
    }
    Ok(request)
}

impl fmt::Debug for S3Api {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Api").finish_non_exhaustive()
    }
}

/// Answers S3 requests on a port until `stop`, then gives running requests `patience` to end. Pages of the allowed
/// origins may use presigned URLs.
pub async fn serve(port: Port, api: S3Api, browsers: Browsers, stop: CancellationToken, patience: Duration) {
    let browsers = Arc::new(browsers);
    let answer = move |request: Request<Received>| {
        let (api, browsers) = (api.clone(), Arc::clone(&browsers));
        async move { browsed(&api, &browsers, request).await }
    };
    port.serve(answer, stop, patience).await;
}

/// Answers a request that may come from a page in a browser.
async fn browsed(api: &S3Api, browsers: &Browsers, request: Request<Received>) -> Response<Body> {
    if let Some((status, fields)) = browsers.preflight(request.method(), request.headers()) {
        let mut response = Response::new(Body::empty());
        (*response.status_mut(), *response.headers_mut()) = (status, fields);
        return response;
    }
    let (method, asked) = (request.method().clone(), request.headers().clone());
    let mut response = api.answer(request.map(Body::http_body_unsync)).await.unwrap_or_else(|error| {
        tracing::error!(?error, "a request to S3 was not answered");
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    });
    let mut status = response.status();
    browsers.finish(&method, &asked, &mut status, response.headers_mut());
    *response.status_mut() = status;
    response
}
