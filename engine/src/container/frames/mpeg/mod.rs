//! MPEG audio, and how a cut of MP3 is sample-exact.
//!
//! A decoder of layer III needs three things besides the frame that it is at: the main data of frames before, into which the
//! frame's own may reach back (the bit reservoir, at most 511 bytes); the overlap of the granule before; and the memory of the
//! synthesis filter, 480 samples. So a cut has, before the frame that holds its first sample, 1152 samples of frames as they
//! are; and before these a frame that was made: silence by its side information, and at its end the main data that theirs
//! begin with ([`write()`]). However low the bit rate, that is less than an Info frame can declare as not to be heard ([`tag`]).

mod tag;
mod write;

pub use tag::Tag;
pub use write::write;

/// How many samples later than its encoder's delay says a decoder gives the first.
pub const DECODER_DELAY: u32 = 528 + 1;

/// How many samples have to be decoded, with all of their main data, before the next are right: two granules.
pub const WARM_UP: u32 = 1152;

/// The codec of a layer, and what a cut of it is called in the index.
pub const fn codec(layer: u32) -> &'static str {
    match layer {
        1 => "mp1",
        2 => "mp2",
        _ => "mp3",
    }
}
