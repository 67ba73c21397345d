//! The indexer: S3's events in, container indexes out.
//!
//! An event only says *which* object to look at. Events come twice and in any order, so what is indexed is what the object
//! is when the indexer looks: it is there, and its index is made, or it is gone, and its index goes too. [`handle`] knows
//! nothing of Lambda; it is called with the same events on one machine.

mod event;
mod sink;
mod work;

use std::time::Instant;

pub use event::{Bucket, Entity, Object, Record, S3Event};
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
pub async fn handle(stores: &Stores, event: S3Event) -> Result<(), Error> {
    let mut first = Ok(());
    for record in event.records {
        if let Err(error) = handle_record(stores, &record).await {
            tracing::error!(key = record.s3.object.encoded_key, event = record.name, %error, "an event failed");
            first = first.and(Err(error));
        }
    }
    first
}

/// Deals with one event; `None` where it is none of ours: of another bucket, or of a key that is no `{space}/{content}`.
async fn handle_record(stores: &Stores, record: &Record) -> Result<Option<Report>, Error> {
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
    index(stores, &key, sequencer).await.map(Some)
}

/// Brings the index of one file up to date with the object as it is now, on behalf of the event with this sequencer (the
/// default where there is no event).
pub async fn index(stores: &Stores, key: &MediaKey, sequencer: Sequencer) -> Result<Report, Error> {
    let started = Instant::now();
    let report = Work::new(stores, &key.to_string(), sequencer).run().await?;
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
