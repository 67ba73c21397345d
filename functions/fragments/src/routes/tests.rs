//! Answers that need no store: there is none here, so a request that reached one would get a 502.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use http::Request;
use reelspan::budget::Budget;
use reelspan::store::{self, Stores};
use reelspan::streaming::Hosts;
use tower::ServiceExt;

use crate::{Delivery, Fragments, Viewers};

/// Stores at the discard port, where nothing listens.
fn nowhere() -> Stores {
    let credentials = aws_sdk_s3::config::Credentials::new("nobody", "nothing", None, None, "nowhere");
    let s3 = aws_sdk_s3::config::Builder::new()
        .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
        .region(aws_sdk_s3::config::Region::from_static("us-east-1"))
        .http_client(store::http_client())
        .credentials_provider(credentials.clone())
        .endpoint_url("http://127.0.0.1:9");
    let dynamodb = aws_sdk_dynamodb::config::Builder::new()
        .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
        .region(aws_sdk_dynamodb::config::Region::from_static("us-east-1"))
        .http_client(store::http_client())
        .credentials_provider(credentials)
        .endpoint_url("http://127.0.0.1:9");
    Stores::new(s3, dynamodb, "media", "ContainerIndex")
}

async fn send(method: &str, path: &str, fields: &[(&str, &str)]) -> http::Response<axum::body::Body> {
    let stores = nowhere();
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let spaces = stores.spaces("Spaces");
    let hosts = Some(Hosts::new("d1.cloudfront.net", "d2.cloudfront.net"));
    let (viewers, delivery) = (Viewers::Direct, Delivery::Streamed);
    let fragments = Fragments { stores, spaces, hosts, viewers, delivery, budget: Budget::default() };
    fragments.router().oneshot(request.body(axum::body::Body::empty()).unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_name_that_cannot_be_one_reaches_no_store() {
    for (path, status) in [
        ("/", 404),
        ("/media", 404),
        ("/media/films", 404),
        ("/media/films/", 404),
        ("/media/Films/a.mp4", 404),
        ("/media/fi%20lms/a.mp4", 404),
        ("/media/films/a/../b.mp4", 404),
        ("/media/films/%2e%2e/secrets/a.mp4", 404),
        ("/media/films/..%2Fsecrets%2Fa.mp4", 404),
        ("/media/films%2F..%2Fsecrets/a.mp4", 404),
        ("/media/films/a%00.mp4", 404),
        ("/media/films/a%3F.mp4", 404),
        ("/media/films/%ff.mp4", 400),
    ] {
        let response = send("GET", path, &[]).await;
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(response.headers()["content-type"], "application/problem+json", "{path}");
        assert_eq!(response.headers()["access-control-allow-origin"], "*", "{path}");
    }
}

#[tokio::test]
async fn media_are_read_and_nothing_else() {
    for method in ["PUT", "POST", "DELETE", "PATCH"] {
        let response = send(method, "/media/films/a.mp4", &[]).await;
        assert_eq!(response.status(), 405);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        assert_eq!(response.headers()["allow"], "GET,HEAD");
    }
    assert_eq!(send("GET", "/health", &[]).await.status(), 204);
}

#[tokio::test]
async fn pages_of_any_origin_may_ask_for_parts() {
    let asked = [
        ("origin", "https://library.example"),
        ("access-control-request-method", "GET"),
        ("access-control-request-headers", "range,accept-range-redirect,if-range"),
    ];
    let response = send("OPTIONS", "/media/films/a.mp4", &asked).await;
    assert_eq!(response.status(), 200);
    let field = |name: &str| response.headers()[name].to_str().unwrap().to_lowercase();
    assert_eq!(field("access-control-allow-origin"), "*");
    for name in ["range", "accept-range-redirect", "if-none-match", "if-range"] {
        assert!(field("access-control-allow-headers").split(',').any(|allowed| allowed.trim() == name), "{name}");
    }
    let response = send("GET", "/health", &asked[..1]).await;
    let exposed = response.headers()["access-control-expose-headers"].to_str().unwrap().to_lowercase();
    for name in
        ["accept-ranges", "content-range", "content-range-mapping", "etag", "content-length", "x-media-fragment"]
    {
        assert!(exposed.split(',').any(|field| field.trim() == name), "{name}");
    }
    assert!(!response.headers().contains_key("vary"));
}
