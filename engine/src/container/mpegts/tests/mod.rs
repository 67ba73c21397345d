//! Both halves together: hand-made files are indexed and written again.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::cast_possible_truncation)]

mod damage;
mod indexing;
mod muxer;
mod stamps;
mod units;
mod writing;

use bytes::Bytes;
use futures::executor::block_on;

use super::MpegTs;
use super::packet::Packing;
use crate::container::indexed::{Indexed, PageList, part};
use crate::container::{Error, Format, pieces};

/// Indexes a file in chunks of this size and in pieces.
fn try_index(file: &[u8], chunk: u64) -> Result<Indexed, Error> {
    let mut pages = PageList::default();
    let outline =
        block_on(pieces::index::<super::index::MpegTsPass>(&Bytes::copy_from_slice(file), &mut pages, chunk))?;
    Ok(Indexed::new(outline, pages))
}

/// Indexes a file, and checks that the index does not depend on the chunks in which it is read.
fn index(file: &[u8]) -> Indexed {
    assert!(MpegTs.recognises(file));
    let whole = try_index(file, 4 << 20).unwrap();
    for chunk in [500, 10_000] {
        let again = try_index(file, chunk).unwrap();
        assert_eq!((&again.outline, &again.samples), (&whole.outline, &whole.samples), "chunks of {chunk}");
    }
    whole
}

/// The payloads of each sample's packets.
fn contents(indexed: &Indexed, file: &[u8], packing: Packing, track: usize) -> Vec<Vec<u8>> {
    let pid = indexed.outline.tracks[track].id;
    let content = |bytes: &[u8]| {
        let packets = bytes.chunks(packing.size).map(|bytes| packing.packet(bytes).unwrap());
        let own = packets.filter(|packet| u64::from(packet.pid()) == pid);
        own.flat_map(|packet| packet.payload().to_vec()).collect()
    };
    indexed.samples[track].iter().map(|run| content(part(file, &run.bytes()))).collect()
}
