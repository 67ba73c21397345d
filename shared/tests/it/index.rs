//! The table of indexes.

use std::ops::RangeInclusive;

use reelspan::space::MediaKey;
use reelspan::store::{Cells, Found, IndexTable, PagesOf, Sequencer, Stores};
use reelspan_engine::index::{
    Container, FORMAT, Head, Original, Outline, PackedPage, Page, PageTrack, Pages, PagesError, Status,
};
use reelspan_engine::media::{Private, Run, Ticks, Time};

use super::empty_stores;

fn media() -> MediaKey {
    "films/a.mp4".parse().unwrap()
}

fn original(etag: &str, sequencer: &str) -> Original {
    Original {
        etag: etag.to_owned(),
        size: 1 << 40,
        modified: 1_767_225_600,
        version: Some("v1".to_owned()),
        sequencer: Sequencer::new(sequencer).to_string(),
        content_type: None,
    }
}

fn head(etag: &str, sequencer: &str, pages: u32) -> Head {
    let outline = Outline {
        container: Container::named("matroska"),
        mime: "video/webm".to_owned(),
        duration: Time(38_300_000_000),
        tracks: Vec::new(),
        setup: Vec::new(),
        setup_ranges: vec![0..1651, 2000..2100],
        elements: true,
        chapters: Vec::new(),
        created: None,
        pages,
        notes: vec!["a note".to_owned()],
        segments: None,
        format: FORMAT,
    };
    Head { original: original(etag, sequencer), status: Status::Indexed(outline) }
}

/// A page of one track with one sample; the sample's size identifies its version.
fn page(number: u32, size: u32) -> PackedPage {
    let run = Run {
        decode: Ticks(i64::from(number)),
        composition: Ticks(0),
        duration: Ticks(1),
        offset: 0,
        size,
        count: 1,
        sync: true,
        disposable: false,
        private: Private::NONE,
    };
    let page = Page { number, tracks: vec![PageTrack { before: None, runs: vec![run] }], elements: Vec::new() };
    PackedPage { number, bytes: page.pack() }
}

/// Stores an index with pages in these cells.
async fn store(index: &IndexTable, etag: &str, sequencer: &str, cells: &Cells, size: u32) -> bool {
    let pages = cells.within(0..=u32::MAX).map(|number| page(number, size)).collect();
    index.put_pages(&media(), etag, &Sequencer::new(sequencer), pages).await.unwrap();
    index.put_head(&media(), &head(etag, sequencer, cells.end()), cells).await.unwrap()
}

async fn find(stores: &Stores, cells: RangeInclusive<u32>) -> Found {
    stores.index.find(&media(), cells).await.unwrap().unwrap()
}

/// Loads pages, and returns their numbers and the number of calls.
async fn load(stores: &Stores, found: &mut Found, cells: RangeInclusive<u32>) -> (Vec<u32>, u64) {
    let before = stores.calls();
    let pages = found.pages.load(cells).await.unwrap();
    (pages.iter().map(|page| page.number).collect(), (stores.calls() - before).dynamodb)
}

#[tokio::test]
async fn a_request_finds_the_head_and_its_pages_with_one_call() {
    let (_, stores) = empty_stores().await;
    let cells: Cells = (0..360).collect();
    assert!(store(&stores.index, "\"1\"", "05", &cells, 7).await);
    let before = stores.calls();
    let mut found = find(&stores, 10..=12).await;
    assert_eq!((stores.calls() - before).dynamodb, 1);
    assert_eq!(*found.head, head("\"1\"", "05", 360));
    assert_eq!(load(&stores, &mut found, 10..=12).await, (vec![10, 11, 12], 0));
    assert_eq!(load(&stores, &mut found, 11..=13).await, (vec![11, 12, 13], 1));
    let before = stores.calls();
    assert_eq!(found.pages.before(13), Some(12));
    assert_eq!((stores.calls() - before).dynamodb, 0);
    assert_eq!(found.pages.read().0, 4);
}

#[tokio::test]
async fn what_does_not_exist_is_not_asked_for() {
    let (_, stores) = empty_stores().await;
    let cells: Cells = [3, 4, 90_000, 65_535, 300].into_iter().collect();
    store(&stores.index, "\"1\"", "05", &cells, 7).await;
    let mut found = find(&stores, 0..=3).await;
    assert_eq!(load(&stores, &mut found, 0..=3).await, (vec![3], 0));
    assert_eq!(load(&stores, &mut found, 5..=299).await, (vec![], 0));
    assert_eq!(found.pages.before(3), None);
    assert_eq!(found.pages.before(u32::MAX), Some(90_000));
    assert_eq!(load(&stores, &mut found, 0..=u32::MAX).await, (vec![3, 4, 300, 65_535, 90_000], 1));
    let (start, end) = (9, 5);
    assert_eq!(load(&stores, &mut found, start..=end).await, (vec![], 0));
    assert!(stores.index.find(&"films/none".parse().unwrap(), 0..=3).await.unwrap().is_none());
}

#[tokio::test]
async fn many_pages_come_in_few_calls() {
    let (_, stores) = empty_stores().await;
    let cells: Cells = (0..500).collect();
    store(&stores.index, "\"1\"", "05", &cells, 7).await;
    let before = stores.calls();
    let mut found = find(&stores, 0..=u32::MAX).await;
    assert_eq!((stores.calls() - before).dynamodb, 1);
    assert_eq!(load(&stores, &mut found, 0..=98).await, ((0..99).collect(), 0));
    assert_eq!(load(&stores, &mut found, 0..=198).await, ((0..199).collect(), 1));
    assert_eq!(load(&stores, &mut found, 0..=u32::MAX).await, ((0..500).collect(), 1));
    let mut all = find(&stores, 0..=0).await;
    assert_eq!(load(&stores, &mut all, 0..=1000).await, ((0..500).collect(), 1));
}

#[tokio::test]
async fn a_head_is_not_replaced_or_removed_by_an_earlier_event() {
    let (_, stores) = empty_stores().await;
    let index = &stores.index;
    let cells: Cells = (0..2).collect();
    for (etag, sequencer, put, now) in [
        ("\"5\"", "0055", true, "\"5\""),
        ("\"4\"", "0054FF", false, "\"5\""),
        ("\"5a\"", "0055", true, "\"5a\""),
        ("\"5b\"", "0055000", true, "\"5b\""),
        ("\"6\"", "00551", true, "\"6\""),
        ("\"none\"", "", false, "\"6\""),
    ] {
        assert_eq!(store(index, etag, sequencer, &cells, 7).await, put, "{etag}");
        assert_eq!(index.stored(&media()).await.unwrap().unwrap().head.original.etag, now, "{etag}");
    }
    assert!(!index.remove_head(&media(), &Sequencer::new("0055")).await.unwrap());
    assert!(index.stored(&media()).await.unwrap().is_some());
    assert!(index.remove_head(&media(), &Sequencer::new("00551")).await.unwrap());
    assert!(index.stored(&media()).await.unwrap().is_none());
    assert!(index.remove_head(&media(), &Sequencer::new("00551")).await.unwrap());
}

#[tokio::test]
async fn a_refused_file_has_a_head_with_the_reason() {
    let (_, stores) = empty_stores().await;
    let status = Status::Refused("not a media file of a known format".to_owned());
    let head = Head { original: original("\"1\"", "05"), status };
    assert!(stores.index.put_head(&media(), &head, &Cells::default()).await.unwrap());
    let mut found = find(&stores, 0..=3).await;
    assert_eq!(*found.head, head);
    assert_eq!(load(&stores, &mut found, 0..=9).await, (vec![], 0));
}

#[tokio::test]
async fn pages_of_another_version_than_the_head_are_noticed() {
    let (_, stores) = empty_stores().await;
    let index = &stores.index;
    let cells: Cells = (0..5).collect();
    store(index, "\"1\"", "01", &cells, 1).await;
    let before = index.stored(&media()).await.unwrap().unwrap();
    assert_eq!(index.pages_of(&media(), &before).await.unwrap(), PagesOf { whole: true, others: false });
    // Another indexer has written one page of the next version, and no head yet.
    index.put_pages(&media(), "\"2\"", &Sequencer::new("02"), vec![page(2, 2)]).await.unwrap();
    assert!(!index.pages_of(&media(), &before).await.unwrap().whole);
    let mut found = find(&stores, 0..=4).await;
    assert_eq!(load(&stores, &mut found, 0..=1).await.0, [0, 1]);
    assert!(matches!(found.pages.load(1..=2).await, Err(PagesError::Changed)));
    assert!(matches!(found.pages.load(2..=2).await, Err(PagesError::Changed)));
    assert_eq!(load(&stores, &mut found, 3..=4).await.0, [3, 4]);
}

#[tokio::test]
async fn pages_that_are_gone_are_noticed() {
    let (_, stores) = empty_stores().await;
    let index = &stores.index;
    store(index, "\"1\"", "01", &(0..300).collect(), 1).await;
    let mut found = find(&stores, 0..=0).await;
    let shorter: Cells = (0..200).collect();
    store(index, "\"2\"", "02", &shorter, 2).await;
    let removed = index.remove_pages(&media(), &Sequencer::new("02"), Some(("\"2\"", &shorter))).await.unwrap();
    assert_eq!(removed, 100);
    for cells in [1..=1, 250..=250, 0..=299] {
        assert!(matches!(found.pages.load(cells).await, Err(PagesError::Changed)));
    }
}

#[tokio::test]
async fn only_pages_of_other_versions_and_earlier_events_are_removed() {
    let (_, stores) = empty_stores().await;
    let index = &stores.index;
    let put = async |etag: &str, sequencer: &str, numbers: &[u32]| {
        let pages = numbers.iter().map(|&number| page(number, 1)).collect();
        index.put_pages(&media(), etag, &Sequencer::new(sequencer), pages).await.unwrap();
    };
    // An old version; the one that is kept, with a gap; and one that is being written.
    put("\"1\"", "01", &[0, 1, 2, 3, 10, 11]).await;
    let kept: Cells = [0, 1, 3].into_iter().collect();
    store(index, "\"2\"", "02", &kept, 2).await;
    put("\"3\"", "03", &[11, 12]).await;
    let removed = index.remove_pages(&media(), &Sequencer::new("02"), Some(("\"2\"", &kept))).await.unwrap();
    assert_eq!(removed, 2, "pages 2 and 10");
    let mut found = find(&stores, 0..=3).await;
    assert_eq!(load(&stores, &mut found, 0..=u32::MAX).await, (vec![0, 1, 3], 0));
    // The object goes.
    assert_eq!(index.remove_pages(&media(), &Sequencer::new("02"), None).await.unwrap(), 3);
    assert_eq!(index.remove_pages(&media(), &Sequencer::new("03"), None).await.unwrap(), 2);
    assert_eq!(index.remove_pages(&media(), &Sequencer::new("03"), None).await.unwrap(), 0);
}

#[tokio::test]
async fn a_page_beyond_the_last_key_is_refused() {
    let (_, stores) = empty_stores().await;
    let pages = vec![page(Cells::LIMIT, 1)];
    assert!(stores.index.put_pages(&media(), "\"1\"", &Sequencer::default(), pages).await.is_err());
}
