//! Track references (ISO/IEC 14496-12 §8.3.3): a track names other tracks in its `tref` box.

use crate::container::Error;
use crate::container::boxes::Box;

/// The tracks that this track names as its chapters (QuickTime's `tref/chap`).
pub fn chapters<'a>(trak: &Box<'a>) -> Result<impl Iterator<Item = u32> + use<'a>, Error> {
    let chap = trak.child(*b"tref")?.map(|tref| tref.child(*b"chap")).transpose()?.flatten();
    let ids = chap.map(|chap| chap.payload.as_chunks().0).unwrap_or_default();
    Ok(ids.iter().map(|id| u32::from_be_bytes(*id)))
}
