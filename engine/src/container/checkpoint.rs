//! The progress of a pass through a file, as bytes: another process can continue from these and the pages that the
//! first has stored.

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Error;
use crate::index::FORMAT;

/// The version of everything that passes store. Increase it for every change: a checkpoint of another version is
/// invalid.
const VERSION: u32 = 6;

/// The progress of a pass. An ordinary one has some ten kilobytes; for a hostile file it may have some megabytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    place: PassPosition,
    /// The state of the format's pass.
    state: Bytes,
}

/// The position of a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct PassPosition {
    /// Where in the file it continues.
    offset: u64,
    /// The number of the last page so far, plus one.
    pages: u32,
}

/// The stored fields, after a hash of them.
#[derive(Serialize, Deserialize)]
struct PackedCheckpoint {
    versions: (u32, u32, String),
    place: PassPosition,
    state: Bytes,
}

/// The versions of the index, of passes, and of the program; only programs with the same versions can read it.
fn versions() -> (u32, u32, String) {
    (FORMAT, VERSION, env!("CARGO_PKG_VERSION").to_owned())
}

/// FNV-1a of 64 bits (RFC 9923 §2). It detects damaged bytes and mixtures of two writers' bytes; it is no defence
/// against forged bytes.
fn hash(bytes: &[u8]) -> [u8; 8] {
    const OFFSET_BASIS: u64 = 0xCBF2_9CE4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01B3;
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(PRIME);
    bytes.iter().fold(OFFSET_BASIS, step).to_le_bytes()
}

impl Checkpoint {
    /// A checkpoint of a pass at this offset.
    pub(super) fn new(pass: &impl Serialize, offset: u64, pages: u32) -> Result<Self, Error> {
        let state = postcard::to_stdvec(pass).map_err(|error| Error::Checkpoint(error.to_string()))?;
        Ok(Self { place: PassPosition { offset, pages }, state: state.into() })
    }

    /// The pass.
    pub(super) fn open<P: DeserializeOwned>(&self) -> Result<P, Error> {
        postcard::from_bytes(&self.state).map_err(|error| Error::Checkpoint(error.to_string()))
    }

    /// Where in the file it continues.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.place.offset
    }

    /// The number of the last page so far, plus one.
    pub(super) const fn pages(&self) -> u32 {
        self.place.pages
    }

    /// Packs it.
    #[must_use]
    pub fn pack(&self) -> Bytes {
        let packed = PackedCheckpoint { versions: versions(), place: self.place, state: self.state.clone() };
        // Plain data in memory always serialises; an empty result would be an invalid checkpoint.
        let packed = postcard::to_stdvec(&packed).unwrap_or_default();
        [&hash(&packed)[..], &packed].concat().into()
    }

    /// Unpacks the result of [`Checkpoint::pack`]; `None` if it is invalid or of another version: then the pass begins
    /// anew.
    #[must_use]
    pub fn unpack(bytes: &[u8]) -> Option<Self> {
        let (found, packed) = bytes.split_first_chunk::<8>()?;
        let PackedCheckpoint { versions: written, place, state } = Some(packed)
            .filter(|packed| hash(packed) == *found)
            .and_then(|packed| postcard::from_bytes(packed).ok())?;
        (written == versions()).then_some(Self { place, state })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_checkpoint_of_this_version_is_none() {
        let checkpoint = Checkpoint::new(&(7_u64, "state"), 4711, 9).unwrap();
        let packed = checkpoint.pack().to_vec();
        assert_eq!(Checkpoint::unpack(&packed), Some(checkpoint.clone()));
        assert_eq!(checkpoint.open::<(u64, String)>().unwrap(), (7, "state".to_owned()));
        assert!(checkpoint.open::<(u64, String, u64)>().is_err());
        for length in 0..packed.len() {
            assert_eq!(Checkpoint::unpack(packed.get(..length).unwrap()), None, "{length} bytes");
        }
        for bit in 0..packed.len() * 8 {
            let mut damaged = packed.clone();
            *damaged.get_mut(bit / 8).unwrap() ^= 1 << (bit % 8);
            assert_eq!(Checkpoint::unpack(&damaged), None, "bit {bit}");
        }
        let (format, version, program) = versions();
        for versions in [
            (format + 1, version, program.clone()),
            (format, version + 1, program),
            (format, version, "0.0.0".to_owned()),
        ] {
            let other = PackedCheckpoint { versions, place: checkpoint.place, state: checkpoint.state.clone() };
            let other = postcard::to_stdvec(&other).unwrap();
            assert_eq!(Checkpoint::unpack(&[&hash(&other)[..], &other].concat()), None);
        }
    }

    #[test]
    fn the_hash_is_the_one_of_the_standard() {
        // Test vectors of RFC 9923: the empty string, "a" and "foobar".
        for (text, expected) in
            [("", 0xCBF2_9CE4_8422_2325_u64), ("a", 0xAF63_DC4C_8601_EC8C), ("foobar", 0x8594_4171_F739_67E8)]
        {
            assert_eq!(hash(text.as_bytes()), expected.to_le_bytes(), "{text}");
        }
    }
}
