//! ISO base media: MP4, M4A, MOV, 3GP (ISO/IEC 14496-12, ISO/IEC 14496-14, Apple's QuickTime File Format).
//!
//! A file is a sequence of boxes (`boxes`). The movie box (`movie`) describes the tracks, whose samples its tables
//! (`tables`, walked side by side by `samples`) or movie fragments (`fragment`) place in the file. [`index()`] finds and
//! reads these boxes alone, never the media data (of a chapter track (`chapters`) the titles); [`write()`] makes a new movie box for a selection, in front of the samples as
//! they are.

mod boxes;
mod chapters;
mod codec;
mod fragment;
mod index;
mod movie;
mod samples;
mod tables;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod write;

pub use index::index;
pub use write::write;

/// Whether a file that begins with these bytes is one: by the type of its first box.
#[must_use]
pub fn recognises(start: &[u8]) -> bool {
    matches!(
        start.get(4..8),
        Some(b"ftyp" | b"moov" | b"mdat" | b"free" | b"skip" | b"wide" | b"pnot" | b"styp" | b"moof" | b"uuid")
    )
}
