//! The edges forget the answers for files that were replaced or deleted. The stream of the table of indexes says which
//! (*Amazon DynamoDB Developer Guide*, "DynamoDB Streams and AWS Lambda triggers"): a head that is modified or removed is one
//! of a file that had been indexed before. Captions beside contents have an item of the stem of these contents, so the edges forget
//! all whose names begin with it. Filters of the template leave out all other records, so a first upload costs no invocation, and by
//! the time of the record the index of the new file counts.
//!
//! Records that could not be dealt with are reported as failed, and Lambda gives them again.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::types::{InvalidationBatch, Paths};
use lambda_http::LambdaEvent;
use lambda_runtime::service_fn;
use percent_encoding::percent_encode_byte;
use reelspan::space::streaming::{Streaming, StreamingKind};
use reelspan::space::{ContentId, MediaKey, SpaceId};
use reelspan::store::{self, SpacesTable, Stores};
use reelspan::streaming::Hosts;
use reelspan_rest as rest;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::cloudfront::of;
use super::variable;
use crate::EdgeError;

/// How many files of a space are named one by one. CloudFront takes 15 paths with a wildcard at once (*CloudFront Developer
/// Guide*, "Invalidation quotas"), and more files become one path for the space.
const MOST: usize = 10;

/// Some records of the stream.
#[derive(Clone, Debug, Deserialize)]
struct Batch {
    #[serde(rename = "Records")]
    records: Vec<TableRecord>,
}

#[derive(Clone, Debug, Deserialize)]
struct TableRecord {
    dynamodb: StreamRecord,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StreamRecord {
    keys: ItemKey,
    sequence_number: String,
}

#[derive(Clone, Debug, Deserialize)]
struct ItemKey {
    media: Text,
}

#[derive(Clone, Debug, Deserialize)]
struct Text {
    #[serde(rename = "S")]
    text: String,
}

/// The records that Lambda is to give again (*AWS Lambda Developer Guide*, "Configuring partial batch response with DynamoDB
/// and Lambda"): all from the first of these on.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchItemFailures {
    batch_item_failures: Vec<BatchItemFailure>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchItemFailure {
    item_identifier: String,
}

/// The function.
#[derive(Clone, Debug)]
struct Forgets {
    client: Client,
    table: SpacesTable,
    open: String,
    secure: String,
}

/// Answers invocations until the process ends.
pub async fn run() -> Result<(), lambda_http::Error> {
    let config = aws_sdk_cloudfront::config::Builder::from(store::aws().await);
    let forgets = Forgets {
        client: Client::from_conf(config.build()),
        table: Stores::from_env().await?.spaces(variable("SPACES_TABLE")?),
        open: variable("OPEN_DISTRIBUTION")?,
        secure: variable("SECURE_DISTRIBUTION")?,
    };
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Batch>| {
        let forgets = forgets.clone();
        async move { Ok::<_, lambda_http::Error>(forgets.all(&event.payload).await) }
    }))
    .await
}

impl Forgets {
    /// Deals with all records; returns those that failed.
    async fn all(&self, batch: &Batch) -> BatchItemFailures {
        let mut failures = BatchItemFailures::default();
        for (id, (contents, numbers)) in by_space(batch) {
            let reference = numbers.first().copied().unwrap_or_default();
            if let Err(error) = self.space(&id, &contents, reference).await {
                tracing::warn!(space = %id, %error, "an invalidation failed; it is tried again");
                let failed = numbers.iter().map(|number| BatchItemFailure { item_identifier: (*number).to_owned() });
                failures.batch_item_failures.extend(failed);
            }
        }
        failures
    }

    async fn space(
        &self,
        id: &SpaceId,
        contents: &BTreeSet<ContentId>,
        reference: &str,
    ) -> Result<(), rest::RestError> {
        // What is off may be turned on again before its cached answers expire.
        let streaming = self.table.get(id).await?.and_then(|space| space.streaming);
        let Some(streaming) = streaming else { return Ok(()) };
        let distribution = match streaming.kind {
            StreamingKind::Open => &self.open,
            StreamingKind::Secure => &self.secure,
        };
        let paths: Vec<_> = paths(id, &streaming, contents).into_iter().collect();
        tracing::info!(space = %id, contents = contents.len(), paths = paths.len(), "the edges are to forget");
        Ok(self.invalidate(distribution, &paths, reference).await?)
    }

    /// Invalidates paths. The same paths with the same reference are invalidated once.
    async fn invalidate(&self, distribution: &str, paths: &[String], reference: &str) -> Result<(), EdgeError> {
        let built = |error: aws_sdk_cloudfront::error::BuildError| EdgeError::Service(error.to_string());
        let quantity = i32::try_from(paths.len()).unwrap_or(i32::MAX);
        let listed = Paths::builder().quantity(quantity).set_items(Some(paths.to_vec())).build().map_err(built)?;
        let digest = digest(&SHA256, format!("{reference}\n{}", paths.join("\n")).as_bytes());
        let reference = digest.as_ref().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        let batch = InvalidationBatch::builder().paths(listed).caller_reference(reference).build().map_err(built)?;
        self.client
            .create_invalidation()
            .distribution_id(distribution)
            .invalidation_batch(batch)
            .send()
            .await
            .map_err(of)?;
        Ok(())
    }
}

/// The files of a batch by their spaces, with the numbers of their records.
fn by_space(batch: &Batch) -> BTreeMap<SpaceId, (BTreeSet<ContentId>, Vec<&str>)> {
    let mut spaces: BTreeMap<_, (BTreeSet<_>, Vec<_>)> = BTreeMap::new();
    for TableRecord { dynamodb: StreamRecord { keys, sequence_number } } in &batch.records {
        let Ok(key) = keys.media.text.parse::<MediaKey>() else {
            tracing::warn!(sequence_number, "a record that names no content: passed over");
            continue;
        };
        let (contents, numbers) = spaces.entry(key.space().clone()).or_default();
        contents.insert(key.content().clone());
        numbers.push(sequence_number.as_str());
    }
    spaces
}

/// The paths to invalidate for these files, with all cuts and derived forms of them: as viewers write them, and as
/// `functions/edge/viewer-request.js` rewrites them for each of the origins.
fn paths(id: &SpaceId, streaming: &Streaming, contents: &BTreeSet<ContentId>) -> BTreeSet<String> {
    let label = Hosts::label(id, streaming);
    if contents.len() > MOST {
        return [format!("/{id}/*"), format!("/{label}/*")].into();
    }
    contents
        .iter()
        .flat_map(|content| {
            let rewritten = encoded(content, '%');
            let escaped = encoded(content, '~');
            [format!("/{label}/{}*", unambiguous(content)), format!("/{id}/{rewritten}*"), format!("/{id}/{escaped}*")]
        })
        .collect()
}

/// The name as the edge function writes it: with `%` for S3, and with `~` for the fragments function.
fn encoded(content: &ContentId, escape: char) -> String {
    let mut text = String::new();
    for byte in content.as_str().bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'/' => text.push(char::from(byte)),
            byte => {
                text.push(escape);
                text.push_str(percent_encode_byte(byte).trim_start_matches('%'));
            }
        }
    }
    text
}

/// The beginning of a name that all viewers write alike. CloudFront compares paths as they were sent, and some viewers
/// encode characters that others do not (RFC 3986 §2.2, §2.3): the path ends before the first of these.
fn unambiguous(content: &ContentId) -> String {
    let ambiguous = |letter| "!$&'()*+,;=:@~".contains(letter);
    let text = content.as_str().split(ambiguous).next().unwrap_or_default();
    ContentId::parse(text).map_or_else(|_| String::new(), |content| encoded(&content, '%'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn record(media: &str, number: &str) -> serde_json::Value {
        serde_json::json!({
            "eventID": "1", "eventName": "MODIFY", "eventSource": "aws:dynamodb",
            "dynamodb": {"Keys": {"media": {"S": media}, "page": {"S": "HEAD"}}, "SequenceNumber": number, "StreamViewType": "KEYS_ONLY"},
        })
    }

    #[test]
    fn records_are_read_as_the_stream_has_them() {
        let batch = serde_json::json!({"Records": [
            record("films/a b+c.mp4", "1"), record("songs/ä.mp3", "2"), record("films/a b+c.mp4", "3"), record("stray", "4"),
        ]});
        let batch: Batch = serde_json::from_value(batch).unwrap();
        let found = by_space(&batch);
        let found: Vec<_> = found
            .iter()
            .map(|(id, (contents, numbers))| {
                (id.as_str(), contents.iter().map(ContentId::as_str).collect::<Vec<_>>(), numbers.clone())
            })
            .collect();
        assert_eq!(found, [("films", vec!["a b+c.mp4"], vec!["1", "3"]), ("songs", vec!["ä.mp3"], vec!["2"])]);
    }

    fn of(kind: StreamingKind, names: &[&str]) -> Vec<String> {
        let id = SpaceId::parse("films").unwrap();
        let streaming = Streaming { generation: "7".to_owned(), ..Streaming::new(kind, Vec::new()) };
        let contents = names.iter().map(|name| ContentId::parse(name).unwrap()).collect();
        paths(&id, &streaming, &contents).into_iter().collect()
    }

    #[test]
    fn a_path_is_as_viewers_write_it_and_as_it_is_rewritten() {
        for (name, expected) in [
            ("a/b.mp4", &["/films/a/b.mp4*"][..]),
            ("a b.mp4", &["/films/a%20b.mp4*", "/films/a~20b.mp4*"]),
            ("ä.mp4", &["/films/%C3%A4.mp4*", "/films/~C3~A4.mp4*"]),
            ("a+b.mp4", &["/films/a%2Bb.mp4*", "/films/a*", "/films/a~2Bb.mp4*"]),
            ("~me.mp4", &["/films/%7Eme.mp4*", "/films/*", "/films/~7Eme.mp4*"]),
        ] {
            assert_eq!(of(StreamingKind::Open, &[name]), expected, "{name}");
        }
        assert_eq!(of(StreamingKind::Secure, &["a.mp4"]), ["/films/a.mp4*", "/films~7/a.mp4*"]);
    }

    #[test]
    fn many_files_are_one_path() {
        let names: Vec<_> = (0..11).map(|number| format!("{number}.mp4")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        assert_eq!(of(StreamingKind::Open, &names), ["/films/*"]);
        assert_eq!(of(StreamingKind::Secure, &names), ["/films/*", "/films~7/*"]);
        assert_eq!(of(StreamingKind::Open, &names[1..]).len(), 10);
    }
}
