//! Both halves together: the index of files made by hand, and cuts of them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]

mod damage;
mod flac;
mod indexing;
mod writing;

use bytes::Bytes;
use futures::executor::block_on;

use crate::container::{Error, pieces};
use crate::fragment::resolve::{self, Ask, Cut, Meaning, MediaPart, Memory};
use crate::index::{Outline, Page};
use crate::media::splice::Piece;
use crate::media::{Interval, Run, Ticks, Time};

/// The CRC of a page, bit by bit.
fn crc(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 24, |crc: u32, _| crc << 1 ^ if crc >> 31 == 1 { 0x04c1_1db7 } else { 0 })
    })
}

/// A page of these segments.
fn page(flags: u8, granule: i64, serial: u32, sequence: u32, lacing: &[u8], body: &[u8]) -> Vec<u8> {
    let fields = [&granule.to_le_bytes()[..], &serial.to_le_bytes(), &sequence.to_le_bytes(), &[0; 4]].concat();
    let mut page = [b"OggS\0", &[flags][..], &fields, &[lacing.len() as u8], lacing, body].concat();
    let sum = crc(&page);
    page[22..26].copy_from_slice(&sum.to_le_bytes());
    page
}

const FIRST: u8 = 2;
const LAST: u8 = 4;

/// A logical stream that is being written.
struct Writer {
    serial: u32,
    sequence: u32,
    /// Whether the last packet continues.
    continued: bool,
}

impl Writer {
    fn new(serial: u32) -> Self {
        Self { serial, sequence: 0, continued: false }
    }

    /// A page of these packets; of the last, only the first `part` bytes, which is a multiple of 255.
    fn page(&mut self, flags: u8, granule: i64, packets: &[Vec<u8>], part: Option<usize>) -> Vec<u8> {
        let (mut lacing, mut body) = (Vec::new(), Vec::new());
        for (at, packet) in packets.iter().enumerate() {
            let open = part.filter(|_| at + 1 == packets.len());
            let length = open.unwrap_or(packet.len());
            lacing.extend(vec![255; length / 255]);
            if open.is_none() {
                lacing.push((length % 255) as u8);
            }
            body.extend(&packet[..length]);
        }
        let flags = flags | u8::from(std::mem::replace(&mut self.continued, part.is_some()));
        self.sequence += 1;
        page(flags, granule, self.serial, self.sequence - 1, &lacing, &body)
    }
}

fn opus_head(skip: u16) -> Vec<u8> {
    [b"OpusHead\x01\x01", &skip.to_le_bytes()[..], &48_000_u32.to_le_bytes(), &[0; 3]].concat()
}

fn opus_tags() -> Vec<u8> {
    b"OpusTags\x04\0\0\0test\x01\0\0\0\x07\0\0\0TITLE=x".to_vec()
}

/// An Opus packet of 20 ms and this size, each byte of which depends on the packet.
fn opus_packet(number: usize, size: usize) -> Vec<u8> {
    let mut packet: Vec<u8> = (0..size).map(|at| (number * 31 + at * 7) as u8).collect();
    packet[0] = 0xF8;
    packet
}

/// The size of each Opus packet of [`opus`].
fn opus_size(number: usize) -> usize {
    40 + number * 37 % 101
}

/// The header pages of an Opus stream with a pre-skip of 312.
fn opus_headers(writer: &mut Writer) -> Vec<u8> {
    [writer.page(FIRST, 0, &[opus_head(312)], None), writer.page(0, 0, &[opus_tags()], None)].concat()
}

/// Opus with this many pages of ten packets, the first of which begins at this position.
fn opus(serial: u32, pages: usize, start: i64) -> Vec<u8> {
    let mut writer = Writer::new(serial);
    let mut file = opus_headers(&mut writer);
    for at in 0..pages {
        let packets: Vec<_> = (10 * at..10 * at + 10).map(|number| opus_packet(number, opus_size(number))).collect();
        let flags = if at + 1 == pages { LAST } else { 0 };
        file.extend(writer.page(flags, start + 9600 * (at as i64 + 1), &packets, None));
    }
    file
}

/// Vorbis with this many packets, each of 20 ms except the first, which gives nothing; three are a page.
fn vorbis(packets: usize) -> Vec<u8> {
    let head = [b"\x01vorbis\0\0\0\0\x01", &51_200_u32.to_le_bytes()[..], &[0; 12], b"\xBB\x01"].concat();
    let tags = b"\x03vorbis\0\0\0\0\0\0\0\0\x01".to_vec();
    // After the part that only a decoder parses there is one mode.
    let setup = [b"\x05vorbis", &[0xFF; 8][..], &[0, 0, 0, 0, 0, 0x80]].concat();
    let mut writer = Writer::new(5);
    let mut file = [writer.page(FIRST, 0, &[head], None), writer.page(0, 0, &[tags, setup], None)].concat();
    let packets: Vec<_> = (0..packets).map(|number| vec![0, number as u8, 7]).collect();
    for (page, some) in packets.chunks(3).enumerate() {
        let ended = 3 * page + some.len();
        let flags = if ended == packets.len() { LAST } else { 0 };
        file.extend(writer.page(flags, 1024 * (ended as i64 - 1), some, None));
    }
    file
}

/// An indexed file.
#[derive(Debug)]
struct Indexed {
    outline: Outline,
    pages: Memory,
    /// The samples of each track.
    samples: Vec<Vec<Run>>,
}

/// Indexes a file with chunks of this size.
fn try_index(file: &Bytes, chunk: u64) -> Result<Indexed, Error> {
    let mut pages = Memory::default();
    let outline = block_on(pieces::index::<super::index::OggPass>(file, &mut pages, chunk))?;
    let mut samples = vec![Vec::new(); outline.tracks.len()];
    for packed in pages.packed() {
        let page = Page::unpack(packed.number, &packed.bytes).unwrap();
        for (all, track) in samples.iter_mut().zip(page.tracks) {
            all.extend(track.runs.iter().flat_map(|run| (0..run.count).map(|at| run.slice(at..at + 1).unwrap())));
        }
        for element in page.elements {
            assert!(element.offset + element.size <= file.as_ref().len() as u64);
        }
    }
    Ok(Indexed { outline, pages, samples })
}

/// Indexes a file, and checks that the index is the same for any size of chunks.
fn index(file: &[u8]) -> Indexed {
    let file = Bytes::copy_from_slice(file);
    assert!(crate::container::Format::recognises(&super::Ogg, &file));
    let whole = try_index(&file, 1 << 22).unwrap();
    for chunk in [1, 100, 4000] {
        let again = try_index(&file, chunk).unwrap();
        assert_eq!((&again.outline, &again.samples), (&whole.outline, &whole.samples), "chunks of {chunk}");
    }
    whole
}

impl Indexed {
    fn cut(&self, start: Time, end: Time) -> MediaPart {
        let meaning = Meaning::of(&Ask::from(Interval::new(start, end).unwrap()), &self.outline);
        match block_on(resolve::cut(&self.outline, &mut &self.pages, &meaning)).unwrap() {
            Cut::Part(part) => *part,
            other => panic!("{other:?}"),
        }
    }

    fn notes(&self) -> String {
        self.outline.notes.join("; ")
    }

    /// The presentation time of each sample of a track.
    fn times(&self, track: usize) -> Vec<i64> {
        self.samples[track].iter().map(|run| (run.presentation() - self.outline.tracks[track].shift()).0).collect()
    }

    /// The packets of a track, with their parts joined.
    fn packets(&self, track: usize, file: &[u8]) -> Vec<Vec<u8>> {
        let mut packets: Vec<Vec<u8>> = Vec::new();
        for run in &self.samples[track] {
            let bytes = &file[run.offset as usize..run.offset as usize + run.size as usize];
            if super::PacketPart::of(run).continues {
                packets.last_mut().unwrap().extend(bytes);
            } else {
                packets.push(bytes.to_vec());
            }
        }
        packets
    }
}

/// The bytes of a cut.
fn bytes(part: &MediaPart, original: &[u8]) -> Vec<u8> {
    let splice = &part.file.splice;
    let pieces = splice.pieces().map(|piece| match piece {
        Piece::Made(bytes) => bytes.to_vec(),
        Piece::Source(range) => original[range.start as usize..range.end as usize].to_vec(),
    });
    let all: Vec<u8> = pieces.collect::<Vec<_>>().concat();
    assert_eq!(all.len() as u64, splice.len());
    all
}

const fn ms(ms: i64) -> Time {
    Time(ms * 1_000_000)
}

fn ticks(values: impl IntoIterator<Item = i64>) -> Vec<Ticks> {
    values.into_iter().map(Ticks).collect()
}
