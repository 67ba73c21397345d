//! An indexer that is terminated in the middle of its work, for example by Lambda's timeout or a failing processor: at
//! each of its calls, before the call takes effect or after, or because the call is refused. It never leaves a mixture
//! of versions, and the next event, whichever it is, completes the work.

use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use reelspan::store::http_client;
use tokio::sync::Notify;

use super::*;

/// The outcome of the last call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// It is never made.
    Before,
    /// It takes effect, but its answer is lost.
    After,
    /// It is refused, and the indexer continues and reports the error.
    Refused,
}

/// One run of an indexer: its number of calls, and the number of its last call.
#[derive(Debug)]
struct Life {
    calls: Mutex<usize>,
    last: (usize, End),
    over: Notify,
}

impl Life {
    /// Whether the last call has been reached.
    fn is_over(&self) -> bool {
        *self.calls.lock().unwrap() > self.last.0
    }
}

/// An HTTP client that works until the run ends.
#[derive(Clone, Debug)]
struct Mortal<T> {
    inner: T,
    life: Arc<Life>,
}

impl HttpClient for Mortal<SharedHttpClient> {
    fn http_connector(&self, settings: &HttpConnectorSettings, with: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, with);
        SharedHttpConnector::new(Mortal { inner, life: Arc::clone(&self.life) })
    }
}

impl HttpConnector for Mortal<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let call = {
            let mut calls = self.life.calls.lock().unwrap();
            *calls += 1;
            *calls - 1
        };
        let (inner, life) = (self.inner.clone(), Arc::clone(&self.life));
        HttpConnectorFuture::new(async move {
            let (last, end) = life.last;
            match end {
                End::Refused if call == last => {
                    let refusal = http::Response::builder().status(403).body(SdkBody::empty()).unwrap();
                    return Ok(HttpResponse::try_from(refusal).unwrap());
                }
                End::After if call == last => drop(inner.call(request).await),
                End::Before | End::After if call >= last => {}
                _ => return inner.call(request).await,
            }
            life.over.notify_one();
            std::future::pending().await
        })
    }
}

/// The new content of the bucket.
#[derive(Clone, Copy, Debug)]
enum Change {
    /// A file with this version and number of seconds.
    File(usize, u32),
    /// Something that is not a media file.
    Text,
    /// Nothing.
    Gone,
}

impl Change {
    fn happens(self, bucket: &MemoryBucket, key: &str, sequencer: u32) -> S3Event {
        let mut name = "ObjectCreated:Put";
        match self {
            Self::File(version, seconds) => store_as(bucket, key, version, seconds),
            Self::Text => drop(bucket.put(key, "text", ObjectContent::Bytes(Bytes::from_static(b"text")))),
            Self::Gone => {
                bucket.delete(key);
                name = "ObjectRemoved:Delete";
            }
        }
        event(&[(name, key, sequencer)])
    }
}

/// Runs an indexer that is terminated this way; returns whether it got that far.
async fn dies(
    bucket: &MemoryBucket,
    database: &aws_sdk_dynamodb::config::Builder,
    last: (usize, End),
    event: S3Event,
) -> bool {
    let life = Arc::new(Life { calls: Mutex::new(0), last, over: Notify::new() });
    let s3 = bucket.config();
    let mortal = |inner: SharedHttpClient| Mortal { inner, life: Arc::clone(&life) };
    let to_s3 = s3.clone().build().http_client().unwrap();
    let s3 = s3.http_client(mortal(to_s3));
    let stores = Stores::new(s3, database.clone().http_client(mortal(http_client())), "media", CONTAINER_INDEX.name);
    tokio::select! {
        done = handle(&stores, event) => assert_eq!(done.is_err(), life.is_over(), "{last:?}"),
        () = life.over.notified() => {}
    }
    life.is_over()
}

#[tokio::test]
async fn an_indexer_that_ends_at_any_call_leaves_what_the_next_event_finishes() {
    use Change::{File, Gone, Text};
    // The previous content, the new content, and the content at the time of the next event, if that differs.
    let cases = [
        (None, File(300, 120), None),
        (Some(File(300, 120)), File(301, 12), None),
        (Some(File(300, 12)), File(301, 120), None),
        (Some(File(300, 45)), Gone, None),
        (Some(File(300, 45)), Text, None),
        (Some(Text), File(300, 45), None),
        (Some(File(300, 45)), File(301, 120), Some(File(302, 50))),
        (Some(File(300, 45)), File(301, 120), Some(Gone)),
        (Some(File(300, 45)), Gone, Some(File(302, 50))),
    ];
    let bucket = MemoryBucket::default();
    let database = database().await;
    let stores = Stores::new(bucket.config(), database.clone(), "media", CONTAINER_INDEX.name);
    create_tables(&database).await.unwrap();
    let mut calls = 0;
    for ((before, now, then), end) in
        cases.iter().flat_map(|case| [End::Before, End::After, End::Refused].map(|end| (case, end)))
    {
        for call in 0.. {
            calls += 1;
            let key = &format!("films/{calls}");
            if let Some(before) = before {
                handle(&stores, before.happens(&bucket, key, 1)).await.unwrap();
            }
            let event = now.happens(&bucket, key, 2);
            if !dies(&bucket, &database, (call, end), event.clone()).await {
                check_final_of(&bucket, &stores, key).await;
                assert!(call > 4, "{now:?}: only {call} calls");
                break;
            }
            // In between, a request finds one version or none, or is told to retry.
            let _ = check_of(&stores, key).await;
            let next = then.map_or(event, |then| then.happens(&bucket, key, 3));
            handle(&stores, next).await.unwrap();
            check_final_of(&bucket, &stores, key).await;
        }
    }
    assert!(calls > 200, "{calls}");
}
