//! The routes as Lambda functions: the tasks behind an HTTP API, and the URL that sets cookies behind a function URL, which
//! CloudFront calls.

use std::env;

use axum::Router;
use lambda_http::tower::ServiceBuilder;
use reelspan::store::{self, Stores};
use reelspan::streaming::{Hosts, SecretsManager, SigningSecret};
use reelspan_gateway::{observed, run_buffered, with_own_origins};

use crate::{CookieSetter, Keyring, RestError, Signing};

impl Signing {
    /// Reads the function's environment: `SPACES_TABLE`, `SIGNING_SECRET`, and the variables of [`Stores::from_env`] and
    /// [`Hosts::from_env`].
    pub async fn from_env() -> Result<Self, lambda_http::Error> {
        let (stores, table) = (Stores::from_env().await?, variable("SPACES_TABLE")?);
        let hosts = Hosts::from_env().ok_or("the environment variables OPEN_HOST and SECURE_HOST are not set")?;
        Ok(Self { table: stores.spaces(table), stores, keyring: keyring().await?, hosts })
    }
}

impl CookieSetter {
    /// Reads the function's environment: `SPACES_TABLE`, `SIGNING_SECRET`, and the variables of [`Stores::from_env`].
    pub async fn from_env() -> Result<Self, lambda_http::Error> {
        let table = Stores::from_env().await?.spaces(variable("SPACES_TABLE")?);
        Ok(Self { table, keyring: keyring().await? })
    }
}

fn variable(name: &str) -> Result<String, lambda_http::Error> {
    env::var(name).map_err(|_| format!("the environment variable {name} is not set").into())
}

async fn keyring() -> Result<Keyring, lambda_http::Error> {
    let config = aws_sdk_secretsmanager::config::Builder::from(store::aws().await);
    Ok(Keyring::new(SigningSecret::new(SecretsManager::new(config, variable("SIGNING_SECRET")?))))
}

/// Answers invocations until the process ends: the tasks, inside a layer that authenticates callers.
pub async fn run(tasks: Router) -> Result<(), lambda_http::Error> {
    let app = observed(Router::new().nest("/durastore", tasks).fallback(async || RestError::NoRoute));
    run_buffered(ServiceBuilder::new().map_request(with_own_origins).service(app)).await
}

/// Answers invocations until the process ends: the URL that sets cookies.
pub async fn run_cookies(cookies: Router) -> Result<(), lambda_http::Error> {
    run_buffered(observed(cookies.fallback(async || RestError::NoRoute))).await
}
