//! HTTP clients for the AWS SDKs whose requests never leave the process: a service gets a request as a value, without a
//! port. So neither another program on the machine nor a web page can send one.

use std::{fmt, sync::Arc};

use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn},
    result::ConnectorError,
};

/// Creates a client of a function that answers requests. `service` names it in logs.
pub fn client<F, A>(service: &'static str, answer: F) -> SharedHttpClient
where
    F: Fn(HttpRequest) -> A + Send + Sync + 'static,
    A: Future<Output = Result<HttpResponse, ConnectorError>> + Send + 'static,
{
    let connector = SharedHttpConnector::new(InProcess { service, answer: Arc::new(answer) });
    http_client_fn(move |_, _| connector.clone())
}

struct InProcess<F> {
    service: &'static str,
    answer: Arc<F>,
}

impl<F, A> HttpConnector for InProcess<F>
where
    F: Fn(HttpRequest) -> A + Send + Sync + 'static,
    A: Future<Output = Result<HttpResponse, ConnectorError>> + Send + 'static,
{
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = Arc::clone(&self.answer);
        HttpConnectorFuture::new(async move { answer(request).await })
    }
}

impl<F> fmt::Debug for InProcess<F> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("InProcess").field("service", &self.service).finish_non_exhaustive()
    }
}
