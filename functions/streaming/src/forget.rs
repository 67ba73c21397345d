//! What edges forget: objects that were replaced or deleted in a streamed space. S3 tells EventBridge of them, EventBridge a
//! queue, and the queue gives them to the function some at a time, so that an archive that is uploaded is a few invalidations
//! and not a million (*Amazon S3 User Guide*, "EventBridge event message structure").

use std::collections::{BTreeMap, BTreeSet};

use reelspan::distribution::paths;
use reelspan::space::{ContentId, MediaKey, SpaceId};
use reelspan_rest::Error;
use serde::Deserialize;

use crate::Streams;

/// What the queue gives.
#[derive(Clone, Debug, Deserialize)]
pub struct Batch {
    /// The messages.
    #[serde(rename = "Records")]
    pub records: Vec<Message>,
}

/// A message of the queue.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// What tells it from others.
    pub message_id: String,
    /// The event, as EventBridge has it.
    pub body: String,
}

#[derive(Deserialize)]
struct Event {
    detail: Detail,
}

#[derive(Deserialize)]
struct Detail {
    object: Object,
}

/// The key is as it is, where S3's own notifications encode it.
#[derive(Deserialize)]
struct Object {
    key: String,
}

impl Batch {
    /// The objects, by spaces; what is none of ours is passed over.
    fn objects(&self) -> BTreeMap<SpaceId, BTreeSet<ContentId>> {
        let mut objects: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for message in &self.records {
            let event = serde_json::from_str::<Event>(&message.body).ok();
            let Some(key) = event.and_then(|event| event.detail.object.key.parse::<MediaKey>().ok()) else {
                tracing::warn!(message = message.message_id, "no event of a content: passed over");
                continue;
            };
            objects.entry(key.space().clone()).or_default().insert(key.content().clone());
        }
        objects
    }
}

impl Streams {
    /// Has the edges forget the objects of these events. The first error is returned once all were tried, so that the batch is
    /// given again.
    pub async fn forget(&self, batch: &Batch) -> Result<(), Error> {
        // The same batch given again is the same invalidation.
        let reference = batch.records.first().map_or("", |message| message.message_id.as_str());
        let mut first = Ok(());
        for (id, contents) in batch.objects() {
            let forgotten = self.forget_contents(&id, &contents, reference).await;
            if let Err(error) = &forgotten {
                tracing::error!(space = %id, %error, "an invalidation failed");
            }
            first = first.and(forgotten);
        }
        first
    }

    async fn forget_contents(
        &self,
        id: &SpaceId,
        contents: &BTreeSet<ContentId>,
        reference: &str,
    ) -> Result<(), Error> {
        let streaming = self.table.get(id).await?.and_then(|space| space.streaming);
        // One that is off is off for a while only, and keeps what it has.
        let Some(distribution) = streaming.and_then(|streaming| streaming.distribution) else { return Ok(()) };
        let paths = paths(contents);
        tracing::info!(space = %id, contents = contents.len(), ?paths, "edges are to forget");
        Ok(self.distributions.forget(&distribution.id, &paths, reference).await?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn events_are_read_as_eventbridge_has_them() {
        let body = |key: &str| {
            serde_json::json!({
                "version": "0", "detail-type": "Object Created", "source": "aws.s3",
                "detail": {"version": "0", "bucket": {"name": "media"}, "object": {"key": key, "size": 5}, "reason": "PutObject"},
            })
            .to_string()
        };
        let bodies =
            [body("films/a b+c.mp4"), body("films/a b+c.mp4"), body("songs/ä.mp3"), body("stray"), "{}".to_owned()];
        let records = bodies.map(|body| Message { message_id: "1".to_owned(), body }).to_vec();
        let found = Batch { records }.objects();
        let found: Vec<_> = found
            .iter()
            .map(|(space, contents)| (space.as_str(), contents.iter().map(ContentId::as_str).collect::<Vec<_>>()))
            .collect();
        assert_eq!(found, [("films", vec!["a b+c.mp4"]), ("songs", vec!["ä.mp3"])]);
    }
}
