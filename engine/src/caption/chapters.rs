//! Chapters as WebVTT.

use std::fmt::Write;

use super::stamp::Stamp;
use super::text::{escaped, line};
use crate::index::Outline;
use crate::media::{Chapter, Interval};

/// The chapters as a WebVTT file of kind `chapters`, one cue each, with the first title as its text and the identifier of the
/// chapter as its own. `within`: only what an excerpt has of them, with times from its beginning.
#[must_use]
pub fn chapters(outline: &Outline, within: Option<Interval>) -> String {
    let mut out = "WEBVTT\n".to_owned();
    for (number, chapter) in outline.chapters.iter().enumerate() {
        let Some(cue) = cue(chapter, within) else { continue };
        let identifier = chapter.ids.first().map_or_else(|| format!("chapter-{}", number + 1), |id| line(id));
        // An identifier has no arrow, which would make it a line of times (§4.1).
        let identifier = identifier.replace("-->", "->");
        let title = chapter.titles.first().map(|title| escaped(title)).unwrap_or_default();
        let title = if title.is_empty() { identifier.clone() } else { title };
        let _ = write!(out, "\n{identifier}\n{} --> {}\n{title}\n", Stamp(cue.start()), Stamp(cue.end()));
    }
    out
}

/// The interval of a chapter, or what an excerpt has of it.
fn cue(chapter: &Chapter, within: Option<Interval>) -> Option<Interval> {
    let Some(within) = within else { return Some(chapter.interval) };
    let part = chapter.interval.intersection(within)?;
    Interval::new(part.start() - within.start(), part.end() - within.start())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::index::{Container, FORMAT};
    use crate::media::Time;

    fn outline() -> Outline {
        let chapter = |titles: &[&str], ids: &[&str], start, end| Chapter {
            titles: titles.iter().map(|title| (*title).to_owned()).collect(),
            ids: ids.iter().map(|id| (*id).to_owned()).collect(),
            interval: Interval::new(Time::from_secs(start), Time::from_secs(end)).unwrap(),
        };
        Outline {
            container: Container::named("mp4"),
            mime: "video/mp4".to_owned(),
            duration: Time::from_secs(4000),
            tracks: Vec::new(),
            setup: Vec::new(),
            setup_ranges: Vec::new(),
            elements: false,
            chapters: vec![
                chapter(&["Beginning"], &["a"], 0, 60),
                chapter(&["<b>Q & A\n\n00:00 --> 00:01\n"], &["x --> y"], 60, 3725),
                chapter(&[], &[], 3725, 4000),
            ],
            created: None,
            pages: 0,
            notes: Vec::new(),
            segments: None,
            format: FORMAT,
        }
    }

    #[test]
    fn chapters_are_cues_whatever_their_titles_are() {
        let expected = "WEBVTT\n\na\n00:00:00.000 --> 00:01:00.000\nBeginning\n\nx -> y\n00:01:00.000 --> 01:02:05.000\n\
                        &lt;b&gt;Q &amp; A  00:00 --&gt; 00:01\n\nchapter-3\n01:02:05.000 --> 01:06:40.000\nchapter-3\n";
        assert_eq!(chapters(&outline(), None), expected);
    }

    #[test]
    fn an_excerpt_has_its_part_of_the_chapters() {
        let within = Interval::new(Time(50_500_000_000), Time::from_secs(70));
        let expected = "WEBVTT\n\na\n00:00:00.000 --> 00:00:09.500\nBeginning\n\nx -> y\n00:00:09.500 --> 00:00:19.500\n\
                        &lt;b&gt;Q &amp; A  00:00 --&gt; 00:01\n";
        assert_eq!(chapters(&outline(), within), expected);
    }
}
