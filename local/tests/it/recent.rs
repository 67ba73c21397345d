//! What a function remembers of the index: a fragment that was asked for lately is one round trip, and its bytes and header fields
//! are of the content as it is now.

use std::sync::Arc;

use aws_sdk_s3::types::MetadataDirective;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH, RANGE};
use axum::http::{HeaderMap, HeaderName, Method, Request, StatusCode};
use reelspan::store::{CallCounts, Stores};
use reelspan_local::s3::MEDIA_BUCKET;
use reelspan_testkit::media;
use tower::ServiceExt;

use crate::harness;
use crate::round_trips::Chain;

/// A function with a memory, and the same without.
struct Functions {
    chain: Chain,
    stores: Stores,
    warm: Router,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Functions {
    async fn start() -> Self {
        let chain = Chain::start().await;
        let mut stores = chain.stores.clone();
        stores.index = stores.index.remembering(1 << 20);
        let warm = harness::fragments(stores.clone());
        Self { chain, stores, warm }
    }

    async fn warm(&self, method: Method, path: &str, field: Option<(HeaderName, &str)>) -> Answer {
        ask(&self.warm, method, path, field).await
    }

    /// The answer of the function with a memory, and the calls that it took.
    async fn counted(&self, method: Method, path: &str, field: Option<(HeaderName, &str)>) -> (Answer, (u64, u64)) {
        let before = self.stores.calls();
        let answer = self.warm(method, path, field).await;
        let CallCounts { s3, dynamodb } = self.stores.calls();
        (answer, (s3 - before.s3, dynamodb - before.dynamodb))
    }

    /// The answer of a function that has just begun.
    async fn cold(&self, path: &str) -> Answer {
        ask(&self.chain.router, Method::GET, path, None).await
    }
}

async fn ask(router: &Router, method: Method, path: &str, field: Option<(HeaderName, &str)>) -> Answer {
    let mut request = Request::builder().method(method).uri(format!("/media/{path}")).body(Body::empty()).unwrap();
    request.headers_mut().extend(field.map(|(name, value)| (name, value.parse().unwrap())));
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    // A body that breaks off is one that a client notices.
    let body = to_bytes(body, usize::MAX).await.map(|bytes| bytes.to_vec()).unwrap_or_default();
    Answer { status: parts.status, headers: parts.headers, body }
}

#[tokio::test]
async fn a_fragment_that_was_asked_for_lately_is_one_get() {
    let functions = Functions::start().await;
    functions.chain.put("demo/long.webm", media::webm(13, 300, 2).to_vec()).await;
    for name in ["counter.mp4", "counter-moov-last.mp4", "formats/stereo.mp3"] {
        let sample = format!("{}/../samples/{name}", env!("CARGO_MANIFEST_DIR"));
        functions.chain.put(&format!("demo/{name}"), std::fs::read(sample).unwrap()).await;
    }
    let first = functions.warm(Method::GET, "demo/long.webm?t=12,20", None).await;
    let tag = first.headers[ETAG].to_str().unwrap().to_owned();
    let cases = [
        (Method::GET, "demo/long.webm?t=12,20", None, StatusCode::OK, (1, 0)),
        (Method::GET, "demo/long.webm?t=13,14&track=audio", None, StatusCode::OK, (1, 0)),
        (Method::GET, "demo/long.webm", Some((RANGE, "t:npt=12-13")), StatusCode::PARTIAL_CONTENT, (1, 0)),
        (Method::GET, "demo/long.webm", Some((RANGE, "bytes=70000-80000")), StatusCode::PARTIAL_CONTENT, (1, 0)),
        // Its pages are others, and are remembered from then on.
        (Method::GET, "demo/long.webm?t=612.3,631", None, StatusCode::OK, (1, 1)),
        (Method::GET, "demo/long.webm?t=612.3,631", None, StatusCode::OK, (1, 0)),
        // S3 would not tell that these are behind.
        (Method::HEAD, "demo/long.webm?t=12,20", None, StatusCode::OK, (0, 1)),
        (Method::GET, "demo/long.webm?t=12,20", Some((IF_NONE_MATCH, &*tag)), StatusCode::NOT_MODIFIED, (0, 1)),
        (Method::GET, "demo/long.webm?t=5000,5001", None, StatusCode::NOT_FOUND, (0, 1)),
        (Method::GET, "demo/counter.mp4/~/master.m3u8", None, StatusCode::OK, (0, 2)),
    ];
    for (method, path, field, status, expected) in cases {
        let (answer, calls) = functions.counted(method.clone(), path, field).await;
        assert_eq!((answer.status, calls), (status, expected), "{method} {path}");
    }
    let listed = async |path: &str, end: &str| {
        let text = String::from_utf8(functions.warm(Method::GET, path, None).await.body).unwrap();
        let name = text.lines().find(|line| line.ends_with(end) && !line.starts_with('#')).unwrap().to_owned();
        format!("{}/{name}", path.rsplit_once('/').unwrap().0)
    };
    for (name, end) in [("counter.mp4", ".m4s"), ("formats/stereo.mp3", ".mp3")] {
        let playlist = listed(&format!("demo/{name}/~/master.m3u8"), ".m3u8").await;
        let segment = listed(&playlist, end).await;
        let first = functions.warm(Method::GET, &segment, None).await;
        let (again, calls) = functions.counted(Method::GET, &segment, None).await;
        assert_eq!((again.status, calls), (StatusCode::OK, (1, 0)), "{segment}");
        assert!(again.body == first.body && again.body == functions.cold(&segment).await.body);
    }
    // A viewer goes on: with the pages of the first segment those of the next minute are read.
    let playlist = listed("demo/counter-moov-last.mp4/~/master.m3u8", ".m3u8").await;
    let text = String::from_utf8(functions.warm(Method::GET, &playlist, None).await.body).unwrap();
    let folder = playlist.rsplit_once('/').unwrap().0;
    let mut looked_up = Vec::new();
    for name in text.lines().filter(|line| line.rsplit('.').next() == Some("m4s") && !line.starts_with('#')) {
        let (answer, (s3, dynamodb)) = functions.counted(Method::GET, &format!("{folder}/{name}"), None).await;
        assert_eq!((answer.status, s3), (StatusCode::OK, 1), "{name}");
        looked_up.push(dynamodb);
    }
    assert_eq!(looked_up, [1, 0, 0]);
    functions.chain.local.stop().await;
}

#[tokio::test]
async fn what_is_replaced_or_only_described_anew_is_noticed() {
    let functions = Functions::start().await;
    functions.chain.put("demo/other.webm", media::webm(1, 300, 2).to_vec()).await;
    functions.chain.put("demo/film.webm", media::webm(1, 300, 2).to_vec()).await;
    // Whatever time a change takes, the space is believed to be open after this.
    let believed = async || assert_eq!(functions.warm(Method::HEAD, "demo/other.webm", None).await.status, 200);
    let path = "demo/film.webm";
    assert_eq!(functions.warm(Method::GET, path, None).await.headers[CONTENT_TYPE], "video/webm");
    // S3 says when an object was stored by the second.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let copied = functions.chain.local.client.copy_object().bucket(MEDIA_BUCKET).key(path);
    let copied = copied.copy_source(format!("{MEDIA_BUCKET}/{path}")).content_type("video/x-other");
    copied.metadata_directive(MetadataDirective::Replace).send().await.unwrap();
    functions.chain.indexed().await;
    believed().await;
    let (answer, calls) = functions.counted(Method::GET, path, None).await;
    let expected = functions.cold(path).await;
    assert_eq!((&answer.headers[CONTENT_TYPE], calls), (&expected.headers[CONTENT_TYPE], (2, 1)));

    let (film, path) = (path, "demo/film.webm?t=12,20");
    assert_eq!(functions.warm(Method::GET, path, None).await.status, StatusCode::OK);
    functions.chain.put(film, media::webm(1, 420, 2).to_vec()).await;
    believed().await;
    let (answer, calls) = functions.counted(Method::GET, path, None).await;
    let expected = functions.cold(path).await;
    assert!(answer.body == expected.body && answer.headers[ETAG] == expected.headers[ETAG]);
    assert_eq!(calls, (2, 1));

    functions.chain.local.client.delete_object().bucket(MEDIA_BUCKET).key("demo/film.webm").send().await.unwrap();
    functions.chain.indexed().await;
    assert_eq!(functions.warm(Method::GET, path, None).await.status, StatusCode::NOT_FOUND);
    functions.chain.local.stop().await;
}

/// Two films take turns under one name while viewers look.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_remembered_is_served_beside_bytes_of_another_version() {
    let functions = Arc::new(Functions::start().await);
    let films = [media::webm(1, 300, 2).to_vec(), media::webm(1, 420, 2).to_vec()];
    let paths = ["?t=12,20", "?t=31,32&track=audio", ""];
    let mut expected: [Vec<Vec<u8>>; 2] = Default::default();
    for (film, expected) in films.iter().zip(&mut expected) {
        functions.chain.put("demo/film.webm", film.clone()).await;
        for path in paths {
            expected.push(functions.cold(&format!("demo/film.webm{path}")).await.body);
        }
    }
    let writer = {
        let (functions, films) = (Arc::clone(&functions), films.clone());
        tokio::spawn(async move {
            for film in films.iter().cycle().take(12) {
                functions.chain.put("demo/film.webm", film.clone()).await;
            }
        })
    };
    let mut right = 0;
    while !writer.is_finished() || right < 10 {
        for (at, path) in paths.iter().enumerate() {
            let answer = functions.warm(Method::GET, &format!("demo/film.webm{path}"), None).await;
            match answer.status {
                // A body may break off because its film was replaced meanwhile.
                StatusCode::OK if answer.body.is_empty() => {}
                StatusCode::OK => {
                    assert!(expected.iter().any(|film| film[at] == answer.body), "{path}: bytes of two versions");
                    right += 1;
                }
                StatusCode::SERVICE_UNAVAILABLE => {}
                other => panic!("{path}: {other}"),
            }
        }
    }
    writer.await.unwrap();
    for (at, path) in paths.iter().enumerate() {
        let answer = functions.warm(Method::GET, &format!("demo/film.webm{path}"), None).await;
        assert!(answer.body == expected[1][at], "{path}: it is the last that was put");
    }
    Arc::into_inner(functions).unwrap().chain.local.stop().await;
}
