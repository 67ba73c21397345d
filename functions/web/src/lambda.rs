//! The pages of `/player/` and `/oembed` as a Lambda function behind an HTTP API. The function that serves media does not serve
//! them: pages change with each release, and their megabyte would be loaded at each start of a function that needs none of it.

use std::env;

use axum::Router;
use lambda_http::tower::ServiceBuilder;
use reelspan::http::origin::{Origin, OwnOrigins};
use reelspan::store::Stores;
use reelspan::streaming::Hosts;
use reelspan_gateway::{observed, run_buffered, with_own_origins};

use crate::console::Console;
use crate::{Catalogue, Pages};

impl Console {
    /// Reads the function's environment: `UPLOAD_ORIGIN`, the origin of the bucket that presigned URLs have, and the variables of
    /// [`Pages::from_env`].
    ///
    /// # Errors
    ///
    /// If one of them is not set.
    pub async fn from_env() -> Result<Self, lambda_http::Error> {
        let uploads = env::var("UPLOAD_ORIGIN").ok().as_deref().and_then(Origin::parse);
        let uploads = vec![uploads.ok_or("the environment variable UPLOAD_ORIGIN is not the origin of the bucket")?];
        Ok(Self { pages: Pages::from_env().await?, uploads })
    }
}

impl Pages {
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
        let catalogue = Catalogue { spaces: stores.spaces(table), stores, hosts };
        Ok(Self { own: OwnOrigins::from_env(), streaming, catalogue: Some(catalogue) })
    }
}

/// Answers invocations until the process ends.
///
/// # Errors
///
/// If the runtime's API cannot be reached.
pub async fn run(routes: Router) -> Result<(), lambda_http::Error> {
    run_buffered(ServiceBuilder::new().map_request(with_own_origins).service(observed(routes))).await
}
