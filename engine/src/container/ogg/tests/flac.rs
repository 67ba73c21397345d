//! FLAC in Ogg, whose packets are numbered.

use super::*;

/// The remainder of these bytes by a polynomial with this many bits.
fn remainder(bits: u32, polynomial: u32, bytes: &[u8]) -> u32 {
    let mask = (1 << bits) - 1;
    bytes.iter().fold(0, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte) << (bits - 8), |sum, _| {
            (sum << 1 ^ if sum >> (bits - 1) == 1 { polynomial } else { 0 }) & mask
        })
    })
}

/// A frame of 4096 samples, whose number takes this many bytes of its header.
fn frame(number: u64, size: usize) -> Vec<u8> {
    let number = char::from_u32(number as u32).unwrap().to_string();
    let mut frame = [&[0xFF, 0xF8, 0xCA, 0x08], number.as_bytes()].concat();
    frame.push(remainder(8, 0x07, &frame) as u8);
    frame.extend((0..size).map(|at| (at * 7 + size) as u8));
    frame.extend((remainder(16, 0x8005, &frame) as u16).to_be_bytes());
    frame
}

/// The number of a valid frame, and its content.
fn opened(frame: &[u8]) -> (u64, &[u8]) {
    assert_eq!(remainder(16, 0x8005, frame), 0);
    let length = frame[4].leading_ones().max(1) as usize;
    assert_eq!(remainder(8, 0x07, &frame[..=4 + length]), 0);
    let number =
        if length == 1 { u64::from(frame[4]) } else { u64::from(frame[4] & 31) << 6 | u64::from(frame[5] & 63) };
    (number, &frame[4 + length + 1..frame.len() - 2])
}

fn headers(writer: &mut Writer) -> Vec<u8> {
    let mut info = [0; 34];
    info[10..14].copy_from_slice(&(48_000_u32 << 12 | 15 << 4).to_be_bytes());
    let first = [b"\x7fFLAC\x01\0\0\x02fLaC\0\0\0\x22", &info[..]].concat();
    let first = writer.page(FIRST, 0, &[first], None);
    let picture = [&[0x86, 0, 0x9C, 0x40][..], &vec![9; 40_000]].concat();
    [first, writer.page(0, 0, &[b"\x04\0\0\x08\0\0\0\0\0\0\0\0".to_vec(), picture], None)].concat()
}

/// Frames of these sizes, one on each page.
fn flac(sizes: impl Iterator<Item = usize>) -> Vec<u8> {
    let mut writer = Writer::new(3);
    let mut file = headers(&mut writer);
    for (number, size) in sizes.enumerate() {
        file.extend(writer.page(0, 4096 * (number as i64 + 1), &[frame(number as u64, size)], None));
    }
    file
}

/// Frames that span two or three pages, with this many bytes on the last.
fn spanning(frames: u64, left: usize) -> Vec<u8> {
    let mut writer = Writer::new(3);
    let mut file = headers(&mut writer);
    for number in 0..frames {
        let pages = 1 + number as usize % 2;
        let around = frame(number, 0).len();
        let packet = frame(number, 255 * pages + left - around);
        for page in 0..pages {
            file.extend(writer.page(0, -1, &[packet[255 * page..].to_vec()], Some(255)));
        }
        file.extend(writer.page(0, 4096 * (number as i64 + 1), &[packet[255 * pages..].to_vec()], None));
    }
    file
}

/// Cuts frames `first` to `last`, and checks the whole cut.
fn check(file: &[u8], first: usize, last: usize) {
    let indexed = index(file);
    assert_eq!(indexed.notes(), "");
    let at = |frame: usize| Time(frame as i64 * 4096 * 1_000_000 / 48);
    let part = indexed.cut(at(first) + ms(9), at(last) + ms(19));
    assert_eq!(part.given, Interval::new(at(first), at(last + 1)).unwrap());
    let cut = bytes(&part, file);
    let again = index(&cut);
    let (all, some) = (indexed.packets(0, file), again.packets(0, &cut));
    assert_eq!((some.len(), again.notes()), (last + 1 - first, String::new()));
    assert_eq!(again.samples[0].last().unwrap().decode_end(), Ticks(4096 * some.len() as i64));
    for (number, (new, old)) in some.iter().zip(&all[first..]).enumerate() {
        let (own, body) = opened(new);
        assert_eq!((own, body), (number as u64, opened(old).1));
    }
    let info = cut.windows(4).position(|four| four == b"fLaC").unwrap() + 8;
    let total = u64::from_be_bytes(cut[info + 10..info + 18].try_into().unwrap()) & 0xF_FFFF_FFFF;
    assert_eq!(total, 4096 * some.len() as u64);
    assert!(cut.len() < some.concat().len() + 100 * some.len() + 400, "no picture");
}

#[test]
fn frames_of_a_cut_are_numbered_from_zero() {
    let file = flac((0..300).map(|number| 700 + number % 50));
    for (first, last) in [(0, 0), (23, 47), (120, 290), (200, 200), (299, 299)] {
        check(&file, first, last);
    }
}

#[test]
fn a_frame_that_lies_on_several_pages_keeps_its_length() {
    for left in [0, 1, 2, 3, 100] {
        let file = spanning(300, left);
        for (first, last) in [(0, 3), (23, 47), (140, 290)] {
            check(&file, first, last);
        }
    }
}

#[test]
fn what_is_no_frame_stays_as_it_is() {
    let mut writer = Writer::new(3);
    let mut file = headers(&mut writer);
    for number in 0..20 {
        let packet = if number == 11 { b"\xFF".to_vec() } else { frame(number, 50) };
        file.extend(writer.page(0, 4096 * (number as i64 + 1), &[packet], None));
    }
    let indexed = index(&file);
    let cut = bytes(&indexed.cut(ms(900), ms(1200)), &file);
    let packets = index(&cut).packets(0, &cut);
    assert!(packets.contains(&b"\xFF".to_vec()));
    assert_eq!(opened(&packets[0]).0, 0);
}
