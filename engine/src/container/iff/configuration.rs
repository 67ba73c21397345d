//! How the samples of a form are stored, by its `fmt ` or its `COMM`.

use super::dialect::Dialect;
use super::{comm, fmt};
use crate::codec::{DecoderConfiguration, Pcm};
use crate::container::Unavailable;
use crate::index::Outline;
use crate::media::{Setup, Track};

/// What configures the decoder of the only track.
pub fn of(outline: &Outline, track: &Track) -> Result<DecoderConfiguration, Unavailable> {
    let damaged = || Unavailable::damaged(track);
    let mut setup = outline.setup.iter().map_while(|setup| match setup {
        Setup::Inline(bytes) => Some(bytes.as_ref()),
        Setup::At(_) => None,
    });
    let dialect = setup.next().and_then(Dialect::named).ok_or_else(damaged)?;
    let wanted: &[u8] = if dialect.is_aiff() { b"COMM" } else { b"fmt " };
    let format = setup.find_map(|chunk| chunk.strip_prefix(wanted)).ok_or_else(damaged)?;
    let pcm = if dialect.is_aiff() { of_comm(dialect, format) } else { of_fmt(dialect, format) };
    pcm.map(DecoderConfiguration::Pcm).ok_or_else(|| Unavailable::codec(track))
}

fn of_fmt(dialect: Dialect, format: &[u8]) -> Option<Pcm> {
    let sound = fmt::parse(dialect, format, 0).ok()?;
    let tag = u16::from_str_radix(&sound.codec, 16).ok()?;
    Pcm::of_wave(tag, sound.channels, u16::try_from(sound.block).ok()?, dialect != Dialect::Rifx)
}

fn of_comm(dialect: Dialect, format: &[u8]) -> Option<Pcm> {
    let (sound, _) = comm::parse(dialect, format, 0).ok()?;
    let bits = u16::try_from(sound.block.checked_div(sound.channels.into())?.checked_mul(8)?).ok()?;
    let integer = |little| Pcm { bits, float: false, little, signed: true };
    Some(match sound.codec.as_bytes() {
        b"NONE" | b"twos" | b"in16" | b"in24" | b"in32" => integer(false),
        b"sowt" | b"ni16" | b"ni24" | b"42ni" | b"ni32" | b"23ni" => integer(true),
        b"raw " => Pcm { signed: bits > 8, ..integer(false) },
        b"fl32" | b"FL32" | b"fl64" | b"FL64" => Pcm::float(bits, false),
        _ => return None,
    })
}
