//! Credentials that were right recently: a client with a thousand requests does not pay for a thousand hashes. The
//! cache holds a digest with a random key of this process, so that even a dump of its memory reveals a password only as
//! fast as it can be guessed against the digest.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ring::hmac::{self, HMAC_SHA256};
use ring::rand::SystemRandom;
use tokio::time::Instant;

use super::{Credentials, Identity, NoRandomBytes};

/// Bytes of a digest.
const DIGEST: usize = 32;

/// How long right credentials are recognised after they have to be checked again.
const RECOGNISED_FOR: Duration = Duration::from_hours(24);

/// The digest of credentials.
pub(super) type CredentialsDigest = [u8; DIGEST];

/// Right credentials, each until an instant.
pub(super) struct Remembered {
    key: hmac::Key,
    /// The maximum number of entries.
    most: usize,
    known: Mutex<HashMap<CredentialsDigest, (Identity, Instant)>>,
}

impl Remembered {
    pub fn new(most: usize) -> Result<Self, NoRandomBytes> {
        let key = hmac::Key::generate(HMAC_SHA256, &SystemRandom::new()).map_err(|_| NoRandomBytes)?;
        Ok(Self { key, most, known: Mutex::default() })
    }

    /// The digest of these credentials. The colon between name and password is unambiguous, because no name contains
    /// one.
    pub fn digest(&self, credentials: &Credentials) -> CredentialsDigest {
        let mut digest = [0; DIGEST];
        let tag = hmac::sign(&self.key, credentials.as_bytes());
        digest.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
        digest
    }

    /// The identity for these credentials, if they were right and that is still valid.
    pub fn get(&self, digest: &CredentialsDigest) -> Option<Identity> {
        let known = self.known();
        known.get(digest).filter(|(_, until)| Instant::now() < *until).map(|(identity, _)| identity.clone())
    }

    /// Whether they were right within a day, and not wrong since.
    pub fn recognises(&self, digest: &CredentialsDigest) -> bool {
        self.known().get(digest).is_some_and(|(_, until)| Instant::now() < *until + RECOGNISED_FOR)
    }

    /// Forgets these credentials.
    pub fn forget(&self, digest: &CredentialsDigest) {
        self.known().remove(digest);
    }

    /// Remembers credentials until an instant, and recognises them for a day more. If there are too many, the ones that
    /// expire first are dropped.
    pub fn insert(&self, digest: CredentialsDigest, identity: Identity, until: Instant) {
        let now = Instant::now();
        let mut known = self.known();
        if known.len() >= self.most && !known.contains_key(&digest) {
            known.retain(|_, (_, until)| now < *until + RECOGNISED_FOR);
            while known.len() >= self.most {
                let Some(first) = known.iter().min_by_key(|(_, (_, until))| *until).map(|(digest, _)| *digest) else {
                    return;
                };
                known.remove(&first);
            }
        }
        known.insert(digest, (identity, until));
    }

    /// A panic elsewhere leaves the map consistent.
    fn known(&self) -> MutexGuard<'_, HashMap<CredentialsDigest, (Identity, Instant)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::Role;
    use super::*;

    fn identity(number: u8) -> Identity {
        Identity { name: number.to_string(), role: Role::User, groups: Vec::new() }
    }

    #[tokio::test(start_paused = true)]
    async fn there_are_never_too_many_and_the_latest_stay() {
        let remembered = Remembered::new(3).unwrap();
        for number in 0..10 {
            remembered.insert([number; DIGEST], identity(number), Instant::now() + Duration::from_mins(1));
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        let left: Vec<u8> = (0..10).filter(|number| remembered.get(&[*number; DIGEST]).is_some()).collect();
        assert_eq!(left, [7, 8, 9]);
        assert_eq!(remembered.known().len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn each_is_forgotten_in_time() {
        let remembered = Remembered::new(3).unwrap();
        remembered.insert([0; DIGEST], identity(0), Instant::now() + Duration::from_mins(1));
        remembered.insert([1; DIGEST], identity(1), Instant::now());
        assert_eq!(remembered.get(&[1; DIGEST]), None);
        tokio::time::advance(Duration::from_secs(59)).await;
        assert_eq!(remembered.get(&[0; DIGEST]), Some(identity(0)));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(remembered.get(&[0; DIGEST]), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_right_is_recognised_for_a_day_unless_it_turns_out_wrong() {
        let remembered = Remembered::new(3).unwrap();
        for number in 0..2 {
            remembered.insert([number; DIGEST], identity(number), Instant::now());
        }
        remembered.forget(&[1; DIGEST]);
        let recognised = |number: u8| remembered.recognises(&[number; DIGEST]);
        assert_eq!([0, 1, 2].map(recognised), [true, false, false]);
        tokio::time::advance(RECOGNISED_FOR).await;
        assert!(!recognised(0));
    }

    #[test]
    fn digests_tell_all_credentials_and_all_processes_apart() {
        let credentials = |field: &str| Credentials::parse(field.as_bytes()).unwrap();
        // a:b:c, ab:c, a:bc
        let all = ["Basic YTpiOmM=", "Basic YWI6Yw==", "Basic YTpiYw=="].map(credentials);
        let (here, there) = (Remembered::new(1).unwrap(), Remembered::new(1).unwrap());
        let digests: std::collections::HashSet<CredentialsDigest> =
            all.iter().flat_map(|each| [here.digest(each), there.digest(each)]).collect();
        assert_eq!(digests.len(), 6);
        assert_eq!(here.digest(&all[0]), here.digest(&all[0]));
    }
}
