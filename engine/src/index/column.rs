//! One column of a page: integers whose number the reader knows, packed in the way that is shortest for the column. The
//! first byte names it:
//!
//! | | way | good for |
//! | --- | --- | --- |
//! | 0 | all zero | most columns of most pages |
//! | 1 | bit fields above the least value | few different values; one value needs no bits at all |
//! | 2 | bit fields that choose from a list | composition offsets |
//! | 3 | runs of equal values | sync samples |
//! | 4 | Rice code above the least value | sizes of pictures: many small, few large |
//! | 5 | Rice code around a middle value | sizes of sound: alike, but never the same |
//! | 6 | steps from value to value, in any of the ways above | places that are counted anew on each page |
//! | 7 | multiples of a number, in any of the ways above | sizes in whole packets, times in whole pictures |
//!
//! A Rice code of parameter k is the value's low k bits as they are and its high bits in unary (R. F. Rice, *Some practical
//! universal noiseless coding techniques*, 1979). Here all low bits come first and then, in one stretch, for each value as
//! many zeros as its high bits say and a one, so that a reader takes the ones of 64 bits at a time: no value waits for the
//! place of the one before. Values far greater than the others follow as they are. Differences wrap around, so that all
//! values of 64 bits come back.

use super::InvalidIndex;
use super::bits::{BitWriter, Input, put_signed, put_unsigned, unsigned_len, unzigzag, zigzag};

/// The maximum of the high bits of a Rice code: a greater value follows as a whole, and this marks it.
const ESCAPE: u32 = 24;
/// The greatest parameter of a Rice code: sizes have 32 bits, and larger times are not shorter in any other way.
const MAX_RICE: u32 = 32;
/// The maximum number of values in a list.
const MAX_LIST: usize = 64;

const ZEROS: u8 = 0;
const FIELDS: u8 = 1;
const LIST: u8 = 2;
const RUNS: u8 = 3;
const RICE_ABOVE: u8 = 4;
const RICE_AROUND: u8 = 5;
const STEPS: u8 = 6;
const MULTIPLES: u8 = 7;

/// How many bits a column may take before its steps are tried.
const FEW: u64 = 256;

/// A way to pack a column.
#[derive(Debug)]
enum ColumnPacking {
    Zeros,
    Fields { least: i64, width: u32 },
    List { values: Vec<i64>, width: u32 },
    Runs,
    RiceAbove { least: i64, k: u32 },
    RiceAround { middle: i64, k: u32 },
}

/// Appends a column.
pub(super) fn write(out: &mut Vec<u8>, values: &[i64]) {
    let Some(plain) = PackedColumn::of(values) else { return };
    if plain.bits > FEW
        && let Some(divisor) = divisor(values)
    {
        let values: Vec<i64> = values.iter().map(|value| value / divisor).collect();
        let divisor = divisor.cast_unsigned();
        if let Some(multiples) = PackedColumn::of(&values)
            && multiples.bits + 8 * (1 + unsigned_len(divisor)) < plain.bits
        {
            out.push(MULTIPLES);
            put_unsigned(out, divisor);
            return multiples.write(out, &values);
        }
    }
    plain.write(out, values);
}

/// The shortest way for a column, by its values or by its steps.
struct PackedColumn {
    way: ColumnPacking,
    bits: u64,
    /// The steps, if they are shorter.
    steps: Option<Vec<i64>>,
}

impl PackedColumn {
    fn of(values: &[i64]) -> Option<Self> {
        let (way, bits) = best(values, u64::MAX)?;
        let steps = if bits > FEW { steps(values) } else { Vec::new() };
        match best(&steps, bits.saturating_sub(8)) {
            Some((way, stepped)) => Some(Self { way, bits: stepped + 8, steps: Some(steps) }),
            None => Some(Self { way, bits, steps: None }),
        }
    }

    fn write(&self, out: &mut Vec<u8>, values: &[i64]) {
        if self.steps.is_some() {
            out.push(STEPS);
        }
        self.way.write(out, self.steps.as_deref().unwrap_or(values));
    }
}

/// The greatest number of which all values are multiples, if that is more than one.
fn divisor(values: &[i64]) -> Option<i64> {
    let mut divisor = 0;
    for value in values {
        let (mut larger, mut smaller) = (divisor, value.unsigned_abs());
        while smaller != 0 {
            (larger, smaller) = (smaller, larger % smaller);
        }
        divisor = larger;
        if divisor == 1 {
            return None;
        }
    }
    i64::try_from(divisor).ok().filter(|divisor| *divisor > 1)
}

/// The shortest way for these values, except by steps, and how many bits it takes; `None` if it takes no fewer than `below`. Most
/// ways are known to be longer than the best before them without looking at each value.
fn best(values: &[i64], below: u64) -> Option<(ColumnPacking, u64)> {
    let first = *values.first()?;
    let (least, most) =
        values.iter().fold((first, first), |(least, most), value| (least.min(*value), most.max(*value)));
    let mut best = Best { way: None, bits: below };
    if (least, most) == (0, 0) {
        best.offer(ColumnPacking::Zeros, values);
        return best.found();
    }
    best.offer(ColumnPacking::Fields { least, width: width(above(most, least)) }, values);
    if least == most {
        return best.found();
    }
    best.offer(ColumnPacking::Runs, values);
    // Of two values, which need a bit each.
    let count = values.len() as u64;
    if count < best.bits
        && let Some(list) = list(values)
    {
        best.offer(list, values);
    }
    for k in rice_parameters(values.iter().map(|value| above(*value, least))) {
        if rice_bits_at_least(count, k) < best.bits {
            best.offer(ColumnPacking::RiceAbove { least, k }, values);
        }
    }
    if rice_bits_at_least(count, 0) < best.bits {
        let mut sorted = values.to_vec();
        let (_, &mut middle, _) = sorted.select_nth_unstable(values.len() / 2);
        for k in rice_parameters(values.iter().map(|value| around(*value, middle))) {
            if rice_bits_at_least(count, k) < best.bits {
                best.offer(ColumnPacking::RiceAround { middle, k }, values);
            }
        }
    }
    best.found()
}

/// The shortest way so far.
struct Best {
    way: Option<ColumnPacking>,
    bits: u64,
}

impl Best {
    fn offer(&mut self, way: ColumnPacking, values: &[i64]) {
        let bits = way.bits(values);
        if bits < self.bits {
            (self.way, self.bits) = (Some(way), bits);
        }
    }

    fn found(self) -> Option<(ColumnPacking, u64)> {
        Some((self.way?, self.bits))
    }
}

/// The differences between consecutive values, the first one from zero.
fn steps(values: &[i64]) -> Vec<i64> {
    let before = std::iter::once(&0).chain(values);
    values.iter().zip(before).map(|(value, before)| value.wrapping_sub(*before)).collect()
}

/// The different values, if they fit into a list.
fn list(values: &[i64]) -> Option<ColumnPacking> {
    let mut list = Vec::with_capacity(MAX_LIST);
    for value in values {
        if let Err(place) = list.binary_search(value) {
            if list.len() == MAX_LIST {
                return None;
            }
            list.insert(place, *value);
        }
    }
    let width = width(list.len() as u64 - 1);
    Some(ColumnPacking::List { values: list, width })
}

/// The parameters that may be best for a Rice code of these values, by their mean; if a few values are far greater than
/// the others, the best parameter is lower.
fn rice_parameters(values: impl ExactSizeIterator<Item = u64>) -> impl Iterator<Item = u32> {
    let count = values.len().max(1) as u128;
    let mean = values.map(u128::from).sum::<u128>() / count;
    let k = (mean | 1).ilog2();
    (k.saturating_sub(2)..=k + 1).filter(|k| *k <= MAX_RICE)
}

const fn above(value: i64, least: i64) -> u64 {
    value.wrapping_sub(least).cast_unsigned()
}

const fn around(value: i64, middle: i64) -> u64 {
    zigzag(value.wrapping_sub(middle))
}

/// How many bits a number needs.
const fn width(value: u64) -> u32 {
    64 - value.leading_zeros()
}

/// How many bits the Rice code of these values takes.
fn rice_bits(values: impl Iterator<Item = u64> + Clone, k: u32) -> u64 {
    let (mut count, mut highs, mut all) = (0, 0_u64, 0);
    for value in values.clone() {
        let high = value >> k;
        count += 1;
        highs = highs.wrapping_add(high);
        all |= high;
    }
    let lows = rice_bits_at_least(count, k);
    if all < u64::from(ESCAPE) {
        return lows + highs;
    }
    let unary = |value: u64| match value >> k {
        high if high < u64::from(ESCAPE) => high,
        _ => u64::from(ESCAPE) + 8 * unsigned_len(value),
    };
    lows + values.map(unary).sum::<u64>()
}

/// How many bits the Rice code of `count` values takes at least: their low bits, and the ends of their high ones.
const fn rice_bits_at_least(count: u64, k: u32) -> u64 {
    count * (k as u64 + 1)
}

impl ColumnPacking {
    /// How many bits it needs for these values, without the byte that names it.
    fn bits(&self, values: &[i64]) -> u64 {
        let count = values.len() as u64;
        let signed_bits = |value: i64| 8 * unsigned_len(zigzag(value));
        match self {
            Self::Zeros => 0,
            Self::Fields { least, width } => 8 + signed_bits(*least) + count * u64::from(*width),
            Self::List { values, width } => {
                8 + values.iter().map(|value| signed_bits(*value)).sum::<u64>() + count * u64::from(*width)
            }
            Self::Runs => runs(values).map(|(value, count)| signed_bits(value) + 8 * unsigned_len(count)).sum(),
            Self::RiceAbove { least, k } => {
                8 + signed_bits(*least) + rice_bits(values.iter().map(|value| above(*value, *least)), *k)
            }
            Self::RiceAround { middle, k } => {
                8 + signed_bits(*middle) + rice_bits(values.iter().map(|value| around(*value, *middle)), *k)
            }
        }
    }

    fn write(&self, out: &mut Vec<u8>, values: &[i64]) {
        match self {
            Self::Zeros => out.push(ZEROS),
            Self::Fields { least, width } => {
                head(out, FIELDS, *width);
                put_signed(out, *least);
                fields(out, values.iter().map(|value| above(*value, *least)), *width);
            }
            Self::List { values: list, width } => {
                head(out, LIST, u32::try_from(list.len()).unwrap_or(u32::MAX));
                for value in list {
                    put_signed(out, *value);
                }
                let places = values.iter().map(|value| list.binary_search(value).unwrap_or_default() as u64);
                fields(out, places, *width);
            }
            Self::Runs => {
                out.push(RUNS);
                for (value, count) in runs(values) {
                    put_signed(out, value);
                    put_unsigned(out, count);
                }
            }
            Self::RiceAbove { least, k } => {
                head(out, RICE_ABOVE, *k);
                put_signed(out, *least);
                rice(out, values.iter().map(|value| above(*value, *least)), *k);
            }
            Self::RiceAround { middle, k } => {
                head(out, RICE_AROUND, *k);
                put_signed(out, *middle);
                rice(out, values.iter().map(|value| around(*value, *middle)), *k);
            }
        }
    }
}

fn head(out: &mut Vec<u8>, way: u8, parameter: u32) {
    out.push(way);
    put_unsigned(out, u64::from(parameter));
}

fn runs(values: &[i64]) -> impl Iterator<Item = (i64, u64)> {
    values.chunk_by(PartialEq::eq).filter_map(|run| Some((*run.first()?, run.len() as u64)))
}

fn fields(out: &mut Vec<u8>, values: impl Iterator<Item = u64>, width: u32) {
    let mut bits = BitWriter::new(out);
    for value in values {
        bits.put(value, width);
    }
    bits.finish();
}

fn rice(out: &mut Vec<u8>, values: impl Iterator<Item = u64> + Clone, k: u32) {
    fields(out, values.clone(), k);
    let mut unary = BitWriter::new(out);
    let high = |value: u64| u32::try_from(value >> k).unwrap_or(u32::MAX).min(ESCAPE);
    for value in values.clone() {
        let high = high(value);
        unary.put(1 << high, high + 1);
    }
    unary.finish();
    for value in values.filter(|value| high(*value) == ESCAPE) {
        put_unsigned(out, value);
    }
}

/// Reads a column with one value for each row. `set` stores each value in its row, and returns whether it is valid. A
/// column of zeros is not stored: rows have to begin with zeros.
pub(super) fn read<T>(
    input: &mut Input<'_>,
    rows: &mut [T],
    mut set: impl FnMut(&mut T, i64) -> bool,
) -> Result<(), InvalidIndex> {
    if rows.is_empty() {
        return Ok(());
    }
    let (mut way, mut of) = (input.byte()?, 1);
    if way == MULTIPLES {
        of = input.unsigned()?.cast_signed();
        way = input.byte()?;
    }
    let mut set = |row: &mut T, value: i64| set(row, value.wrapping_mul(of));
    if way != STEPS {
        return read_in(way, input, rows, set);
    }
    let mut steps = vec![0; rows.len()];
    let inner = input.byte()?;
    read_in(inner, input, &mut steps, |step: &mut i64, value| {
        *step = value;
        true
    })?;
    let mut value = 0_i64;
    let sound = rows.iter_mut().zip(steps).fold(true, |sound, (row, step)| {
        value = value.wrapping_add(step);
        sound & set(row, value)
    });
    if sound { Ok(()) } else { Err(impossible()) }
}

/// The same for a column that is packed in this way, which is not by steps.
fn read_in<T>(
    way: u8,
    input: &mut Input<'_>,
    rows: &mut [T],
    mut set: impl FnMut(&mut T, i64) -> bool,
) -> Result<(), InvalidIndex> {
    let mut sound = true;
    match way {
        ZEROS => {}
        FIELDS => {
            let width = parameter(input, 64)?;
            let least = input.signed()?;
            if width == 0 {
                for row in rows {
                    sound &= set(row, least);
                }
            } else {
                let mut bits = input.bits();
                for row in rows {
                    sound &= set(row, least.wrapping_add_unsigned(bits.take(width)));
                }
                input.skip(bits.end())?;
            }
        }
        LIST => {
            let mut list = [0; MAX_LIST];
            let count = input.count(MAX_LIST)?;
            for value in list.iter_mut().take(count) {
                *value = input.signed()?;
            }
            let list = list.get(..count).unwrap_or_default();
            let width = width((count as u64).saturating_sub(1));
            let mut bits = input.bits();
            for row in rows {
                let place = usize::try_from(bits.take(width)).unwrap_or(MAX_LIST);
                sound &= list.get(place).is_some_and(|value| set(row, *value));
            }
            input.skip(bits.end())?;
        }
        RUNS => {
            let mut rows = rows.iter_mut();
            while rows.len() > 0 {
                let value = input.signed()?;
                let count = input.count(rows.len())?;
                sound &= count > 0;
                for row in rows.by_ref().take(count) {
                    sound &= set(row, value);
                }
            }
        }
        RICE_ABOVE => {
            let k = parameter(input, MAX_RICE)?;
            let least = input.signed()?;
            read_rice(input, rows, k, |row, value| sound &= set(row, least.wrapping_add_unsigned(value)))?;
        }
        RICE_AROUND => {
            let k = parameter(input, MAX_RICE)?;
            let middle = input.signed()?;
            read_rice(input, rows, k, |row, value| sound &= set(row, middle.wrapping_add(unzigzag(value))))?;
        }
        other => return Err(InvalidIndex(format!("a column packed in way {other}"))),
    }
    if sound { Ok(()) } else { Err(impossible()) }
}

fn impossible() -> InvalidIndex {
    InvalidIndex("a value that cannot be".to_owned())
}

fn parameter(input: &mut Input<'_>, limit: u32) -> Result<u32, InvalidIndex> {
    match u32::from(input.byte()?) {
        parameter if parameter <= limit => Ok(parameter),
        parameter => Err(InvalidIndex(format!("a column of {parameter} bits"))),
    }
}

fn read_rice<T>(
    input: &mut Input<'_>,
    rows: &mut [T],
    k: u32,
    mut set: impl FnMut(&mut T, u64),
) -> Result<(), InvalidIndex> {
    let mut low = input.bits();
    input.skip((rows.len() * k as usize).div_ceil(8))?;
    let mut unary = input.unary();
    let mut escaped = Vec::new();
    for (place, row) in rows.iter_mut().enumerate() {
        let (high, low) = (unary.take(), low.take(k));
        if high == u64::from(ESCAPE) {
            escaped.push(place);
        }
        set(row, high << k | low);
    }
    input.skip(unary.end())?;
    for row in escaped {
        let value = input.unsigned()?;
        if let Some(row) = rows.get_mut(row) {
            set(row, value);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::*;

    fn round_trip(values: &[i64]) -> (usize, Vec<i64>) {
        let mut out = Vec::new();
        write(&mut out, values);
        let mut rows = vec![0; values.len()];
        let mut input = Input::new(&out);
        read(&mut input, &mut rows, |row, value| {
            *row = value;
            true
        })
        .unwrap();
        assert!(input.is_empty());
        (out.len(), rows)
    }

    #[test]
    fn each_kind_of_column_is_as_short_as_it_should_be() {
        let pictures = |n: i64| if n % 50 == 0 { 15_000 } else { 1_000 + n * 7919 % 2_000 };
        let rows: [(&str, Vec<i64>, usize); 13] = [
            ("nothing", vec![], 0),
            ("zeros", vec![0; 1000], 1),
            ("one value", vec![512; 1000], 4),
            ("two values", (0..1000).map(|n| 512 + n % 2).collect(), 129),
            ("far values", (0..1000).map(|n| [0, 1 << 40, -(1 << 40), 7][n % 4]).collect(), 270),
            ("a keyframe now and then", (0..1000).map(|n| i64::from(n % 250 == 0)).collect(), 25),
            ("pictures", (0..1000).map(pictures).collect(), 1600),
            ("places on pages", (0..1000).map(|n| n % 50).collect(), 90),
            ("what grows", (0..1000).map(|n| n * 7919 + n % 3).collect(), 260),
            ("whole packets", (0..1000).map(|n| 188 * (40 + n * 7919 % 23)).collect(), 640),
            ("whole packets, more of them on and on", (0..1000).map(|n| 188 * n * (n % 7)).collect(), 1700),
            ("extremes", vec![i64::MIN, i64::MAX, 0], 40),
            ("multiples of a great number", (0..1000).map(|n| if n % 3 == 0 { i64::MIN } else { 0 }).collect(), 140),
        ];
        for (name, values, most) in rows {
            let (bytes, back) = round_trip(&values);
            assert_eq!(back, values, "{name}");
            assert!(bytes <= most, "{name}: {bytes} bytes");
        }
    }

    proptest! {
        #[test]
        fn columns_come_back(values in proptest::collection::vec((any::<i64>(), 0..64u32), 0..200), same in 0..64u32) {
            let spread: Vec<i64> = values.iter().map(|(value, shift)| value >> shift).collect();
            let alike: Vec<i64> = values.iter().map(|(value, _)| value >> same).collect();
            let places: Vec<i64> = (0..300).zip(values.iter().cycle()).map(|(at, (value, _))| value.wrapping_add(at % 90)).collect();
            prop_assert_eq!(&round_trip(&places).1, &places);
            prop_assert_eq!(&round_trip(&spread).1, &spread);
            prop_assert_eq!(&round_trip(&alike).1, &alike);
        }

        #[test]
        fn no_way_that_is_left_out_is_shorter(values in proptest::collection::vec((any::<i64>(), 0..64u32), 1..200), same in 0..64u32) {
            for shift in [None, Some(same)] {
                let values: Vec<i64> = values.iter().map(|(value, own)| value >> shift.unwrap_or(*own)).collect();
                let (least, most) = (*values.iter().min().unwrap(), *values.iter().max().unwrap());
                let middle = *values.clone().select_nth_unstable(values.len() / 2).1;
                let rice = rice_parameters(values.iter().map(|value| above(*value, least)));
                let around = rice_parameters(values.iter().map(|value| around(*value, middle)));
                let all = [ColumnPacking::Fields { least, width: width(above(most, least)) }, ColumnPacking::Runs]
                    .into_iter()
                    .chain((least == 0 && most == 0).then_some(ColumnPacking::Zeros))
                    .chain(list(&values))
                    .chain(rice.map(|k| ColumnPacking::RiceAbove { least, k }))
                    .chain(around.map(|k| ColumnPacking::RiceAround { middle, k }));
                let shortest = all.map(|way| way.bits(&values)).min();
                prop_assert_eq!(best(&values, u64::MAX).map(|(_, bits)| bits), shortest);
                prop_assert!(best(&values, shortest.unwrap()).is_none());
            }
        }

        #[test]
        fn arbitrary_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..100), rows in 0..100usize, way in 0..8u8) {
            let mut bytes = bytes;
            bytes.insert(0, way);
            let _ = read(&mut Input::new(&bytes), &mut vec![0; rows], |row, value| {
                *row = value;
                value > 0
            });
        }
    }
}
