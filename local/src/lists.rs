//! What lists of contents need on one machine beside the indexer, which keeps them true: contents whose events wait are listed before
//! it comes to them, and so are contents that an earlier version of the program has indexed.

use std::pin::pin;
use std::sync::Arc;

use futures::TryStreamExt;
use reelspan::{
    space::{ContentPrefix, MediaKey},
    store::{SpacesTable, Stores},
};
use reelspan_accounts::report::contents;
use tokio_util::sync::CancellationToken;

use crate::{queue::AT_A_TIME, s3::catalogue::ObjectCatalogue, tables::Tables};

/// How many waiting events are read at a time.
const SOME: usize = 100;

/// Lists the contents whose events wait because others are being handled, until `stop`.
pub async fn list_waiting(stores: Stores, catalogue: Arc<ObjectCatalogue>, stop: CancellationToken) {
    let mut pending = catalogue.pending();
    let mut last = 0;
    loop {
        // The indexer itself lists what it begins with.
        while *pending.borrow_and_update() > AT_A_TIME as u64 && !stop.is_cancelled() {
            let some = catalogue.pending_events(last, SOME).unwrap_or_else(|error| {
                tracing::error!(%error, "events cannot be read");
                Vec::new()
            });
            let Some((newest, _)) = some.last() else { break };
            last = *newest;
            for media in some.iter().filter_map(|(_, key)| key.parse::<MediaKey>().ok()) {
                if let Err(error) = stores.update_entry(&media).await {
                    tracing::warn!(%media, %error, "a waiting content is not listed yet");
                }
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            changed = pending.changed() => if changed.is_err() { return },
        }
    }
}

/// Lists all contents, if an earlier version of the program wrote the tables, which had no lists.
pub async fn list_earlier(stores: Stores, spaces: SpacesTable, tables: Arc<Tables>) {
    let listed = async {
        if tables.is_earlier()? {
            let count = list_all(&stores, &spaces).await?;
            tables.set_current()?;
            tracing::info!(count, "the contents of earlier spaces are listed");
        }
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
    };
    if let Err(error) = listed.await {
        tracing::error!(%error, "earlier contents are not all listed; the next start tries again");
    }
}

async fn list_all(stores: &Stores, spaces: &SpacesTable) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
    let any = ContentPrefix::default();
    let mut count = 0;
    for space in spaces.all().await? {
        let mut pages = pin!(contents(&stores.media, &space.id, &any));
        while let Some(page) = pages.try_next().await? {
            for content in page {
                reelspan_indexer::list(stores, &content.key).await?;
                count += 1;
            }
        }
    }
    Ok(count)
}
