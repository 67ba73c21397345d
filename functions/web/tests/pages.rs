//! The routes of the pages, built or not.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use axum::{Router, body::Body, response::Response};
use http::{
    Request, StatusCode,
    header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HOST, IF_NONE_MATCH, LOCATION},
};
use http_body_util::BodyExt;
use reelspan::http::origin::{Origin, OwnOrigins};
use tower::ServiceExt;

use reelspan_web::{PlayerPages, ViewedAt, find, router};

fn routes() -> Router {
    let origin = |text: &str| Origin::parse(text).unwrap();
    let own = OwnOrigins::new([origin("https://media.example.org")]);
    router(PlayerPages { own, streaming: vec![origin("https://stream.example.org")], catalogue: None })
}

async fn get(path: &str, accept: &str) -> Response {
    let request = Request::get(path).header(HOST, "127.0.0.1:8080").header(ACCEPT, accept).body(Body::empty()).unwrap();
    routes().oneshot(request).await.unwrap()
}

async fn text(response: Response) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

/// The statuses of what was built, and of what was not: these tests run either way.
fn built(status: StatusCode) -> StatusCode {
    if find("player/index.html").is_some() { status } else { StatusCode::NOT_IMPLEMENTED }
}

#[tokio::test]
async fn the_page_plays_media_of_this_server_and_of_its_streaming_hosts() {
    for (src, status) in [
        ("/media/demo/counter.mp4%23t=1,2", StatusCode::OK),
        ("https://media.example.org/media/demo/a%20b.mp4", StatusCode::OK),
        ("https://stream.example.org/demo/%C3%A9.mp4", StatusCode::OK),
        ("http://127.0.0.1:8080/media/demo/counter.mp4", StatusCode::OK),
        ("", StatusCode::FORBIDDEN),
        ("//evil.example.org/a.mp4", StatusCode::FORBIDDEN),
        ("/%5Cevil.example.org/a.mp4", StatusCode::FORBIDDEN),
        ("/%09/evil.example.org/a.mp4", StatusCode::FORBIDDEN),
        ("+//evil.example.org/a.mp4", StatusCode::FORBIDDEN),
        ("https://evil.example.org/a.mp4", StatusCode::FORBIDDEN),
        ("https:evil.example.org/a.mp4", StatusCode::FORBIDDEN),
        ("http://media.example.org/a.mp4", StatusCode::FORBIDDEN),
        ("https://media.example.org@evil.example.org/a.mp4", StatusCode::FORBIDDEN),
        ("https://media.example.org.evil.example.org/a.mp4", StatusCode::FORBIDDEN),
        ("http://127.0.0.1:8081/a.mp4", StatusCode::FORBIDDEN),
        ("javascript:alert(1)", StatusCode::FORBIDDEN),
        ("data:text/html,a", StatusCode::FORBIDDEN),
        ("media/demo/counter.mp4", StatusCode::FORBIDDEN),
    ] {
        assert_eq!(get(&format!("/player/?src={src}"), "*/*").await.status(), built(status), "{src}");
    }
    let other = get("/player/?src=/a.mp4&poster=https://evil.example.org/a.png", "*/*").await;
    assert_eq!(other.status(), built(StatusCode::FORBIDDEN));
}

#[tokio::test]
async fn behind_a_cache_the_page_plays_media_of_the_host_that_the_viewer_asked() {
    for (viewed, src, status) in [
        (Some("https://d1.cloudfront.net"), "https://d1.cloudfront.net/media/demo/a.mp4", StatusCode::OK),
        (None, "https://d1.cloudfront.net/media/demo/a.mp4", StatusCode::FORBIDDEN),
        (Some("https://d1.cloudfront.net"), "https://d2.cloudfront.net/media/demo/a.mp4", StatusCode::FORBIDDEN),
    ] {
        let mut request = Request::get(format!("/player/?src={src}")).header(HOST, "id.example.org");
        if let Some(viewed) = viewed {
            request = request.extension(ViewedAt(Origin::parse(viewed).unwrap()));
        }
        let answer = routes().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), built(status), "{viewed:?} {src}");
    }
}

#[tokio::test]
async fn a_refusal_is_a_page_for_people_and_problem_details_for_programs() {
    let refused = get("/player/?src=https://evil.example.org/%3Cscript%3E", "text/html,*/*;q=0.8").await;
    assert_eq!(refused.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
    assert_eq!(refused.headers()[CONTENT_SECURITY_POLICY], "default-src 'none'; base-uri 'none'");
    assert!(!text(refused).await.contains("script"));
    let refused = get("/player/?src=https://evil.example.org/", "*/*").await;
    assert_eq!(refused.headers()[CONTENT_TYPE], "application/problem+json");
}

#[tokio::test]
async fn the_page_has_a_strict_policy_and_the_files_are_kept() {
    let moved = get("/player?src=/a.mp4", "*/*").await;
    assert_eq!(
        (moved.status(), &moved.headers()[LOCATION]),
        (StatusCode::PERMANENT_REDIRECT, &"/player/?src=/a.mp4".parse().unwrap())
    );
    let page = get("/player/", "text/html").await;
    if page.status() == StatusCode::NOT_IMPLEMENTED {
        assert!(text(page).await.contains("make web"));
        return;
    }
    assert_eq!(page.headers()[CACHE_CONTROL], "public, max-age=0, s-maxage=60");
    let policy = page.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
    assert!(!policy.contains("unsafe") && policy.contains("media-src 'self' https://media.example.org https://stream"));
    let page = text(page).await;
    let script = page.split("src=\"./").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let script = get(&format!("/player/{script}"), "*/*").await;
    assert_eq!(script.headers()[CACHE_CONTROL], "public, max-age=31536000, immutable");
    assert_eq!(script.headers()["x-content-type-options"], "nosniff");

    let element = get("/player/reelspan-player.js", "*/*").await;
    assert_eq!(element.headers()[CONTENT_TYPE], "text/javascript; charset=utf-8");
    assert_eq!(element.headers()["access-control-allow-origin"], "*");
    let etag = element.headers()[ETAG].clone();
    let again = Request::get("/player/reelspan-player.js").header(IF_NONE_MATCH, etag).body(Body::empty()).unwrap();
    assert_eq!(routes().oneshot(again).await.unwrap().status(), StatusCode::NOT_MODIFIED);
    assert_eq!(get("/player/nothing.js", "*/*").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(get("/player/index.html", "*/*").await.status(), StatusCode::NOT_FOUND);
}
