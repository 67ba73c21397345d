//! The samples of a text track, from the pages of the index: only those that a part of the content shows.

use bytes::Bytes;

use super::text::{self, Markup};
use super::{CaptionError, Cue, LARGEST, MOST_CUES, tx3g, wvtt};
use crate::container::{self, Payload, TextCoding};
use crate::index::{Outline, Pages, cells};
use crate::media::splice::Splice;
use crate::media::{Interval, Run, Ticks, Time, Track};

/// The most bytes of a sample. A larger one is no caption, and is passed over.
const LARGEST_SAMPLE: u32 = 64 << 10;

/// How many pages before the first one are looked at for a text that is still shown when a part begins.
const PAGES_BEFORE: usize = 3;

/// How many pages are in memory at a time: those of ten minutes.
const PAGES_AT_ONCE: u32 = 60;

/// A sample of a text track.
#[derive(Clone, Debug)]
pub struct TextSample {
    /// When it is shown, on the timeline of the content.
    pub interval: Interval,
    /// Where its bytes are.
    pub bytes: Splice,
}

/// The samples of the track at this place that are shown in this interval of the content, in the order of the file.
///
/// # Errors
///
/// If they cannot be found, or are too many or too large.
pub async fn samples(
    outline: &Outline,
    pages: &mut impl Pages,
    place: usize,
    within: Interval,
) -> Result<Vec<TextSample>, CaptionError> {
    let Some(track) = outline.tracks.get(place) else { return Ok(Vec::new()) };
    let last = Time(within.end().0.min(outline.duration.0.max(0)));
    let from = track.timescale.ticks(within.start()) + track.shift();
    let to = track.timescale.ticks(last) + track.shift();
    let cells = cells(track, from, to);
    let (mut first, end) = (*cells.start(), (*cells.end()).min(outline.pages.saturating_sub(1)));
    pages.fetch(first..=end).await?;
    for _ in 0..PAGES_BEFORE {
        // The page with the sample before the first one of this page, or else any page before it.
        let part = pages.page(first)?.and_then(|page| page.tracks.into_iter().nth(place));
        let before = match part {
            Some(part) if !part.runs.is_empty() => part.before,
            _ => pages.before(first),
        };
        let Some(before) = before.filter(|before| *before < first) else { break };
        first = before;
        pages.fetch(first..=first).await?;
    }
    let mut found = TextSamples { samples: Vec::new(), bytes: 0 };
    // Some pages at a time: all pages of a long film would take too much memory.
    while first <= end {
        let last = end.min(first.saturating_add(PAGES_AT_ONCE - 1));
        pages.fetch(first..=last).await?;
        for number in first..=last {
            let part = pages.page(number)?.and_then(|page| page.tracks.into_iter().nth(place));
            for run in part.map(|part| part.runs).unwrap_or_default() {
                found.take(outline, track, &run, (from, to, within))?;
            }
        }
        first = last + 1;
        pages.keep(first..=u32::MAX);
    }
    Ok(found.samples)
}

/// The samples so far.
struct TextSamples {
    samples: Vec<TextSample>,
    bytes: u64,
}

impl TextSamples {
    /// Takes those samples of a run that are shown in this interval: of the track, and of the content.
    fn take(
        &mut self,
        outline: &Outline,
        track: &Track,
        run: &Run,
        (from, to, within): (Ticks, Ticks, Interval),
    ) -> Result<(), CaptionError> {
        let can_be_text = run.duration > Ticks::ZERO && (1..=LARGEST_SAMPLE).contains(&run.size);
        let Some(run) = run.presented_from(from - run.duration).filter(|_| can_be_text) else { return Ok(()) };
        for one in (0..run.count).map_while(|at| run.slice(at..at + 1)) {
            if one.presentation() >= to {
                break;
            }
            let Some(sample) = sample(outline, track, &one, within)? else { continue };
            self.bytes += sample.bytes.len();
            self.samples.push(sample);
            if self.bytes > LARGEST {
                return Err(CaptionError::TooLarge { found: self.bytes });
            }
            if self.samples.len() > MOST_CUES {
                return Err(CaptionError::TooMany);
            }
        }
        Ok(())
    }
}

/// One sample, if it is shown in this interval and can be a text.
fn sample(outline: &Outline, track: &Track, run: &Run, within: Interval) -> Result<Option<TextSample>, CaptionError> {
    let time = |ticks: Ticks| track.timescale.time(ticks - track.shift());
    let (start, end) = (time(run.presentation()), time(run.presentation() + run.duration));
    let interval = Interval::new(start.max(Time::ZERO), end);
    let Some(interval) = interval.filter(|interval| interval.intersection(within).is_some()) else { return Ok(None) };
    match container::payload(outline, track, run)? {
        Payload::Whole(bytes) if !bytes.is_empty() => Ok(Some(TextSample { interval, bytes })),
        _ => Ok(None),
    }
}

/// The cues of these samples, by their bytes.
///
/// # Errors
///
/// [`CaptionError::TooMany`] if there are too many.
pub fn cues(
    coding: TextCoding,
    samples: impl IntoIterator<Item = (Interval, Bytes)>,
) -> Result<Vec<Cue>, CaptionError> {
    let samples = samples.into_iter();
    let cues = match coding {
        TextCoding::Wvtt => {
            let parts = samples.flat_map(|(interval, bytes)| wvtt::read(&bytes, interval));
            wvtt::join(parts.take(MOST_CUES + 1))
        }
        _ => samples.filter_map(|(interval, bytes)| cue(coding, interval, &bytes)).collect(),
    };
    if cues.len() > MOST_CUES { Err(CaptionError::TooMany) } else { Ok(cues) }
}

fn cue(coding: TextCoding, interval: Interval, bytes: &[u8]) -> Option<Cue> {
    let text = || String::from_utf8_lossy(bytes);
    match coding {
        TextCoding::Tx3g => Cue::new(interval, &tx3g::read(bytes, true)),
        TextCoding::QuickTime => Cue::new(interval, &tx3g::read(bytes, false)),
        TextCoding::SubRip => Cue::new(interval, &text::clean(&text(), Markup::SubRip)),
        TextCoding::WebVtt => Cue::new(interval, &text::clean(&text(), Markup::WebVtt)),
        // An identifier, settings, and the text (WebM, "WebVTT Metadata and Subtitles").
        TextCoding::WebVttLines => {
            let text = text();
            let mut lines = text.splitn(3, '\n');
            let (identifier, settings) = (lines.next()?, lines.next()?);
            let mut cue = Cue::new(interval, &text::clean(lines.next()?, Markup::WebVtt))?;
            cue.identifier = text::identifier(identifier);
            cue.settings = text::settings(settings);
            Some(cue)
        }
        TextCoding::Wvtt => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::caption::write;

    #[test]
    fn samples_of_each_coding_become_cues() {
        let interval = Interval::new(Time::from_secs(1), Time::from_secs(2)).unwrap();
        for (coding, sample, expected) in [
            (TextCoding::Tx3g, &b"\0\x03a<b"[..], "00:00:01.000 --> 00:00:02.000\na&lt;b\n"),
            (TextCoding::QuickTime, b"\0\x01a\0\0\0\x0Cencd\0\0\x01\0", "00:00:01.000 --> 00:00:02.000\na\n"),
            (
                TextCoding::SubRip,
                b"<i>a</i>\r\n\xFF --> b",
                "00:00:01.000 --> 00:00:02.000\n<i>a</i>\n\u{FFFD} --&gt; b\n",
            ),
            (TextCoding::WebVtt, b"<v Ann>a", "00:00:01.000 --> 00:00:02.000\n<v Ann>a</v>\n"),
            (
                TextCoding::WebVttLines,
                b"x\nalign:start\na\n\nb",
                "x\n00:00:01.000 --> 00:00:02.000 align:start\na\nb\n",
            ),
        ] {
            let cues = cues(coding, [(interval, Bytes::copy_from_slice(sample)), (interval, Bytes::new())]).unwrap();
            assert_eq!(write(&cues), format!("WEBVTT\n\n{expected}"), "{coding:?}");
        }
    }
}
