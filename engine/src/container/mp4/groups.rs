//! Sample groups (ISO/IEC 14496-12 §8.9) that tell of points at which decoding can begin though they are no sync samples:
//! random access points of open groups (`rap `, §10.4), and those from which the picture builds up (`roll`, §10.1).

use super::boxes::Box;
use super::tables::Runs;
use crate::container::Error;

/// The samples of a group, as a cursor.
#[derive(Clone, Debug, Default)]
pub struct Groups<'a> {
    /// For each sample the number of its description, counted from 1; 0: it is in no group.
    runs: Runs<'a>,
    /// Which of the descriptions count; `None`: all.
    counted: Option<Vec<bool>>,
    /// The number of the next sample, counted from 1.
    next: u32,
}

impl<'a> Groups<'a> {
    /// The samples of `stbl` at which decoding can begin.
    pub fn points(stbl: &Box<'a>) -> Result<Vec<Self>, Error> {
        let mut found = Vec::new();
        for kind in [*b"rap ", *b"roll"] {
            let Some(sbgp) = grouping(stbl, *b"sbgp", kind)? else { continue };
            let counted = match kind {
                [b'r', b'o', ..] => Some(distances(stbl)?.into_iter().map(|distance| distance > 0).collect()),
                _ => None,
            };
            found.push(Self { runs: Runs::grouped(&sbgp)?, counted, next: 1 });
        }
        Ok(found)
    }

    /// The first that is `number` or behind it. Numbers must not descend from call to call.
    pub fn peek(&mut self, number: u32) -> Option<u32> {
        loop {
            let (description, left) = self.runs.peek()?;
            let end = self.next.saturating_add(left);
            let described = usize::try_from(description).ok().and_then(|description| description.checked_sub(1));
            let counts = |described| self.counted.as_ref().is_none_or(|counted| counted.get(described) == Some(&true));
            if number < end && described.is_some_and(counts) {
                return Some(number.max(self.next));
            }
            self.runs.advance(left);
            self.next = end;
        }
    }
}

/// How many samples have to be decoded from a point on until the picture is whole, at most.
pub fn recovery(stbl: &Box<'_>) -> Result<u16, Error> {
    Ok(distances(stbl)?.into_iter().max().and_then(|distance| u16::try_from(distance).ok()).unwrap_or(0))
}

/// `roll_distance` of each description; behind the sample those that are positive.
fn distances(stbl: &Box<'_>) -> Result<Vec<i16>, Error> {
    let Some(sgpd) = grouping(stbl, *b"sgpd", *b"roll")? else { return Ok(Vec::new()) };
    let mut fields = sgpd.fields();
    let (version, _) = fields.version_and_flags()?;
    fields.u32()?;
    // Version 1 has the length of descriptions, version 2 which of them is meant where none is named, in the same place.
    let length = if version == 1 { fields.u32()? } else { 2 };
    if version > 1 {
        fields.u32()?;
    }
    let count = fields.u32()?;
    // Of descriptions that have a length each, none is read.
    let width = usize::try_from(length).unwrap_or(0).max(2);
    let entries = fields.rest().chunks_exact(width).take(usize::try_from(count).unwrap_or(usize::MAX));
    let distance = |entry: &[u8]| entry.first_chunk().map(|bytes| i16::from_be_bytes(*bytes));
    Ok(if length == 0 { Vec::new() } else { entries.filter_map(distance).collect() })
}

/// The box of this type for a kind of groups.
fn grouping<'a>(stbl: &Box<'a>, kind: [u8; 4], grouping: [u8; 4]) -> Result<Option<Box<'a>>, Error> {
    for child in stbl.children() {
        let child = child?;
        if child.kind.0 == kind && child.payload.get(4..8) == Some(&grouping[..]) {
            return Ok(Some(child));
        }
    }
    Ok(None)
}
