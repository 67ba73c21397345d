//! Events that are still to be delivered, and those that could not be.

use std::time::Duration;

use rusqlite::{Transaction, params};
use tokio::sync::watch;

use super::{Catalogue, Error, since_1970};
use crate::s3::{MEDIA_BUCKET, record::Record};

/// An event whose turn it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingEvent {
    /// Its place in the sequence of all changes.
    pub sequencer: i64,
    /// The key of the object that it tells of.
    pub key: String,
    /// What the function gets, JSON.
    pub message: String,
    /// How often its delivery has failed.
    pub attempts: u32,
}

impl Catalogue {
    /// The first `count` events whose turn it is, in order: not failed for good, not waiting for another attempt, and with
    /// no earlier one of the same key still to be delivered.
    pub fn due_events(&self, count: usize) -> Result<Vec<PendingEvent>, Error> {
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

    /// Notes that an event was delivered: it is gone.
    pub fn delivered(&self, event: &PendingEvent) -> Result<(), Error> {
        self.lock().execute("DELETE FROM event WHERE sequencer = ?1", [event.sequencer])?;
        self.settled();
        Ok(())
    }

    /// Notes that a delivery failed, and that it is tried again after `pause`.
    pub fn postponed(&self, event: &PendingEvent, pause: Duration) -> Result<(), Error> {
        let due = now_in_ms().saturating_add(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX));
        let update = "UPDATE event SET attempts = attempts + 1, due = ?2 WHERE sequencer = ?1";
        self.lock().execute(update, params![event.sequencer, due])?;
        Ok(())
    }

    /// Notes that an event is given up: it is kept with the reason, and not tried again.
    pub fn failed(&self, event: &PendingEvent, reason: &str) -> Result<(), Error> {
        let update = "UPDATE event SET attempts = attempts + 1, failure = ?2 WHERE sequencer = ?1";
        self.lock().execute(update, params![event.sequencer, reason])?;
        self.settled();
        Ok(())
    }

    /// The events that were given up, each as its message and the reason, in order.
    pub fn failures(&self) -> Result<Vec<(String, String)>, Error> {
        let connection = self.lock();
        let mut rows =
            connection.prepare("SELECT message, failure FROM event WHERE failure IS NOT NULL ORDER BY sequencer")?;
        rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    }

    /// How many events are still to be delivered, now and whenever that changes.
    #[must_use]
    pub fn pending(&self) -> watch::Receiver<u64> {
        self.pending.subscribe()
    }

    /// Tells whoever watches that so many events were raised. Only after the transaction that raised them is complete.
    pub(super) fn raised(&self, events: u64) {
        if events > 0 {
            self.pending.send_modify(|pending| *pending += events);
        }
    }

    fn settled(&self) {
        self.pending.send_modify(|pending| *pending = pending.saturating_sub(1));
    }
}

/// Adds the event that tells of a change, where the bucket is the one that notifies; gives how many events that was.
pub(super) fn raise(transaction: &Transaction, record: &Record) -> Result<u64, Error> {
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
