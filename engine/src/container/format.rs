//! The interface of a container format: its two halves, and the behaviour of its cuts.

use std::ops::Range;

use super::{Error, IndexFuture, Indexing, Payload, Selection, TextTrack, Unavailable, Written};
use crate::codec::DecoderConfiguration;
use crate::index::{Container, Outline};
use crate::media::splice::Splice;
use crate::media::{Kind, Run, Track};

/// A container format. Its module contains everything specific to it; the rest of the engine knows it only by this
/// trait.
pub trait Format: Send + Sync {
    /// The names of the container in the heads of its files; there are several if one module reads several formats.
    fn containers(&self) -> &'static [Container];

    /// The version of its writer. It increases with every change of the bytes that [`Format::write`] produces for the
    /// same selection. The validator of a cut depends on it, so no cache joins the bytes of two versions.
    fn writer(&self) -> u32;

    /// Whether `ID3v2` tags may precede everything else in its files. If so, [`Format::recognises`] gets the bytes
    /// after them.
    fn behind_tags(&self) -> bool {
        false
    }

    /// Whether a file that begins with these bytes (some kilobytes) has this format.
    fn recognises(&self, start: &[u8]) -> bool;

    /// Indexes a file in constant memory, as [`index_on`](super::index_on) describes.
    fn index<'a>(&self, indexing: Indexing<'a>) -> IndexFuture<'a>;

    /// Writes a selection as a complete file.
    ///
    /// # Errors
    ///
    /// [`Error::Index`] if the selection does not belong to the outline, [`Error::Memory`] if the cut would exceed the
    /// memory limit. A format may have limits of its own.
    fn write(&self, outline: &Outline, selection: &Selection) -> Result<Written, Error>;

    /// Where the bytes of the samples of a track's run stand, as their codec has them: without what the container puts around each.
    /// As a rule they lie in the file as they are.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] where they cannot be had as a splice, [`Error::Index`] where the run is not of such a file.
    fn payload(&self, _: &Outline, _: &Track, run: &Run) -> Result<Payload, Error> {
        Ok(Payload::stored(run))
    }

    /// What configures the decoder of a track, by what the index keeps of its file. It is for the samples that
    /// [`Format::payload`] gives.
    ///
    /// # Errors
    ///
    /// Why another container cannot have the track: its payloads cannot be had as a splice, or are not as others have
    /// them; or the index has no configuration, or more than one.
    fn configuration(&self, outline: &Outline, track: &Track) -> Result<DecoderConfiguration, Unavailable>;

    /// The same for those samples that have the configuration of this number
    /// ([`Builder::configure`](crate::index::Builder::configure)).
    ///
    /// # Errors
    ///
    /// As [`Format::configuration`].
    fn configuration_of(&self, outline: &Outline, track: &Track, _: u32) -> Result<DecoderConfiguration, Unavailable> {
        self.configuration(outline, track)
    }

    /// The number of the configuration of the samples of a run; 0 if the format has one for each track.
    fn configuration_number(&self, _: &Run) -> u32 {
        0
    }

    /// How wide a pixel of a video track is to its height, if the container says so and pixels are not square. A sample
    /// entry that the container itself has ([`DecoderConfiguration::SampleEntry`]) says it already.
    fn pixel_aspect(&self, _: &Outline, _: &Track) -> Option<(u32, u32)> {
        None
    }

    /// How the pictures of a track are turned to be shown: the nine numbers of a matrix (ISO/IEC 14496-12 §8.3.2). `None` if the
    /// container does not say.
    fn matrix(&self, _: &Outline, _: &Track) -> Option<[u32; 9]> {
        None
    }

    /// What a text track says of itself; `None` if its samples cannot become cues of WebVTT.
    fn text(&self, _: &Track) -> Option<TextTrack> {
        None
    }

    /// Whether the file says that a sound describes the pictures for people who do not see them.
    fn describes_pictures(&self, _: &Track) -> bool {
        false
    }

    /// How its samples become segments of a stream without leaving the format; `None` if no player takes its files as
    /// segments.
    fn segments(&self) -> Option<&dyn SegmentFormat> {
        None
    }

    /// Whether a track of a cut begins to play at exactly the requested instant, and not at the sync sample before.
    fn starts_exactly(&self, _: &Outline, _: &Track) -> bool {
        false
    }

    /// Whether a cut ends with the end of its last sample, because the format cannot declare that less of it should be
    /// played.
    fn ends_with_a_sample(&self, _: &Outline) -> bool {
        false
    }

    /// Whether a cut plays all samples that it contains, including those that only decoding needs, because the format
    /// cannot declare which ones should not be played.
    fn plays_lead_in(&self, _: &Outline) -> bool {
        false
    }

    /// Whether each range of the setup is only for what follows it up to the next, and is only useful at its place.
    fn setup_stands_before(&self, _: &Outline) -> bool {
        false
    }

    /// Adjusts a selection to a cut of this format: the times at which its samples are shown, and the interval that it
    /// plays, if the format cannot express exactly the selected one.
    fn as_played(&self, _: &Outline, selection: Selection) -> Selection {
        selection
    }

    /// The MIME type of a cut with tracks of these kinds: an audio file for sound without pictures, a video file for
    /// text alone.
    fn mime(&self, outline: &Outline, kinds: &[Kind]) -> String {
        let family = outline.mime.split_once('/').map_or("", |(_, family)| family);
        if kinds.is_empty() || kinds.contains(&Kind::Video) {
            outline.mime.clone()
        } else if kinds.contains(&Kind::Audio) {
            format!("audio/{family}")
        } else {
            format!("video/{family}")
        }
    }
}

/// A container format whose files are media segments of HLS as they are (RFC 8216bis §3.1).
pub trait SegmentFormat: Send + Sync {
    /// The names of a track in `CODECS`: one, unless its configuration changes; none if HLS has no place for it.
    fn codecs(&self, outline: &Outline, track: &Track) -> Vec<String>;

    /// Writes a selection as a media segment. Segments of consecutive selections with the same tracks are one stream.
    ///
    /// # Errors
    ///
    /// As [`Format::write`].
    fn write_segment(&self, outline: &Outline, selection: &Selection) -> Result<Splice, Error>;

    /// The presentation time stamp of the first sample of a run of the track at this place of the outline.
    ///
    /// # Errors
    ///
    /// [`Error::Index`] if the run does not belong to the outline.
    fn time_stamp(&self, outline: &Outline, place: usize, run: &Run) -> Result<TimeStamp, Error>;

    /// The time stamp in the bytes that [`TimeStamp::At`] names; `None` if they have none.
    fn read_time_stamp(&self, bytes: &[u8]) -> Option<u64>;
}

/// A presentation time stamp: 33 bits, at 90 000 ticks a second (ISO/IEC 13818-1 §2.4.3.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimeStamp {
    /// This one.
    Known(u64),
    /// It is in these bytes of the file.
    At(Range<u64>),
}
