//! MPEG transport streams (ISO/IEC 13818-1), in packets of 188, 192 (M2TS) and 204 bytes.
//!
//! A file consists of the interleaved packets of its streams. Tables say which streams form a program. A stream
//! consists of PES packets, each with its times and spread over as many transport packets as necessary. A PES packet is
//! a sample here: the byte range of its run extends from its first packet to the end of its last, including those of
//! other streams in between. If PES packets do not begin with pictures, a sample is an access unit (`mpeg::units`), and
//! the byte range of its run extends from its first byte to its last. There is no table of samples, so indexing streams
//! through the file once (`index`).
//!
//! An element is a range of the file that begins at a random access point and lasts at least half a second. It includes
//! all PES packets that begin in it, to the end of the last, so neighbouring elements overlap a little. It stores which
//! packets belong to which stream (`layout`). A cut has its own tables and then only the unchanged packets of the
//! selected samples; packets that also contain bytes of other samples are rewritten (`write`). Time stamps do not
//! change, so a cut does not begin at zero: players use the stream's first time.

mod codec;
mod index;
mod language;
mod layout;
mod packet;
mod program;
mod psi;
mod stamp;
#[cfg(test)]
mod tests;
mod write;

use self::program::TsProgram;
use super::mpeg::outline::unpack;
use super::payload::mixed;
use super::{
    Error, Format, IndexFuture, Indexing, Payload, SegmentFormat, Selection, TimeStamp, Unavailable, Written, pass,
};
use crate::codec::DecoderConfiguration;
use crate::index::{Container, Outline};
use crate::media::splice::Splice;
use crate::media::{Kind, Run, Setup, Track};

/// The name of the container in the heads.
const CONTAINER: Container = Container::named("mpegts");

/// The version of the writer ([`Format::writer`]).
const WRITER: u32 = 4;

/// MPEG transport streams, including M2TS.
pub struct MpegTs;

impl Format for MpegTs {
    fn containers(&self) -> &'static [Container] {
        const { &[CONTAINER] }
    }

    fn writer(&self) -> u32 {
        WRITER
    }

    /// Takes about 20 MiB of memory, independent of the length of the file; its beginning is read twice.
    fn index<'a>(&self, indexing: Indexing<'a>) -> IndexFuture<'a> {
        pass::through::<index::MpegTsPass>(indexing)
    }

    /// Whether a file with these first bytes is a transport stream: consecutive packets, possibly after the rest of a
    /// truncated one or other bytes.
    fn recognises(&self, start: &[u8]) -> bool {
        packet::Packing::find(start, index::REACH).is_some()
    }

    /// Writes a selection as a complete file: tables for the selected tracks, repeated with each element, and unchanged
    /// packets.
    ///
    /// # Errors
    ///
    /// [`Error::Index`] if the selection's runs are outside its elements, or belong to tracks that are not the
    /// outline's.
    fn write(&self, outline: &Outline, selection: &Selection) -> Result<Written, Error> {
        write::write(outline, selection)
    }

    /// They lie in packets, between those of other streams.
    fn payload(&self, _: &Outline, _: &Track, _: &Run) -> Result<Payload, Error> {
        Err(mixed("a transport stream"))
    }

    fn configuration(&self, _: &Outline, _: &Track) -> Result<DecoderConfiguration, Unavailable> {
        Err(Unavailable::Scattered { container: "a transport stream" })
    }

    fn describes_pictures(&self, track: &Track) -> bool {
        language::describes_pictures(track)
    }

    fn segments(&self) -> Option<&dyn SegmentFormat> {
        Some(self)
    }

    fn ends_with_a_sample(&self, _: &Outline) -> bool {
        true
    }

    // There is no type for audio only.
    fn mime(&self, outline: &Outline, _: &[Kind]) -> String {
        outline.mime.clone()
    }
}

/// AAC in LATM, which players of HLS do not take.
const LATM: u8 = 0x11;

/// The name in `CODECS` of a stream that players take in a transport stream.
fn played(codec: &str, is_latm: bool) -> Option<String> {
    match codec {
        // Layers II and III, by their object types in MPEG-4 (ISO/IEC 14496-3 table 1.17).
        "mp4a.6B" | "mp4a.69" => Some("mp4a.40.33".to_owned()),
        "mp3" => Some("mp4a.40.34".to_owned()),
        "ac-3" | "ec-3" => Some(codec.to_owned()),
        _ => {
            let (family, _) = codec.split_once('.')?;
            let is_played = matches!(family, "avc1" | "hvc1" | "hev1") || codec.starts_with("mp4a.40.") && !is_latm;
            is_played.then(|| codec.to_owned())
        }
    }
}

impl SegmentFormat for MpegTs {
    /// H.264, HEVC, AAC in ADTS, MPEG audio, AC-3 and E-AC-3 (RFC 8216bis §3.1.2 leaves the codecs to the players).
    fn codecs(&self, outline: &Outline, track: &Track) -> Vec<String> {
        let Setup::Inline(entry) = &track.setup else { return Vec::new() };
        let is_latm = entry.first() == Some(&LATM);
        let Some(first) = played(&track.codec, is_latm) else { return Vec::new() };
        let place = outline.tracks.iter().position(|other| other.id == track.id);
        let program: Option<TsProgram> = unpack(outline.setup.first()).ok();
        let configured = program.zip(place).and_then(|(program, place)| program.codecs.into_iter().nth(place));
        let mut codecs = vec![first];
        for codec in configured.unwrap_or_default().iter().filter_map(|codec| played(codec, is_latm)) {
            if !codecs.contains(&codec) {
                codecs.push(codec);
            }
        }
        codecs
    }

    /// Packets of 188 bytes, whatever is before or after each in the file. The tables in front of each element are exact
    /// duplicates (§2.4.3.3), so that those of a segment also continue those of the segment before.
    fn write_segment(&self, outline: &Outline, selection: &Selection) -> Result<Splice, Error> {
        write::write_segment(outline, selection)
    }

    fn time_stamp(&self, outline: &Outline, place: usize, run: &Run) -> Result<TimeStamp, Error> {
        stamp::of(outline, place, run)
    }

    fn read_time_stamp(&self, bytes: &[u8]) -> Option<u64> {
        stamp::read(bytes)
    }
}
