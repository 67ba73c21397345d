//! A small multiplexer: puts access units into packets that are filled up to their size, one in each pack.

use bytes::BufMut;

use super::super::pack::Owner;
pub use crate::container::mpeg::clock::SECOND;
use crate::container::mpeg::pes::put_times;
pub use crate::container::mpeg::testing::{TimedUnit, avc, pictures};

pub const PICTURES: Owner = Owner { stream: 0xE0, substream: 0 };
pub const SOUND: Owner = Owner { stream: 0xC0, substream: 0 };
pub const SURROUND: Owner = Owner { stream: 0xBD, substream: 0x80 };
pub const CINEMA: Owner = Owner { stream: 0xBD, substream: 0x88 };
pub const SAMPLES: Owner = Owner { stream: 0xBD, substream: 0xA0 };

/// The form of a file.
#[derive(Clone, Copy, Debug)]
pub struct MuxForm {
    /// As in MPEG-1.
    pub old: bool,
    /// The number of bytes of data in a packet.
    pub data: usize,
    /// The time stamp of the first presentation.
    pub zero: u64,
    /// Only units that request them have time stamps.
    pub sparse: bool,
}

pub const PLAIN: MuxForm = MuxForm { old: false, data: 300, zero: 45_000, sparse: false };

/// Frames of MPEG-1 layer II at 48 kHz and 32 kbit/s.
pub fn sound(seconds: i64) -> Vec<TimedUnit> {
    frames(seconds * SECOND / 2160, 2160, |number| [&[0xFF, 0xFD, 0x14, 0xC4][..], &[number; 92]].concat())
}

/// Frames of AC-3 at 48 kHz and 32 kbit/s.
pub fn surround(seconds: i64) -> Vec<TimedUnit> {
    frames(seconds * SECOND / 2880, 2880, |number| [&[0x0B, 0x77, 0, 0, 0, 0x40][..], &[number; 122]].concat())
}

/// Frames of DTS of 512 samples at 48 kHz.
pub fn cinema(seconds: i64) -> Vec<TimedUnit> {
    let header = [0x7F, 0xFE, 0x80, 0x01, 0xFC, 0x3C, 0x3F, 0x10, 0x35];
    frames(seconds * SECOND / 960, 960, |number| [&header[..], &[number; 1001]].concat())
}

fn frames(count: i64, duration: i64, frame: impl Fn(u8) -> Vec<u8>) -> Vec<TimedUnit> {
    let unit = |number: i64| TimedUnit {
        presented: number * duration,
        decoded: number * duration,
        bytes: frame(0x40 | (number % 64) as u8),
        stamped: number % 10 == 0,
    };
    (0..count).map(unit).collect()
}

/// A pack header with this clock reference.
pub fn pack(old: bool, time: u64) -> Vec<u8> {
    let mut out = vec![0, 0, 1, 0xBA];
    if old {
        put_times(&mut out, 2, (time, time));
        out.extend([0x80, 1, 1]);
    } else {
        let byte = |shift: u32| (time >> shift) as u8;
        out.push(0x44 | byte(27) & 0x38 | byte(28) & 3);
        out.push(byte(20));
        out.push(byte(12) & 0xF8 | 4 | byte(13) & 3);
        out.push(byte(5));
        out.push(byte(0) << 3 | 4);
        out.extend([1, 1, 0x43, 0x37, 0xF8]);
    }
    out
}

/// A system header for these streams.
pub fn system(streams: &[u8]) -> Vec<u8> {
    let mut out = vec![0, 0, 1, 0xBB, 0, 6 + 3 * streams.len() as u8, 0x80, 1, 1, 4, 0xE1, 0x7F];
    out.extend(streams.iter().flat_map(|stream| [*stream, 0xE0, 0xE6]));
    out
}

/// A packet.
pub fn packet(old: bool, owner: Owner, times: Option<(u64, u64)>, (begin, pointer): (u8, u16), data: &[u8]) -> Vec<u8> {
    let mut header = Vec::new();
    if let Some(times) = times {
        if !old {
            let both = times.0 != times.1;
            header.extend([0x81, if both { 0xC0 } else { 0x80 }, if both { 10 } else { 5 }]);
        }
        put_times(&mut header, 2, times);
    } else {
        header.extend(if old { &[0x0F][..] } else { &[0x81, 0, 0] });
    }
    if owner.header() > 0 {
        header.extend([owner.substream, begin]);
        header.put_u16(pointer);
        // For uncompressed samples: 16 bits, 48 kHz, two channels.
        header.extend(&[0, 1, 0x80][..owner.header() - 4]);
    }
    let mut out = vec![0, 0, 1, owner.stream];
    out.put_u16((header.len() + data.len()) as u16);
    out.extend(header);
    out.extend_from_slice(data);
    out
}

/// A stream being multiplexed.
struct MuxedStream<'a> {
    owner: Owner,
    units: &'a [TimedUnit],
    data: Vec<u8>,
    /// The offset of each unit.
    begins: Vec<usize>,
    at: usize,
}

impl<'a> MuxedStream<'a> {
    fn new(owner: Owner, units: &'a [TimedUnit]) -> Self {
        let begins = units.iter().scan(0, |at, unit| {
            *at += unit.bytes.len();
            Some(*at - unit.bytes.len())
        });
        let data = units.iter().flat_map(|unit| unit.bytes.clone()).collect();
        Self { owner, units, data, begins: begins.collect(), at: 0 }
    }

    /// The next packet.
    fn packet(&mut self, form: MuxForm) -> Vec<u8> {
        let end = (self.at + form.data).min(self.data.len());
        let first = self.begins.partition_point(|begin| *begin < self.at);
        let behind = self.begins.partition_point(|begin| *begin < end);
        let unit = (first < behind).then(|| &self.units[first]);
        let stamp = |time: i64| form.zero.wrapping_add_signed(time) % (1 << 33);
        let stamped = unit.filter(|unit| unit.stamped || !form.sparse);
        let times = stamped.map(|unit| (stamp(unit.presented), stamp(unit.decoded)));
        let pointer = unit.map_or(0, |_| self.begins[first] - self.at + 1);
        let data = &self.data[self.at..end];
        self.at = end;
        packet(form.old, self.owner, times, ((behind - first) as u8, pointer as u16), data)
    }

    fn time(&self) -> i64 {
        let next = self.begins.partition_point(|begin| *begin < self.at);
        self.units.get(next).map_or(i64::MAX, |unit| unit.decoded)
    }
}

/// Multiplexes streams into a file with packets in the order of their times, without an end code.
pub fn mux(form: MuxForm, streams: &[(Owner, &[TimedUnit])]) -> Vec<u8> {
    let mut muxed: Vec<MuxedStream<'_>> =
        streams.iter().map(|(owner, units)| MuxedStream::new(*owner, units)).collect();
    let mut out = Vec::new();
    while let Some(next) = muxed.iter_mut().filter(|next| next.at < next.data.len()).min_by_key(|next| next.time()) {
        out.extend(pack(form.old, out.len() as u64));
        if out.len() < 20 {
            out.extend(system(&streams.iter().map(|(owner, _)| owner.stream).collect::<Vec<_>>()));
        }
        out.extend(next.packet(form));
    }
    out
}

/// Pictures and sound.
pub fn film(form: MuxForm, seconds: i64) -> Vec<u8> {
    mux(form, &[(PICTURES, &pictures(seconds, form.old)), (SOUND, &sound(seconds))])
}
