//! Lists of contents on one machine: those that wait, and those of an earlier version of the program.

use std::sync::Arc;

use futures::stream;
use reelspan::space::record::Space;
use reelspan::space::{ContentPrefix, MediaKey, SpaceId};
use reelspan::store::{CONTAINER_INDEX, IndexStatus, New, SPACES, Stores};
use reelspan_local::data::DataFolder;
use reelspan_local::lists::{list_earlier, list_waiting};
use reelspan_local::media::Files;
use reelspan_local::s3::Store;
use reelspan_local::tables::Tables;
use tokio_util::sync::CancellationToken;

/// A data folder with four contents in it that no indexer has seen, and a space of them.
async fn unindexed(data: &DataFolder) -> (Stores, Arc<Tables>, Arc<Store>) {
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
    let data = DataFolder::open(folder.path()).unwrap();
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
    let data = DataFolder::open(folder.path()).unwrap();
    let (stores, tables, _) = unindexed(&data).await;
    let spaces = stores.spaces(SPACES.name);
    let space = Space::new(SpaceId::parse("films").unwrap(), None, 1);
    assert!(spaces.create(&space).await.unwrap());
    list_earlier(stores.clone(), spaces.clone(), tables.clone()).await;
    assert_eq!((waiting(&stores).await, tables.is_earlier().unwrap()), (4, false));
    let media: MediaKey = "films/a".parse().unwrap();
    let entry = stores.index.entry(&media).await.unwrap();
    stores.index.put_entry(&media, &entry, None).await.unwrap();
    list_earlier(stores.clone(), spaces, tables).await;
    assert_eq!(waiting(&stores).await, 3);
}
