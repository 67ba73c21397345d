//! The time stamps of samples are those that were written.

use super::super::packet::Packing;
use super::super::stamp;
use super::muxer::{H264, Muxer, film, packed};
use super::units::{self, How};
use super::{Indexed, index};
use crate::container::TimeStamp;
use crate::container::indexed::part;
use crate::container::mpeg::testing::avc;

const WRAP: u64 = 1 << 33;

/// The time stamps of the samples of each track without their times: what is zero on the timeline.
fn zeros(file: &[u8], indexed: &Indexed, is_stored: bool) -> Vec<u64> {
    let mut zeros = Vec::new();
    for (place, runs) in indexed.samples.iter().enumerate() {
        for run in runs {
            let stamp = match stamp::of(&indexed.outline, place, run).unwrap() {
                TimeStamp::At(bytes) => stamp::read(part(file, &bytes)).unwrap(),
                TimeStamp::Known(stamp) if is_stored => panic!("{stamp} is known of track {place}"),
                TimeStamp::Known(stamp) => stamp,
            };
            zeros.push(stamp.wrapping_add_signed(-run.presentation().0) % WRAP);
        }
    }
    zeros.dedup();
    zeros
}

#[test]
fn a_sample_has_the_time_stamp_that_was_written() {
    for packing in Packing::ALL {
        // They wrap around after two seconds.
        for zero in [126_000, WRAP - 180_000] {
            let file = packed(&film(&mut Muxer::default(), 4, zero), packing);
            assert_eq!(zeros(&file, &index(&file), true), [zero], "{packing:?}");
        }
        let file = packed(&units::film(&mut Muxer::default(), H264, &avc(4), How::Size(1000)), packing);
        assert_eq!(zeros(&file, &index(&file), false).len(), 1, "{packing:?}");
    }
    assert_eq!(stamp::read(&[0x47; 187]), None);
    assert_eq!(stamp::read(&[0x47; 188]), None);
}
