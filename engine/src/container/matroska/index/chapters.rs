//! Chapters (RFC 9559 §5.1.7, §20): those of the default edition, including nested ones.
//!
//! An ordered edition tells a player to play parts of the file in another order; some of them may be in other files.
//! Requests do not use such a separate timeline: here each chapter means its own interval of this file, as in every
//! other edition, and one in another file is left out.

use super::super::ebml::{self, ChildElements, EbmlElement};
use super::super::ids;
use crate::container::Error;
use crate::container::notes::Notes;
use crate::index::{Chapters, Mark};
use crate::media::Time;

/// The maximum nesting of chapters. Works with acts with scenes with takes have four levels.
const MAX_DEPTH: usize = 16;

/// The maximum number of titles read for a chapter: more than an outline takes.
const MAX_TITLES: usize = 64;

/// Parses the data of a Chapters element, which begins at this offset. An invalid element ends them, with a note.
pub fn parse(data: &[u8], offset: u64, notes: &mut Notes) -> Chapters {
    let mut found = Chapters::default();
    if let Err(error) = parse_default(data, offset, &mut found, notes) {
        notes.push(format!("chapters end with what is not sound: {error}"));
    }
    found
}

fn parse_default(data: &[u8], offset: u64, found: &mut Chapters, notes: &mut Notes) -> Result<(), Error> {
    let mut default: Option<Edition<'_>> = None;
    let mut whole = Ok(());
    for child in ChildElements::new(data, offset) {
        match child {
            Ok(entry) if entry.id == ids::EDITION_ENTRY => {
                let edition = Edition::of(entry);
                if edition.goes_before(default.as_ref()) {
                    default = Some(edition);
                }
            }
            Ok(_) => {}
            Err(unsound) => whole = Err(unsound.within("Segment/Chapters")),
        }
    }
    match default {
        Some(Edition { entry, .. }) => atoms(&entry, "Segment/Chapters/EditionEntry", None, 0, found, notes).and(whole),
        None => whole,
    }
}

/// An EditionEntry, and its flags.
struct Edition<'a> {
    entry: EbmlElement<'a>,
    hidden: bool,
    default: bool,
}

impl<'a> Edition<'a> {
    fn of(entry: EbmlElement<'a>) -> Self {
        let flag = |id| {
            let flag = entry.children().map_while(Result::ok).find(|child| child.id == id);
            flag.is_some_and(|flag| ebml::uint(flag.data) == Some(1))
        };
        Self { hidden: flag(ids::EDITION_FLAG_HIDDEN), default: flag(ids::EDITION_FLAG_DEFAULT), entry }
    }

    /// Selects the default edition: of those not hidden, the first that is marked as default, else the first (§20.1.1).
    fn goes_before(&self, other: Option<&Self>) -> bool {
        !self.hidden && other.is_none_or(|other| self.default && !other.default)
    }
}

/// Reads the ChapterAtoms of an edition, or of another atom whose number is `parent`.
fn atoms(
    within: &EbmlElement<'_>,
    path: &str,
    parent: Option<usize>,
    depth: usize,
    found: &mut Chapters,
    notes: &mut Notes,
) -> Result<(), Error> {
    for child in within.children() {
        let child = child.map_err(|unsound| unsound.within(path))?;
        if child.id != ids::CHAPTER_ATOM {
            continue;
        }
        if depth == MAX_DEPTH {
            notes.at(child.offset, "chapters left out, which are nested too deep");
            return Ok(());
        }
        let path = format!("{path}/ChapterAtom");
        let atom = Atom::parse(&child, parent, &path)?;
        if atom.elsewhere {
            notes.at(child.offset, "a chapter left out, which lies in another file");
        } else if atom.enabled {
            // Whether it is hidden does not affect those nested in it (§20.2.3).
            let place = if atom.hidden { parent } else { found.push(atom.mark) };
            atoms(&child, &path, place, depth + 1, found, notes)?;
        }
    }
    Ok(())
}

/// A ChapterAtom without nested ones.
struct Atom {
    mark: Mark,
    hidden: bool,
    /// Otherwise its content is to be skipped.
    enabled: bool,
    elsewhere: bool,
}

impl Atom {
    fn parse(atom: &EbmlElement<'_>, parent: Option<usize>, path: &str) -> Result<Self, Error> {
        let mut found =
            Self { mark: Mark { parent, ..Mark::default() }, hidden: false, enabled: true, elsewhere: false };
        let mut uid = None;
        for child in atom.children() {
            let child = child.map_err(|unsound| unsound.within(path))?;
            let value = || ebml::uint(child.data);
            // Nanoseconds, independent of the TimestampScale.
            let time = || value().map(|nanos| Time(i64::try_from(nanos).unwrap_or(i64::MAX)));
            match child.id {
                ids::CHAPTER_TIME_START => found.mark.start = time().unwrap_or_default(),
                ids::CHAPTER_TIME_END => found.mark.end = time(),
                ids::CHAPTER_FLAG_HIDDEN => found.hidden = value() == Some(1),
                ids::CHAPTER_FLAG_ENABLED => found.enabled = value() != Some(0),
                ids::CHAPTER_SEGMENT_UUID => found.elsewhere = !child.data.is_empty(),
                ids::CHAPTER_UID => uid = value().map(|uid| uid.to_string()),
                ids::CHAPTER_STRING_UID => found.mark.ids = vec![text(child.data)],
                ids::CHAPTER_DISPLAY if found.mark.titles.len() < MAX_TITLES => {
                    for child in child.children() {
                        let child = child.map_err(|unsound| unsound.within(format!("{path}/ChapterDisplay")))?;
                        if child.id == ids::CHAP_STRING {
                            found.mark.titles.push(text(child.data));
                        }
                    }
                }
                _ => {}
            }
        }
        found.mark.ids.extend(uid);
        Ok(found)
    }
}

fn text(data: &[u8]) -> String {
    ebml::string(data).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reelspan_testkit::media::matroska::{element, id};

    use super::*;

    /// Chapter elements, nested at random, with some invalid bytes.
    fn any_elements() -> impl Strategy<Value = Vec<u8>> {
        let ids = [
            ids::EDITION_ENTRY,
            ids::EDITION_FLAG_HIDDEN,
            ids::EDITION_FLAG_DEFAULT,
            ids::CHAPTER_ATOM,
            ids::CHAPTER_UID,
            ids::CHAPTER_STRING_UID,
            ids::CHAPTER_TIME_START,
            ids::CHAPTER_TIME_END,
            ids::CHAPTER_FLAG_ENABLED,
            ids::CHAPTER_DISPLAY,
            ids::CHAP_STRING,
        ];
        let leaf = prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..9),
            (0..ids.len()).prop_map(move |place| ids.get(place).map(|known| id(*known)).unwrap_or_default()),
        ];
        leaf.prop_recursive(6, 64, 6, move |inner| {
            let children = proptest::collection::vec(inner, 0..6);
            (0..ids.len(), children).prop_map(move |(place, children)| {
                ids.get(place).map(|known| element(*known, &children.concat())).unwrap_or_default()
            })
        })
    }

    proptest! {
        #[test]
        fn whatever_is_in_an_edition_its_chapters_are_in_order_and_in_the_file(elements in any_elements(), end in 1..100_i64) {
            let edition = element(ids::EDITION_ENTRY, &elements);
            for data in [elements, edition] {
                let (chapters, _) = parse(&data, 0, &mut Notes::default()).finish(Time(end));
                prop_assert!(chapters.iter().all(|chapter| chapter.interval.end() <= Time(end)));
                prop_assert!(chapters.is_sorted_by_key(|chapter| chapter.interval.start()));
            }
        }
    }
}
