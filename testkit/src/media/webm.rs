//! WebM: VP9 at 25 pictures a second and Opus, in clusters of two seconds.

use bytes::Bytes;

fn element(id: &[u8], data: &[u8]) -> Vec<u8> {
    let size = (data.len() as u64 | 1 << 56).to_be_bytes();
    [id, &size, data].concat()
}

fn track(number: u8, kind: u8, codec: &str) -> Vec<u8> {
    let fields = [
        element(&[0xd7], &[number]),
        element(&[0x73, 0xc5], &[number]),
        element(&[0x83], &[kind]),
        element(&[0x86], codec.as_bytes()),
    ];
    element(&[0xae], &fields.concat())
}

fn block(track: u8, time: i16, sync: bool, size: usize) -> Vec<u8> {
    let [high, low] = time.to_be_bytes();
    // The picture says too whether it is a keyframe.
    let mut data = vec![0x80 | track, high, low, if sync { 0x80 } else { 0 }, if sync { 0x82 } else { 0x86 }];
    data.resize(size, 0xa5);
    element(&[0xa3], &data)
}

/// A WebM: VP9 at 25 pictures a second, each of `picture` bytes, and Opus, in clusters of two seconds. A sync sample begins every
/// `group` clusters.
#[must_use]
pub fn webm(megabytes: usize, picture: usize, group: u64) -> Bytes {
    let header = element(&[0x1a, 0x45, 0xdf, 0xa3], &element(&[0x42, 0x82], b"webm"));
    let info = element(&[0x15, 0x49, 0xa9, 0x66], &element(&[0x2a, 0xd7, 0xb1], &1_000_000u32.to_be_bytes()));
    let tracks = [track(1, 1, "V_VP9"), track(2, 2, "A_OPUS")].concat();
    let mut segment = [info, element(&[0x16, 0x54, 0xae, 0x6b], &tracks)].concat();
    let mut at = 0u64;
    while segment.len() < megabytes << 20 {
        let mut cluster = element(&[0xe7], &at.to_be_bytes());
        for picture_number in 0i16..50 {
            cluster.extend(block(
                1,
                picture_number * 40,
                picture_number == 0 && at.is_multiple_of(2000 * group),
                picture,
            ));
            cluster.extend(block(2, picture_number * 40, true, 160));
            cluster.extend(block(2, picture_number * 40 + 20, true, 160));
        }
        segment.extend(element(&[0x1f, 0x43, 0xb6, 0x75], &cluster));
        at += 2000;
    }
    [header, element(&[0x18, 0x53, 0x80, 0x67], &segment)].concat().into()
}
