//! What is answered without a store: these have nothing behind them, and a request that reached one would be a 502.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use axum::body::{Body, to_bytes};
use http::{Request, Response};
use reelspan::store::{self, Quotas, Stores};
use reelspan::streaming::Hosts;
use reelspan::user::{Identity, Role};
use tower::ServiceExt;

use crate::{Carrier, Deletions, Spaces};

/// Stores whose port discards; nothing listens there.
fn nowhere() -> Spaces {
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
    let stores = Stores::new(s3, dynamodb, "media", "ContainerIndex");
    let table = stores.spaces("Spaces");
    let (deletions, hosts) = (Deletions::Here, Hosts::new("d1.cloudfront.net", "d2.cloudfront.net"));
    let quotas = Quotas::new(stores.index.clone(), table.clone());
    Spaces { table, stores, quotas, carrier: Carrier::Stream, deletions, hosts, streams: None }
}

/// A request by somebody of this role, or by nobody.
async fn send(role: Option<Role>, method: &str, path: &str) -> Response<Body> {
    let who = role.map(|role| Identity { name: "alice".to_owned(), role, groups: Vec::new() });
    let mut request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    request.extensions_mut().insert(who);
    nowhere().router().oneshot(request).await.unwrap()
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(to_bytes(response.into_body(), 10_000).await.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn nobody_is_asked_for_credentials_before_anything_is_looked_up() {
    for (method, path) in [
        ("GET", "/stores"),
        ("GET", "/spaces"),
        ("PUT", "/films"),
        ("PUT", "/Films"),
        ("GET", "/Films"),
        ("HEAD", "/acl/films"),
        ("POST", "/acl/Films"),
        ("PUT", "/films/a"),
        ("PUT", "/films/.."),
        ("DELETE", "/Films/a"),
        ("GET", "/task"),
        ("POST", "/task/get-upload-url"),
    ] {
        let response = send(None, method, path).await;
        assert_eq!(response.status(), 401, "{method} {path}");
        assert!(response.headers()["www-authenticate"].to_str().unwrap().starts_with("Basic "), "{method} {path}");
    }
}

#[tokio::test]
async fn a_name_that_cannot_be_one_reaches_no_store() {
    for (method, path, status) in [
        ("PUT", "/Films", 400),
        ("PUT", "/aux", 400),
        ("PUT", "/ab", 400),
        ("PUT", "/films/..", 400),
        ("PUT", "/films/%2e%2e", 400),
        ("PUT", "/films/a/..%2Fb", 400),
        ("PUT", "/films/a%00", 400),
        ("PUT", "/films/%ff", 400),
        ("PUT", "/Films/a", 400),
        ("GET", "/Films", 404),
        ("HEAD", "/Films", 404),
        ("POST", "/Films", 404),
        ("DELETE", "/Films", 404),
        ("HEAD", "/acl/Films", 404),
        ("POST", "/acl/Films", 404),
        ("GET", "/Films/a", 404),
        ("GET", "/films%2F..%2Fsecrets", 404),
        ("POST", "/films/%ff", 400),
    ] {
        let response = send(Some(Role::Admin), method, path).await;
        assert_eq!(response.status(), status, "{method} {path}");
        assert_eq!(response.headers()["content-type"], "text/plain", "{method} {path}");
    }
}

#[tokio::test]
async fn only_owners_and_admins_make_spaces() {
    assert_eq!(send(Some(Role::User), "PUT", "/films").await.status(), 403);
    for role in [Role::Owner, Role::Admin] {
        // They get as far as the table.
        assert_eq!(send(Some(role), "PUT", "/films").await.status(), 502);
    }
}

#[tokio::test]
async fn what_is_always_the_same_needs_no_store() {
    assert!(text(send(Some(Role::User), "GET", "/stores").await).await.contains("<id>1</id>"));
    let tasks = text(send(Some(Role::User), "GET", "/task").await).await;
    assert!(tasks.starts_with("<list><string>") && tasks.contains("<string>get-upload-url</string>"));
    let unknown = send(Some(Role::User), "POST", "/task/make-coffee").await;
    assert_eq!(unknown.status(), 400);
    assert!(text(unknown).await.contains("make-coffee"));
}

#[tokio::test]
async fn a_path_or_a_method_that_is_none_is_a_problem() {
    for (method, path, status) in
        [("GET", "/", 404), ("PATCH", "/films", 405), ("POST", "/spaces", 405), ("PUT", "/acl/films", 405)]
    {
        let response = send(Some(Role::Admin), method, path).await;
        assert_eq!(response.status(), status, "{method} {path}");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
    }
}

#[tokio::test]
async fn a_store_that_fails_is_not_told_of() {
    let response = send(Some(Role::Admin), "GET", "/films").await;
    assert_eq!(response.status(), 502);
    assert!(!text(response).await.contains("127.0.0.1"));
}
