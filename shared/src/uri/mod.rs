//! The Media Fragments URI grammar (W3C *Media Fragments URI 1.0 (basic)*, §3 and §4): what stands behind `#` or `?` as a
//! [`Fragment`]. Nothing of HTTP in here, and nothing of any file: whether a track of that name exists is for others to say.
//!
//! ```
//! use reelspan::uri::Fragment;
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

pub mod npt;
mod scan;
mod split;

use std::fmt;

pub use scan::{Invalid, Scanner};
use split::Pair;

use crate::media::Interval;

/// How many name-value pairs are looked at. Nobody writes a dozen; a query of ten thousand is an attempt.
const MOST_PAIRS: usize = 256;

/// The dimensions of a media fragment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fragment {
    /// `t`: of several, the last that is valid (§6.2.1).
    pub time: Option<Temporal>,
    /// `track`: each name once, in the order in which they stand.
    pub tracks: Vec<String>,
    /// What has no effect, and why.
    pub ignored: Vec<Ignored>,
}

/// A stretch of time, in the unit in which it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Temporal {
    /// Normal play time (§4.2.1).
    Npt(Interval),
}

/// A name-value pair that has no effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// The pair as it stands in the URI.
    pub pair: String,
    /// Why.
    pub why: Reason,
}

/// Why a name-value pair has no effect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// It is no pair of percent-encoded UTF-8: counted in bytes from the beginning of the pair.
    #[error("not a name and a value: {0}")]
    NotAPair(Invalid),
    /// No dimension has this name; names are case-sensitive.
    #[error("no dimension has this name")]
    UnknownName,
    /// The value is not in the dimension's grammar: counted in bytes from the beginning of the value, decoded.
    #[error("not in the grammar: {0}")]
    NotInGrammar(Invalid),
    /// A later pair of the same name counts instead.
    #[error("a later one of this name counts")]
    Superseded,
    /// There are more pairs than are looked at.
    #[error("too many pairs before it")]
    TooMany,
}

impl Fragment {
    /// Reads what stands behind the `?` or the `#` of a URI, which itself is left out.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut fragment = Self::default();
        let mut time_pair = None;
        for (at, written) in text.split('&').filter(|written| !written.is_empty()).enumerate() {
            if at == MOST_PAIRS {
                fragment.ignore(written, Reason::TooMany);
                break;
            }
            let pair = match Pair::decode(written) {
                Ok(pair) => pair,
                Err(why) => {
                    fragment.ignore(written, Reason::NotAPair(why));
                    continue;
                }
            };
            match &*pair.name {
                "t" => match Temporal::parse(&pair.value) {
                    Ok(time) => {
                        fragment.time = Some(time);
                        if let Some(before) = time_pair.replace(written) {
                            fragment.ignore(before, Reason::Superseded);
                        }
                    }
                    Err(why) => fragment.ignore(written, Reason::NotInGrammar(why)),
                },
                "track" if pair.value.is_empty() => {
                    fragment.ignore(written, Reason::NotInGrammar(Invalid { at: 0, why: "a track has a name" }));
                }
                "track" if fragment.tracks.iter().any(|track| *track == pair.value) => {}
                "track" => fragment.tracks.push(pair.value.into_owned()),
                _ => fragment.ignore(written, Reason::UnknownName),
            }
        }
        fragment
    }

    /// Whether no dimension is given: the fragment is the whole resource.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.time.is_none() && self.tracks.is_empty()
    }

    fn ignore(&mut self, pair: &str, why: Reason) {
        self.ignored.push(Ignored { pair: pair.to_owned(), why });
    }
}

/// The dimensions as a URI has them, without what was ignored: `t=npt:20,35&track=audio`.
impl fmt::Display for Fragment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(time) = self.time {
            write!(out, "t={time}")?;
        }
        for (at, track) in self.tracks.iter().enumerate() {
            let separator = if at > 0 || self.time.is_some() { "&" } else { "" };
            write!(out, "{separator}track={}", split::encode(track))?;
        }
        Ok(())
    }
}

impl Temporal {
    /// Reads the value of `t`. Without a prefix it is normal play time.
    pub fn parse(value: &str) -> Result<Self, Invalid> {
        let mut scanner = Scanner::new(value);
        // The other units (smpte, smpte-25, …, clock) have their own prefixes and their own modules.
        scanner.take("npt:");
        npt::interval(scanner).map(Self::Npt)
    }

    /// The stretch in normal play time.
    #[must_use]
    pub const fn interval(self) -> Interval {
        match self {
            Self::Npt(interval) => interval,
        }
    }
}

impl fmt::Display for Temporal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Npt(interval) => write!(out, "npt:{interval}"),
        }
    }
}

#[cfg(test)]
mod tests;
