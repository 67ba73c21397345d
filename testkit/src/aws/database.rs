//! An embedded DynamoDB on a port of its own.

use aws_sdk_dynamodb::config::{self as dynamodb, Credentials, Region};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

/// Starts a DynamoDB without tables, and configures a client of it. It runs until the test's runtime ends.
pub async fn database() -> dynamodb::Builder {
    database_at().await.1
}

/// The same, and its address.
pub async fn database_at() -> (std::net::SocketAddr, dynamodb::Builder) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(dynoxide::server::serve_on(listener, dynoxide::Database::memory().unwrap()));
    let client = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let config = dynamodb::Builder::new()
        .behavior_version(dynamodb::BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(format!("http://{address}"))
        .http_client(client);
    (address, config)
}
