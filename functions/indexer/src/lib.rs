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

use std::time::Instant;

pub use event::{Bucket, Entity, Object, Record, S3Event};
use reelspan::container::Limit;
use reelspan::space::MediaKey;
use reelspan::store::{self, Sequencer, Stores};

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
    index_some(stores, &key, sequencer, limit).await.map(Some)
}

/// Brings the index of one file up to date with the object as it is now, on behalf of the event with this sequencer (the
/// default where there is no event).
pub async fn index(stores: &Stores, key: &MediaKey, sequencer: Sequencer) -> Result<Report, Error> {
    index_some(stores, key, sequencer, &Limit::default()).await
}

/// The same as far as the limit allows.
async fn index_some(stores: &Stores, key: &MediaKey, sequencer: Sequencer, limit: &Limit) -> Result<Report, Error> {
    let started = Instant::now();
    let report = Work::new(stores, &key.to_string(), sequencer, limit).run().await?;
    tracing::info!(
        space = %key.space(),
        content = %key.content(),
        outcome = ?report.outcome,
        pages = report.pages,
        removed = report.removed,
        gets = report.gets,
        bytes_read = report.bytes_read,
        milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        "indexed"
    );
    Ok(report)
}
