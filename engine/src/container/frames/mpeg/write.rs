//! The write half of MP3: an Info frame, a frame that holds the bit reservoir, and the frames of the original.

use std::collections::VecDeque;
use std::ops::Range;

use super::tag::Info;
use super::{DECODER_DELAY, WARM_UP};
use crate::codec::mpeg_audio::Header;
use crate::container::frames::{self, mismatch};
use crate::container::{Error, Selected, Written};
use crate::index::{Outline, Runs};
use crate::media::splice::Splice;
use crate::media::{Run, Setup, Ticks};

/// How many runs of frames before the first are looked at for its bit reservoir: it has 511 bytes at most, and a frame whose
/// data is less than one of them has none.
const MOST_BEFORE: usize = 1024;

/// Writes what is selected of layer III as a complete file that begins and ends to sound at the very samples.
pub fn write(outline: &Outline, selected: &Selected) -> Result<Written, Error> {
    let Some(Setup::Inline(setup)) = outline.setup.first() else { return Err(mismatch("an outline without a header")) };
    let header = Header::parse(setup).ok_or_else(|| mismatch("an outline whose header is none"))?;
    let lame = setup.get(4..).unwrap_or_default();
    let presented = selected.segments.iter().find_map(|segment| Some((segment.media?, segment.duration)));
    let (media, duration) = presented.ok_or_else(|| mismatch("a selection that presents nothing"))?;
    let frame = i64::from(header.duration());

    // The first frame that is taken: so many samples before the one that holds the first that is to be heard.
    let first = Ticks(media.0.div_euclid(frame) * frame - i64::from(WARM_UP));
    let (before, frames) = split(&selected.runs, first);
    let start = frames.first().ok_or_else(|| mismatch("a selection without a frame"))?;
    // Readers look for two headers alike to know where the frames begin.
    let header = header.bare(frames::mode(start));
    let inside = (media - start.decode).0.max(0);
    let reservoir = main_data(&before, header.most_reach());
    let made = made(header, reservoir, inside);

    // What is decoded before the first sample that is to be heard, and what behind the last.
    let lead = inside + if made.is_empty() { 0 } else { frame };
    let count = frames.iter().map(|run| u64::from(run.count)).sum::<u64>() + u64::from(!made.is_empty());
    let decoded = i64::try_from(count).unwrap_or(i64::MAX).saturating_mul(frame);
    let delay = lead - i64::from(DECODER_DELAY);
    let padding = decoded.saturating_sub(lead).saturating_sub(duration.0) + i64::from(DECODER_DELAY);
    let samples = |count: i64| u32::try_from(count.max(0)).unwrap_or(u32::MAX);

    let sound: u64 = frames.iter().map(|run| run.bytes().end - run.bytes().start).sum();
    let info = Info {
        header,
        lame,
        delays: (samples(delay), samples(padding)),
        frames: count,
        places: places(&frames, made.len(), count),
        length: made.len() + sound,
    };
    let mut splice = Splice::new();
    splice.made(info.write());
    let setup = 0..splice.len();
    // What was made goes with the frame that needs it.
    let with_first = setup.end..setup.end + made.len() + u64::from(start.size);
    let elements = (!made.is_empty()).then_some(with_first).into_iter().collect();
    splice.append(&made);
    for run in &frames {
        splice.source(run.bytes());
    }
    Ok(Written { splice, setup, elements })
}

/// The frames before this decode time, and the others.
fn split(runs: &Runs, at: Ticks) -> (VecDeque<Run>, Runs) {
    let (mut before, mut behind) = (VecDeque::new(), Runs::default());
    for run in runs {
        let ahead = (at - run.decode).0.max(0);
        let count = ahead.checked_div(run.duration.0).map_or(0, |count| u32::try_from(count).unwrap_or(u32::MAX));
        before.extend(run.slice(0..count));
        // The reservoir reaches no further back.
        if before.len() > MOST_BEFORE {
            before.pop_front();
        }
        behind.extend(run.slice(count..u32::MAX));
    }
    (before, behind)
}

/// Where the last `most` bytes of main data of these frames stand, in order.
fn main_data(runs: &VecDeque<Run>, most: u32) -> Vec<Range<u64>> {
    let mut left = u64::from(most);
    let mut found = Vec::new();
    for run in runs.iter().rev() {
        for at in (0..run.count).rev() {
            if left == 0 {
                break;
            }
            let Some(frame) = run.slice(at..at + 1) else { continue };
            let data = frame.offset + u64::from(frames::header(&frame))..frame.bytes().end;
            let data = data.start.max(data.end.saturating_sub(left))..data.end;
            left -= data.end.saturating_sub(data.start);
            found.push(data);
        }
    }
    found.reverse();
    found
}

/// A frame of silence at whose end this main data stands, where there is any, or where less than a decoder's own delay is
/// decoded before what is to be heard; else nothing.
fn made(header: Header, reservoir: Vec<Range<u64>>, inside: i64) -> Splice {
    let mut made = Splice::new();
    let data: u64 = reservoir.iter().map(|range| range.end - range.start).sum();
    if data == 0 && inside >= i64::from(DECODER_DELAY) {
        return made;
    }
    let room =
        |header: &Header| header.size().and_then(|size| u64::from(size).checked_sub(header.before_data().into()));
    let roomy = header.at_bitrates().filter_map(|header| Some((header, room(&header)?)));
    let Some((header, room)) = roomy.into_iter().find(|(_, room)| *room >= data) else { return made };
    let mut start = header.to_bytes().to_vec();
    let zeros = u64::from(header.before_data()) + room - data;
    start.resize(usize::try_from(zeros).unwrap_or_default(), 0);
    made.made(start);
    for range in reservoir {
        made.source(range);
    }
    made
}

/// Where each hundredth of a cut's frames begins, the first of which is as long as what was made.
fn places(runs: &Runs, made: u64, count: u64) -> [u64; 100] {
    let runs = runs.iter().map(|run| (u64::from(run.count), u64::from(run.size)));
    let mut runs = (made > 0).then_some((1, made)).into_iter().chain(runs).peekable();
    let (mut frames, mut bytes) = (0, 0);
    std::array::from_fn(|at| {
        let wanted = count.saturating_mul(at as u64) / 100;
        while let Some((inside, size)) = runs.next_if(|(inside, _)| frames + inside <= wanted) {
            frames += inside;
            bytes += inside * size;
        }
        bytes + runs.peek().map_or(0, |(_, size)| (wanted - frames) * size)
    })
}
