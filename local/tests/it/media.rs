//! The media by both implementations of the bucket: by the SDK through the S3 API, and directly. Both have the same objects.
#![allow(clippy::cast_possible_truncation)]

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::pin::pin;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use reelspan::space::properties::Properties;
use reelspan::space::{ContentPrefix, MediaKey, SpaceId};
use reelspan::store::{
    Bucket, FileSender, LARGEST_UNANNOUNCED, Media, MediaBody, New, PutError, StoreError, StoredPart, Stores, Upload,
};
use reelspan_engine::container::Source;
use reelspan_engine::media::splice::{Piece, Splice};
use reelspan_local::aws;
use reelspan_local::data::DataFolder;
use reelspan_local::media::{Files, UrlSigner};
use reelspan_local::s3::MEDIA_BUCKET;

use crate::harness::{Local, bytes};

const MIB: u64 = 1 << 20;

fn key(name: &str) -> MediaKey {
    name.parse().unwrap()
}

fn named(value: &str) -> New {
    let properties = Properties::new([("title".to_owned(), value.to_owned())]).unwrap();
    New { content_type: Some("video/mp4".to_owned()), properties, md5: None }
}

/// The implementations, each by its name.
fn both(local: &Local, folder: &std::path::Path) -> [(&'static str, Media); 2] {
    let data = DataFolder::open_beside(folder).unwrap();
    let at = local.endpoint.strip_prefix("http://").unwrap().parse().unwrap();
    let dynamodb =
        aws_sdk_dynamodb::config::Builder::new().behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest());
    let by_sdk = Stores::new(aws::s3(at, data.credentials()), dynamodb, MEDIA_BUCKET, "none").media;
    let signer = UrlSigner::new(data.credentials().clone(), local.endpoint.clone());
    let files: Arc<dyn Bucket> = Arc::new(Files::new(Arc::clone(&local.store), Some(signer)));
    [("by the SDK", by_sdk), ("embedded", Media::new(files))]
}

fn once(bytes: &[u8]) -> impl Stream<Item = Result<Bytes, std::io::Error>> + Send + 'static {
    let chunks: Vec<_> = bytes.chunks(100_000).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    stream::iter(chunks)
}

async fn whole(body: MediaBody) -> Result<Vec<u8>, StoreError> {
    let (mut body, mut whole) = (pin!(body.into_stream()), Vec::new());
    while let Some(chunk) = body.next().await {
        whole.extend_from_slice(&chunk?);
    }
    Ok(whole)
}

fn splice(pieces: impl IntoIterator<Item = Piece>) -> Splice {
    let mut splice = Splice::new();
    pieces.into_iter().for_each(|piece| splice.push(piece));
    splice
}

fn made(text: &'static str) -> Piece {
    Piece::Made(Bytes::from_static(text.as_bytes()))
}

#[tokio::test]
async fn what_is_put_is_read_by_both() {
    let (local, folder) = Local::fresh().await;
    let all = both(&local, folder.path());
    let original = bytes(3 * MIB as usize);
    for (length, size) in [(Some(3 * MIB), 3 * MIB), (None, 3 * MIB), (Some(0), 0), (None, 0)] {
        for (name, media) in &all {
            let key = key(&format!("films/{} b+c.mp4", name.replace(' ', "/")));
            let bytes = &original[..size as usize];
            let md5 = media.put(&key, once(bytes), length, named("Ä  b")).await.unwrap();
            for (reader, media) in &all {
                let content = media.content(&key).await.unwrap();
                assert_eq!(content.md5, Some(md5), "{name}, {reader}");
                assert_eq!((content.object.size, content.object.content_type.as_deref()), (size, Some("video/mp4")));
                assert_eq!(content.object.etag, format!("\"{md5}\""), "{name}, {reader}");
                assert_eq!(content.properties, named("Ä  b").properties, "{name}, {reader}");
                let source = media.source(&key, &content.object);
                for range in [0..0, 0..size, size / 3..size / 2, size.saturating_sub(1)..size] {
                    let read = source.read(range.clone()).await.unwrap();
                    assert!(read == bytes[range.start as usize..range.end as usize], "{name}, {reader}, {range:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_body_is_its_splice() {
    let (local, folder) = Local::fresh().await;
    let original = bytes(5 * MIB as usize);
    local.put("films/a.mp4", original.clone()).await;
    let pieces = [
        vec![],
        vec![made("alone")],
        vec![Piece::Source(0..5 * MIB)],
        vec![made("a"), Piece::Source(10..20), made("b"), Piece::Source(30..40), Piece::Source(2 * MIB..3 * MIB + 1)],
        vec![Piece::Source(4 * MIB..5 * MIB), made("b"), Piece::Source(0..5), Piece::Source(0..5), made("c")],
    ];
    for (name, media) in both(&local, folder.path()) {
        let key = key("films/a.mp4");
        let etag = media.object(&key).await.unwrap().etag;
        for (place, pieces) in pieces.iter().enumerate() {
            let splice = splice(pieces.clone());
            let expected = splice.pieces().flat_map(|piece| match piece {
                Piece::Made(bytes) => bytes.to_vec(),
                Piece::Source(range) => original[range.start as usize..range.end as usize].to_vec(),
            });
            let expected: Vec<u8> = expected.collect();
            let body = media.body(&key, &etag, None, splice).await.unwrap();
            assert!(whole(body).await.unwrap() == expected, "{name}, splice {place}");
        }
        let beyond = media.body(&key, &etag, None, splice([Piece::Source(MIB..5 * MIB + 1)])).await.unwrap();
        assert!(whole(beyond).await.is_err(), "{name}: an object that is shorter than its index says");
    }
}

/// Sends at most 70 000 bytes at a time, and keeps what it was asked for.
#[derive(Debug, Default)]
struct AskedSender(Mutex<Vec<Range<u64>>>);

#[async_trait]
impl FileSender for AskedSender {
    async fn chunk(&self, file: &Arc<File>, range: Range<u64>) -> io::Result<Bytes> {
        let mut bytes = vec![0; (range.end - range.start).min(70_000) as usize];
        self.0.lock().unwrap().push(range.clone());
        file.read_exact_at(&mut bytes, range.start)?;
        Ok(bytes.into())
    }
}

#[tokio::test]
async fn a_connection_that_sends_files_gets_the_long_pieces() {
    let (local, folder) = Local::fresh().await;
    let original = bytes(MIB as usize);
    local.put("films/a.mp4", original.clone()).await;
    let [(_, by_sdk), (_, embedded)] = both(&local, folder.path());
    let key = key("films/a.mp4");
    let etag = embedded.object(&key).await.unwrap().etag;
    let pieces = splice([
        made("a"),
        Piece::Source(10..20),
        Piece::Source(25..40_000),
        made("b"),
        Piece::Source(50_000..50_100),
        Piece::Source(0..100_000),
        Piece::Source(100_001..100_002),
    ]);
    let at = |range: Range<usize>| original[range].to_vec();
    let expected = [
        b"a".to_vec(),
        at(10..20),
        at(25..40_000),
        b"b".to_vec(),
        at(50_000..50_100),
        at(0..100_000),
        at(100_001..100_002),
    ];
    let body = embedded.body(&key, &etag, None, pieces.clone()).await.unwrap();
    let (handover, sender) = (body.handover().unwrap(), Arc::new(AskedSender::default()));
    assert_eq!(handover.length(), pieces.len());
    handover.accept(sender.clone());
    assert!(whole(body).await.unwrap() == expected.concat());
    assert_eq!(*sender.0.lock().unwrap(), [25..40_000, 0..100_000, 70_000..100_000]);

    let beyond = embedded.body(&key, &etag, None, splice([Piece::Source(MIB - 50_000..MIB + 1)])).await.unwrap();
    beyond.handover().unwrap().accept(sender);
    assert!(whole(beyond).await.is_err(), "an object that is shorter than its index says");

    // What comes from S3 is in no file, and what is made needs none.
    assert!(by_sdk.body(&key, &etag, None, pieces).await.unwrap().handover().is_none());
    assert!(embedded.body(&key, &etag, None, splice([made("a")])).await.unwrap().handover().is_none());
}

#[tokio::test]
async fn a_body_never_mixes_two_versions() {
    let (local, folder) = Local::fresh().await;
    for (name, media) in both(&local, folder.path()) {
        let (key, old) = (key("films/a.mp4"), bytes(12 * MIB as usize));
        local.put("films/a.mp4", old.clone()).await;
        let etag = media.object(&key).await.unwrap().etag;
        let sources = [Piece::Source(0..11 * MIB), made("between"), Piece::Source(0..2 * MIB)];
        let body = media.body(&key, &etag, None, splice(sources)).await.unwrap();
        let mut body = pin!(body.into_stream());
        let mut read = body.next().await.unwrap().unwrap().to_vec();
        local.put("films/a.mp4", vec![7; 12 * MIB as usize]).await;
        let ended = loop {
            match body.next().await {
                Some(Ok(chunk)) => read.extend_from_slice(&chunk),
                Some(Err(error)) => break Err(error),
                None => break Ok(()),
            }
        };
        let expected = [&old[..11 * MIB as usize], b"between", &old[..2 * MIB as usize]].concat();
        assert!(expected.starts_with(&read), "{name}: bytes of another version");
        assert!(ended.is_err() || read.len() == expected.len(), "{name}: it just ends");
        assert!(matches!(
            media.body(&key, &etag, None, splice([Piece::Source(0..9)])).await.err(),
            Some(StoreError::Changed)
        ));
        media.delete(&key).await.unwrap();
        media.delete(&key).await.unwrap();
        assert!(matches!(
            media.body(&key, &etag, None, splice([Piece::Source(0..9)])).await.err(),
            Some(StoreError::Changed)
        ));
        assert!(matches!(media.content(&key).await.err(), Some(StoreError::Missing)), "{name}");
    }
}

#[tokio::test]
async fn a_put_that_fails_leaves_the_object_as_it_was() {
    let (local, folder) = Local::fresh().await;
    local.put("films/a.mp4", "as it was").await;
    let files = local.files();
    for (name, media) in both(&local, folder.path()) {
        let key = key("films/a.mp4");
        let broken = || stream::iter([Ok(Bytes::from_static(b"four")), Err(std::io::Error::other("gone"))]);
        for length in [Some(9), None] {
            let failed = media.put(&key, broken(), length, named("b")).await.unwrap_err();
            assert!(matches!(failed, PutError::BrokenOff(_)), "{name}: {failed}");
        }
        for (length, said) in [(8, "longer"), (10, "missing")] {
            let failed = media.put(&key, once(b"nine byte"), Some(length), named("b")).await.unwrap_err();
            assert!(matches!(&failed, PutError::BrokenOff(why) if why.contains(said)), "{name}: {failed}");
        }
        let md5 = reelspan::store::Hasher::default().digest();
        for length in [Some(9), None] {
            let new = New { md5: Some(md5), ..named("b") };
            let failed = media.put(&key, once(b"nine byte"), length, new).await.unwrap_err();
            assert!(matches!(failed, PutError::Digest { expected, .. } if expected == md5), "{name}: {failed}");
        }
        assert_eq!(local.get("films/a.mp4").await.unwrap(), b"as it was", "{name}");
        assert_eq!(local.files(), files, "{name}: a file was left behind");
    }
    const { assert!(LARGEST_UNANNOUNCED > 100 << 30) };
}

#[tokio::test]
async fn a_copy_is_of_the_version_that_was_looked_up() {
    let (local, folder) = Local::fresh().await;
    for (name, media) in both(&local, folder.path()) {
        let (from, to) = (key("films/from.mp4"), key("other/to.mp4"));
        media.put(&from, once(b"bytes"), Some(5), named("first")).await.unwrap();
        let content = media.content(&from).await.unwrap();
        media.copy(&content, &from, &to).await.unwrap();
        assert_eq!(media.content(&to).await.unwrap().properties, content.properties, "{name}");
        let second = named("second");
        media.note(&from, &content, Some("audio/mp4"), &second.properties).await.unwrap();
        let noted = media.content(&from).await.unwrap();
        assert_eq!((&noted.properties, noted.object.content_type.as_deref()), (&second.properties, Some("audio/mp4")));
        assert_eq!((noted.md5, &noted.object.etag), (content.md5, &content.object.etag), "{name}");
        local.put("films/from.mp4", "others").await;
        assert!(matches!(media.copy(&noted, &from, &to).await, Err(StoreError::Changed)), "{name}");
        assert_eq!(local.get("other/to.mp4").await.unwrap(), b"bytes", "{name}");
    }
}

#[tokio::test]
async fn listings_are_in_order_and_spaces_are_emptied() {
    let (local, folder) = Local::fresh().await;
    for (name, media) in both(&local, folder.path()) {
        let (films, other) = (SpaceId::parse("films").unwrap(), SpaceId::parse("films2").unwrap());
        let names = ["a.mp4", "a/b c.mp4", "a/ä.mp4", "b.mp4"];
        for name in names {
            local.put(&format!("films/{name}"), name).await;
        }
        local.put("films2/a.mp4", "another space").await;
        let (all, below) = (ContentPrefix::default(), ContentPrefix::parse("a/").unwrap());
        let listed = |page: reelspan::store::ContentList| -> Vec<String> {
            page.names.iter().map(|name| name.as_str().to_owned()).collect()
        };
        assert_eq!(listed(media.list(&films, &all, None, 1000).await.unwrap()), names, "{name}");
        assert_eq!(listed(media.list(&films, &below, None, 1000).await.unwrap()), names[1..3], "{name}");
        let first = media.list(&films, &all, None, 3).await.unwrap();
        assert!(first.more, "{name}");
        let after = ContentPrefix::from(&first.names[2]);
        let rest = media.list(&films, &all, Some(&after), 3).await.unwrap();
        assert_eq!((rest.more, listed(rest)), (false, vec!["b.mp4".to_owned()]), "{name}");
        let sizes = media.objects(&films, &below, None).await.unwrap().objects;
        assert_eq!(sizes.iter().map(|object| object.size).collect::<Vec<_>>(), [9, 8], "{name}");

        local.client.create_multipart_upload().bucket(MEDIA_BUCKET).key("films/c.mp4").send().await.unwrap();
        assert!(media.delete_some(&films).await.unwrap(), "{name}");
        assert!(!media.delete_some(&films).await.unwrap(), "{name}");
        let uploads = local.client.list_multipart_uploads().bucket(MEDIA_BUCKET).send().await.unwrap();
        assert!(uploads.uploads().is_empty(), "{name}");
        assert_eq!(media.list(&other, &all, None, 9).await.unwrap().names.len(), 1, "{name}");
    }
}

/// Sends a request without a body of its own making, as `curl` would.
async fn send(method: &str, url: &str, headers: &[(String, String)], body: &[u8]) -> (u16, Bytes) {
    use http_body_util::BodyExt;
    let client = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new()).build_http();
    let request = headers
        .iter()
        .fold(http::Request::builder().method(method).uri(url), |request, (name, value)| request.header(name, value));
    let body = http_body_util::Full::new(Bytes::copy_from_slice(body));
    let answer = client.request(request.body(body).unwrap()).await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.into_body().collect().await.unwrap().to_bytes())
}

#[tokio::test]
async fn presigned_urls_allow_what_was_signed_and_nothing_else() {
    let (local, folder) = Local::fresh().await;
    for (name, media) in both(&local, folder.path()) {
        let (key, new) = (key("films/a b+ä.mp4"), named("a title"));
        let Upload::Whole(put) = media.signed_upload(&key, 5, None, &new).await.unwrap() else {
            panic!("{name}: parts")
        };
        assert_eq!(send("PUT", &put.url, &put.headers, b"bytes").await.0, 200, "{name}");
        assert_eq!(media.content(&key).await.unwrap().properties, new.properties, "{name}");
        assert_eq!(send("PUT", &put.url, &put.headers, b"more bytes").await.0, 403, "{name}: another length");
        let without: Vec<_> = put.headers.iter().filter(|(name, _)| name != "x-amz-meta-title").cloned().collect();
        assert_eq!(send("PUT", &put.url, &without, b"bytes").await.0, 403, "{name}: without the properties");

        let get = media.signed_get(&key, Some("attachment".to_owned())).await.unwrap();
        assert_eq!(send("GET", &get.url, &get.headers, b"").await, (200, Bytes::from_static(b"bytes")), "{name}");
        assert_eq!(send("DELETE", &get.url, &get.headers, b"").await.0, 403, "{name}: another method");
        assert_eq!(send("GET", &get.url.replace("a%20b", "c%20b"), &[], b"").await.0, 403, "{name}: another object");

        let put = media.signed_redirect(&key, &named("in the URL")).await.unwrap();
        assert_eq!(send("PUT", &put.url, &put.headers, b"again").await.0, 200, "{name}");
        assert_eq!(local.get("films/a b+ä.mp4").await.unwrap(), b"again", "{name}");
    }
}

#[tokio::test]
async fn a_large_upload_goes_in_parts() {
    let (local, folder) = Local::fresh().await;
    for (name, media) in both(&local, folder.path()) {
        let (key, size) = (key("films/large.mp4"), (5 << 30) + 1);
        let Upload::Parts { id, parts } = media.signed_upload(&key, size, None, &named("b")).await.unwrap() else {
            panic!("{name}: one PUT")
        };
        assert_eq!(parts.iter().map(|part| part.size).sum::<u64>(), size, "{name}");
        assert_eq!(parts.iter().map(|part| part.number).collect::<Vec<_>>(), (1..=81).collect::<Vec<_>>(), "{name}");
        assert_eq!(send("PUT", &parts[80].url, &[], b"b").await.0, 200, "{name}");
        assert!(matches!(
            media.complete_upload(&key, "unknown", &[(81, "e".to_owned())]).await,
            Err(StoreError::Missing)
        ));
        let md5 = "\"92eb5ffee6ae2fec3ad71c777531578f\"".to_owned();
        media.complete_upload(&key, &id, &[(81, md5)]).await.unwrap();
        assert_eq!(local.get("films/large.mp4").await.unwrap(), b"b", "{name}");
    }
}

#[tokio::test]
async fn an_upload_goes_on_from_the_parts_that_are_stored() {
    let (local, folder) = Local::fresh().await;
    for (name, media) in both(&local, folder.path()) {
        let (key, size, part) = (key("films/resumed.mp4"), (10 << 20) + 1, Some(5 << 20));
        let Upload::Parts { id, parts } = media.signed_upload(&key, size, part, &named("b")).await.unwrap() else {
            panic!("{name}: one PUT")
        };
        let sizes: Vec<_> = parts.iter().map(|part| (part.number, part.size)).collect();
        assert_eq!(sizes, [(1, 5 << 20), (2, 5 << 20), (3, 1)], "{name}");
        assert_eq!(media.stored_parts(&key, &id).await.unwrap(), [], "{name}");
        assert_eq!(send("PUT", &parts[2].url, &[], b"b").await.0, 200, "{name}");
        let etag = "\"92eb5ffee6ae2fec3ad71c777531578f\"".to_owned();
        assert_eq!(media.stored_parts(&key, &id).await.unwrap(), [StoredPart { number: 3, size: 1, etag }], "{name}");
        let again = media.signed_parts(&key, &id, &sizes[2..]).await.unwrap();
        assert_eq!(send("PUT", &again[0].url, &[], b"b").await.0, 200, "{name}");

        media.abort_upload(&key, &id).await.unwrap();
        media.abort_upload(&key, &id).await.unwrap();
        assert!(matches!(media.stored_parts(&key, &id).await, Err(StoreError::Missing)), "{name}");
        assert_eq!(send("PUT", &parts[2].url, &[], b"b").await.0, 404, "{name}: it is aborted");
    }
}
