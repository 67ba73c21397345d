//! MPEG transport streams: H.264 at 25 pictures a second and AAC, interleaved packet by packet; and MPEG-2 with two pictures in each
//! PES packet.

use bytes::Bytes;

use super::ps::mpeg_2;

const VIDEO: u16 = 0x100;
const SOUND: u16 = 0x101;

/// A PAT with one program, and its PMT with both streams, the pictures of this `stream_type`; their CRCs are worked out.
fn tables(pictures: u8) -> Vec<u8> {
    let pat = [0, 0xb0, 13, 0, 1, 0xc1, 0, 0, 0, 1, 0xf0, 0];
    let pmt = [2, 0xb0, 23, 0, 1, 0xc1, 0, 0, 0xe1, 0, 0xf0, 0, pictures, 0xe1, 0, 0xf0, 0, 0x0f, 0xe1, 1, 0xf0, 0];
    let table = |pid: u16, section: &[u8]| {
        let crc = section.iter().fold(u32::MAX, |crc, byte| {
            (0..8)
                .fold(crc ^ u32::from(*byte) << 24, |crc, _| (crc << 1) ^ if crc >> 31 == 0 { 0 } else { 0x04c1_1db7 })
        });
        packet(pid, true, 0, &[&[0], section, &crc.to_be_bytes(), &[0xff; 184]].concat()[..184])
    };
    [table(0, &pat), table(0x1000, &pmt)].concat()
}

fn packet(pid: u16, first: bool, counter: usize, payload: &[u8]) -> Vec<u8> {
    let [high, low] = (u16::from(first) << 14 | pid).to_be_bytes();
    [&[0x47, high, low, 0x10 | (counter % 16) as u8], payload].concat()
}

fn pes(stream: u8, time: u64) -> Vec<u8> {
    let stamp = [
        0x21 | (time >> 29) as u8 & 0xe,
        (time >> 22) as u8,
        (time >> 14) as u8 | 1,
        (time >> 7) as u8,
        (time << 1) as u8 | 1,
    ];
    [&[0, 0, 1, stream, 0, 0, 0x80, 0x80, 5][..], &stamp].concat()
}

/// A transport stream: H.264 at 25 pictures a second, each of `picture` packets and every fiftieth a random access point, and AAC.
#[must_use]
pub fn ts(megabytes: usize, picture: usize) -> Bytes {
    let mut file = Vec::with_capacity((megabytes << 20) + (1 << 20));
    let (mut pictures, mut sounds) = (0, 0);
    for number in 0_u64.. {
        if file.len() >= megabytes << 20 {
            break;
        }
        let mut start = pes(0xe0, number * 3600);
        if number % 50 == 0 {
            file.extend(tables(0x1b));
            start.extend([0, 0, 1, 0x67, 0x64, 0, 0x1f, 0, 0, 1, 0x65]);
        } else {
            start.extend([0, 0, 1, 0x41]);
        }
        start.resize(184, 0xa5);
        for at in 0..picture {
            let payload = if at == 0 { &start[..] } else { &[0xa5; 184] };
            file.extend(packet(VIDEO, at == 0, pictures, payload));
            pictures += 1;
            if at % 12 == 0 {
                let mut sound = if at == 0 { pes(0xc0, number * 3600) } else { Vec::new() };
                sound.resize(184, 0x5a);
                file.extend(packet(SOUND, at == 0, sounds, &sound));
                sounds += 1;
            }
        }
    }
    file.into()
}

/// A transport stream of MPEG-2 video with two pictures in each PES packet, each of about `picture` packets and every twelfth a random
/// access point.
#[must_use]
pub fn pairs(megabytes: usize, picture: usize) -> Bytes {
    let mut file = Vec::with_capacity((megabytes << 20) + (1 << 20));
    let mut packets = 0;
    for pair in 0_u64.. {
        if file.len() >= megabytes << 20 {
            break;
        }
        if pair % 6 == 0 {
            file.extend(tables(2));
        }
        let mut data = pes(0xe0, pair * 7200);
        data.extend(mpeg_2(2 * pair, picture * 184));
        data.extend(mpeg_2(2 * pair + 1, picture * 184));
        data.resize(data.len().next_multiple_of(184), 0);
        for (at, payload) in data.chunks(184).enumerate() {
            file.extend(packet(VIDEO, at == 0, packets, payload));
            packets += 1;
        }
    }
    file.into()
}
