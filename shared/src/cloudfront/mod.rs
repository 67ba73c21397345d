//! CloudFront: who is let in to a space that streams to signed requests alone.
//!
//! | file | what it knows |
//! | --- | --- |
//! | [`commons`] | what all distributions share, and the keys that they trust |
//! | [`distribution`] | the distributions, and what they share |
//! | [`key`] | private keys and public ones |
//! | [`policy`] | what a signature lets in |
//! | [`sign`] | signed URLs and cookies |
//! | [`verify`] | whether a request has what lets it in |

pub mod commons;
pub mod distribution;
pub mod key;
pub mod policy;
pub mod sign;
pub mod verify;
