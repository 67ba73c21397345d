//! The packets of each stream in an element, in order. A sample is scattered over the file, and the layout says which
//! bytes between its first and its last belong to it. An element of the index stores its layout ([`Element::kept`]) in
//! some hundred bytes a second: the packets of a stream are usually alike, so each shape is listed once, followed by
//! the number of packets of each.
//!
//! [`Element::kept`]: crate::index::Element::kept

use serde::{Deserialize, Serialize};

use crate::container::mpeg::elements::{MAX_ELEMENT, MAX_WAITING};
use crate::container::mpeg::number::{put, take};

/// The maximum number of entries of an element or a checkpoint. An element extends to the end of the last sample that
/// begins in it, over at most the number of waiting elements; each may begin before the packet that started it, so it
/// is counted twice.
const MAX_ENTRIES: usize = 2 * (MAX_WAITING + 2) * MAX_ELEMENT;

/// Bytes that belong together: a PES packet with the pack header directly before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PesEntry {
    /// Their offset.
    pub offset: u64,
    /// Their structure.
    pub shape: PacketShape,
}

/// The structure of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacketShape {
    /// Their stream: [`OTHER`], [`PACK`], or a track's [`stream`].
    pub stream: u8,
    /// The size of the pack header before a packet; 0 if there is none.
    pub pack: u32,
    /// The number of bytes of the packet before its data.
    pub header: u32,
    /// The number of bytes of its data, or of everything if there is no header.
    pub data: u32,
}

/// The stream of bytes that are in no cut.
pub const OTHER: u8 = 0;
/// The stream of a pack header that is not followed by a track's packet.
pub const PACK: u8 = 1;
/// The first of the tracks' streams.
const TRACKS: u8 = 2;

/// The stream of a track.
pub fn stream(track: usize) -> u8 {
    u8::try_from(track).unwrap_or(u8::MAX).saturating_add(TRACKS)
}

impl PacketShape {
    /// The total number of bytes.
    const fn length(self) -> u64 {
        self.pack as u64 + self.header as u64 + self.data as u64
    }
}

impl PesEntry {
    /// The offset of its packet.
    pub const fn packet(&self) -> u64 {
        self.offset.saturating_add(self.shape.pack as u64)
    }

    /// The offset of its data.
    pub const fn data(&self) -> u64 {
        self.packet().saturating_add(self.shape.header as u64)
    }

    /// Its end.
    pub const fn end(&self) -> u64 {
        self.offset.saturating_add(self.shape.length())
    }
}

/// Packs shapes as runs: the number of equal shapes, and which shape it is. A new shape is followed by all its numbers.
pub fn pack(out: &mut Vec<u8>, shapes: impl Iterator<Item = PacketShape>) {
    let mut known: Vec<PacketShape> = Vec::new();
    let mut shapes = shapes.peekable();
    while let Some(shape) = shapes.next() {
        let mut more = 0_u64;
        while shapes.next_if_eq(&shape).is_some() {
            more += 1;
        }
        let place = known.iter().position(|known| *known == shape);
        let which = place.unwrap_or(known.len()) as u64;
        put(out, more.saturating_mul(known.len() as u64 + 1).saturating_add(which));
        if place.is_none() {
            out.push(shape.stream);
            for number in [shape.pack, shape.header, shape.data] {
                put(out, u64::from(number));
            }
            known.push(shape);
        }
    }
}

/// Unpacks the output of [`pack`] for the bytes from `offset` on, until it ends or is invalid. Damaged bytes can
/// declare a run of 2⁶⁴ entries; at most `MAX_ENTRIES` are returned.
pub fn unpack(packed: &[u8], mut offset: u64) -> impl Iterator<Item = PesEntry> {
    let mut bytes = packed.iter();
    let mut known: Vec<PacketShape> = Vec::new();
    let (mut left, mut shape) = (0_u64, None);
    std::iter::from_fn(move || {
        if left == 0 {
            let value = take(&mut bytes)?;
            let shapes = known.len() as u64 + 1;
            let which = usize::try_from(value % shapes).ok()?;
            left = (value / shapes).saturating_add(1);
            if which == known.len() {
                let stream = *bytes.next()?;
                let mut number = || take(&mut bytes).and_then(|number| u32::try_from(number).ok());
                known.push(PacketShape { stream, pack: number()?, header: number()?, data: number()? });
            }
            shape = known.get(which).copied();
        }
        left -= 1;
        let entry = PesEntry { offset, shape: shape.filter(|shape| shape.length() > 0)? };
        offset = entry.end();
        Some(entry)
    })
    .take(MAX_ENTRIES)
}

/// Consecutive entries in the packed form that checkpoints use.
pub mod serial {
    use std::collections::VecDeque;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{MAX_ENTRIES, PesEntry, pack, unpack};

    pub fn serialize<S: Serializer>(entries: &VecDeque<PesEntry>, serializer: S) -> Result<S::Ok, S::Error> {
        let mut packed = Vec::new();
        pack(&mut packed, entries.iter().map(|entry| entry.shape));
        (entries.front().map_or(0, |first| first.offset), packed).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<VecDeque<PesEntry>, D::Error> {
        let (offset, packed) = <(u64, Vec<u8>)>::deserialize(deserializer)?;
        let entries: VecDeque<PesEntry> = unpack(&packed, offset).collect();
        if entries.len() < MAX_ENTRIES {
            Ok(entries)
        } else {
            Err(D::Error::custom(format!("a layout of {MAX_ENTRIES} entries or more")))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shape() -> impl Strategy<Value = PacketShape> {
        (0_u8..5, prop_oneof![Just(0_u32), Just(14)], 0_u32..40, prop_oneof![Just(2016_u32), 1_u32..70_000])
            .prop_map(|(stream, pack, header, data)| PacketShape { stream, pack, header, data })
    }

    proptest! {
        #[test]
        fn a_layout_unpacks_to_what_was_packed(
            runs in prop::collection::vec((shape(), 1_usize..9), 0..40),
            start in 0_u64..1 << 40,
        ) {
            let shapes: Vec<_> = runs.iter().flat_map(|(shape, times)| std::iter::repeat_n(*shape, *times)).collect();
            let mut packed = Vec::new();
            pack(&mut packed, shapes.iter().copied());
            let found: Vec<_> = unpack(&packed, start).collect();
            prop_assert_eq!(found.iter().map(|entry| entry.shape).collect::<Vec<_>>(), shapes);
            prop_assert!(found.iter().try_fold(start, |at, entry| (entry.offset == at).then(|| entry.end())).is_some());
        }

        #[test]
        fn any_bytes_unpack_to_something(packed in prop::collection::vec(any::<u8>(), 0..60)) {
            prop_assert!(unpack(&packed, 0).take(1000).all(|entry| entry.end() > entry.offset));
        }
    }

    #[test]
    fn a_run_without_end_is_bounded() {
        let mut packed = Vec::new();
        put(&mut packed, u64::MAX);
        packed.push(OTHER);
        for number in [0, 0, 1] {
            put(&mut packed, number);
        }
        assert_eq!(unpack(&packed, 0).count(), MAX_ENTRIES);
        let checkpoint = postcard::to_stdvec(&(0_u64, packed)).unwrap();
        let mut damaged = postcard::Deserializer::from_bytes(&checkpoint);
        assert!(serial::deserialize(&mut damaged).is_err());
    }
}
