//! The key that signs, read once and kept until another is the one that signs. Which one that is, the table of spaces says, and
//! each request asks it: so a new key signs at once, everywhere.

use std::sync::Arc;

use reelspan::cloudfront::sign::Signer;
use reelspan::cloudfront::verify::trusted;
use reelspan::space::commons::Commons;
use reelspan::streaming::SigningSecret;
use tokio::sync::Mutex;

use crate::RestError;

/// The key that signs.
#[derive(Clone, Debug)]
pub struct Keyring {
    secret: SigningSecret,
    held: Arc<Mutex<Option<Arc<Signer>>>>,
}

/// A key, and until when what it signs is let in, in seconds since 1970; none where there is no end to that.
#[derive(Clone, Debug)]
pub struct HeldKey {
    /// The key.
    pub signer: Arc<Signer>,
    /// When it is trusted no more.
    pub until: Option<i64>,
}

impl Keyring {
    /// The key in this secret.
    #[must_use]
    pub fn new(secret: SigningSecret) -> Self {
        Self { secret, held: Arc::default() }
    }

    /// The key that signs now, in seconds since 1970. While one takes the other's place it may be the one before, which is
    /// trusted for a while.
    pub async fn signer(&self, commons: &Commons, now: i64) -> Result<HeldKey, RestError> {
        let first = commons.keys.first().ok_or(RestError::Busy("the signing key"))?;
        // Held while it is read: who comes in between would read the same.
        let mut held = self.held.lock().await;
        let signer = if let Some(signer) = held.as_ref().filter(|signer| signer.key_id() == first.id) {
            Arc::clone(signer)
        } else {
            let read = self.secret.get().await?.ok_or(RestError::Busy("the signing key"))?;
            Arc::clone(held.insert(Arc::new(read)))
        };
        drop(held);
        let key = trusted(&commons.keys, signer.key_id(), now);
        match key.ok().filter(|key| key.public == signer.key().public()) {
            Some(key) => Ok(HeldKey { until: key.until, signer }),
            None => Err(RestError::Upstream("the signing key is not among the trusted ones".to_owned())),
        }
    }
}
