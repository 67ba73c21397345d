//! The routes as a Lambda function: the tasks behind an HTTP API, and `/cookies` behind a function URL, which CloudFront asks.

use std::env;

use axum::Router;
use lambda_http::tower::ServiceBuilder;
use reelspan::distribution::{Hosts, SigningSecret};
use reelspan::store::{self, Stores};
use reelspan_gateway::{observed, run_buffered, with_own_origins};

use crate::{Error, Keyring, Signing};

impl Signing {
    /// What the function's environment names: `SPACES_TABLE`, `SIGNING_SECRET`, and what [`Stores::from_env`] reads.
    pub async fn from_env() -> Result<Self, lambda_http::Error> {
        let variable = |name| env::var(name).map_err(|_| format!("the environment variable {name} is not set"));
        let (table, secret) = (variable("SPACES_TABLE")?, variable("SIGNING_SECRET")?);
        let stores = Stores::from_env().await?;
        let config = store::aws().await;
        let secret = SigningSecret::new(aws_sdk_secretsmanager::config::Builder::from(config), secret);
        Ok(Self { table: stores.spaces(table), stores, keyring: Keyring::new(secret), hosts: Hosts::from_env() })
    }
}

/// Answers invocations until the end: by the tasks, with whatever finds out who asks around them, and by `/cookies`.
pub async fn run(tasks: Router, cookies: Router) -> Result<(), lambda_http::Error> {
    let app = Router::new().nest("/durastore", tasks).merge(cookies).fallback(async || Error::NoRoute);
    let app = observed(app);
    run_buffered(ServiceBuilder::new().map_request(with_own_origins).service(app)).await
}
