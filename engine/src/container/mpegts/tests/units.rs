//! Pictures that do not begin with PES packets.

use super::super::MpegTs;
use super::super::packet::Packing;
use super::index;
use super::muxer::{ADTS, H264, Muxer, Packets, SOUND, VIDEO, packed, tables};
use crate::container::indexed::bytes;
use crate::container::mpeg::pes::Pes;
use crate::container::mpeg::testing::{TimedUnit, avc, pictures};
use crate::container::{self, SegmentFormat};
use crate::media::Run;

const ZERO: u64 = 126_000;
pub const MPEG2: u8 = 0x02;

/// How pictures are packed.
#[derive(Clone, Copy, Debug)]
pub enum How {
    /// This number in each PES packet.
    Count(usize),
    /// In PES packets of this size, with their lengths.
    Size(usize),
}

/// Pictures packed this way, interleaved with some sound.
pub fn film(muxer: &mut Muxer, kind: u8, units: &[TimedUnit], how: How) -> Packets {
    let data: Vec<u8> = units.iter().flat_map(|unit| unit.bytes.clone()).collect();
    let mut begins: Vec<usize> = units
        .iter()
        .scan(0, |at, unit| {
            *at += unit.bytes.len();
            Some(*at - unit.bytes.len())
        })
        .collect();
    let cuts: Vec<usize> = match how {
        How::Count(count) => begins.iter().copied().step_by(count).collect(),
        How::Size(size) => (0..data.len()).step_by(size).collect(),
    };
    begins.push(data.len());
    let mut packets = Packets::new();
    for (at, start) in cuts.iter().enumerate() {
        if at % 20 == 0 {
            packets.extend(tables(&[(kind, VIDEO), (ADTS, SOUND)]));
        }
        let end = cuts.get(at + 1).copied().unwrap_or(data.len());
        let first = begins.partition_point(|begin| begin < start);
        let unit = units.get(first).filter(|_| begins[first] < end);
        let stamp = |time: i64| ZERO.wrapping_add_signed(time) % (1 << 33);
        let times = unit.map(|unit| (stamp(unit.presented), stamp(unit.decoded)));
        let sized = matches!(how, How::Size(_));
        let video = muxer.pes_of(VIDEO, times, sized, &data[*start..end]);
        let frame = [&[0xFF, 0xF1, 0x50, 0x80][..], &[0x80 | at as u8; 200]].concat();
        // Not before the first picture is presented.
        let time = stamp(units[first.min(units.len() - 1)].decoded + 3600);
        let mut sound = muxer.pes(SOUND, time, time, &frame).into_iter();
        for packet in video {
            packets.push(packet);
            packets.extend(sound.next());
        }
        packets.extend(sound);
    }
    packets
}

/// The data of pictures, byte by byte, each with its offset in the file. Checks the lengths of PES packets that have
/// one.
fn data(file: &[u8], packing: Packing) -> Vec<(u64, u8)> {
    let (mut found, mut left, mut counter) = (Vec::new(), None::<usize>, None);
    for (at, bytes) in file.chunks(packing.size).enumerate() {
        let packet = packing.packet(bytes).unwrap();
        if packet.pid() != VIDEO {
            continue;
        }
        assert!(counter.is_none_or(|counter| packet.follows(counter)), "packet {at}");
        counter = Some(packet.counter());
        let mut payload = packet.payload();
        if packet.begins_unit() {
            assert!(left.is_none_or(|left| left == 0), "a PES packet is not whole before packet {at}");
            let length = usize::from(u16::from_be_bytes([payload[4], payload[5]]));
            let header = Pes::read(payload).unwrap().header;
            left = length.checked_sub(header - 6);
            payload = &payload[header..];
        }
        left = left.map(|left| left.checked_sub(payload.len()).unwrap());
        let end = at * packing.size + packing.end();
        found.extend((end - payload.len()..end).map(|at| (at as u64, file[at])));
    }
    assert!(left.is_none_or(|left| left == 0));
    found
}

fn contents(file: &[u8], packing: Packing, runs: &[Run]) -> Vec<Vec<u8>> {
    let data = data(file, packing);
    let behind = |offset: u64| data.partition_point(|(place, _)| *place < offset);
    let content = |run: &Run| {
        let bytes = run.bytes();
        data[behind(bytes.start)..behind(bytes.end)].iter().map(|(_, byte)| *byte).collect()
    };
    runs.iter().map(content).collect()
}

/// A picture without the zeros around its start codes: one before the first belongs to the previous picture if a packet
/// ends there.
fn codes(picture: &[u8]) -> &[u8] {
    let zeros = picture.iter().take_while(|byte| **byte == 0).count();
    let trailing = picture.iter().rev().take_while(|byte| **byte == 0).count();
    &picture[zeros..picture.len() - trailing]
}

const HOWS: [How; 8] = [
    How::Count(2),
    How::Count(7),
    How::Count(25),
    How::Count(200),
    How::Size(150),
    How::Size(184),
    How::Size(1000),
    How::Size(20_000),
];

#[test]
fn pictures_are_samples_however_they_are_packed() {
    for (kind, units) in [(MPEG2, pictures(6, false)), (H264, avc(6))] {
        for how in HOWS {
            for packing in Packing::ALL {
                let file = packed(&film(&mut Muxer::default(), kind, &units, how), packing);
                let found = index(&file);
                assert_eq!(found.notes(), "", "{how:?}");
                let found_there = contents(&file, packing, &found.samples[0]);
                let same = found_there.iter().map(|bytes| codes(bytes)).eq(units.iter().map(|unit| codes(&unit.bytes)));
                assert!(same, "{how:?} of {kind}");
                let times: Vec<_> = units.iter().map(|unit| unit.presented).collect();
                assert_eq!(found.times(0), times, "{how:?} of {kind}");
                let syncs = found.samples[0].iter().filter(|run| run.sync).count();
                assert_eq!(syncs, 6);
                assert_eq!(found.outline.setup_ranges, [0..2 * packing.size as u64]);
            }
        }
    }
}

#[test]
fn a_cut_has_whole_pictures_and_nothing_else() {
    for (kind, units) in [(MPEG2, pictures(6, false)), (H264, avc(6))] {
        for how in HOWS {
            for packing in Packing::ALL {
                let file = packed(&film(&mut Muxer::default(), kind, &units, how), packing);
                let whole = index(&file);
                for (tracks, start, end) in
                    [(&[0, 1][..], 2000, 4000), (&[0], 0, 6000), (&[0, 1], 1000, 1900), (&[1, 0], 5000, 5300)]
                {
                    let selection = whole.select(tracks, start, end);
                    let pictures = selection.tracks.iter().find(|selected| selected.track == 0).unwrap();
                    let written = container::write(&whole.outline, &selection).unwrap();
                    let cut = bytes(&written.splice, &file);
                    assert!(cut.len().is_multiple_of(packing.size));
                    let again = index(&cut);
                    // Sound without samples in that time is missing in the new index.
                    let place = again.outline.tracks.iter().position(|track| track.id == u64::from(VIDEO)).unwrap();
                    let original = contents(&file, packing, &pictures.runs.iter().collect::<Vec<_>>());
                    assert!(
                        contents(&cut, packing, &again.samples[place]) == original,
                        "{how:?} of {kind} from {start} to {end}"
                    );
                    let chosen: Vec<u8> = original.concat();
                    assert!(data(&cut, packing).iter().map(|(_, byte)| *byte).eq(chosen), "{how:?}");
                    assert!(again.samples[place][0].sync);
                    assert_eq!(written.elements.iter().last().unwrap().end, cut.len() as u64);
                    assert!(
                        written.elements.iter().collect::<Vec<_>>().windows(2).all(|pair| pair[0].end == pair[1].start)
                    );
                }
            }
        }
    }
}

#[test]
fn leading_pictures_are_left_out_from_among_others() {
    let units = pictures(4, false);
    for how in HOWS {
        let file = packed(&film(&mut Muxer::default(), MPEG2, &units, how), Packing::ALL[0]);
        let whole = index(&file);
        let mut selection = whole.select(&[0], 1000, 3000);
        // Leave out two after the first.
        let runs = selection.tracks[0].runs.iter().enumerate().filter(|(place, _)| !(2..4).contains(place));
        selection.tracks[0].runs = runs.map(|(_, run)| run).collect();
        let expected = contents(&file, Packing::ALL[0], &selection.tracks[0].runs.iter().collect::<Vec<_>>()).concat();
        let cut = bytes(&container::write(&whole.outline, &selection).unwrap().splice, &file);
        let found = cut.chunks(188).filter_map(|bytes| {
            let packet = Packing::ALL[0].packet(bytes).filter(|packet| packet.pid() == VIDEO)?;
            let payload = packet.payload();
            let header = if packet.begins_unit() { Pes::read(payload).unwrap().header } else { 0 };
            Some(payload[header..].to_vec())
        });
        assert!(found.flatten().eq(expected), "{how:?}");
    }
}

#[test]
fn packets_that_come_to_begin_in_the_middle_of_pictures_go_with_those_before() {
    let units = pictures(8, false);
    let (one_each, filled) = units.split_at(100);
    let muxer = &mut Muxer::default();
    let packets = [film(muxer, MPEG2, one_each, How::Count(1)), film(muxer, MPEG2, filled, How::Size(700))].concat();
    let file = packed(&packets, Packing::ALL[0]);
    let found = index(&file);
    assert!(found.notes().contains("in the middle of a picture"), "{}", found.notes());
    let own = data(&file, Packing::ALL[0]);
    for run in &found.samples[0] {
        let begin = own.partition_point(|(place, _)| *place < run.offset);
        let bytes: Vec<u8> = own[begin..begin + 3].iter().map(|(_, byte)| *byte).collect();
        assert_eq!(bytes, [0, 0, 1]);
    }
}

#[test]
fn pictures_that_change_begin_a_period_however_they_are_packed() {
    let mut units = avc(12);
    let changed = &[0, 0, 0, 1, 0x67, 77, 0x40];
    for unit in units.iter_mut().skip(6 * 25) {
        // Of level 3.1.
        if unit.bytes.starts_with(changed) {
            unit.bytes[changed.len()] = 31;
        }
    }
    for how in HOWS {
        let file = packed(&film(&mut Muxer::default(), H264, &units, how), Packing::ALL[0]);
        let outline = index(&file).outline;
        let track = &outline.tracks[0];
        assert_eq!(MpegTs.codecs(&outline, track), ["avc1.4d401e", "avc1.4d401f"], "{how:?}");
        let periods = &outline.segments.as_ref().unwrap().periods;
        let starts: Vec<i64> = periods.iter().map(|period| (period.starts[0] - track.shift()).0).collect();
        // Each is decoded a picture before it is presented.
        assert_eq!(starts, [-3600, 6 * 90_000 - 3600], "{how:?}");
    }
}
