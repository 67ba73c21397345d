//! What transport streams and program streams have in common (ISO/IEC 13818-1): PES packets, time stamps, and the elementary
//! streams in them.

pub mod clock;
pub mod codec;
pub mod pes;
