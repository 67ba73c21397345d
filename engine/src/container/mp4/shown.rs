//! The sample that is shown when playback begins. An edit list may begin within a sample, which is then presented from
//! there on. But ffmpeg and Chromium skip pictures and text that began before, and count time from the next one; if a
//! picture lasts for seconds, sound would be late by that much. So in a cut that sample begins where the edit list
//! does.

use crate::container::Selected;
use crate::media::{Kind, Run, Ticks, Track};

/// Makes the first shown sample begin with the edit list.
pub fn begin_with_the_edit(track: &Track, selected: &mut Selected) {
    let Selected { runs, segments, .. } = selected;
    let mut presented = segments.iter().filter_map(|segment| segment.media);
    // With several edits, another one may show the sample from its own beginning.
    let (Some(media), None) = (presented.next(), presented.next()) else { return };
    if track.kind == Kind::Audio {
        return;
    }
    let shown = runs.iter().enumerate().filter(|(_, run)| run.presentation() <= media);
    let shown = shown.map(|(place, run)| (presentation(&run, within(&run, media)), place)).max();
    let Some((_, place)) = shown.filter(|(presented, _)| *presented < media) else { return };
    let Some(run) = runs.iter().nth(place) else { return };
    let at = within(&run, media);
    let Some(mut sample) = run.slice(at..at + 1) else { return };
    let (before, after) = (run.slice(0..at), run.slice(at + 1..u32::MAX));
    if runs.iter().all(|run| run.composition == Ticks::ZERO) {
        sample.duration = (sample.decode_end() - media).max(Ticks::ZERO);
        sample.decode = media;
    } else {
        sample.composition = media - sample.decode;
    }
    let mut parts = Some([before, Some(sample), after]);
    let all = runs.iter().enumerate().flat_map(|(at, run)| match parts.take_if(|_| at == place) {
        Some(parts) => parts,
        None => [Some(run), None, None],
    });
    *runs = all.flatten().collect();
}

/// The last sample of a run that begins at or before this time, as the first does.
fn within(run: &Run, media: Ticks) -> u32 {
    let ahead = (media - run.presentation()).0;
    let before = ahead.checked_div(run.duration.0).and_then(|before| u32::try_from(before).ok()).unwrap_or(u32::MAX);
    before.min(run.count.saturating_sub(1))
}

/// The presentation time of a sample in a run.
fn presentation(run: &Run, at: u32) -> Ticks {
    run.presentation() + run.duration.times(i64::from(at))
}
