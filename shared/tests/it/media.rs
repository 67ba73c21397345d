//! Bodies and reads.

use std::pin::pin;

use aws_sdk_dynamodb::config as dynamodb;
use bytes::Bytes;
use futures::StreamExt;
use reelspan::space::MediaKey;
use reelspan::store::{MediaBody, StoreError, Stores};
use reelspan_engine::container::{ReadError, Source};
use reelspan_engine::media::splice::{Piece, Splice};
use reelspan_testkit::aws::{InjectedFault, MemoryBucket, Moment, NAME, ObjectContent};

const KEY: &str = "films/a b+c.mp4";
const MIB: u64 = 1 << 20;

fn key() -> MediaKey {
    KEY.parse().unwrap()
}

/// A bucket, and the stores over it; no database.
fn stores() -> (MemoryBucket, Stores) {
    let bucket = MemoryBucket::default();
    let dynamodb = dynamodb::Builder::new().behavior_version(dynamodb::BehaviorVersion::latest());
    let stores = Stores::new(bucket.config(), dynamodb, NAME, "none");
    (bucket, stores)
}

/// Bytes that all differ from their neighbours.
fn pattern(length: u64) -> Bytes {
    (0..length).map(|at| ((at ^ (at >> 8) ^ (at >> 16)) & 0xFF) as u8).collect()
}

fn splice(pieces: impl IntoIterator<Item = Piece>) -> Splice {
    let mut splice = Splice::new();
    pieces.into_iter().for_each(|piece| splice.push(piece));
    splice
}

fn made(text: &'static str) -> Piece {
    Piece::Made(Bytes::from_static(text.as_bytes()))
}

/// The whole body, or the error that it ended with.
async fn whole(body: MediaBody) -> Result<Vec<u8>, StoreError> {
    let mut body = pin!(body.into_stream());
    let mut whole = Vec::new();
    while let Some(chunk) = body.next().await {
        whole.extend_from_slice(&chunk?);
    }
    Ok(whole)
}

/// The expected bytes of a splice.
fn expected(splice: &Splice, original: &Bytes) -> Vec<u8> {
    let bytes = splice.pieces().flat_map(|piece| match piece {
        Piece::Made(bytes) => bytes.clone(),
        Piece::Source(range) => original.slice(range.start as usize..range.end as usize),
    });
    bytes.collect()
}

#[tokio::test]
async fn a_body_is_its_splice_by_as_few_gets_as_pay() {
    let (bucket, stores) = stores();
    let original = pattern(8 * MIB);
    let etag = bucket.put(KEY, "1", ObjectContent::Bytes(original.clone()));
    let cases: [(&str, Splice, &[&str]); 6] = [
        ("nothing", splice([]), &[]),
        ("made bytes alone", splice([made("head"), made("tail")]), &[]),
        ("one source", splice([Piece::Source(5..200_000)]), &["bytes=5-199999"]),
        (
            "neighbours, made bytes between them",
            splice([
                made("a"),
                Piece::Source(10..20),
                made("b"),
                Piece::Source(20..30),
                Piece::Source(500_000..500_001),
                made("c"),
            ]),
            &["bytes=10-500000"],
        ),
        (
            "far apart",
            splice([Piece::Source(0..10), made("b"), Piece::Source(4 * MIB..5 * MIB), Piece::Source(7 * MIB..8 * MIB)]),
            &["bytes=0-9", "bytes=4194304-5242879", "bytes=7340032-8388607"],
        ),
        (
            "backward",
            splice([Piece::Source(MIB..MIB + 5), made("b"), Piece::Source(0..5), Piece::Source(0..5)]),
            &["bytes=1048576-1048580", "bytes=0-4", "bytes=0-4"],
        ),
    ];
    for (name, splice, gets) in cases {
        let before = stores.calls();
        let body = stores.media.body(&key(), &etag, None, splice.clone()).await.unwrap();
        let bytes = whole(body).await.unwrap();
        assert!(bytes == expected(&splice, &original), "{name}");
        assert_eq!(bytes.len() as u64, splice.len(), "{name}");
        assert_eq!(bucket.calls(), gets, "{name}");
        assert_eq!((stores.calls() - before).s3, gets.len() as u64, "{name}");
    }
}

#[tokio::test]
async fn a_long_chunk_is_never_copied() {
    let (bucket, stores) = stores();
    let original = pattern(MIB);
    let etag = bucket.put(KEY, "1", ObjectContent::Bytes(original.clone()));
    let splice = splice([Piece::Source(10..300_000), made("b"), Piece::Source(400_000..MIB)]);
    let body = stores.media.body(&key(), &etag, None, splice).await.unwrap();
    let mut body = pin!(body.into_stream());
    let memory = original.as_ptr_range();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.unwrap();
        assert!(chunk == "b" || memory.contains(&chunk.as_ptr()));
    }
}

#[tokio::test]
async fn short_pieces_come_in_few_chunks() {
    let (bucket, stores) = stores();
    let original = pattern(2 * MIB);
    let etag = bucket.put(KEY, "1", ObjectContent::Bytes(original.clone()));
    // Forward over gaps, with a long piece between them, and back again.
    let short = |at: u64| [made("head"), Piece::Source(at..at + 1000)];
    let forward = (0..300).flat_map(|sample| short(sample * 1500));
    let back = (0..300).rev().flat_map(|sample| short(600_000 + sample * 1500));
    let splice = splice(forward.chain([Piece::Source(MIB..MIB + 100_000)]).chain(back));
    let body = stores.media.body(&key(), &etag, None, splice.clone()).await.unwrap();
    let chunks: Vec<_> = body.into_stream().map(Result::unwrap).collect().await;
    assert!(chunks.concat() == expected(&splice, &original));
    let lengths = chunks.iter().scan(0, |total, chunk| {
        *total += chunk.len();
        Some(*total)
    });
    let forward = lengths.take_while(|total| *total <= 300 * 1004).count();
    assert!(forward < 20, "{forward} chunks of 600 pieces");
}

#[tokio::test]
async fn an_object_that_changed_or_went_is_noticed_before_the_body_begins() {
    let (bucket, stores) = stores();
    let etag = bucket.put(KEY, "1", ObjectContent::Zeros(100));
    let splice = || splice([made("a"), Piece::Source(0..100)]);
    bucket.put(KEY, "2", ObjectContent::Zeros(100));
    assert!(matches!(stores.media.body(&key(), &etag, None, splice()).await.err(), Some(StoreError::Changed)));
    bucket.fail([InjectedFault::NoCondition]);
    assert!(matches!(stores.media.body(&key(), &etag, None, splice()).await.err(), Some(StoreError::Changed)));
    bucket.delete(KEY);
    assert!(matches!(stores.media.body(&key(), &etag, None, splice()).await.err(), Some(StoreError::Changed)));
    assert!(matches!(stores.media.object(&key()).await.err(), Some(StoreError::Missing)));
}

#[tokio::test]
async fn an_object_that_changes_between_two_gets_ends_the_body_with_an_error() {
    let (bucket, stores) = stores();
    let etag = bucket.put(KEY, "1", ObjectContent::Zeros(100 * MIB));
    bucket.at(Moment::Before, 1, |bucket| {
        bucket.put(KEY, "2", ObjectContent::Zeros(100 * MIB));
    });
    let splice = splice([Piece::Source(0..20 * MIB), Piece::Source(50 * MIB..60 * MIB)]);
    let body = stores.media.body(&key(), &etag, None, splice).await.unwrap();
    assert!(matches!(whole(body).await, Err(StoreError::Changed)));
}

#[tokio::test]
async fn a_get_that_breaks_off_is_taken_up_where_it_was() {
    let (bucket, stores) = stores();
    let original = pattern(MIB);
    let etag = bucket.put(KEY, "1", ObjectContent::Bytes(original.clone()));
    let splice = splice([made("a"), Piece::Source(100..500_000), made("b"), Piece::Source(600_000..MIB)]);
    bucket.fail([
        InjectedFault::Ends(250_000),
        InjectedFault::Breaks(100_000),
        InjectedFault::Breaks(0),
        InjectedFault::Ends(0),
    ]);
    let body = stores.media.body(&key(), &etag, None, splice.clone()).await.unwrap();
    assert!(whole(body).await.unwrap() == expected(&splice, &original));
    let again = ["bytes=100-1048575", "bytes=250100-1048575", "bytes=350100-1048575", "bytes=350100-1048575"];
    assert_eq!(bucket.calls()[..4], again);
}

#[tokio::test]
async fn a_body_shorter_than_promised_is_an_error() {
    let (bucket, stores) = stores();
    let etag = bucket.put(KEY, "1", ObjectContent::Zeros(MIB));
    for fault in [InjectedFault::Ends(0), InjectedFault::Breaks(0)] {
        bucket.fail([fault; 8]);
        let body = stores.media.body(&key(), &etag, None, splice([Piece::Source(0..MIB)])).await.unwrap();
        assert!(matches!(whole(body).await, Err(StoreError::Service { service: "S3", .. })), "{fault:?}");
        bucket.fail([]);
    }
    // The object is shorter than the index says.
    let body = stores.media.body(&key(), &etag, None, splice([Piece::Source(0..MIB + 1)])).await.unwrap();
    assert!(whole(body).await.is_err());
}

#[tokio::test]
async fn an_answer_of_other_bytes_than_asked_for_is_an_error() {
    let (bucket, stores) = stores();
    let etag = bucket.put(KEY, "1", ObjectContent::Zeros(MIB));
    bucket.fail([InjectedFault::NoRange]);
    let body = stores.media.body(&key(), &etag, None, splice([Piece::Source(10..MIB)])).await;
    assert!(matches!(body.err(), Some(StoreError::Service { service: "S3", .. })));
}

#[tokio::test]
async fn following_gets_are_started_when_they_are_near() {
    let (bucket, stores) = stores();
    let etag = bucket.put(KEY, "1", ObjectContent::Zeros(1000 * MIB));
    // Near: all small ones up to the limit are started as soon as the first is answered.
    let scattered = splice((0..10).map(|number| Piece::Source(number * 50 * MIB..number * 50 * MIB + 100)));
    let body = stores.media.body(&key(), &etag, None, scattered).await.unwrap();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(bucket.calls().len(), 5);
    assert_eq!(whole(body).await.unwrap().len(), 1000);
    // Far: what is after 100 MB is not requested before most of those have been read.
    let far = splice([Piece::Source(0..100 * MIB), Piece::Source(200 * MIB..201 * MIB)]);
    drop(bucket.calls());
    let body = stores.media.body(&key(), &etag, None, far).await.unwrap();
    let mut body = pin!(body.into_stream());
    let mut read = 0;
    while let Some(chunk) = body.next().await {
        read += chunk.unwrap().len() as u64;
        tokio::task::yield_now().await;
        let started = bucket.calls().iter().any(|range| range.starts_with("bytes=209715200"));
        assert!(!started || (91 * MIB..100 * MIB).contains(&read), "started after {read} bytes");
    }
    assert_eq!(read, 101 * MIB);
}

#[tokio::test]
async fn a_body_takes_constant_memory() {
    let (bucket, stores) = stores();
    let etag = bucket.put(KEY, "1", ObjectContent::Zeros(2 << 30));
    let pieces = (0..64).flat_map(|number| {
        let start = number * 32 * MIB;
        [made("made"), Piece::Source(start..start + 4 * MIB), Piece::Source(start + 4 * MIB + 100..start + 16 * MIB)]
    });
    let splice = splice(pieces);
    let length = splice.len();
    let body = stores.media.body(&key(), &etag, None, splice).await.unwrap();
    let mut body = pin!(body.into_stream());
    let mut read = 0;
    while let Some(chunk) = body.next().await {
        read += chunk.unwrap().len() as u64;
    }
    assert_eq!(read, length);
    let peak = bucket.chunks().peak();
    assert!(peak <= 3, "{peak} chunks of 64 KB at a time");
}

#[tokio::test]
async fn a_container_reads_exactly_the_bytes_it_asks_for() {
    let (bucket, stores) = stores();
    let original = pattern(3 * MIB);
    bucket.put(KEY, "1", ObjectContent::Bytes(original.clone()));
    let object = stores.media.object(&key()).await.unwrap();
    assert_eq!((object.size, object.etag.as_str(), object.modified), (3 * MIB, "\"1\"", 1_767_225_600));
    let source = stores.media.source(&key(), &object);
    assert_eq!(bucket.calls(), ["HEAD"]);
    for range in [0..0, 0..1, 0..3 * MIB, 100..MIB, 3 * MIB - 1..3 * MIB] {
        let bytes = source.read(range.clone()).await.unwrap();
        assert!(bytes == original.slice(range.start as usize..range.end as usize), "{range:?}");
    }
    assert_eq!((source.gets(), source.bytes_read()), (4, 2 + 3 * MIB + MIB - 100));
    for range in [0..3 * MIB + 1, 3 * MIB + 1..3 * MIB + 2] {
        assert!(matches!(source.read(range).await, Err(ReadError::Failed(_))));
    }
    bucket.put(KEY, "2", ObjectContent::Bytes(original));
    assert!(matches!(source.read(0..10).await, Err(ReadError::Changed)));
}
