//! The JSON that S3 sends to Lambda when an object changes. (*Amazon S3 User Guide*, Event message structure, version
//! 2.1.)

use chrono::{DateTime, SecondsFormat, Utc};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use serde_json::{Value, json};

use super::catalogue::CatalogueObject;

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectChange {
    /// It was put in one request.
    Put,
    /// It was copied from another.
    Copied,
    /// It was completed from parts.
    Completed,
    /// It was deleted.
    Deleted,
}

/// The content of an event.
#[derive(Debug, Clone, Copy)]
pub struct NotificationRecord<'a> {
    /// What happened.
    pub change: ObjectChange,
    /// The bucket.
    pub bucket: &'a str,
    /// The key of the object, not encoded.
    pub key: &'a str,
    /// The current object; `None` if it was deleted.
    pub object: Option<&'a CatalogueObject>,
    /// The position in the sequence of all changes: nanoseconds since 1970, or slightly more.
    pub sequencer: i64,
}

/// The characters that S3 leaves unencoded in an event's key; a space becomes `+`.
const FORM: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'*').remove(b'/').remove(b' ');

impl ObjectChange {
    const fn event_name(self) -> &'static str {
        match self {
            Self::Put => "ObjectCreated:Put",
            Self::Copied => "ObjectCreated:Copy",
            Self::Completed => "ObjectCreated:CompleteMultipartUpload",
            Self::Deleted => "ObjectRemoved:Delete",
        }
    }
}

impl NotificationRecord<'_> {
    /// The whole message: one record.
    #[must_use]
    pub fn message(&self) -> Value {
        let sequencer = format!("{:016X}", self.sequencer);
        let mut object = json!({ "key": form_encoded(self.key), "sequencer": sequencer });
        if let (Some(is), Some(fields)) = (self.object, object.as_object_mut()) {
            fields.insert("size".into(), is.size.into());
            fields.insert("eTag".into(), is.etag.as_str().into());
        }
        json!({ "Records": [{
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": super::REGION,
            "eventTime": DateTime::<Utc>::from_timestamp_nanos(self.sequencer).to_rfc3339_opts(SecondsFormat::Millis, true),
            "eventName": self.change.event_name(),
            "userIdentity": { "principalId": "reelspan" },
            "requestParameters": { "sourceIPAddress": "127.0.0.1" },
            "responseElements": { "x-amz-request-id": sequencer, "x-amz-id-2": sequencer },
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": "indexer",
                "bucket": {
                    "name": self.bucket,
                    "ownerIdentity": { "principalId": "reelspan" },
                    "arn": format!("arn:aws:s3:::{}", self.bucket),
                },
                "object": object,
            },
        }] })
    }
}

fn form_encoded(key: &str) -> String {
    percent_encode(key.as_bytes(), &FORM).to_string().replace(' ', "+")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

    use super::{NotificationRecord, ObjectChange, form_encoded};

    #[test]
    fn a_key_is_written_as_a_form_has_it() {
        for (key, written) in [
            ("films/a.mp4", "films/a.mp4"),
            ("films/a b+c.mp4", "films/a+b%2Bc.mp4"),
            ("films/ä&=%.mp4", "films/%C3%A4%26%3D%25.mp4"),
        ] {
            assert_eq!(form_encoded(key), written);
        }
    }

    #[test]
    fn a_deletion_tells_neither_size_nor_etag() {
        let record = NotificationRecord {
            change: ObjectChange::Deleted,
            bucket: "media",
            key: "a/b",
            object: None,
            sequencer: 0x18_F000,
        };
        let message = record.message();
        let told = &message["Records"][0];
        assert_eq!(told["eventName"], "ObjectRemoved:Delete");
        assert_eq!(told["eventTime"], "1970-01-01T00:00:00.001Z");
        assert_eq!(told["s3"]["object"], serde_json::json!({ "key": "a/b", "sequencer": "000000000018F000" }));
    }
}
