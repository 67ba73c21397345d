//! HLS (RFC 8216bis): the multivariant playlist, and the media playlist of a rendition.

use std::fmt::Write;

use super::ladder::{Missing, Variant};
pub use super::name::Addresses;
use super::name::RenditionItem;
use super::rows::size;
use super::{Presentation, Rendition, Row, SegmentForm, SegmentTable};
use crate::container;
use crate::fragment::resolve;
use crate::index::Outline;
use crate::media::{Kind, Time, Track};

/// The MIME type of playlists (RFC 8216bis §4).
pub const MIME: &str = "application/vnd.apple.mpegurl";

/// The version of playlists: `EXT-X-MAP` in playlists that are not of I-frames alone needs 6, fragmented MPEG-4 needs 7.
const VERSION: u32 = 7;

/// The version of playlists of transport streams and packed audio: durations with fractions need 3.
const VERSION_WITHOUT_HEADERS: u32 = 3;

/// The name of MP3 in packed audio: its object type in MPEG-4 (ISO/IEC 14496-3 table 1.17), by which hls.js knows it.
const MP3: &str = "mp4a.40.34";

impl Presentation<'_> {
    /// The multivariant playlist.
    #[must_use]
    pub fn master(&self, table: &SegmentTable, addresses: Addresses<'_>) -> String {
        self.master_with((&[], &[]), table, addresses)
    }

    /// The multivariant playlist with these further variants, and a comment about each that is left out.
    #[must_use]
    pub fn master_with(
        &self,
        (further, missing): (&[Variant<'_>], &[Missing]),
        table: &SegmentTable,
        addresses: Addresses<'_>,
    ) -> String {
        let mut out = format!("#EXTM3U\n#EXT-X-VERSION:{}\n", self.version());
        if self.is_independent() {
            out.push_str("#EXT-X-INDEPENDENT-SEGMENTS\n");
        }
        let Some(leader) = self.renditions().first() else { return out };
        self.write_caption_group(&mut out, addresses);
        if self.form() == SegmentForm::Packets && self.renditions().len() == 1 {
            let Rate { peak, average } = self.rate(leader, table);
            let _ = write!(
                out,
                "#EXT-X-STREAM-INF:BANDWIDTH={peak},AVERAGE-BANDWIDTH={average},CODECS=\"{}\"",
                leader.codec
            );
            self.write_pictures(&mut out, leader);
            self.write_caption_attribute(&mut out);
            let _ = write!(out, "\n{}\n", address(addresses, leader, RenditionItem::Playlist));
            write_missing(&mut out, missing);
            return out;
        }
        let sound: Vec<&Rendition> =
            self.renditions().iter().filter(|rendition| rendition.kind == Kind::Audio).collect();
        let has_pictures = leader.kind == Kind::Video;
        let rates: Vec<Rate> = self.renditions().iter().map(|rendition| self.rate(rendition, table)).collect();
        let rate = |rendition: &Rendition| {
            let place = self.renditions().iter().position(|other| other.place == rendition.place);
            place.and_then(|place| rates.get(place)).copied().unwrap_or_default()
        };
        // Renditions of a group have one codec, so that a player knows what it needs to play any of them.
        let mut groups: Vec<&str> = Vec::new();
        for rendition in &sound {
            if !groups.contains(&rendition.codec.as_str()) {
                groups.push(&rendition.codec);
            }
        }
        let in_groups = has_pictures || sound.len() > 1;
        if in_groups {
            for (number, rendition) in sound.iter().enumerate() {
                let group = groups.iter().position(|codec| *codec == rendition.codec).unwrap_or_default();
                self.write_sound(&mut out, (number, rendition), group, addresses);
            }
        }
        let variants: Vec<Option<&str>> =
            if groups.is_empty() || !in_groups { vec![None] } else { groups.iter().copied().map(Some).collect() };
        for (group, codec) in variants.iter().copied().enumerate() {
            let in_group = || sound.iter().filter(|rendition| codec.is_some_and(|codec| rendition.codec == codec));
            let (peak, average) = in_group()
                .map(|rendition| rate(rendition))
                .fold((0, 0), |(peak, average), rate| (peak.max(rate.peak), average.max(rate.average)));
            let own = if has_pictures || codec.is_none() { rate(leader) } else { Rate::default() };
            let leads = if has_pictures { leader } else { in_group().next().copied().unwrap_or(leader) };
            let codecs = match codec {
                Some(codec) if has_pictures => format!("{},{codec}", leader.codec),
                _ if self.is_packed() => MP3.to_owned(),
                _ => leads.codec.clone(),
            };
            let sound = codec.is_some().then_some(group);
            self.write_variant(&mut out, (own.and(peak, average), &codecs), (self, leader), sound);
            let _ = write!(out, "\n{}\n", address(addresses, leads, RenditionItem::Playlist));
            for variant in further {
                let Some(pictures) = variant.presentation.variable() else { continue };
                let rate = variant.presentation.rate(pictures, &variant.table).and(peak, average);
                let codecs =
                    codec.map_or_else(|| pictures.codec.clone(), |codec| format!("{},{codec}", pictures.codec));
                self.write_variant(&mut out, (rate, &codecs), (&variant.presentation, pictures), sound);
                let _ = write!(out, "\n{}\n", below(&variant.folder, addresses, pictures, RenditionItem::Playlist));
            }
        }
        if has_pictures && self.form() == SegmentForm::Cmaf {
            self.write_key_frames(&mut out, table, &address(addresses, leader, RenditionItem::KeyFrames));
            for Variant { presentation, table, folder, .. } in further {
                let Some(pictures) = presentation.variable() else { continue };
                presentation.write_key_frames(
                    &mut out,
                    table,
                    &below(folder, addresses, pictures, RenditionItem::KeyFrames),
                );
            }
        }
        write_missing(&mut out, missing);
        out
    }

    /// Writes the tag of a variant without its URI: with these pictures, and this group of sound.
    fn write_variant(
        &self,
        out: &mut String,
        (Rate { peak, average }, codecs): (Rate, &str),
        (of, leader): (&Presentation<'_>, &Rendition),
        sound: Option<usize>,
    ) {
        let _ = write!(out, "#EXT-X-STREAM-INF:BANDWIDTH={peak},AVERAGE-BANDWIDTH={average},CODECS=\"{codecs}\"");
        of.write_pictures(out, leader);
        if let Some(group) = sound {
            let _ = write!(out, ",AUDIO=\"sound{}\"", group + 1);
        }
        self.write_caption_attribute(out);
    }

    /// Writes the tag of the playlist of pictures at which segments begin.
    fn write_key_frames(&self, out: &mut String, table: &SegmentTable, uri: &str) {
        let Some(leader) = self.renditions().first() else { return };
        let rows = self.rows(leader, table);
        let peak = rows.iter().map(|row| bits_per_second(row.sync_bytes + 200, row.duration, leader)).max();
        let _ = write!(out, "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH={},CODECS=\"{}\"", peak.unwrap_or(1), leader.codec);
        if let Some((width, height)) = self.track(leader).and_then(|track| track.dimensions) {
            let _ = write!(out, ",RESOLUTION={width}x{height}");
        }
        let _ = writeln!(out, ",URI=\"{uri}\"");
    }

    /// The media playlist of a rendition.
    #[must_use]
    pub fn playlist(&self, rendition: &Rendition, table: &SegmentTable, addresses: Addresses<'_>) -> String {
        self.list(rendition, table, addresses, (false, self.target(table)))
    }

    /// The playlist of the pictures of a rendition at which segments begin.
    #[must_use]
    pub fn key_frames(&self, rendition: &Rendition, table: &SegmentTable, addresses: Addresses<'_>) -> String {
        self.list(rendition, table, addresses, (true, self.target(table)))
    }

    pub(super) fn list(
        &self,
        rendition: &Rendition,
        table: &SegmentTable,
        addresses: Addresses<'_>,
        (key_frames, target): (bool, u64),
    ) -> String {
        let rows = self.rows(rendition, table);
        let query = addresses.query;
        let mut out = String::with_capacity(256 + (32 + query.len()) * rows.len());
        let _ = write!(out, "#EXTM3U\n#EXT-X-VERSION:{}\n", self.version());
        let _ = writeln!(out, "#EXT-X-TARGETDURATION:{target}");
        out.push_str("#EXT-X-PLAYLIST-TYPE:VOD\n");
        if key_frames {
            out.push_str("#EXT-X-I-FRAMES-ONLY\n");
        } else if self.is_independent() {
            out.push_str("#EXT-X-INDEPENDENT-SEGMENTS\n");
        }
        let behind_entry = || self.behind_entry(table).map(Time::as_secs_f64);
        let start = self.shown_from().or_else(behind_entry).or_else(|| self.heard_from());
        if let (Some(start), false) = (start, key_frames) {
            let _ = writeln!(out, "#EXT-X-START:TIME-OFFSET={start:.6},PRECISE=YES");
        }
        let form = self.form();
        let timeline = &rendition.timeline;
        let (mut before, mut header, is_packed) = (None, None, self.is_packed());
        for Row { start, duration, period, .. } in rows {
            if before.replace(period).is_some_and(|before| before != period) {
                out.push_str("#EXT-X-DISCONTINUITY\n");
            }
            let own = Some(rendition.header_of(period)).filter(|_| form == SegmentForm::Cmaf && !is_packed);
            if let (Some(number), true) = (own, own != header) {
                let _ = writeln!(out, "#EXT-X-MAP:URI=\"{}{query}\"", RenditionItem::Header(number));
                header = own;
            }
            // Rounded at the ends, so that errors do not add up.
            let micros = timeline.microseconds(start + duration) - timeline.microseconds(start);
            let _ = write!(out, "#EXTINF:{}", micros / 1_000_000);
            let fraction = micros % 1_000_000;
            if fraction > 0 {
                let digits = format!("{fraction:06}");
                let _ = write!(out, ".{}", digits.trim_end_matches('0'));
            }
            let item = match form {
                SegmentForm::Cmaf if key_frames => RenditionItem::KeyFrame(start),
                SegmentForm::Cmaf if is_packed => RenditionItem::Packed(start),
                SegmentForm::Cmaf => RenditionItem::Segment(start),
                SegmentForm::Packets => RenditionItem::Packets(start),
            };
            let _ = write!(out, ",\n{item}{query}\n");
        }
        out.push_str("#EXT-X-ENDLIST\n");
        out
    }

    fn version(&self) -> u32 {
        if self.form() == SegmentForm::Cmaf && !self.is_packed() { VERSION } else { VERSION_WITHOUT_HEADERS }
    }

    /// The target duration: the longest segment of all renditions in seconds, rounded (RFC 8216bis §4.4.3.1).
    pub(super) fn target(&self, table: &SegmentTable) -> u64 {
        self.target_of(&self.renditions().iter().collect::<Vec<_>>(), table)
    }

    /// The longest segment of these renditions in seconds, rounded.
    pub(super) fn target_of(&self, renditions: &[&Rendition], table: &SegmentTable) -> u64 {
        let longest = renditions.iter().filter_map(|rendition| {
            let rows = self.rows(rendition, table);
            let longest = rows.iter().map(|row| row.duration).max();
            longest.map(|longest| rendition.timeline.microseconds(longest))
        });
        ((longest.max().unwrap_or(0) + 500_000) / 1_000_000).max(1)
    }

    fn write_sound(
        &self,
        out: &mut String,
        (number, rendition): (usize, &Rendition),
        group: usize,
        addresses: Addresses<'_>,
    ) {
        let Some(track) = self.track(rendition) else { return };
        let name = quoted(track.name.as_deref().unwrap_or(""));
        let name = match (name.is_empty(), &track.language) {
            (false, _) => name,
            (true, Some(language)) => quoted(language),
            (true, None) => "Sound".to_owned(),
        };
        let is_first = number == 0;
        // Names are unique within a group (§4.4.6.1).
        let name = if is_first { name } else { format!("{name} ({})", number + 1) };
        let _ = write!(out, "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"sound{}\",NAME=\"{name}\"", group + 1);
        if let Some(language) = &track.language {
            let _ = write!(out, ",LANGUAGE=\"{}\"", quoted(language));
        }
        let _ = write!(out, ",DEFAULT={},AUTOSELECT=YES", if is_first { "YES" } else { "NO" });
        if let Some(channels) = track.channels {
            let _ = write!(out, ",CHANNELS=\"{channels}\"");
        }
        if describes_pictures(self.outline(), track) {
            // RFC 8216bis §4.4.6.1.
            out.push_str(",CHARACTERISTICS=\"public.accessibility.describes-video\"");
        }
        let _ = writeln!(out, ",URI=\"{}\"", address(addresses, rendition, RenditionItem::Playlist));
    }

    fn write_pictures(&self, out: &mut String, leader: &Rendition) {
        let Some(track) = self.track(leader).filter(|track| track.kind == Kind::Video) else { return };
        if let Some((width, height)) = track.dimensions {
            let _ = write!(out, ",RESOLUTION={width}x{height}");
        }
        if let Some(rate) = resolve::frame_rate(track) {
            let _ = write!(out, ",FRAME-RATE={rate:.3}");
        }
    }

    pub(super) fn track(&self, rendition: &Rendition) -> Option<&Track> {
        self.outline().tracks.get(rendition.place)
    }

    /// Whether each segment can be decoded without the others.
    #[must_use]
    pub fn is_independent(&self) -> bool {
        self.outline().segments.as_ref().is_some_and(|segments| !segments.open_groups)
    }

    /// The bit rates of a rendition.
    pub(super) fn rate(&self, rendition: &Rendition, table: &SegmentTable) -> Rate {
        let rows = self.rows(rendition, table);
        let Some(track) = self.track(rendition) else { return Rate::default() };
        if rendition.muxed.is_some() {
            return rate_of_packets(rendition, table, &rows);
        }
        // What a fragment has beside the samples: a few boxes, and at most 16 bytes for each sample.
        let bytes_of_sample = (track.bytes / track.samples.max(1)).max(1);
        let with_boxes = |row: &Row| row.bytes + 200 + 16 * (row.bytes / bytes_of_sample);
        let peak = rows.iter().map(|row| bits_per_second(with_boxes(row), row.duration, rendition)).max();
        let (bytes, lasts) = rows.iter().fold((0_u64, 0_u64), |(bytes, lasts), row| {
            (bytes.saturating_add(with_boxes(row)), lasts.saturating_add(row.duration))
        });
        Rate { peak: peak.unwrap_or(1), average: bits_per_second(bytes, lasts, rendition) }
    }
}

/// Whether a sound describes the pictures for people who do not see them.
pub(super) fn describes_pictures(outline: &Outline, track: &Track) -> bool {
    container::format_of(outline).is_some_and(|format| format.describes_pictures(track))
}

/// Bits a second.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rate {
    /// Of the segment with the most.
    pub peak: u64,
    /// Of all together.
    pub average: u64,
}

impl Rate {
    /// With that of something else beside it.
    const fn and(self, peak: u64, average: u64) -> Self {
        Self { peak: self.peak.saturating_add(peak), average: self.average.saturating_add(average) }
    }
}

/// The bit rates of packets.
fn rate_of_packets(rendition: &Rendition, table: &SegmentTable, rows: &[Row]) -> Rate {
    let peak = rows.iter().map(|row| bits_per_second(row.bytes, row.duration, rendition)).max().unwrap_or(1);
    let bytes = rows.iter().map(|row| size(table, rendition, row).about).fold(0, u64::saturating_add);
    let lasts = rows.iter().map(|row| row.duration).fold(0, u64::saturating_add);
    Rate { peak, average: bits_per_second(bytes, lasts, rendition).min(peak) }
}

/// Bits a second of these bytes in as many ticks of a rendition; at least 1.
fn bits_per_second(bytes: u64, ticks: u64, rendition: &Rendition) -> u64 {
    let bits = u128::from(bytes) * 8 * u128::from(rendition.timescale());
    u64::try_from(bits.div_ceil(u128::from(ticks.max(1)))).unwrap_or(u64::MAX).max(1)
}

/// The URI of a playlist of a rendition, relative to the multivariant playlist.
fn address(addresses: Addresses<'_>, rendition: &Rendition, item: RenditionItem) -> String {
    below(&format!("v-{}", addresses.version), addresses, rendition, item)
}

/// The same in this folder.
fn below(folder: &str, addresses: Addresses<'_>, rendition: &Rendition, item: RenditionItem) -> String {
    format!("{folder}/{}/{item}{}", rendition.name(), addresses.playlists)
}

/// Writes a comment (§4.1) for each variant that is left out.
fn write_missing(out: &mut String, missing: &[Missing]) {
    for Missing { name, why } in missing {
        let _ = writeln!(out, "# {} is left out: {}", quoted(name), quoted(why));
    }
}

/// Text for a quoted string, which has no quotation marks and no line breaks (§4.2).
pub(super) fn quoted(text: &str) -> String {
    text.chars().filter(|letter| *letter != '"' && !letter.is_control()).take(128).collect()
}
