//! Pending events, and those that could not be delivered.

use std::time::Duration;

use rusqlite::{Transaction, params};
use tokio::sync::watch;

use super::{CatalogueError, ObjectCatalogue, since_1970};
use crate::s3::{MEDIA_BUCKET, record::NotificationRecord};

/// An event that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingEvent {
    /// Its place in the sequence of all changes.
    pub sequencer: i64,
    /// The key of its object.
    pub key: String,
    /// The message for the function, as JSON.
    pub message: String,
    /// How often its delivery has failed.
    pub attempts: u32,
}

impl ObjectCatalogue {
    /// The first `count` events that are due, in order: not given up, not waiting for another attempt, and without an
    /// earlier pending event of the same key.
    pub fn due_events(&self, count: usize) -> Result<Vec<PendingEvent>, CatalogueError> {
        let connection = self.lock();
        let mut rows = connection.prepare_cached(
            "SELECT sequencer, key, message, attempts FROM event WHERE failure IS NULL AND due <= ?1 AND NOT EXISTS (
                 SELECT 1 FROM event AS earlier
                 WHERE earlier.key = event.key AND earlier.sequencer < event.sequencer AND earlier.failure IS NULL)
             ORDER BY sequencer LIMIT ?2",
        )?;
        rows.query_map(params![now_in_ms(), count], |row| {
            Ok(PendingEvent { sequencer: row.get(0)?, key: row.get(1)?, message: row.get(2)?, attempts: row.get(3)? })
        })?
        .collect()
    }

    /// The sequencers and keys of the first `count` events behind this sequencer that are not given up, in order.
    pub fn pending_events(&self, behind: i64, count: usize) -> Result<Vec<(i64, String)>, CatalogueError> {
        let connection = self.lock();
        let mut rows = connection.prepare_cached(
            "SELECT sequencer, key FROM event WHERE failure IS NULL AND sequencer > ?1 ORDER BY sequencer LIMIT ?2",
        )?;
        rows.query_map(params![behind, count], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    }

    /// Records that an event was delivered, and removes it.
    pub fn delivered(&self, event: &PendingEvent) -> Result<(), CatalogueError> {
        self.lock().execute("DELETE FROM event WHERE sequencer = ?1", [event.sequencer])?;
        self.settled();
        Ok(())
    }

    /// Records that a delivery failed, and retries it after `pause`.
    pub fn postponed(&self, event: &PendingEvent, pause: Duration) -> Result<(), CatalogueError> {
        let due = now_in_ms().saturating_add(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX));
        let update = "UPDATE event SET attempts = attempts + 1, due = ?2 WHERE sequencer = ?1";
        self.lock().execute(update, params![event.sequencer, due])?;
        Ok(())
    }

    /// Records that an event is given up: it is kept with the reason, and not retried.
    pub fn failed(&self, event: &PendingEvent, reason: &str) -> Result<(), CatalogueError> {
        let update = "UPDATE event SET attempts = attempts + 1, failure = ?2 WHERE sequencer = ?1";
        self.lock().execute(update, params![event.sequencer, reason])?;
        self.settled();
        Ok(())
    }

    /// The events that were given up, each as its message and the reason, in order.
    pub fn failures(&self) -> Result<Vec<(String, String)>, CatalogueError> {
        let connection = self.lock();
        let mut rows =
            connection.prepare("SELECT message, failure FROM event WHERE failure IS NOT NULL ORDER BY sequencer")?;
        rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    }

    /// How many events are pending, now and whenever that changes.
    #[must_use]
    pub fn pending(&self) -> watch::Receiver<u64> {
        self.pending.subscribe()
    }

    /// Notifies watchers of this many new events. Call it only after the transaction that added them has been
    /// committed.
    pub(super) fn raised(&self, events: u64) {
        if events > 0 {
            self.pending.send_modify(|pending| *pending += events);
        }
    }

    fn settled(&self) {
        self.pending.send_modify(|pending| *pending = pending.saturating_sub(1));
    }
}

/// Adds the event for a change, if the bucket has notifications; returns the number of events added.
pub(super) fn raise(transaction: &Transaction, record: &NotificationRecord) -> Result<u64, CatalogueError> {
    if record.bucket != MEDIA_BUCKET {
        return Ok(0);
    }
    let message = record.message().to_string();
    transaction.prepare_cached("INSERT INTO event (sequencer, key, message) VALUES (?1, ?2, ?3)")?.execute(params![
        record.sequencer,
        record.key,
        message
    ])?;
    Ok(1)
}

fn now_in_ms() -> i64 {
    since_1970().map_or(0, |now| i64::try_from(now.as_millis()).unwrap_or(i64::MAX))
}
