//! Writing parts of a file.

use super::super::layout::{self, Begins, PacketHead, PacketRun, StreamNumbers};
use super::super::packet::{Packing, TransportPacket};
use super::super::psi::{Association, Map, Sections};
use super::muxer::{ADTS, H264, MAP, Muxer, SOUND, VIDEO};
use super::muxer::{clock, film, packed, tables_with_clock, without_tables};
use super::{contents, index};
use crate::container;
use crate::container::indexed::bytes;

fn packets(file: &[u8], packing: Packing) -> Vec<TransportPacket<'_>> {
    assert!(file.len().is_multiple_of(packing.size));
    file.chunks(packing.size).map(|bytes| packing.packet(bytes).unwrap()).collect()
}

#[test]
fn a_cut_holds_its_samples_as_they_are() {
    let film = film(&mut Muxer::default(), 6, 126_000);
    for packing in Packing::ALL {
        let file = packed(&film, packing);
        let whole = index(&file);
        for (tracks, start, end) in [
            (&[0, 1][..], 2000, 4000),
            (&[0, 1], 0, 6000),
            (&[1], 1000, 3000),
            (&[0], 3000, 6000),
            (&[1, 0], 5000, 6000),
        ] {
            let selection = whole.select(tracks, start, end);
            let written = container::write(&whole.outline, &selection).unwrap();
            let cut = bytes(&written.splice, &file);
            let again = index(&cut);
            assert_eq!(again.notes(), "");
            assert_eq!(again.outline.tracks.len(), tracks.len());
            for (at, selected) in selection.tracks.iter().enumerate() {
                let original = contents(&whole, &file, packing, selected.track);
                let first =
                    whole.samples[selected.track].iter().position(|run| Some(run) == selected.runs.first()).unwrap();
                let expected = &original[first..first + selected.runs.len()];
                assert_eq!(contents(&again, &cut, packing, at), expected, "{tracks:?} {start} {end}");
            }
            assert!(again.samples[0][0].sync);
            assert_eq!(written.elements.iter().next().unwrap().start, written.setup.end);
            assert_eq!(written.elements.iter().last().unwrap().end, cut.len() as u64);
            assert!(written.elements.iter().collect::<Vec<_>>().windows(2).all(|pair| pair[0].end == pair[1].start));
        }
    }
}

#[test]
fn a_track_comes_alone() {
    let packing = Packing::ALL[0];
    let file = packed(&film(&mut Muxer::default(), 6, 0), packing);
    let whole = index(&file);
    for (track, pid, clock) in [(0, VIDEO, VIDEO), (1, SOUND, 0x1FFF)] {
        let written = container::write(&whole.outline, &whole.select(&[track], 2000, 5000)).unwrap();
        let cut = bytes(&written.splice, &file);
        let mut counters = [None; 0x2000];
        let (mut associations, mut maps) = (Sections::default(), Sections::default());
        for packet in packets(&cut, packing) {
            let expected = [0, MAP, pid, 0x1FFF].contains(&packet.pid());
            assert!(expected, "a packet of 0x{:X}", packet.pid());
            if packet.pid() == 0 {
                let found = associations.push(packet.payload(), packet.begins_unit()).unwrap();
                assert_eq!(Association::read(&found).unwrap().programs, [(1, MAP)]);
            }
            if packet.pid() == MAP {
                let map = Map::read(&maps.push(packet.payload(), packet.begins_unit()).unwrap()).unwrap();
                assert_eq!(map.streams.iter().map(|stream| stream.pid).collect::<Vec<_>>(), [pid]);
                assert_eq!(map.clock, clock);
            }
            if packet.pid() != 0x1FFF {
                let last = counters[usize::from(packet.pid())].replace(packet.counter());
                assert!(last.is_none_or(|last| packet.counter() == (last + 1) % 16));
            }
        }
    }
}

#[test]
fn a_clock_of_its_own_goes_with_every_cut() {
    const CLOCK: u16 = 0x1F0;
    let packing = Packing::ALL[0];
    let mut packets = tables_with_clock(CLOCK, &[(H264, VIDEO), (ADTS, SOUND)]);
    for (at, packet) in without_tables(film(&mut Muxer::default(), 6, 0)).into_iter().enumerate() {
        packets.extend((at % 10 == 0).then(|| clock(CLOCK)));
        packets.push(packet);
    }
    let file = packed(&packets, packing);
    let whole = index(&file);
    for tracks in [&[0][..], &[1], &[0, 1]] {
        let cut = bytes(&container::write(&whole.outline, &whole.select(tracks, 1000, 5000)).unwrap().splice, &file);
        let clocks = self::packets(&cut, packing).iter().filter(|packet| packet.pid() == CLOCK).count();
        let all = packets.iter().filter(|packet| packet[1..3] == CLOCK.to_be_bytes()).count();
        assert!((all / 2..all).contains(&clocks), "{clocks} of {all} with {tracks:?}");
        let mut maps = Sections::default();
        let mut map = self::packets(&cut, packing).into_iter().filter(|packet| packet.pid() == MAP);
        let map = map.find_map(|packet| maps.push(packet.payload(), packet.begins_unit())).unwrap();
        assert_eq!(Map::read(&map).unwrap().clock, CLOCK);
    }
}

#[test]
fn samples_that_no_element_has_are_an_error() {
    let file = packed(&film(&mut Muxer::default(), 3, 0), Packing::ALL[0]);
    let whole = index(&file);
    let mut selection = whole.select(&[0, 1], 0, 3000);
    selection.elements = crate::index::Elements::default();
    assert!(container::write(&whole.outline, &selection).is_err());
}

proptest::proptest! {
    #[test]
    fn a_layout_unpacks_to_what_was_packed(
        runs in proptest::collection::vec((1_u64..100_000, 0_u8..34, 0_u8..3, 0_u8..16), 0..50),
        start in 0_u64..1 << 40,
    ) {
        // Three streams have units, whose heads continue as expected or do not.
        let streams = StreamNumbers { tracks: 32, units: &[2, 7, 33] };
        let (mut offset, mut packet_runs) = (start, Vec::new());
        for (packets, stream, kind, counter) in runs {
            let begins = [Begins::Nothing, Begins::Pes, Begins::Stamped][usize::from(kind)];
            let of_units = if kind == 0 { PacketHead::plain(counter) } else { PacketHead::new(4 + 8, 14, counter, begins) };
            let head = streams.units.contains(&stream).then_some(of_units);
            packet_runs.push(PacketRun { offset, packets, stream, head });
            offset += packets * 188;
        }
        let mut packed = Vec::new();
        layout::pack(&mut packed, packet_runs.iter().copied(), streams);
        let found: Vec<_> = layout::unpack(&packed, streams, 188, start).collect();
        proptest::prop_assert_eq!(found, packet_runs);
    }
}
