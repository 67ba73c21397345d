//! A small writer of EBML (RFC 8794) and of the common elements of Matroska (RFC 9559).

/// IDs of elements, their length marker included (RFC 9559 §5.1).
pub mod ids {
    #![allow(missing_docs, reason = "they are the standard's names")]

    pub const EBML: u32 = 0x1A45_DFA3;
    pub const DOC_TYPE: u32 = 0x4282;
    pub const DOC_TYPE_READ_VERSION: u32 = 0x4285;
    pub const SEGMENT: u32 = 0x1853_8067;
    pub const INFO: u32 = 0x1549_A966;
    pub const TIMESTAMP_SCALE: u32 = 0x2A_D7B1;
    pub const TRACKS: u32 = 0x1654_AE6B;
    pub const TRACK_ENTRY: u32 = 0xAE;
    pub const TRACK_NUMBER: u32 = 0xD7;
    pub const TRACK_TYPE: u32 = 0x83;
    pub const NAME: u32 = 0x536E;
    pub const DEFAULT_DURATION: u32 = 0x23_E383;
    pub const CODEC_ID: u32 = 0x86;
    pub const CODEC_PRIVATE: u32 = 0x63A2;
    pub const VIDEO: u32 = 0xE0;
    pub const PIXEL_WIDTH: u32 = 0xB0;
    pub const PIXEL_HEIGHT: u32 = 0xBA;
    pub const CLUSTER: u32 = 0x1F43_B675;
    pub const TIMESTAMP: u32 = 0xE7;
    pub const SIMPLE_BLOCK: u32 = 0xA3;
    pub const BLOCK_GROUP: u32 = 0xA0;
    pub const BLOCK: u32 = 0xA1;
    pub const BLOCK_DURATION: u32 = 0x9B;
    pub const REFERENCE_BLOCK: u32 = 0xFB;
}

/// The bytes of an ID.
#[must_use]
pub fn id(id: u32) -> Vec<u8> {
    id.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect()
}

/// An element with its size in as few bytes as possible, or in eight if it is large.
#[must_use]
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
#[must_use]
pub fn master(id_: u32, children: &[Vec<u8>]) -> Vec<u8> {
    element(id_, &children.concat())
}

/// A master element of unknown size.
#[must_use]
pub fn unknown(id_: u32, children: &[Vec<u8>]) -> Vec<u8> {
    [id(id_), vec![1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], children.concat()].concat()
}

/// An unsigned integer.
#[must_use]
pub fn uint(id_: u32, value: u64) -> Vec<u8> {
    element(id_, &value.to_be_bytes())
}

/// A string.
#[must_use]
pub fn string(id_: u32, value: &str) -> Vec<u8> {
    element(id_, value.as_bytes())
}

/// An EBML header of five bytes, and its data.
#[must_use]
pub fn ebml_header(doc_type: &str, more: &[u8]) -> Vec<u8> {
    [&master(ids::EBML, &[string(ids::DOC_TYPE, doc_type), uint(ids::DOC_TYPE_READ_VERSION, 2), more.to_vec()])[..]]
        .concat()
}

/// A `TrackEntry` with this number, type, codec, and further children.
#[must_use]
pub fn track(number: u64, kind: u64, codec: &str, more: &[Vec<u8>]) -> Vec<u8> {
    let known = [uint(ids::TRACK_NUMBER, number), uint(ids::TRACK_TYPE, kind), string(ids::CODEC_ID, codec)];
    master(ids::TRACK_ENTRY, &[known.as_slice(), more].concat())
}

/// The data of a block.
#[must_use]
pub fn block_data(track: u8, relative: i16, flags: u8, frames: &[u8]) -> Vec<u8> {
    let [high, low] = relative.to_be_bytes();
    [&[0x80 | track, high, low, flags], frames].concat()
}

/// A `SimpleBlock` of one frame.
#[must_use]
pub fn simple(track: u8, relative: i16, keyframe: bool, frame: &[u8]) -> Vec<u8> {
    element(ids::SIMPLE_BLOCK, &block_data(track, relative, if keyframe { 0x80 } else { 0 }, frame))
}

/// A `BlockGroup` of one frame, and further children.
#[must_use]
pub fn group(track: u8, relative: i16, frame: &[u8], more: &[Vec<u8>]) -> Vec<u8> {
    let block = element(ids::BLOCK, &block_data(track, relative, 0, frame));
    master(ids::BLOCK_GROUP, &[&[block], more].concat())
}

/// A cluster of known size.
#[must_use]
pub fn cluster(time: u64, blocks: &[Vec<u8>]) -> Vec<u8> {
    master(ids::CLUSTER, &[&[uint(ids::TIMESTAMP, time)], blocks].concat())
}

/// An Info of 1 ms ticks.
#[must_use]
pub fn info() -> Vec<u8> {
    master(ids::INFO, &[uint(ids::TIMESTAMP_SCALE, 1_000_000)])
}
