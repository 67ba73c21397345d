//! Indexing in pieces: a pass that is stopped anywhere and resumed from its packed checkpoint makes the same index as
//! one that runs through; a damaged checkpoint is refused; and if its hash matches the damage, the result is an error
//! or a wrong index, but no panic and no endless loop.
//!
//! The input: a byte for the number of bytes in a piece, a byte that selects the checkpoint to damage, a byte with the
//! number of damages, three bytes for each of them (position and change), and the file.

use bytes::Bytes;
use futures::executor::block_on;
use reelspan_engine::container::{Checkpoint, Error, Limit, Progress, index, index_on};
use reelspan_engine::fragment::resolve::Memory;
use reelspan_engine::index::{Outline, PackedPage};

use crate::Interest;

/// More pieces than this add nothing.
const MOST_PIECES: usize = 64;
/// The size of a checkpoint's hash in bytes.
const HASH: usize = 8;

/// Runs the target.
pub fn run(input: &[u8]) -> Interest {
    let Some((&[size, damaged, count], rest)) = input.split_first_chunk::<3>() else { return Interest::Reject };
    let count = usize::from(count % 8);
    let Some((damages, file)) = rest.split_at_checked(3 * count) else { return Interest::Reject };
    let file = Bytes::copy_from_slice(file);
    let mut pages = Memory::default();
    let whole = block_on(index(&file, &mut pages));
    if matches!(whole, Err(Error::Unknown)) {
        return Interest::Reject;
    }
    let limit = Limit { bytes: Some(64 * (u64::from(size) + 1)), ..Limit::default() };
    let (pieces, checkpoints) = in_pieces(&file, &limit);
    if let Some(pieces) = pieces {
        assert_eq!(pieces.0.ok(), whole.ok());
        assert!(pieces.1.packed().map(parts).eq(pages.packed().map(parts)));
    }
    if let Some(checkpoint) = checkpoints.get(usize::from(damaged) % checkpoints.len().max(1)) {
        resume_damaged(&file, checkpoint, damages);
    }
    Interest::Keep
}

fn parts(packed: &PackedPage) -> (u32, &Bytes) {
    (packed.number, &packed.bytes)
}

/// The outcome of indexing, and the pages.
type IndexingResult = (Result<Outline, Error>, Memory);

/// The index in pieces, unless they are too many; and the packed checkpoints between them.
fn in_pieces(file: &Bytes, limit: &Limit) -> (Option<IndexingResult>, Vec<Bytes>) {
    let (mut pages, mut from, mut checkpoints) = (Memory::default(), None::<Checkpoint>, Vec::new());
    while checkpoints.len() < MOST_PIECES {
        match block_on(index_on(file, &mut pages, from.as_ref(), limit)) {
            Ok(Progress::Done(outline)) => return (Some((Ok(*outline), pages)), checkpoints),
            Ok(Progress::Paused(checkpoint)) => {
                assert!(from.is_none_or(|from| from.offset() < checkpoint.offset()), "the pass makes no progress");
                let packed = checkpoint.pack();
                from = Some(Checkpoint::unpack(&packed).expect("it was just packed"));
                checkpoints.push(packed);
            }
            Err(error) => {
                assert!(!matches!(error, Error::Checkpoint(_)), "{error}");
                return (Some((Err(error), pages)), checkpoints);
            }
        }
    }
    (None, checkpoints)
}

/// Resumes from a damaged checkpoint, once as it is and once with a matching hash.
fn resume_damaged(file: &Bytes, checkpoint: &Bytes, damages: &[u8]) {
    let mut bytes = checkpoint.to_vec();
    let length = bytes.len() - HASH;
    for damage in damages.as_chunks::<3>().0 {
        let at = usize::from(u16::from_be_bytes([damage[0], damage[1]])) % length;
        bytes[HASH + at] ^= damage[2];
    }
    if bytes[..] != checkpoint[..] {
        assert_eq!(Checkpoint::unpack(&bytes), None);
    }
    let hash = fnv(&bytes[HASH..]).to_le_bytes();
    bytes[..HASH].copy_from_slice(&hash);
    let Some(mut from) = Checkpoint::unpack(&bytes) else { return };
    let mut pages = Memory::default();
    for _ in 0..MOST_PIECES {
        match block_on(index_on(file, &mut pages, Some(&from), &Limit::default())) {
            Ok(Progress::Paused(checkpoint)) => from = checkpoint,
            Ok(Progress::Done(_)) | Err(_) => return,
        }
    }
}

/// The hash of a checkpoint: FNV-1a of 64 bits (RFC 9923 §2).
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3))
}
