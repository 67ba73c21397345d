//! What transport streams and program streams have in common (ISO/IEC 13818-1): PES packets, time stamps, the elementary
//! streams in them, where their access units begin and when those are, and how all that comes into an index.

pub mod clock;
pub mod codec;
pub mod elements;
pub mod number;
pub mod outline;
pub mod pes;
pub mod scan;
#[cfg(test)]
pub mod testing;
pub mod units;
