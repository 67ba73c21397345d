//! Collects chapters from a container for an outline: bounded in number and in text, and each with an end.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::limits::{MAX_CHAPTER_TEXT, MAX_CHAPTERS, MAX_TITLE, MAX_TITLES};
use crate::media::{Chapter, Interval, Time};

/// A chapter as stored in a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Its titles.
    pub titles: Vec<String>,
    /// The container's identifiers.
    pub ids: Vec<String>,
    /// Its start on the presentation timeline.
    pub start: Time,
    /// Its end, if the container has one.
    pub end: Option<Time>,
    /// The number of the chapter that contains it, from [`Chapters::push`].
    pub parent: Option<usize>,
}

/// Takes the chapters of a file in its order. What exceeds the limits is left out, and reported.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Chapters {
    marks: Vec<Mark>,
    /// Bytes of all titles and identifiers.
    text: usize,
    /// Whether chapters were left out, and how many titles and identifiers were cut.
    left_out: bool,
    cut: u64,
}

impl Chapters {
    /// Adds a chapter. Returns the number by which others name it as their parent; `None` if it was left out, as all
    /// are from the first excess one on.
    pub fn push(&mut self, mut mark: Mark) -> Option<usize> {
        for texts in [&mut mark.titles, &mut mark.ids] {
            self.tidy(texts);
        }
        let text: usize = mark.titles.iter().chain(&mark.ids).map(String::len).sum();
        if self.left_out || self.marks.len() >= MAX_CHAPTERS || text > MAX_CHAPTER_TEXT - self.text {
            self.left_out = true;
            return None;
        }
        self.text += text;
        self.marks.push(mark);
        Some(self.marks.len() - 1)
    }

    /// Keeps each text once, within the limits.
    fn tidy(&mut self, texts: &mut Vec<String>) {
        for mut text in std::mem::take(texts) {
            let length = text.floor_char_boundary(MAX_TITLE);
            let cut = length < text.len();
            text.truncate(length);
            if text.is_empty() || texts.contains(&text) {
                continue;
            }
            let room = texts.len() < MAX_TITLES;
            self.cut += u64::from(cut || !room);
            if room {
                texts.push(text);
            }
        }
    }

    /// The chapters of a file with this duration, ordered by time, with containing chapters first; and notes for a
    /// person.
    ///
    /// A chapter without an end, or with one that is not after its start, lasts to the start of the next one with the
    /// same parent, else to the end of its parent, else to the end of the file.
    #[must_use]
    pub fn finish(self, duration: Time) -> (Vec<Chapter>, Vec<String>) {
        let Self { marks, left_out, cut, .. } = self;
        let kept = marks.len();
        let mut starts: Vec<(Option<usize>, Time)> = marks.iter().map(|mark| (mark.parent, mark.start)).collect();
        starts.sort_unstable();
        let mut ends: Vec<Time> = Vec::with_capacity(marks.len());
        let (mut chapters, mut outside) = (Vec::with_capacity(marks.len()), 0_u64);
        for mark in marks {
            let next = starts.partition_point(|start| *start <= (mark.parent, mark.start));
            let sibling = starts.get(next).filter(|(parent, _)| *parent == mark.parent).map(|(_, start)| *start);
            let around = || mark.parent.and_then(|parent| ends.get(parent).copied()).filter(|end| *end > mark.start);
            let end = mark.end.filter(|end| *end > mark.start).or(sibling).or_else(around).unwrap_or(duration);
            ends.push(end);
            match Interval::new(mark.start.max(Time::ZERO), end.min(duration)) {
                Some(interval) => chapters.push(Chapter { titles: mark.titles, ids: mark.ids, interval }),
                None => outside += 1,
            }
        }
        chapters.sort_by_key(|chapter| (chapter.interval.start(), Reverse(chapter.interval.end())));
        let counted = |count: u64, what: &str| (count > 0).then(|| format!("{count} {what}"));
        let notes = [
            left_out.then(|| format!("chapters left out behind the first {kept}")),
            counted(cut, &format!("titles of chapters cut at {MAX_TITLE} bytes, or beyond {MAX_TITLES} of one")),
            counted(outside, "chapters left out, which lie beyond the end of the file"),
        ];
        (chapters, notes.into_iter().flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Chapters in a file of a hundred seconds: a title, start, end and parent.
    fn finish(marks: &[(&str, i64, Option<i64>, Option<usize>)]) -> (Vec<String>, String) {
        let mut chapters = Chapters::default();
        for (title, start, end, parent) in marks {
            let (start, end) = (Time::from_secs(*start), end.map(Time::from_secs));
            chapters.push(Mark { titles: vec![(*title).to_owned()], start, end, parent: *parent, ..Mark::default() });
        }
        let (chapters, notes) = chapters.finish(Time::from_secs(100));
        let shown = |chapter: &Chapter| format!("{}={}", chapter.titles.concat(), chapter.interval);
        (chapters.iter().map(shown).collect(), notes.join("; "))
    }

    #[test]
    fn a_chapter_lasts_to_its_end_or_to_the_next_on_its_level() {
        let beyond = "1 chapters left out, which lie beyond the end of the file";
        for (marks, expected, notes) in [
            (&[("a", 0, None, None), ("b", 30, None, None)][..], &["a=0,30", "b=30,100"][..], ""),
            (&[("b", 30, None, None), ("a", 0, None, None)], &["a=0,30", "b=30,100"], ""),
            (&[("a", 0, Some(20), None), ("b", 30, Some(200), None)], &["a=0,20", "b=30,100"], ""),
            (&[("a", 5, Some(5), None), ("b", 30, Some(7), None)], &["a=5,30", "b=30,100"], ""),
            (&[("a", 5, None, None), ("b", 5, None, None)], &["a=5,100", "b=5,100"], ""),
            (
                &[("a", 0, None, None), ("aa", 0, None, Some(0)), ("ab", 10, None, Some(0)), ("b", 30, None, None)],
                &["a=0,30", "aa=0,10", "ab=10,30", "b=30,100"],
                "",
            ),
            (&[("a", 0, Some(9), None), ("aa", 20, None, Some(0))], &["a=0,9", "aa=20,100"], ""),
            (&[("a", -5, Some(3), None), ("b", 99, None, None)], &["a=0,3", "b=99,100"], ""),
            (&[("a", 0, None, None), ("b", 100, None, None)], &["a=0,100"], beyond),
            (&[("a", -9, Some(-3), None)], &[], beyond),
            (&[], &[], ""),
        ] {
            assert_eq!(finish(marks), (expected.iter().map(ToString::to_string).collect(), notes.to_owned()));
        }
    }

    #[test]
    fn a_head_is_bounded_and_says_so() {
        let mark = |titles: Vec<String>| Mark { titles, ..Mark::default() };
        let finish = |marks: Vec<Mark>| {
            let mut chapters = Chapters::default();
            let places: Vec<_> = marks.into_iter().map(|mark| chapters.push(mark)).collect();
            let (chapters, notes) = chapters.finish(Time::from_secs(1));
            assert_eq!(places.iter().flatten().count(), chapters.len());
            assert!(places.iter().skip(chapters.len()).all(Option::is_none));
            (chapters, notes.join("; "))
        };
        let (chapters, notes) = finish((0..5000).map(|at| mark(vec![at.to_string()])).collect());
        assert_eq!((chapters.len(), notes.as_str()), (1000, "chapters left out behind the first 1000"));
        assert_eq!(chapters.last().unwrap().titles, ["999"]);

        let (chapters, notes) = finish((0..500).map(|_| mark(vec!["x".repeat(255)])).collect());
        assert_eq!((chapters.len(), notes.as_str()), (257, "chapters left out behind the first 257"));

        let (chapters, notes) =
            finish(vec![mark(vec!["ä".repeat(200), String::new(), "b".to_owned(), "b".to_owned()])]);
        assert_eq!(chapters.first().unwrap().titles, ["ä".repeat(127), "b".to_owned()]);
        assert_eq!(notes, "1 titles of chapters cut at 255 bytes, or beyond 32 of one");

        let (chapters, notes) = finish(vec![mark((0..40).map(|at| at.to_string()).collect())]);
        assert_eq!(chapters.first().unwrap().titles.len(), 32);
        assert!(notes.starts_with("8 titles"), "{notes}");
    }

    #[test]
    fn a_chapter_is_called_by_its_titles_and_identifiers_to_the_letter() {
        let interval = Interval::new(Time::ZERO, Time::MAX).unwrap();
        let chapter = Chapter { titles: vec!["Präludium".to_owned()], ids: vec!["7".to_owned()], interval };
        for (name, is) in [("Präludium", true), ("7", true), ("präludium", false), ("Prä", false), ("", false)] {
            assert_eq!(chapter.is_called(name), is, "{name}");
        }
    }
}
