//! Byte ranges: in `Content-Range` (RFC 9110 §14.4) and similar fields, and as sets.

use std::ops::Range;

use reelspan_engine::fragment::uri::{InvalidText, TextScanner};

/// The maximum number of ranges in an answer; more make no sense for any request.
const MOST: usize = 4096;

/// A set of bytes, as ranges in ascending order, none touching the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges(Vec<Range<u64>>);

impl Ranges {
    /// Adds these ranges.
    pub fn extend(&mut self, ranges: impl IntoIterator<Item = Range<u64>>) {
        self.0.extend(ranges);
        self.0.retain(|range| range.start < range.end);
        self.0.sort_unstable_by_key(|range| range.start);
        self.0.dedup_by(|next, last| {
            let touching = next.start <= last.end;
            if touching {
                last.end = last.end.max(next.end);
            }
            touching
        });
    }

    /// Whether all bytes of a range are in the set.
    pub fn hold(&self, range: &Range<u64>) -> bool {
        let behind = self.0.partition_point(|held| held.start <= range.start);
        let before = behind.checked_sub(1).and_then(|at| self.0.get(at));
        range.is_empty() || before.is_some_and(|held| range.end <= held.end)
    }

    /// Whether all bytes of another set are in this one.
    pub fn hold_all(&self, other: &Self) -> bool {
        other.0.iter().all(|range| self.hold(range))
    }

    /// The parts of a range that are not in the set.
    pub fn missing(&self, range: &Range<u64>) -> Vec<Range<u64>> {
        let mut missing = Vec::new();
        let mut at = range.start;
        let first = self.0.partition_point(|held| held.end <= range.start);
        for held in self.0.iter().skip(first).take_while(|held| held.start < range.end) {
            if at < held.start {
                missing.push(at..held.start);
            }
            at = held.end;
        }
        if at < range.end {
            missing.push(at..range.end);
        }
        missing
    }

    /// How many bytes it has.
    pub fn len(&self) -> u64 {
        self.0.iter().map(|range| range.end - range.start).sum()
    }

    /// The ranges.
    pub fn iter(&self) -> impl Iterator<Item = &Range<u64>> {
        self.0.iter()
    }
}

impl FromIterator<Range<u64>> for Ranges {
    fn from_iter<T: IntoIterator<Item = Range<u64>>>(ranges: T) -> Self {
        let mut set = Self::default();
        set.extend(ranges);
        set
    }
}

/// In the syntax of `Range`: `0-99,200-299`.
impl std::fmt::Display for Ranges {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, range) in self.0.iter().enumerate() {
            write!(out, "{}{}-{}", if at > 0 { "," } else { "" }, range.start, range.end - 1)?;
        }
        Ok(())
    }
}

/// Parses `bytes 19147-22880/4055466`: the range, and the length unless it is `*`.
pub fn content_range(value: &str) -> Result<(Range<u64>, Option<u64>), InvalidText> {
    let mut scanner = TextScanner::new(value.trim());
    unit(&mut scanner)?;
    let range = range(&mut scanner)?;
    let length = complete_length(&mut scanner)?;
    scanner.end()?;
    Ok((range, length))
}

/// Parses `bytes 0-1650,1264525-2066894/4055466`, whose length may be missing: `Range-Redirect`, and the right side of
/// a mapping.
pub fn byte_ranges(scanner: &mut TextScanner<'_>) -> Result<(Vec<Range<u64>>, Option<u64>), InvalidText> {
    unit(scanner)?;
    let mut ranges = vec![range(scanner)?];
    loop {
        spaces(scanner);
        if !scanner.take(",") {
            break;
        }
        spaces(scanner);
        if ranges.len() == MOST {
            return Err(scanner.invalid("there are too many ranges"));
        }
        ranges.push(range(scanner)?);
    }
    let length = if scanner.rest().starts_with('/') { complete_length(scanner)? } else { None };
    Ok((ranges, length))
}

/// Skips spaces.
pub fn spaces(scanner: &mut TextScanner<'_>) {
    while scanner.take(" ") || scanner.take("\t") {}
}

fn unit(scanner: &mut TextScanner<'_>) -> Result<(), InvalidText> {
    if !scanner.take("bytes") {
        return Err(scanner.invalid("'bytes' is expected"));
    }
    // Range-Redirect is like Content-Range, but some write it like Range.
    if !scanner.take("=") {
        spaces(scanner);
    }
    Ok(())
}

fn range(scanner: &mut TextScanner<'_>) -> Result<Range<u64>, InvalidText> {
    let first = position(scanner)?;
    if !scanner.take("-") {
        return Err(scanner.invalid("'-' is expected"));
    }
    let last = position(scanner)?;
    match last.checked_add(1) {
        Some(end) if first < end => Ok(first..end),
        _ => Err(scanner.invalid("the last byte lies before the first")),
    }
}

fn complete_length(scanner: &mut TextScanner<'_>) -> Result<Option<u64>, InvalidText> {
    if !scanner.take("/") {
        return Err(scanner.invalid("'/' and the length are expected"));
    }
    if scanner.take("*") { Ok(None) } else { position(scanner).map(Some) }
}

fn position(scanner: &mut TextScanner<'_>) -> Result<u64, InvalidText> {
    let digits = scanner.digits();
    digits.parse().map_err(|_| scanner.invalid_before(digits.len(), "a number of bytes is expected"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::single_range_in_vec_init)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn content_ranges_are_read_as_rfc_9110_has_them() {
        assert_eq!(content_range("bytes 19147-22880/4055466"), Ok((19_147..22_881, Some(4_055_466))));
        assert_eq!(content_range("bytes 0-0/*"), Ok((0..1, None)));
        for (value, at) in [
            ("", 0),
            ("bytes */10", 6),
            ("items 0-1/2", 0),
            ("bytes 0-1", 9),
            ("bytes 0-1/", 10),
            ("bytes 5-4/9", 9),
            ("bytes 0-1/2,", 11),
            ("bytes 0-18446744073709551615/*", 28),
        ] {
            assert_eq!(content_range(value).map_err(|invalid| invalid.at), Err(at), "{value}");
        }
    }

    proptest! {
        #[test]
        fn a_set_holds_what_was_put_in_and_nothing_else(ranges in prop::collection::vec((0_u64..60, 0_u64..9), 0..12)) {
            let ranges: Vec<Range<u64>> = ranges.into_iter().map(|(start, length)| start..start + length).collect();
            let set: Ranges = ranges.iter().cloned().collect();
            for byte in 0..80 {
                prop_assert_eq!(set.hold(&(byte..byte + 1)), ranges.iter().any(|range| range.contains(&byte)));
            }
            prop_assert_eq!(set.len(), (0..80).filter(|byte| set.hold(&(*byte..byte + 1))).count() as u64);
            let missing: Ranges = set.missing(&(5..50)).into_iter().collect();
            for byte in 0..80 {
                prop_assert_eq!(missing.hold(&(byte..byte + 1)), (5..50).contains(&byte) && !set.hold(&(byte..byte + 1)));
            }
            prop_assert!(set.hold_all(&ranges.into_iter().collect()));
        }

        #[test]
        fn hostile_ranges_are_refused_calmly(value in "(bytes )?[0-9*/,= -]{0,40}") {
            let _ = content_range(&value);
            let _ = byte_ranges(&mut TextScanner::new(&value));
        }
    }
}
