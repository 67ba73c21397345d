//! The movie box (ISO/IEC 14496-12 §8.2): the tracks of a file, their timescales, edit lists and sample descriptions.

use std::collections::BTreeSet;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::gapless::Gapless;
use super::sound::SoundPackets;
use super::{codec, groups, references};
use crate::container::boxes::{Box, BoxFields, try_write_box};
use crate::container::notes::Notes;
use crate::container::{Error, Unsupported};
use crate::media::{Edit, Kind, Setup, Ticks, Timescale, Track};

/// Seconds from 1904, the epoch of ISO files, to 1970.
const EPOCH_1904: i64 = 2_082_844_800;

/// The maximum size of a track's user data (mostly its name) that is copied; larger data are a picture or the like.
const MAX_USER_DATA: usize = 1024;

/// A movie, with the tracks that can be served.
#[derive(Debug)]
pub struct Movie<'a> {
    /// The whole `mvhd` box.
    pub header: Bytes,
    /// Nanoseconds since 1970.
    pub created: Option<i64>,
    /// The tracks.
    pub tracks: Vec<MovieTrack<'a>>,
    /// Text tracks that others name as their chapters; their samples are titles.
    pub chapter_tracks: Vec<MovieTrack<'a>>,
    /// The chapter list, `udta/chpl`.
    pub chapter_list: Option<Box<'a>>,
    /// The defaults of movie fragments, if there may be any.
    pub fragments: Option<Vec<Defaults>>,
    /// Notes on skipped parts.
    pub notes: Notes,
}

/// A track and its sample tables.
#[derive(Clone, Debug)]
pub struct MovieTrack<'a> {
    /// Its description for the outline; the totals are not known yet.
    pub track: Track,
    /// Its codec.
    pub codec: codec::Mp4Codec,
    /// The `stbl` box.
    pub tables: Box<'a>,
    /// The packets, if the tables may count frames.
    pub packets: Option<SoundPackets>,
}

/// The defaults for the samples of movie fragments: `trex` (§8.8.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Defaults {
    /// The track.
    pub track: u32,
    /// The number of their sample description, from 1.
    pub description: u32,
    /// The duration in ticks.
    pub duration: u32,
    /// The size in bytes.
    pub size: u32,
    /// The flags of §8.8.3.1.
    pub flags: u32,
}

impl Defaults {
    /// The defaults of a track. If they are missing, all are zero; its fragments may contain everything themselves.
    pub fn find(all: &[Self], track: &Track) -> Self {
        let found = all.iter().find(|defaults| u64::from(defaults.track) == track.id).copied();
        let none = || Self { track: u32::try_from(track.id).unwrap_or(0), description: 1, ..Self::default() };
        found.unwrap_or_else(none)
    }
}

impl<'a> Movie<'a> {
    /// Parses a `moov` box.
    pub fn read(moov: &Box<'a>) -> Result<Self, Error> {
        let header = match moov.child(*b"mvhd")? {
            None if moov.child(*b"rmra")?.is_some() => {
                return Err(Unsupported::Kind { kind: "a reference movie (rmra), which names other files" }.into());
            }
            _ => moov.expect_child(*b"mvhd")?,
        };
        let MovieHeader { timescale, created } = MovieHeader::read(&header)?;
        let mut movie = Self {
            header: Bytes::copy_from_slice(header.whole),
            created,
            tracks: Vec::new(),
            chapter_tracks: Vec::new(),
            chapter_list: None,
            fragments: None,
            notes: Notes::default(),
        };
        let (mut traks, mut gapless) = (Vec::new(), None);
        for child in moov.children() {
            let mut child = child?;
            match &child.kind.0 {
                b"trak" => {
                    child.path = format!("moov/trak[{}]", traks.len() + 1);
                    traks.push(child);
                }
                b"mvex" => movie.fragments = Some(read_defaults(&child)?),
                // Nothing else in user data is needed, and not all of it is boxes.
                b"udta" => {
                    movie.chapter_list = movie.chapter_list.or(child.child(*b"chpl").unwrap_or_default());
                    gapless = gapless.or(Gapless::read(&child));
                }
                _ => {}
            }
        }
        let mut headers = Vec::with_capacity(traks.len());
        let mut chapters = BTreeSet::new();
        for trak in &traks {
            let header = MovieTrackHeader::read(&trak.expect_child(*b"tkhd")?)?;
            chapters.extend(references::chapters(trak)?.filter(|id| *id != header.id));
            headers.push(header);
        }
        for (trak, header) in traks.iter().zip(headers) {
            let track = read_track(trak, timescale, &header);
            if chapters.contains(&header.id) {
                movie.take_chapters(&header, track)?;
            } else {
                match track? {
                    Ok(track) => movie.tracks.push(track),
                    Err(note) => movie.notes.push(note),
                }
            }
        }
        // It describes the only sound, without pictures that would have to stay in sync.
        if let ([only], Some(gapless)) = (movie.tracks.as_mut_slice(), gapless)
            && only.track.kind == Kind::Audio
            && only.track.edits.is_empty()
        {
            only.track.edits.extend(only.tables.child(*b"stts")?.and_then(|stts| gapless.edit(&stts)));
        }
        Ok(movie)
    }

    /// Takes a track that another names as its chapters. It is for navigation, by titles or pictures: writers leave it
    /// disabled, and then players do not present it. One that is enabled and has a size is presented as well.
    fn take_chapters(
        &mut self,
        header: &MovieTrackHeader,
        track: Result<Result<MovieTrack<'a>, String>, Error>,
    ) -> Result<(), Error> {
        let presented = header.enabled && header.dimensions.is_some();
        let track = match track {
            Ok(Ok(track)) => track,
            Ok(Err(note)) => {
                self.notes.push(note);
                return Ok(());
            }
            Err(error) if presented => return Err(error),
            Err(error) => {
                self.notes.push(format!("track {} passed over: it holds chapters, and {error}", header.id));
                return Ok(());
            }
        };
        let kind = track.track.kind;
        if kind == Kind::Text {
            self.chapter_tracks.push(track.clone());
        }
        if presented || kind == Kind::Audio {
            self.tracks.push(track);
        } else if kind == Kind::Video {
            self.notes.push(format!("track {} passed over: it holds chapter pictures", header.id));
        }
        Ok(())
    }
}

struct MovieHeader {
    timescale: Timescale,
    created: Option<i64>,
}

impl MovieHeader {
    fn read(mvhd: &Box<'_>) -> Result<Self, Error> {
        let mut fields = mvhd.fields();
        let (created, timescale) = read_times(&mut fields)?;
        // Zero means unknown; a time before 1970 comes from a clock that was never set, or that counts from 1970.
        let since_1970 = created.checked_sub(EPOCH_1904).filter(|seconds| *seconds > 0);
        let created = since_1970.and_then(|seconds| seconds.checked_mul(1_000_000_000));
        Ok(Self { timescale: to_timescale(timescale, mvhd)?, created })
    }
}

/// Creation time and timescale, which `mvhd` (§8.2.2) and `mdhd` (§8.4.2) have at the same position.
fn read_times(fields: &mut BoxFields<'_, '_>) -> Result<(i64, u32), Error> {
    let (version, _) = fields.version_and_flags()?;
    if version == 1 {
        let created = fields.u64()?;
        fields.u64()?;
        Ok((i64::try_from(created).unwrap_or(0), fields.u32()?))
    } else {
        let created = fields.u32()?;
        fields.u32()?;
        Ok((i64::from(created), fields.u32()?))
    }
}

fn to_timescale(ticks: u32, within: &Box<'_>) -> Result<Timescale, Error> {
    Timescale::per_second(ticks).ok_or_else(|| within.malformed("expected a timescale, found 0"))
}

fn read_defaults(mvex: &Box<'_>) -> Result<Vec<Defaults>, Error> {
    let mut all = Vec::new();
    for child in mvex.children() {
        let trex = child?;
        if trex.kind.0 != *b"trex" {
            continue;
        }
        let mut fields = trex.fields();
        fields.version_and_flags()?;
        all.push(Defaults {
            track: fields.u32()?,
            description: fields.u32()?,
            duration: fields.u32()?,
            size: fields.u32()?,
            flags: fields.u32()?,
        });
    }
    Ok(all)
}

/// A track, or a note on why it is skipped.
fn read_track<'a>(
    trak: &Box<'a>,
    movie: Timescale,
    header: &MovieTrackHeader,
) -> Result<Result<MovieTrack<'a>, String>, Error> {
    let MovieTrackHeader { id, dimensions, .. } = *header;
    let mdia = trak.expect_child(*b"mdia")?;
    let handler = read_handler(&mdia.expect_child(*b"hdlr")?)?;
    let kind = match &handler {
        b"vide" => Kind::Video,
        b"soun" => Kind::Audio,
        b"text" | b"sbtl" | b"subt" | b"clcp" => Kind::Text,
        other => return Ok(Err(format!("track {id} passed over: {} is not given out", other.escape_ascii()))),
    };
    let mdhd = mdia.expect_child(*b"mdhd")?;
    let (timescale, language) = read_media_header(&mdhd)?;
    let minf = mdia.expect_child(*b"minf")?;
    if let Some(note) = elsewhere(&minf)? {
        return Ok(Err(format!("track {id} passed over: {note}")));
    }
    let tables = minf.expect_child(*b"stbl")?;
    let stsd = tables.expect_child(*b"stsd")?;
    let codec = codec::read(&stsd)?;
    let language = match mdia.child(*b"elng")? {
        Some(elng) => text(elng.payload.get(4..).unwrap_or_default()).or(language),
        None => language,
    };
    let name = match trak.child(*b"udta")? {
        Some(udta) => udta.child(*b"name").ok().flatten().and_then(|name| text(name.payload)),
        None => None,
    };
    let packets = if kind == Kind::Audio { SoundPackets::of_track(trak)? } else { None };
    let frame = tables.child(*b"stts")?.map(|stts| first_duration(&stts)).transpose()?.flatten();
    // If a picture builds up, it is presented from where it is complete.
    let recovery = if kind == Kind::Video { groups::recovery(&tables)? } else { 0 };
    let recovery = Ticks(i64::from(frame.unwrap_or(0))).times(recovery.into());
    let track = Track {
        preroll: codec.preroll(timescale, frame).max(recovery),
        language,
        name,
        dimensions: dimensions.filter(|_| kind == Kind::Video),
        sample_rate: codec.sample_rate.filter(|_| kind == Kind::Audio),
        channels: codec.channels.filter(|_| kind == Kind::Audio),
        edits: read_edits(trak, movie, timescale)?,
        ..Track::new(u64::from(id), kind, codec.name.clone(), timescale, Setup::Inline(prune(trak)?.into()))
    };
    Ok(Ok(MovieTrack { track, codec, tables, packets }))
}

/// The needed fields of `tkhd` (§8.3.2).
struct MovieTrackHeader {
    id: u32,
    /// Whether players present it by default.
    enabled: bool,
    /// Width and height in pixels, if any.
    dimensions: Option<(u32, u32)>,
}

impl MovieTrackHeader {
    fn read(tkhd: &Box<'_>) -> Result<Self, Error> {
        let mut fields = tkhd.fields();
        let (version, flags) = fields.version_and_flags()?;
        fields.take(if version == 1 { 16 } else { 8 })?;
        let id = fields.u32()?;
        fields.take(if version == 1 { 12 } else { 8 })?;
        fields.take(52)?;
        let dimensions = (fields.u32()? >> 16, fields.u32()? >> 16);
        let dimensions = Some(dimensions).filter(|(width, height)| *width > 0 && *height > 0);
        Ok(Self { id, enabled: flags & 1 != 0, dimensions })
    }
}

/// The timescale, and the language as three letters packed in five bits each (§8.4.2).
fn read_media_header(mdhd: &Box<'_>) -> Result<(Timescale, Option<String>), Error> {
    let mut fields = mdhd.fields();
    let version = mdhd.payload.first().copied().unwrap_or(0);
    let (_, timescale) = read_times(&mut fields)?;
    fields.take(if version == 1 { 8 } else { 4 })?;
    let packed = fields.u16()?;
    let letters: String =
        [10, 5, 0].iter().map(|shift| char::from(0x60 + u8::try_from((packed >> shift) & 0x1f).unwrap_or(0))).collect();
    let known = letters.bytes().all(|letter| letter.is_ascii_lowercase()) && letters != "und";
    Ok((to_timescale(timescale, mdhd)?, known.then_some(letters)))
}

fn read_handler(hdlr: &Box<'_>) -> Result<[u8; 4], Error> {
    let mut fields = hdlr.fields();
    fields.take(8)?;
    fields.array()
}

fn first_duration(stts: &Box<'_>) -> Result<Option<u32>, Error> {
    Ok(super::tables::SampleRuns::read(stts)?.peek().map(|(duration, _)| duration))
}

/// Whether the media of a track are in another file (§8.7.2), as a note.
fn elsewhere(minf: &Box<'_>) -> Result<Option<&'static str>, Error> {
    const SELF_CONTAINED: u32 = 1;
    let Some(dinf) = minf.child(*b"dinf")? else { return Ok(None) };
    let Some(dref) = dinf.child(*b"dref")? else { return Ok(None) };
    let mut fields = dref.fields();
    fields.take(8)?;
    let entries = Box { payload: fields.rest(), offset: dref.offset + 8, ..dref.clone() };
    for entry in entries.children() {
        let (_, flags) = entry?.fields().version_and_flags()?;
        if flags & SELF_CONTAINED == 0 {
            return Ok(Some("its media lies in another file"));
        }
    }
    Ok(None)
}

/// The edit list (§8.6.6), its durations in the track's own timescale.
fn read_edits(trak: &Box<'_>, movie: Timescale, timescale: Timescale) -> Result<Vec<Edit>, Error> {
    let Some(edts) = trak.child(*b"edts")? else { return Ok(Vec::new()) };
    let Some(elst) = edts.child(*b"elst")? else { return Ok(Vec::new()) };
    let mut fields = elst.fields();
    let (version, _) = fields.version_and_flags()?;
    let count = fields.u32()?;
    let width = if version == 1 { 20 } else { 12 };
    let held = u32::try_from(fields.rest().len() / width).unwrap_or(u32::MAX);
    let mut edits = Vec::new();
    for _ in 0..count.min(held) {
        let (duration, media) = if version == 1 {
            (fields.u64()?, fields.i64()?)
        } else {
            (u64::from(fields.u32()?), i64::from(fields.i32()?))
        };
        fields.take(4)?;
        let ticks = Ticks(i64::try_from(duration).unwrap_or(i64::MAX));
        edits.push(Edit {
            duration: Some(movie.rescale(ticks, timescale)),
            media: (media >= 0).then_some(Ticks(media)),
        });
    }
    // A last edit without duration extends to the end of the media: fragmented files use it for an unknown duration.
    if let Some(last) = edits.last_mut()
        && last.duration == Some(Ticks::ZERO)
        && last.media.is_some()
    {
        last.duration = None;
    }
    edits.retain(|edit| edit.duration != Some(Ticks::ZERO));
    Ok(edits)
}

/// A `trak` without the data of its samples, which a cut copies.
fn prune(trak: &Box<'_>) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    write_pruned(&mut out, trak)?;
    Ok(out)
}

fn write_pruned(out: &mut Vec<u8>, parent: &Box<'_>) -> Result<(), Error> {
    try_write_box(out, parent.kind.0, |out| {
        for child in parent.children() {
            let child = child?;
            match (&parent.kind.0, &child.kind.0) {
                (b"trak", b"mdia") | (b"mdia", b"minf") | (b"minf", b"stbl") => write_pruned(out, &child)?,
                (b"trak", b"tkhd" | b"tapt") | (b"stbl", b"stsd") | (b"mdia" | b"minf", _) => {
                    out.extend_from_slice(child.whole);
                }
                (b"trak", b"udta") if child.whole.len() <= MAX_USER_DATA => out.extend_from_slice(child.whole),
                _ => {}
            }
        }
        Ok(())
    })
}

fn text(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_matches(|letter: char| letter == '\0' || letter.is_whitespace());
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::container::boxes::write_full_box;

    #[test]
    fn creation_times_that_cannot_be_are_none() {
        let epoch = 2_082_844_800;
        for (version, since_1904, expected) in [
            (0, 3_370_577_633, Some(1_287_732_833_000_000_000)),
            (1, 3_370_577_633, Some(1_287_732_833_000_000_000)),
            (0, u64::from(u32::MAX), Some(2_212_122_495_000_000_000)),
            (1, epoch + 9_223_372_036, Some(9_223_372_036_000_000_000)),
            (1, epoch + 9_223_372_037, None),
            (1, u64::MAX, None),
            (0, epoch, None),
            // From a writer that counts from 1970.
            (0, 1_287_732_833, None),
            (0, 0, None),
        ] {
            let mut out = Vec::new();
            write_full_box(&mut out, *b"mvhd", version, |out| {
                let time = since_1904.to_be_bytes();
                let time = if version == 1 { &time[..] } else { time.get(4..).unwrap() };
                out.extend([time, time, &1000_u32.to_be_bytes()].concat());
            });
            let header = MovieHeader::read(&Box::read(&out, 0, "moov").unwrap()).unwrap();
            assert_eq!(header.created, expected, "{since_1904}");
        }
    }
}
