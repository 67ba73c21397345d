//! CloudFront: who is let in to a space that streams to signed requests alone.
//!
//! | file | what it knows |
//! | --- | --- |
//! | [`commons`] | what all distributions share, and the keys that they trust |

pub mod commons;
