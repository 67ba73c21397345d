//! Unfinished multipart uploads and their parts.

use rusqlite::{OptionalExtension, params};

use super::{
    CatalogueError, CatalogueObject, ObjectAttributes, ObjectCatalogue, from_json, now,
    objects::{Changed, current, replace},
    to_json,
};
use crate::s3::record::ObjectChange;

/// A multipart upload that was begun.
#[derive(Debug, Clone)]
pub struct MultipartUpload {
    /// Its upload id.
    pub id: String,
    /// The key of the future object.
    pub key: String,
    /// When it was begun, in seconds since 1970.
    pub started: i64,
    /// The attributes of the future object.
    pub attributes: ObjectAttributes,
}

/// A part of an upload.
#[derive(Debug, Clone)]
pub struct CataloguedPart {
    /// Its number, which determines its position.
    pub number: i32,
    /// The name of the file that holds its bytes.
    pub body: String,
    /// How many bytes it has.
    pub size: u64,
    /// Its `ETag` without quotation marks: its MD5.
    pub etag: String,
    /// When it was put, in seconds since 1970.
    pub modified: i64,
}

impl ObjectCatalogue {
    /// Begins an upload.
    pub fn begin(&self, bucket: &str, upload: &MultipartUpload) -> Result<(), CatalogueError> {
        let insert = "INSERT INTO upload (id, bucket, key, started, attributes) VALUES (?1, ?2, ?3, ?4, ?5)";
        let row = params![upload.id, bucket, upload.key, upload.started, to_json(&upload.attributes)];
        self.lock().execute(insert, row).map(drop)
    }

    /// The upload with this id, if it belongs to this object.
    pub fn upload(&self, bucket: &str, key: &str, id: &str) -> Result<Option<MultipartUpload>, CatalogueError> {
        let query = "SELECT id, key, started, attributes FROM upload WHERE id = ?1 AND bucket = ?2 AND key = ?3";
        self.lock().query_row(query, [id, bucket, key], read_upload).optional()
    }

    /// The uploads of a bucket whose keys begin with `prefix`, in order of their keys, then of their ids.
    pub fn uploads(&self, bucket: &str, prefix: &str) -> Result<Vec<MultipartUpload>, CatalogueError> {
        let connection = self.lock();
        let mut rows = connection.prepare(
            "SELECT id, key, started, attributes FROM upload WHERE bucket = ?1 AND key >= ?2 ORDER BY key, started, id",
        )?;
        let uploads: Result<Vec<MultipartUpload>, CatalogueError> =
            rows.query_map([bucket, prefix], read_upload)?.collect();
        uploads.map(|uploads| uploads.into_iter().take_while(|upload| upload.key.starts_with(prefix)).collect())
    }

    /// Adds a part, and returns the body that it replaces; `None` if the upload no longer exists.
    pub fn put_part(&self, upload: &str, part: &CataloguedPart) -> Result<Option<Option<String>>, CatalogueError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let known: bool =
            transaction.query_row("SELECT EXISTS (SELECT 1 FROM upload WHERE id = ?1)", [upload], |row| row.get(0))?;
        if !known {
            return Ok(None);
        }
        let query = "SELECT body FROM part WHERE upload = ?1 AND number = ?2";
        let before = transaction.query_row(query, params![upload, part.number], |row| row.get(0)).optional()?;
        transaction.execute(
            "INSERT OR REPLACE INTO part (upload, number, body, size, etag, modified) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![upload, part.number, part.body, part.size, part.etag, part.modified],
        )?;
        transaction.commit()?;
        Ok(Some(before))
    }

    /// The parts of an upload, in order of their numbers.
    pub fn parts(&self, upload: &str) -> Result<Vec<CataloguedPart>, CatalogueError> {
        let connection = self.lock();
        let query = "SELECT number, body, size, etag, modified FROM part WHERE upload = ?1 ORDER BY number";
        let mut rows = connection.prepare_cached(query)?;
        rows.query_map([upload], |row| {
            Ok(CataloguedPart {
                number: row.get(0)?,
                body: row.get(1)?,
                size: row.get(2)?,
                etag: row.get(3)?,
                modified: row.get(4)?,
            })
        })?
        .collect()
    }

    /// Ends an upload: the object exists, the upload and its parts do not. `None` if the upload no longer existed.
    pub fn complete<R>(
        &self,
        bucket: &str,
        upload: &MultipartUpload,
        object: &CatalogueObject,
        condition: impl FnOnce(Option<&CatalogueObject>) -> Result<(), R>,
    ) -> Result<Option<Changed<R>>, CatalogueError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let before = current(&transaction, bucket, &upload.key)?;
        if let Err(refusal) = condition(before.as_ref()) {
            return Ok(Some(Changed::Refused(refusal)));
        }
        transaction.execute("DELETE FROM part WHERE upload = ?1", [&upload.id])?;
        if transaction.execute("DELETE FROM upload WHERE id = ?1", [&upload.id])? == 0 {
            return Ok(None);
        }
        let raised = replace(&transaction, bucket, &upload.key, object, ObjectChange::Completed)?;
        transaction.commit()?;
        self.raised(raised);
        Ok(Some(Changed::Made(before.map(|object| object.body))))
    }

    /// Ends an upload without an object.
    pub fn abort(&self, upload: &str) -> Result<(), CatalogueError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        transaction.execute("DELETE FROM part WHERE upload = ?1", [upload])?;
        transaction.execute("DELETE FROM upload WHERE id = ?1", [upload])?;
        transaction.commit()
    }
}

impl MultipartUpload {
    /// A new upload of an object.
    #[must_use]
    pub fn new(id: String, key: String, attributes: ObjectAttributes) -> Self {
        Self { id, key, started: now(), attributes }
    }
}

fn read_upload(row: &rusqlite::Row) -> Result<MultipartUpload, CatalogueError> {
    Ok(MultipartUpload {
        id: row.get(0)?,
        key: row.get(1)?,
        started: row.get(2)?,
        attributes: from_json(&row.get::<_, String>(3)?),
    })
}
