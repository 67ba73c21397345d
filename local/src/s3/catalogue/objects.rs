//! Objects: lookup, put and delete.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::{CatalogueError, CatalogueObject, ObjectCatalogue, events, from_json, next_in_sequence, to_json};
use crate::s3::record::{NotificationRecord, ObjectChange};

const COLUMNS: &str = "body, size, etag, modified, attributes";

/// The result of a change of the catalogue.
#[derive(Debug)]
pub enum Changed<R> {
    /// The change was made; the body that no longer belongs to an object, if there was one.
    Made(Option<String>),
    /// The condition refused it.
    Refused(R),
}

impl ObjectCatalogue {
    /// The object of this name, if it exists.
    pub fn object(&self, bucket: &str, key: &str) -> Result<Option<CatalogueObject>, CatalogueError> {
        let query = format!("SELECT {COLUMNS} FROM object WHERE bucket = ?1 AND key = ?2");
        self.lock().prepare_cached(&query)?.query_row([bucket, key], read).optional()
    }

    /// The body and the `ETag` of the object of this name, if it exists: what a read of its bytes has to know.
    pub fn body(&self, bucket: &str, key: &str) -> Result<Option<(String, String)>, CatalogueError> {
        let query = "SELECT body, etag FROM object WHERE bucket = ?1 AND key = ?2";
        let connection = self.lock();
        connection.prepare_cached(query)?.query_row([bucket, key], |row| Ok((row.get(0)?, row.get(1)?))).optional()
    }

    /// Stores `object` under this name, if `condition` accepts the current one.
    pub fn put<R>(
        &self,
        (bucket, key): (&str, &str),
        object: &CatalogueObject,
        change: ObjectChange,
        condition: impl FnOnce(Option<&CatalogueObject>) -> Result<(), R>,
    ) -> Result<Changed<R>, CatalogueError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let before = current(&transaction, bucket, key)?;
        if let Err(refusal) = condition(before.as_ref()) {
            return Ok(Changed::Refused(refusal));
        }
        let raised = replace(&transaction, bucket, key, object, change)?;
        transaction.commit()?;
        self.raised(raised);
        Ok(Changed::Made(before.map(|object| object.body)))
    }

    /// Deletes the object of this name, if it exists and `condition` accepts it. Deleting a missing object raises no
    /// event.
    pub fn delete<R>(
        &self,
        (bucket, key): (&str, &str),
        condition: impl FnOnce(Option<&CatalogueObject>) -> Result<(), R>,
    ) -> Result<Changed<R>, CatalogueError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let before = current(&transaction, bucket, key)?;
        if let Err(refusal) = condition(before.as_ref()) {
            return Ok(Changed::Refused(refusal));
        }
        let Some(before) = before else { return Ok(Changed::Made(None)) };
        transaction.execute("DELETE FROM object WHERE bucket = ?1 AND key = ?2", [bucket, key])?;
        let sequencer = next_in_sequence(&transaction)?;
        let raised = events::raise(
            &transaction,
            &NotificationRecord { change: ObjectChange::Deleted, bucket, key, object: None, sequencer },
        )?;
        transaction.commit()?;
        self.raised(raised);
        Ok(Changed::Made(Some(before.body)))
    }
}

pub(super) fn current(
    transaction: &Transaction,
    bucket: &str,
    key: &str,
) -> Result<Option<CatalogueObject>, CatalogueError> {
    let query = format!("SELECT {COLUMNS} FROM object WHERE bucket = ?1 AND key = ?2");
    transaction.prepare_cached(&query)?.query_row([bucket, key], read).optional()
}

/// Writes an object's row and raises its event; returns the number of events added.
pub(super) fn replace(
    transaction: &Transaction,
    bucket: &str,
    key: &str,
    object: &CatalogueObject,
    change: ObjectChange,
) -> Result<u64, CatalogueError> {
    transaction.prepare_cached("INSERT OR REPLACE INTO object VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?.execute(
        params![bucket, key, object.body, object.size, object.etag, object.modified, to_json(&object.attributes)],
    )?;
    let sequencer = next_in_sequence(transaction)?;
    events::raise(transaction, &NotificationRecord { change, bucket, key, object: Some(object), sequencer })
}

fn read(row: &Row) -> Result<CatalogueObject, CatalogueError> {
    Ok(CatalogueObject {
        body: row.get(0)?,
        size: row.get(1)?,
        etag: row.get(2)?,
        modified: row.get(3)?,
        attributes: from_json(&row.get::<_, String>(4)?),
    })
}
