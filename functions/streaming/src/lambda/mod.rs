//! The functions on Lambda: the tasks behind the HTTP API, the custom resource that makes the signing key, and the function
//! that tells the edges which files were replaced.

pub(crate) mod cloudfront;
pub mod forget;
pub mod signing_keys;
mod tasks;

use std::env;

use aws_config::SdkConfig;
use reelspan::store;
use reelspan::streaming::{SecretsManager, SigningSecret};

pub use tasks::{from_env, run};

use crate::keys::{CloudFrontKeys, SigningKeys};

/// A variable of the environment.
fn variable(name: &str) -> Result<String, lambda_http::Error> {
    env::var(name).map_err(|_| format!("the environment variable {name} is not set").into())
}

/// The signing keys that the environment names: `SIGNING_SECRET`, `STREAMING_NAME`, and `SECURE_DISTRIBUTION` if there is one.
async fn signing_keys() -> Result<SigningKeys, lambda_http::Error> {
    let config: &SdkConfig = store::aws().await;
    let secret =
        SecretsManager::new(aws_sdk_secretsmanager::config::Builder::from(config), variable("SIGNING_SECRET")?);
    let distribution = env::var("SECURE_DISTRIBUTION").ok().filter(|id| !id.is_empty());
    let cloudfront = aws_sdk_cloudfront::config::Builder::from(config);
    let group = CloudFrontKeys::new(cloudfront, variable("STREAMING_NAME")?, distribution);
    Ok(SigningKeys::new(group, SigningSecret::new(secret)))
}
