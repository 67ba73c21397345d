//! Listing: the keys of a bucket in order, with keys that share a part up to a delimiter rolled up into common
//! prefixes. (*Amazon S3 API Reference*, `ListObjectsV2`.)

use rusqlite::params;

use super::{CatalogueError, ObjectCatalogue};

/// Which part of a bucket to list.
#[derive(Debug, Clone, Copy)]
pub struct ObjectListing<'a> {
    /// The prefix of the keys.
    pub prefix: &'a str,
    /// Ends a common prefix; empty for none.
    pub delimiter: &'a str,
    /// Only keys and common prefixes that come after this.
    pub after: &'a str,
    /// The maximum number of entries.
    pub limit: usize,
}

/// A line of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListingEntry {
    /// An object.
    Object {
        /// Its key.
        key: String,
        /// How many bytes it has.
        size: u64,
        /// Its `ETag` without quotation marks.
        etag: String,
        /// When it was put, in seconds since 1970.
        modified: i64,
    },
    /// The common beginning of several keys, up to and including the delimiter.
    CommonPrefix(String),
}

impl ListingEntry {
    /// The string by which the entry is sorted.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Object { key, .. } => key,
            Self::CommonPrefix(prefix) => prefix,
        }
    }
}

impl ObjectCatalogue {
    /// The entries of a listing, in order, and whether more follow.
    pub fn list(&self, bucket: &str, listing: ObjectListing) -> Result<(Vec<ListingEntry>, bool), CatalogueError> {
        let connection = self.lock();
        let mut from_here = connection.prepare_cached(
            "SELECT key, size, etag, modified FROM object WHERE bucket = ?1 AND key >= ?2 ORDER BY key",
        )?;
        let mut entries = Vec::new();
        let mut start = Some(first_key(listing));
        while let Some(here) = start.take() {
            let mut rows = from_here.query(params![bucket, here])?;
            while let Some(row) = rows.next()? {
                let key: String = row.get(0)?;
                let Some(rest) = key.strip_prefix(listing.prefix) else { break };
                if entries.len() == listing.limit {
                    return Ok((entries, true));
                }
                if let Some(end) = end_of_common_prefix(rest, listing.delimiter) {
                    let rolled_up = key.get(..listing.prefix.len() + end).unwrap_or_default().to_owned();
                    start = behind(&rolled_up);
                    entries.push(ListingEntry::CommonPrefix(rolled_up));
                    break;
                }
                entries.push(ListingEntry::Object { size: row.get(1)?, etag: row.get(2)?, modified: row.get(3)?, key });
            }
        }
        Ok((entries, false))
    }
}

fn end_of_common_prefix(rest: &str, delimiter: &str) -> Option<usize> {
    if delimiter.is_empty() {
        return None;
    }
    rest.find(delimiter).map(|at| at + delimiter.len())
}

/// The smallest key that a listing may contain.
fn first_key(listing: ObjectListing) -> String {
    if listing.after < listing.prefix {
        return listing.prefix.to_owned();
    }
    let rolled_up = listing
        .after
        .strip_prefix(listing.prefix)
        .filter(|rest| !listing.delimiter.is_empty() && rest.ends_with(listing.delimiter))
        .and_then(|_| behind(listing.after));
    // The next string in order is the same with the smallest character appended.
    rolled_up.unwrap_or_else(|| format!("{}\0", listing.after))
}

/// The smallest string greater than all that begin with `prefix`: UTF-8 sorts like its code points. `None` if there is
/// none.
fn behind(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        let next = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(next) = next {
            text.push(next);
            return Some(text);
        }
    }
    None
}
