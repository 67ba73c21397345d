//! FLAC: frames with correct checksums, of random bytes.

use bytes::Bytes;

/// A checksum of polynomial `poly`, `bits` wide, bit by bit.
fn crc(bytes: &[u8], bits: u32, poly: u32) -> u32 {
    let top = 1 << (bits - 1);
    let fold = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte) << (bits - 8), |crc, _| crc << 1 ^ if crc & top == 0 { 0 } else { poly })
    };
    bytes.iter().fold(0, fold) & (top | (top - 1))
}

/// A FLAC: stereo at 44 100 samples a second, in frames of 4096 samples and about 8 KiB.
#[must_use]
pub fn flac(megabytes: usize) -> Bytes {
    let packed = 44_100_u64 << 44 | 1 << 41 | 15 << 36;
    let info = [&[0x80, 0, 0, 34, 0x10, 0, 0x10, 0, 0, 0, 0, 0, 0, 0][..], &packed.to_be_bytes(), &[0; 16]].concat();
    let mut file = [b"fLaC".to_vec(), info].concat();
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    // Each frame has the same body: what makes its checksum is slow here.
    let body: Vec<u8> = std::iter::repeat_with(|| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random.to_le_bytes()
    })
    .take(1024)
    .flatten()
    .collect();
    for number in 0_u32.. {
        if file.len() >= megabytes << 20 || number >= 0x80 << 4 {
            break;
        }
        // Numbers of two bytes: 128 to 2047, over and over.
        let number = number % (0x800 - 0x80) + 0x80;
        let mut frame = vec![0xFF, 0xF8, 0xC9, 0x18, 0xC0 | (number >> 6) as u8, 0x80 | (number & 0x3F) as u8];
        frame.push(crc(&frame, 8, 0x07) as u8);
        frame.extend_from_slice(&body);
        let sum = crc(&frame, 16, 0x8005) as u16;
        frame.extend(sum.to_be_bytes());
        file.extend(frame);
    }
    // Joined files number their frames anew: the same again until it is long enough.
    let (head, frames) = file.split_at(42);
    let times = ((megabytes << 20) / frames.len()).max(1);
    [head, &frames.repeat(times)].concat().into()
}
