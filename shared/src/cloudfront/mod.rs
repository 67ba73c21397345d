//! CloudFront's signatures: access to spaces with secure streaming. This module makes no calls.
//!
//! | file | what it knows |
//! | --- | --- |
//! | [`key`] | private and public keys |
//! | [`policy`] | what a signature allows |
//! | [`sign`] | signed URLs and cookies |
//! | [`verify`] | whether a request is allowed |
//! | `copy` | a second copy of a signature, for playlists |
//!
//! A URL that is signed until an instant, and checked a minute before and after it:
//!
//! ```
//! use reelspan::cloudfront::key::SigningKey;
//! use reelspan::cloudfront::policy::Policy;
//! use reelspan::cloudfront::sign::Signer;
//! use reelspan::cloudfront::verify::{Evidence, SignatureRefusal, verify};
//! use reelspan::space::commons::TrustedKey;
//!
//! let signer = Signer::new("K2JCJMDEHXQW5F", SigningKey::generate()?);
//! let url = "https://media.example.org/films~1/a.mp4?t=620,655";
//! let signed = signer.url(url, &Policy::until(url, 1_800_000_000))?;
//!
//! let query = signed.split_once('?').map_or("", |(_, query)| query);
//! let (evidence, rest) = Evidence::from_query(query)?;
//! assert_eq!(rest, "t=620,655");
//! let evidence = evidence.ok_or("no signature")?;
//! let keys = [TrustedKey { id: signer.key_id().to_owned(), public: signer.key().public(), until: None }];
//! assert_eq!(verify(&evidence, url, &keys, 1_799_999_940, None), Ok(()));
//! assert_eq!(verify(&evidence, url, &keys, 1_800_000_060, None), Err(SignatureRefusal::Expired));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod copy;
pub mod key;
pub mod policy;
pub mod sign;
pub mod verify;

pub use copy::{Copy, RequestedUrl, copied, parameters, path_of, with_copy};

use std::time::{SystemTime, UNIX_EPOCH};

/// The current time for signatures, in whole seconds since 1970.
#[must_use]
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
