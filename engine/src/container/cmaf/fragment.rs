//! A CMAF segment of one track (ISO/IEC 23000-19 §7.3.2): `styp`, one movie fragment (ISO/IEC 14496-12 §8.8) and its media
//! data.

use super::super::boxes::{patch_u32, write_box, write_full_box};
use super::header::{TRACK, put};
use crate::media::splice::Splice;

/// The flags of `tfhd` (§8.8.7.1).
const DEFAULT_DURATION: u32 = 0x08;
const DEFAULT_SIZE: u32 = 0x10;
const DEFAULT_FLAGS: u32 = 0x20;
const DEFAULT_BASE_IS_MOOF: u32 = 0x02_0000;

/// The flags of `trun` (§8.8.8.1).
const DATA_OFFSET: u32 = 0x01;
const FIRST_FLAGS: u32 = 0x04;
const DURATIONS: u32 = 0x100;
const SIZES: u32 = 0x200;
const FLAGS: u32 = 0x400;
const COMPOSITIONS: u32 = 0x800;

/// The flags of a sync sample, which depends on no other, and of any other sample (§8.8.3.1).
const SYNC: u32 = 0x0200_0000;
const NOT_SYNC: u32 = 0x0101_0000;

/// A sample as a movie fragment lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FragmentSample {
    /// Its duration in ticks.
    pub duration: u32,
    /// Its size in bytes.
    pub size: u32,
    /// Whether decoding can begin at it.
    pub sync: bool,
    /// Its presentation time less its decode time, in ticks.
    pub composition: i32,
}

impl FragmentSample {
    const fn flags(self) -> u32 {
        if self.sync { SYNC } else { NOT_SYNC }
    }
}

/// Writes a segment with these samples, whose bytes are `payload`, the first decoded at this time. Segments of a track
/// have ascending sequence numbers.
#[must_use]
pub fn segment(sequence: u32, decode: u64, samples: &[FragmentSample], payload: &Splice) -> Splice {
    let mut out = Vec::with_capacity(128 + 16 * samples.len());
    write_box(&mut out, *b"styp", |out| out.extend_from_slice(b"msdh\0\0\0\0msdhcmfs"));
    let moof = out.len();
    let mut data_offset = 0;
    write_box(&mut out, *b"moof", |out| {
        write_full_box(out, *b"mfhd", 0, |out| put(out, &[sequence]));
        write_box(out, *b"traf", |out| {
            let layout = FragmentLayout::of(samples);
            layout.write_header(out);
            write_full_box(out, *b"tfdt", 1, |out| out.extend_from_slice(&decode.to_be_bytes()));
            data_offset = layout.write_run(out, samples);
        });
    });
    let length = payload.len() + 8;
    let header = if u32::try_from(length).is_ok() { 8 } else { 16 };
    let offset = u32::try_from(out.len() - moof + header).unwrap_or(u32::MAX);
    patch_u32(&mut out, data_offset, offset);
    if let Ok(length) = u32::try_from(length) {
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(b"mdat");
    } else {
        out.extend_from_slice(b"\0\0\0\x01mdat");
        out.extend_from_slice(&(length + 8).to_be_bytes());
    }
    let mut splice = Splice::new();
    splice.made(out);
    splice.append(payload);
    splice
}

/// What the samples of a fragment have in common: it is written once.
struct FragmentLayout {
    duration: Option<u32>,
    size: Option<u32>,
    /// The flags of all samples, but perhaps the first.
    flags: Option<u32>,
    first_flags: Option<u32>,
    compositions: bool,
}

impl FragmentLayout {
    fn of(samples: &[FragmentSample]) -> Self {
        let flags = common(samples.get(1..).unwrap_or_default().iter().map(|sample| sample.flags()));
        let flags = flags.or_else(|| samples.first().filter(|_| samples.len() == 1).map(|first| first.flags()));
        Self {
            duration: common(samples.iter().map(|sample| sample.duration)),
            size: common(samples.iter().map(|sample| sample.size)),
            flags,
            first_flags: samples.first().map(|first| first.flags()).filter(|first| flags.is_some_and(|f| f != *first)),
            compositions: samples.iter().any(|sample| sample.composition != 0),
        }
    }

    fn write_header(&self, out: &mut Vec<u8>) {
        let with = |flag: u32, value: Option<u32>| if value.is_some() { flag } else { 0 };
        let flags = DEFAULT_BASE_IS_MOOF
            | with(DEFAULT_DURATION, self.duration)
            | with(DEFAULT_SIZE, self.size)
            | with(DEFAULT_FLAGS, self.flags);
        write_box(out, *b"tfhd", |out| {
            put(out, &[flags, TRACK]);
            for value in [self.duration, self.size, self.flags].into_iter().flatten() {
                put(out, &[value]);
            }
        });
    }

    /// Writes `trun`; returns where its data offset stands.
    fn write_run(&self, out: &mut Vec<u8>, samples: &[FragmentSample]) -> usize {
        let with = |flag: u32, is: bool| if is { flag } else { 0 };
        let flags = DATA_OFFSET
            | with(FIRST_FLAGS, self.first_flags.is_some())
            | with(DURATIONS, self.duration.is_none())
            | with(SIZES, self.size.is_none())
            | with(FLAGS, self.flags.is_none())
            | with(COMPOSITIONS, self.compositions);
        let mut at = 0;
        write_box(out, *b"trun", |out| {
            // Version 1: composition offsets are signed.
            put(out, &[0x0100_0000 | flags, u32::try_from(samples.len()).unwrap_or(u32::MAX)]);
            at = out.len();
            put(out, &[0]);
            if let Some(first) = self.first_flags {
                put(out, &[first]);
            }
            for sample in samples {
                let fields = [
                    (self.duration.is_none(), sample.duration),
                    (self.size.is_none(), sample.size),
                    (self.flags.is_none(), sample.flags()),
                    (self.compositions, sample.composition.cast_unsigned()),
                ];
                for (_, field) in fields.into_iter().filter(|(is, _)| *is) {
                    put(out, &[field]);
                }
            }
        });
        at
    }
}

/// The value that all of these have.
fn common(mut values: impl Iterator<Item = u32>) -> Option<u32> {
    let first = values.next()?;
    values.all(|value| value == first).then_some(first)
}
