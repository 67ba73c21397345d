//! For tests: hand-made pictures, as access units of a stream yet to be multiplexed.
#![allow(clippy::indexing_slicing, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use super::clock::SECOND;

/// An access unit, with its times in ticks.
#[derive(Clone, Debug)]
pub struct TimedUnit {
    pub presented: i64,
    pub decoded: i64,
    pub bytes: Vec<u8>,
    /// Its packet has time stamps; not all do.
    pub stamped: bool,
}

/// Pictures of MPEG-2 (or MPEG-1 if `old`), 25 a second, each second a group: I, then P and B. They are small, except
/// for one.
pub fn pictures(seconds: i64, old: bool) -> Vec<TimedUnit> {
    groups(seconds, |number, at| {
        let mut bytes = Vec::new();
        if at == 0 {
            bytes.extend([0, 0, 1, 0xB3, 0x14, 0, 0xB4, 0x33, 0xFF, 0xFF, 0xE0, 0x18]);
            if !old {
                bytes.extend([0, 0, 1, 0xB5, 0x14, 0x82, 0, 1, 0, 0]);
            }
            bytes.extend([0, 0, 1, 0xB8, 0, 8, 0x40, 0]);
        }
        let kind = kind(at);
        bytes.extend([0, 0, 1, 0, 0, kind << 3, 0xFF, 0xF8]);
        if !old {
            bytes.extend([0, 0, 1, 0xB5, 0x8F, 0xFF, 0xF3, 0x41, 0x80]);
        }
        bytes.extend([0, 0, 1, 1]);
        bytes.extend(filling(number, [900, 150, 30][usize::from(kind) - 1]));
        bytes
    })
}

/// Pictures of H.264 in the same order, each second a sequence of its own. They carry their presentation order.
pub fn avc(seconds: i64) -> Vec<TimedUnit> {
    groups(seconds, |number, at| {
        let mut bytes = Vec::new();
        if at == 0 {
            // Main profile, 320x180; frame numbers have four bits, order counts six.
            bytes.extend([0, 0, 0, 1, 0x67, 77, 0x40, 30]);
            bytes.extend(bits("1 1 1 011 011 0 000010100 0001100 1 1 1 1 1 1 00111 0 1"));
            bytes.extend([0, 0, 0, 1, 0x68, 0xCE, 0x38]);
        }
        let (unit, kind) = [(0x65, "0001000"), (0x41, "00110"), (0x01, "00111")][usize::from(kind(at)) - 1];
        let anew = if at > 0 { "" } else { "010" };
        bytes.extend([0, 0, 1, unit]);
        bytes.extend(bits(&format!("1 {kind} 1 {:04b} {anew} {:06b}", number % 15 + 1, 2 * at)));
        bytes.extend(filling(number, [400, 100, 20][usize::from(self::kind(at)) - 1]));
        bytes
    })
}

/// Ones and zeros as bytes, padded with ones.
fn bits(bits: &str) -> Vec<u8> {
    let bits: Vec<u8> = bits.bytes().filter(|bit| *bit != b' ').map(|bit| bit - b'0').collect();
    bits.chunks(8).map(|byte| (0..8).fold(0, |value, at| value << 1 | byte.get(at).unwrap_or(&1))).collect()
}

/// The type of a picture in its group: I, P or B.
const fn kind(at: i64) -> u8 {
    match (at, at % 3) {
        (0, _) => 1,
        (_, 0) => 2,
        _ => 3,
    }
}

/// At least this number of bytes, which identify their picture.
fn filling(number: i64, size: i64) -> impl Iterator<Item = u8> {
    (0..size + number % 17).map(move |byte| 0x80 | (number + byte) as u8)
}

/// Groups of a second with 25 pictures. `picture` gets the number of each, and its presentation number in its group.
fn groups(seconds: i64, picture: impl Fn(i64, i64) -> Vec<u8>) -> Vec<TimedUnit> {
    let in_group: Vec<i64> = std::iter::once(0).chain((3..25).step_by(3).flat_map(|at| [at, at - 2, at - 1])).collect();
    let unit = |number: i64| {
        let (second, index) = (number / 25, number % 25);
        let at = in_group[index as usize];
        TimedUnit {
            presented: second * SECOND + at * 3600,
            decoded: second * SECOND + (index - 1) * 3600,
            bytes: picture(number, at),
            stamped: at == 0,
        }
    };
    (0..seconds * 25).map(unit).collect()
}
