//! Sample groups (ISO/IEC 14496-12 §8.9) for points at which decoding can begin although they are not sync samples:
//! random access points of open groups (`rap `, §10.4), and those from which the picture builds up (`roll`, §10.1).

use super::tables::SampleRuns;
use crate::container::Error;
use crate::container::boxes::Box;

/// The samples of a group, as a cursor.
#[derive(Clone, Debug, Default)]
pub struct Groups<'a> {
    /// For each sample the number of its description, from 1; 0 if it is in no group.
    runs: SampleRuns<'a>,
    /// Which of the descriptions count; `None` for all.
    counted: Option<Vec<bool>>,
    /// The number of the next sample, from 1.
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
            found.push(Self { runs: SampleRuns::grouped(&sbgp)?, counted, next: 1 });
        }
        Ok(found)
    }

    /// The first sample that is `number` or later. Numbers must not decrease from call to call.
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

/// The maximum number of samples that have to be decoded after a point until the picture is complete.
pub fn recovery(stbl: &Box<'_>) -> Result<u16, Error> {
    Ok(distances(stbl)?.into_iter().max().and_then(|distance| u16::try_from(distance).ok()).unwrap_or(0))
}

/// `roll_distance` of each description; it is positive if the sample has to be followed by others.
fn distances(stbl: &Box<'_>) -> Result<Vec<i16>, Error> {
    let Some(sgpd) = grouping(stbl, *b"sgpd", *b"roll")? else { return Ok(Vec::new()) };
    let mut fields = sgpd.fields();
    let (version, _) = fields.version_and_flags()?;
    fields.u32()?;
    // Version 1 has the length of descriptions, version 2 the default description at the same position.
    let length = if version == 1 { fields.u32()? } else { 2 };
    if version > 1 {
        fields.u32()?;
    }
    let count = fields.u32()?;
    // Descriptions with individual lengths are not read.
    let width = usize::try_from(length).unwrap_or(0).max(2);
    let entries = fields.rest().chunks_exact(width).take(usize::try_from(count).unwrap_or(usize::MAX));
    let distance = |entry: &[u8]| entry.first_chunk().map(|bytes| i16::from_be_bytes(*bytes));
    Ok(if length == 0 { Vec::new() } else { entries.filter_map(distance).collect() })
}

/// The box of this type for a grouping type.
fn grouping<'a>(stbl: &Box<'a>, kind: [u8; 4], grouping: [u8; 4]) -> Result<Option<Box<'a>>, Error> {
    for child in stbl.children() {
        let child = child?;
        if child.kind.0 == kind && child.payload.get(4..8) == Some(&grouping[..]) {
            return Ok(Some(child));
        }
    }
    Ok(None)
}
