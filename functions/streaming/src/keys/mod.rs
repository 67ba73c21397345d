//! The key that signs, and the keys that the edges trust. The trusted keys are in the table of spaces, the current signing key
//! first ([`reelspan::space::commons`]); the private half is in a secret.
//!
//! A new key is trusted before it signs: CloudFront takes minutes to bring a key group to all edges, and until then some of
//! them would refuse what it signs. Meanwhile it stands behind the current key in the table, without an end. The old one is
//! trusted for another week, which is the longest life of a signature.
//!
//! Every step can be repeated: the private key is stored before its public half is published, and CloudFront's resources are
//! found again by their names.

#[cfg(feature = "lambda")]
mod cloudfront;
mod local;

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use reelspan::cloudfront::key::SigningKey;
use reelspan::cloudfront::now;
use reelspan::cloudfront::sign::Signer;
use reelspan::space::commons::{Commons, TrustedKey};
use reelspan::store::SpacesTable;
use reelspan::streaming::{Keys, SigningSecret};
use ring::digest::{SHA256, digest};
use tokio::sync::Mutex;

#[cfg(feature = "lambda")]
pub use cloudfront::CloudFrontKeys;
pub use local::LocalKeys;

use crate::EdgeError;

/// How long a key is trusted after another took its place, in seconds: a week, the longest life of a signature.
const WEEK: i64 = 7 * 24 * 60 * 60;

/// How often a step is tried while other callers replace keys.
const ATTEMPTS: usize = 10;

/// The public keys that the edges trust.
#[async_trait]
pub trait KeyGroup: Debug + Send + Sync {
    /// Publishes a public key; returns the name by which a signature refers to it.
    async fn publish(&self, key: &SigningKey) -> Result<String, EdgeError>;

    /// Trusts these keys and no others; returns the id of the group.
    async fn trust(&self, keys: &[String]) -> Result<String, EdgeError>;

    /// Whether all edges know which keys are trusted.
    async fn is_deployed(&self) -> Result<bool, EdgeError>;

    /// Deletes the published keys that are not among these.
    async fn keep_only(&self, keys: &[String]) -> Result<(), EdgeError>;

    /// Deletes the group and all published keys.
    async fn delete(&self) -> Result<(), EdgeError>;
}

/// What happens to the keys before a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// They are trusted until their last signature has expired.
    Keep,
    /// They are trusted no longer, and the new one signs at once.
    Revoke,
}

/// A new key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// Its name.
    pub key: String,
    /// Whether it signs already; if not, it will once all edges trust it.
    pub signs: bool,
}

/// The keys of an installation.
#[derive(Clone, Debug)]
pub struct SigningKeys {
    group: Arc<dyn KeyGroup>,
    secret: SigningSecret,
    /// One caller at a time within this process; beyond it, the secret accepts only one.
    turn: Arc<Mutex<()>>,
}

impl SigningKeys {
    /// The keys of this group, with their private halves in this secret.
    #[must_use]
    pub fn new(group: impl KeyGroup + 'static, secret: SigningSecret) -> Self {
        Self { group: Arc::new(group), secret, turn: Arc::default() }
    }

    /// Makes sure that there is a signing key, and that the edges trust it; returns the id of the key group.
    pub async fn ensure(&self, table: &SpacesTable) -> Result<String, EdgeError> {
        let turn = self.turn.lock().await;
        for _ in 0..ATTEMPTS {
            let commons = table.commons().await?;
            let keys = self.secret.keys().await?;
            // The same key has the same name, unless someone deleted it.
            let signs = match (commons.keys.first(), &keys.signer) {
                (Some(first), Some(signer)) if first.public == signer.key().public() => {
                    let named = first.id == signer.key_id();
                    named && self.group.publish(signer.key()).await? == first.id
                }
                _ => false,
            };
            if signs {
                let group = self.group.trust(&ids(&commons.keys)).await?;
                drop(turn);
                return Ok(group);
            }
            self.replace(table, commons, keys, Rotation::Keep).await?;
        }
        Err(EdgeError::Conflict)
    }

    /// Makes a new key, or finds the one that is being made.
    pub async fn rotate(&self, table: &SpacesTable, rotation: Rotation) -> Result<Rotated, EdgeError> {
        let turn = self.turn.lock().await;
        let mut made = None;
        for _ in 0..ATTEMPTS {
            let (commons, keys) = (table.commons().await?, self.secret.keys().await?);
            let pending = keys.next.is_some();
            if let Some(key) = made.clone().filter(|_| !pending || rotation == Rotation::Keep) {
                let signs = commons.keys.first().is_some_and(|first| first.id == key);
                drop(turn);
                if let Err(error) = self.clean(table).await {
                    tracing::warn!(%error, "expired keys could not be removed");
                }
                return Ok(Rotated { key, signs });
            }
            made = self.replace(table, commons, keys, rotation).await?.or(made);
        }
        Err(EdgeError::Conflict)
    }

    /// Lets a new key sign that all edges trust by now, and removes expired keys.
    pub async fn finish(&self, table: &SpacesTable) -> Result<(), EdgeError> {
        let turn = self.turn.lock().await;
        let (commons, keys) = (table.commons().await?, self.secret.keys().await?);
        if keys.next.is_some() {
            self.replace(table, commons, keys, Rotation::Keep).await?;
        }
        drop(turn);
        self.clean(table).await
    }

    /// Deletes the group and the public keys.
    pub async fn delete(&self) -> Result<(), EdgeError> {
        self.group.delete().await
    }

    /// Goes as far as possible with the next key; returns its name if this caller got that far.
    async fn replace(
        &self,
        table: &SpacesTable,
        commons: Commons,
        keys: Keys,
        rotation: Rotation,
    ) -> Result<Option<String>, EdgeError> {
        let signs = commons.keys.first().map(|key| key.id.clone());
        let Some(next) = keys.next else {
            let next = SigningKey::generate()?;
            let signer = keys.signer.as_ref().map(again).transpose()?;
            // Another caller may have been first; then its key is the next one.
            self.secret.put(&Keys { signer, next: Some(next) }, &token("next", signs.as_deref())).await?;
            return Ok(None);
        };
        let key = TrustedKey { id: self.group.publish(&next).await?, public: next.public(), until: None };
        let id = key.id.clone();
        let others: Vec<_> = commons.keys.iter().filter(|other| other.id != id).cloned().collect();
        let is_first = signs.as_ref() == Some(&id);
        let trusted = if rotation == Rotation::Revoke { vec![key.clone()] } else { trusted(&key, &others) };
        self.group.trust(&ids(&trusted)).await?;
        let promoted =
            is_first || others.is_empty() || rotation == Rotation::Revoke || self.group.is_deployed().await?;
        let listed = match (rotation, promoted) {
            (Rotation::Revoke, _) => vec![key],
            (Rotation::Keep, true) => [key].into_iter().chain(retired(&others)).collect(),
            // The current key stays first, so that it signs for now.
            (Rotation::Keep, false) => others.iter().cloned().chain([key]).collect(),
        };
        if listed != commons.keys {
            let changed = Commons { keys: listed, version: commons.version + 1, ..commons };
            if !table.set_commons(&changed).await? {
                return Ok(None);
            }
        }
        if promoted {
            let keys = Keys { signer: Some(Signer::new(id.clone(), next)), next: None };
            self.secret.put(&keys, &token("signs", Some(&id))).await?;
        }
        Ok(Some(id))
    }

    /// Removes expired keys: from the table, from the group, and then from CloudFront.
    async fn clean(&self, table: &SpacesTable) -> Result<(), EdgeError> {
        let (now, commons) = (now(), table.commons().await?);
        let listed = commons.keys.len();
        let keys: Vec<_> =
            commons.keys.iter().filter(|key| key.until.is_none_or(|until| now < until)).cloned().collect();
        if keys.is_empty() {
            return Ok(());
        }
        let ids = ids(&keys);
        if keys.len() < listed {
            let changed = Commons { keys, version: commons.version + 1, ..commons };
            if !table.set_commons(&changed).await? {
                // The caller that was first cleans up.
                return Ok(());
            }
        }
        self.group.trust(&ids).await?;
        self.group.keep_only(&ids).await
    }
}

/// The keys that the edges trust while a new one is on its way.
fn trusted(key: &TrustedKey, others: &[TrustedKey]) -> Vec<TrustedKey> {
    [key.clone()].into_iter().chain(retired(others)).collect()
}

/// Keys that have been replaced, without those that have expired.
fn retired(keys: &[TrustedKey]) -> impl Iterator<Item = TrustedKey> {
    let now = now();
    let until = move |key: &TrustedKey| key.until.or(Some(now.saturating_add(WEEK)));
    keys.iter()
        .map(move |key| TrustedKey { until: until(key), ..key.clone() })
        .filter(move |key| key.until.is_none_or(|until| now < until))
}

fn ids(keys: &[TrustedKey]) -> Vec<String> {
    keys.iter().map(|key| key.id.clone()).collect()
}

/// The same key again: keys cannot be cloned.
fn again(signer: &Signer) -> Result<Signer, EdgeError> {
    Ok(Signer::new(signer.key_id(), SigningKey::from_pkcs8(signer.key().pkcs8())?))
}

/// Distinguishes one write of the secret from another, in the length that Secrets Manager requires.
fn token(step: &str, key: Option<&str>) -> String {
    hex(format!("{step} {}", key.unwrap_or_default()).as_bytes(), 32)
}

/// The beginning of a text's SHA-256 in hexadecimal.
fn hex(bytes: &[u8], length: usize) -> String {
    let digest = digest(&SHA256, bytes);
    digest.as_ref().iter().take(length).fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}
