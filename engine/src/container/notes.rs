//! Notes for a person on a file that is not quite valid. The same complaint a thousand times is one note.

use serde::{Deserialize, Serialize};

/// How many different notes are kept.
const MAX_NOTES: usize = 16;

/// Notes, in the order in which they first arose.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Notes {
    notes: Vec<Note>,
    more: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Note {
    text: String,
    /// The first position, and the number of occurrences.
    place: Option<(u64, u64)>,
}

impl Notes {
    /// A note on the whole file.
    pub fn push(&mut self, text: String) {
        self.add(Note { text, place: None });
    }

    /// A note on a byte offset.
    pub fn at(&mut self, offset: u64, text: &str) {
        let known = self.notes.iter_mut().find(|note| note.text == text).and_then(|note| note.place.as_mut());
        match known {
            Some((_, count)) => *count += 1,
            None => self.add(Note { text: text.to_owned(), place: Some((offset, 1)) }),
        }
    }

    fn add(&mut self, note: Note) {
        if self.notes.len() < MAX_NOTES {
            self.notes.push(note);
        } else {
            self.more = true;
        }
    }

    /// The notes as sentences.
    pub fn into_texts(self) -> Vec<String> {
        let more = self.more.then(|| "and more".to_owned());
        let text = |Note { text, place }| match place {
            None => text,
            Some((offset, 1)) => format!("{text} (at byte {offset})"),
            Some((offset, count)) => format!("{text} ({count} times, first at byte {offset})"),
        };
        self.notes.into_iter().map(text).chain(more).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_complaints_are_one_note_and_kinds_are_bounded() {
        let mut notes = Notes::default();
        for offset in 7..1007 {
            notes.at(offset, "a block without a track");
        }
        notes.at(3, "garbage");
        for kind in 0..100 {
            notes.push(format!("kind {kind}"));
        }
        let texts = notes.into_texts();
        assert_eq!(texts.len(), MAX_NOTES + 1);
        assert_eq!(texts.first().map(String::as_str), Some("a block without a track (1000 times, first at byte 7)"));
        assert_eq!(texts.get(1).map(String::as_str), Some("garbage (at byte 3)"));
        assert_eq!(texts.last().map(String::as_str), Some("and more"));
    }
}
