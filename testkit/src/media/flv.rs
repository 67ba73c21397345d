//! FLV: H.264 at 25 pictures a second, and AAC.

use bytes::Bytes;

fn tag(kind: u8, time: u32, payload: &[u8]) -> Vec<u8> {
    let (size, time) = (payload.len() as u32, time.to_be_bytes());
    let header = [&[kind], &size.to_be_bytes()[1..], &time[1..], &time[..1], &[0; 3]].concat();
    [&header, payload, &(size + 11).to_be_bytes()].concat()
}

/// An FLV: H.264 at 25 pictures a second, each of `picture` bytes and every fiftieth a keyframe, and AAC.
#[must_use]
pub fn flv(megabytes: usize, picture: usize) -> Bytes {
    const VIDEO: u8 = 9;
    const SOUND: u8 = 8;
    let mut file = b"FLV\x01\x05\0\0\0\x09\0\0\0\0".to_vec();
    file.extend(tag(VIDEO, 0, &[0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1f, 0xff]));
    file.extend(tag(SOUND, 0, &[0xaf, 0, 0x12, 0x10]));
    for number in 0.. {
        if file.len() >= megabytes << 20 {
            break;
        }
        let mut frame = vec![if number % 50 == 0 { 0x17 } else { 0x27 }, 1, 0, 0, 0];
        frame.resize(picture, 0xa5);
        file.extend(tag(VIDEO, number * 40, &frame));
        for half in 0..2 {
            let mut frame = vec![0xaf, 1];
            frame.resize(200, 0x5a);
            file.extend(tag(SOUND, number * 40 + half * 20, &frame));
        }
    }
    file.into()
}
