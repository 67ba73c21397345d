//! The indexer: S3's events in, container indexes out.
//!
//! An event only says *which* object to look at. Events come twice and in any order, so what is indexed is what the object
//! is when the indexer looks: it is there, and its index is made, or it is gone, and its index goes too. [`handle`] knows
//! nothing of Lambda; it is called with the same events on one machine.
//!
//! An invocation lasts fifteen minutes, which may be too short for a file that has to be read through. So the indexer stops
//! before that, leaves a checkpoint, and invokes itself with the same event ([`handle_some`], [`lambda`]).

mod event;
pub mod lambda;
mod sink;
mod work;

use std::sync::Arc;
use std::time::Duration;

pub use event::{Bucket, Entity, Object, Record, S3Event};
use reelspan::space::MediaKey;
use reelspan::store::{self, Sequencer, Stores};
use reelspan::telemetry::metrics::{self, Unit};
use reelspan::telemetry::{self, Meter};
use reelspan_engine::container::Limit;

use self::work::Work;

/// Why an event could not be dealt with; it wants to be sent again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// S3 or DynamoDB did not do their part.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The object could not be read, or its pages not be stored.
    #[error("while the object was read: {0}")]
    Unread(String),
    /// The object became another one every time that it was read.
    #[error("{0} keeps changing while it is read")]
    Restless(String),
}

/// What became of a file's index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    /// It was right already.
    #[default]
    Current,
    /// It was made.
    Indexed,
    /// The file is none that can be indexed; the head says so, and the text why.
    Refused(String),
    /// It went with the object.
    Removed,
    /// The file was read up to this byte offset, and there is a checkpoint from which to go on.
    Paused(u64),
}

impl Outcome {
    /// In a word, as the metrics have it.
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

/// What was done for one event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What became of the index.
    pub outcome: Outcome,
    /// How many pages it has, where it was made.
    pub pages: u64,
    /// How many pages of another version were removed.
    pub removed: usize,
    /// How many GETs the object was read by.
    pub gets: u64,
    /// How many bytes they brought.
    pub bytes_read: u64,
}

/// Deals with all events of a notification. The first error is returned once all were tried, so that the notification is
/// sent again; what was done already is then found to be right.
pub async fn handle(stores: &Stores, mut event: S3Event) -> Result<(), Error> {
    while !event.records.is_empty() {
        event = handle_some(stores, event, &Limit::default()).await?;
    }
    Ok(())
}

/// The same as far as the limit allows, which is that of each file: gives the events of those that were not finished, with
/// which this wants to be called again.
pub async fn handle_some(stores: &Stores, event: S3Event, limit: &Limit) -> Result<S3Event, Error> {
    let mut rest = Ok(S3Event::default());
    for record in event.records {
        match handle_record(stores, &record, limit).await {
            Ok(Some(Report { outcome: Outcome::Paused(_), .. })) => {
                if let Ok(rest) = &mut rest {
                    rest.records.push(record.go_on());
                }
            }
            Ok(_) => {}
            Err(error) => {
                tracing::error!(key = record.s3.object.encoded_key, event = record.name, %error, "an event failed");
                // All of them are sent again then, those that were not finished too.
                rest = rest.and(Err(error));
            }
        }
    }
    rest
}

/// Deals with one event; `None` where it is none of ours: of another bucket, or of a key that is no `{space}/{content}`.
async fn handle_record(stores: &Stores, record: &Record, limit: &Limit) -> Result<Option<Report>, Error> {
    let (bucket, object) = (&record.s3.bucket.name, &record.s3.object);
    let Some(key) = object.key().and_then(|key| key.parse::<MediaKey>().ok()) else {
        tracing::warn!(key = object.encoded_key, event = record.name, "no space and content: passed over");
        return Ok(None);
    };
    if bucket != stores.media.bucket() {
        tracing::warn!(bucket, event = record.name, "an event of another bucket: passed over");
        return Ok(None);
    }
    let sequencer = Sequencer::new(object.sequencer.as_deref().unwrap_or_default());
    let media = key.to_string();
    let work = Work::new(stores, &media, sequencer, limit);
    measured(&key, work, telemetry::lag(&record.time)).await.map(Some)
}

/// Brings the index of one file up to date with the object as it is now, on behalf of the event with this sequencer (the
/// default where there is no event).
pub async fn index(stores: &Stores, key: &MediaKey, sequencer: Sequencer) -> Result<Report, Error> {
    measured(key, Work::new(stores, &key.to_string(), sequencer, &Limit::default()), None).await
}

/// Makes the index of one file anew, whatever index there is.
pub async fn index_anew(stores: &Stores, key: &MediaKey) -> Result<Report, Error> {
    let limit = Limit::default();
    measured(key, Work::new(stores, &key.to_string(), Sequencer::default(), &limit).anew(), None).await
}

/// Does the work, writes one line about it, and its figures; `lag` is how long ago its event was when it began.
async fn measured(key: &MediaKey, work: Work<'_>, lag: Option<Duration>) -> Result<Report, Error> {
    let meter = Meter::start();
    // Boxed, as the compiler would otherwise lay out all that a container reads by as one future.
    let report = telemetry::within(Arc::clone(&meter), Box::pin(work.run())).await;
    let (s3, dynamodb, milliseconds) = (meter.s3(), meter.dynamodb(), meter.milliseconds());
    let done = report.as_ref().ok();
    // Until the head is there, which is the last of it that a request waits for: not of a piece.
    let lag = lag.filter(|_| !done.is_some_and(|report| matches!(report.outcome, Outcome::Paused(_))));
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
        ("Events", Unit::Count, 1),
        ("Failures", Unit::Count, u64::from(report.is_err())),
        ("IndexingTime", Unit::Milliseconds, milliseconds),
        ("BytesRead", Unit::Bytes, done.map_or(0, |report| report.bytes_read)),
    ];
    figures.extend(lag.map(|lag| ("IndexingLag", Unit::Milliseconds, lag)));
    let kind = done.map_or("failed", |report| report.outcome.name());
    metrics::emit(Some(kind), None, &figures);
    report
}
