//! Chapters: the stretches of a file that have a name, by which `id` asks for them.

use serde::{Deserialize, Serialize};

use super::Interval;

/// A chapter of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chapter {
    /// What people call it: a title for each language that the file has it in, in the order of the file.
    pub titles: Vec<String>,
    /// What the container calls it: Matroska's `ChapterStringUID`, and its `ChapterUID` in decimal. MP4 has none.
    pub ids: Vec<String>,
    /// When it is presented, on the presentation timeline of the file. Chapters may overlap, and lie in one another.
    pub interval: Interval,
}

impl Chapter {
    /// Whether `name` is one of its titles or identifiers, to the letter.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        self.titles.iter().chain(&self.ids).any(|own| own == name)
    }
}
