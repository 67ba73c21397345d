//! A small multiplexer: turns PES packets into transport packets, which tests may then interleave in any order.

use std::collections::BTreeMap;

use bytes::BufMut;

use super::super::packet::{Packing, TablePacketHeader};
use super::super::psi::CutTables;
use crate::container::mpeg::pes::put_stamp;

pub const VIDEO: u16 = 0x100;
pub const SOUND: u16 = 0x101;
pub const MAP: u16 = 0x1000;
pub const H264: u8 = 0x1B;
pub const ADTS: u8 = 0x0F;
pub const SECOND: u64 = 90_000;

/// Packets of 188 bytes.
pub type Packets = Vec<Vec<u8>>;

#[derive(Default)]
pub struct Muxer {
    counters: BTreeMap<u16, u8>,
}

impl Muxer {
    fn packet(&mut self, pid: u16, first: bool, adaptation: Option<u8>, payload: &[u8]) -> Vec<u8> {
        let counter = self.counters.entry(pid).or_insert(0);
        let mut out = vec![0x47];
        out.put_u16(u16::from(first) << 14 | pid);
        let stuffing = 184 - payload.len();
        let field = stuffing > 0 || adaptation.is_some();
        out.push(if field { 0x30 } else { 0x10 } | *counter);
        *counter = (*counter + 1) % 16;
        if field {
            out.push((stuffing - 1) as u8);
            if stuffing > 1 {
                out.push(adaptation.unwrap_or(0));
                out.resize(out.len() + stuffing - 2, 0xFF);
            }
        }
        out.extend_from_slice(payload);
        out
    }

    /// A PES packet; that of video has no length, as usual.
    pub fn pes(&mut self, pid: u16, presented: u64, decoded: u64, payload: &[u8]) -> Packets {
        self.pes_of(pid, Some((presented, decoded)), pid != VIDEO, payload)
    }

    /// A PES packet with these time stamps; `sized`: with its length.
    pub fn pes_of(&mut self, pid: u16, times: Option<(u64, u64)>, sized: bool, payload: &[u8]) -> Packets {
        let video = pid == VIDEO;
        let mut header = vec![0x80, 0, 0];
        if let Some((presented, decoded)) = times {
            // Both time stamps, though they may be equal.
            header = vec![0x80, 0xC0, 10];
            put_stamp(&mut header, 3, presented);
            put_stamp(&mut header, 1, decoded);
        }
        let mut bytes = vec![0, 0, 1, if video { 0xE0 } else { 0xC0 }];
        bytes.put_u16(if sized { (header.len() + payload.len()) as u16 } else { 0 });
        bytes.extend(header);
        bytes.extend_from_slice(payload);
        let mut packets = Packets::new();
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let first = packets.is_empty();
            let room = if first && video { 182 } else { 184 };
            // One byte of an adaptation field is its length, so 183 bytes fit neither with one nor without.
            let (now, later) = rest.split_at(rest.len().min(room));
            packets.push(self.packet(pid, first, (first && video).then_some(0), now));
            rest = later;
        }
        packets
    }
}

/// The tables of program 1 with streams of these types; the clock is in the pictures' packets.
pub fn tables(streams: &[(u8, u16)]) -> Packets {
    tables_with_clock(VIDEO, streams)
}

/// The same, with the clock in packets of this PID.
pub fn tables_with_clock(clock: u16, streams: &[(u8, u16)]) -> Packets {
    let mut body = Vec::new();
    body.put_u16(0xE000 | clock);
    body.put_u16(0xF000);
    for (kind, pid) in streams {
        body.put_u8(*kind);
        body.put_u16(0xE000 | pid);
        body.put_u16(0xF000);
    }
    let packed = CutTables::new(Packing::ALL[0], 7, (1, MAP), &body).packets([0; 4]);
    packed.chunks(188).map(<[u8]>::to_vec).collect()
}

/// A packet with only a clock reference.
pub fn clock(pid: u16) -> Vec<u8> {
    let [high, low] = pid.to_be_bytes();
    let mut out = vec![0x47, high, low, 0x20, 183, 0x10];
    out.resize(188, 0xFF);
    out
}

/// The packets without those of tables.
pub fn without_tables(packets: Packets) -> Packets {
    packets.into_iter().filter(|packet| packet[1] & 0x1F != 0x10 && packet[1..3] != [0x40, 0]).collect()
}

/// A null packet.
pub fn null() -> Vec<u8> {
    let mut out = Vec::new();
    Packing::ALL[0].put(&mut out, TablePacketHeader { pid: 0x1FFF, counter: 0, first: false }, [0; 4], &[]);
    out
}

/// A picture of this size that identifies itself; one that is `sync` is a random access point.
pub fn picture(number: u64, sync: bool, size: usize) -> Vec<u8> {
    let mut out = vec![0, 0, 0, 1, 9, 0xF0];
    if sync {
        out.extend([0, 0, 0, 1, 0x67, 0x64, 0, 0x0D, 0, 0, 1, 0x68, 1, 0, 0, 1, 0x65]);
    } else {
        out.extend([0, 0, 1, 0x41]);
    }
    out.extend((0..size).map(|at| 0x80 | (number as usize + at) as u8));
    out
}

/// Seconds of 25 pictures: the first of each second is a sync sample, every second one is reordered, and sound is in
/// between. `zero`: the time stamp of the first picture.
pub fn film(muxer: &mut Muxer, seconds: u64, zero: u64) -> Packets {
    let mut packets = Packets::new();
    let wrap = |time: u64| time % (1 << 33);
    for second in 0..seconds {
        packets.extend(tables(&[(H264, VIDEO), (ADTS, SOUND)]));
        for at in 0..25 {
            let number = second * 25 + at;
            // Decoded one picture's time ahead. Of each pair after a sync sample, the later one is decoded first.
            let shown = if at == 0 {
                number
            } else if at % 2 == 1 {
                number + 1
            } else {
                number - 1
            };
            let video = muxer.pes(
                VIDEO,
                wrap(zero + shown * 3600),
                wrap(zero + number * 3600 + (1 << 33) - 3600),
                &picture(shown, at == 0, 300 + 500 * usize::from(at == 0)),
            );
            let sound = if at % 2 == 0 {
                let frame = [&[0xFF, 0xF1, 0x50, 0x80][..], &[0x80 | number as u8; 300]].concat();
                muxer.pes(SOUND, wrap(zero + number * 3600), wrap(zero + number * 3600), &frame)
            } else {
                Packets::new()
            };
            // They are interleaved packet by packet, with null packets as filler.
            let (mut video, mut sound) = (video.into_iter(), sound.into_iter());
            loop {
                let (next, turn) = (video.next(), sound.next());
                if next.is_none() && turn.is_none() {
                    break;
                }
                packets.extend(next);
                packets.extend(turn);
                if number % 3 == 0 {
                    packets.push(null());
                }
            }
        }
    }
    packets
}

/// The same packets as a file with another packing.
pub fn packed(packets: &[Vec<u8>], packing: Packing) -> Vec<u8> {
    let behind = packing.size - packing.before - 188;
    let one = |(at, packet): (usize, &Vec<u8>)| {
        let arrival = (at as u32).to_be_bytes();
        [&arrival[..packing.before], packet, &vec![0x47; behind]].concat()
    };
    packets.iter().enumerate().flat_map(one).collect()
}
