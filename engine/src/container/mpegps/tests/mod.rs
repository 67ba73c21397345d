//! Both halves together: hand-made files are indexed and written again.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::cast_possible_truncation)]
#![allow(clippy::cast_sign_loss)]

mod damage;
mod indexing;
mod muxer;
mod streams;
mod writing;

use std::ops::Range;

use bytes::Bytes;
use futures::executor::block_on;

use super::pack::{Owner, PesPacket, PsUnit, unit};
use crate::container::indexed::{self, Indexed, PageList};
use crate::container::pieces;
use crate::media::Run;

/// Indexes a file, and checks that the index does not depend on the chunks in which it is read, or on where it is
/// stopped.
fn index(file: &[u8]) -> Indexed {
    let whole = indexed::index(file).unwrap();
    for chunk in [500, 10_000] {
        let mut pages = PageList::default();
        let outline =
            block_on(pieces::index::<super::index::MpegPsPass>(&Bytes::copy_from_slice(file), &mut pages, chunk))
                .unwrap();
        let again = Indexed::new(outline, pages);
        assert_eq!((&again.outline, &again.samples), (&whole.outline, &whole.samples), "chunks of {chunk}");
    }
    whole
}

/// All units of an intact file.
fn units(file: &[u8]) -> Vec<(PsUnit, Range<usize>)> {
    let (mut at, mut found) = (0, Vec::new());
    while at < file.len() {
        let (unit, length) = unit(&file[at..]).unwrap_or_else(|| panic!("no unit at {at} of {}", file.len()));
        found.push((unit, at..at + length));
        at += length;
    }
    assert_eq!(at, file.len());
    found
}

/// The packets of a stream, each with the range of its data.
fn packets(file: &[u8], owner: Owner) -> Vec<(PesPacket, Range<usize>)> {
    let packets = units(file).into_iter().filter_map(|(_, range)| {
        let packet = PesPacket::read(&file[range.clone()], false)?;
        Some((packet, range.start + packet.header..range.end))
    });
    packets.filter(|(packet, _)| packet.owner == owner).collect()
}

/// The data of samples of a stream.
fn contents(file: &[u8], owner: Owner, runs: &[Run]) -> Vec<Vec<u8>> {
    let packets = packets(file, owner);
    let content = |run: &Run| {
        let bytes = run.bytes();
        let parts = packets.iter().map(|(_, data)| {
            let (start, end) = (data.start.max(bytes.start as usize), data.end.min(bytes.end as usize));
            file.get(start..end).unwrap_or_default()
        });
        parts.collect::<Vec<_>>().concat()
    };
    runs.iter().map(content).collect()
}
