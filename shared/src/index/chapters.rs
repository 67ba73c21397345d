//! Chapters on their way from a container into an outline: bounded in number and in text, and each with an end.

use std::cmp::Reverse;

use super::limits::{MAX_CHAPTER_TEXT, MAX_CHAPTERS, MAX_TITLE, MAX_TITLES};
use crate::media::{Chapter, Interval, Time};

/// A chapter as a container has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// What people call it.
    pub titles: Vec<String>,
    /// What the container calls it.
    pub ids: Vec<String>,
    /// When it begins, on the presentation timeline.
    pub start: Time,
    /// When it ends, where the container says so.
    pub end: Option<Time>,
    /// The place of the chapter that it is nested in, as [`Chapters::push`] gave it.
    pub parent: Option<usize>,
}

/// Takes the chapters of a file in its order. What is beyond the limits is left out, and told.
#[derive(Clone, Debug, Default)]
pub struct Chapters {
    marks: Vec<Mark>,
    /// Bytes of all titles and identifiers.
    text: usize,
    /// Whether chapters were left out, and how many titles and identifiers were cut.
    left_out: bool,
    cut: u64,
}

impl Chapters {
    /// Takes a chapter. Gives the place by which others name it as their parent; `None` where it was left out, as all are
    /// behind the first that is too many.
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

    /// Keeps each text once, and as much as may be.
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

    /// The chapters of a file that lasts so long, in order of time, those that hold others before them; and what a person
    /// should know.
    ///
    /// One without an end, or with one that is not behind its start, lasts to the start of the next that is nested in the
    /// same, else to the end of what it is nested in, else to the end of the file.
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
