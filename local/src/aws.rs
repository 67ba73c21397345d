//! Clients of the AWS SDKs for the services of this process: over loopback, with the credentials of the data folder, and
//! with nothing taken from the environment, so that a person's AWS profile is never in play.

use std::net::SocketAddr;

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_http_client::Builder;

use crate::{data, s3::REGION};

/// The configuration of a client of the local S3.
#[must_use]
pub fn s3(at: SocketAddr, credentials: &data::Credentials) -> aws_sdk_s3::config::Builder {
    // Buckets are no host names here.
    aws_sdk_s3::config::Builder::from(&config(at, credentials)).force_path_style(true)
}

/// The configuration of a client of the local DynamoDB.
#[must_use]
pub fn dynamodb(at: SocketAddr, credentials: &data::Credentials) -> aws_sdk_dynamodb::config::Builder {
    aws_sdk_dynamodb::config::Builder::from(&config(at, credentials))
}

fn config(at: SocketAddr, credentials: &data::Credentials) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(Builder::new().build_http())
        .region(Region::new(REGION))
        .credentials_provider(SharedCredentialsProvider::new(sdk(credentials)))
        .endpoint_url(format!("http://{at}"))
        .retry_config(RetryConfig::standard())
        .build()
}

pub(crate) fn sdk(credentials: &data::Credentials) -> Credentials {
    Credentials::new(&credentials.access_key_id, &credentials.secret_access_key, None, None, "reelspan")
}
