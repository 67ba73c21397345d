//! Killed at each call, and called again.

use serde_json::{Value, json};

use super::world::{Fails, World};

/// What is done before, and then killed, and then done again; and with which flag.
type Story = (&'static [(&'static str, bool)], &'static str, bool);

const STORIES: [Story; 6] = [
    (&[], "enable-streaming", true),
    (&[("enable-streaming", true)], "disable-streaming", true),
    (&[("enable-streaming", true), ("disable-streaming", true)], "enable-streaming", true),
    (&[("enable-streaming", false)], "delete-streaming", false),
    (&[("enable-streaming", true)], "rotate-signing-key", false),
    (&[("enable-streaming", true)], "rotate-signing-key", true),
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
        world.settled("films").await;
    }
    world
}

#[tokio::test]
async fn whatever_call_it_is_killed_at_it_ends_in_the_same_state() {
    for (before, task, flag) in STORIES {
        let undisturbed = world(before, Fails::Before).await;
        undisturbed.done(task, body(task, flag)).await;
        undisturbed.settled("films").await;
        let expected = undisturbed.everything().await;
        for fails in [Fails::Before, Fails::After] {
            let mut number = 0;
            loop {
                let world = world(before, fails).await;
                world.fail(number);
                let (status, text) = world.task_of("root", reelspan::user::Role::Admin, task, body(task, flag)).await;
                let was_killed = world.recover();
                assert!(status == 200 || was_killed, "{task} {number} {text}");
                world.done(task, body(task, flag)).await;
                world.settled("films").await;
                let mut everything = world.everything().await;
                if task == "rotate-signing-key" {
                    // What was done when it was killed is done once more: there is one more key that counts for a while.
                    assert!([1, 2, 3].map(Value::from).contains(&everything["public keys"]), "{everything}");
                    everything["public keys"] = expected["public keys"].clone();
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
