//! Configurations of the AWS SDKs' clients for the services of this process, with the credentials of the data folder.
//! They take nothing from the environment, so that a user's AWS profile is never used.

use std::net::SocketAddr;

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_http_client::Builder;

use crate::{data, dynamodb::DynamoDb, s3::REGION};

/// The endpoint of DynamoDB: a name that the SDK requires, and that never resolves (RFC 6761 §6.4).
const DYNAMODB: &str = "http://dynamodb.reelspan.invalid";

/// The configuration of a client that reaches a local S3 over loopback.
#[must_use]
pub fn s3(at: SocketAddr, credentials: &data::Credentials) -> aws_sdk_s3::config::Builder {
    // Buckets are not host names here.
    aws_sdk_s3::config::Builder::from(&config(&format!("http://{at}"), credentials)).force_path_style(true)
}

/// The configuration of a client for the tables of a data folder, which calls them in this process.
#[must_use]
pub fn dynamodb(tables: &DynamoDb, credentials: &data::Credentials) -> aws_sdk_dynamodb::config::Builder {
    aws_sdk_dynamodb::config::Builder::from(&config(DYNAMODB, credentials)).http_client(tables.client())
}

fn config(endpoint: &str, credentials: &data::Credentials) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(Builder::new().build_http())
        .region(Region::new(REGION))
        .credentials_provider(SharedCredentialsProvider::new(sdk(credentials)))
        .endpoint_url(endpoint)
        .retry_config(RetryConfig::standard())
        .build()
}

pub(crate) fn sdk(credentials: &data::Credentials) -> Credentials {
    Credentials::new(&credentials.access_key_id, &credentials.secret_access_key, None, None, "reelspan")
}
