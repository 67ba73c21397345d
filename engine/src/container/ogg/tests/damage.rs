//! Files that are truncated, damaged, or malicious.

use super::*;

#[test]
fn a_page_that_is_damaged_is_missing_and_the_times_behind_it_are_right() {
    let mut file = opus(7, 20, 0);
    let whole = index(&file);
    let torn = whole.samples[0][57].offset as usize;
    file[torn] ^= 1;
    let indexed = index(&file);
    let expected: Vec<_> = (0..200).filter(|at| at / 10 != 5).map(|at| 960 * at - 312).collect();
    assert_eq!(indexed.times(0), expected);
    let notes = indexed.notes();
    assert!(notes.contains("pages are missing") && notes.contains("no sound page"), "{notes}");
    let cut = bytes(&indexed.cut(ms(500), ms(2000)), &file);
    let again = index(&cut);
    assert_eq!(again.outline.duration, ms(1500));
}

#[test]
fn what_stands_before_a_gap_is_not_skipped_behind_it() {
    let mut file = opus(7, 20, 0);
    let whole = index(&file);
    let torn = whole.samples[0][57].offset as usize;
    file[torn] ^= 1;
    let indexed = index(&file);
    // Page 5 is missing: packets 50 to 59, from 993.5 ms to 1193.5.
    for (start, first, skipped) in [(1000, 60, 0), (1100, 60, 0), (1250, 60, 2712), (990, 34, 15_192)] {
        let cut = bytes(&indexed.cut(ms(start), ms(2000)), &file);
        let again = index(&cut);
        assert_eq!(again.packets(0, &cut)[0], opus_packet(first, opus_size(first)), "{start}");
        assert_eq!(writing::skip_of(&cut), skipped, "{start}");
    }
}

#[test]
fn of_a_packet_whose_other_half_is_missing_nothing_is_left() {
    let mut writer = Writer::new(9);
    let mut file = opus_headers(&mut writer);
    let packet = |number| opus_packet(number, 600);
    file.extend(writer.page(0, 960, &[packet(0), packet(1)], Some(255)));
    let _lost = writer.page(0, 1920, &[packet(1)[255..].to_vec(), packet(2)], Some(255));
    file.extend(writer.page(0, 3840, &[packet(2)[255..].to_vec(), packet(3)], None));
    file.extend(writer.page(LAST, 4800, &[packet(4)], None));
    let indexed = index(&file);
    assert_eq!(indexed.notes(), "pages are missing before (at byte 992)");
    let cut = bytes(&indexed.cut(ms(0), ms(90)), &file);
    assert_eq!(index(&cut).packets(0, &cut), [packet(0), packet(3), packet(4)]);
}

#[test]
fn a_truncated_file_gives_what_is_there_or_a_reason() {
    let original = opus(7, 30, 0);
    let whole = index(&original);
    for length in (0..200).chain((200..original.len()).step_by(29)) {
        match try_index(&Bytes::copy_from_slice(&original[..length]), 512) {
            Err(Error::Malformed { .. }) => {
                assert!((length as u64) < whole.outline.setup_ranges[0].end, "{length} bytes");
            }
            Err(error) => panic!("{error} of {length} bytes"),
            Ok(part) => {
                let (some, all) = (&part.samples[0], &whole.samples[0]);
                assert!(some.iter().zip(all).all(|(one, other)| one == other), "{length} bytes");
            }
        }
    }
}

#[test]
fn random_damage_gives_an_error_or_a_partial_index() {
    let original = [opus(7, 20, 0), opus(8, 20, 0)].concat();
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    for round in 0..400 {
        let mut file = original.clone();
        for _ in 0..=next() % 4 {
            let at = (next() % file.len() as u64) as usize;
            file[at] ^= 1 << (next() % 8);
        }
        // An attacker corrects the CRCs.
        let mut at = 0;
        while round % 2 == 0 && at + 27 <= file.len() && file[at..].starts_with(b"OggS") {
            let segments = usize::from(file[at + 26]);
            let body: usize = file[at + 27..].iter().take(segments).map(|length| usize::from(*length)).sum();
            let end = (at + 27 + segments + body).min(file.len());
            file[at + 22..at + 26].fill(0);
            let sum = crc(&file[at..end]);
            file[at + 22..at + 26].copy_from_slice(&sum.to_le_bytes());
            at = end;
        }
        let Ok(found) = try_index(&Bytes::from(file.clone()), 4096) else { continue };
        assert!(found.samples.iter().flatten().all(|run| run.bytes().end <= file.len() as u64), "round {round}");
        let meaning = Meaning::of(&Ask::from(Interval::new(ms(700), ms(5000)).unwrap()), &found.outline);
        if let Ok(Cut::Part(part)) = block_on(resolve::cut(&found.outline, &mut &found.pages, &meaning)) {
            let cut = bytes(&part, &file);
            let again = try_index(&Bytes::from(cut), 4096).unwrap();
            assert_eq!(again.notes(), "", "round {round}");
        }
    }
}

#[test]
fn what_looks_like_pages_everywhere_is_given_up() {
    let start = opus(7, 2, 0);
    // A header every 64 bytes, each of a page of the maximum size.
    let false_page = [&b"OggS\0\0"[..], &[0; 20], &[255], &[255; 37]].concat();
    let file = [start, false_page.repeat(200_000)].concat();
    assert!(matches!(try_index(&Bytes::from(file), 1 << 22), Err(Error::Malformed { .. })));
}
