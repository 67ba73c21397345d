//! What the functions behind HTTP share on Lambda: [events as requests](event), answers [whole](run_buffered) and
//! [streamed](run_streamed), and [one line for each request](observed).
//!
//! Routes of axum answer an event. API Gateway decodes the path of a request; the routes get it as the client sent it:
//!
//! ```
//! use axum::Router;
//! use axum::routing::get;
//! use http::Uri;
//! use lambda_http::{Body, Context};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let routes = Router::new().route("/media/{space}/{content}", get(async |uri: Uri| uri.to_string()));
//! let event = r#"{
//!     "version": "2.0",
//!     "rawPath": "/media/films/a talk.mp4",
//!     "rawQueryString": "t=1,2",
//!     "headers": { "host": "id.execute-api.eu-west-1.amazonaws.com" },
//!     "requestContext": { "apiId": "id", "http": { "method": "GET" } },
//!     "isBase64Encoded": false
//! }"#;
//! let answer = reelspan_gateway::answer(routes, event, Context::default()).await?;
//! assert_eq!(answer.status_code, 200);
//! assert_eq!(answer.body, Some(Body::from(b"/media/films/a%20talk.mp4?t=1,2".to_vec())));
//! # Ok(())
//! # }
//! ```

mod act;
pub mod buffered;
pub mod event;
mod failure;
mod observed;
mod streamed;
mod target;

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
pub use buffered::{LARGEST, answer, run_buffered};
use http::Extensions;
use lambda_http::request::RequestContext;
use lambda_http::{Error, RequestExt};
pub use observed::observed;
use reelspan::http::origin::{Origin, OwnOrigins};
pub use streamed::run_streamed;

/// Where a request comes from: the address that API Gateway has seen, or that of the peer of the connection. Header fields do not count.
#[must_use]
pub fn address(extensions: &Extensions) -> Option<IpAddr> {
    match extensions.get::<RequestContext>() {
        Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.as_deref()?.parse().ok(),
        _ => extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip()),
    }
}

/// The request with the origins under which the server is reached as an extension: those that the environment names, and the
/// domain of the API, which API Gateway says and no client can. An HTTP API is reached by TLS alone.
#[must_use]
pub fn with_own_origins(mut request: lambda_http::Request) -> lambda_http::Request {
    let domain = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.domain_name.as_deref(),
        _ => None,
    };
    let own = OwnOrigins::from_env().and(domain.and_then(|domain| Origin::parse(&format!("https://{domain}"))));
    request.extensions_mut().insert(own);
    request
}

/// Runs a runtime as a task of its own. A task that is woken is put into a queue; for what `main` itself waits for, tokio asks the
/// kernel once more before it goes on.
async fn in_a_task(runtime: impl Future<Output = Result<(), Error>> + Send + 'static) -> Result<(), Error> {
    tokio::spawn(runtime).await?
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use lambda_http::Context;

    use super::*;

    #[test]
    fn the_domain_of_the_api_is_an_origin_of_the_server() {
        let event = event::tests::event("id.execute-api.eu-west-1.amazonaws.com", "/", "").to_string();
        let request = with_own_origins(event::request(event.as_bytes(), Context::default()).unwrap());
        let own = request.extensions().get::<OwnOrigins>().unwrap();
        let of = |text: &str| own.contains(&Origin::parse(text).unwrap(), None);
        assert!(of("https://id.execute-api.eu-west-1.amazonaws.com"));
        assert!(
            !of("http://id.execute-api.eu-west-1.amazonaws.com")
                && !of("https://id.execute-api.eu-west-2.amazonaws.com")
        );
    }
}
