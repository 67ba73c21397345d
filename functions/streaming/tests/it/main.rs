//! The tasks: many at once, and killed at each call.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::expect_used, clippy::panic)]

mod keys;
mod killed;
mod world;

use reelspan::space::record::SpaceState;
use reelspan::space::streaming::{StreamingKind, StreamingStatus};
use reelspan::user::Role;
use reelspan_streaming::edges::{KeyChanges, KeyValueStore};
use serde_json::json;

use self::world::{World, ask, id};

#[tokio::test]
async fn streaming_is_turned_on_once_and_turning_it_on_again_changes_nothing() {
    let world = World::new().await;
    let first = world.done("enable-streaming", json!({"spaceId": "films"})).await;
    assert_eq!(first["streamingHost"], "open.example/films");
    let streaming = world.streaming("films").await.unwrap();
    assert_eq!(
        (streaming.kind, streaming.status, streaming.deployed),
        (StreamingKind::Open, StreamingStatus::On, true)
    );
    let entry = world.edges.entry("films").unwrap();
    assert_eq!((entry.kind, &entry.generation), (StreamingKind::Open, &streaming.generation));
    for secure in [json!(false), json!("false")] {
        let again = world.done("enable-hls", json!({"spaceId": "films", "secure": secure})).await;
        assert_eq!(again, first);
    }
    assert_eq!(world.streaming("films").await.unwrap(), streaming);
    let (status, text) = world.task("enable-streaming", json!({"spaceId": "films", "secure": "true"})).await;
    assert_eq!(status, 400);
    assert!(text.contains("delete-streaming"), "{text}");
}

#[tokio::test]
async fn a_secure_space_has_its_generation_in_its_path() {
    let world = World::new().await;
    let answer = world.done("enable-streaming", json!({"spaceId": "films", "secure": true})).await;
    let generation = world.streaming("films").await.unwrap().generation;
    assert_eq!(answer["streamingHost"], format!("secure.example/films~{generation}"));
    assert_eq!(world.edges.entry("films").unwrap().generation, generation);
}

#[tokio::test]
async fn twenty_calls_at_once_turn_streaming_on_once() {
    for secure in [false, true] {
        let world = World::new().await;
        let calls = (0..20).map(|_| {
            let body = json!({"spaceId": "films", "secure": secure});
            tokio::spawn(ask(world.streams.clone().router(), "alice", Role::Owner, "enable-streaming", body))
        });
        let mut answers = Vec::new();
        for call in calls.collect::<Vec<_>>() {
            answers.push(call.await.unwrap());
        }
        assert_eq!(answers[0].0, 200, "{}", answers[0].1);
        assert!(answers.iter().all(|answer| answer == &answers[0]), "{answers:?}");
        assert_eq!(world.everything().await["the edges agree with the table"], true);
    }
}

#[tokio::test]
async fn spaces_are_turned_on_and_off_at_once_and_the_edges_agree_with_the_table() {
    let world = World::new().await;
    let names: Vec<_> = (0..8).map(|number| format!("space-{number}")).collect();
    for name in &names {
        world.space(name).await;
    }
    let calls = names.iter().flat_map(|name| {
        ["enable-streaming", "disable-streaming", "enable-streaming", "delete-streaming"].map(|task| {
            let router = world.streams.clone().router();
            let body = json!({"spaceId": name});
            tokio::spawn(async move { ask(router, "root", Role::Admin, task, body).await })
        })
    });
    for call in calls.collect::<Vec<_>>() {
        let (status, text) = call.await.unwrap();
        // What does not stream yet cannot be turned off.
        assert!([200, 400].contains(&status), "{status} {text}");
    }
    for name in &names {
        assert_eq!(world.edges.entry(name), world.wanted(name).await, "{name}");
    }
}

#[tokio::test]
async fn what_is_off_keeps_its_urls_and_is_closed_at_the_edges() {
    let world = World::new().await;
    let body = json!({"spaceId": "films", "secure": true});
    let first = world.done("enable-streaming", body.clone()).await;
    for _ in 0..2 {
        world.done("disable-streaming", json!({"spaceId": "films"})).await;
        assert_eq!(world.streaming("films").await.unwrap().status, StreamingStatus::Off);
        assert_eq!(world.edges.entry("films"), None);
    }
    assert_eq!(world.done("enable-streaming", body).await, first);
    assert!(world.edges.entry("films").is_some());
}

#[tokio::test]
async fn what_is_deleted_can_be_set_up_otherwise_at_once() {
    let world = World::new().await;
    world.done("enable-streaming", json!({"spaceId": "films"})).await;
    for _ in 0..2 {
        world.done("delete-streaming", json!({"spaceId": "films"})).await;
        assert_eq!((world.streaming("films").await, world.edges.entry("films")), (None, None));
    }
    assert_eq!(world.task("disable-streaming", json!({"spaceId": "films"})).await.0, 400);
    let secure = json!({"spaceId": "films", "secure": true});
    let second = world.done("enable-streaming", secure.clone()).await;
    assert_eq!(world.edges.entry("films").unwrap().kind, StreamingKind::Secure);
    // Another setup has other URLs.
    world.done("delete-streaming", json!({"spaceId": "films"})).await;
    assert_ne!(world.done("enable-streaming", secure).await, second);
}

#[tokio::test]
async fn what_narrows_access_reaches_the_edges_first() {
    let world = World::new().await;
    for task in ["disable-streaming", "delete-streaming"] {
        world.done("enable-streaming", json!({"spaceId": "films"})).await;
        world.seen.lock().unwrap().clear();
        // The call that changes the table fails: the edges are closed by then.
        for number in 0.. {
            world.fail(number);
            let (status, _) = world.task_of("root", Role::Admin, task, json!({"spaceId": "films"})).await;
            let was_killed = world.recover();
            if world.wanted("films").await.is_none() {
                break;
            }
            assert!(was_killed && status != 200);
        }
        let seen = world.seen.lock().unwrap().clone();
        assert!(!seen.is_empty() && seen.iter().all(Option::is_none), "{seen:?}");
        world.streams.reconcile().await.unwrap();
    }
}

#[tokio::test]
async fn other_origins_are_known_at_the_edges() {
    let world = World::new().await;
    let origins = |world: &World| world.edges.entry("films").unwrap().origins;
    let first = world.done("enable-streaming", json!({"spaceId": "films"})).await;
    assert!(origins(&world).is_empty());
    let body = json!({"spaceId": "films", "allowedOrigins": ["https://b.org", "https://a.org/"]});
    assert_eq!(world.done("enable-streaming", body).await, first);
    assert_eq!(origins(&world), ["https://a.org", "https://b.org"]);
    // Origins that are not named stay as they are.
    world.done("enable-streaming", json!({"spaceId": "films"})).await;
    assert_eq!(origins(&world).len(), 2);
    world.done("enable-streaming", json!({"spaceId": "films", "allowedOrigins": []})).await;
    assert!(origins(&world).is_empty());
}

#[tokio::test]
async fn origins_that_the_edges_cannot_hold_are_refused() {
    let world = World::new().await;
    let origins: Vec<_> = (0..50).map(|number| format!("https://a-long-name-{number}.example.org")).collect();
    let (status, text) = world.task("enable-streaming", json!({"spaceId": "films", "allowedOrigins": origins})).await;
    assert_eq!(status, 400);
    assert!(text.contains("bytes"), "{text}");
    assert_eq!(world.streaming("films").await, None);
}

#[tokio::test]
async fn the_hourly_run_makes_the_edges_agree_with_the_table() {
    let world = World::new().await;
    for number in 0..120 {
        world.space(&format!("space-{number}")).await;
    }
    for name in ["films", "space-1", "space-2"] {
        world.done("enable-streaming", json!({"spaceId": name})).await;
    }
    assert_eq!(world.streams.reconcile().await.unwrap(), 0);
    // Something is missing at the edges, something is wrong, and a hundred entries are too many.
    let wrong = world.edges.entry("space-2").unwrap().value();
    let mut changes: KeyChanges = (10..110).map(|number| (format!("space-{number}"), Some(wrong.clone()))).collect();
    changes.extend([("films".to_owned(), None), ("space-1".to_owned(), Some("{}".to_owned()))]);
    let version = world.edges.version().await.unwrap();
    world.edges.update(&version, &changes).await.unwrap();
    assert_eq!(world.streams.reconcile().await.unwrap(), 102);
    for name in ["films", "space-1", "space-2", "space-10", "space-109"] {
        assert_eq!(world.edges.entry(name), world.wanted(name).await, "{name}");
    }
    assert_eq!(world.edges.all().await.unwrap().len(), 3);
}

#[tokio::test]
async fn only_its_owner_and_admins_turn_streaming_on_and_off() {
    let world = World::new().await;
    for task in ["enable-streaming", "disable-hls", "delete-streaming"] {
        for (name, role, expected) in [
            ("bob", Role::Owner, 403),
            ("bob", Role::User, 403),
            ("alice", Role::User, 200),
            ("root", Role::Admin, 200),
        ] {
            world.done("enable-streaming", json!({"spaceId": "films"})).await;
            let (status, text) = world.task_of(name, role, task, json!({"spaceId": "films"})).await;
            assert_eq!(status, expected, "{task} {name} {text}");
        }
    }
    for (role, expected) in [(Role::Owner, 403), (Role::User, 403), (Role::Admin, 200)] {
        assert_eq!(world.task_of("alice", role, "rotate-signing-key", json!({})).await.0, expected);
    }
}

#[tokio::test]
async fn a_wrong_request_says_what_is_wrong() {
    let world = World::new().await;
    for (task, body, expected) in [
        ("enable-streaming", json!({}), 400),
        ("enable-streaming", json!({"spaceId": "songs"}), 404),
        ("enable-streaming", json!({"spaceId": "Films"}), 404),
        ("enable-streaming", json!({"spaceId": "films", "secure": "perhaps"}), 400),
        ("enable-streaming", json!({"spaceId": "films", "allowedOrigins": ["example.org"]}), 400),
        ("disable-streaming", json!({"spaceId": "films"}), 400),
        ("rotate-signing-key", json!({"revoke": 7}), 400),
    ] {
        let (status, text) = world.task_of("root", Role::Admin, task, body.clone()).await;
        assert_eq!(status, expected, "{task} {body} {text}");
    }
    assert!(world.edges.all().await.unwrap().is_empty());
}

#[tokio::test]
async fn the_streaming_of_a_deleted_space_ends() {
    let world = World::new().await;
    world.done("enable-streaming", json!({"spaceId": "films"})).await;
    // A space that is there is left alone.
    world.streams.end(&id("films")).await.unwrap();
    assert!(world.edges.entry("films").is_some());
    world.streams.table.set_state(&id("films"), SpaceState::Live, SpaceState::Deleting).await.unwrap();
    for _ in 0..2 {
        world.streams.end(&id("films")).await.unwrap();
        assert_eq!(world.edges.entry("films"), None);
    }
    assert!(world.streams.table.remove(&id("films")).await.unwrap());
}
