//! The Media Fragments URI grammar (W3C *Media Fragments URI 1.0 (basic)*, §3 and §4): parses what follows `#` or `?`
//! into a [`Fragment`]. It does not depend on HTTP or on a file: whether a named track exists is checked elsewhere.
//!
//! ```
//! use reelspan_engine::fragment::uri::Fragment;
//!
//! let fragment = Fragment::parse("t=npt:20,0:00:35&track=audio&colour=red");
//! assert_eq!(fragment.to_string(), "t=npt:20,35&track=audio");
//! assert!(Fragment::parse("t=banana").is_empty());
//! ```
//!
//! What is not in the grammar is as if it were not there (§6.2), so that parsing never fails. It is remembered, though, with the
//! place and the reason, in [`Fragment::ignored`].
//!
//! | file | what it reads |
//! | --- | --- |
//! | `split` | name-value pairs, and percent-encoding |
//! | [`npt`] | normal play time: `10,20`, `npt:0:02:00,121.5` |
//! | [`smpte`] | time codes of frames: `smpte-25:0:00:10:12,0:00:20` |
//! | [`clock`] | wall-clock time: `clock:2010-10-22T07:33:56Z` |
//! | [`area`] | parts of the picture: `percent:25,25,50,50` |

pub mod area;
pub mod clock;
pub mod npt;
mod scan;
pub mod smpte;
mod split;
mod temporal;
mod written;

use std::fmt;

pub use area::Area;
pub use scan::{InvalidText, TextScanner};
use split::QueryPair;
pub use split::{decode, encode};
pub use temporal::Temporal;
pub use written::WrittenInterval;

/// The maximum number of name-value pairs. Real URIs have less than a dozen; ten thousand are an attack.
const MOST_PAIRS: usize = 256;

/// The dimensions of a media fragment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fragment {
    /// `t`: the last valid one (§6.2.1).
    pub time: Option<Temporal>,
    /// `track`: each name once, in order.
    pub tracks: Vec<String>,
    /// `id`: the last valid one.
    pub id: Option<String>,
    /// `xywh`: the last valid one.
    pub area: Option<Area>,
    /// The pairs without effect, and why.
    pub ignored: Vec<IgnoredPair>,
}

/// A name-value pair that has no effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoredPair {
    /// The pair as it is written in the URI.
    pub pair: String,
    /// The reason.
    pub why: Reason,
}

/// Why a name-value pair has no effect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// It is not a pair of percent-encoded UTF-8. Positions are bytes from the beginning of the pair.
    #[error("not a name and a value: {0}")]
    NotAPair(InvalidText),
    /// No dimension has this name; names are case-sensitive.
    #[error("no dimension has this name")]
    UnknownName,
    /// The value does not match the dimension's grammar. Positions are bytes from the beginning of the decoded value.
    #[error("not in the grammar: {0}")]
    NotInGrammar(InvalidText),
    /// Another pair of the same name takes precedence: the last one; for tracks, the first with the same name.
    #[error("another one of this name takes precedence")]
    Superseded,
    /// The URI has too many pairs.
    #[error("too many pairs before it")]
    TooMany,
}

impl Fragment {
    /// Parses what follows the `?` or the `#` of a URI.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut fragment = Self::default();
        // The pairs in effect so far; later ones may supersede them.
        let [mut time, mut id, mut area] = [None; 3];
        for (at, written) in text.split('&').filter(|written| !written.is_empty()).enumerate() {
            if at == MOST_PAIRS {
                fragment.ignore(written, Reason::TooMany);
                break;
            }
            let pair = match QueryPair::decode(written) {
                Ok(pair) => pair,
                Err(why) => {
                    fragment.ignore(written, Reason::NotAPair(why));
                    continue;
                }
            };
            let superseded = match &*pair.name {
                "t" => Temporal::parse(&pair.value).map(|value| {
                    fragment.time = Some(value);
                    time.replace(written)
                }),
                "xywh" => Area::parse(&pair.value).map(|value| {
                    fragment.area = Some(value);
                    area.replace(written)
                }),
                "id" | "track" if pair.value.is_empty() => Err(InvalidText { at: 0, why: "a name is expected" }),
                "id" => {
                    fragment.id = Some(pair.value.into_owned());
                    Ok(id.replace(written))
                }
                "track" if fragment.tracks.iter().any(|track| *track == pair.value) => Ok(Some(written)),
                "track" => {
                    fragment.tracks.push(pair.value.into_owned());
                    Ok(None)
                }
                _ => {
                    fragment.ignore(written, Reason::UnknownName);
                    continue;
                }
            };
            match superseded {
                Ok(None) => {}
                Ok(Some(before)) => fragment.ignore(before, Reason::Superseded),
                Err(why) => fragment.ignore(written, Reason::NotInGrammar(why)),
            }
        }
        fragment
    }

    /// Whether no dimension is given: the fragment is the whole resource.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.time.is_none() && self.tracks.is_empty() && self.id.is_none() && self.area.is_none()
    }

    fn ignore(&mut self, pair: &str, why: Reason) {
        self.ignored.push(IgnoredPair { pair: pair.to_owned(), why });
    }
}

/// The dimensions in the syntax of a URI, without the ignored ones: `t=npt:20,35&track=audio`.
impl fmt::Display for Fragment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.time.iter().map(|time| format!("t={time}"));
        let tracks = self.tracks.iter().map(|track| format!("track={}", encode(track)));
        let id = self.id.iter().map(|id| format!("id={}", encode(id)));
        let area = self.area.iter().map(|area| format!("xywh={area}"));
        for (at, pair) in time.chain(tracks).chain(id).chain(area).enumerate() {
            let separator = if at > 0 { "&" } else { "" };
            write!(out, "{separator}{pair}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod cases;
#[cfg(test)]
mod tests;
