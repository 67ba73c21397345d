//! Ogg: Opus of 20 ms a packet, a second a page.

use bytes::Bytes;

/// The CRC of a page, bit by bit.
fn crc(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 24, |crc: u32, _| crc << 1 ^ if crc >> 31 == 1 { 0x04c1_1db7 } else { 0 })
    })
}

fn page(file: &mut Vec<u8>, flags: u8, granule: u64, sequence: u32, packets: &[&[u8]]) {
    let start = file.len();
    let lacing: Vec<u8> = packets
        .iter()
        .flat_map(|packet| std::iter::repeat_n(255, packet.len() / 255).chain([(packet.len() % 255) as u8]))
        .collect();
    file.extend([&b"OggS\0"[..], &[flags], &granule.to_le_bytes(), &[1, 0, 0, 0], &sequence.to_le_bytes()].concat());
    file.extend([&[0, 0, 0, 0, lacing.len() as u8], &lacing[..], &packets.concat()].concat());
    let sum = crc(&file[start..]).to_le_bytes();
    file[start + 22..start + 26].copy_from_slice(&sum);
}

/// An Ogg of Opus: packets of 20 ms and `packet` bytes, a second a page.
#[must_use]
pub fn ogg(megabytes: usize, packet: usize) -> Bytes {
    let mut file = Vec::new();
    page(&mut file, 2, 0, 0, &[b"OpusHead\x01\x02\x38\x01\x80\xbb\0\0\0\0\0"]);
    page(&mut file, 0, 0, 1, &[b"OpusTags\0\0\0\0\0\0\0\0"]);
    let mut packet = vec![0xa5; packet];
    packet[0] = 0xf8;
    let mut at = 0;
    while file.len() < megabytes << 20 {
        at += 1;
        page(&mut file, 0, 48_000 * u64::from(at), at + 1, &vec![packet.as_slice(); 50]);
    }
    file.into()
}
