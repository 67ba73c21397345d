//! Uploads in parts that were begun and never completed: they are aborted after seven days, as the lifecycle rule
//! `unfinished-uploads` in `template.yaml` does on AWS.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::s3::{MEDIA_BUCKET, Store};

/// After how many seconds an upload is aborted.
const UNFINISHED: i64 = 7 * 24 * 60 * 60;
/// How often uploads are looked at.
const EVERY: Duration = Duration::from_hours(1);

/// Aborts old uploads, at once and then each hour, until `stop`.
pub async fn abort_old_uploads(store: Arc<Store>, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        match store.abort_old_uploads(MEDIA_BUCKET, UNFINISHED) {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "uploads that were not completed within seven days are aborted"),
            Err(error) => tracing::error!(%error, "old uploads cannot be aborted"),
        }
    }
}
