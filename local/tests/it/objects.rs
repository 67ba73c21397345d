//! Objects of the local S3, through the AWS SDK: stored and read whole, in parts, conditionally, and concurrently.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::MetadataDirective;
use reelspan_local::s3::MEDIA_BUCKET;

use crate::harness::{Local, bytes, code};

#[tokio::test]
async fn an_object_comes_back_as_it_was_put() {
    let (local, _folder) = Local::fresh().await;
    let body = bytes(300_000);
    let put = local.client.put_object().bucket(MEDIA_BUCKET).key("films/a.mp4").body(body.clone().into());
    let put = put.content_type("video/mp4").cache_control("no-store").metadata("who", "me").send().await.unwrap();

    let got = local.client.get_object().bucket(MEDIA_BUCKET).key("films/a.mp4").send().await.unwrap();
    assert_eq!((got.content_type(), got.cache_control()), (Some("video/mp4"), Some("no-store")));
    assert_eq!(got.metadata().unwrap()["who"], "me");
    assert_eq!((got.e_tag(), got.content_length()), (put.e_tag(), Some(300_000)));
    assert!(got.last_modified().unwrap().secs() > 1_700_000_000);
    assert_eq!(got.body.collect().await.unwrap().to_vec(), body);

    let head = local.client.head_object().bucket(MEDIA_BUCKET).key("films/a.mp4").send().await.unwrap();
    assert_eq!(
        (head.content_length(), head.e_tag(), head.content_type()),
        (Some(300_000), put.e_tag(), Some("video/mp4"))
    );
    assert_eq!(head.metadata().unwrap()["who"], "me");
    // The MD5 of an empty body, by RFC 1321.
    assert_eq!(local.put("empty", "").await, "\"d41d8cd98f00b204e9800998ecf8427e\"");
    assert_eq!(local.get("empty").await.unwrap(), b"");
}

#[tokio::test]
async fn a_range_gives_those_bytes_of_the_object() {
    let (local, _folder) = Local::fresh().await;
    let body = bytes(400_000);
    local.put("films/a.mp4", body.clone()).await;
    for (range, bounds) in [
        ("bytes=0-0", Some(0..1)),
        ("bytes=100-200000", Some(100..200_001)),
        ("bytes=399999-", Some(399_999..400_000)),
        ("bytes=131072-262143", Some(131_072..262_144)),
        ("bytes=5-9999999", Some(5..400_000)),
        ("bytes=-7", Some(399_993..400_000)),
        ("bytes=-9999999", Some(0..400_000)),
        ("bytes=400000-", None),
        ("bytes=-0", None),
    ] {
        let answer = local.client.get_object().bucket(MEDIA_BUCKET).key("films/a.mp4").range(range).send().await;
        let Some(bounds) = bounds else {
            assert_eq!(code(answer), "InvalidRange", "{range}");
            continue;
        };
        let answer = answer.unwrap();
        let told = format!("bytes {}-{}/400000", bounds.start, bounds.end - 1);
        assert_eq!(answer.content_range(), Some(told.as_str()));
        assert_eq!(answer.content_length(), i64::try_from(bounds.len()).ok());
        assert_eq!(answer.body.collect().await.unwrap().to_vec(), body[bounds], "{range}");
    }
}

#[tokio::test]
async fn a_read_on_condition_is_answered_as_the_object_is() {
    let (local, _folder) = Local::fresh().await;
    let etag = local.put("films/a.mp4", "first").await;
    let long_ago = DateTime::from_secs(1_000_000);
    let get = || local.client.get_object().bucket(MEDIA_BUCKET).key("films/a.mp4");
    let head = || local.client.head_object().bucket(MEDIA_BUCKET).key("films/a.mp4");
    let gets = [
        (get().if_match(&etag), None),
        (get().if_match("\"x\""), Some(412)),
        (get().if_none_match(&etag), Some(304)),
        (get().if_none_match("\"x\""), None),
        (get().if_unmodified_since(long_ago), Some(412)),
    ];
    for (request, expected) in gets {
        let status = request.send().await.err().map(|error| error.raw_response().unwrap().status().as_u16());
        assert_eq!(status, expected);
    }
    let heads = [
        (head().if_match("\"x\""), Some(412)),
        (head().if_none_match(&etag), Some(304)),
        (head().if_modified_since(long_ago), None),
    ];
    for (request, expected) in heads {
        let status = request.send().await.err().map(|error| error.raw_response().unwrap().status().as_u16());
        assert_eq!(status, expected);
    }
    let unchanged = get().if_none_match(&etag).send().await.unwrap_err();
    assert_eq!(unchanged.raw_response().unwrap().headers().get("etag"), Some(etag.as_str()));
}

#[tokio::test]
async fn a_write_on_condition_changes_nothing_where_it_is_refused() {
    let (local, _folder) = Local::fresh().await;
    let etag = local.put("a/b", "first").await;
    let put = |body: &'static str| {
        local.client.put_object().bucket(MEDIA_BUCKET).key("a/b").body(body.as_bytes().to_vec().into())
    };
    assert_eq!(code(put("second").if_none_match("*").send().await), "PreconditionFailed");
    assert_eq!(code(put("second").if_match("\"x\"").send().await), "PreconditionFailed");
    // The MD5 of an empty body, which is not that of "second".
    assert_eq!(code(put("second").content_md5("1B2M2Y8AsgTpgAmY7PhCfg==").send().await), "BadDigest");
    assert_eq!(code(put("second").checksum_crc32("AAAAAA==").send().await), "BadDigest");
    assert_eq!(local.get("a/b").await.unwrap(), b"first");
    assert_eq!(local.files(), 1);
    put("second").if_match(etag).send().await.unwrap();
    assert_eq!(local.get("a/b").await.unwrap(), b"second");
    assert_eq!(local.files(), 1);
}

#[tokio::test]
async fn hostile_keys_are_names_like_any_other() {
    let (local, folder) = Local::fresh().await;
    let long = format!("films/{}", "x".repeat(1018));
    let keys = [
        "films",
        "films/",
        "films/a",
        "films/a/b",
        "films//a",
        "/films",
        "films/../escaped",
        "../../escaped",
        "films/.",
        ".bucket-x",
        "C:\\x",
        "films/ä日本 +&?=%2F#.mp4",
        "films/\u{1}\u{7f}",
        long.as_str(),
    ];
    for key in keys {
        local.put(key, key).await;
    }
    let listed = local.client.list_objects_v2().bucket(MEDIA_BUCKET).encoding_type("url".into()).send().await.unwrap();
    let listed: Vec<_> = listed.contents().iter().map(|it| it.key().unwrap().to_owned()).collect();
    let mut sorted = keys.to_vec();
    sorted.sort_unstable();
    let decode = |name: &String| percent_encoding::percent_decode_str(name).decode_utf8().unwrap().into_owned();
    assert_eq!(listed.iter().map(decode).collect::<Vec<_>>(), sorted);
    for key in keys {
        assert_eq!(local.get(key).await.unwrap(), key.as_bytes(), "{key:?}");
        local.client.delete_object().bucket(MEDIA_BUCKET).key(key).send().await.unwrap();
        assert_eq!(local.get(key).await, None, "{key:?}");
    }
    let too_long = local.client.put_object().bucket(MEDIA_BUCKET).key("x".repeat(1025)).send().await;
    assert_eq!(code(too_long), "KeyTooLongError");
    assert!(!folder.path().join("escaped").exists() && !folder.path().parent().unwrap().join("escaped").exists());
    assert_eq!(local.files(), 0);
}

#[tokio::test]
async fn a_copy_is_an_object_of_its_own() {
    let (local, _folder) = Local::fresh().await;
    let etag = local.put("films/a b.mp4", "first").await;
    let copy = |to: &str| local.client.copy_object().bucket(MEDIA_BUCKET).copy_source("media/films/a%20b.mp4").key(to);
    let copied = copy("other/c.mp4").send().await.unwrap();
    assert_eq!(copied.copy_object_result().unwrap().e_tag(), Some(etag.as_str()));
    local.put("films/a b.mp4", "second").await;
    assert_eq!(local.get("other/c.mp4").await.unwrap(), b"first");

    assert_eq!(code(copy("films/a b.mp4").send().await), "InvalidRequest");
    let replace = copy("films/a b.mp4").metadata_directive(MetadataDirective::Replace).metadata("who", "you");
    replace.content_type("video/x-other").send().await.unwrap();
    let head = local.client.head_object().bucket(MEDIA_BUCKET).key("films/a b.mp4").send().await.unwrap();
    assert_eq!((head.content_type(), head.metadata().unwrap()["who"].as_str()), (Some("video/x-other"), "you"));
    assert_eq!(local.get("films/a b.mp4").await.unwrap(), b"second");

    assert_eq!(code(copy("d").copy_source_if_match("\"x\"").send().await), "PreconditionFailed");
    let missing = local.client.copy_object().bucket(MEDIA_BUCKET).copy_source("media/no").key("d").send().await;
    assert_eq!(code(missing), "NoSuchKey");
    assert_eq!(local.files(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_never_sees_half_of_a_change() {
    let (local, _folder) = Local::fresh().await;
    let local = Arc::new(local);
    // Each version is one repeated letter, so that a mixture is detected; its ETag is known from its own answer.
    let version = |number: usize| vec![b'a' + u8::try_from(number % 20).unwrap(); 300_000 + number];
    let mut etags = std::collections::HashMap::new();
    etags.insert(local.put("films/a.mp4", version(0)).await, version(0));
    let writer = tokio::spawn({
        let local = Arc::clone(&local);
        async move {
            let mut written = Vec::new();
            for number in 1..30 {
                written.push((local.put("films/a.mp4", version(number)).await, version(number)));
            }
            written
        }
    });
    let mut seen = Vec::new();
    while !writer.is_finished() {
        let got = local.client.get_object().bucket(MEDIA_BUCKET).key("films/a.mp4").send().await.unwrap();
        let etag = got.e_tag().unwrap().to_owned();
        tokio::time::sleep(Duration::from_millis(1)).await;
        seen.push((etag, got.body.collect().await.unwrap().to_vec()));
    }
    etags.extend(writer.await.unwrap());
    assert!(seen.len() > 3);
    for (etag, body) in seen {
        assert!(etags[&etag] == body, "the bytes are not those of {etag}");
    }
    assert_eq!(local.files(), 1);
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let (local, _folder) = Local::fresh().await;
    local.put("films/a.mp4", "first").await;
    let presigned = local.client.put_object().bucket(MEDIA_BUCKET).key("films/a.mp4");
    let presigned = presigned.presigned(PresigningConfig::expires_in(Duration::from_mins(1)).unwrap()).await.unwrap();
    let (host, path) = presigned.uri().strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut socket = tokio::net::TcpStream::connect(host).await.unwrap();
    let request = format!("PUT /{path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 1000000\r\n\r\nonly this");
    tokio::io::AsyncWriteExt::write_all(&mut socket, request.as_bytes()).await.unwrap();
    until(|| local.files() > 1).await;
    drop(socket);
    until(|| local.files() == 1).await;
    assert_eq!(local.get("films/a.mp4").await.unwrap(), b"first");
}

#[tokio::test]
async fn only_who_signs_is_answered_and_a_presigned_url_is_signed() {
    let (local, _folder) = Local::fresh().await;
    local.put("films/a b.mp4", "first").await;
    let get = local.client.get_object().bucket(MEDIA_BUCKET).key("films/a b.mp4");
    let presigned = get.presigned(PresigningConfig::expires_in(Duration::from_mins(1)).unwrap()).await.unwrap();
    let unsigned = presigned.uri().split_once('?').unwrap().0;
    assert!(raw_get(presigned.uri()).await.starts_with("HTTP/1.1 200"));
    assert!(raw_get(unsigned).await.starts_with("HTTP/1.1 403"));
}

async fn until(holds: impl Fn() -> bool) {
    for _ in 0..500 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not come to hold within five seconds");
}

async fn raw_get(url: &str) -> String {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut socket = tokio::net::TcpStream::connect(host).await.unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    tokio::io::AsyncWriteExt::write_all(&mut socket, request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut socket, &mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn what_an_sdk_streams_in_chunks_is_taken() {
    let (local, folder) = Local::fresh().await;
    let path = folder.path().join("file");
    let body = bytes(1_000_003);
    std::fs::write(&path, &body).unwrap();
    let stream = ByteStream::from_path(&path).await.unwrap();
    local.client.put_object().bucket(MEDIA_BUCKET).key("films/a.mp4").body(stream).send().await.unwrap();
    assert_eq!(local.get("films/a.mp4").await.unwrap(), body);
}
