//! A minimal WebM file, written by hand.

use bytes::Bytes;

/// An element with its size in eight bytes.
fn element(id: &[u8], data: &[u8]) -> Vec<u8> {
    let mut size = (data.len() as u64).to_be_bytes();
    size[0] = 1;
    [id, &size, data].concat()
}

/// A file of one video track with a keyframe of `size` bytes every second, and a cluster every five.
pub fn webm(seconds: u32, size: usize) -> Bytes {
    let header = element(&[0x1A, 0x45, 0xDF, 0xA3], &element(&[0x42, 0x82], b"webm"));
    let info = element(&[0x15, 0x49, 0xA9, 0x66], &element(&[0x2A, 0xD7, 0xB1], &1_000_000_u32.to_be_bytes()));
    let video = [element(&[0xB0], &[1, 64]), element(&[0xBA], &[36])].concat();
    let entry = [
        element(&[0xD7], &[1]),
        element(&[0x73, 0xC5], &[1]),
        element(&[0x83], &[1]),
        element(&[0x86], b"V_VP8"),
        element(&[0xE0], &video),
    ];
    let tracks = element(&[0x16, 0x54, 0xAE, 0x6B], &element(&[0xAE], &entry.concat()));
    let mut segment = [info, tracks].concat();
    for start in (0..seconds).step_by(5) {
        let mut cluster = element(&[0xE7], &(start * 1000).to_be_bytes());
        for second in start..seconds.min(start + 5) {
            let [high, low] = u16::try_from((second - start) * 1000).unwrap().to_be_bytes();
            let block = [&[0x81, high, low, 0x80][..], &vec![7; size]].concat();
            cluster.extend(element(&[0xA3], &block));
        }
        segment.extend(element(&[0x1F, 0x43, 0xB6, 0x75], &cluster));
    }
    [header, element(&[0x18, 0x53, 0x80, 0x67], &segment)].concat().into()
}
