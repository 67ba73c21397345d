//! Cuts of streams of frames.

use proptest::prelude::*;

use super::super::Frames;
use super::super::mpeg::TagFrame;
use super::super::testing::{MP3, adts, frame, index};
use crate::codec::mpeg_audio::MpegAudioHeader;
use crate::container::Format;
use crate::media::{Ticks, Time};

/// The nanoseconds of a number of samples at 44.1 kHz, rounded up so that they select exactly these samples.
fn time(samples: i64) -> i64 {
    (samples * 1_000_000_000 + 44_099) / 44_100
}

#[test]
fn a_cut_has_an_info_frame_the_reservoir_and_the_frames_before() {
    let file: Vec<u8> = (0..40).flat_map(|at| frame(MP3, 300, at)).collect();
    let (part, cut) = index(&file).cut(time(20 * 1152 + 100), time(25 * 1152 + 100));
    assert_eq!((part.given.start(), part.given.end()), (Time(time(20 * 1152 + 100)), Time(time(25 * 1152 + 100))));
    let tag = TagFrame::parse(&cut).unwrap();
    // The generated frame, one to warm up, six that are played.
    assert_eq!((tag.frames, tag.delays), (Some(8), Some((2 * 1152 + 100 - 529, 529 + 1052))));
    let info = MpegAudioHeader::parse(&cut).unwrap().size().unwrap() as usize;
    assert_eq!(part.file.setup, 0..info as u64);
    assert_eq!(part.file.elements.iter().collect::<Vec<_>>(), [info as u64..(cut.len() - 6 * 417) as u64]);
    assert_eq!(cut[cut.len() - 7 * 417..], file[19 * 417..26 * 417]);
    // Its side information declares silence, and it ends with the main data of the frame before.
    let made = &cut[info..cut.len() - 7 * 417];
    assert_eq!(MpegAudioHeader::parse(made).unwrap().size().unwrap() as usize, made.len());
    assert!(made[4..made.len() - 381].iter().all(|byte| *byte == 0));
    assert_eq!(made[made.len() - 381..], [18; 381]);
}

#[test]
fn a_cut_from_the_beginning_needs_no_frame_before() {
    let file: Vec<u8> = (0..40).flat_map(|at| frame(MP3, 0, at)).collect();
    // Without an encoder delay, a silent frame hides the decoder's delay.
    let (_, cut) = index(&file).cut(0, time(1152));
    let tag = TagFrame::parse(&cut).unwrap();
    assert_eq!((tag.frames, tag.delays), (Some(2), Some((1152 - 529, 529))));
    let (_, again) = index(&cut).cut(0, time(1000));
    let tag = TagFrame::parse(&again).unwrap();
    assert_eq!((tag.frames, tag.delays), (Some(2), Some((1152 - 529, 529 + 152))));
    assert_eq!(again[again.len() - 417..], cut[cut.len() - 417..]);
    assert_eq!(Frames.writer(), 4, "what a cut is has changed: say so there");
}

#[test]
fn a_cut_of_whole_frames_says_what_it_holds() {
    let layer_2: Vec<u8> = (0..40).flat_map(|at| frame(0xFFFD_8064, 0, at)).collect();
    let aac: Vec<u8> = (0..40).flat_map(|at| adts(200 + at, 1, false)).collect();
    for (file, samples) in [(layer_2, 1152), (aac, 1024)] {
        let indexed = index(&file);
        let (part, cut) = indexed.cut(time(20 * samples + 10), time(22 * samples + 10));
        let (start, end) = (19 * samples, 23 * samples);
        let second = 1_000_000_000;
        assert_eq!(part.given.start(), Time(start * second / 44_100));
        assert_eq!(part.given.end(), Time(end * second / 44_100));
        let again = index(&cut);
        assert_eq!(again.frames().len(), 4);
        let (outline, _) = futures::executor::block_on(part.index(&indexed.outline)).unwrap();
        assert!((outline.duration.0 - again.outline.duration.0).abs() <= 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_a_cut_declares_is_what_was_asked_for(
        bit_rates in prop::collection::vec((1_u32..15, 0_u16..512, any::<bool>()), 10..80),
        header in prop::sample::select(vec![MP3, 0xFFFA_9064, 0xFFFB_90C4, 0xFFF3_9064, 0xFFF2_90C4, 0xFFE3_9864, 0xFFFB_9464]),
        start in 0.0..1.0, end in 0.0..1.0,
    ) {
        let low = header >> 19 & 1 == 0;
        let frames: Vec<_> = bit_rates.iter().enumerate().map(|(at, (index, reach, padding))| {
            let header = header & !0xF000 | index << 12 | u32::from(*padding) << 9;
            // A frame full of 0x47 looks like packets of a transport stream.
            let data = at as u8 + u8::from(at >= 0x47);
            frame(header, if low { reach >> 1 } else { *reach }, data)
        }).collect();
        let file = frames.concat();
        let indexed = index(&file);
        let track = &indexed.outline.tracks[0];
        let whole = indexed.outline.duration.0 as f64;
        let (start, end) = ((whole * f64::min(start, end)) as i64, (whole * f64::max(start, end)) as i64 + 1);
        let first = track.timescale.ticks(Time(start));
        let last = track.timescale.ticks(Time(end.min(indexed.outline.duration.0)));
        prop_assume!(first < last);
        let (_, cut) = indexed.cut(start, end);
        let again = index(&cut);
        prop_assert_eq!(again.notes(), "");
        let edit = again.outline.tracks[0].edits[0];
        prop_assert_eq!(edit.duration, Some(last - first));

        // From the frame of the first sample on, all are the original's, until the request is covered.
        let duration = indexed.frames()[0].duration.0;
        let media = edit.media.unwrap();
        let (at, in_cut) = ((first.0 / duration) as usize, (media.0 / duration) as usize);
        prop_assert_eq!(media - Ticks(in_cut as i64 * duration), first - Ticks(at as i64 * duration));
        let bytes: Vec<_> = again.frames().iter().map(|run| cut[run.offset as usize..][..run.size as usize].to_vec()).collect();
        let warm = (1152 / duration) as usize;
        let from = at.saturating_sub(warm);
        let behind = ((last.0 + duration - 1) / duration) as usize;
        prop_assert_eq!(&bytes[in_cut - (at - from)..], &frames[from..behind]);

        // The data that they reach back into is right before the first of them.
        let data = |frame: &Vec<u8>| frame[usize::from(MpegAudioHeader::parse(frame).unwrap().before_data())..].to_vec();
        let before: Vec<u8> = frames[..from].iter().flat_map(data).collect();
        let made: Vec<u8> = bytes[..in_cut - (at - from)].iter().flat_map(data).collect();
        for frame in from..behind.min(from + warm + 1) {
            let between: usize = frames[from..frame].iter().map(|frame| data(frame).len()).sum();
            let reach = if low { bit_rates[frame].1 >> 1 } else { bit_rates[frame].1 };
            let needed = usize::from(reach).saturating_sub(between).min(before.len());
            prop_assert!(made.ends_with(&before[before.len() - needed..]), "frame {}", frame);
        }
    }
}
