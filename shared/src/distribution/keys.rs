//! The key that signs, and those that verify. The private key is in the secret, its public one in CloudFront, in the key group
//! that all secure distributions trust, and in the table of spaces, by which the fragments function verifies.
//!
//! A key takes another's place in five steps, each of which finds what an earlier attempt has done:
//! 1. the new private key is put into the secret, beside the one that signs;
//! 2. its public key goes to CloudFront, under a name that is its own;
//! 3. the key group trusts it, and the one before;
//! 4. the table says so, and until when the one before counts;
//! 5. in the secret it is the one that signs.

use aws_sdk_cloudfront::types::{KeyGroupConfig, PublicKeyConfig, PublicKeySummary};
use ring::digest::{SHA256, digest};

use super::Distributions;
use super::error::{Error, of};
use super::secret::{Keys, SigningSecret};
use super::shared::KEY_GROUP;
use crate::cloudfront::key::SigningKey;
use crate::cloudfront::now;
use crate::cloudfront::sign::Signer;
use crate::space::commons::{Commons, TrustedKey};
use crate::store::SpacesTable;

/// How long a key is trusted after another took its place, in seconds: as long as anything may be signed for, which is a week.
const WEEK: i64 = 7 * 24 * 60 * 60;

/// How often it is begun anew where others replace keys at the same time.
const ATTEMPTS: usize = 10;

/// What a call for a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// That there is one.
    Ensure,
    /// That there is another, and the one before counts until its last URL has expired.
    Rotate,
    /// That there is another, and no one before counts.
    Revoke,
}

impl Distributions {
    /// Sees to it that a key signs, which is another one where that is asked for; says which. Keys whose time is over go.
    pub async fn key(&self, table: &SpacesTable, secret: &SigningSecret, rotation: Rotation) -> Result<String, Error> {
        // One at a time, as far as this process reaches; beyond it the secret takes only one.
        let making = self.making.lock().await;
        let mut begun = false;
        for _ in 0..ATTEMPTS {
            let commons = table.commons().await?;
            let keys = secret.keys().await?;
            let signs = commons.keys.first().map(|key| key.id.clone());
            let settled = keys.next.is_none() && signs.is_some() && signs == id(&keys);
            if settled && (begun || rotation == Rotation::Ensure) {
                // Whoever asked for another key has it: what is left over goes with a later call.
                if let Err(error) = self.clean(table, commons).await {
                    tracing::warn!(%error, "keys that are over could not be removed");
                }
                drop(making);
                return signs.ok_or_else(|| Error::cloudfront("no key signs"));
            }
            begun = true;
            let next = match (keys.next, &keys.signer) {
                (Some(next), _) => next,
                // The table has forgotten the key that is in the secret.
                (None, Some(signer)) if signs.is_none() => SigningKey::from_pkcs8(signer.key().pkcs8())?,
                (None, signer) => {
                    let next = SigningKey::generate()?;
                    let signer = signer.as_ref().map(again).transpose()?;
                    secret.put(&Keys { signer, next: Some(next) }, &token("next", signs.as_deref())).await?;
                    // It may be another's.
                    continue;
                }
            };
            let id = self.public_key(&next).await?;
            let next_key = TrustedKey { id: id.clone(), public: next.public(), until: None };
            let before = commons.keys.iter().filter(|key| key.id != id);
            let keys: Vec<_> = [next_key].into_iter().chain(after(before, rotation)).collect();
            let group = self.key_group(&commons, &keys).await?;
            if signs.as_ref() != Some(&id) {
                let mut commons = Commons { keys, version: commons.version + 1, ..commons };
                commons.made.insert(KEY_GROUP.to_owned(), group);
                if !table.set_commons(&commons).await? {
                    continue;
                }
            }
            secret
                .put(&Keys { signer: Some(Signer::new(id.clone(), next)), next: None }, &token("signs", Some(&id)))
                .await?;
        }
        Err(Error::Changing)
    }

    /// CloudFront's name for the public key, which is brought there where it is not.
    async fn public_key(&self, key: &SigningKey) -> Result<String, Error> {
        let digest = digest(&SHA256, &key.public());
        let hash = digest.as_ref().iter().take(8).fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        let name = self.named(&format!("key-{hash}"));
        let there = self.public_keys().await?.into_iter().find(|key| key.name == name);
        if let Some(there) = there {
            return Ok(there.id);
        }
        let config = PublicKeyConfig::builder().caller_reference(&name).name(&name).encoded_key(key.public_pem());
        match self.client.create_public_key().public_key_config(config.build()?).send().await.map_err(of) {
            Ok(made) => {
                made.public_key.map(|made| made.id).ok_or_else(|| Error::cloudfront("a public key without an id"))
            }
            // Another was quicker.
            Err(Error::Exists) => self
                .public_keys()
                .await?
                .into_iter()
                .find(|key| key.name == name)
                .map(|key| key.id)
                .ok_or(Error::Exists),
            Err(error) => Err(error),
        }
    }

    /// The public keys of this installation.
    async fn public_keys(&self) -> Result<Vec<PublicKeySummary>, Error> {
        let prefix = self.named("key-");
        let mut keys = Vec::new();
        let mut marker = None;
        loop {
            let list = self.client.list_public_keys().set_marker(marker).send().await.map_err(of)?.public_key_list;
            marker = list.as_ref().and_then(|list| list.next_marker.clone()).filter(|next| !next.is_empty());
            keys.extend(list.and_then(|list| list.items).unwrap_or_default());
            if marker.is_none() {
                keys.retain(|key| key.name.starts_with(&prefix));
                return Ok(keys);
            }
        }
    }

    /// The key group, which trusts these keys afterwards.
    async fn key_group(&self, commons: &Commons, keys: &[TrustedKey]) -> Result<String, Error> {
        let name = self.named("keys");
        let trusted: Vec<_> = keys.iter().map(|key| key.id.clone()).collect();
        let config = || KeyGroupConfig::builder().name(&name).set_items(Some(trusted.clone())).build();
        let known = match commons.made.get(KEY_GROUP) {
            Some(id) => Some(id.clone()),
            None => self.find_key_group(&name).await?,
        };
        let id = match known {
            Some(id) => id,
            None => match self.client.create_key_group().key_group_config(config()?).send().await.map_err(of) {
                Ok(made) => {
                    return made
                        .key_group
                        .map(|made| made.id)
                        .ok_or_else(|| Error::cloudfront("a key group without an id"));
                }
                Err(Error::Exists) => self.find_key_group(&name).await?.ok_or(Error::Exists)?,
                Err(error) => return Err(error),
            },
        };
        let found = self.client.get_key_group().id(&id).send().await.map_err(of)?;
        let is = found.key_group.and_then(|group| group.key_group_config).map(|config| config.items);
        if is.as_ref() != Some(&trusted) {
            let update = self.client.update_key_group().id(&id).set_if_match(found.e_tag).key_group_config(config()?);
            update.send().await.map_err(of)?;
        }
        Ok(id)
    }

    async fn find_key_group(&self, name: &str) -> Result<Option<String>, Error> {
        let mut marker = None;
        loop {
            let list = self.client.list_key_groups().set_marker(marker).send().await.map_err(of)?.key_group_list;
            marker = list.as_ref().and_then(|list| list.next_marker.clone()).filter(|next| !next.is_empty());
            let groups = list.and_then(|list| list.items).unwrap_or_default().into_iter();
            let mut groups = groups.filter_map(|item| item.key_group);
            let named = groups.find(|group| group.key_group_config.as_ref().is_some_and(|config| config.name == name));
            if let Some(group) = named {
                return Ok(Some(group.id));
            }
            if marker.is_none() {
                return Ok(None);
            }
        }
    }

    /// Has keys go whose time is over: out of the table, out of the group, and then out of CloudFront, with those of attempts
    /// that were given up.
    async fn clean(&self, table: &SpacesTable, commons: Commons) -> Result<(), Error> {
        let now = now();
        let trusted: Vec<_> =
            commons.keys.iter().filter(|key| key.until.is_none_or(|until| now < until)).cloned().collect();
        if trusted.len() < commons.keys.len() {
            let other = Commons { keys: trusted.clone(), version: commons.version + 1, ..commons.clone() };
            if !table.set_commons(&other).await? {
                // Who was quicker cleans up.
                return Ok(());
            }
        }
        self.key_group(&commons, &trusted).await?;
        for key in self.public_keys().await? {
            if trusted.iter().all(|trusted| trusted.id != key.id) {
                let found = self.client.get_public_key().id(&key.id).send().await.map_err(of)?;
                let delete = self.client.delete_public_key().id(&key.id).set_if_match(found.e_tag);
                match delete.send().await.map_err(of) {
                    Ok(_) | Err(Error::Gone) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }
}

/// What is trusted beside a new key.
fn after<'a>(before: impl Iterator<Item = &'a TrustedKey>, rotation: Rotation) -> Vec<TrustedKey> {
    let now = now();
    if rotation == Rotation::Revoke {
        return Vec::new();
    }
    let trusted = before.map(|key| TrustedKey { until: key.until.or(Some(now.saturating_add(WEEK))), ..key.clone() });
    trusted.filter(|key| key.until.is_none_or(|until| now < until)).collect()
}

/// Which key is in the secret as the one that signs.
fn id(keys: &Keys) -> Option<String> {
    keys.signer.as_ref().map(|signer| signer.key_id().to_owned())
}

/// The same key once more: keys cannot be cloned.
fn again(signer: &Signer) -> Result<Signer, Error> {
    Ok(Signer::new(signer.key_id(), SigningKey::from_pkcs8(signer.key().pkcs8())?))
}

/// By which the secret knows one write from another: as long as Secrets Manager wants it.
fn token(step: &str, key: Option<&str>) -> String {
    let digest = digest(&SHA256, format!("{step} {}", key.unwrap_or_default()).as_bytes());
    digest.as_ref().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}
