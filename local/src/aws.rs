//! Clients of the AWS SDKs for the services of this process: over loopback, with the credentials of the data folder, and
//! with nothing taken from the environment, so that a person's AWS profile is never in play.

use std::net::SocketAddr;

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use aws_smithy_http_client::Builder;

use crate::{data, s3::REGION};

/// The configuration of a client of the local S3.
#[must_use]
pub fn s3(at: SocketAddr, credentials: &data::Credentials) -> aws_sdk_s3::config::Builder {
    aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(Builder::new().build_http())
        .region(Region::new(REGION))
        .credentials_provider(sdk(credentials))
        .endpoint_url(format!("http://{at}"))
        .retry_config(RetryConfig::standard())
        // Buckets are no host names here.
        .force_path_style(true)
}

/// The configuration of a client of the local `DynamoDB`.
#[must_use]
pub fn dynamodb(at: SocketAddr, credentials: &data::Credentials) -> aws_sdk_dynamodb::config::Builder {
    aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(Builder::new().build_http())
        .region(Region::new(REGION))
        .credentials_provider(sdk(credentials))
        .endpoint_url(format!("http://{at}"))
        .retry_config(RetryConfig::standard())
}

fn sdk(credentials: &data::Credentials) -> Credentials {
    Credentials::new(&credentials.access_key_id, &credentials.secret_access_key, None, None, "reelspan")
}
