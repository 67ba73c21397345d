//! Writing parts of a file.

use super::muxer::{CINEMA, MuxForm, PICTURES, PLAIN, SECOND, SOUND, SURROUND};
use super::muxer::{cinema, film, mux, pictures, sound, surround};
use super::{Owner, PsUnit, contents, index, packets, units};
use crate::container::indexed::bytes;
use crate::container::mpegps::write::write;

/// Checks that cuts of a file with pictures and this sound are indexed as the selection, and contain nothing else.
pub fn assert_cuts_hold(file: &[u8], sound: Owner, what: &str) {
    let owners = [PICTURES, sound];
    let whole = index(file);
    for (tracks, start, end) in
        [(&[0, 1][..], 2000, 4000), (&[0, 1], 0, 6000), (&[1], 1300, 3100), (&[0], 3000, 6000), (&[1, 0], 5000, 5500)]
    {
        let selection = whole.select(tracks, start, end);
        let written = write(&whole.outline, &selection).unwrap();
        let cut = bytes(&written.splice, file);
        let again = index(&cut);
        let what = format!("{what} {tracks:?} {start} {end}");
        assert_eq!(again.notes(), "", "{what}");
        let first =
            selection.tracks.iter().map(|selected| selected.runs.first().unwrap().presentation().0).min().unwrap();
        for (place, selected) in selection.tracks.iter().enumerate() {
            let owner = owners[selected.track];
            let place = again.outline.tracks.iter().position(|track| track.id == owner.id()).unwrap_or(place);
            let expected = contents(file, owner, &selected.runs.iter().collect::<Vec<_>>());
            assert!(contents(&cut, owner, &again.samples[place]) == expected, "{what}");
            let before: Vec<_> = selected.runs.iter().map(|run| run.presentation().0 - first).collect();
            assert_eq!(again.times(place), before, "{what}");
        }
        // No bytes of other samples are included.
        let data: usize = owners.iter().flat_map(|owner| packets(&cut, *owner)).map(|(_, data)| data.len()).sum();
        let chosen = selection.tracks.iter();
        let chosen = chosen
            .flat_map(|selected| contents(file, owners[selected.track], &selected.runs.iter().collect::<Vec<_>>()));
        assert_eq!(data, chosen.map(|content| content.len()).sum::<usize>(), "{what}");
        assert_eq!(written.elements.iter().next().unwrap().start, written.setup.end);
        assert_eq!(written.elements.iter().last().unwrap().end, cut.len() as u64);
        assert!(written.elements.iter().collect::<Vec<_>>().windows(2).all(|pair| pair[0].end == pair[1].start));
    }
}

#[test]
fn a_cut_holds_its_samples_as_they_are() {
    for form in [
        PLAIN,
        MuxForm { old: true, ..PLAIN },
        MuxForm { data: 2000, sparse: true, ..PLAIN },
        MuxForm { data: 40, ..PLAIN },
    ] {
        let pictures = pictures(6, form.old);
        for (owner, sound) in [(SOUND, sound(6)), (SURROUND, surround(6)), (CINEMA, cinema(6))] {
            let file = mux(form, &[(PICTURES, &pictures), (owner, &sound)]);
            assert_cuts_hold(&file, owner, &format!("{form:?} {owner:?}"));
        }
    }
}

#[test]
fn whole_packets_come_verbatim_and_others_with_a_header_of_their_own() {
    let file = film(PLAIN, 6);
    let whole = index(&file);
    let selection = whole.select(&[0, 1], 2000, 4000);
    let cut = bytes(&write(&whole.outline, &selection).unwrap().splice, &file);
    assert_eq!(units(&cut)[1], (PsUnit::System, 14..32));
    for (owner, selected) in [PICTURES, SOUND].into_iter().zip(&selection.tracks) {
        let found = packets(&cut, owner);
        let (first, middle) = (&found[0].0, &found[1..found.len() - 1]);
        let original = packets(&file, owner);
        let originals: Vec<_> = original.iter().map(|(packet, data)| (packet, &file[data.clone()])).collect();
        for (packet, data) in middle {
            assert!(originals.contains(&(packet, &cut[data.clone()])), "{owner:?}");
        }
        let run = selected.runs.first().unwrap();
        let stamp = |time: i64| PLAIN.zero.wrapping_add_signed(time);
        assert_eq!(first.times, Some((stamp(run.presentation().0), stamp(run.decode.0))), "{owner:?}");
    }
}

#[test]
fn the_system_header_names_the_chosen_streams_and_an_end_stays_one() {
    let file = [film(PLAIN, 3), vec![0, 0, 1, 0xB9]].concat();
    let whole = index(&file);
    assert_eq!(whole.notes(), "");
    for (track, owner) in [(0, PICTURES), (1, SOUND)] {
        let cut = bytes(&write(&whole.outline, &whole.select(&[track], 1000, 2500)).unwrap().splice, &file);
        let units = units(&cut);
        let (_, header) = units.iter().find(|(unit, _)| *unit == PsUnit::System).unwrap();
        assert_eq!(cut[header.clone()][12..], [owner.stream, 0xE0, 0xE6]);
        assert_eq!(units.last().unwrap().0, PsUnit::End);
        let streams =
            units.iter().filter_map(|(unit, _)| if let PsUnit::Packet(stream) = unit { Some(*stream) } else { None });
        assert!(streams.eq(std::iter::repeat_n(owner.stream, packets(&cut, owner).len())));
    }
}

#[test]
fn time_stamps_of_joined_recordings_stay_what_they_are() {
    let zero = 900;
    let joined = [film(MuxForm { zero: 5_000_000, ..PLAIN }, 3), film(MuxForm { zero, ..PLAIN }, 3)].concat();
    let whole = index(&joined);
    let mut selection = whole.select(&[0, 1], 4000, 5000);
    let sync = selection.tracks[0].runs.iter().position(|run| run.sync).unwrap();
    selection.tracks[0].runs = selection.tracks[0].runs.iter().skip(sync).collect();
    let cut = bytes(&write(&whole.outline, &selection).unwrap().splice, &joined);
    for (packet, _) in [PICTURES, SOUND].into_iter().flat_map(|owner| packets(&cut, owner)) {
        assert!(packet.times.is_none_or(|(presented, _)| presented < zero + 3 * SECOND as u64), "{packet:?}");
    }
}

#[test]
fn samples_that_no_element_has_are_an_error() {
    let file = film(PLAIN, 3);
    let whole = index(&file);
    let mut selection = whole.select(&[0, 1], 0, 3000);
    selection.elements = crate::index::Elements::default();
    assert!(write(&whole.outline, &selection).is_err());
}
