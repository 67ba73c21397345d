//! Samples of WebVTT in MP4 (ISO/IEC 14496-30 §6.6): boxes of cues, which are shown as long as their sample lasts.

use super::Cue;
use super::text::{self, Markup};
use super::tx3g::boxes;
use crate::media::Interval;

/// The most cues of a sample.
const MOST: usize = 64;

/// A cue of a sample, and which cue of its source it is a part of: one that is shown while others begin and end is in several
/// samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CuePart {
    pub cue: Cue,
    pub source: Option<u32>,
}

/// The cues of a sample that is shown in this interval.
pub fn read(sample: &[u8], interval: Interval) -> Vec<CuePart> {
    let cues = boxes(sample).filter(|(kind, _)| kind == b"vttc").take(MOST);
    cues.filter_map(|(_, vttc)| part(vttc, interval)).collect()
}

fn part(vttc: &[u8], interval: Interval) -> Option<CuePart> {
    let child = |wanted: &[u8; 4]| boxes(vttc).find(|(kind, _)| kind == wanted).map(|(_, body)| body);
    let text = |kind| child(kind).map(String::from_utf8_lossy).unwrap_or_default();
    let mut cue = Cue::new(interval, &text::clean(&text(b"payl"), Markup::WebVtt))?;
    cue.identifier = text::identifier(&text(b"iden"));
    cue.settings = text::settings(&text(b"sttg"));
    let source = child(b"vsid").and_then(<[u8]>::first_chunk).map(|id| u32::from_be_bytes(*id));
    Some(CuePart { cue, source })
}

/// The cues of samples in their order, with those parts joined that follow on each other.
pub fn join(parts: impl Iterator<Item = CuePart>) -> Vec<Cue> {
    let mut joined: Vec<CuePart> = Vec::new();
    for part in parts {
        let interval = part.cue.interval;
        let continues = |before: &&mut CuePart| {
            part.source.is_some()
                && before.source == part.source
                && before.cue.interval.end() == interval.start()
                && before.cue.text() == part.cue.text()
        };
        // Few cues are shown at a time.
        match joined.iter_mut().rev().take(MOST).find(continues) {
            Some(before) => {
                before.cue.interval =
                    Interval::new(before.cue.interval.start(), interval.end()).unwrap_or(before.cue.interval);
            }
            None => joined.push(part),
        }
    }
    joined.into_iter().map(|part| part.cue).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::media::Time;

    fn write_box(out: &mut Vec<u8>, kind: [u8; 4], body: impl FnOnce(&mut Vec<u8>)) {
        let mut inner = Vec::new();
        body(&mut inner);
        out.extend(u32::try_from(inner.len() + 8).unwrap().to_be_bytes());
        out.extend(kind);
        out.extend(inner);
    }

    fn cue(out: &mut Vec<u8>, source: Option<u32>, settings: &str, text: &str) {
        write_box(out, *b"vttc", |out| {
            if let Some(source) = source {
                write_box(out, *b"vsid", |out| out.extend(source.to_be_bytes()));
            }
            write_box(out, *b"sttg", |out| out.extend(settings.as_bytes()));
            write_box(out, *b"payl", |out| out.extend(text.as_bytes()));
        });
    }

    fn interval(start: i64, end: i64) -> Interval {
        Interval::new(Time::from_secs(start), Time::from_secs(end)).unwrap()
    }

    #[test]
    fn a_cue_that_lasts_over_several_samples_is_one() {
        let (mut first, mut second, mut third) = (Vec::new(), Vec::new(), Vec::new());
        cue(&mut first, Some(7), "align:start", "long");
        cue(&mut second, Some(7), "align:start", "long");
        cue(&mut second, None, "line:0 x", "<b>short");
        write_box(&mut third, *b"vtte", |_| {});
        let samples = [(&first, interval(0, 1)), (&second, interval(1, 2)), (&third, interval(2, 3))];
        let cues = join(samples.iter().flat_map(|(sample, interval)| read(sample, *interval)));
        let expected = "WEBVTT\n\n00:00:00.000 --> 00:00:02.000 align:start\nlong\n\n\
                        00:00:01.000 --> 00:00:02.000 line:0\n<b>short</b>\n";
        assert_eq!(super::super::write(&cues), expected);
    }

    #[test]
    fn damage_shows_nothing_or_what_is_left() {
        let mut sample = Vec::new();
        cue(&mut sample, Some(7), "align:start", "text");
        for length in 0..sample.len() {
            let _ = read(sample.get(..length).unwrap(), interval(0, 1));
        }
    }
}
