//! Events as S3 sends them, repeated and out of order, with a bucket in memory and an embedded DynamoDB.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::cast_possible_truncation,
    missing_docs,
    reason = "a test fails by panicking"
)]

mod deaths;
mod histories;
mod pieces;
mod webm;

use bytes::Bytes;
use reelspan::space::MediaKey;
use reelspan::store::{CONTAINER_INDEX, ContentEntry, IndexStatus, Query, Sequencer, Stores, create_tables};
use reelspan_engine::index::{Head, PackedPage, PagesError, Status};
use reelspan_indexer::{IndexerError, S3Event, handle};
use reelspan_testkit::aws::{InjectedFault, MemoryBucket, Moment, NAME, ObjectContent, database};
use serde_json::json;
use webm::webm;

const KEY: &str = "films/a b.webm";

fn key() -> MediaKey {
    KEY.parse().unwrap()
}

/// An empty bucket and an empty database.
async fn empty_stores() -> (MemoryBucket, Stores) {
    let bucket = MemoryBucket::default();
    let database = database().await;
    create_tables(&database).await.unwrap();
    let stores = Stores::new(bucket.config(), database, NAME, CONTAINER_INDEX.name);
    (bucket, stores)
}

fn event(records: &[(&str, &str, u32)]) -> S3Event {
    let records = records.iter().map(|(name, key, sequencer)| {
        let key = key.replace('+', "%2B").replace(' ', "+");
        let object = json!({ "key": key, "sequencer": format!("{sequencer:08X}") });
        json!({ "eventName": name, "s3": { "bucket": { "name": "media" }, "object": object } })
    });
    serde_json::from_value(json!({ "Records": records.collect::<Vec<_>>() })).unwrap()
}

fn put(sequencer: u32) -> S3Event {
    event(&[("ObjectCreated:Put", KEY, sequencer)])
}

fn delete(sequencer: u32) -> S3Event {
    event(&[("ObjectRemoved:Delete", KEY, sequencer)])
}

/// A file whose ETag and samples both identify its version: it is the size of the samples.
fn store(bucket: &MemoryBucket, version: usize, seconds: u32) {
    store_as(bucket, KEY, version, seconds);
}

fn store_as(bucket: &MemoryBucket, key: &str, version: usize, seconds: u32) {
    bucket.put(key, &version.to_string(), ObjectContent::Bytes(webm(seconds, version)));
}

async fn head(stores: &Stores) -> Option<Head> {
    stores.index.stored(&key()).await.unwrap().map(|stored| stored.head)
}

/// The number of the file's items in the table.
async fn items(stores: &Stores) -> usize {
    items_of(stores, KEY).await
}

async fn items_of(stores: &Stores, key: &str) -> usize {
    let all = Query {
        table: stores.index.table(),
        partition: key.to_owned(),
        sorts: "A".to_owned()..="Z".to_owned(),
        only: None,
        attributes: None,
        consistent: true,
    };
    stores.index.database().query(&all).await.unwrap().len()
}

/// Stores one page, as another indexer might.
async fn put_page(stores: &Stores, etag: &str, sequencer: &str) {
    let page = PackedPage { number: 1, bytes: Bytes::from_static(b"page") };
    stores.index.put_pages(&key(), etag, &Sequencer::new(sequencer), vec![page]).await.unwrap();
}

/// Reads all pages as a request does, and checks that they are of the head's version.
async fn check(stores: &Stores) -> Result<Option<Head>, PagesError> {
    check_of(stores, KEY).await
}

async fn check_of(stores: &Stores, key: &str) -> Result<Option<Head>, PagesError> {
    let Some(mut found) = stores.index.find(&key.parse().unwrap(), 0..=9).await.unwrap() else { return Ok(None) };
    for page in found.pages.load(0..=99).await? {
        for run in page.tracks.iter().flat_map(|track| &track.runs) {
            let payload = run.size as usize - 13;
            assert_eq!(format!("\"{payload}\""), found.head.original.etag, "a page of another version");
        }
    }
    Ok(Some(Head::clone(&found.head)))
}

/// Checks that the index is that of the object, and that there is nothing else.
async fn check_final(bucket: &MemoryBucket, stores: &Stores) {
    check_final_of(bucket, stores, KEY).await;
}

async fn check_final_of(bucket: &MemoryBucket, stores: &Stores, key: &str) {
    let head = check_of(stores, key).await.unwrap();
    assert_eq!(head.as_ref().map(|head| head.original.etag.clone()), bucket.etag(key));
    check_list(stores, key, head.as_ref()).await;
    let pages = match head.map(|head| head.status) {
        Some(Status::Indexed(outline)) => {
            let parts = outline.segments.as_ref().map_or(0, |segments| segments.parts);
            (outline.pages + parts) as usize + 2
        }
        Some(Status::Refused(_)) => 2,
        None => 0,
    };
    assert_eq!(items_of(stores, key).await, pages);
}

/// Checks that the list says of the object what the bucket and the head say.
async fn check_list(stores: &Stores, key: &str, head: Option<&Head>) {
    let media: MediaKey = key.parse().unwrap();
    let entries = stores.index.contents(media.space(), &media.content().into(), None, 1).await.unwrap().entries;
    let entry = entries.into_iter().find(|entry| entry.content == *media.content());
    let expected = match stores.media.content(&media).await {
        Ok(content) => Some(ContentEntry::of(&media, &content, head, None)),
        Err(_) => None,
    };
    assert_eq!(entry, expected);
    if let Some(entry) = entry {
        assert!(matches!(entry.status, IndexStatus::Ready { .. } | IndexStatus::Refused(_)), "{entry:?}");
    }
}

#[tokio::test]
async fn a_file_that_arrives_is_indexed_and_one_that_goes_is_not() {
    let (bucket, stores) = empty_stores().await;
    store(&bucket, 300, 38);
    handle(&stores, put(1)).await.unwrap();
    let Some(Head { original, status: Status::Indexed(outline) }) = head(&stores).await else { panic!("no head") };
    assert_eq!((original.etag.as_str(), original.modified), ("\"300\"", 1_767_225_600));
    assert_eq!((outline.mime.as_str(), outline.pages, outline.tracks[0].samples), ("video/webm", 4, 38));
    check_final(&bucket, &stores).await;
    bucket.delete(KEY);
    handle(&stores, delete(2)).await.unwrap();
    check_final(&bucket, &stores).await;
    assert_eq!(items(&stores).await, 0);
}

#[tokio::test]
async fn a_file_that_cannot_be_indexed_has_a_head_that_says_why() {
    let (bucket, stores) = empty_stores().await;
    for (number, content) in [(1, Bytes::new()), (2, Bytes::from_static(b"plain text")), (3, webm(38, 300).slice(..60))]
    {
        bucket.put(KEY, &number.to_string(), ObjectContent::Bytes(content));
        handle(&stores, put(number)).await.unwrap();
        let Some(Status::Refused(reason)) = head(&stores).await.map(|head| head.status) else { panic!("no reason") };
        assert!(!reason.is_empty());
        check_final(&bucket, &stores).await;
    }
    // A repeated event may find that the file can be indexed now.
    drop(bucket.calls());
    handle(&stores, put(3)).await.unwrap();
    assert!(bucket.calls().iter().any(|call| call.starts_with("bytes=")));
}

#[tokio::test]
async fn a_duplicate_or_late_event_does_not_read_the_file_again() {
    let (bucket, stores) = empty_stores().await;
    store(&bucket, 300, 38);
    handle(&stores, put(5)).await.unwrap();
    drop(bucket.calls());
    for late in [put(5), put(3), delete(4)] {
        handle(&stores, late).await.unwrap();
        assert_eq!(bucket.calls(), ["HEAD"]);
        assert_eq!(head(&stores).await.unwrap().original.sequencer, "00000005");
    }
    // A later event with the same bytes only updates the head.
    handle(&stores, put(6)).await.unwrap();
    assert_eq!(bucket.calls(), ["HEAD", "HEAD"]);
    assert_eq!(head(&stores).await.unwrap().original.sequencer, "00000006");
    check_final(&bucket, &stores).await;
}

#[tokio::test]
async fn pages_of_the_version_before_are_removed() {
    let (bucket, stores) = empty_stores().await;
    for (sequencer, version, seconds) in [(1, 300, 95), (2, 301, 12), (3, 302, 50), (4, 303, 50)] {
        store(&bucket, version, seconds);
        handle(&stores, put(sequencer)).await.unwrap();
        check_final(&bucket, &stores).await;
        // A page for every ten seconds, the segment table, the head and the entry.
        assert_eq!(items(&stores).await, seconds.div_ceil(10) as usize + 3);
    }
    // If a file turns out to be invalid, nothing stored before remains.
    let etag = bucket.put(KEY, "text", ObjectContent::Bytes(Bytes::from_static(b"text")));
    put_page(&stores, &etag, "00000005").await;
    handle(&stores, put(5)).await.unwrap();
    check_final(&bucket, &stores).await;
    assert_eq!(items(&stores).await, 2);
}

#[tokio::test]
async fn what_a_late_writer_left_is_mended_by_its_next_event() {
    let (bucket, stores) = empty_stores().await;
    store(&bucket, 300, 38);
    handle(&stores, put(2)).await.unwrap();
    // A writer of the previous version overwrites one of our pages, and is stopped.
    put_page(&stores, "\"299\"", "00000001").await;
    assert!(matches!(check(&stores).await, Err(PagesError::Changed)));
    handle(&stores, put(1)).await.unwrap();
    check_final(&bucket, &stores).await;
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_read_is_indexed_as_it_is_in_the_end() {
    let moments = [Moment::Before, Moment::After];
    for (call, moment, gone) in
        (0..6).flat_map(|call| moments.map(|moment| [(call, moment, false), (call, moment, true)])).flatten()
    {
        let (bucket, stores) = empty_stores().await;
        store(&bucket, 300, 95);
        bucket.at(moment, call, move |bucket| if gone { bucket.delete(KEY) } else { store(bucket, 301, 12) });
        handle(&stores, put(1)).await.unwrap();
        // A change after that has an event of its own.
        let last_read = bucket.calls().iter().rposition(|call| call.starts_with("bytes=")).unwrap_or_default();
        if call <= last_read {
            assert_eq!(bucket.etag(KEY).as_deref(), if gone { None } else { Some("\"301\"") });
            check_final(&bucket, &stores).await;
        }
    }
}

#[tokio::test]
async fn a_file_that_keeps_changing_is_left_for_another_time() {
    let (bucket, stores) = empty_stores().await;
    store(&bucket, 300, 12);
    for call in 0..40 {
        bucket.at(Moment::Before, call, move |bucket| store(bucket, 301 + call, 12));
    }
    assert!(matches!(handle(&stores, put(1)).await, Err(IndexerError::Restless(_))));
}

#[tokio::test]
async fn each_event_is_tried_and_the_first_error_is_told() {
    let (bucket, stores) = empty_stores().await;
    store(&bucket, 300, 12);
    let other = "films/other.webm";
    bucket.put(other, "1", ObjectContent::Bytes(webm(12, 300)));
    // Every GET of the first file fails at once, until the indexer gives up.
    bucket.fail([InjectedFault::Ends(0); 4]);
    let records = [
        ("ObjectCreated:Put", "no-slash", 1),
        ("ObjectCreated:Put", "films/../a", 1),
        ("ObjectCreated:Put", "NoSpace/a", 1),
        ("ObjectCreated:Put", KEY, 1),
        ("ObjectCreated:Put", other, 1),
    ];
    assert!(matches!(handle(&stores, event(&records)).await, Err(IndexerError::Unread(_))));
    assert!(head(&stores).await.is_none());
    assert!(stores.index.stored(&other.parse().unwrap()).await.unwrap().is_some());
    let mut foreign = put(1);
    foreign.records[0].s3.bucket.name = "another".to_owned();
    drop(bucket.calls());
    handle(&stores, foreign).await.unwrap();
    assert_eq!(bucket.calls().len(), 0);
}

/// Pseudo-random numbers, the same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// Files are created, changed and removed while their events, some of them repeated, are handled concurrently in any
/// order, and while a reader looks.
#[tokio::test]
async fn however_events_interleave_the_index_is_right_in_the_end_and_never_mixed() {
    for seed in 0..25 {
        let mut random = Random(seed);
        let (bucket, stores) = empty_stores().await;
        store(&bucket, 300, 95);
        handle(&stores, put(1)).await.unwrap();
        let mut events = Vec::new();
        for sequencer in 2..6 {
            let (version, seconds) = (300 + sequencer as usize, 5 + random.below(90) as u32);
            let event = if random.below(4) == 0 { delete(sequencer) } else { put(sequencer) };
            for _ in 0..=random.below(2) {
                events.insert(random.below(events.len() as u64 + 1) as usize, event.clone());
            }
            let call = 3 * u64::from(sequencer) + random.below(3);
            bucket.at(Moment::Before, call as usize, move |bucket| {
                if event.records[0].name.contains("Removed") {
                    bucket.delete(KEY);
                } else {
                    store(bucket, version, seconds);
                }
            });
        }
        let mut working = tokio::task::JoinSet::new();
        // Every other time in as many invocations as necessary.
        let index = move |stores: Stores, event| async move {
            if seed % 2 == 0 {
                handle(&stores, event).await
            } else {
                pieces::to_the_end(&stores, event).await.map(drop)
            }
        };
        // The REST API updates the list too, at the same time.
        let update = |stores: Stores| async move { Ok(stores.update_entry(&key()).await?) };
        for event in events.clone() {
            working.spawn(index(stores.clone(), event));
        }
        working.spawn(update(stores.clone()));
        let reader = stores.clone();
        let reading = tokio::spawn(async move {
            loop {
                let _ = check(&reader).await;
                tokio::task::yield_now().await;
            }
        });
        while let Some(done) = working.join_next().await {
            let _ = done.unwrap();
        }
        reading.abort();
        assert!(reading.await.unwrap_err().is_cancelled(), "seed {seed}");
        // Deliver the remaining events. S3 sends an event after its change; some of those so far came before it.
        for _ in 0..20 {
            let _ = stores.media.object(&key()).await;
        }
        for event in events {
            working.spawn(index(stores.clone(), event));
        }
        working.spawn(update(stores.clone()));
        while let Some(done) = working.join_next().await {
            done.unwrap().unwrap();
        }
        check_final(&bucket, &stores).await;
    }
}
