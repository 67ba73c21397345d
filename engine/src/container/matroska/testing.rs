//! A small EBML writer for tests, which shares no code with what it tests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

use super::ids;

/// The bytes of an ID.
pub fn id(id: u32) -> Vec<u8> {
    id.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect()
}

/// An element with its size in as few bytes as possible, or in eight if it is large.
pub fn element(id_: u32, data: &[u8]) -> Vec<u8> {
    let size = match data.len() {
        length @ 0..=126 => vec![0x80 | u8::try_from(length).unwrap()],
        length => {
            let mut size = (length as u64).to_be_bytes();
            size[0] = 1;
            size.to_vec()
        }
    };
    [id(id_), size, data.to_vec()].concat()
}

/// A master element.
pub fn master(id_: u32, children: &[Vec<u8>]) -> Vec<u8> {
    element(id_, &children.concat())
}

/// A master element of unknown size.
pub fn unknown(id_: u32, children: &[Vec<u8>]) -> Vec<u8> {
    [id(id_), vec![1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], children.concat()].concat()
}

/// An unsigned integer.
pub fn uint(id_: u32, value: u64) -> Vec<u8> {
    element(id_, &value.to_be_bytes())
}

/// A string.
pub fn string(id_: u32, value: &str) -> Vec<u8> {
    element(id_, value.as_bytes())
}

/// An EBML header of five bytes, and its data.
pub fn ebml_header(doc_type: &str, more: &[u8]) -> Vec<u8> {
    [&master(ids::EBML, &[string(ids::DOC_TYPE, doc_type), uint(ids::DOC_TYPE_READ_VERSION, 2), more.to_vec()])[..]]
        .concat()
}

/// A TrackEntry with this number, type, codec, and further children.
pub fn track(number: u64, kind: u64, codec: &str, more: &[Vec<u8>]) -> Vec<u8> {
    let known = [uint(ids::TRACK_NUMBER, number), uint(ids::TRACK_TYPE, kind), string(ids::CODEC_ID, codec)];
    master(ids::TRACK_ENTRY, &[known.as_slice(), more].concat())
}

/// The data of a block.
pub fn block_data(track: u8, relative: i16, flags: u8, frames: &[u8]) -> Vec<u8> {
    let [high, low] = relative.to_be_bytes();
    [&[0x80 | track, high, low, flags], frames].concat()
}

/// A SimpleBlock of one frame.
pub fn simple(track: u8, relative: i16, keyframe: bool, frame: &[u8]) -> Vec<u8> {
    element(ids::SIMPLE_BLOCK, &block_data(track, relative, if keyframe { 0x80 } else { 0 }, frame))
}

/// A BlockGroup of one frame, and further children.
pub fn group(track: u8, relative: i16, frame: &[u8], more: &[Vec<u8>]) -> Vec<u8> {
    let block = element(ids::BLOCK, &block_data(track, relative, 0, frame));
    master(ids::BLOCK_GROUP, &[&[block], more].concat())
}

/// A cluster of known size.
pub fn cluster(time: u64, blocks: &[Vec<u8>]) -> Vec<u8> {
    master(ids::CLUSTER, &[&[uint(ids::TIMESTAMP, time)], blocks].concat())
}

/// An Info of 1 ms ticks.
pub fn info() -> Vec<u8> {
    master(ids::INFO, &[uint(ids::TIMESTAMP_SCALE, 1_000_000)])
}
