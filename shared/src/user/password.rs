//! Passwords and their hashes: PBKDF2-HMAC-SHA256 (RFC 8018 §5.2) with a salt for each user, as a PHC string
//! (`$pbkdf2-sha256$i=600000,l=32$SALT$KEY`, both in base64 without padding). The string contains the rounds, so that
//! they can be raised while older hashes remain valid.

use std::fmt;
use std::num::NonZeroU32;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use ring::pbkdf2::{self, PBKDF2_HMAC_SHA256};
use ring::rand::{SecureRandom, SystemRandom};

/// The rounds of a new hash, as OWASP's *Password Storage Cheat Sheet* (2023) recommends for PBKDF2-HMAC-SHA256.
pub const ROUNDS: NonZeroU32 = NonZeroU32::new(600_000).unwrap();
/// The maximum rounds of a stored hash: an extra digit in an item must not keep a function busy until its end.
const MOST_ROUNDS: u32 = 10_000_000;
/// The maximum length of a password in bytes. People have no longer ones, and a request's field carries only a few
/// kilobytes.
const LONGEST: usize = 1024;
/// Bytes of a salt, and of a key.
const SALT: usize = 16;
const KEY: usize = 32;
/// Random bytes of a generated password.
const RANDOM: usize = 18;

/// Why a text is not a valid password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// It is empty.
    #[error("a password must not be empty")]
    Empty,
    /// It is too short for a new one.
    #[error("a new password has at least 15 characters")]
    Short,
    /// It is common, or consists of common parts and the user's name.
    #[error("a new password must not consist only of common passwords, the user's name or rows of keys")]
    Common,
    /// It is too long.
    #[error("a password has at most 1024 bytes")]
    Long,
    /// HTTP Basic could not carry it (RFC 7617 §2).
    #[error("a password must not have control characters")]
    Control,
}

/// The system gives no random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random bytes")]
pub struct NoRandomBytes;

/// The stored hash is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a PBKDF2-HMAC-SHA256 hash in the expected format")]
pub struct HashError;

/// A password as its user types it: 1 to 1024 bytes of UTF-8 without control characters. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Checks that HTTP Basic can carry the password.
    pub fn parse(text: impl Into<String>) -> Result<Self, PasswordError> {
        let text = text.into();
        if text.is_empty() {
            Err(PasswordError::Empty)
        } else if text.len() > LONGEST {
            Err(PasswordError::Long)
        } else if text.contains(char::is_control) {
            Err(PasswordError::Control)
        } else {
            Ok(Self(text))
        }
    }

    /// A random password: 144 bits in 24 characters of `A-Z a-z 0-9 - _`.
    pub fn random() -> Result<Self, NoRandomBytes> {
        Ok(Self(URL_SAFE_NO_PAD.encode(random::<RANDOM>()?)))
    }

    /// The password itself, for callers that have to write it down.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// The hash of a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Hash {
    rounds: NonZeroU32,
    salt: [u8; SALT],
    key: [u8; KEY],
}

impl Hash {
    /// Hashes this password with a new salt. Takes most of a second of processor time for [`ROUNDS`].
    pub fn of(password: &Password, rounds: NonZeroU32) -> Result<Self, NoRandomBytes> {
        let salt = random()?;
        Ok(Self { rounds, salt, key: derive(rounds, &salt, password.0.as_bytes()) })
    }

    /// Hashes a random password with a salt that follows from it: the same password always has the same hash. Not for
    /// passwords that a person chose: two users may have chosen the same.
    #[must_use]
    pub fn repeatable(password: &Password, rounds: NonZeroU32) -> Self {
        let mut salt = [0; SALT];
        let digest = digest(&SHA256, password.0.as_bytes());
        salt.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
        Self { rounds, salt, key: derive(rounds, &salt, password.0.as_bytes()) }
    }

    /// Parses what [`Hash::to_phc`] writes.
    pub fn parse(phc: &str) -> Result<Self, HashError> {
        let mut fields = phc.split('$');
        let ["", "pbkdf2-sha256", parameters, salt, key] = [(); 5].map(|()| fields.next().unwrap_or_default()) else {
            return Err(HashError);
        };
        let rounds = parameters.strip_prefix("i=").and_then(|rest| rest.strip_suffix(",l=32")).ok_or(HashError)?;
        let rounds: NonZeroU32 = rounds.parse().map_err(|_| HashError)?;
        if rounds.get() > MOST_ROUNDS || fields.next().is_some() {
            return Err(HashError);
        }
        Ok(Self { rounds, salt: bytes(salt)?, key: bytes(key)? })
    }

    /// The stored form: `$pbkdf2-sha256$i=600000,l=32$SALT$KEY`.
    #[must_use]
    pub fn to_phc(&self) -> String {
        let encode = |bytes: &[u8]| STANDARD_NO_PAD.encode(bytes);
        format!("$pbkdf2-sha256$i={},l={KEY}${}${}", self.rounds, encode(&self.salt), encode(&self.key))
    }

    fn is_of(&self, password: &[u8]) -> bool {
        pbkdf2::verify(PBKDF2_HMAC_SHA256, self.rounds, &self.salt, password, &self.key).is_ok()
    }
}

/// The result of checking a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordCheck {
    /// Whether it is right.
    pub right: bool,
    /// How many rounds it took.
    pub rounds: u32,
}

/// Compares a password with its hash, or with nothing if the name is unknown. Both take this many rounds: missing
/// rounds are added, so that the time reveals neither names nor the age of a hash.
#[must_use]
pub fn check(password: &[u8], kept: Option<&Hash>, rounds: NonZeroU32) -> PasswordCheck {
    let right = kept.is_some_and(|hash| hash.is_of(password));
    let taken = kept.map_or(0, |hash| hash.rounds.get());
    let rest = NonZeroU32::new(rounds.get().saturating_sub(taken));
    if let Some(rest) = rest {
        std::hint::black_box(derive(rest, &[0; SALT], password));
    }
    PasswordCheck { right, rounds: taken.saturating_add(rest.map_or(0, NonZeroU32::get)) }
}

fn derive(rounds: NonZeroU32, salt: &[u8; SALT], password: &[u8]) -> [u8; KEY] {
    let mut key = [0; KEY];
    pbkdf2::derive(PBKDF2_HMAC_SHA256, rounds, salt, password, &mut key);
    key
}

fn random<const N: usize>() -> Result<[u8; N], NoRandomBytes> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandomBytes)?;
    Ok(bytes)
}

fn bytes<const N: usize>(text: &str) -> Result<[u8; N], HashError> {
    let bytes = STANDARD_NO_PAD.decode(text).map_err(|_| HashError)?;
    bytes.try_into().map_err(|_| HashError)
}

impl fmt::Debug for Password {
    /// Omits the password, so that it never appears in a log.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Password(…)")
    }
}

impl fmt::Debug for Hash {
    /// Omits salt and key, so that neither appears in a log.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Hash").field("rounds", &self.rounds).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    const FEW: NonZeroU32 = NonZeroU32::new(10).unwrap();

    fn password(text: &str) -> Password {
        Password::parse(text).unwrap()
    }

    /// Python's `hashlib.pbkdf2_hmac` gives the same.
    #[test]
    fn the_key_is_pbkdf2() {
        let stored = "$pbkdf2-sha256$i=1000,l=32$AAECAwQFBgcICQoLDA0ODw$yRTMTwbMbo9G0VfjobWqerzuuxe7BETNTErBbKKumGQ";
        let hash = Hash::parse(stored).unwrap();
        assert_eq!(hash.to_phc(), stored);
        assert!(check("correct horse".as_bytes(), Some(&hash), FEW).right);
        assert!(!check("correct horsf".as_bytes(), Some(&hash), FEW).right);
    }

    #[test]
    fn every_look_takes_the_same_rounds() {
        let (all, kept) = (NonZeroU32::new(40).unwrap(), Hash::of(&password("a"), FEW).unwrap());
        let same = Hash::of(&password("a"), all).unwrap();
        for (text, kept, right) in
            [("a", Some(&kept), true), ("b", Some(&kept), false), ("a", Some(&same), true), ("a", None, false)]
        {
            assert_eq!(check(text.as_bytes(), kept, all), PasswordCheck { right, rounds: 40 });
        }
    }

    #[test]
    fn a_salt_is_used_once() {
        let hashes = [(); 3].map(|()| Hash::of(&password("a"), FEW).unwrap().to_phc());
        assert!(hashes[0] != hashes[1] && hashes[1] != hashes[2]);
        assert_ne!(Password::random().unwrap(), Password::random().unwrap());
    }

    #[test]
    fn what_http_basic_cannot_carry_is_no_password() {
        for (text, error) in [
            (String::new(), PasswordError::Empty),
            ("a".repeat(1025), PasswordError::Long),
            ("a\0".to_owned(), PasswordError::Control),
            ("a\n".to_owned(), PasswordError::Control),
        ] {
            assert_eq!(Password::parse(text), Err(error));
        }
        for text in ["a", "a:b", "Пароль", "  ", &"a".repeat(1024)] {
            assert_eq!(password(text).reveal(), text);
        }
    }

    #[test]
    fn nothing_of_a_password_is_shown() {
        let (password, hash) = (password("swordfish"), Hash::of(&password("swordfish"), FEW).unwrap());
        assert!(!format!("{password:?} {hash:?}").contains("swordfish"));
        let phc = hash.to_phc();
        let key = phc.rsplit('$').next().unwrap();
        assert!(!format!("{hash:?}").contains(key));
    }

    #[test]
    fn what_asks_for_too_much_or_too_little_work_is_no_hash() {
        let good = Hash::of(&password("a"), FEW).unwrap().to_phc();
        for (from, to) in [
            ("i=10,", "i=0,"),
            ("i=10,", "i=10000001,"),
            ("i=10,", "i=-1,"),
            ("i=10,", ""),
            ("l=32", "l=64"),
            ("sha256", "sha1"),
            ("$pbkdf2", "x$pbkdf2"),
            ("$i", "$$i"),
        ] {
            assert_eq!(Hash::parse(&good.replacen(from, to, 1)), Err(HashError), "{to}");
        }
        assert_eq!(Hash::parse(&format!("{good}$")), Err(HashError));
        assert_eq!(Hash::parse(&good[..good.len() - 1]), Err(HashError));
    }

    proptest! {
        #[test]
        fn a_hash_outlives_being_written(text in "\\PC{1,40}", other in "\\PC{1,40}") {
            let Ok(password) = Password::parse(text.as_str()) else { return Ok(()) };
            let hash = Hash::parse(&Hash::of(&password, FEW).unwrap().to_phc()).unwrap();
            prop_assert!(check(text.as_bytes(), Some(&hash), FEW).right);
            prop_assert_eq!(check(other.as_bytes(), Some(&hash), FEW).right, other == text);
        }

        #[test]
        fn no_text_breaks_the_reading_of_a_hash(text in "\\PC*|(\\$[a-z0-9=,-]{0,20}){0,7}") {
            let _ = Hash::parse(&text);
        }
    }
}
