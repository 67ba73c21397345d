//! Sample descriptions (ISO/IEC 14496-12 §8.5.2): the codec of a track, for the `codecs` parameter of a MIME type (RFC
//! 6381), and what decoding it needs. Unknown codecs can be cut too, because descriptions are copied.

use serde::{Deserialize, Serialize};

use crate::codec::descriptor::Descriptor;
use crate::codec::{Framing, KeyframeCoding, StreamProperties, aac, ac3, alac, flac, mpeg_audio, opus, vorbis};
use crate::container::boxes::{Box, BoxType};
use crate::container::sample_entry::{VISUAL_ENTRY, audio_child, child, name};
use crate::container::{Error, Unsupported};
use crate::media::{Ticks, Timescale};

/// The codec of a track.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mp4Codec {
    /// The value for `codecs="…"`.
    pub name: String,
    /// The type of its sample entry.
    entry: BoxType,
    /// How its samples show whether decoding can begin at them.
    pub pictures: KeyframeCoding,
    /// Samples a second, of audio, and how many channels.
    pub sample_rate: Option<u32>,
    pub channels: Option<u16>,
}

impl Mp4Codec {
    /// The codec of a track without a description.
    fn none() -> Self {
        let entry = BoxType(*b"none");
        Self { name: "none".to_owned(), entry, pictures: KeyframeCoding::Unknown, sample_rate: None, channels: None }
    }

    /// The duration to decode before the first audible sample. `frame`: the usual duration of a sample.
    pub fn preroll(&self, timescale: Timescale, frame: Option<u32>) -> Ticks {
        let frame = Ticks(i64::from(frame.unwrap_or(0)));
        match &self.entry.0 {
            b"Opus" => Timescale::per_second(opus::RATE)
                .map_or(Ticks::ZERO, |samples| timescale.ticks(samples.time(Ticks(opus::PREROLL.into())))),
            b".mp3" => frame.times(mpeg_audio::PREROLL_FRAMES.into()),
            b"mp4a" if matches!(self.name.as_str(), "mp4a.6B" | "mp4a.69") => {
                frame.times(mpeg_audio::PREROLL_FRAMES.into())
            }
            b"mp4a" if self.name == "mp4a.DD" => frame.max(Ticks(vorbis::PREROLL.into())),
            b"mp4a" => frame.times(aac::PREROLL_FRAMES.into()),
            b"ac-3" | b"ec-3" => frame.times(ac3::PREROLL_FRAMES.into()),
            _ => Ticks::ZERO,
        }
    }
}

/// Parses the first sample description. Encrypted ones are refused: a cut would also have to cut the boxes with keys
/// and vectors.
pub fn read(stsd: &Box<'_>) -> Result<Mp4Codec, Error> {
    let mut fields = stsd.fields();
    fields.version_and_flags()?;
    let count = fields.u32()?;
    let mut first = None;
    let entries = Box { payload: fields.rest(), offset: stsd.offset + 8, ..stsd.clone() };
    for entry in entries.children().take(usize::try_from(count).unwrap_or(usize::MAX)) {
        let entry = entry?;
        if matches!(&entry.kind.0, b"encv" | b"enca" | b"enct" | b"encs" | b"enc3" | b"drms" | b"drmi") {
            let what = format!("encrypted samples ({}, in {})", entry.kind, stsd.path);
            return Err(Unsupported::Encrypted { what }.into());
        }
        first.get_or_insert(entry);
    }
    let Some(entry) = first else { return Ok(Mp4Codec::none()) };
    let name = name(&entry);
    let pictures = if count == 1 { pictures(&entry, &name) } else { KeyframeCoding::Unknown };
    let StreamProperties { sample_rate, channels, .. } = configured(&entry).unwrap_or_default().or(&stated(&entry));
    Ok(Mp4Codec { entry: entry.kind, pictures, name, sample_rate, channels })
}

/// How the samples of a description show whether decoding can begin at them.
fn pictures(entry: &Box<'_>, name: &str) -> KeyframeCoding {
    let configured =
        |kind, at| child(entry, VISUAL_ENTRY, kind).map(|found| Framing::configured(found.payload.get(at)));
    let found = match &entry.kind.0 {
        b"avc1" | b"avc2" | b"avc3" | b"avc4" | b"dva1" | b"dvav" => configured(*b"avcC", 4).map(KeyframeCoding::H264),
        b"hvc1" | b"hev1" | b"dvh1" | b"dvhe" => configured(*b"hvcC", 21).map(KeyframeCoding::Hevc),
        b"av01" => Some(KeyframeCoding::Av1),
        b"vp08" => Some(KeyframeCoding::Vp8),
        b"vp09" => Some(KeyframeCoding::Vp9),
        b"m1v " | b"m2v1" | b"mp1v" | b"mp2v" => Some(KeyframeCoding::Mpeg2),
        b"mp4v" if name == "mp4v.20" => Some(KeyframeCoding::Mpeg4),
        // ISO/IEC 14496-1 table 5: the profiles of MPEG-2, and MPEG-1.
        b"mp4v"
            if matches!(name, "mp4v.60" | "mp4v.61" | "mp4v.62" | "mp4v.63" | "mp4v.64" | "mp4v.65" | "mp4v.6A") =>
        {
            Some(KeyframeCoding::Mpeg2)
        }
        _ => None,
    };
    found.unwrap_or(KeyframeCoding::Unknown)
}

/// The audio properties in a decoder configuration.
fn configured(entry: &Box<'_>) -> Option<StreamProperties> {
    let record = |kind, skip| audio_child(entry, kind)?.payload.get(skip..);
    match &entry.kind.0 {
        b"mp4a" => {
            let specific = Descriptor::parse(record(*b"esds", 4)?)?.specific;
            aac::AudioSpecificConfig::parse(specific).map(|found| found.properties())
        }
        b"Opus" => opus::OpusConfiguration::parse_box(record(*b"dOps", 0)?).map(|found| found.properties()),
        b"fLaC" => flac::StreamInfo::of_blocks(record(*b"dfLa", 4)?).map(|found| found.properties()),
        b"alac" => alac::properties(record(*b"alac", 4)?),
        b"ac-3" => ac3::configured(ac3::AC3, record(*b"dac3", 0)?),
        b"ec-3" => ac3::configured(ac3::EAC3, record(*b"dec3", 0)?),
        _ => None,
    }
}

/// The fixed fields of an audio sample entry (§12.2.3; for version 2 Apple, *QuickTime File Format*). The fields of
/// other entries have other meanings, and are not used.
fn stated(entry: &Box<'_>) -> StreamProperties {
    let field = |at: usize| entry.payload.get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
    let halves = |at: usize| field(at).map(|both| (both >> 16, both & 0xFFFF));
    let version = halves(8).map_or(0, |(version, _)| version);
    let (rate, channels) = if version == 2 {
        let rate = entry.payload.get(32..).and_then(|rest| rest.first_chunk()).map(|bytes| f64::from_be_bytes(*bytes));
        (rate.map(whole), field(40).and_then(|count| u16::try_from(count).ok()))
    } else {
        let channels = halves(16).and_then(|(channels, _)| u16::try_from(channels).ok());
        (halves(24).map(|(rate, _)| rate), channels)
    };
    StreamProperties::audio(String::new(), rate.filter(|rate| *rate > 0), channels.filter(|channels| *channels > 0))
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float saturates")]
const fn whole(rate: f64) -> u32 {
    rate as u32
}
