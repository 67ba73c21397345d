//! HLS and DASH: from the segment table of an index to playlists, and from its pages to segments. Nothing is transcoded and
//! nothing is stored: samples are those of the original, bit for bit.
//!
//! A [`Presentation`] is a whole content or a part of it, in tracks of CMAF ([`Rendition`]), or in one transport stream
//! ([`SegmentForm`]). Its playlists are made of the segment table alone; a segment is made of the pages that hold its samples.
//!
//! | module | what it knows |
//! | --- | --- |
//! | `rendition` | which tracks can be packaged, and why the others cannot |
//! | `timeline` | how the times of a track become those of its segments |
//! | `rows` | the segments of a rendition, from the table |
//! | `segment` | the samples of a segment, and its bytes |
//! | `packets` | the segments of transport streams, which stay transport streams |
//! | [`captions`] | captions in either |
//! | `stamps` | how the times of captions fit those of the media |
//! | [`hls`] | playlists (RFC 8216bis) |
//! | [`dash`] | the manifest (ISO/IEC 23009-1) |
//! | [`ladder`] | several stored variants of one work in either |
//! | [`mod@file`] | the same samples as one MP4 |
//! | [`name`] | the names of all these below a content |

pub mod captions;
pub mod dash;
#[cfg(feature = "mp4")]
pub mod file;
pub mod hls;
pub mod ladder;
pub mod name;
mod packets;
mod rendition;
mod rows;
mod segment;
mod stamps;
mod timeline;

use std::ops::RangeInclusive;

use crate::caption::Caption;
use crate::container::cmaf::{self, TrackHeader, UNITY};
use crate::container::{self, SegmentFormat};
use crate::fragment::resolve::Meaning;
use crate::index::{FIRST_PART, Outline, Pages, PagesError, part_at};
use crate::media::splice::Splice;
use crate::media::{Interval, Kind, Time, Track};

use name::RenditionItem;
pub use rendition::{MUXED, NoStream, Rendition};
pub use rows::{Row, SegmentTable};
use segment::SegmentShape;
pub use stamps::Anchor;

/// The longest segment that is given out.
pub const LONGEST: Time = Time::from_secs(60);
/// The most bytes of a segment.
pub const LARGEST: u64 = 100_000_000;

/// Why a segment or a playlist cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The content has no stream.
    #[error(transparent)]
    NoStream(#[from] NoStream),
    /// There is no such segment or rendition.
    #[error("there is no such segment")]
    Missing,
    /// The part is outside of the content.
    #[error("the content has nothing at that time")]
    Outside,
    /// The samples cannot be written.
    #[error(transparent)]
    Container(#[from] container::Error),
    /// The index cannot be read.
    #[error(transparent)]
    Pages(#[from] PagesError),
    /// The samples of a part cannot be found.
    #[error(transparent)]
    Resolve(#[from] crate::fragment::resolve::ResolveError),
}

/// What the segments of a presentation are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentForm {
    /// Fragments of CMAF (ISO/IEC 23000-19), a track each.
    Cmaf,
    /// Files of the content's own format, with pictures and sound: packets of a transport stream.
    Packets,
}

/// A content, or a part of it, as streams.
#[derive(Clone, Debug)]
pub struct Presentation<'a> {
    outline: &'a Outline,
    /// The tracks; the first one leads: its segments determine those of the others.
    renditions: Vec<Rendition>,
    /// The part of the content's timeline; `None` for the whole.
    part: Option<Interval>,
    captions: Vec<Caption>,
}

impl<'a> Presentation<'a> {
    /// The streams of a whole content.
    ///
    /// # Errors
    ///
    /// [`NoStream`] says why the content has none.
    pub fn whole(outline: &'a Outline) -> Result<Self, NoStream> {
        let renditions = renditions(outline, None, None)?;
        Ok(Self { outline, renditions, part: None, captions: Vec::new() })
    }

    /// The streams of the part with this meaning.
    ///
    /// # Errors
    ///
    /// [`PackageError::NoStream`] if it has none, [`PackageError::Outside`] if no track has anything at that time.
    pub fn part(outline: &'a Outline, meaning: &Meaning) -> Result<Self, PackageError> {
        let interval = meaning.interval(outline).ok_or(PackageError::Outside)?;
        let all = interval.start() <= Time::ZERO && interval.end() >= outline.duration;
        let part = (!all).then_some(interval);
        let mut renditions = renditions(outline, part, meaning.tracks.as_deref())?;
        if let Some(part) = part {
            // A track may begin later than the others, or end earlier: no player takes a playlist without segments.
            renditions.retain(|rendition| rendition.is_in(outline, part));
        }
        if renditions.is_empty() {
            return Err(PackageError::Outside);
        }
        Ok(Self { outline, renditions, part, captions: Vec::new() })
    }

    /// The outline of the content.
    #[must_use]
    pub const fn outline(&self) -> &'a Outline {
        self.outline
    }

    /// What its segments are.
    #[must_use]
    pub fn form(&self) -> SegmentForm {
        if segment_format(self.outline).is_some() { SegmentForm::Packets } else { SegmentForm::Cmaf }
    }

    /// Whether an item of its renditions may exist: each form has names of its own.
    #[must_use]
    pub fn has(&self, item: RenditionItem) -> bool {
        match item {
            RenditionItem::Playlist => true,
            RenditionItem::Packets(_) => self.form() == SegmentForm::Packets,
            RenditionItem::Packed(_) => self.is_packed(),
            RenditionItem::KeyFrames
            | RenditionItem::Header(_)
            | RenditionItem::Segment(_)
            | RenditionItem::KeyFrame(_) => self.form() == SegmentForm::Cmaf,
        }
    }

    /// The renditions; the first one leads.
    #[must_use]
    pub fn renditions(&self) -> &[Rendition] {
        &self.renditions
    }

    /// The part of the content's timeline; `None` for the whole.
    #[must_use]
    pub const fn interval(&self) -> Option<Interval> {
        self.part
    }

    /// How long it lasts.
    #[must_use]
    pub fn duration(&self) -> Time {
        self.part.map_or(self.outline.duration, |part| part.end().min(self.outline.duration) - part.start())
    }

    /// The rendition with this name.
    ///
    /// # Errors
    ///
    /// [`PackageError::Missing`] if no rendition has this name.
    pub fn rendition(&self, name: &str) -> Result<&Rendition, PackageError> {
        self.renditions.iter().find(|rendition| rendition.name() == name).ok_or(PackageError::Missing)
    }

    /// A header of a rendition: HLS's media initialization section, DASH's initialization segment. They are counted from zero.
    ///
    /// # Errors
    ///
    /// [`PackageError::Missing`] if it has fewer.
    pub fn header(&self, rendition: &Rendition, number: usize) -> Result<Vec<u8>, PackageError> {
        let track = self.outline.tracks.get(rendition.place).ok_or(PackageError::Missing)?;
        let entry = rendition.entries.get(number).ok_or(PackageError::Missing)?;
        Ok(cmaf::header(&TrackHeader {
            kind: track.kind,
            entries: vec![entry],
            timescale: rendition.timeline.timescale,
            media_time: rendition.timeline.media_time,
            dimensions: self.dimensions(rendition, entry).unwrap_or_default(),
            matrix: self.matrix(track),
            language: track.language.as_deref(),
        }))
    }

    /// Width and height of the pictures of a rendition with this sample entry.
    fn dimensions(&self, rendition: &Rendition, entry: &[u8]) -> Option<(u32, u32)> {
        let of_track = self.outline.tracks.get(rendition.place)?.dimensions;
        let coded = cmaf::dimensions(entry).filter(|_| rendition.kind == Kind::Video && rendition.headers() > 1);
        coded.or(of_track)
    }

    /// The number of channels and the sample rate of a rendition of sound with this sample entry.
    fn sound(&self, rendition: &Rendition, entry: &[u8]) -> (Option<u16>, Option<u32>) {
        match (rendition.kind, rendition.headers(), self.outline.tracks.get(rendition.place)) {
            (Kind::Audio, 2.., _) => cmaf::sound(entry).unzip(),
            (Kind::Audio, _, Some(track)) => (track.channels, track.sample_rate),
            _ => (None, None),
        }
    }

    fn matrix(&self, track: &Track) -> [u32; 9] {
        let stored = || container::format_of(self.outline)?.matrix(self.outline, track);
        if track.kind == Kind::Video { stored().unwrap_or(UNITY) } else { UNITY }
    }

    /// The segment table of the presentation.
    ///
    /// # Errors
    ///
    /// [`PackageError::Pages`] if it cannot be read.
    pub async fn table(&self, pages: &mut impl Pages) -> Result<SegmentTable, PackageError> {
        let (first, last) = self.tabled();
        let table = SegmentTable::load(self.outline, pages, first, last).await?;
        self.with_entry(pages, table).await
    }

    /// The interval of the content whose segments the table has.
    fn tabled(&self) -> (Time, Time) {
        match self.part {
            Some(part) => (part.start() - LONGEST, part.end()),
            None => (Time::ZERO, Time::MAX),
        }
    }

    /// The numbers of the pages that have its segment table.
    #[must_use]
    pub fn table_pages(&self) -> RangeInclusive<u32> {
        let ((first, last), parts) = (self.tabled(), self.outline.segments.as_ref().map_or(0, |table| table.parts));
        let end = parts.saturating_sub(1);
        FIRST_PART + part_at(first).min(end)..=FIRST_PART + part_at(last).min(end)
    }

    /// The table with the sample at which a part begins, if it begins before what was asked for.
    async fn with_entry(&self, pages: &mut impl Pages, mut table: SegmentTable) -> Result<SegmentTable, PackageError> {
        if let (Some(part), SegmentForm::Packets) = (self.part, self.form()) {
            table.entry = packets::entry(self, pages, &table, part).await?;
        }
        Ok(table)
    }

    /// The segment of a rendition that is decoded at this time of its timeline. `key_frame`: only its first picture.
    ///
    /// # Errors
    ///
    /// [`PackageError::Missing`] if no segment begins there; others if the index cannot be read.
    pub async fn segment(
        &self,
        pages: &mut impl Pages,
        rendition: &Rendition,
        time: u64,
        key_frame: bool,
    ) -> Result<Splice, PackageError> {
        if let Some(format) = segment_format(self.outline) {
            return self.packets(format, pages, rendition, time).await;
        }
        self.shaped(pages, rendition, time, if key_frame { SegmentShape::KeyFrame } else { SegmentShape::Fragment })
            .await
    }

    /// The segment of a rendition that is decoded at this time of its timeline, as packed audio.
    ///
    /// # Errors
    ///
    /// As [`Presentation::segment`]; [`PackageError::Missing`] too if its segments are not packed.
    pub async fn packed_audio(
        &self,
        pages: &mut impl Pages,
        rendition: &Rendition,
        time: u64,
    ) -> Result<Splice, PackageError> {
        if self.is_packed() {
            self.shaped(pages, rendition, time, SegmentShape::Packed).await
        } else {
            Err(PackageError::Missing)
        }
    }

    /// Whether HLS has its segments as packed audio: MP3 alone, which Chromium takes as `audio/mpeg` and not in MP4.
    #[must_use]
    pub fn is_packed(&self) -> bool {
        let is_mp3 = |rendition: &Rendition| {
            rendition.kind == Kind::Audio && matches!(rendition.codec.as_str(), "mp4a.6B" | "mp4a.69")
        };
        self.form() == SegmentForm::Cmaf && self.renditions.iter().all(is_mp3)
    }

    async fn shaped(
        &self,
        pages: &mut impl Pages,
        rendition: &Rendition,
        time: u64,
        shape: SegmentShape,
    ) -> Result<Splice, PackageError> {
        let near = rendition.timeline.near(time);
        // The first segment of a part may begin before it, and the first pictures of a content after its beginning.
        let (before, begins) = match self.part {
            Some(_) if time == 0 => (LONGEST, near),
            None if time == 0 => (NEAR, near.max(self.first_sample(rendition))),
            _ => (NEAR, near),
        };
        // A segment lasts until the next one begins.
        let table = SegmentTable::load(self.outline, pages, near - before, begins + NEXT).await?;
        let row =
            self.rows(rendition, &table).into_iter().find(|row| row.start == time).ok_or(PackageError::Missing)?;
        segment::write(self, pages, rendition, &row, shape).await
    }

    /// When the first sample of a rendition is decoded that is in a segment.
    fn first_sample(&self, rendition: &Rendition) -> Time {
        let starts = self.outline.segments.as_ref().and_then(|segments| segments.starts.get(rendition.index));
        let track = self.outline.tracks.get(rendition.place);
        starts.zip(track).map_or(Time::ZERO, |(start, track)| track.timescale.time(*start - track.shift()))
    }

    async fn packets(
        &self,
        format: &dyn SegmentFormat,
        pages: &mut impl Pages,
        rendition: &Rendition,
        time: u64,
    ) -> Result<Splice, PackageError> {
        let near = rendition.timeline.near(time);
        let is_first = self.part.is_some_and(|part| near <= part.start() + NEAR);
        let before = if is_first { LONGEST } else { NEAR };
        let mut table = SegmentTable::load(self.outline, pages, near - before, near + NEAR).await?;
        if is_first {
            table = self.with_entry(pages, table).await?;
        }
        let row =
            self.rows(rendition, &table).into_iter().find(|row| row.start == time).ok_or(PackageError::Missing)?;
        packets::write(self, format, pages, (rendition, &table), &row).await
    }

    /// Whether the leading track has pictures.
    #[must_use]
    pub fn has_pictures(&self) -> bool {
        let leader = self.renditions.first().and_then(|leader| self.outline.tracks.get(leader.place));
        leader.is_some_and(|track| track.kind == Kind::Video)
    }
}

/// The tracks as streams.
fn renditions(outline: &Outline, part: Option<Interval>, chosen: Option<&[usize]>) -> Result<Vec<Rendition>, NoStream> {
    match segment_format(outline) {
        Some(format) => packets::renditions(outline, format, chosen),
        None => rendition::all(outline, part, chosen),
    }
}

/// The format of a content whose segments are files of it.
fn segment_format(outline: &Outline) -> Option<&'static dyn SegmentFormat> {
    container::format_of(outline).and_then(container::Format::segments)
}

/// How far the beginning of a segment may be from the instant that its decode time says.
pub const NEAR: Time = Time::from_secs(5);

/// How far behind that instant the next segment may begin.
pub const NEXT: Time = Time(LONGEST.0 + NEAR.0);
