//! What configures the decoder of a track: its sample entry as it stands, without what only QuickTime has. QuickTime's
//! sound descriptions have three versions and may have their boxes within `wave` (Apple, *QuickTime File Format*,
//! "Sound sample descriptions"); here they become entries of ISO/IEC 14496-12 §12.2.3.

use bytes::Bytes;

use crate::codec::descriptor::{Descriptor, MPEG1_AUDIO, MPEG2_AUDIO, MPEG4_AUDIO};
use crate::codec::{DecoderConfiguration, Pcm, aac, alac, avc, flac, hevc, opus, vp9};
use crate::container::boxes::{Box, write_box};
use crate::container::sample_entry::{VISUAL_ENTRY, audio_child, audio_fields, behind, child};
use crate::container::{Error, Unavailable};
use crate::media::{Kind, Setup, Track};

/// Boxes of a visual entry that mean the same in any file: the configuration of the decoder, colours, shape and
/// brightness of pictures, bit rates.
const VISUAL_BOXES: [&[u8; 4]; 18] = [
    b"avcC", b"hvcC", b"lhvC", b"av1C", b"vpcC", b"esds", b"dvcC", b"dvvC", b"dvwC", b"colr", b"pasp", b"clap",
    b"btrt", b"mdcv", b"clli", b"cclv", b"amve", b"m4ds",
];
/// The same of an audio entry.
const AUDIO_BOXES: [&[u8; 4]; 10] =
    [b"esds", b"dac3", b"dec3", b"dOps", b"dfLa", b"alac", b"pcmC", b"chnl", b"srat", b"btrt"];
/// `objectTypeIndication` of MPEG-2's profiles of AAC: Main, LC and SSR (ISO/IEC 14496-1 table 5).
const MPEG2_AAC: std::ops::RangeInclusive<u8> = 0x66..=0x68;

/// What configures the decoder of a track, if it has one description.
pub fn of(track: &Track) -> Result<DecoderConfiguration, Unavailable> {
    configured(track, None)
}

/// What configures the decoder of those samples of a track that have the description of this number, counted from 1.
pub fn numbered(track: &Track, number: u32) -> Result<DecoderConfiguration, Unavailable> {
    configured(track, Some(number))
}

fn configured(track: &Track, number: Option<u32>) -> Result<DecoderConfiguration, Unavailable> {
    let damaged = || Unavailable::damaged(track);
    let Setup::Inline(setup) = &track.setup else { return Err(Unavailable::missing(track)) };
    let stsd = descriptions(setup).map_err(|_| damaged())?;
    let (_, entries) = stsd.payload.split_first_chunk::<8>().ok_or_else(damaged)?;
    let entries = Box { payload: entries, offset: stsd.offset + 8, ..stsd.clone() };
    let mut entries = entries.children();
    let before = number.unwrap_or(1).saturating_sub(1);
    let entry = entries.nth(usize::try_from(before).unwrap_or(usize::MAX));
    let entry = entry.ok_or_else(|| Unavailable::missing(track))?.map_err(|_| damaged())?;
    if number.is_none() && entries.next().is_some() {
        return Err(Unavailable::Changes);
    }
    if matches!(&entry.kind.0, b"encv" | b"enca" | b"enct" | b"encs" | b"enc3" | b"drms" | b"drmi") {
        return Err(Unavailable::Encrypted);
    }
    match track.kind {
        Kind::Video => visual(&entry, track),
        Kind::Audio => audio(&entry, track),
        Kind::Text if matches!(&entry.kind.0, b"tx3g" | b"wvtt" | b"stpp") => {
            let fields = entry.payload.get(8..).ok_or_else(damaged)?;
            Ok(rewritten(entry.kind.0, |out| out.extend_from_slice(fields)))
        }
        Kind::Text => Err(Unavailable::codec(track)),
    }
}

/// The matrix of a track (§8.3.2).
pub fn matrix(track: &Track) -> Option<[u32; 9]> {
    let Setup::Inline(setup) = &track.setup else { return None };
    let header = Box::read(setup, 0, "").ok()?.expect_child(*b"tkhd").ok()?;
    // The times have 64 bits in version 1.
    let before = if header.payload.first() == Some(&1) { 52 } else { 40 };
    let (fields, _) = header.payload.get(before..)?.as_chunks::<4>();
    let mut matrix = [0; 9];
    for (number, field) in matrix.iter_mut().zip(fields.get(..9)?) {
        *number = u32::from_be_bytes(*field);
    }
    // One that makes a point of all pictures is damaged.
    matrix.iter().any(|number| *number != 0).then_some(matrix)
}

/// The `stsd` of a track.
pub fn descriptions(trak: &[u8]) -> Result<Box<'_>, Error> {
    let media = Box::read(trak, 0, "")?.expect_child(*b"mdia")?;
    media.expect_child(*b"minf")?.expect_child(*b"stbl")?.expect_child(*b"stsd")
}

/// An entry with these fields and boxes behind its `data_reference_index`, which names the file itself.
fn rewritten(kind: [u8; 4], body: impl FnOnce(&mut Vec<u8>)) -> DecoderConfiguration {
    let mut out = Vec::new();
    write_box(&mut out, kind, |out| {
        out.extend([0, 0, 0, 0, 0, 0, 0, 1]);
        body(out);
    });
    DecoderConfiguration::SampleEntry(out.into())
}

fn visual(entry: &Box<'_>, track: &Track) -> Result<DecoderConfiguration, Unavailable> {
    let damaged = || Unavailable::damaged(track);
    let record = |kind| child(entry, VISUAL_ENTRY, kind).map(|found| found.payload);
    let needed = |kind| record(kind).ok_or_else(|| Unavailable::missing(track));
    let sound = match &entry.kind.0 {
        b"avc1" | b"avc3" | b"dva1" | b"dvav" => avc::AvcConfiguration::parse(needed(*b"avcC")?).is_some(),
        b"hvc1" | b"hev1" | b"dvh1" | b"dvhe" => hevc::HevcConfiguration::parse(needed(*b"hvcC")?).is_some(),
        b"av01" => needed(*b"av1C")?.first() == Some(&0x81),
        b"vp09" => vp9::VpConfiguration::parse(needed(*b"vpcC")?).is_some(),
        b"mp4v" => needed(*b"esds")?.get(4..).and_then(Descriptor::parse).is_some(),
        _ => return Err(Unavailable::codec(track)),
    };
    // Version, revision, vendor and qualities are QuickTime's; a colour table would follow if there were one.
    let fields = entry.payload.get(24..VISUAL_ENTRY - 2).filter(|_| sound).ok_or_else(damaged)?;
    let boxes = behind(entry, VISUAL_ENTRY).ok_or_else(damaged)?;
    Ok(rewritten(entry.kind.0, |out| {
        out.extend([0; 16]);
        out.extend_from_slice(fields);
        out.extend([0xFF; 2]);
        for found in boxes.children().map_while(Result::ok).filter(|found| VISUAL_BOXES.contains(&&found.kind.0)) {
            match (&found.kind.0, found.payload.split_first_chunk::<4>()) {
                // QuickTime's colours are the same without the flag of a full range (ISO/IEC 14496-12 §12.1.5).
                (b"colr", Some((b"nclc", colours))) => write_box(out, *b"colr", |out| {
                    out.extend_from_slice(b"nclx");
                    out.extend(colours.iter().take(6));
                    out.push(0);
                }),
                _ => out.extend_from_slice(found.whole),
            }
        }
    }))
}

fn audio(entry: &Box<'_>, track: &Track) -> Result<DecoderConfiguration, Unavailable> {
    let needed = |kind| {
        let found = audio_child(entry, kind).map(|found| found.payload);
        found.ok_or_else(|| Unavailable::missing(track))
    };
    let sound = match &entry.kind.0 {
        b"mp4a" => {
            let found = needed(*b"esds")?.get(4..).and_then(Descriptor::parse);
            let found = found.ok_or_else(|| Unavailable::damaged(track))?;
            match found.object_type {
                MPEG4_AUDIO => aac::AudioSpecificConfig::parse(found.specific).is_some(),
                MPEG1_AUDIO | MPEG2_AUDIO => true,
                other if MPEG2_AAC.contains(&other) => true,
                _ => return Err(Unavailable::codec(track)),
            }
        }
        b".mp3" | b"ms\0U" => return Ok(DecoderConfiguration::MpegAudio),
        b"ac-3" => needed(*b"dac3")?.len() >= 3,
        b"ec-3" => needed(*b"dec3")?.len() >= 5,
        b"Opus" => opus::OpusConfiguration::parse_box(needed(*b"dOps")?).is_some(),
        b"fLaC" => needed(*b"dfLa")?.get(4..).and_then(flac::StreamInfo::of_blocks).is_some(),
        b"alac" => {
            let cookie = needed(*b"alac")?.get(4..).filter(|cookie| alac::properties(cookie).is_some());
            let cookie = cookie.ok_or_else(|| Unavailable::damaged(track))?;
            return Ok(DecoderConfiguration::Alac(Bytes::copy_from_slice(cookie)));
        }
        b"ipcm" | b"fpcm" => needed(*b"pcmC")?.len() >= 6,
        _ => return pcm(entry).map(DecoderConfiguration::Pcm).ok_or_else(|| Unavailable::codec(track)),
    };
    let out = if sound { plain_audio(entry, track) } else { None };
    out.ok_or_else(|| Unavailable::damaged(track))
}

/// An audio entry in ISO's form.
fn plain_audio(entry: &Box<'_>, track: &Track) -> Option<DecoderConfiguration> {
    let fields = entry.payload.get(16..28)?;
    let boxes = behind(entry, audio_fields(entry)?)?;
    // Version 2 has other fields in their places.
    let stated = entry.payload.get(8..10)? != [0, 2];
    let [channels, rate] = [track.channels, track.sample_rate.and_then(|rate| u16::try_from(rate).ok())];
    let found = rewritten(entry.kind.0, |out| {
        out.extend([0; 8]);
        if stated {
            out.extend(fields.iter().take(4));
            out.extend([0; 4]);
            out.extend(fields.iter().skip(8));
        } else {
            out.extend(channels.unwrap_or(2).to_be_bytes());
            out.extend([0, 16, 0, 0, 0, 0]);
            out.extend(rate.unwrap_or(0).to_be_bytes());
            out.extend([0; 2]);
        }
        put_audio_boxes(out, &boxes, true);
    });
    Some(found)
}

/// Appends the boxes that are kept of an audio entry, each once: those within `wave` in its place.
fn put_audio_boxes(out: &mut Vec<u8>, parent: &Box<'_>, outside: bool) {
    for found in parent.children().map_while(Result::ok) {
        if AUDIO_BOXES.contains(&&found.kind.0) {
            out.extend_from_slice(found.whole);
        } else if outside && found.kind.0 == *b"wave" {
            put_audio_boxes(out, &found, false);
        }
    }
}

/// How numbers of QuickTime's uncompressed sound are stored; `None` for other codecs.
fn pcm(entry: &Box<'_>) -> Option<Pcm> {
    let field = |at: usize| Some(u16::from_be_bytes(*entry.payload.get(at..)?.first_chunk()?));
    let bits = field(18)?;
    // A box of one number, 1 for little-endian.
    let little = audio_child(entry, *b"enda").is_some_and(|found| found.payload == [0, 1]);
    let integer = |bits, little| Pcm { bits, float: false, little, signed: true };
    Some(match &entry.kind.0 {
        b"twos" => integer(bits, false),
        b"sowt" => integer(bits, true),
        b"raw " | b"NONE" => Pcm { signed: bits > 8, ..integer(bits, false) },
        b"in24" => integer(24, little),
        b"in32" => integer(32, little),
        b"fl32" => Pcm::float(32, little),
        b"fl64" => Pcm::float(64, little),
        b"lpcm" if field(8)? == 2 => {
            // constBitsPerChannel, formatSpecificFlags (CoreAudio's kAudioFormatFlag…), constBytesPerAudioPacket, and
            // constLPCMFramesPerAudioPacket; numAudioChannels stands before them.
            let wide = |at: usize| Some(u32::from_be_bytes(*entry.payload.get(at..)?.first_chunk()?));
            let (channels, bits, flags, bytes) = (wide(40)?, wide(48)?, wide(52)?, wide(56)?);
            let packed = bytes.checked_div(channels)?.checked_mul(8)? == bits && wide(60)? == 1;
            let bits = u16::try_from(bits).ok().filter(|_| packed)?;
            Pcm { bits, float: flags & 1 != 0, little: flags & 2 == 0, signed: flags & 5 != 0 }
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::container::boxes::write_full_box;
    use crate::media::Timescale;

    /// A track whose `stsd` has these entries.
    fn track(kind: Kind, entries: &[Vec<u8>]) -> Track {
        let mut trak = Vec::new();
        write_box(&mut trak, *b"trak", |out| {
            write_box(out, *b"mdia", |out| {
                write_box(out, *b"minf", |out| {
                    write_box(out, *b"stbl", |out| {
                        write_full_box(out, *b"stsd", 0, |out| {
                            out.extend(u32::try_from(entries.len()).unwrap().to_be_bytes());
                            out.extend(entries.concat());
                        });
                    });
                });
            });
        });
        Track::new(1, kind, "codec".to_owned(), Timescale::per_second(48_000).unwrap(), Setup::Inline(trak.into()))
    }

    fn entry(kind: [u8; 4], fields: &[&[u8]], boxes: &[([u8; 4], &[u8])]) -> Vec<u8> {
        let mut out = Vec::new();
        write_box(&mut out, kind, |out| {
            out.extend(fields.concat());
            for (kind, payload) in boxes {
                write_box(out, *kind, |out| out.extend_from_slice(payload));
            }
        });
        out
    }

    const AVCC: &[u8] = &[1, 0x42, 0, 0x1E, 0xFF, 0xE1, 0, 2, 0x67, 1, 1, 0, 1, 0x68];
    const ESDS: &[u8] =
        &[0, 0, 0, 0, 3, 22, 0, 0, 0, 4, 17, 0x40, 0x15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 2, 0x11, 0x90];

    #[test]
    fn what_only_quicktime_has_of_pictures_is_left_out() {
        let (own, zeros, size) = ([0, 0, 0, 0, 0, 0, 0, 3], [0; 16], [1, 64, 0, 240]);
        let rest = [&[0, 72, 0, 0, 0, 72, 0, 0, 0, 0, 0, 0, 0, 1][..], &[0; 32], &[0, 0x18, 0xFF, 0xFF]].concat();
        let colours = b"nclc\0\x01\0\x01\0\x01";
        let quicktime = entry(
            *b"avc1",
            &[&own, b"\0\0\0\0appl\0\0\x02\0\0\0\x02\0", &size, &rest],
            &[(*b"avcC", AVCC), (*b"gama", &[0; 4]), (*b"colr", colours), (*b"pasp", &[1; 8])],
        );
        let plain = entry(
            *b"avc1",
            &[&[0, 0, 0, 0, 0, 0, 0, 1], &zeros, &size, &rest],
            &[(*b"avcC", AVCC), (*b"colr", b"nclx\0\x01\0\x01\0\x01\0"), (*b"pasp", &[1; 8])],
        );
        let expected = Ok(DecoderConfiguration::SampleEntry(plain.clone().into()));
        for stored in [quicktime.clone(), [quicktime, vec![0; 4]].concat(), plain.clone()] {
            assert_eq!(of(&track(Kind::Video, &[stored])), expected);
        }
        assert_eq!(of(&track(Kind::Video, &[plain.clone(), plain])), Err(Unavailable::Changes));
        let protected = entry(*b"encv", &[&own], &[]);
        assert_eq!(of(&track(Kind::Video, &[protected])), Err(Unavailable::Encrypted));
    }

    #[test]
    fn each_version_of_a_sound_description_becomes_the_first() {
        let (start, first) = ([0, 0, 0, 0, 0, 0, 0, 1], [0; 8]);
        let fields = [0, 2, 0, 16, 0, 0, 0, 0, 0xBB, 0x80, 0, 0];
        let plain = entry(*b"mp4a", &[&start, &first, &fields], &[(*b"esds", ESDS)]);
        let expected = Ok(DecoderConfiguration::SampleEntry(plain.clone().into()));
        assert_eq!(of(&track(Kind::Audio, &[plain])), expected);
        let wave = entry(*b"esds", &[ESDS], &[]);
        let wave = [entry(*b"frma", &[b"mp4a"], &[]), wave, vec![0, 0, 0, 8, 0, 0, 0, 0]].concat();
        let second = [0, 2, 0, 16, 0xFF, 0xFE, 0, 0, 0xBB, 0x80, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];
        let version = [0, 1, 0, 0, 0, 0, 0, 0];
        let stored = entry(*b"mp4a", &[&start, &version, &second], &[(*b"wave", &wave), (*b"chan", &[0; 12])]);
        assert_eq!(of(&track(Kind::Audio, &[stored])), expected);
        let third = [
            &[0, 3, 0, 16, 0xFF, 0xFE, 0, 0, 0, 1, 0, 0, 0, 0, 0, 72][..],
            &48_000_f64.to_be_bytes(),
            &[0, 0, 0, 2, 0x7F, 0, 0, 0],
            &[0; 16],
        ];
        let third = third.concat();
        let stored = entry(*b"mp4a", &[&start, &[0, 2, 0, 0, 0, 0, 0, 0], &third], &[(*b"wave", &wave)]);
        let stored = Track { channels: Some(2), sample_rate: Some(48_000), ..track(Kind::Audio, &[stored]) };
        assert_eq!(of(&stored), expected);
        assert_eq!(of(&track(Kind::Audio, &[])), Err(Unavailable::Missing { codec: "codec".to_owned() }));
    }

    #[test]
    fn numbers_of_core_audio_are_what_their_flags_say() {
        let start = [0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0];
        let described = |bits: u32, flags: u32, bytes: u32| {
            let numbers = [2, 0x7F00_0000, bits, flags, bytes, 1].map(u32::to_be_bytes);
            let fields = [&[0; 16][..], &96_000_f64.to_be_bytes(), numbers.as_flattened()].concat();
            of(&track(Kind::Audio, &[entry(*b"lpcm", &[&start, &fields], &[])])).ok()
        };
        let integer = |bits, little| Pcm { bits, float: false, little, signed: true };
        assert_eq!(described(24, 12, 6), Some(DecoderConfiguration::Pcm(integer(24, true))));
        assert_eq!(described(16, 14, 4), Some(DecoderConfiguration::Pcm(integer(16, false))));
        assert_eq!(described(32, 9, 8), Some(DecoderConfiguration::Pcm(Pcm::float(32, true))));
        // Twenty bits of three bytes.
        assert_eq!(described(20, 4, 6), None);
    }
}
