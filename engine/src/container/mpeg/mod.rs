//! The parts that transport streams and program streams share (ISO/IEC 13818-1): PES packets, time stamps, the
//! elementary streams in them, their access units with times, and the index made from them.

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
