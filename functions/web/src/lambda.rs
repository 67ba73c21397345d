//! The pages of `/player/` and `/oembed` as a Lambda function behind an HTTP API. The function that serves media does not serve
//! them: pages change with each release, and their megabyte would be loaded at each start of a function that needs none of it.
//!
//! In front of the API stands a distribution of CloudFront that keeps the answers. It has to ask the API under the API's own name
//! (<https://repost.aws/knowledge-center/configure-cloudfront-to-forward-headers>), so a function at the edge says in a field of ours
//! which name a viewer asked. Anybody may send that field to the API itself, so `Vary` tells other caches that answers depend on it.

use std::env;

use axum::Router;
use axum::response::Response;
use http::header::{HeaderName, HeaderValue, VARY};
use lambda_http::tower::ServiceBuilder;
use reelspan::http::origin::{Origin, OwnOrigins};
use reelspan::store::Stores;
use reelspan::streaming::Hosts;
use reelspan_gateway::{observed, run_buffered, with_own_origins};

use crate::console::Console;
use crate::{MediaCatalogue, PlayerPages, ViewedAt};

/// The host that a viewer asked (`functions/edge/pages-request.js`).
const VIEWED_HOST: HeaderName = HeaderName::from_static("x-reelspan-host");

impl Console {
    /// Reads the function's environment: `UPLOAD_ORIGIN`, the origin of the bucket that presigned URLs have, and the variables of
    /// [`PlayerPages::from_env`].
    ///
    /// # Errors
    ///
    /// If one of them is not set.
    pub async fn from_env() -> Result<Self, lambda_http::Error> {
        let uploads = env::var("UPLOAD_ORIGIN").ok().as_deref().and_then(Origin::parse);
        let uploads = vec![uploads.ok_or("the environment variable UPLOAD_ORIGIN is not the origin of the bucket")?];
        Ok(Self { pages: PlayerPages::from_env().await?, uploads })
    }
}

impl PlayerPages {
    /// Reads the function's environment: `SPACES_TABLE`, and the variables of [`Stores::from_env`], [`Hosts::from_env`] and
    /// [`OwnOrigins::from_env`].
    ///
    /// # Errors
    ///
    /// If one of them is not set.
    pub async fn from_env() -> Result<Self, lambda_http::Error> {
        let table = env::var("SPACES_TABLE").map_err(|_| "the environment variable SPACES_TABLE is not set")?;
        let hosts = Hosts::from_env().ok_or("the environment variables OPEN_HOST and SECURE_HOST are not set")?;
        let stores = Stores::from_env().await?;
        let streaming = ["OPEN_HOST", "SECURE_HOST"].iter().filter_map(|name| env::var(name).ok());
        let streaming = streaming.filter_map(|host| Origin::parse(&format!("https://{host}"))).collect();
        let catalogue = MediaCatalogue { spaces: stores.spaces(table), stores, hosts };
        Ok(Self { own: OwnOrigins::from_env(), streaming, catalogue: Some(catalogue) })
    }
}

/// Answers invocations until the process ends.
///
/// # Errors
///
/// If the runtime's API cannot be reached.
pub async fn run(routes: Router) -> Result<(), lambda_http::Error> {
    let routes = routes.layer(axum::middleware::map_response(varied));
    let functions = ServiceBuilder::new().map_request(with_own_origins).map_request(with_viewed_host);
    run_buffered(functions.service(observed(routes))).await
}

/// Notes the origin that the viewer asked.
fn with_viewed_host(mut request: lambda_http::Request) -> lambda_http::Request {
    let host = request.headers().get(VIEWED_HOST).and_then(|host| host.to_str().ok());
    if let Some(origin) = host.and_then(|host| Origin::parse(&format!("https://{host}"))) {
        request.extensions_mut().insert(ViewedAt(origin));
    }
    request
}

async fn varied(mut response: Response) -> Response {
    response.headers_mut().append(VARY, HeaderValue::from_static("x-reelspan-host"));
    response
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_edge_says_which_host_was_asked() {
        let viewed = |host: &str| {
            let request =
                http::Request::get("/player/").header(VIEWED_HOST, host).body(lambda_http::Body::Empty).unwrap();
            let request = with_viewed_host(request);
            request.extensions().get::<ViewedAt>().map(|ViewedAt(origin)| origin.to_string())
        };
        assert_eq!(viewed("d1.cloudfront.net").as_deref(), Some("https://d1.cloudfront.net"));
        for hostile in ["", "a b", "a@b", "a/b", "\"><script>"] {
            assert_eq!(viewed(hostile), None, "{hostile}");
        }
    }
}
