//! Compressed movie boxes, as QuickTime wrote them for the web (Apple, *QuickTime File Format*, "Compressed movie
//! resources"): `cmov` contains `dcom`, which names the algorithm, and `cmvd`, with the size of the movie box and its
//! deflated bytes.

use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

use crate::container::boxes::Box;
use crate::container::{Error, TooLarge, Unsupported};

/// How many bytes of a movie box are always inflated.
const ALWAYS: u64 = 4 << 20;
/// How many bytes are inflated for each compressed byte beyond that. Tables deflate to a tenth; zeros to a thousandth.
const MOST_RATIO: u64 = 32;

/// The movie box in this one, if it is compressed; an error if it has more than `most` bytes.
pub fn inflated(moov: &Box<'_>, most: u64) -> Result<Option<Vec<u8>>, Error> {
    let Some(cmov) = moov.child(*b"cmov")? else { return Ok(None) };
    let algorithm = cmov.expect_child(*b"dcom")?.fields().array::<4>()?;
    if algorithm != *b"zlib" {
        return Err(Unsupported::Compression { algorithm: algorithm.escape_ascii().to_string() }.into());
    }
    let cmvd = cmov.expect_child(*b"cmvd")?;
    let mut fields = cmvd.fields();
    let length = fields.u32()?;
    let most = most.min(ALWAYS + MOST_RATIO * fields.rest().len() as u64);
    if u64::from(length) > most {
        let deflated = fields.rest().len();
        return Err(TooLarge::Deflated { bytes: length.into(), deflated, bound: most }.into());
    }
    let inflated = decompress_to_vec_zlib_with_limit(fields.rest(), length as usize);
    let inflated = inflated.map_err(|error| cmvd.malformed(format!("expected deflated bytes, found: {error}")))?;
    Ok(Some(inflated))
}
