//! Tracks (RFC 9559 §5.1.4): each TrackEntry is parsed for what requests and players need, and otherwise copied.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::super::ebml::{self, ChildElements, EbmlElement};
use super::super::ids;
use super::super::observed::InBandRecord;
use super::codec;
use crate::codec::StreamProperties;
use crate::container::notes::Notes;
use crate::container::{Error, TooLarge, Unsupported};
use crate::media::{Kind, Setup, Ticks, Time, Timescale, Track};

/// The maximum number of tracks in a file. Every block searches for its own.
const MAX_TRACKS: usize = 128;

/// How many bytes of TrackEntries are kept in the index. A Vorbis header has 4 KiB, and TrackEntries outside of the
/// index cost each request another read.
const MAX_INLINE: usize = 8 << 10;

/// The maximum length of a name, a codec or a language in characters.
const MAX_TEXT: usize = 255;

/// What reading a track's blocks needs, besides the [`Track`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockCoding {
    /// TrackNumber, by which blocks name it.
    pub number: u64,
    /// Its kind.
    pub kind: Kind,
    /// DefaultDuration: nanoseconds a frame.
    pub frame: Option<u64>,
    /// Whether its packets contain their duration in their first bytes, which are not compressed.
    pub opus: bool,
    /// How its frames are encoded is not kept, and so not where their payloads are.
    pub unknown: bool,
    /// How its frames show whether they are keyframes.
    pub pictures: crate::codec::KeyframeCoding,
    /// The configuration that its frames have, and its TrackEntry does not.
    pub record: Option<InBandRecord>,
}

/// The tracks that can be served, and in parallel what their blocks need.
#[derive(Clone, Debug, Default)]
pub struct Tracks {
    /// The tracks, in file order; their totals are not known yet.
    pub tracks: Vec<Track>,
    /// For each of them, how its blocks are read.
    pub codings: Vec<BlockCoding>,
}

/// The needed fields of a TrackEntry.
#[derive(Default)]
struct TrackEntry<'a> {
    number: u64,
    kind: u64,
    codec: String,
    private: &'a [u8],
    language: Option<String>,
    bcp47: Option<String>,
    name: Option<String>,
    frame: Option<u64>,
    preroll: Option<u64>,
    rate: f64,
    /// OutputSamplingFrequency.
    output: Option<f64>,
    channels: Option<u16>,
    width: Option<u32>,
    height: Option<u32>,
    scaled: bool,
    encoded: bool,
}

impl Tracks {
    /// Parses the data of a Tracks element, which begins at this offset.
    ///
    /// # Errors
    ///
    /// If it is invalid, a track is encrypted, or there are too many tracks or none.
    pub fn parse(data: &[u8], offset: u64, timescale: Timescale, notes: &mut Notes) -> Result<Self, Error> {
        let (mut found, mut entries, mut inline) = (Self::default(), 0_usize, 0);
        for child in ChildElements::new(data, offset) {
            let child = child.map_err(|unsound| unsound.within("Segment/Tracks"))?;
            if child.id != ids::TRACK_ENTRY {
                continue;
            }
            entries += 1;
            if entries > MAX_TRACKS {
                return Err(TooLarge::Count { what: "tracks", bound: MAX_TRACKS as u64 }.into());
            }
            let entry = TrackEntry::parse(&child, &format!("Segment/Tracks/TrackEntry[{entries}]"))?;
            let Some(kind) = entry.usable_kind(&found, notes) else { continue };
            // What frames are encoded by has to be at hand.
            let kept = entry.encoded && child.whole.len() <= MAX_INLINE;
            inline += if kept { 0 } else { child.whole.len() };
            let setup = if kept || inline <= MAX_INLINE {
                Setup::Inline(Bytes::copy_from_slice(child.whole))
            } else {
                Setup::At(child.offset..child.offset.saturating_add(child.whole.len() as u64))
            };
            let unknown = entry.encoded && !kept;
            found.codings.push(BlockCoding { unknown, ..entry.coding(kind) });
            found.tracks.push(entry.track(kind, timescale, setup));
        }
        if found.tracks.is_empty() {
            let why = format!("none of its {entries} tracks is video, audio or text");
            return Err(Unsupported::NoTracks { why }.into());
        }
        Ok(found)
    }

    /// The first half of the MIME type of the whole file.
    pub fn media_type(&self) -> &'static str {
        let has = |kind| self.tracks.iter().any(|track| track.kind == kind);
        if has(Kind::Audio) && !has(Kind::Video) { "audio" } else { "video" }
    }
}

impl<'a> TrackEntry<'a> {
    fn parse(entry: &EbmlElement<'a>, path: &str) -> Result<Self, Error> {
        // The default of Language is "eng" (RFC 9559 §5.1.4.1.19).
        let mut found = Self { language: Some("eng".to_owned()), ..Self::default() };
        for child in entry.children() {
            let child = child.map_err(|unsound| unsound.within(path))?;
            let value = || ebml::uint(child.data);
            match child.id {
                ids::TRACK_NUMBER => found.number = value().unwrap_or(0),
                ids::TRACK_TYPE => found.kind = value().unwrap_or(0),
                ids::CODEC_ID => found.codec = text(child.data).unwrap_or_default(),
                ids::CODEC_PRIVATE => found.private = child.data,
                ids::LANGUAGE => found.language = text(child.data),
                ids::LANGUAGE_BCP47 => found.bcp47 = text(child.data),
                ids::NAME => found.name = text(child.data),
                ids::DEFAULT_DURATION => found.frame = value().filter(|nanos| *nanos > 0),
                ids::SEEK_PRE_ROLL => found.preroll = value(),
                ids::TRACK_TIMESTAMP_SCALE => {
                    found.scaled = ebml::float(child.data).is_some_and(|scale| (scale - 1.0).abs() > 1e-6);
                }
                ids::VIDEO | ids::AUDIO => found.parse_settings(&child, path)?,
                ids::CONTENT_ENCODINGS => {
                    refuse_encryption(&child, path)?;
                    found.encoded = true;
                }
                _ => {}
            }
        }
        Ok(found)
    }

    fn parse_settings(&mut self, settings: &EbmlElement<'_>, path: &str) -> Result<(), Error> {
        for child in settings.children() {
            let child = child.map_err(|unsound| unsound.within(path))?;
            let pixels = || ebml::uint(child.data).and_then(|pixels| u32::try_from(pixels).ok());
            match child.id {
                ids::PIXEL_WIDTH => self.width = pixels(),
                ids::PIXEL_HEIGHT => self.height = pixels(),
                ids::OUTPUT_SAMPLING_FREQUENCY => self.output = ebml::float(child.data),
                ids::CHANNELS => self.channels = ebml::uint(child.data).and_then(|count| u16::try_from(count).ok()),
                ids::SAMPLING_FREQUENCY => self.rate = ebml::float(child.data).unwrap_or(0.0),
                _ => {}
            }
        }
        Ok(())
    }

    /// The kind of the track; `None`, with a note, if it cannot be served.
    fn usable_kind(&self, others: &Tracks, notes: &mut Notes) -> Option<Kind> {
        let why = match self.kind {
            _ if self.number == 0 => "it has no number",
            _ if others.codings.iter().any(|other| other.number == self.number) => "another has the same number",
            _ if self.scaled => "its timestamps are scaled",
            1 => return Some(Kind::Video),
            2 => return Some(Kind::Audio),
            17 => return Some(Kind::Text),
            _ => "it is neither video nor audio nor text",
        };
        notes.push(format!("track {} ({}) is passed over: {why}", self.number, self.codec));
        None
    }

    fn coding(&self, kind: Kind) -> BlockCoding {
        let pictures = if self.encoded {
            crate::codec::KeyframeCoding::Unknown
        } else {
            codec::pictures(&self.codec, self.private)
        };
        let opus = self.codec == "A_OPUS" && !self.encoded;
        let record = InBandRecord::needed(&self.codec, self.private);
        BlockCoding { number: self.number, kind, frame: self.frame, opus, unknown: false, pictures, record }
    }

    fn track(self, kind: Kind, timescale: Timescale, setup: Setup) -> Track {
        let language = self.bcp47.or(self.language).filter(|language| language != "und");
        let preroll = self.preroll.unwrap_or_else(|| codec::preroll(&self.codec, self.rate));
        let sound = if kind == Kind::Audio && !self.encoded {
            codec::sound(&self.codec, self.private)
        } else {
            StreamProperties::default()
        };
        let rate = Some(codec::whole(self.output.unwrap_or(self.rate))).filter(|rate| *rate > 0);
        Track {
            language,
            name: self.name,
            sample_rate: sound.sample_rate.or(rate).filter(|_| kind == Kind::Audio),
            channels: sound.channels.or(self.channels).filter(|_| kind == Kind::Audio),
            dimensions: self.width.zip(self.height).filter(|_| kind == Kind::Video),
            preroll: ticks_up(timescale, preroll),
            ..Track::new(self.number, kind, codec::name(&self.codec, self.private), timescale, setup)
        }
    }
}

/// Compressed blocks are allowed, because they are copied. Encrypted ones could be copied too, but a cut would not be
/// playable, so the reason is reported instead.
fn refuse_encryption(encodings: &EbmlElement<'_>, path: &str) -> Result<(), Error> {
    for encoding in encodings.children() {
        let encoding = encoding.map_err(|unsound| unsound.within(path))?;
        for child in encoding.children().take_while(|_| encoding.id == ids::CONTENT_ENCODING) {
            let child = child.map_err(|unsound| unsound.within(path))?;
            let encrypted = child.id == ids::CONTENT_ENCRYPTION
                || child.id == ids::CONTENT_ENCODING_TYPE && ebml::uint(child.data) == Some(1);
            if encrypted {
                let what = format!("an encrypted track ({path}/ContentEncodings)");
                return Err(Unsupported::Encrypted { what }.into());
            }
        }
    }
    Ok(())
}

/// A text that is not empty, and not too long.
fn text(data: &[u8]) -> Option<String> {
    let text: String = ebml::string(data).chars().take(MAX_TEXT).collect();
    (!text.is_empty()).then_some(text)
}

/// Nanoseconds in ticks, rounded up.
fn ticks_up(timescale: Timescale, nanoseconds: u64) -> Ticks {
    let time = Time(i64::try_from(nanoseconds).unwrap_or(i64::MAX));
    let ticks = timescale.ticks(time);
    if timescale.time(ticks) < time { ticks + Ticks(1) } else { ticks }
}
