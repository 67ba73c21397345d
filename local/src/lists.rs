//! What lists of contents need on one machine beside the indexer, which keeps them true: contents whose events wait are listed before
//! it comes to them, and so are contents that an earlier version of the program has indexed.

use std::pin::pin;
use std::sync::Arc;

use futures::TryStreamExt;
use reelspan::{
    space::{ContentPrefix, MediaKey},
    store::{SpacesTable, Stores},
};
use tokio_util::sync::CancellationToken;

use crate::{contents::contents, queue::AT_A_TIME, s3::catalogue::Catalogue, tables::Tables};

/// How many waiting events are read at a time.
const SOME: usize = 100;

/// Lists the contents whose events wait because others are being handled, until `stop`.
pub async fn list_waiting(stores: Stores, catalogue: Arc<Catalogue>, stop: CancellationToken) {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use futures::stream;
    use reelspan::{
        space::SpaceId,
        store::{CONTAINER_INDEX, IndexStatus, New, SPACES},
    };

    use super::*;
    use crate::{data::Data, media::Files, s3::Store};

    /// A data folder with four contents in it that no indexer has seen, and a space of them.
    async fn unindexed(data: &Data) -> (Stores, Arc<Tables>, Arc<Store>) {
        let tables = Arc::new(Tables::open(data).unwrap());
        let store = Arc::new(Store::open(&data.s3()).unwrap());
        let files = Arc::new(Files::new(Arc::clone(&store), None));
        let stores = Stores::over(files, tables.clone(), CONTAINER_INDEX.name);
        for name in ["a", "b/c", "b/d", "e"] {
            let media = format!("films/{name}").parse().unwrap();
            let bytes = stream::iter([Ok::<_, std::io::Error>(bytes::Bytes::from_static(b"hello"))]);
            stores.media.put(&media, bytes, Some(5), New::default()).await.unwrap();
        }
        (stores, tables, store)
    }

    async fn waiting(stores: &Stores) -> usize {
        let (films, any) = (SpaceId::parse("films").unwrap(), ContentPrefix::default());
        let entries = stores.index.contents(&films, &any, None, 1000).await.unwrap().entries;
        entries.iter().filter(|entry| entry.status == IndexStatus::Waiting && entry.size == 5).count()
    }

    #[tokio::test]
    async fn contents_are_listed_before_the_indexer_comes_to_them() {
        let folder = tempfile::tempdir().unwrap();
        let data = Data::open(folder.path()).unwrap();
        let (stores, _, store) = unindexed(&data).await;
        assert_eq!(waiting(&stores).await, 0);
        let stop = CancellationToken::new();
        let listing = tokio::spawn(list_waiting(stores.clone(), store.catalogue(), stop.clone()));
        while waiting(&stores).await < 4 {
            assert!(!listing.is_finished());
            tokio::task::yield_now().await;
        }
        stop.cancel();
        listing.await.unwrap();
    }

    #[tokio::test]
    async fn contents_of_before_there_were_lists_are_listed_once() {
        let folder = tempfile::tempdir().unwrap();
        let data = Data::open(folder.path()).unwrap();
        let (stores, tables, _) = unindexed(&data).await;
        let spaces = stores.spaces(SPACES.name);
        let space = reelspan::space::record::Space::new(SpaceId::parse("films").unwrap(), None, 1);
        assert!(spaces.create(&space).await.unwrap());
        list_earlier(stores.clone(), spaces.clone(), tables.clone()).await;
        assert_eq!((waiting(&stores).await, tables.is_earlier().unwrap()), (4, false));
        let media: MediaKey = "films/a".parse().unwrap();
        let entry = stores.index.entry(&media).await.unwrap();
        stores.index.put_entry(&media, &entry, None).await.unwrap();
        list_earlier(stores.clone(), spaces, tables).await;
        assert_eq!(waiting(&stores).await, 3);
    }
}
