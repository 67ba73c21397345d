//! Synthetic media files, the same at every run. Their pictures and sounds are filler; structure, headers and time stamps are as
//! muxers write them.
//!
//! Each function takes the size of the file in megabytes, and the size of a picture or packet.

mod avi;
mod flac;
mod flv;
pub mod hour;
pub mod matroska;
pub mod mp4;
mod ogg;
mod ps;
mod ts;
mod webm;

pub use avi::avi;
pub use flac::flac;
pub use flv::flv;
pub use ogg::ogg;
pub use ps::ps;
pub use ts::{pairs, ts};
pub use webm::webm;
