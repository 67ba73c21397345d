//! Files that take several invocations.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use reelspan::store::{Item, ItemChange, PrimaryKey, Value, Write};
use reelspan_engine::container::Limit;
use reelspan_indexer::handle_some;

use super::*;

/// The number of bytes in an invocation: about five invocations for a file of 95 seconds.
const PIECE: u64 = 5000;

fn limit() -> Limit {
    Limit { bytes: Some(PIECE), ..Limit::default() }
}

/// One invocation. Returns the event for the next, if one is necessary.
async fn once(stores: &Stores, event: S3Event) -> Option<S3Event> {
    let rest = handle_some(stores, event, &limit()).await.unwrap();
    (!rest.records.is_empty()).then_some(rest)
}

/// As many invocations as necessary; returns their number.
pub async fn to_the_end(stores: &Stores, event: S3Event) -> Result<usize, IndexerError> {
    let (mut event, mut count) = (event, 0);
    while !event.records.is_empty() {
        event = handle_some(stores, event, &limit()).await?;
        count += 1;
    }
    Ok(count)
}

/// All items of the table.
async fn table(stores: &Stores) -> Vec<String> {
    let found = stores.index.database().scan(stores.index.table(), None, None).await.unwrap();
    let shown = |item: &Arc<Item>| {
        // How often an entry was written depends on what came before.
        let lasting = item.iter().filter(|(name, _)| *name != "revision");
        let mut fields: Vec<_> = lasting.map(|(name, value)| format!("{name}: {value:?}")).collect();
        fields.sort();
        fields.join(", ")
    };
    let mut items: Vec<String> = found.iter().map(shown).collect();
    items.sort();
    items
}

/// The table after indexing the file at once.
async fn expected(version: usize, seconds: u32, sequencer: u32) -> Vec<String> {
    let (bucket, stores) = empty_stores().await;
    store(&bucket, version, seconds);
    handle(&stores, put(sequencer)).await.unwrap();
    table(&stores).await
}

#[tokio::test]
async fn a_file_that_takes_several_invocations_is_indexed_as_at_once() {
    let (bucket, stores) = empty_stores().await;
    store(&bucket, 300, 150);
    let mut next = Some(put(1));
    let mut pieces = 0;
    while let Some(event) = next {
        // Readers see none of it until it is complete.
        assert!(head(&stores).await.is_none() && stores.index.find(&key(), 0..=9).await.unwrap().is_none());
        next = once(&stores, event).await;
        pieces += 1;
    }
    assert!(pieces >= 5, "{pieces} pieces");
    assert_eq!(table(&stores).await, expected(300, 150, 1).await);
    // Each byte of a cluster is read once, except for bytes that were requested but not used.
    let reads = bucket.calls().iter().filter(|call| call.starts_with("bytes=")).count();
    assert!(reads < 6 * pieces, "{reads} reads in {pieces} pieces");
}

#[tokio::test]
async fn the_head_of_the_version_before_stays_until_the_new_one_is_whole() {
    let (bucket, stores) = empty_stores().await;
    store(&bucket, 300, 12);
    handle(&stores, put(1)).await.unwrap();
    store(&bucket, 301, 95);
    let mut next = Some(put(2));
    while let Some(event) = next {
        assert_eq!(head(&stores).await.unwrap().original.etag, "\"300\"");
        next = once(&stores, event).await;
    }
    assert_eq!(table(&stores).await, expected(301, 95, 2).await);
}

#[tokio::test]
async fn an_object_that_changes_between_two_pieces_is_indexed_as_it_is_then() {
    for after in 1..5 {
        for gone in [false, true] {
            let (bucket, stores) = empty_stores().await;
            store(&bucket, 300, 95);
            let mut event = put(1);
            for _ in 0..after {
                event = once(&stores, event).await.unwrap();
            }
            if gone {
                bucket.delete(KEY);
            } else {
                store(&bucket, 301, 50);
            }
            // The event of the change comes before the next piece, after it, or never.
            let changed = if gone { delete(2) } else { put(2) };
            match after % 3 {
                0 => {
                    to_the_end(&stores, changed).await.unwrap();
                    to_the_end(&stores, event).await.unwrap();
                }
                1 => {
                    to_the_end(&stores, event).await.unwrap();
                    to_the_end(&stores, changed).await.unwrap();
                }
                _ => drop(to_the_end(&stores, event).await.unwrap()),
            }
            check_final(&bucket, &stores).await;
            assert_eq!(items(&stores).await, if gone { 0 } else { 8 }, "after {after}");
        }
    }
}

#[tokio::test]
async fn an_event_that_comes_again_meanwhile_does_no_harm() {
    let (bucket, stores) = empty_stores().await;
    store(&bucket, 300, 95);
    let mut events = VecDeque::from([put(1), put(1)]);
    while let Some(event) = events.pop_front() {
        events.extend(once(&stores, event).await);
    }
    assert_eq!(table(&stores).await, expected(300, 95, 1).await);
    drop(bucket.calls());
    // A late event for the next piece finds everything done.
    assert!(once(&stores, put(1)).await.is_none());
    assert_eq!(bucket.calls(), ["HEAD"]);
}

#[tokio::test]
async fn pages_that_a_late_writer_put_over_those_of_an_earlier_piece_are_noticed() {
    let (bucket, stores) = empty_stores().await;
    store(&bucket, 300, 200);
    let mut event = once(&stores, put(2)).await;
    while let Some(next) = event {
        event = once(&stores, next).await;
        if stores.index.look(&key()).await.unwrap().unfinished.is_some_and(|left| left.cells.contains(1)) {
            put_page(&stores, "\"299\"", "00000001").await;
            break;
        }
    }
    to_the_end(&stores, event.unwrap()).await.unwrap();
    assert_eq!(table(&stores).await, expected(300, 200, 2).await);
}

/// Overwrites an attribute of the first part of the checkpoint.
async fn spoil(stores: &Stores, name: &'static str, value: Value) {
    let change = ItemChange::Update(PrimaryKey::sorted(KEY, "CHECK000"), vec![(name, Some(value))]);
    assert!(stores.index.database().write(vec![Write::new(stores.index.table(), change)]).await.unwrap());
}

#[tokio::test]
async fn a_checkpoint_that_cannot_be_read_is_thrown_away() {
    let text = |text: &str| Value::text(text);
    for (name, value) in [
        ("state", Value::binary(b"")),
        ("state", Value::binary(&[7; 1000])),
        ("state", text("text")),
        ("parts", Value::number(2)),
        ("parts", Value::number(-1)),
        ("of", text("1 \"300\"")),
        ("sequencer", text("0")),
    ] {
        let (bucket, stores) = empty_stores().await;
        store(&bucket, 300, 95);
        let event = once(&stores, put(1)).await.unwrap();
        let event = once(&stores, event).await.unwrap();
        spoil(&stores, name, value.clone()).await;
        to_the_end(&stores, event).await.unwrap();
        assert_eq!(table(&stores).await, expected(300, 95, 1).await, "{name} {value:?}");
    }
}

/// An FLV file with this many different sequence headers of 60 KB, all of which its pass must remember.
fn flv(configurations: u8) -> Bytes {
    let tag = |milliseconds: u16, payload: &[u8]| {
        let [_, s0, s1, s2] = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let [t1, t2] = milliseconds.to_be_bytes();
        let size = u32::try_from(payload.len() + 11).unwrap().to_be_bytes();
        [&[9, s0, s1, s2, 0, t1, t2, 0, 0, 0, 0], payload, &size].concat()
    };
    let mut file = vec![b'F', b'L', b'V', 1, 1, 0, 0, 0, 9, 0, 0, 0, 0];
    for number in 0..configurations {
        let time = u16::from(number) * 1000;
        file.extend(tag(time, &[&[0x17, 0, 0, 0, 0][..], &vec![number; 60_000]].concat()));
        file.extend(tag(time, &[0x17, 1, 0, 0, 0, number]));
    }
    file.into()
}

#[tokio::test]
async fn a_checkpoint_that_is_larger_than_an_item_has_parts() {
    let limit = Limit { bytes: Some(100_000), ..Limit::default() };
    let (bucket, stores) = empty_stores().await;
    bucket.put(KEY, "flv", ObjectContent::Bytes(flv(20)));
    let (mut event, mut most) = (put(1), 0);
    while !event.records.is_empty() {
        event = handle_some(&stores, event, &limit).await.unwrap();
        most = most.max(items(&stores).await);
    }
    assert!(most >= 3, "{most} parts");
    let in_parts = table(&stores).await;
    let (bucket, stores) = empty_stores().await;
    bucket.put(KEY, "flv", ObjectContent::Bytes(flv(20)));
    handle(&stores, put(1)).await.unwrap();
    assert_eq!(in_parts, table(&stores).await);
}

/// The result of a future, if it completes within this number of polls; otherwise it is dropped, like an invocation
/// that is killed.
async fn killed<F: Future>(future: F, polls: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut polled = 0;
    std::future::poll_fn(|context| {
        polled += 1;
        if polled > polls { Poll::Ready(None) } else { future.as_mut().poll(context).map(Some) }
    })
    .await
}

#[tokio::test]
async fn an_indexer_that_is_killed_at_any_moment_leaves_what_the_next_event_finishes() {
    let whole = expected(300, 150, 1).await;
    let mut unharmed = false;
    for polls in (1..).step_by(5).take_while(|polls| *polls < 400) {
        if unharmed {
            return;
        }
        let (bucket, stores) = empty_stores().await;
        store(&bucket, 300, 150);
        // Each invocation is killed once at the same point; Lambda then runs it again.
        let mut event = put(1);
        unharmed = true;
        while !event.records.is_empty() {
            let rest = killed(handle_some(&stores, event.clone(), &limit()), polls).await;
            unharmed &= rest.is_some();
            event = match rest {
                Some(rest) => rest.unwrap(),
                None => handle_some(&stores, event, &limit()).await.unwrap(),
            };
        }
        assert_eq!(table(&stores).await, whole, "killed after {polls} polls");
    }
    assert!(unharmed, "it was killed at every moment");
}
