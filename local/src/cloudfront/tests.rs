#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use aws_sdk_cloudfront::types::{
    CookiePreference, DefaultCacheBehavior, DistributionConfig, ForwardedValues, ItemSelection, KeyGroupConfig, Origin,
    Origins as OriginList, PublicKeyConfig, TrustedKeyGroups, ViewerProtocolPolicy,
};
use reelspan::cloudfront::key::SigningKey;

use super::*;

fn origins() -> OriginList {
    let origin = Origin::builder().id("media").domain_name("media.example").build().unwrap();
    OriginList::builder().quantity(1).items(origin).build().unwrap()
}

fn config(group: Option<&str>) -> DistributionConfig {
    let groups =
        TrustedKeyGroups::builder().enabled(group.is_some()).quantity(group.into_iter().count().try_into().unwrap());
    let groups = groups.set_items(group.map(|group| vec![group.to_owned()])).build().unwrap();
    #[allow(deprecated)]
    let forwarded = ForwardedValues::builder()
        .query_string(false)
        .cookies(CookiePreference::builder().forward(ItemSelection::None).build().unwrap())
        .build()
        .unwrap();
    #[allow(deprecated)]
    let behavior = DefaultCacheBehavior::builder()
        .target_origin_id("media")
        .viewer_protocol_policy(ViewerProtocolPolicy::HttpsOnly)
        .trusted_key_groups(groups)
        .forwarded_values(forwarded)
        .build()
        .unwrap();
    DistributionConfig::builder()
        .caller_reference(group.unwrap_or("open"))
        .origins(origins())
        .default_cache_behavior(behavior)
        .comment("films")
        .enabled(true)
        .build()
        .unwrap()
}

/// A key, the group that has it, and a distribution that trusts the group; and one that trusts nobody.
async fn make(opened: &CloudFront) -> (String, Vec<u8>, String, String) {
    let client = aws_sdk_cloudfront::Client::from_conf(opened.distributions().build());
    let key = SigningKey::generate().unwrap();
    let public =
        PublicKeyConfig::builder().caller_reference("a").name("a").encoded_key(key.public_pem()).build().unwrap();
    let made = client.create_public_key().public_key_config(public).send().await.unwrap();
    let id = made.public_key.unwrap().id;
    let group = KeyGroupConfig::builder().name("all").items(&id).build().unwrap();
    let group = client.create_key_group().key_group_config(group).send().await.unwrap().key_group.unwrap().id;
    let mut made = Vec::new();
    for group in [Some(group.as_str()), None] {
        let answer = client.create_distribution().distribution_config(config(group)).send().await.unwrap();
        made.push(answer.distribution.unwrap().id);
    }
    (id, key.public(), made.remove(0), made.remove(0))
}

#[tokio::test]
async fn what_was_made_outlives_a_restart_and_is_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = Data::open(folder.path()).unwrap();
    let opened = CloudFront::open(&data).await.unwrap();
    let (id, public, secure, open) = make(&opened).await;
    let secrets = aws_sdk_secretsmanager::Client::from_conf(opened.secrets().build());
    secrets.create_secret().name(SIGNING_SECRET).secret_string("swordfish").send().await.unwrap();
    drop(opened);

    let opened = CloudFront::open(&data).await.unwrap();
    let keys = vec![TrustedKey { id, public, until: None }];
    assert_eq!(opened.entrance(&secure), Some(Entrance { enabled: true, keys: Some(keys) }));
    assert_eq!(opened.entrance(&open), Some(Entrance { enabled: true, keys: None }));
    assert_eq!(opened.entrance("E0000000000000"), None);
    let secrets = aws_sdk_secretsmanager::Client::from_conf(opened.secrets().build());
    let value = secrets.get_secret_value().secret_id(SIGNING_SECRET).send().await.unwrap();
    assert_eq!(value.secret_string(), Some("swordfish"));
    for file in [data.secrets(), data.cloudfront()] {
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn a_distribution_that_is_disabled_or_changed_is_so_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let opened = CloudFront::open(&Data::open(folder.path()).unwrap()).await.unwrap();
    let (_, _, secure, open) = make(&opened).await;
    let client = aws_sdk_cloudfront::Client::from_conf(opened.distributions().build());
    let read = client.get_distribution_config().id(&open).send().await.unwrap();
    let mut changed = read.distribution_config.unwrap();
    changed.enabled = false;
    let update = client.update_distribution().id(&open).distribution_config(changed).set_if_match(read.e_tag);
    update.send().await.unwrap();
    assert_eq!(opened.entrance(&open), Some(Entrance { enabled: false, keys: None }));
    assert!(opened.entrance(&secure).unwrap().enabled);
}

#[tokio::test]
async fn a_state_that_is_not_as_it_was_written_is_refused_and_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let data = Data::open(folder.path()).unwrap();
    for text in ["swordfish", "[1]", "{\"secrets\":{\"a\":\"swordfish\"}}"] {
        fs::write(data.secrets(), text).unwrap();
        let error = CloudFront::open(&data).await.unwrap_err();
        assert!(
            error.to_string().contains("secretsmanager.json") && !error.to_string().contains("swordfish"),
            "{error}"
        );
    }
}
