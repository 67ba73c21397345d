//! Keys that take each other's place.

use std::time::{SystemTime, UNIX_EPOCH};

use reelspan::space::commons::Commons;
use serde_json::json;

use super::world::World;

#[tokio::test]
async fn a_new_key_signs_at_once_and_the_one_before_verifies_for_a_week() {
    let world = World::new().await;
    world.done("enable-streaming", json!({"spaceId": "films", "secure": true})).await;
    let first = world.commons().await.keys;
    let answer = world.done("rotate-signing-key", json!({})).await;
    let [new, old] = &world.commons().await.keys[..] else { panic!("two keys") };
    assert_eq!((answer["keyPairId"].as_str(), new.until), (Some(new.id.as_str()), None));
    assert_eq!((&old.id, &old.public), (&first[0].id, &first[0].public));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let left = old.until.unwrap() - i64::try_from(now).unwrap();
    assert!((604_700..=604_800).contains(&left), "{left}");
    let signs = world.streams.secret.get().await.unwrap().unwrap();
    assert_eq!((signs.key_id(), signs.key().public()), (new.id.as_str(), new.public.clone()));
    let everything = world.everything().await;
    assert_eq!(
        (&everything["public keys"], &everything["the group trusts those of the table"]),
        (&json!(2), &json!(true))
    );
}

#[tokio::test]
async fn a_key_that_is_revoked_verifies_nothing() {
    let world = World::new().await;
    world.done("enable-streaming", json!({"spaceId": "films", "secure": true})).await;
    world.done("rotate-signing-key", json!({})).await;
    let answer = world.done("rotate-signing-key", json!({"revoke": "true"})).await;
    let [only] = &world.commons().await.keys[..] else { panic!("one key") };
    assert_eq!(answer["keyPairId"].as_str(), Some(only.id.as_str()));
    assert_eq!(world.everything().await["public keys"], 1);
}

#[tokio::test]
async fn a_key_whose_time_is_over_goes_with_the_next_call() {
    let world = World::new().await;
    world.done("enable-streaming", json!({"spaceId": "films", "secure": true})).await;
    world.done("rotate-signing-key", json!({})).await;
    let mut commons = world.commons().await;
    commons.keys[1].until = Some(1);
    commons.version += 1;
    assert!(world.streams.table.set_commons(&Commons { ..commons }).await.unwrap());
    world.done("enable-streaming", json!({"spaceId": "films", "secure": true})).await;
    world.streams.table.commons().await.unwrap();
    world.done("rotate-signing-key", json!({})).await;
    let keys = world.commons().await.keys;
    assert_eq!(keys.len(), 2);
    assert!(keys.iter().all(|key| key.until != Some(1)));
    assert_eq!(world.everything().await["all public keys are trusted"], true);
}

#[tokio::test]
async fn a_rotation_before_any_secure_space_makes_the_first_key() {
    let world = World::new().await;
    world.done("rotate-signing-key", json!({})).await;
    let keys = world.commons().await.keys;
    world.done("enable-streaming", json!({"spaceId": "films", "secure": true})).await;
    assert_eq!(world.commons().await.keys, keys);
}

#[tokio::test]
async fn two_rotations_at_a_time_are_one_or_two_and_leave_one_key_that_signs() {
    let world = World::new().await;
    world.done("enable-streaming", json!({"spaceId": "films", "secure": true})).await;
    let (one, other) =
        tokio::join!(world.done("rotate-signing-key", json!({})), world.done("rotate-signing-key", json!({})));
    let keys = world.commons().await.keys;
    assert!(one["keyPairId"] == keys[0].id || other["keyPairId"] == keys[0].id);
    assert_eq!(keys.iter().filter(|key| key.until.is_none()).count(), 1);
    let everything = world.everything().await;
    assert_eq!(everything["the first key signs"], true);
    assert_eq!(everything["all public keys are trusted"], true);
}
