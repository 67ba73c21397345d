//! Sample entries (ISO/IEC 14496-12 §8.5.2) for the tracks of any format: the fixed fields of visual (§12.1.3) and
//! audio ones (§12.2.3), and the box that configures the decoder.

use std::collections::BTreeSet;

use crate::codec::descriptor::{Descriptor, MPEG1_AUDIO, MPEG2_AUDIO, MPEG4_AUDIO};
use crate::codec::{DecoderConfiguration, Pcm, aac, ac3, alac, av1, avc, flac, hevc, opus};
use crate::container::boxes::{Box, write_box, write_full_box};
use crate::container::{Unavailable, format_of, sample_entry as entries};
use crate::index::{Outline, Segments};
use crate::media::Track;

/// Pixels an inch, as a number of 16.16 bits: the only resolution that a visual entry has (§12.1.3).
const RESOLUTION: u32 = 72 << 16;
/// Bits of a pixel: colours without an alpha channel.
const DEPTH: u16 = 0x18;
/// The bits of a sample in an entry of compressed sound.
const SAMPLE_SIZE: u16 = 16;
/// MPEG audio at higher rates than this is that of MPEG-1 (ISO/IEC 11172-3 §2.4.2.3).
const LOW_RATES: u32 = 24_000;

/// The sample entries of a track, each with the number of its configuration ([`Format::configuration_number`]): one, unless the
/// configuration changes.
///
/// [`Format::configuration_number`]: crate::container::Format::configuration_number
pub type SampleEntries = Vec<(u32, Vec<u8>)>;

/// The sample entries of a track. Its configurations are those of the periods of the segment table, if it has any.
///
/// # Errors
///
/// Why the track has no place in MP4.
pub fn sample_entries(outline: &Outline, track: &Track) -> Result<SampleEntries, Unavailable> {
    let of = |segments: &Segments| {
        let is_of_track = |place: &usize| outline.tracks.get(*place).is_some_and(|other| other.id == track.id);
        let index = segments.tracks.iter().position(is_of_track)?;
        let numbers = segments.periods.iter().filter_map(|period| period.configurations.get(index).copied());
        Some(numbers.filter(|number| *number > 0).collect::<BTreeSet<u32>>())
    };
    let numbers = outline.segments.as_deref().and_then(of).unwrap_or_default();
    if numbers.is_empty() {
        return Ok(vec![(0, sample_entry(outline, track)?)]);
    }
    let entry = |number: u32| Ok((number, described(outline, track, Some(number))?));
    numbers.into_iter().map(entry).collect()
}

/// The sample entry of a track: the box that stands in `stsd`, for samples that are the track's payloads
/// ([`payload`](crate::container::payload)). Its `data_reference_index` is 1.
///
/// # Errors
///
/// Why the track has no place in MP4.
pub fn sample_entry(outline: &Outline, track: &Track) -> Result<Vec<u8>, Unavailable> {
    described(outline, track, None)
}

fn described(outline: &Outline, track: &Track, number: Option<u32>) -> Result<Vec<u8>, Unavailable> {
    let unknown = || Unavailable::Format { name: outline.container.name().to_owned() };
    let format = format_of(outline).ok_or_else(unknown)?;
    let configuration = match number {
        Some(number) => format.configuration_of(outline, track, number)?,
        None => format.configuration(outline, track)?,
    };
    let entry = write(&configuration, &VisualFields { track, aspect: format.pixel_aspect(outline, track) })?;
    // What cannot be read again is not given out.
    if Box::read(&entry, 0, "").is_ok() { Ok(entry) } else { Err(Unavailable::damaged(track)) }
}

/// Whether a track can be given out in MP4: it has a [sample entry](sample_entry), and its payloads are what that
/// promises. It reads nothing but the outline.
///
/// # Errors
///
/// Why not.
pub fn check(outline: &Outline, track: &Track) -> Result<(), Unavailable> {
    sample_entry(outline, track).map(drop)
}

/// What a sample entry describes, for `CODECS` in HLS and `codecs` in DASH (RFC 6381 §3.3): `avc1.64001f`,
/// `mp4a.40.2`, `opus`. The type of the entry if nothing more is defined; empty if it is no box.
#[must_use]
pub fn rfc6381(entry: &[u8]) -> String {
    match Box::read(entry, 0, "") {
        Ok(entry) if entry.kind.0 == *b"fLaC" => "fLaC".to_owned(),
        Ok(entry) => entries::name(&entry),
        Err(_) => String::new(),
    }
}

/// Width and height of the pictures of a visual entry (§12.1.3).
#[must_use]
pub fn dimensions(entry: &[u8]) -> Option<(u32, u32)> {
    let side = |at: usize| entry.get(at..)?.first_chunk().map(|bytes| u32::from(u16::from_be_bytes(*bytes)));
    side(32).zip(side(34)).filter(|(width, height)| *width > 0 && *height > 0)
}

/// The number of channels and the sample rate of an audio entry (§12.2.3).
#[must_use]
pub fn sound(entry: &[u8]) -> Option<(u16, u32)> {
    let field = |at: usize| entry.get(at..)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes));
    field(24).zip(field(32)).filter(|(_, rate)| *rate > 0).map(|(channels, rate)| (channels, rate.into()))
}

/// The sample entry with this configuration.
fn write(configuration: &DecoderConfiguration, pictures: &VisualFields<'_>) -> Result<Vec<u8>, Unavailable> {
    let track = pictures.track;
    match configuration {
        DecoderConfiguration::SampleEntry(entry) => Ok(entry.to_vec()),
        DecoderConfiguration::Avc(record) => {
            let found = avc::AvcConfiguration::parse(record).ok_or_else(|| Unavailable::damaged(track))?;
            // Without parameter sets in the record they are in the samples (ISO/IEC 14496-15 §5.4.2.1).
            let kind = if found.sequences.is_empty() || found.pictures.is_empty() { *b"avc3" } else { *b"avc1" };
            pictures
                .entry(kind, found.dimensions(), |out| write_box(out, *b"avcC", |out| out.extend_from_slice(record)))
        }
        DecoderConfiguration::Hevc(record) => {
            let found = hevc::HevcConfiguration::parse(record).ok_or_else(|| Unavailable::damaged(track))?;
            let dimensions = found.dimensions();
            let (kind, record) = match found.completed() {
                Some(complete) => (*b"hvc1", complete.to_bytes()),
                None => (*b"hev1", record.to_vec()),
            };
            pictures.entry(kind, dimensions, |out| write_box(out, *b"hvcC", |out| out.extend(record)))
        }
        DecoderConfiguration::Av1(record) => {
            let units = record.split_first_chunk::<4>().filter(|([marker, ..], _)| *marker == 0x81);
            let (_, units) = units.ok_or_else(|| Unavailable::damaged(track))?;
            let dimensions = av1::properties(units).and_then(|found| found.dimensions);
            pictures.entry(*b"av01", dimensions, |out| write_box(out, *b"av1C", |out| out.extend_from_slice(record)))
        }
        DecoderConfiguration::Vp9(found) => {
            pictures.entry(*b"vp09", None, |out| write_box(out, *b"vpcC", |out| out.extend(found.to_bytes())))
        }
        DecoderConfiguration::MpegVideo(object_type, specific) => {
            pictures.entry(*b"mp4v", None, |out| put_descriptor(out, *object_type, specific))
        }
        sound => audio(sound, track),
    }
}

/// The sample entry of a sound track.
fn audio(configuration: &DecoderConfiguration, track: &Track) -> Result<Vec<u8>, Unavailable> {
    let damaged = || Unavailable::damaged(track);
    let (channels, rate) = (track.channels, track.sample_rate);
    let fields = |channels: Option<u16>, rate: Option<u32>| {
        Ok(AudioFields { channels: channels.ok_or_else(damaged)?, bits: SAMPLE_SIZE, rate: rate.ok_or_else(damaged)? })
    };
    Ok(match configuration {
        DecoderConfiguration::Aac(specific) => {
            let found = aac::AudioSpecificConfig::parse(specific).ok_or_else(damaged)?.properties();
            // A program config element defines other numbers of channels; the entry's is not used.
            let sound = fields(found.channels.or(channels).or(Some(2)), found.sample_rate)?;
            sound.entry(*b"mp4a", |out| put_descriptor(out, MPEG4_AUDIO, specific))
        }
        DecoderConfiguration::MpegAudio => {
            let sound = fields(channels, rate)?;
            let object_type = if sound.rate > LOW_RATES { MPEG1_AUDIO } else { MPEG2_AUDIO };
            sound.entry(*b"mp4a", |out| put_descriptor(out, object_type, &[]))
        }
        DecoderConfiguration::Ac3(record) => {
            let found = ac3::configured(ac3::AC3, record).ok_or_else(damaged)?;
            let sound = fields(found.channels, found.sample_rate)?;
            sound.entry(*b"ac-3", |out| write_box(out, *b"dac3", |out| out.extend_from_slice(record)))
        }
        DecoderConfiguration::Eac3(record) => {
            let found = ac3::configured(ac3::EAC3, record).ok_or_else(damaged)?;
            let sound = fields(found.channels, found.sample_rate.or(rate))?;
            sound.entry(*b"ec-3", |out| write_box(out, *b"dec3", |out| out.extend_from_slice(record)))
        }
        DecoderConfiguration::Opus(found) => {
            let sound = fields(Some(found.channels.into()), Some(opus::RATE))?;
            sound.entry(*b"Opus", |out| write_box(out, *b"dOps", |out| out.extend(found.to_box())))
        }
        DecoderConfiguration::Flac(found) => {
            let bits = found.bits.into();
            let sound = AudioFields { channels: found.channels.into(), bits, rate: expressible(found) };
            sound.entry(*b"fLaC", |out| write_full_box(out, *b"dfLa", 0, |out| out.extend(found.to_blocks())))
        }
        DecoderConfiguration::Alac(cookie) => {
            let found = alac::properties(cookie).ok_or_else(damaged)?;
            let bits = cookie.get(5).copied().map_or(SAMPLE_SIZE, u16::from);
            let sound = AudioFields { bits, ..fields(found.channels, found.sample_rate)? };
            sound.entry(*b"alac", |out| write_full_box(out, *b"alac", 0, |out| out.extend_from_slice(cookie)))
        }
        DecoderConfiguration::Pcm(pcm) => return uncompressed(*pcm, &fields(channels, rate)?),
        _ => return Err(Unavailable::codec(track)),
    })
}

/// Uncompressed sound: `ipcm` and `fpcm` with a `pcmC` (ISO/IEC 23003-5 §5).
fn uncompressed(pcm: Pcm, sound: &AudioFields) -> Result<Vec<u8>, Unavailable> {
    let kind = match (pcm.float, pcm.bits) {
        (false, 16 | 24 | 32) if pcm.signed => *b"ipcm",
        (true, 32 | 64) => *b"fpcm",
        (float, bits) => {
            let numbers = if float { "floating-point numbers" } else { "integers" };
            let sign = if pcm.signed { "" } else { "unsigned " };
            let what = format!("uncompressed sound in {sign}{numbers} of {bits} bits");
            return Err(Unavailable::Form { what });
        }
    };
    let size = pcm.bits.to_be_bytes()[1];
    let entry = AudioFields { bits: pcm.bits, ..*sound };
    Ok(entry.entry(kind, |out| write_full_box(out, *b"pcmC", 0, |out| out.extend([u8::from(pcm.little), size]))))
}

/// The fields of an audio entry.
struct AudioFields {
    channels: u16,
    /// Bits of a sample.
    bits: u16,
    /// Samples a second.
    rate: u32,
}

impl AudioFields {
    fn entry(&self, kind: [u8; 4], boxes: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        write_box(&mut out, kind, |out| {
            out.extend([0, 0, 0, 0, 0, 0, 0, 1]);
            out.extend([0; 8]);
            out.extend(self.channels.to_be_bytes());
            out.extend(self.bits.to_be_bytes());
            out.extend([0; 4]);
            // Zero if it does not fit: the configuration of the decoder, or else the timescale, has it.
            out.extend(u16::try_from(self.rate).unwrap_or(0).to_be_bytes());
            out.extend([0; 2]);
            boxes(out);
        });
        out
    }
}

/// The sample rate of FLAC in the sixteen bits of an entry: if it has more, its greatest division that fits
/// (*Encapsulation of FLAC in ISO Base Media File Format* §3.3.1).
fn expressible(found: &flac::StreamInfo) -> u32 {
    let most = u32::from(u16::MAX);
    let division =
        (1..=20).map(|by| (found.rate / by, found.rate % by)).find(|(rate, rest)| *rate <= most && *rest == 0);
    division.map_or(most, |(rate, _)| rate)
}

/// What the container says of pictures.
struct VisualFields<'a> {
    track: &'a Track,
    /// How wide a pixel is to its height, if it is not square.
    aspect: Option<(u32, u32)>,
}

impl VisualFields<'_> {
    /// A visual entry for pictures of this size, or else of the size that the container has.
    fn entry(
        &self,
        kind: [u8; 4],
        coded: Option<(u32, u32)>,
        boxes: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Vec<u8>, Unavailable> {
        let dimensions = coded.or(self.track.dimensions);
        let (width, height) = dimensions.ok_or_else(|| Unavailable::damaged(self.track))?;
        let fits = |pixels| u16::try_from(pixels).ok().filter(|pixels| *pixels > 0);
        let (Some(width), Some(height)) = (fits(width), fits(height)) else {
            return Err(Unavailable::Form { what: format!("pictures of {width}x{height} pixels") });
        };
        let mut out = Vec::with_capacity(256);
        write_box(&mut out, kind, |out| {
            out.extend([0, 0, 0, 0, 0, 0, 0, 1]);
            out.extend([0; 16]);
            out.extend(width.to_be_bytes());
            out.extend(height.to_be_bytes());
            out.extend(RESOLUTION.to_be_bytes());
            out.extend(RESOLUTION.to_be_bytes());
            out.extend([0; 4]);
            // One frame a sample, and no name of the compressor.
            out.extend([0, 1]);
            out.extend([0; 32]);
            out.extend(DEPTH.to_be_bytes());
            out.extend([0xFF; 2]);
            boxes(out);
            if let Some((across, down)) = self.aspect {
                write_box(out, *b"pasp", |out| out.extend([across, down].map(u32::to_be_bytes).as_flattened()));
            }
        });
        Ok(out)
    }
}

/// Appends an `esds` (ISO/IEC 14496-14 §5.6) without bit rates.
fn put_descriptor(out: &mut Vec<u8>, object_type: u8, specific: &[u8]) {
    let descriptor = Descriptor { object_type, specific };
    write_full_box(out, *b"esds", 0, |out| out.extend(descriptor.to_bytes(0, 0)));
}
