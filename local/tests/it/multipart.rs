//! Multipart uploads to the local S3, and listings.

use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, Delete, ObjectIdentifier};
use reelspan_local::s3::MEDIA_BUCKET;

use crate::harness::{Local, bytes, code};

const SMALLEST: usize = 5 * 1024 * 1024;

async fn begin(local: &Local, key: &str) -> String {
    let begun = local.client.create_multipart_upload().bucket(MEDIA_BUCKET).key(key).content_type("video/webm");
    begun.metadata("who", "me").send().await.unwrap().upload_id.unwrap()
}

async fn part(local: &Local, key: &str, upload: &str, number: i32, body: Vec<u8>) -> CompletedPart {
    let put = local.client.upload_part().bucket(MEDIA_BUCKET).key(key).upload_id(upload).part_number(number);
    let put = put.body(body.into()).send().await.unwrap();
    CompletedPart::builder().part_number(number).e_tag(put.e_tag.unwrap()).build()
}

async fn complete(local: &Local, key: &str, upload: &str, parts: Vec<CompletedPart>) -> String {
    let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
    let done = local.client.complete_multipart_upload().bucket(MEDIA_BUCKET).key(key).upload_id(upload);
    code(done.multipart_upload(parts).send().await)
}

#[tokio::test]
async fn parts_become_one_object_in_the_order_of_their_numbers() {
    let (local, _folder) = Local::fresh().await;
    let body = bytes(SMALLEST + 1000);
    let key = "films/a.webm";
    let upload = begin(&local, key).await;
    let last = part(&local, key, &upload, 7, body[SMALLEST..].to_vec()).await;
    part(&local, key, &upload, 2, b"to be replaced".to_vec()).await;
    let first = part(&local, key, &upload, 2, body[..SMALLEST].to_vec()).await;
    part(&local, key, &upload, 3, b"not named in the end".to_vec()).await;
    assert_eq!(local.get(key).await, None);

    let listed = local.client.list_parts().bucket(MEDIA_BUCKET).key(key).upload_id(&upload).send().await.unwrap();
    let numbers: Vec<_> = listed.parts().iter().map(|part| part.part_number().unwrap()).collect();
    assert_eq!(numbers, [2, 3, 7]);

    assert_eq!(complete(&local, key, &upload, vec![last.clone(), first.clone()]).await, "InvalidPartOrder");
    let wrong = CompletedPart::builder().part_number(2).e_tag("\"x\"").build();
    assert_eq!(complete(&local, key, &upload, vec![wrong]).await, "InvalidPart");
    assert_eq!(complete(&local, key, &upload, vec![first, last]).await, "no error");

    assert_eq!(local.get(key).await.unwrap(), body);
    let head = local.client.head_object().bucket(MEDIA_BUCKET).key(key).send().await.unwrap();
    assert!(head.e_tag().unwrap().ends_with("-2\""), "{:?}", head.e_tag());
    assert_eq!((head.content_type(), head.metadata().unwrap()["who"].as_str()), (Some("video/webm"), "me"));
    assert_eq!(local.files(), 1);
    assert_eq!(complete(&local, key, &upload, vec![]).await, "NoSuchUpload");
}

#[tokio::test]
async fn a_part_but_the_last_has_five_megabytes() {
    let (local, _folder) = Local::fresh().await;
    let upload = begin(&local, "a/b").await;
    let parts =
        vec![part(&local, "a/b", &upload, 1, bytes(10)).await, part(&local, "a/b", &upload, 2, bytes(10)).await];
    assert_eq!(complete(&local, "a/b", &upload, parts).await, "EntityTooSmall");
}

#[tokio::test]
async fn an_aborted_upload_leaves_nothing() {
    let (local, _folder) = Local::fresh().await;
    let upload = begin(&local, "a/b").await;
    part(&local, "a/b", &upload, 1, bytes(10)).await;
    let uploads = || local.client.list_multipart_uploads().bucket(MEDIA_BUCKET).send();
    assert_eq!(uploads().await.unwrap().uploads()[0].upload_id(), Some(upload.as_str()));
    local.client.abort_multipart_upload().bucket(MEDIA_BUCKET).key("a/b").upload_id(&upload).send().await.unwrap();
    assert!(uploads().await.unwrap().uploads().is_empty());
    assert_eq!(local.files(), 0);
}

#[tokio::test]
async fn a_part_can_be_a_range_of_another_object() {
    let (local, _folder) = Local::fresh().await;
    let body = bytes(100_000);
    local.put("a/source", body.clone()).await;
    let upload = begin(&local, "a/b").await;
    let copy = local.client.upload_part_copy().bucket(MEDIA_BUCKET).key("a/b").upload_id(&upload).part_number(1);
    let copied = copy.copy_source("media/a/source").copy_source_range("bytes=10-70000").send().await.unwrap();
    let etag = copied.copy_part_result().unwrap().e_tag().unwrap();
    let parts = vec![CompletedPart::builder().part_number(1).e_tag(etag).build()];
    assert_eq!(complete(&local, "a/b", &upload, parts).await, "no error");
    assert_eq!(local.get("a/b").await.unwrap(), body[10..=70_000]);
}

#[tokio::test]
async fn a_listing_goes_on_where_it_was_cut_and_rolls_up_what_lies_behind_the_delimiter() {
    let (local, _folder) = Local::fresh().await;
    let keys = ["a", "b/1", "b/2", "b/c/3", "b0", "d/", "d/4", "é/5"];
    for key in keys {
        local.put(key, "x").await;
    }
    for (prefix, delimiter, expected) in [
        ("", "", keys.to_vec()),
        ("", "/", vec!["a", "b/", "b0", "d/", "é/"]),
        ("b/", "/", vec!["b/1", "b/2", "b/c/"]),
        ("d/", "/", vec!["d/", "d/4"]),
        ("b", "", vec!["b/1", "b/2", "b/c/3", "b0"]),
        ("zzz", "/", vec![]),
    ] {
        for most in [1, 2, 1000] {
            let pages = local.client.list_objects_v2().bucket(MEDIA_BUCKET).prefix(prefix).delimiter(delimiter);
            let mut pages = pages.max_keys(most).into_paginator().send();
            let mut listed = Vec::new();
            while let Some(page) = pages.next().await {
                let page = page.unwrap();
                listed.extend(page.contents().iter().map(|it| it.key().unwrap().to_owned()));
                listed.extend(page.common_prefixes().iter().map(|it| it.prefix().unwrap().to_owned()));
            }
            listed.sort();
            assert_eq!(listed, expected, "{prefix:?} {delimiter:?} by {most}");
        }
    }
    let after =
        local.client.list_objects_v2().bucket(MEDIA_BUCKET).start_after("b/2").max_keys(1).send().await.unwrap();
    assert_eq!(after.contents()[0].key(), Some("b/c/3"));
    assert_eq!((after.key_count(), after.is_truncated()), (Some(1), Some(true)));
}

#[tokio::test]
async fn many_objects_are_deleted_at_once_and_an_empty_bucket_can_go() {
    let (local, _folder) = Local::fresh().await;
    local.client.create_bucket().bucket("other").send().await.unwrap();
    local.client.put_object().bucket("other").key("a").body(bytes(3).into()).send().await.unwrap();
    local.client.put_object().bucket("other").key("b/c").body(bytes(3).into()).send().await.unwrap();
    assert_eq!(code(local.client.delete_bucket().bucket("other").send().await), "BucketNotEmpty");
    let named = ["a", "b/c", "never there"].map(|key| ObjectIdentifier::builder().key(key).build().unwrap());
    let delete = Delete::builder().set_objects(Some(named.to_vec())).build().unwrap();
    let deleted = local.client.delete_objects().bucket("other").delete(delete).send().await.unwrap();
    assert_eq!((deleted.deleted().len(), deleted.errors().len()), (3, 0));
    local.client.delete_bucket().bucket("other").send().await.unwrap();
    assert_eq!(code(local.client.get_object().bucket("other").key("a").send().await), "NoSuchBucket");
    assert_eq!(code(local.client.list_objects_v2().bucket("other").send().await), "NoSuchBucket");
}
