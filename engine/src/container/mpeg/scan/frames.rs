//! Frames of sound, which contain their own length.

use serde::{Deserialize, Serialize};

use super::{ScanEvent, ScanFinding};
use crate::codec::aac::adts::Adts;
use crate::codec::ac3::Ac3;
use crate::codec::dts::Dts;
use crate::codec::mpeg_audio::Mpeg;
use crate::codec::{FrameHeader, Syntax};
use crate::container::mpeg::codec::MpegCodec;

/// The number of bytes of a frame needed for its length.
const SEEN: usize = 9;
/// The number of junk bytes after which a frame of another kind is accepted.
const PATIENCE: u64 = 64 << 10;

/// The frames of a stream.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FrameScan {
    codec: MpegCodec,
    /// The common properties of its frames.
    kind: Option<u32>,
    /// The number of bytes of the frame still to come.
    left: u64,
    /// The bytes seen of the next frame, and the offset in the file of each.
    seen: Vec<u8>,
    places: Vec<u64>,
    /// The offset in the file where the byte before them ends.
    behind: Option<u64>,
    /// The number of bytes that are not part of a frame.
    junk: u64,
}

impl FrameScan {
    pub fn new(codec: MpegCodec) -> Self {
        Self { codec, kind: None, left: 0, seen: Vec::new(), places: Vec::new(), behind: None, junk: 0 }
    }

    /// The next bytes do not continue the previous ones.
    pub fn reset(&mut self) {
        *self = Self { kind: self.kind, ..Self::new(self.codec) };
    }

    /// Takes the next bytes, which begin at this offset of the file.
    pub fn push(&mut self, offset: u64, data: &[u8], events: &mut Vec<ScanEvent>) {
        let mut at = 0;
        while at < data.len() {
            if self.left > 0 {
                let step = usize::try_from(self.left).unwrap_or(usize::MAX).min(data.len() - at);
                self.left -= step as u64;
                at += step;
                self.behind = Some(offset + at as u64);
                continue;
            }
            let more = (SEEN - self.seen.len()).min(data.len() - at);
            self.seen.extend_from_slice(data.get(at..at + more).unwrap_or_default());
            self.places.extend((offset + at as u64..).take(more));
            at += more;
            if self.seen.len() < SEEN {
                return;
            }
            let begins = self.places.first().copied().unwrap_or(offset);
            let Some((frame, rate)) = self.frame() else {
                self.junk += 1;
                self.behind = Some(begins + 1);
                self.seen.remove(0);
                self.places.remove(0);
                continue;
            };
            if frame.duration > 0 {
                events.push(ScanEvent {
                    offset: begins,
                    before: self.behind.unwrap_or(begins),
                    at: begins.checked_sub(offset).and_then(|at| usize::try_from(at).ok()),
                    carried: Vec::new(),
                    what: ScanFinding::Frame { samples: frame.duration, rate },
                });
            }
            self.left = u64::from(frame.size).saturating_sub(SEEN as u64);
            self.behind = self.places.last().map(|place| place + 1);
            self.junk = 0;
            self.seen.clear();
            self.places.clear();
        }
    }

    /// The frame at the bytes seen, and its sample rate.
    fn frame(&mut self) -> Option<(FrameHeader, u32)> {
        let (frame, rate) = match self.codec {
            MpegCodec::Adts => of(Adts, &self.seen),
            MpegCodec::Ac3 | MpegCodec::Eac3 => of(Ac3, &self.seen),
            MpegCodec::Dts => of(Dts, &self.seen),
            _ => of(Mpeg { free: None }, &self.seen),
        }?;
        if self.junk > PATIENCE {
            self.kind = None;
        }
        (*self.kind.get_or_insert(frame.kind) == frame.kind).then_some((frame, rate))
    }
}

fn of(syntax: impl Syntax, bytes: &[u8]) -> Option<(FrameHeader, u32)> {
    let frame = syntax.frame(bytes)?;
    Some((frame, syntax.rate(frame.kind)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames of MPEG-1 layer II at 48 kHz and 32 kbit/s: 96 bytes.
    fn stream(count: u8) -> Vec<u8> {
        (0..count).flat_map(|number| [&[0xFF, 0xFD, 0x14, 0xC4][..], &[number; 92]].concat()).collect()
    }

    fn found(stream: &[u8], packet: usize) -> Vec<(u64, u64)> {
        let (mut frames, mut events) = (FrameScan::new(MpegCodec::MpegAudio), Vec::new());
        for (number, data) in stream.chunks(packet).enumerate() {
            frames.push((number * (packet + 20)) as u64, data, &mut events);
        }
        events.iter().map(|event| (event.offset, event.before)).collect()
    }

    #[test]
    fn frames_are_found_however_packets_cut_them() {
        let stream = [&[7; 30], &stream(9)[..]].concat();
        let expected: Vec<u64> = (0..9).map(|number| 30 + 96 * number).collect();
        for packet in [1, 5, 96, 100, 10_000] {
            let in_file = |at: u64| at + at / packet as u64 * 20;
            let expected: Vec<_> = expected.iter().map(|at| (in_file(*at), in_file(at - 1) + 1)).collect();
            assert_eq!(found(&stream, packet), expected, "packets of {packet}");
        }
        let damaged = [&stream[..300], &stream[310..]].concat();
        assert!(found(&damaged, 100).len() >= 7);
    }
}
