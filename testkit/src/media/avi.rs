//! AVI without an index: MPEG-4 part 2 at 25 pictures a second, and MP3.

use bytes::Bytes;

fn chunk(id: [u8; 4], data: &[u8]) -> Vec<u8> {
    let mut out = [&id[..], &(data.len() as u32).to_le_bytes(), data].concat();
    out.resize(out.len().next_multiple_of(2), 0);
    out
}

fn list(kind: [u8; 4], children: &[Vec<u8>]) -> Vec<u8> {
    chunk(*b"LIST", &[&kind[..], &children.concat()].concat())
}

fn stream(kind: [u8; 4], (scale, rate, size): (u32, u32, u32), format: &[u8]) -> Vec<u8> {
    let mut header = vec![0; 56];
    header[..4].copy_from_slice(&kind);
    for (at, value) in [(20, scale), (24, rate), (44, size)] {
        header[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
    list(*b"strl", &[chunk(*b"strh", &header), chunk(*b"strf", format)])
}

/// An AVI without an index: MPEG-4 part 2 at 25 pictures a second, each of `picture` bytes and every fiftieth a keyframe, and MP3.
#[must_use]
pub fn avi(megabytes: usize, picture: usize) -> Bytes {
    let mut format = [0; 40];
    format[16..20].copy_from_slice(b"XVID");
    let video = stream(*b"vids", (1, 25, 0), &format);
    // 128 kbit/s at 44.1 kHz.
    let audio = stream(*b"auds", (1, 16_000, 1), &[0x55, 0, 2, 0, 0x44, 0xac, 0, 0, 0x80, 0x3e, 0, 0, 1, 0, 0, 0]);
    let headers = list(*b"hdrl", &[chunk(*b"avih", &[0; 56]), video, audio]);
    let mut movi = b"movi".to_vec();
    for number in 0.. {
        if movi.len() >= megabytes << 20 {
            break;
        }
        let kind = if number % 50 == 0 { 0x10 } else { 0x50 };
        let mut frame = vec![0, 0, 1, 0xb6, kind];
        frame.resize(picture, 0xa5);
        movi.extend(chunk(*b"00dc", &frame));
        movi.extend(chunk(*b"01wb", &[0x5a; 640]));
    }
    let riff = [&b"AVI "[..], &headers, &chunk(*b"LIST", &movi)].concat();
    chunk(*b"RIFF", &riff).into()
}
