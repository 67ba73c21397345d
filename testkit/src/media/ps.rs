//! MPEG program streams, as discs have them: packs of 2048 bytes of MPEG-2 video at 25 pictures a second, and of AC-3.

use bytes::Bytes;

/// Bytes of a pack, and of the headers of one with time stamps.
const PACK: usize = 2048;
const HEADERS: usize = 14 + 9 + 10;
/// Bytes of a frame of AC-3 of 192 kbit/s.
const FRAME: usize = 768;

fn pack(stream: u8, time: u64, stamped: bool, data: &[u8]) -> Vec<u8> {
    let mut out = vec![0, 0, 1, 0xba, 0x44, 0, 4, 0, 4, 1, 1, 0x43, 0x37, 0xf8];
    let length = (3 + if stamped { 10 } else { 0 } + data.len()) as u16;
    out.extend([0, 0, 1, stream]);
    out.extend(length.to_be_bytes());
    out.extend(if stamped { [0x81, 0xc0, 10] } else { [0x81, 0, 0] });
    for (mark, time) in [(0x30, time + 3600), (0x10, time)].into_iter().filter(|_| stamped) {
        let (a, b, c) = ((time >> 29) as u8 & 0xe, ((time >> 15) as u16) << 1 | 1, (time as u16) << 1 | 1);
        out.push(mark | a | 1);
        out.extend([b.to_be_bytes(), c.to_be_bytes()].concat());
    }
    out.extend_from_slice(data);
    out
}

/// A picture of up to `size` bytes, with a slice every three hundred; one in twelve begins a group.
pub(super) fn mpeg_2(number: u64, size: usize) -> Vec<u8> {
    let slice: Vec<u8> = [0, 0, 1, 1].into_iter().chain((0..296).map(|at| at as u8 | 0x80)).collect();
    let mut data = Vec::with_capacity(size);
    let kind = if number.is_multiple_of(12) { 1 } else { 2 };
    if kind == 1 {
        data.extend([0, 0, 1, 0xb3, 0x2d, 0x02, 0x40, 0x33, 0xff, 0xff, 0xe0, 0x18]);
        data.extend([0, 0, 1, 0xb5, 0x14, 0x82, 0, 1, 0, 0, 0, 0, 1, 0xb8, 0, 8, 0x40, 0]);
    }
    data.extend([0, 0, 1, 0, 0, kind << 3, 0xff, 0xf8, 0, 0, 1, 0xb5, 0x8f, 0xff, 0xf3, 0x41, 0x80]);
    while data.len() + slice.len() < size {
        data.extend_from_slice(&slice);
    }
    data
}

/// A program stream: MPEG-2 video at 25 pictures a second, each of `picture` packs of 2048 bytes, and AC-3.
#[must_use]
pub fn ps(megabytes: usize, picture: usize) -> Bytes {
    let mut file = Vec::with_capacity((megabytes << 20) + (1 << 20));
    let sound: Vec<u8> = [0x0b, 0x77, 0, 0, 20, 0x40].into_iter().chain([0x5a; FRAME - 6]).collect();
    let sound = sound.repeat(2);
    for number in 0_u64.. {
        if file.len() >= megabytes << 20 {
            break;
        }
        let data = mpeg_2(number, picture * (PACK - HEADERS));
        for (at, data) in data.chunks(PACK - HEADERS).enumerate() {
            file.extend(pack(0xe0, number * 3600, at == 0, data));
        }
        // Five frames of sound last as long as four pictures.
        if number % 4 < 3 {
            let frames = if number % 4 == 0 { 1 } else { 2 };
            let data = [&[0x80, frames, 0, 1][..], &sound[..FRAME * usize::from(frames)]].concat();
            file.extend(pack(0xbd, number * 3600, true, &data));
        }
    }
    file.into()
}
