//! Every order in which the events of a short history can be delivered between its changes, with one of them lost or
//! delivered twice. After an event that follows the last change, the index is always correct; if there is no such
//! event, indexing the file without one (`reelspan reindex`) corrects it.

use futures::StreamExt;
use reelspan_indexer::index;

use super::*;

/// A change of the file: to this version, or its removal.
type Version = Option<usize>;

/// A step of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The change of this number.
    Change(usize),
    /// The event of this change is delivered.
    Event(usize),
}

/// All orders of `changes` consecutive changes and their events, each delivered the given number of times after its
/// change.
fn orders(changes: usize, deliveries: &[usize]) -> Vec<Vec<Step>> {
    fn extend(so_far: &mut Vec<Step>, done: usize, changes: usize, left: &mut [usize], all: &mut Vec<Vec<Step>>) {
        if done == changes && left.iter().all(|left| *left == 0) {
            all.push(so_far.clone());
            return;
        }
        if done < changes {
            so_far.push(Step::Change(done));
            extend(so_far, done + 1, changes, left, all);
            so_far.pop();
        }
        for number in 0..done {
            if left[number] > 0 {
                left[number] -= 1;
                so_far.push(Step::Event(number));
                extend(so_far, done, changes, left, all);
                so_far.pop();
                left[number] += 1;
            }
        }
    }
    let mut all = Vec::new();
    extend(&mut Vec::new(), 0, changes, &mut deliveries.to_vec(), &mut all);
    all
}

/// Runs the steps on a separate file, and checks the result.
async fn happens(bucket: &MemoryBucket, stores: &Stores, key: &str, history: &[Version], order: &[Step]) {
    for step in order {
        match *step {
            Step::Change(number) => match history[number] {
                Some(version) => store_as(bucket, key, version, 5 + 10 * (number as u32 % 3)),
                None => bucket.delete(key),
            },
            Step::Event(number) => {
                let name = if history[number].is_some() { "ObjectCreated:Put" } else { "ObjectRemoved:Delete" };
                handle(stores, event(&[(name, key, number as u32 + 1)])).await.unwrap();
            }
        }
        // A reader finds one complete version, or is told to retry.
        let _ = check_of(stores, key).await;
    }
    if matches!(order.last(), Some(Step::Change(_))) {
        index(stores, &key.parse().unwrap(), Sequencer::default()).await.unwrap();
    }
    check_final_of(bucket, stores, key).await;
}

#[tokio::test]
async fn every_order_of_events_ends_in_the_true_state() {
    let histories: [[Version; 3]; 2] = [[Some(300), Some(301), None], [Some(300), None, Some(301)]];
    let (bucket, stores) = empty_stores().await;
    let deliveries: [&[usize]; 7] =
        [&[1, 1, 1], &[0, 1, 1], &[1, 0, 1], &[1, 1, 0], &[2, 1, 1], &[1, 2, 1], &[1, 1, 2]];
    let orders: Vec<_> = deliveries.iter().flat_map(|deliveries| orders(3, deliveries)).collect();
    assert!(orders.len() > 100, "{}", orders.len());
    let all = histories.iter().flat_map(|history| orders.iter().map(move |order| (history, order))).enumerate();
    futures::stream::iter(all)
        .map(|(number, (history, order))| {
            let (bucket, stores) = (&bucket, &stores);
            async move { happens(bucket, stores, &format!("films/{number}"), history, order).await }
        })
        .buffer_unordered(8)
        .for_each(|()| async {})
        .await;
}

#[test]
fn orders_are_all_that_there_are() {
    assert_eq!(orders(3, &[1, 1, 1]).len(), 15);
    assert_eq!(orders(1, &[2]).len(), 1);
    assert_eq!(
        orders(2, &[1, 0]),
        [
            vec![Step::Change(0), Step::Change(1), Step::Event(0)],
            vec![Step::Change(0), Step::Event(0), Step::Change(1)]
        ]
    );
}
