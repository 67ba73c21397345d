//! CMAF (ISO/IEC 23000-19): fragmented ISO base media, one track a file. It is only written, from the samples of any
//! format.

mod entry;
mod fragment;
mod header;

pub use super::unavailable::Unavailable;
pub use entry::{SampleEntries, check, dimensions, rfc6381, sample_entries, sample_entry, sound};
pub use fragment::{FragmentSample, segment};
pub use header::{TrackHeader, UNITY, header};
#[cfg(feature = "mp4")]
pub(super) use header::{movie_header, track_box};
