//! Damaged streams: each is indexed or refused with a reason, and the index never exceeds the file.

use bytes::Bytes;
use futures::executor::block_on;

use super::super::scan::{FrameScanner, ScanStep};
use super::super::testing::{MP3, adts, frame, id3, id3_frame, index, try_index};
use crate::codec::Syntax;
use crate::codec::aac::adts::Adts;
use crate::container::Error;
use crate::container::notes::Notes;
use crate::container::stream::SourceStream;

fn files() -> [Vec<u8>; 3] {
    let chapter = [&b"a\0"[..], &[0; 16], &id3_frame(b"TIT2", b"\x03Title")].concat();
    let tag = id3(3, &[id3_frame(b"CHAP", &chapter), id3_frame(b"CTOC", b"t\0\x03\x01a\0")]);
    let mp3: Vec<u8> = (0..30_u16).flat_map(|at| frame(MP3 + (u32::from(at % 3) << 12), at * 10, at as u8)).collect();
    let (_, cut) = index(&mp3).cut(100_000_000, 500_000_000);
    let aac = (0..30).flat_map(|at| adts(100 + at, 1, at % 2 == 0)).collect();
    [[tag, mp3].concat(), cut, aac]
}

fn holds(file: &[u8], what: &str) {
    match try_index(file) {
        Ok(found) => {
            let frames = found.frames();
            assert!(frames.iter().all(|run| run.bytes().end <= file.len() as u64), "{what}");
            assert!(frames.windows(2).all(|pair| pair[0].bytes().end <= pair[1].offset), "{what}");
            if found.outline.duration.0 > 200_000_000 {
                found.cut(50_000_000, 150_000_000);
            }
        }
        Err(Error::Unknown | Error::Unsupported(_)) => {}
        Err(error) => panic!("{what}: {error}"),
    }
}

#[test]
fn a_truncated_file_gives_the_frames_that_are_whole() {
    for file in files() {
        // Each seventh length behind the beginning is at another byte of each frame.
        for length in (0..file.len()).filter(|length| *length < 2000 || length % 7 == 0) {
            holds(&file[..length], &format!("{length} bytes"));
        }
    }
    let whole: Vec<u8> = (0..30).flat_map(|at| frame(MP3, 0, at)).collect();
    let part = index(&whole[..417 * 20 + 100]);
    assert_eq!((part.frames().len(), part.notes().as_str()), (20, "it is truncated: its last frame ends at byte 8757"));
}

#[test]
fn random_damage_gives_frames_or_a_reason() {
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    for original in files() {
        for round in 0..2000 {
            let mut file = original.clone();
            for _ in 0..=next() % 4 {
                let reach = if next() % 2 == 0 { 300 } else { file.len() as u64 };
                let at = (next() % reach) as usize;
                file[at] ^= 1 << (next() % 8);
            }
            holds(&file, &format!("round {round}"));
        }
    }
}

#[test]
fn frames_that_are_said_to_go_on_behind_the_file_end_with_it() {
    // As if the checkpoint were of a longer file.
    let file: Vec<u8> = (0..5).flat_map(|at| adts(100 + at, 1, true)).collect();
    for file in [file.clone(), [file, vec![0; 100]].concat(), vec![0; 100]] {
        let kind = Adts.frame(&adts(100, 1, true)).unwrap().kind;
        let file = Bytes::from(file);
        let mut stream = SourceStream::new(&file, 64);
        let mut scanner = FrameScanner::new(Adts, kind, file.len() as u64 + 1000);
        let mut notes = Notes::default();
        let ends = (0..100).any(|_| matches!(block_on(scanner.step(&mut stream, &mut notes)), Ok(ScanStep::End)));
        assert!(ends, "{} bytes", file.len());
    }
}
