//! The routes as a Lambda function, behind an HTTP API or a function URL.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use http::Uri;
use lambda_http::RequestExt;
use lambda_http::request::RequestContext;
use lambda_http::tower::ServiceBuilder;
use reelspan_gateway::{observed, run_buffered, run_streamed};

use crate::{Delivery, Fragments, Viewers, edge};

/// Answers invocations until the process ends.
pub async fn run(fragments: Fragments) -> Result<(), lambda_http::Error> {
    let (delivery, viewers) = (fragments.delivery, fragments.viewers);
    let service = ServiceBuilder::new()
        .map_request(move |request| match viewers {
            Viewers::Direct => from_viewer(request),
            Viewers::CloudFront => from_edge(request),
        })
        .map_response(move |response| match viewers {
            Viewers::Direct => response,
            Viewers::CloudFront => edge::respond(response),
        })
        .service(observed(fragments.router()));
    match delivery {
        Delivery::Streamed | Delivery::StreamedByLambda => run_streamed(service).await,
        Delivery::Buffered | Delivery::Redirected => run_buffered(service).await,
    }
}

/// The request as the viewer has sent it, with the address that it comes from. One that the edge has not written gets a path that is
/// no content's.
fn from_edge(mut request: lambda_http::Request) -> lambda_http::Request {
    if let Some(address) = request.headers().get(&edge::VIEWER_ADDRESS).and_then(edge::viewer_address) {
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(address, 0)));
    }
    if let Some(uri) = edge::restored(request.uri()) {
        *request.uri_mut() = uri;
    } else {
        *request.uri_mut() = Uri::from_static("/");
    }
    request
}

/// The request with the address that it comes from. API Gateway has seen it; no header field says it.
fn from_viewer(mut request: lambda_http::Request) -> lambda_http::Request {
    let address = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.as_deref(),
        _ => None,
    };
    if let Some(address) = address.and_then(|address| address.parse::<IpAddr>().ok()) {
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(address, 0)));
    }
    request
}
