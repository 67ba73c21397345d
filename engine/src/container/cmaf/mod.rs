//! CMAF (ISO/IEC 23000-19): fragmented ISO base media, one track a file. It is only written, from the samples of any
//! format.

mod entry;

pub use entry::{check, rfc6381, sample_entry};
