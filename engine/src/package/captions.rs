//! Captions in streams: HLS has them in segments of WebVTT (RFC 8216bis §3.1.4), DASH as one file (ISO/IEC 23009-1, by its
//! `BaseURL`).

use std::fmt::Write;

use super::Presentation;
use super::hls::quoted;
use super::name::{Addresses, TextItem};
use super::timeline::LEAD;
use crate::caption::{Caption, CaptionKind, CaptionSource, Cue, TimestampMap, write, write_segment};
use crate::fragment::resolve::Meaning;
use crate::media::{Interval, Kind, Time};

/// How long a segment of captions is. They need not be as long as others (RFC 8216bis §6.2.4), and half a minute of text is a
/// few hundred bytes.
const SEGMENT: u64 = 30_000;

/// The same as a time.
pub const LASTS: Time = Time::from_secs(30);

/// The group of all captions.
const GROUP: &str = "text";

/// What RFC 8216bis §4.4.6.1 has for those who do not hear.
const HEARING_IMPAIRED: &str =
    "public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound";

impl Presentation<'_> {
    /// The same with captions.
    #[must_use]
    pub fn with_captions(self, captions: Vec<Caption>) -> Self {
        Self { captions, ..self }
    }

    /// Its captions.
    #[must_use]
    pub fn captions(&self) -> &[Caption] {
        &self.captions
    }

    /// The captions of this name and version.
    #[must_use]
    pub fn caption(&self, name: &str) -> Option<&Caption> {
        self.captions.iter().find(|caption| caption.name == name)
    }

    /// What of the content is shown.
    pub(super) fn shown(&self) -> Interval {
        self.interval().unwrap_or(Interval::ALL)
    }

    /// The interval of the content whose captions an item has; `None` if there is no such item.
    #[must_use]
    pub fn caption_interval(&self, item: TextItem) -> Option<Interval> {
        let TextItem::Segment(start) = item else { return Some(self.shown()) };
        let (_, length, _) = self.caption_segments().into_iter().find(|(begins, ..)| *begins == start)?;
        let from = self.shown().start() + time(start);
        // The last one ends with its last cue.
        let ends = start + length < milliseconds(self.duration());
        Interval::new(from, from + if ends { time(length) } else { LASTS })
    }

    /// An item of captions, by the cues of its interval in the content and by how their times fit those of the media.
    #[must_use]
    pub fn caption_item(&self, item: TextItem, cues: &[Cue], map: TimestampMap) -> String {
        let shown: Vec<Cue> = cues.iter().filter_map(|cue| cue.within(self.shown())).collect();
        match item {
            TextItem::Segment(_) => write_segment(&shown, map),
            _ => write(&shown),
        }
    }

    /// The time in fragments of CMAF, at 90 000 ticks a second, at which the presentation begins: that of a part behind its lead-in.
    pub(super) fn begins_at(&self) -> u64 {
        let leader = self.renditions().first().filter(|leader| leader.kind == Kind::Video && self.interval().is_some());
        leader.map_or(0, |leader| (LEAD * 90_000).div_ceil(u64::from(leader.timescale())))
    }

    /// The segments of captions: the milliseconds at which each begins, and how many it lasts; and whether it begins a period.
    #[must_use]
    pub fn caption_segments(&self) -> Vec<(u64, u64, bool)> {
        let end = milliseconds(self.duration());
        let leader = self.renditions().first();
        let to_milliseconds = |ticks| leader.map_or(0, |leader| leader.timeline.microseconds(ticks) / 1000);
        let changes = self.changes().into_iter().map(|(_, ticks)| to_milliseconds(ticks));
        let changes: Vec<u64> = changes.filter(|change| *change > 0).collect();
        let mut starts: Vec<u64> = (0..end).step_by(usize::try_from(SEGMENT).unwrap_or(usize::MAX)).collect();
        starts.extend(changes.iter().filter(|change| **change < end));
        starts.sort_unstable();
        starts.dedup();
        let ends = starts.iter().skip(1).copied().chain([end]);
        starts.iter().zip(ends).map(|(start, end)| (*start, end - start, changes.contains(start))).collect()
    }

    /// The media playlist of captions. `lead`: how much earlier the other playlists of the presentation begin
    /// ([`Presentation::caption_lead`]); the first segment lasts longer by that.
    #[must_use]
    pub fn caption_playlist(&self, lead: Time, addresses: Addresses<'_>) -> String {
        let lead = milliseconds(lead);
        let target = (SEGMENT + lead + 500) / 1000;
        let mut out = format!("#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:{target}\n#EXT-X-PLAYLIST-TYPE:VOD\n");
        for (start, length, begins_period) in self.caption_segments() {
            if begins_period {
                out.push_str("#EXT-X-DISCONTINUITY\n");
            }
            let length = if start == 0 { length + lead } else { length };
            let (item, seconds, rest) = (TextItem::Segment(start), length / 1000, length % 1000);
            let _ = write!(out, "#EXTINF:{seconds}.{rest:03},\n{item}{}\n", addresses.query);
        }
        out.push_str("#EXT-X-ENDLIST\n");
        out
    }

    /// Writes the group of captions of a multivariant playlist.
    pub(super) fn write_caption_group(&self, out: &mut String, addresses: Addresses<'_>) {
        // A group has at most one that is shown without being asked for (RFC 8216bis §4.4.6.2.1).
        let default = self.captions.iter().position(|caption| caption.default && !caption.forced);
        for (at, caption) in self.captions.iter().enumerate() {
            let _ = write!(out, "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"{GROUP}\",NAME=\"{}\"", quoted(&caption.label));
            if let Some(language) = &caption.language {
                let _ = write!(out, ",LANGUAGE=\"{}\"", quoted(language));
            }
            let yes = |flag: bool| if flag { "YES" } else { "NO" };
            let _ = write!(out, ",DEFAULT={},AUTOSELECT=YES,FORCED={}", yes(default == Some(at)), yes(caption.forced));
            if caption.kind == CaptionKind::Captions {
                let _ = write!(out, ",CHARACTERISTICS=\"{HEARING_IMPAIRED}\"");
            }
            let address = caption_address(caption, TextItem::Playlist);
            let _ = writeln!(out, ",URI=\"{address}{}\"", addresses.playlists);
        }
    }

    /// Writes the attribute by which a variant names the group of captions.
    pub(super) fn write_caption_attribute(&self, out: &mut String) {
        if !self.captions.is_empty() {
            let _ = write!(out, ",SUBTITLES=\"{GROUP}\"");
        }
    }

    /// Writes an adaptation set for each of the captions, with numbers from this one on, into the period that begins at this
    /// microsecond.
    pub(super) fn write_caption_sets(&self, out: &mut String, (first, begins): (usize, u64), addresses: Addresses<'_>) {
        // The times of a file are those of the whole presentation.
        let offset = match begins {
            0 => String::new(),
            micros => format!("<SegmentBase timescale=\"1000000\" presentationTimeOffset=\"{micros}\"/>\n"),
        };
        for (id, caption) in (first..).zip(&self.captions) {
            let _ =
                write!(out, "<AdaptationSet id=\"{id}\" contentType=\"text\" mimeType=\"{}\"", crate::caption::MIME);
            if let Some(language) = &caption.language {
                let _ = write!(out, " lang=\"{}\"", super::dash::Escaped(language));
            }
            let role = match (caption.forced, caption.kind) {
                (true, _) => "forced-subtitle",
                (false, CaptionKind::Captions) => "caption",
                (false, CaptionKind::Subtitles) => "subtitle",
            };
            let _ = write!(
                out,
                ">\n<Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"{role}\"/>\n<Label>{}</Label>\n\
                 <Representation id=\"{}\" bandwidth=\"256\">\n<BaseURL>{}{}</BaseURL>\n{offset}</Representation>\n</AdaptationSet>\n",
                super::dash::Escaped(&caption.label),
                super::dash::Escaped(&caption.name),
                caption_address(caption, TextItem::Whole),
                super::dash::Escaped(addresses.query),
            );
        }
    }
}

/// Those of the captions that a part has: if it selects tracks, those that are one of these.
#[must_use]
pub fn of_part(captions: Vec<Caption>, meaning: Option<&Meaning>) -> Vec<Caption> {
    let Some(tracks) = meaning.and_then(|meaning| meaning.tracks.as_deref()) else { return captions };
    let is_selected = |caption: &Caption| match &caption.source {
        CaptionSource::Track(place, _) => tracks.contains(place),
        CaptionSource::File(_) => false,
    };
    captions.into_iter().filter(is_selected).collect()
}

/// The address of an item of captions, relative to the playlists of the whole.
fn caption_address(caption: &Caption, item: TextItem) -> String {
    format!("v-{}/captions/{}/{item}", caption.version, caption.name)
}

fn milliseconds(time: Time) -> u64 {
    time.0.max(0).cast_unsigned() / 1_000_000
}

fn time(milliseconds: u64) -> Time {
    Time(i64::try_from(milliseconds).unwrap_or(i64::MAX).saturating_mul(1_000_000))
}
