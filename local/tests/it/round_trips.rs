//! The number of calls that a request for a fragment makes to DynamoDB and S3, counted in the whole chain: an object is
//! stored through the S3 API, its event reaches the indexer, and the fragments function answers.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use reelspan::space::{ContentPrefix, SpaceId};
use reelspan::store::{self, CallCounts, IndexStatus, Stores};
use reelspan_indexer::S3Event;
use reelspan_local::queue;
use reelspan_local::queue::Handler;
use reelspan_local::s3::MEDIA_BUCKET;
use reelspan_testkit::aws::database;
use reelspan_testkit::media;
use serde::Deserialize;
use tower::ServiceExt;

use crate::harness::{self, Local};

pub struct Chain {
    pub local: Local,
    pub stores: Stores,
    pub router: Router,
    _folder: tempfile::TempDir,
}

impl Chain {
    pub async fn start() -> Self {
        let (mut local, folder) = Local::fresh().await;
        let dynamodb = database().await;
        store::create_tables(&dynamodb).await.unwrap();
        let s3 = local.client.config().to_builder();
        let stores = Stores::new(s3, dynamodb, MEDIA_BUCKET, store::CONTAINER_INDEX.name);
        let indexing = stores.clone();
        let handler: Handler = Arc::new(move |event| {
            let stores = indexing.clone();
            Box::pin(async move { Ok(reelspan_indexer::handle(&stores, S3Event::deserialize(event)?).await?) })
        });
        local.deliver_to(handler);
        harness::make_open(&stores, "demo").await;
        let router = harness::fragments(stores.clone());
        Self { local, stores, router, _folder: folder }
    }

    pub async fn put(&self, key: &str, body: Vec<u8>) {
        self.local.put(key, body).await;
        self.indexed().await;
    }

    /// Waits until all events have been handled.
    pub async fn indexed(&self) {
        let catalogue = self.local.store.catalogue();
        let drained = queue::drained(&catalogue);
        tokio::time::timeout(Duration::from_secs(20), drained).await.expect("indexed");
    }

    /// Status, bytes and calls of a request.
    pub async fn get(&self, path: &str, range: Option<&str>) -> (StatusCode, Vec<u8>, CallCounts) {
        let before = self.stores.calls();
        let mut request = Request::get(format!("/media/{path}"));
        if let Some(range) = range {
            request = request.header("range", range);
        }
        let answer = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let status = answer.status();
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        let after = self.stores.calls();
        (status, body.to_vec(), CallCounts { s3: after.s3 - before.s3, dynamodb: after.dynamodb - before.dynamodb })
    }
}

/// Files of one minute and of twelve, to show that the number of calls does not grow; a file whose groups of pictures
/// are longer than a page's cell and the maximum lead-in; and a sample of each kind.
#[tokio::test]
async fn a_fragment_is_one_call_to_dynamodb_and_one_get() {
    let chain = Chain::start().await;
    chain.put("demo/minute.webm", media::webm(1, 300, 2).to_vec()).await;
    chain.put("demo/long.webm", media::webm(13, 300, 2).to_vec()).await;
    chain.put("demo/still.webm", media::webm(4, 300, 1000).to_vec()).await;
    let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/../samples");
    for name in ["counter.mp4", "counter-fragmented.mp4", "counter.mkv", "chapters.mkv", "two-audio.mp4"] {
        chain.put(&format!("demo/{name}"), std::fs::read(format!("{samples}/{name}")).unwrap()).await;
    }
    let once = CallCounts { s3: 1, dynamodb: 1 };
    let cases = [
        ("minute.webm?t=12,20", None, once),
        ("long.webm?t=12,20", None, once),
        ("long.webm?t=612.3,631", None, once),
        ("long.webm?t=605,615&track=audio", None, once),
        ("long.webm?t=605,615", Some("bytes=1000-5000"), once),
        ("long.webm", Some("t:npt=600-610"), once),
        ("long.webm", Some("bytes=70000-80000"), once),
        ("counter.mp4?t=12.48,20", None, once),
        ("counter.mp4?t=12.48,20&track=audio", None, once),
        ("counter.mp4", Some("t:npt=10-20"), once),
        ("counter.mp4", Some("t:smpte-25=0:00:10-0:00:20;include-setup"), once),
        ("counter.mp4?t=12.48,20", Some("t:npt=3-5"), once),
        ("two-audio.mp4", Some("track=2"), once),
        ("counter.mp4", Some("include-setup"), once),
        ("counter-fragmented.mp4?t=12.48,20", None, once),
        ("counter.mkv?t=12.48,20", None, once),
        // Only the head has the times of chapters and the time of recording.
        ("chapters.mkv?id=song1", None, CallCounts { s3: 1, dynamodb: 2 }),
        ("chapters.mkv", Some("t:clock=\"2010-10-22T07:33:57Z\"-"), CallCounts { s3: 1, dynamodb: 2 }),
        // Its one sync sample is earlier than the guess.
        ("still.webm?t=70,75", None, CallCounts { s3: 1, dynamodb: 2 }),
    ];
    for (path, range, expected) in cases {
        let (status, body, calls) = chain.get(&format!("demo/{path}"), range).await;
        assert!(status.is_success() && body.len() > 1000, "{path} {range:?}: {status}, {} bytes", body.len());
        assert_eq!((calls.dynamodb, calls.s3), (expected.dynamodb, expected.s3), "{path} {range:?}");
    }
    chain.local.stop().await;
}

/// Text is no media, and is in the list all the same.
#[tokio::test]
async fn a_list_and_a_playlist_ask_s3_for_nothing() {
    let chain = Chain::start().await;
    for number in 0..5 {
        chain.put(&format!("demo/{number}.webm"), media::webm(1, 300, 2).to_vec()).await;
    }
    chain.put("demo/notes.txt", b"no media".to_vec()).await;
    let (space, any) = (SpaceId::parse("demo").unwrap(), ContentPrefix::default());
    let before = chain.stores.calls();
    let list = chain.stores.index.contents(&space, &any, None, 1000).await.unwrap();
    let after = chain.stores.calls();
    assert_eq!((after.s3 - before.s3, after.dynamodb - before.dynamodb), (0, 1));
    let ready = list.entries.iter().filter(|entry| matches!(entry.status, IndexStatus::Ready { .. })).count();
    assert_eq!((list.entries.len(), ready, list.more), (6, 5, false));
    let (status, body, calls) = chain.get("demo/~/playlist.json", None).await;
    assert_eq!((status, calls), (StatusCode::OK, CallCounts { s3: 0, dynamodb: 2 }));
    assert!(body.len() > 200, "{} bytes", body.len());
    chain.local.stop().await;
}
