//! Hand-made streams of frames.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::trivially_copy_pass_by_ref
)]

use bytes::Bytes;
use futures::executor::block_on;

use crate::codec::mpeg_audio::MpegAudioHeader;
use crate::container::{self, Error, pieces};
use crate::fragment::resolve::{self, Ask, Cut, Meaning, MediaPart, Memory};
use crate::index::Outline;
use crate::media::splice::Piece;
use crate::media::{Interval, Run, Time};

/// MPEG-1 layer III, 128 kbit/s at 44.1 kHz, joint stereo, without a checksum: 417 bytes, 1152 samples.
pub const MP3: u32 = 0xFFFB_9064;

/// A frame of MPEG audio with this header whose data repeats this byte. Layer III reaches back `reach` bytes.
pub fn frame(header: u32, reach: u16, fill: u8) -> Vec<u8> {
    let parsed = MpegAudioHeader::parse(&header.to_be_bytes()).unwrap();
    free_frame(header, reach, fill, parsed.size().unwrap() as usize)
}

/// The same with a given size.
pub fn free_frame(header: u32, reach: u16, fill: u8, size: usize) -> Vec<u8> {
    let parsed = MpegAudioHeader::parse(&header.to_be_bytes()).unwrap();
    let mut frame = header.to_be_bytes().to_vec();
    frame.resize(usize::from(parsed.before_data()), 0);
    if parsed.layer() == 3 {
        let at = if header >> 16 & 1 == 0 { 6 } else { 4 };
        let field = if parsed.low() { reach << 8 } else { reach << 7 };
        frame[at..at + 2].copy_from_slice(&field.to_be_bytes());
    }
    frame.resize(size, fill);
    frame
}

/// An ADTS frame: 44.1 kHz, stereo, with this number of raw data blocks.
pub fn adts(data: usize, blocks: u8, checksum: bool) -> Vec<u8> {
    let size = data + if checksum { 9 } else { 7 };
    let mut frame = vec![0xFF, 0xF1 - u8::from(checksum), 0x50, 0x80 | (size >> 11) as u8, (size >> 3) as u8];
    frame.extend([(size << 5) as u8 | 0x1F, 0xFC | (blocks - 1)]);
    frame.resize(size, 0x55);
    frame
}

/// An ID3v2 tag of this version with encoded frames.
pub fn id3(version: u8, frames: &[Vec<u8>]) -> Vec<u8> {
    let body = frames.concat();
    let size = [21, 14, 7, 0].map(|shift| (body.len() >> shift) as u8 & 0x7F);
    [&b"ID3"[..], &[version, 0, 0], &size, &body].concat()
}

/// A frame of ID3v2.3, which is also valid in 2.4 up to 127 bytes.
pub fn id3_frame(id: &[u8; 4], data: &[u8]) -> Vec<u8> {
    [&id[..], &u32::try_from(data.len()).unwrap().to_be_bytes(), &[0, 0], data].concat()
}

/// An indexed file.
pub struct IndexedFrames {
    pub file: Vec<u8>,
    pub outline: Outline,
    pub pages: Memory,
}

pub fn try_index(file: &[u8]) -> Result<IndexedFrames, Error> {
    let mut pages = Memory::default();
    let outline = block_on(container::index(&Bytes::copy_from_slice(file), &mut pages))?;
    Ok(IndexedFrames { file: file.to_vec(), outline, pages })
}

/// Indexes a file, and checks that the index does not depend on the chunks in which it is read.
pub fn index(file: &[u8]) -> IndexedFrames {
    let whole = try_index(file).unwrap();
    for chunk in [1, 7, 1000] {
        let mut pages = Memory::default();
        let outline =
            block_on(pieces::index::<super::index::FramesPass>(&Bytes::copy_from_slice(file), &mut pages, chunk))
                .unwrap();
        let again = IndexedFrames { file: Vec::new(), outline, pages };
        assert_eq!((&again.outline, again.frames()), (&whole.outline, whole.frames()), "chunks of {chunk}");
    }
    whole
}

impl IndexedFrames {
    /// All frames; runs are split.
    pub fn frames(&self) -> Vec<Run> {
        let pages = self.pages.load(0..=self.outline.pages).unwrap();
        let runs = pages.into_iter().flat_map(|mut page| page.tracks.remove(0).runs);
        runs.flat_map(|run| (0..run.count).map(move |at| run.slice(at..at + 1).unwrap())).collect()
    }

    /// A cut, in nanoseconds, and its bytes.
    pub fn cut(&self, start: i64, end: i64) -> (MediaPart, Vec<u8>) {
        let asked = Interval::new(Time(start), Time(end)).unwrap();
        let meaning = Meaning::of(&Ask::from(asked), &self.outline);
        let Cut::Part(part) = block_on(resolve::cut(&self.outline, &mut &self.pages, &meaning)).unwrap() else {
            panic!("no part {asked} of {}", self.outline.duration);
        };
        let pieces = part.file.splice.pieces();
        let bytes = pieces.flat_map(|piece| match piece {
            Piece::Made(bytes) => bytes.to_vec(),
            Piece::Source(range) => self.file[range.start as usize..range.end as usize].to_vec(),
        });
        let bytes: Vec<u8> = bytes.collect();
        assert_eq!(bytes.len() as u64, part.file.splice.len());
        (*part, bytes)
    }

    pub fn notes(&self) -> String {
        self.outline.notes.join("; ")
    }
}
