//! MPEG audio, and what makes a cut of MP3 sample-exact.
//!
//! To decode a frame, a layer III decoder needs three other things: the main data of earlier frames, into which the
//! frame's own may reach back (the bit reservoir, at most 511 bytes); the overlap of the previous granule; and the
//! memory of the synthesis filter, 480 samples. So before the frame with its first sample a cut has 1152 samples of
//! unchanged frames, and before these one generated frame. That frame's side information declares silence, and at its
//! end is the main data that the unchanged frames reach back into ([`write()`]). Even at the lowest bit rate this is
//! less than an Info frame can declare as not to be played ([`tag`]).

mod tag;
mod write;

pub use tag::TagFrame;
pub use write::write;

/// How many samples later than the encoder's delay the decoder outputs the first sample.
pub const DECODER_DELAY: u32 = 528 + 1;

/// How many samples must be decoded, with all their main data, before the following are correct: two granules.
pub const WARM_UP: u32 = 1152;

/// The name of a layer's codec in the index.
pub const fn codec(layer: u32) -> &'static str {
    match layer {
        1 => "mp1",
        2 => "mp2",
        _ => "mp3",
    }
}
