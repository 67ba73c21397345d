//! The engine of Reelspan: it reads the structure of an audio or video file once, keeps it as an index, and resolves any excerpt
//! of the file to byte ranges of the original and a few bytes that are written anew. Nothing is transcoded.
//!
//! It knows nothing of HTTP servers, of AWS or of spaces, and does no input or output of its own: bytes come from a
//! [`container::Source`], pages go to a [`container::Sink`].
//!
//! | room | what it knows |
//! | --- | --- |
//! | [`media`] | the model: tracks, runs of samples, edit lists, time as whole ticks of a timescale; the splice |
//! | [`codec`] | a module for each codec: configuration records, where decoding can begin, how long a frame lasts, its MIME name |
//! | [`index`] | pages: how the model is packed, and read back for an interval |
//! | [`container`] | a module for each format: *index* (bytes to model) and *write* (selection to splice) |
//! | [`fragment`] | the Media Fragments grammar, ranges, and what resolves them |
//! | [`caption`] | chapters as WebVTT |
//! | [`package`] | HLS and DASH: playlists from the segment table, segments from the pages |
//!
//! Each room imports only what stands above it in this list.
//!
//! Each format is a Cargo feature, named as its module in [`container`] is; all are on by default.
//!
//! Index a file that is in memory, cut ten seconds out of it, and write them down:
//!
//! ```
//! use bytes::Bytes;
//! use futures::executor::block_on;
//! use reelspan_engine::container;
//! use reelspan_engine::fragment::resolve::{self, Ask, Cut, Meaning, Memory};
//! use reelspan_engine::media::splice::Piece;
//! use reelspan_engine::media::{Interval, Time};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let file = Bytes::from(std::fs::read("../samples/counter.mp4")?);
//! let mut pages = Memory::default();
//! let outline = block_on(container::index(&file, &mut pages))?;
//!
//! let asked = Interval::new(Time::from_secs(5), Time::from_secs(15)).ok_or("an empty interval")?;
//! let meaning = Meaning::of(&Ask::from(asked), &outline);
//! let Cut::Part(part) = block_on(resolve::cut(&outline, &mut &pages, &meaning))? else {
//!     return Err("the excerpt is the whole file".into());
//! };
//! let mut excerpt = Vec::new();
//! for piece in part.file.splice.pieces() {
//!     match piece {
//!         Piece::Made(bytes) => excerpt.extend_from_slice(&bytes),
//!         Piece::Source(range) => excerpt.extend_from_slice(&file[range.start as usize..range.end as usize]),
//!     }
//! }
//! assert_eq!(&excerpt[4..8], b"ftyp");
//! assert!(excerpt.len() < file.len());
//! # Ok(())
//! # }
//! ```

// What several formats share is of no use to some of them.
#![cfg_attr(not(feature = "formats"), allow(dead_code, unused_imports))]

pub mod caption;
pub mod codec;
pub mod container;
pub mod fragment;
pub mod index;
pub mod media;
pub mod package;
