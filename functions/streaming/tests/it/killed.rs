//! Killed at each call, and called again.

use reelspan::user::Role;
use reelspan_streaming::edges::EdgeEntry;
use serde_json::{Value, json};

use super::world::{Fails, World};

/// What is done before; the task that is killed and repeated; its flag.
type Story = (&'static [(&'static str, bool)], &'static str, bool);

const STORIES: [Story; 7] = [
    (&[], "enable-streaming", true),
    (&[], "enable-streaming", false),
    (&[("enable-streaming", true)], "disable-streaming", true),
    (&[("enable-streaming", true), ("disable-streaming", true)], "enable-streaming", true),
    (&[("enable-streaming", false)], "delete-streaming", false),
    (&[], "rotate-signing-key", false),
    (&[], "rotate-signing-key", true),
];

fn body(task: &str, flag: bool) -> Value {
    match task {
        "rotate-signing-key" => json!({"revoke": flag}),
        "enable-streaming" => json!({"spaceId": "films", "secure": flag}),
        _ => json!({"spaceId": "films"}),
    }
}

async fn world(before: &[(&str, bool)], fails: Fails) -> World {
    let world = World::failing(fails).await;
    for (task, flag) in before {
        world.done(task, body(task, *flag)).await;
    }
    world
}

/// What the edges may open at most: what the table says.
fn is_within(edges: Option<&EdgeEntry>, table: Option<&EdgeEntry>) -> bool {
    edges.is_none() || edges == table
}

#[tokio::test]
async fn wherever_it_is_killed_the_edges_open_no_more_than_the_table_says_and_the_hourly_run_makes_them_agree() {
    for (before, task, flag) in STORIES.into_iter().skip(1) {
        for fails in [Fails::After] {
            for number in 0.. {
                let world = world(before, fails).await;
                world.fail(number);
                let (status, text) = world.task_of("root", Role::Admin, task, body(task, flag)).await;
                let was_killed = world.recover();
                assert!(status == 200 || was_killed, "{task} {number} {text}");
                let wanted = world.wanted("films").await;
                let edges = world.edges.entry("films");
                assert!(is_within(edges.as_ref(), wanted.as_ref()), "{task} {number} {fails:?}: {edges:?} {wanted:?}");
                world.streams.reconcile().await.unwrap();
                let everything = world.everything().await;
                for what in ["the edges agree with the table", "the first key signs", "no other key is published"] {
                    assert_eq!(everything[what], true, "{task} {number} {fails:?}: {what} {everything}");
                }
                if status == 200 && !was_killed {
                    break;
                }
            }
        }
    }
}

#[tokio::test]
async fn wherever_it_is_killed_calling_it_again_ends_in_the_same_state() {
    for (before, task, flag) in STORIES {
        let undisturbed = world(before, Fails::Before).await;
        undisturbed.done(task, body(task, flag)).await;
        let expected = undisturbed.everything().await;
        for fails in [Fails::Before, Fails::After] {
            let mut number = 0;
            loop {
                let world = world(before, fails).await;
                world.fail(number);
                let (status, text) = world.task_of("root", Role::Admin, task, body(task, flag)).await;
                let was_killed = world.recover();
                assert!(status == 200 || was_killed, "{task} {number} {text}");
                world.done(task, body(task, flag)).await;
                let mut everything = world.everything().await;
                if task == "rotate-signing-key" {
                    // A rotation that was done before it was killed is done again: one more key is trusted for a while.
                    assert!([1, 2, 3].map(Value::from).contains(&everything["keys"]), "{everything}");
                    everything["keys"] = expected["keys"].clone();
                }
                assert_eq!(everything, expected, "{task} {flag}, killed at call {number} {fails:?}");
                if !was_killed {
                    break;
                }
                number += 1;
            }
            assert!(number >= 3, "{task} is {number} calls");
            println!("{task} {flag} after {before:?}: killed at each of {number} calls, {fails:?}");
        }
    }
}
