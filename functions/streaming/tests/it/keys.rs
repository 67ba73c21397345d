//! Keys that replace each other.

use std::sync::atomic::Ordering;

use reelspan::cloudfront::now;
use serde_json::json;

use super::world::World;

#[tokio::test]
async fn a_new_key_signs_once_all_edges_trust_it_and_the_old_one_is_trusted_for_a_week() {
    let world = World::new().await;
    let first = world.commons().await.keys;
    world.group.is_deploying.store(true, Ordering::SeqCst);
    let answer = world.done("rotate-signing-key", json!({})).await;
    let [old, new] = &world.commons().await.keys[..] else { panic!("two keys") };
    assert_eq!((answer["keyPairId"].as_str(), new.until), (Some(new.id.as_str()), None));
    assert_eq!((old, &world.secret.get().await.unwrap().unwrap().key_id()), (&first[0], &old.id.as_str()));
    assert!(answer["result"].as_str().unwrap().contains("will sign"), "{answer}");
    assert_eq!(world.group.trusted.lock().unwrap().len(), 2);
    // Called again, it is the same key.
    assert_eq!(world.done("rotate-signing-key", json!({})).await, answer);
    world.streams.reconcile().await.unwrap();
    assert_eq!(world.commons().await.keys[0], first[0]);

    world.group.is_deploying.store(false, Ordering::SeqCst);
    world.streams.reconcile().await.unwrap();
    let [signs, retired] = &world.commons().await.keys[..] else { panic!("two keys") };
    assert_eq!((signs, &retired.id), (new, &old.id));
    let left = retired.until.unwrap() - now();
    assert!((604_700..=604_800).contains(&left), "{left}");
    let signer = world.secret.get().await.unwrap().unwrap();
    assert_eq!((signer.key_id(), signer.key().public()), (new.id.as_str(), new.public.clone()));
}

#[tokio::test]
async fn a_key_that_is_revoked_verifies_nothing() {
    let world = World::new().await;
    world.done("rotate-signing-key", json!({})).await;
    world.group.is_deploying.store(true, Ordering::SeqCst);
    let answer = world.done("rotate-signing-key", json!({"revoke": "true"})).await;
    let [only] = &world.commons().await.keys[..] else { panic!("one key") };
    assert_eq!(answer["keyPairId"].as_str(), Some(only.id.as_str()));
    assert_eq!(*world.group.published.lock().unwrap(), std::slice::from_ref(&only.id));
    assert_eq!(world.secret.get().await.unwrap().unwrap().key_id(), only.id);
}

#[tokio::test]
async fn an_expired_key_goes_with_the_next_call() {
    let world = World::new().await;
    world.done("rotate-signing-key", json!({})).await;
    let mut commons = world.commons().await;
    commons.keys[1].until = Some(1);
    commons.version += 1;
    assert!(world.streams.table.set_commons(&commons).await.unwrap());
    world.streams.reconcile().await.unwrap();
    assert_eq!(world.commons().await.keys.len(), 1);
    assert_eq!(world.everything().await["no other key is published"], true);
}

#[tokio::test]
async fn a_deployment_keeps_the_key_that_signs() {
    let world = World::new().await;
    let keys = world.commons().await.keys;
    for _ in 0..2 {
        assert_eq!(world.streams.keys.ensure(&world.streams.table).await.unwrap(), "group");
        assert_eq!(world.commons().await.keys, keys);
    }
    // Nor does it end a rotation.
    world.group.is_deploying.store(true, Ordering::SeqCst);
    world.done("rotate-signing-key", json!({})).await;
    let keys = world.commons().await.keys;
    world.streams.keys.ensure(&world.streams.table).await.unwrap();
    assert_eq!(world.commons().await.keys, keys);
    assert_eq!(world.group.trusted.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn two_rotations_at_once_leave_one_key_that_signs() {
    let world = World::new().await;
    let (one, other) =
        tokio::join!(world.done("rotate-signing-key", json!({})), world.done("rotate-signing-key", json!({})));
    let keys = world.commons().await.keys;
    assert!(one["keyPairId"] == keys[0].id || other["keyPairId"] == keys[0].id);
    assert_eq!(keys.iter().filter(|key| key.until.is_none()).count(), 1);
    let everything = world.everything().await;
    for what in ["the first key signs", "no other key is published", "the group trusts those of the table"] {
        assert_eq!(everything[what], true, "{what}");
    }
}
