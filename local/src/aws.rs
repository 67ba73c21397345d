//! Configurations of the AWS SDKs' clients for the services of this process, with the credentials of the data folder.
//! They take nothing from the environment, so that a user's AWS profile is never used.

use std::net::SocketAddr;

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_http_client::Builder;

use crate::{data, s3::REGION};

/// The configuration of a client that reaches a local S3 over loopback.
#[must_use]
pub fn s3(at: SocketAddr, credentials: &data::AccessKey) -> aws_sdk_s3::config::Builder {
    // Buckets are not host names here.
    aws_sdk_s3::config::Builder::from(&config(&format!("http://{at}"), credentials)).force_path_style(true)
}

fn config(endpoint: &str, credentials: &data::AccessKey) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(Builder::new().build_http())
        .region(Region::new(REGION))
        .credentials_provider(SharedCredentialsProvider::new(sdk(credentials)))
        .endpoint_url(endpoint)
        .retry_config(RetryConfig::standard())
        .build()
}

pub(crate) fn sdk(credentials: &data::AccessKey) -> Credentials {
    Credentials::new(&credentials.access_key_id, &credentials.secret_access_key, None, None, "reelspan")
}
