//! The number of calls that a stream of several variants makes to DynamoDB and S3: that a content names others costs its playlists
//! one look-up more, and its segments nothing.

use aws_sdk_s3::primitives::ByteStream;
use axum::http::StatusCode;
use reelspan::store::CallCounts;
use reelspan_local::s3::MEDIA_BUCKET;

use crate::round_trips::Chain;

/// The text of a playlist. It asked S3 for nothing, and DynamoDB at most twice.
async fn playlist(chain: &Chain, path: &str) -> String {
    let (status, body, CallCounts { s3, dynamodb }) = chain.get(path, None).await;
    assert!(status == StatusCode::OK && s3 == 0 && dynamodb <= 2, "{path}: {status}, {s3} and {dynamodb} calls");
    String::from_utf8(body).unwrap()
}

/// The URIs of a playlist (RFC 8216 §4.1): of lines, and of tags.
fn uris(playlist: &str) -> (Vec<&str>, Vec<&str>) {
    let lines = playlist.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    let tags = playlist.lines().filter_map(|line| line.strip_prefix('#')?.split_once("URI=\"")?.1.split('"').next());
    (lines, tags.collect())
}

#[tokio::test]
async fn a_segment_of_a_variant_is_one_call_to_dynamodb_and_one_get() {
    let chain = Chain::start().await;
    let film = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../samples/counter.mp4")).unwrap();
    for name in ["large", "larger"] {
        chain.put(&format!("demo/{name}.mp4"), film.clone()).await;
    }
    let put = chain.local.client.put_object().bucket(MEDIA_BUCKET).key("demo/small.mp4");
    let put = put.metadata("renditions", "large.mp4,larger.mp4").body(ByteStream::from(film));
    put.send().await.unwrap();
    chain.indexed().await;
    for part in ["", "t=12.48,20/"] {
        let base = format!("demo/small.mp4/~/{part}");
        let manifest = playlist(&chain, &format!("{base}manifest.mpd")).await;
        assert!(manifest.contains("r2/larger.mp4/"), "{manifest}");
        let master = playlist(&chain, &format!("{base}master.m3u8")).await;
        let (variants, others) = uris(&master);
        let of_others = variants.iter().filter(|uri| uri.starts_with("r1/large.mp4/") || uri.starts_with("r2/larger"));
        assert_eq!((variants.len(), of_others.count()), (3, 2), "{master}");
        for uri in variants.into_iter().chain(others) {
            let list = playlist(&chain, &format!("{base}{uri}")).await;
            let folder = format!("{base}{}", uri.rsplit_once('/').unwrap().0);
            let (segments, headers) = uris(&list);
            assert!(!segments.is_empty() && headers.len() == 1, "{list}");
            let calls = segments.iter().map(|uri| (uri, 1)).chain(headers.iter().map(|uri| (uri, 0)));
            for (uri, s3) in calls {
                let (status, body, calls) = chain.get(&format!("{folder}/{uri}"), None).await;
                assert!(status == StatusCode::OK && body.len() > 100, "{folder}/{uri}: {status}");
                assert_eq!(calls, CallCounts { s3, dynamodb: 1 }, "{folder}/{uri}");
            }
        }
    }
    chain.local.stop().await;
}
