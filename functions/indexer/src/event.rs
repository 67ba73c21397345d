//! S3's event notifications (*Amazon S3 User Guide*, "Event message structure"): the few fields that the indexer needs.

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

/// A notification of S3: some events, or none in the `s3:TestEvent` that reports a new configuration.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct S3Event {
    /// The events, in no particular order.
    #[serde(rename = "Records", default)]
    pub records: Vec<EventRecord>,
}

/// One event.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct EventRecord {
    /// The kind of event, such as `ObjectCreated:Put`. Only for the log, because the current state of the object
    /// counts.
    #[serde(rename = "eventName", default)]
    pub name: String,
    /// The time, in RFC 3339. For the metric of how long it took until the index was right.
    #[serde(rename = "eventTime", default, skip_serializing_if = "String::is_empty")]
    pub time: String,
    /// The object.
    pub s3: Entity,
}

/// The object of an event.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Entity {
    /// The bucket.
    pub bucket: EventBucket,
    /// The object.
    pub object: EventObject,
}

/// A bucket.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct EventBucket {
    /// Its name.
    pub name: String,
}

impl EventRecord {
    /// The event with which an indexer at its time limit tells the next invocation to continue: the same object and the
    /// same event, so that it may come twice, late, or be sent by hand, like the original.
    #[must_use]
    pub fn go_on(self) -> Self {
        Self { name: "Indexing:GoOn".to_owned(), ..self }
    }
}

/// An object, as the event describes it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct EventObject {
    /// Its key, URL-encoded like forms; [`EventObject::key`] decodes it.
    #[serde(rename = "key")]
    pub encoded_key: String,
    /// Orders the events of a key. Events of a put and of a deletion have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequencer: Option<String>,
}

impl EventObject {
    /// The decoded key: `+` is a space, and `%2B` a plus sign. `None` if it is not UTF-8, which all keys are.
    #[must_use]
    pub fn key(&self) -> Option<String> {
        let spaced = self.encoded_key.replace('+', " ");
        Some(percent_decode_str(&spaced).decode_utf8().ok()?.into_owned())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn keys_are_decoded_as_forms_are() {
        for (encoded, key) in [
            ("films/a.mp4", Some("films/a.mp4")),
            ("films/a+b.mp4", Some("films/a b.mp4")),
            ("films/a%20b.mp4", Some("films/a b.mp4")),
            ("films/a%2Bb.mp4", Some("films/a+b.mp4")),
            ("films/100%25.mp4", Some("films/100%.mp4")),
            ("films/%E3%81%82.mp4", Some("films/あ.mp4")),
            ("films%2Fa.mp4", Some("films/a.mp4")),
            ("films/a%", Some("films/a%")),
            ("films/a%zz", Some("films/a%zz")),
            ("films/..%2F..%2Fetc", Some("films/../../etc")),
            ("films/%00", Some("films/\0")),
            ("films/%ff.mp4", None),
            ("", Some("")),
        ] {
            let object = EventObject { encoded_key: encoded.to_owned(), sequencer: None };
            assert_eq!(object.key().as_deref(), key, "{encoded}");
        }
    }

    #[test]
    fn events_are_read_for_the_fields_that_count() {
        let put = r#"{"Records": [{
            "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "eu-central-1", "eventTime": "2026-01-01T00:00:00.000Z",
            "eventName": "ObjectCreated:Put", "userIdentity": {"principalId": "A"}, "requestParameters": {"sourceIPAddress": "::1"},
            "responseElements": {"x-amz-request-id": "1"},
            "s3": {
                "s3SchemaVersion": "1.0", "configurationId": "c", "bucket": {"name": "media", "arn": "arn:aws:s3:::media"},
                "object": {"key": "films/a+b.mp4", "size": 5, "eTag": "e", "versionId": "v", "sequencer": "0055AED6DCD90281E5"}
            }
        }]}"#;
        let event: S3Event = serde_json::from_str(put).unwrap();
        let [record] = &event.records[..] else { unreachable!("one record") };
        assert_eq!(record.name, "ObjectCreated:Put");
        assert_eq!(record.s3.bucket.name, "media");
        assert_eq!(record.s3.object.key().unwrap(), "films/a b.mp4");
        assert_eq!(record.s3.object.sequencer.as_deref(), Some("0055AED6DCD90281E5"));
    }

    #[test]
    fn the_event_to_go_on_is_of_the_same_object() {
        let put = r#"{"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "media"},
            "object": {"key": "films/a+b.mkv", "size": 5, "sequencer": "0055AED6DCD90281E5"}}}]}"#;
        let put: S3Event = serde_json::from_str(put).unwrap();
        let on = S3Event { records: put.records.into_iter().map(EventRecord::go_on).collect() };
        let again: S3Event = serde_json::from_str(&serde_json::to_string(&on).unwrap()).unwrap();
        let [record] = &again.records[..] else { unreachable!("one record") };
        assert_eq!((record.name.as_str(), record.s3.bucket.name.as_str()), ("Indexing:GoOn", "media"));
        assert_eq!(record.s3.object.key().as_deref(), Some("films/a b.mkv"));
        assert_eq!(record.s3.object.sequencer.as_deref(), Some("0055AED6DCD90281E5"));
    }

    #[test]
    fn a_test_event_has_no_records() {
        let test = r#"{"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2026-01-01T00:00:00.000Z", "Bucket": "media"}"#;
        assert!(serde_json::from_str::<S3Event>(test).unwrap().records.is_empty());
    }

    #[test]
    fn what_is_no_event_is_an_error() {
        for wrong in
            ["1", "null", r#"{"Records": {}}"#, r#"{"Records": [{}]}"#, r#"{"Records": [{"s3": {"bucket": {}}}]}"#]
        {
            assert!(serde_json::from_str::<S3Event>(wrong).is_err(), "{wrong}");
        }
    }
}
