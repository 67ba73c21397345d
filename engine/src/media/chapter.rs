//! Chapters: the named intervals of a file, which `id` selects.

use serde::{Deserialize, Serialize};

use super::Interval;

/// A chapter of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chapter {
    /// Its titles, one for each language in the file, in file order.
    pub titles: Vec<String>,
    /// The container's identifiers: Matroska's `ChapterStringUID`, and its `ChapterUID` in decimal. MP4 has none.
    pub ids: Vec<String>,
    /// Its interval on the presentation timeline of the file. Chapters may overlap and be nested.
    pub interval: Interval,
}

impl Chapter {
    /// Whether `name` is exactly one of its titles or identifiers.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        self.titles.iter().chain(&self.ids).any(|own| own == name)
    }
}
