//! Events: every change of the media bucket is reported, in order, at least once, whatever happens to the process.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, Delete, ObjectIdentifier};
use reelspan_local::queue::{self, Handler};
use reelspan_local::s3::MEDIA_BUCKET;

use crate::harness::{Ear, Local};

async fn drained(local: &Local) {
    let drained =
        tokio::time::timeout(Duration::from_secs(30), async { queue::drained(&local.store.catalogue()).await });
    drained.await.expect("the queue did not become empty");
}

#[tokio::test]
async fn each_change_raises_the_event_that_s3_raises_for_it() {
    let (mut local, _folder) = Local::fresh().await;
    let ear = Ear::default();
    local.deliver_to(ear.handler());
    let client = local.client.clone();

    let etag = local.put("films/a b.mp4", "12345").await;
    drained(&local).await;
    client.copy_object().bucket(MEDIA_BUCKET).copy_source("media/films/a%20b.mp4").key("films/c").send().await.unwrap();
    drained(&local).await;
    let upload = client.create_multipart_upload().bucket(MEDIA_BUCKET).key("films/d").send().await.unwrap();
    let upload = upload.upload_id().unwrap();
    let part = client.upload_part().bucket(MEDIA_BUCKET).key("films/d").upload_id(upload).part_number(1);
    let part = part.body(b"123".to_vec().into()).send().await.unwrap();
    let part = CompletedPart::builder().part_number(1).e_tag(part.e_tag().unwrap()).build();
    let parts = CompletedMultipartUpload::builder().parts(part).build();
    let complete = client.complete_multipart_upload().bucket(MEDIA_BUCKET).key("films/d").upload_id(upload);
    complete.multipart_upload(parts).send().await.unwrap();
    drained(&local).await;
    client.delete_object().bucket(MEDIA_BUCKET).key("films/c").send().await.unwrap();
    // It does not exist, so nothing changes.
    client.delete_object().bucket(MEDIA_BUCKET).key("films/c").send().await.unwrap();
    drained(&local).await;
    let named = ObjectIdentifier::builder().key("films/d").build().unwrap();
    let delete = Delete::builder().objects(named).build().unwrap();
    client.delete_objects().bucket(MEDIA_BUCKET).delete(delete).send().await.unwrap();
    // Another bucket: no events.
    client.create_bucket().bucket("other").send().await.unwrap();
    client.put_object().bucket("other").key("x").send().await.unwrap();
    drained(&local).await;

    let told = ear.told();
    let told: Vec<_> = told.iter().map(|(name, key)| (name.as_str(), key.as_str())).collect();
    assert_eq!(
        told,
        [
            ("ObjectCreated:Put", "films/a+b.mp4"),
            ("ObjectCreated:Copy", "films/c"),
            ("ObjectCreated:CompleteMultipartUpload", "films/d"),
            ("ObjectRemoved:Delete", "films/c"),
            ("ObjectRemoved:Delete", "films/d"),
        ]
    );
    let first = &ear.records()[0];
    assert_eq!((first["eventVersion"].as_str(), first["eventSource"].as_str()), (Some("2.1"), Some("aws:s3")));
    assert_eq!(first["s3"]["bucket"]["name"], MEDIA_BUCKET);
    assert_eq!(first["s3"]["object"]["size"], 5);
    assert_eq!(first["s3"]["object"]["eTag"], etag.trim_matches('"'));
    assert!(first["s3"]["object"].get("versionId").is_none());
    let sequencers: Vec<_> = ear.records().iter().map(|it| it["s3"]["object"]["sequencer"].to_string()).collect();
    assert!(sequencers.is_sorted_by(|one, next| one < next && one.len() == next.len()), "{sequencers:?}");
}

#[tokio::test]
async fn events_of_one_object_come_one_at_a_time_and_in_order() {
    let (mut local, _folder) = Local::fresh().await;
    for round in 0..10 {
        for key in ["a/1", "a/2", "a/3"] {
            local.put(key, "x".repeat(round)).await;
        }
    }
    let ear = Ear::default();
    // Each event fails the first time, so it must be delivered again before the next event of its object.
    let failed = std::sync::Mutex::new(std::collections::HashSet::new());
    let handler = ear.handler_that(move |event, _| {
        let size = event["Records"][0]["s3"]["object"]["size"].as_u64().unwrap();
        let first = size == 5 && failed.lock().unwrap().insert(event.to_string());
        if first { Err("not yet") } else { Ok(()) }
    });
    local.deliver_to(handler);
    drained(&local).await;
    for key in ["a/1", "a/2", "a/3"] {
        let records = ear.records();
        let of_key = records.iter().filter(|it| it["s3"]["object"]["key"] == key);
        let sizes: Vec<_> = of_key.map(|it| it["s3"]["object"]["size"].as_u64().unwrap()).collect();
        assert_eq!(sizes, [0, 1, 2, 3, 4, 5, 5, 6, 7, 8, 9]);
    }
}

#[tokio::test]
async fn an_event_outlives_the_process_that_raised_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut local = Local::start(folder.path()).await;
    // No event is ever handled completely.
    let stuck: Handler = Arc::new(|_| Box::pin(std::future::pending()));
    local.deliver_to(stuck);
    local.put("films/a.mp4", "x").await;
    local.put("films/b.mp4", "x").await;
    local.stop().await;

    let mut local = Local::start(folder.path()).await;
    let ear = Ear::default();
    local.deliver_to(ear.handler());
    local.put("films/a.mp4", "y").await;
    drained(&local).await;
    let mut told = ear.told();
    told.sort();
    let expected =
        ["films/a.mp4", "films/a.mp4", "films/b.mp4"].map(|key| ("ObjectCreated:Put".to_owned(), key.to_owned()));
    assert_eq!(told, expected);
    let sequencer = |key, size: &str| {
        let records = ear.records();
        let of_key = records.iter().filter(|it| it["s3"]["object"]["key"] == key && it["s3"]["object"]["eTag"] == size);
        of_key.map(|it| it["s3"]["object"]["sequencer"].to_string()).next().unwrap()
    };
    // MD5 of "x" and of "y".
    let before = sequencer("films/a.mp4", "9dd4e461268c8034f5c8564e155c67a6");
    assert!(before < sequencer("films/a.mp4", "415290769594460e2e485922904f345d"));
    assert_eq!(local.get("films/b.mp4").await.unwrap(), b"x");
}

#[tokio::test]
async fn what_cannot_be_handled_is_given_up_and_kept() {
    let (mut local, _folder) = Local::fresh().await;
    let ear = Ear::default();
    local.deliver_to(ear.handler_that(|event, _| {
        let key = &event["Records"][0]["s3"]["object"]["key"];
        assert_ne!(key, "bad/panics", "as it must");
        if key == "bad/fails" { Err("no use") } else { Ok(()) }
    }));
    local.put("bad/fails", "x").await;
    local.put("bad/panics", "x").await;
    local.put("good/works", "x").await;
    drained(&local).await;
    let failures = local.store.catalogue().failures().unwrap();
    let reasons: Vec<_> = failures.iter().map(|(_, reason)| reason.as_str()).collect();
    assert_eq!(reasons, ["no use", "the handler panicked"]);
    assert_eq!(ear.told().iter().filter(|(_, key)| key == "bad/fails").count(), 5);
    assert_eq!(ear.told().iter().filter(|(_, key)| key == "good/works").count(), 1);
}
