//! What containers keep of the elements of a page ([`Element::kept`]), packed in the way that is shortest. The first byte names
//! it:
//!
//! | | way | good for |
//! | --- | --- | --- |
//! | 0 | as they are | checksums |
//! | 1 | a column for each byte, if all are equally long | frames of FLAC: checksums behind codes that are alike |
//! | 2 | deflated (RFC 1951), behind its length | layouts of packets, in which much is repeated |

use bytes::Bytes;
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;

use super::bits::{Input, put_unsigned};
use super::{Element, InvalidIndex, column};

const PLAIN: u8 = 0;
const COLUMNS: u8 = 1;
const DEFLATED: u8 = 2;

/// The most bytes of a page. What is longer is not in a page that fits into an item, whatever it is packed to.
const MOST: usize = 2 << 20;
/// The greatest length with a column for each byte.
const MOST_COLUMNS: usize = 16;
/// The least that is deflated.
const LEAST: usize = 64;
/// The level of deflation: slower ones gain nothing on a few kilobytes.
const LEVEL: u8 = 6;

/// Appends what is kept of the elements, but not their lengths, in the shortest way.
pub(super) fn write(out: &mut Vec<u8>, elements: &[Element]) {
    let all = elements.iter().map(|element| element.kept.as_ref()).collect::<Vec<_>>().concat();
    if let Some(columns) = columns(elements) {
        if columns.len() < all.len() {
            out.push(COLUMNS);
            return out.extend(columns);
        }
    } else if (LEAST..=MOST).contains(&all.len()) && repeats(&all) {
        let deflated = compress_to_vec(&all, LEVEL);
        if deflated.len() + 2 < all.len() {
            out.push(DEFLATED);
            put_unsigned(out, deflated.len() as u64);
            return out.extend(deflated);
        }
    }
    write_plain(out, elements);
}

/// Whether some values of bytes are much more frequent than others. Checksums are not worth an attempt, which takes longer than
/// reading the file that they are of.
fn repeats(all: &[u8]) -> bool {
    let mut counts = [0_u64; 256];
    for byte in all {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    // Two bytes are equal more often than once in 64 times; without any order, that is once in 256.
    let equal: u64 = counts.iter().map(|count| count * count).sum();
    equal > (all.len() as u64).pow(2) / 64
}

/// The same as they are, for what is read again at once.
pub(super) fn write_plain(out: &mut Vec<u8>, elements: &[Element]) {
    out.push(PLAIN);
    for element in elements {
        out.extend_from_slice(&element.kept);
    }
}

/// A column for each byte.
fn columns(elements: &[Element]) -> Option<Vec<u8>> {
    let length = elements.first()?.kept.len();
    if !(1..=MOST_COLUMNS).contains(&length) || elements.iter().any(|element| element.kept.len() != length) {
        return None;
    }
    let mut out = Vec::new();
    for place in 0..length {
        let bytes = elements.iter().filter_map(|element| element.kept.get(place).copied());
        column::write(&mut out, &bytes.map(i64::from).collect::<Vec<_>>());
    }
    Some(out)
}

/// Reads what [`write`] or [`write_plain`] wrote for elements with these lengths.
pub(super) fn read(input: &mut Input<'_>, lengths: &[usize]) -> Result<Bytes, InvalidIndex> {
    match input.byte()? {
        PLAIN => read_plain(input, lengths),
        COLUMNS => read_columns(input, lengths),
        DEFLATED => {
            let length = input.count(MOST)?;
            let all = decompress_to_vec_with_limit(input.take(length)?, total(lengths)?);
            let all = all.map_err(|error| InvalidIndex(format!("what is kept of elements: {error}")))?;
            if all.len() == total(lengths)? { Ok(all.into()) } else { Err(other_lengths()) }
        }
        other => Err(InvalidIndex(format!("what is kept of elements in way {other}"))),
    }
}

/// Reads it as format 5 of pages has it, which does not name the way.
pub(super) fn read_plain(input: &mut Input<'_>, lengths: &[usize]) -> Result<Bytes, InvalidIndex> {
    Ok(Bytes::copy_from_slice(input.take(total(lengths)?)?))
}

fn read_columns(input: &mut Input<'_>, lengths: &[usize]) -> Result<Bytes, InvalidIndex> {
    let length = lengths.first().copied().unwrap_or_default();
    if length > MOST_COLUMNS || lengths.iter().any(|other| *other != length) {
        return Err(other_lengths());
    }
    let mut all = vec![0_u8; total(lengths)?];
    let mut bytes = vec![0_u8; lengths.len()];
    for place in 0..length {
        bytes.fill(0);
        column::read(input, &mut bytes, |byte, value| u8::try_from(value).map(|value| *byte = value).is_ok())?;
        for (to, byte) in all.iter_mut().skip(place).step_by(length).zip(&bytes) {
            *to = *byte;
        }
    }
    Ok(all.into())
}

fn total(lengths: &[usize]) -> Result<usize, InvalidIndex> {
    let total = lengths.iter().try_fold(0_usize, |total, length| total.checked_add(*length));
    total.filter(|total| *total <= MOST).ok_or_else(other_lengths)
}

fn other_lengths() -> InvalidIndex {
    InvalidIndex("what is kept of elements has other lengths".to_owned())
}
