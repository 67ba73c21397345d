//! The tasks, against winterbaume's CloudFront and Secrets Manager: many at a time, and killed at each call.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::expect_used, clippy::panic)]

mod keys;
mod killed;
mod world;

use reelspan::distribution::{differences, paths};
use reelspan::space::streaming::{Kind, StreamingStatus};
use reelspan::user::Role;
use serde_json::json;

use self::world::{World, ask, id};

#[tokio::test]
async fn streaming_is_turned_on_once_and_asked_again_is_the_same() {
    let world = World::new().await;
    let first = world.done("enable-streaming", json!({"spaceId": "films"})).await;
    let streaming = world.streaming("films").await.unwrap();
    let distribution = streaming.distribution.unwrap();
    assert_eq!(first["streamingHost"], distribution.host);
    assert_eq!((streaming.kind, streaming.status), (Kind::Open, StreamingStatus::On));
    for secure in [json!(false), json!("false")] {
        let again = world.done("enable-hls", json!({"spaceId": "films", "secure": secure})).await;
        assert_eq!(again, first);
    }
    let (status, text) = world.task("enable-streaming", json!({"spaceId": "films", "secure": "true"})).await;
    assert_eq!(status, 400);
    assert!(text.contains("delete-streaming"), "{text}");
    assert_eq!(world.distributions().await.len(), 1);
}

#[tokio::test]
async fn a_distribution_is_read_back_as_it_was_wanted() {
    for (secure, origins) in [(false, json!([])), (true, json!(["https://a.org", "https://*.b.org"]))] {
        let world = World::new().await;
        let body = json!({"spaceId": "films", "secure": secure, "allowedOrigins": origins});
        world.done("enable-streaming", body).await;
        let streaming = world.streaming("films").await.unwrap();
        let streams = &world.streams;
        let wanted = streams.distributions.wanted(&streams.table, &id("films"), &streaming).await.unwrap();
        let found = world.distributions().await.remove(0);
        assert_eq!(differences(&wanted.config().unwrap(), &found), []);
        assert_eq!(wanted.keys.is_some(), secure);
        // Whatever is changed is seen.
        let mut other = found.clone();
        other.enabled = false;
        other.origins.as_mut().unwrap().items[0].origin_path = Some("/secrets".to_owned());
        other.default_cache_behavior.as_mut().unwrap().trusted_key_groups = None;
        let fields: Vec<_> = differences(&found, &other).into_iter().map(|difference| difference.field).collect();
        let keys = secure.then_some("behaviour of media trusted key groups");
        let expected: Vec<_> = keys.into_iter().chain(["enabled", "origin media path"]).collect();
        assert_eq!(fields, expected);
    }
}

#[tokio::test]
async fn who_calls_twenty_times_at_once_makes_one_distribution() {
    for secure in [false, true] {
        let world = World::new().await;
        let calls = (0..20).map(|_| {
            let mut streams = world.streams.clone();
            // As long as a function of AWS waits for another.
            streams.pace.patience = std::time::Duration::from_secs(10);
            let body = json!({"spaceId": "films", "secure": secure});
            tokio::spawn(ask(streams.router(), "alice", Role::Owner, "enable-streaming", body))
        });
        let calls: Vec<_> = calls.collect();
        let mut answers = Vec::new();
        for call in calls {
            answers.push(call.await.unwrap());
        }
        assert_eq!(answers[0].0, 200, "{}", answers[0].1);
        assert!(answers.iter().all(|answer| answer == &answers[0]), "{answers:?}");
        let everything = world.everything().await;
        assert_eq!(everything["enabled"], json!([true]));
        assert_eq!(everything["accesses"], json!(["reelspan-functions-1", "reelspan-media-1"]));
        assert_eq!(everything["public keys"], json!(i32::from(secure)));
    }
}

#[tokio::test]
async fn what_is_off_is_quickly_on_again_and_keeps_its_host() {
    let world = World::new().await;
    let first = world.done("enable-streaming", json!({"spaceId": "films", "secure": true})).await;
    world.settled("films").await;
    for _ in 0..2 {
        world.done("disable-streaming", json!({"spaceId": "films"})).await;
        assert_eq!(world.streaming("films").await.unwrap().status, StreamingStatus::Off);
        assert!(!world.distributions().await[0].enabled);
    }
    world.settled("films").await;
    assert!(world.streaming("films").await.unwrap().distribution.unwrap().deployed);
    assert_eq!(world.done("enable-streaming", json!({"spaceId": "films", "secure": true})).await, first);
    assert!(world.distributions().await[0].enabled);
    world.settled("films").await;
    assert!(world.streaming("films").await.unwrap().distribution.unwrap().deployed);
}

#[tokio::test]
async fn what_is_deleted_is_gone_and_can_be_set_up_otherwise() {
    let world = World::new().await;
    let first = world.done("enable-streaming", json!({"spaceId": "films"})).await;
    for _ in 0..2 {
        world.done("delete-streaming", json!({"spaceId": "films"})).await;
    }
    world.settled("films").await;
    assert_eq!(world.streaming("films").await, None);
    assert!(world.distributions().await.is_empty());
    world.done("delete-streaming", json!({"spaceId": "films"})).await;
    let (status, _) = world.task("disable-streaming", json!({"spaceId": "films"})).await;
    assert_eq!(status, 400);
    let second = world.done("enable-streaming", json!({"spaceId": "films", "secure": true})).await;
    assert_ne!(first["streamingHost"], second["streamingHost"]);
}

#[tokio::test]
async fn while_it_is_deleted_it_cannot_be_turned_on() {
    let mut world = World::new().await;
    world.done("enable-streaming", json!({"spaceId": "films"})).await;
    world.settled("films").await;
    // CloudFront takes its time.
    world.streams.pace.look = std::time::Duration::from_mins(1);
    world.done("delete-streaming", json!({"spaceId": "films"})).await;
    let (status, text) = world.task("enable-streaming", json!({"spaceId": "films"})).await;
    assert_eq!(status, 503);
    assert!(text.contains("being deleted"), "{text}");
    world.done("disable-streaming", json!({"spaceId": "films"})).await;
    assert_eq!(world.streaming("films").await.unwrap().status, StreamingStatus::Deleting);
}

#[tokio::test]
async fn other_origins_are_another_policy_and_the_same_distribution() {
    let world = World::new().await;
    let answers = async |world: &World| {
        let found = world.distributions().await.remove(0);
        found.default_cache_behavior.unwrap().response_headers_policy_id
    };
    let first = world.done("enable-streaming", json!({"spaceId": "films"})).await;
    let any = answers(&world).await;
    let body = json!({"spaceId": "films", "allowedOrigins": ["https://b.org", "https://a.org/"]});
    assert_eq!(world.done("enable-streaming", body).await, first);
    let told = answers(&world).await;
    assert_ne!(told, any);
    // Not said is not changed, and the order does not matter.
    world.done("enable-streaming", json!({"spaceId": "films"})).await;
    let body = json!({"spaceId": "films", "allowedOrigins": ["https://a.org", "https://b.org"]});
    world.done("enable-streaming", body).await;
    assert_eq!(answers(&world).await, told);
    world.done("enable-streaming", json!({"spaceId": "films", "allowedOrigins": []})).await;
    assert_eq!(answers(&world).await, any);
    assert_eq!(world.everything().await["answer policies"], 2);
}

#[tokio::test]
async fn a_distribution_that_somebody_deleted_is_made_anew() {
    let world = World::new().await;
    world.done("enable-streaming", json!({"spaceId": "films"})).await;
    world.settled("films").await;
    let before = world.streaming("films").await.unwrap().distribution.unwrap();
    world.cloudfront.delete_distribution().id(&before.id).send().await.unwrap();
    world.done("disable-streaming", json!({"spaceId": "films"})).await;
    world.done("enable-streaming", json!({"spaceId": "films"})).await;
    assert_ne!(world.streaming("films").await.unwrap().distribution.unwrap().id, before.id);
    assert_eq!(world.distributions().await.len(), 1);
}

#[tokio::test]
async fn all_spaces_share_what_can_be_shared() {
    let world = World::new().await;
    world.space("songs").await;
    for space in ["films", "songs"] {
        world.done("enable-streaming", json!({"spaceId": space, "secure": true})).await;
    }
    let everything = world.everything().await;
    assert_eq!(everything["enabled"], json!([true, true]));
    for (what, count) in [
        ("cache policies", 1),
        ("request policies", 2),
        ("answer policies", 1),
        ("functions", 1),
        ("public keys", 1),
        ("groups", 1),
    ] {
        assert_eq!(everything[what], count, "{what}");
    }
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
            let (status, text) = world.task_of(name, role, task, json!({"spaceId": "films"})).await;
            assert_eq!(status, expected, "{task} {name} {text}");
            world.settled("films").await;
            world.done("enable-streaming", json!({"spaceId": "films"})).await;
        }
    }
    for (role, expected) in [(Role::Owner, 403), (Role::User, 403), (Role::Admin, 200)] {
        assert_eq!(world.task_of("alice", role, "rotate-signing-key", json!({})).await.0, expected);
    }
}

#[tokio::test]
async fn what_cannot_be_is_told() {
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
    assert!(world.distributions().await.is_empty());
}

#[tokio::test]
async fn a_space_that_is_deleted_takes_its_distribution_along() {
    use reelspan::space::record::SpaceState;
    let world = World::new().await;
    world.done("enable-streaming", json!({"spaceId": "films"})).await;
    world.streams.table.set_state(&id("films"), SpaceState::Live, SpaceState::Deleting).await.unwrap();
    world.settled("films").await;
    assert!(world.distributions().await.is_empty());
    assert!(world.streams.table.remove(&id("films")).await.unwrap());
}

#[tokio::test]
async fn edges_forget_what_was_replaced() {
    let world = World::new().await;
    world.done("enable-streaming", json!({"spaceId": "films"})).await;
    let message = |id: &str, key: &str| {
        let body = json!({"source": "aws.s3", "detail": {"bucket": {"name": "media"}, "object": {"key": key}}});
        json!({"messageId": id, "body": body.to_string()})
    };
    let batch =
        json!({"Records": [message("1", "films/a b.mp4"), message("2", "films/c.mp4"), message("3", "songs/d.mp3")]});
    for _ in 0..2 {
        world.streams.forget(&serde_json::from_value(batch.clone()).unwrap()).await.unwrap();
    }
    let distribution = world.streaming("films").await.unwrap().distribution.unwrap();
    let list = world.cloudfront.list_invalidations().distribution_id(&distribution.id).send().await.unwrap();
    let first = list.invalidation_list.unwrap().items.unwrap().remove(0);
    let found =
        world.cloudfront.get_invalidation().distribution_id(&distribution.id).id(&first.id).send().await.unwrap();
    let batch = found.invalidation.unwrap().invalidation_batch.unwrap();
    assert_eq!(batch.paths.unwrap().items.unwrap(), ["/a%20b.mp4*", "/c.mp4*"]);
    assert!(paths([]).is_empty());
}
