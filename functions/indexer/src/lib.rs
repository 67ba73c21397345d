//! The indexer: S3's events in, container indexes out.
//!
//! An event only says *which* object to look at. Events come twice and in any order, so the indexer looks at the
//! current object: if it exists, its index is made; if not, its index is removed. [`handle`] does not depend on Lambda;
//! on one machine it gets the same events.
//!
//! An invocation lasts fifteen minutes, which may be too short for a file that has to be read completely. So the
//! indexer stops before that, stores a checkpoint, and invokes itself with the same event ([`handle_some`],
//! [`lambda`]).
//!
//! Index a file when S3 says that it was stored:
//!
//! ```
//! use reelspan::store::{CONTAINER_INDEX, Stores, create_tables};
//! use reelspan_engine::index::Status;
//! use reelspan_indexer::{S3Event, handle};
//! use reelspan_testkit::aws::{MemoryBucket, ObjectContent, NAME, database};
//! use reelspan_testkit::media::webm;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (bucket, tables) = (MemoryBucket::default(), database().await);
//! create_tables(&tables).await?;
//! let stores = Stores::new(bucket.config(), tables, NAME, CONTAINER_INDEX.name);
//!
//! bucket.put("films/talk.webm", "an etag", ObjectContent::Bytes(webm(1, 1500, 1)));
//! let event: S3Event = serde_json::from_str(r#"{"Records": [{
//!     "eventName": "ObjectCreated:Put",
//!     "s3": {"bucket": {"name": "media"}, "object": {"key": "films/talk.webm", "sequencer": "01"}}
//! }]}"#)?;
//! handle(&stores, event).await?;
//!
//! let stored = stores.index.stored(&"films/talk.webm".parse()?).await?.ok_or("no index")?;
//! assert!(matches!(stored.head.status, Status::Indexed(_)));
//! # Ok(())
//! # }
//! ```

mod beside;
mod event;
#[cfg(feature = "lambda")]
pub mod lambda;
mod sink;
mod work;

use std::sync::Arc;
use std::time::Duration;

pub use event::{Entity, EventBucket, EventObject, EventRecord, S3Event};
use reelspan::space::MediaKey;
use reelspan::store::{self, Sequencer, Stores};
use reelspan::telemetry::metrics::{self, MetricUnit};
use reelspan::telemetry::{self, Meter};
use reelspan_engine::container::Limit;

use self::work::Work;

/// Why an event could not be handled; it should be sent again.
#[derive(Debug, thiserror::Error)]
pub enum IndexerError {
    /// S3 or DynamoDB failed.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// The object could not be read, or its pages could not be stored.
    #[error("while the object was read: {0}")]
    Unread(String),
    /// The files of captions beside a content changed during every attempt to list them.
    #[error("the captions beside {0} keep changing")]
    RestlessCaptions(MediaKey),
    /// The object changed during every attempt to read it.
    #[error("{0} keeps changing while it is read")]
    Restless(MediaKey),
}

/// The result for a file's index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum IndexingOutcome {
    /// It was already right.
    #[default]
    Current,
    /// It was created.
    Indexed,
    /// The file cannot be indexed; the head says so, and the text says why.
    Refused(String),
    /// It was removed with the object.
    Removed,
    /// The file was read up to this byte offset, and there is a checkpoint from which to continue.
    Paused(u64),
}

impl IndexingOutcome {
    /// The result as a word for the metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Indexed => "indexed",
            Self::Refused(_) => "refused",
            Self::Removed => "removed",
            Self::Paused(_) => "paused",
        }
    }
}

/// The result for one event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventReport {
    /// The result for the index.
    pub outcome: IndexingOutcome,
    /// The number of pages, if the index was created.
    pub pages: u64,
    /// The number of removed pages of another version.
    pub removed: usize,
    /// The number of GETs on the object.
    pub gets: u64,
    /// The number of bytes read.
    pub bytes_read: u64,
}

/// Handles all events of a notification. The first error is returned after all were tried, so that the notification is
/// sent again; finished events are then found to be right.
pub async fn handle(stores: &Stores, mut event: S3Event) -> Result<(), IndexerError> {
    while !event.records.is_empty() {
        event = handle_some(stores, event, &Limit::default()).await?;
    }
    Ok(())
}

/// The same within a limit for each file: returns the events of unfinished files, with which it should be called again.
pub async fn handle_some(stores: &Stores, event: S3Event, limit: &Limit) -> Result<S3Event, IndexerError> {
    let mut rest = Ok(S3Event::default());
    for record in event.records {
        match handle_record(stores, &record, limit).await {
            Ok(Some(EventReport { outcome: IndexingOutcome::Paused(_), .. })) => {
                if let Ok(rest) = &mut rest {
                    rest.records.push(record.go_on());
                }
            }
            Ok(_) => {}
            Err(error) => {
                tracing::error!(key = record.s3.object.encoded_key, event = record.name, %error, "an event failed");
                // All of them are sent again then, including the unfinished ones.
                rest = rest.and(Err(error));
            }
        }
    }
    rest
}

/// Handles one event; `None` if it is not for this indexer: of another bucket, or with a key that is not
/// `{space}/{content}`.
async fn handle_record(
    stores: &Stores,
    record: &EventRecord,
    limit: &Limit,
) -> Result<Option<EventReport>, IndexerError> {
    let (bucket, object) = (&record.s3.bucket.name, &record.s3.object);
    let Some(key) = object.key().and_then(|key| key.parse::<MediaKey>().ok()) else {
        tracing::warn!(key = object.encoded_key, event = record.name, "no space and content: skipped");
        return Ok(None);
    };
    if bucket != stores.media.bucket() {
        tracing::warn!(bucket, event = record.name, "an event of another bucket: skipped");
        return Ok(None);
    }
    let sequencer = Sequencer::new(object.sequencer.as_deref().unwrap_or_default());
    let work = Work::new(stores, &key, sequencer, limit);
    measured(&key, work, telemetry::lag(&record.time)).await.map(Some)
}

/// Updates the index of one file to the current object, for the event with this sequencer (the default without an
/// event).
pub async fn index(stores: &Stores, key: &MediaKey, sequencer: Sequencer) -> Result<EventReport, IndexerError> {
    measured(key, Work::new(stores, key, sequencer, &Limit::default()), None).await
}

/// Updates what lists say of one file to the current object and its head, in whatever format that is. Reads nothing of the file.
pub async fn list(stores: &Stores, key: &MediaKey) -> Result<(), IndexerError> {
    Work::new(stores, key, Sequencer::default(), &Limit::default()).lists_only().run().await.map(drop)
}

/// Indexes one file again, whatever its current index.
pub async fn index_anew(stores: &Stores, key: &MediaKey) -> Result<EventReport, IndexerError> {
    let limit = Limit::default();
    measured(key, Work::new(stores, key, Sequencer::default(), &limit).anew(), None).await
}

/// Does the work, and writes one log line and metrics about it; `lag` is the age of its event at the beginning.
async fn measured(key: &MediaKey, work: Work<'_>, lag: Option<Duration>) -> Result<EventReport, IndexerError> {
    let meter = Meter::start();
    // Boxed, because the compiler would otherwise lay out everything that a container reads with as one future.
    let report = telemetry::within(Arc::clone(&meter), Box::pin(work.run())).await;
    let (s3, dynamodb, milliseconds) = (meter.s3(), meter.dynamodb(), meter.milliseconds());
    let done = report.as_ref().ok();
    // Measured until the head, the last item that requests wait for, is stored; not for a paused file.
    let lag = lag.filter(|_| !done.is_some_and(|report| matches!(report.outcome, IndexingOutcome::Paused(_))));
    let lag = lag.map(|lag| u64::try_from(lag.as_millis()).unwrap_or(u64::MAX).saturating_add(milliseconds));
    tracing::info!(
        space = %key.space(),
        content = %key.content(),
        outcome = done.map(|report| tracing::field::debug(&report.outcome)),
        pages = done.map(|report| report.pages),
        removed = done.map(|report| report.removed),
        gets = done.map(|report| report.gets),
        bytes_read = done.map(|report| report.bytes_read),
        failed = report.is_err().then_some(true),
        dynamodb_calls = dynamodb.calls,
        dynamodb_milliseconds = dynamodb.milliseconds,
        s3_calls = s3.calls,
        s3_milliseconds = s3.milliseconds,
        lag,
        milliseconds,
        "indexed"
    );
    let mut figures = vec![
        ("Events", MetricUnit::Count, 1),
        ("Failures", MetricUnit::Count, u64::from(report.is_err())),
        ("IndexingTime", MetricUnit::Milliseconds, milliseconds),
        ("BytesRead", MetricUnit::Bytes, done.map_or(0, |report| report.bytes_read)),
    ];
    figures.extend(lag.map(|lag| ("IndexingLag", MetricUnit::Milliseconds, lag)));
    let kind = done.map_or("failed", |report| report.outcome.name());
    metrics::emit(Some(kind), None, &figures);
    report
}
