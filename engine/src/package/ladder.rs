//! Several stored variants of one work in one stream; a player chooses by what the network carries (RFC 8216bis §6.2.4):
//! `talk-360.mp4` names `talk-1080.mp4`, and a player of the first one may change to the pictures of the second one at every segment.
//!
//! So the segments of all of them begin at the same instants, up to one picture. Sound and captions are those of the content that
//! names the others.

use super::name::{Addresses, VariantName};
use super::{PackageError, Presentation, Rendition, Row, SegmentForm, SegmentTable};
use crate::media::{Kind, Time};

/// Why a variant is left out.
#[derive(Debug, thiserror::Error)]
pub enum LeftOut {
    /// It has no stream.
    #[error(transparent)]
    NoStream(#[from] PackageError),
    /// One of them cannot have variants, or be one.
    #[error(
        "only pictures in fragmented MP4 have variants, and of those only such as do not change their configuration"
    )]
    Form,
    /// It has another number of segments.
    #[error("it has {found} segments, and not {expected}: they begin at other pictures")]
    Count {
        /// How many it has.
        found: usize,
        /// How many the content has.
        expected: usize,
    },
    /// A segment begins at another instant.
    #[error("a segment begins at {found} s, and not at {expected} s, as that of the content")]
    Elsewhere {
        /// When it begins.
        found: Time,
        /// When that of the content begins.
        expected: Time,
    },
    /// A segment is longer than the target duration of the content, which all playlists of a stream share.
    #[error("its longest segment lasts {found} s, rounded, and that of the content {expected} s")]
    Long {
        /// How long it is.
        found: u64,
        /// How long it may be.
        expected: u64,
    },
}

/// A variant whose segments are aligned with those of the content that names it.
#[derive(Clone, Debug)]
pub struct Variant<'a> {
    pub(super) presentation: Presentation<'a>,
    pub(super) table: SegmentTable,
    /// Its number among those that the content names.
    pub(super) number: usize,
    /// Where its playlists and segments are, relative to the playlist of the content.
    pub(super) folder: String,
    /// The target duration of the content.
    target: u64,
}

/// A variant that is left out, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The name of the stored file.
    pub name: String,
    /// Why.
    pub why: String,
}

impl<'a> Variant<'a> {
    /// The variant with this name and version, for the content with this table.
    ///
    /// # Errors
    ///
    /// [`LeftOut`] if players could not change between the two.
    pub fn new(
        (content, table): (&Presentation<'_>, &SegmentTable),
        (name, version): (&VariantName, &str),
        (presentation, own): (Presentation<'a>, SegmentTable),
    ) -> Result<Self, LeftOut> {
        let (Some(leader), Some(pictures)) = (content.variable(), presentation.variable()) else {
            return Err(LeftOut::Form);
        };
        let (expected, found) = (content.begins(leader, table), presentation.begins(pictures, &own));
        if expected.len() != found.len() {
            return Err(LeftOut::Count { found: found.len(), expected: expected.len() });
        }
        let within = content.picture(leader).max(presentation.picture(pictures));
        // Where a part begins, each begins with the sync sample that it needs.
        let compared = usize::from(content.interval().is_some());
        for (expected, found) in expected.into_iter().zip(found).skip(compared) {
            if (expected.0 - found.0).abs() > within.0 {
                return Err(LeftOut::Elsewhere { found, expected });
            }
        }
        let target = content.target(table);
        let longest = presentation.target_of(&[pictures], &own);
        if longest > target {
            return Err(LeftOut::Long { found: longest, expected: target });
        }
        let folder = format!("{name}/v-{version}");
        Ok(Self { presentation, table: own, number: name.number, folder, target })
    }

    /// The playlist of its pictures, or of those at which its segments begin.
    #[must_use]
    pub fn playlist(&self, key_frames: bool, addresses: Addresses<'_>) -> String {
        let pictures = self.presentation.variable();
        pictures.map_or_else(String::new, |pictures| {
            self.presentation.list(pictures, &self.table, addresses, (key_frames, self.target))
        })
    }

    /// The segments of its pictures.
    #[must_use]
    pub fn rows(&self, pictures: &Rendition) -> Vec<Row> {
        self.presentation.rows(pictures, &self.table)
    }

    /// Its number among those that the content names, from 1.
    #[must_use]
    pub const fn number(&self) -> usize {
        self.number
    }

    /// Its streams.
    #[must_use]
    pub const fn presentation(&self) -> &Presentation<'a> {
        &self.presentation
    }
}

impl Presentation<'_> {
    /// The pictures that may have variants, or be one.
    #[must_use]
    pub fn variable(&self) -> Option<&Rendition> {
        let is_fit = |leader: &&Rendition| leader.kind == Kind::Video && leader.headers() == 1;
        self.renditions()
            .first()
            .filter(|_| self.form() == SegmentForm::Cmaf && self.changes().is_empty())
            .filter(is_fit)
    }

    /// When the first pictures of the segments are presented in the content.
    fn begins(&self, pictures: &Rendition, table: &SegmentTable) -> Vec<Time> {
        let Some(track) = self.track(pictures) else { return Vec::new() };
        let rows = self.rows(pictures, table).into_iter();
        let begins = rows.filter_map(|row| {
            let segment = table.segments().get(row.segment)?;
            let of_track = segment.tracks.get(pictures.index)?;
            Some(track.timescale.time(of_track.start + segment.composition - track.shift()))
        });
        begins.collect()
    }

    /// About how long a picture is shown.
    fn picture(&self, pictures: &Rendition) -> Time {
        self.track(pictures).map_or(Time::ZERO, |track| track.timescale.time(super::timeline::frame(track)))
    }
}
