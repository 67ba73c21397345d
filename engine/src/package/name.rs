//! The names of what is derived from a content, below `{content}/~/`: parsed and written in one place.
//!
//! ```text
//! master.m3u8                                   HLS: the multivariant playlist
//! manifest.mpd                                  DASH
//! media.mp4                                     the content as one MP4
//! about.json                                    what the content plays as
//! chapters.vtt, chapters.json                   its chapters, as WebVTT and as data
//! captions.json                                 its captions: what there are
//! captions/{captions}.vtt                       captions as WebVTT
//! v-{version}/{rendition}/index.m3u8            HLS: the media playlist of a rendition
//! v-{version}/{rendition}/iframes.m3u8          HLS: its pictures at which decoding can begin
//! v-{version}/{rendition}/init.mp4              its header
//! v-{version}/{rendition}/init-2.mp4            the second one, if its configuration changes
//! v-{version}/{rendition}/{time}.m4s            the segment that is decoded at this time
//! v-{version}/{rendition}/i{time}.m4s           the first picture of that segment
//! v-{version}/{rendition}/{time}.ts             the same segment of a transport stream
//! v-{version}/{rendition}/{time}.mp3            the same segment as packed audio
//! v-{version}/captions/{captions}/index.m3u8    HLS: the media playlist of captions
//! v-{version}/captions/{captions}/{time}.vtt    the segment that begins at this millisecond
//! v-{version}/captions/{captions}/all.vtt       all of them, for DASH
//! r{number}/{content}/v-{version}/…             the same of the pictures of a variant, which is stored as another content
//! ```
//!
//! The streams, `media.mp4`, captions and `chapters.vtt` are there below a fragment too: `t=620,655/master.m3u8`. A version stands for the bytes of the content and
//! for what writes its segments, so that no cache mixes two.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use crate::fragment::uri::Fragment;

/// What is percent-encoded in a path: all but the unreserved characters (RFC 3986 §2.3) and slashes.
const PATH: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// The path segment below which everything derived stands.
pub const DERIVED: &str = "~";

/// The longest name of a rendition or version.
const LONGEST: usize = 64;

/// What the URIs in a playlist look like.
#[derive(Clone, Copy, Debug, Default)]
pub struct Addresses<'a> {
    /// The version of the content: a directory of its own below the multivariant playlist.
    pub version: &'a str,
    /// The query of every URI of a segment or header, with its question mark: a signature for players that send no cookies.
    /// Empty for a stream without a signature.
    pub query: &'a str,
    /// The query of every URI of a playlist.
    pub playlists: &'a str,
}

/// The most variants that a content may name.
pub const MOST_VARIANTS: usize = 8;

/// What is derived from a content, or from a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DerivedName {
    /// The part, as the name has it: percent-encoded.
    pub fragment: Option<String>,
    /// The variant of the content whose it is.
    pub variant: Option<VariantName>,
    /// What it is.
    pub resource: DerivedResource,
}

/// A variant of a content: the number and the name by which that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariantName {
    /// Its number, from 1.
    pub number: usize,
    /// The name of the content that it is stored as.
    pub content: String,
}

/// A derived resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DerivedResource {
    /// HLS's multivariant playlist.
    Master,
    /// DASH's manifest.
    Manifest,
    /// The content as one MP4.
    File,
    /// What the content plays as.
    About,
    /// Its chapters as WebVTT.
    Chapters,
    /// Its chapters as data.
    ChapterList,
    /// Its captions: what there are.
    CaptionList,
    /// Captions as WebVTT, by their name.
    Captions(String),
    /// What belongs to one version of captions in a stream.
    Text {
        /// The version.
        version: String,
        /// The name of the captions.
        name: String,
        /// What of them.
        item: TextItem,
    },
    /// What belongs to one version of a rendition.
    Of {
        /// The version.
        version: String,
        /// The name of the rendition.
        rendition: String,
        /// What of it.
        item: RenditionItem,
    },
}

/// What belongs to a rendition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenditionItem {
    /// HLS's media playlist.
    Playlist,
    /// HLS's I-frame playlist.
    KeyFrames,
    /// The header of this number, counted from zero: there are several if configurations change.
    Header(usize),
    /// The segment that is decoded at this time.
    Segment(u64),
    /// The first picture of that segment.
    KeyFrame(u64),
    /// The segment that is decoded at this time, as a transport stream.
    Packets(u64),
    /// The segment that is decoded at this time, as packed audio.
    Packed(u64),
}

/// What belongs to captions in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextItem {
    /// HLS's media playlist.
    Playlist,
    /// The segment that begins at this millisecond.
    Segment(u64),
    /// All of them.
    Whole,
}

impl DerivedName {
    /// Parses what follows `/~/`, as it is in the URI.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        if let Some((variant, resource)) = below(path) {
            return Some(Self { fragment: None, variant, resource });
        }
        let (fragment, rest) = path.split_once('/')?;
        let (variant, resource) = below(rest).filter(|(_, resource)| !resource.is_of_the_whole())?;
        let decoded = crate::fragment::uri::decode(fragment).ok()?;
        let selects = [fragment, &*decoded].into_iter().find(|text| !Fragment::parse(text).is_empty())?;
        Some(Self { fragment: Some(selects.to_owned()), variant, resource })
    }
}

/// A resource of a content, or of a variant of it.
fn below(path: &str) -> Option<(Option<VariantName>, DerivedResource)> {
    if let Some(resource) = DerivedResource::parse(path) {
        return Some((None, resource));
    }
    let (number, rest) = path.strip_prefix('r')?.split_once('/')?;
    // The name of the content may have slashes, the rest has two.
    let (at, _) = rest.rmatch_indices('/').nth(2)?;
    let (content, resource) = (rest.get(..at)?, rest.get(at + 1..)?);
    let number = usize::try_from(self::number(number)?).ok().filter(|number| (1..=MOST_VARIANTS).contains(number))?;
    let resource =
        DerivedResource::parse(resource).filter(|resource| matches!(resource, DerivedResource::Of { .. }))?;
    let content = crate::fragment::uri::decode(content).ok().filter(|content| !content.is_empty())?.into_owned();
    Some((Some(VariantName { number, content }), resource))
}

impl fmt::Display for VariantName {
    /// As a path, percent-encoded.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}/{}", self.number, percent_encode(self.content.as_bytes(), &PATH))
    }
}

impl DerivedResource {
    /// Whether it depends on the captions of a content, or on the variants that it names.
    #[must_use]
    pub const fn names_others(&self) -> bool {
        matches!(
            self,
            Self::Master | Self::Manifest | Self::About | Self::CaptionList | Self::Captions(_) | Self::Text { .. }
        )
    }

    /// Whether its query can select a part, as its name can.
    #[must_use]
    pub const fn takes_query(&self) -> bool {
        matches!(self, Self::CaptionList | Self::Captions(_))
    }

    /// Whether a part of a content has no such resource.
    const fn is_of_the_whole(&self) -> bool {
        matches!(self, Self::About | Self::ChapterList)
    }

    fn parse(path: &str) -> Option<Self> {
        match path {
            "master.m3u8" => return Some(Self::Master),
            "manifest.mpd" => return Some(Self::Manifest),
            "media.mp4" => return Some(Self::File),
            "about.json" => return Some(Self::About),
            "chapters.vtt" => return Some(Self::Chapters),
            "chapters.json" => return Some(Self::ChapterList),
            "captions.json" => return Some(Self::CaptionList),
            _ => {}
        }
        if let Some(name) = path.strip_prefix("captions/").and_then(|file| file.strip_suffix(".vtt")) {
            return is_captions(name).then(|| Self::Captions(name.to_owned()));
        }
        let mut segments = path.strip_prefix("v-")?.split('/');
        let (version, rendition, item) = (segments.next()?, segments.next()?, segments.next()?);
        let is_name = |text: &str| {
            (1..=LONGEST).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        };
        if rendition == CAPTIONS {
            let file = segments.next()?;
            let sound = segments.next().is_none() && is_name(version) && is_captions(item);
            let (version, name) = (version.to_owned(), item.to_owned());
            return TextItem::parse(file).filter(|_| sound).map(|item| Self::Text { version, name, item });
        }
        let item = RenditionItem::parse(item)?;
        let sound = segments.next().is_none() && is_name(version) && is_name(rendition);
        sound.then(|| Self::Of { version: version.to_owned(), rendition: rendition.to_owned(), item })
    }
}

/// The folder of captions below a version.
const CAPTIONS: &str = "captions";

/// Whether captions may have this name: the number of a track, or a language and a kind.
fn is_captions(name: &str) -> bool {
    (1..=LONGEST).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
        && !name.starts_with('.')
}

impl TextItem {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "index.m3u8" => Some(Self::Playlist),
            "all.vtt" => Some(Self::Whole),
            _ => number(name.strip_suffix(".vtt")?).map(Self::Segment),
        }
    }
}

/// A number in its only form: without a sign and without leading zeros.
fn number(digits: &str) -> Option<u64> {
    let canonical = digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    digits.parse().ok().filter(|_| canonical)
}

impl fmt::Display for TextItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Playlist => f.write_str("index.m3u8"),
            Self::Whole => f.write_str("all.vtt"),
            Self::Segment(start) => write!(f, "{start}.vtt"),
        }
    }
}

impl RenditionItem {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "index.m3u8" => return Some(Self::Playlist),
            "iframes.m3u8" => return Some(Self::KeyFrames),
            "init.mp4" => return Some(Self::Header(0)),
            _ => {}
        }
        if let Some(digits) = name.strip_prefix("init-").and_then(|rest| rest.strip_suffix(".mp4")) {
            let number = number(digits).filter(|number| *number > 1)?;
            return Some(Self::Header(usize::try_from(number - 1).ok()?));
        }
        let (digits, item): (_, fn(u64) -> Self) = match name.rsplit_once('.')? {
            (name, "m4s") => name.strip_prefix('i').map_or((name, Self::Segment), |digits| (digits, Self::KeyFrame)),
            (name, "ts") => (name, Self::Packets),
            (name, "mp3") => (name, Self::Packed),
            _ => return None,
        };
        number(digits).map(item)
    }
}

impl fmt::Display for RenditionItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Playlist => f.write_str("index.m3u8"),
            Self::KeyFrames => f.write_str("iframes.m3u8"),
            Self::Header(0) => f.write_str("init.mp4"),
            Self::Header(before) => write!(f, "init-{}.mp4", before.saturating_add(1)),
            Self::Segment(time) => write!(f, "{time}.m4s"),
            Self::KeyFrame(time) => write!(f, "i{time}.m4s"),
            Self::Packets(time) => write!(f, "{time}.ts"),
            Self::Packed(time) => write!(f, "{time}.mp3"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_are_parsed_and_each_has_one_form() {
        let of = |item| DerivedResource::Of { version: "aB3_-".to_owned(), rendition: "1-12800".to_owned(), item };
        let text = |name: &str, item| DerivedResource::Text { version: "a".to_owned(), name: name.to_owned(), item };
        for (path, fragment, resource) in [
            ("master.m3u8", None, DerivedResource::Master),
            ("manifest.mpd", None, DerivedResource::Manifest),
            ("media.mp4", None, DerivedResource::File),
            ("t=1,2/media.mp4", Some("t=1,2"), DerivedResource::File),
            ("about.json", None, DerivedResource::About),
            ("chapters.vtt", None, DerivedResource::Chapters),
            ("t=1,2/chapters.vtt", Some("t=1,2"), DerivedResource::Chapters),
            ("chapters.json", None, DerivedResource::ChapterList),
            ("captions.json", None, DerivedResource::CaptionList),
            ("t=1,2/captions.json", Some("t=1,2"), DerivedResource::CaptionList),
            ("captions/en.sdh.vtt", None, DerivedResource::Captions("en.sdh".to_owned())),
            ("t=1,2/captions/track-3.vtt", Some("t=1,2"), DerivedResource::Captions("track-3".to_owned())),
            ("v-a/captions/pt-BR/index.m3u8", None, text("pt-BR", TextItem::Playlist)),
            ("v-a/captions/en.sdh/all.vtt", None, text("en.sdh", TextItem::Whole)),
            ("t=1,2/v-a/captions/en/30000.vtt", Some("t=1,2"), text("en", TextItem::Segment(30_000))),
            ("v-aB3_-/1-12800/index.m3u8", None, of(RenditionItem::Playlist)),
            ("v-aB3_-/1-12800/iframes.m3u8", None, of(RenditionItem::KeyFrames)),
            ("v-aB3_-/1-12800/init.mp4", None, of(RenditionItem::Header(0))),
            ("v-aB3_-/1-12800/init-2.mp4", None, of(RenditionItem::Header(1))),
            ("v-aB3_-/1-12800/0.m4s", None, of(RenditionItem::Segment(0))),
            ("v-aB3_-/1-12800/90000.ts", None, of(RenditionItem::Packets(90_000))),
            ("v-aB3_-/1-12800/264600.mp3", None, of(RenditionItem::Packed(264_600))),
            ("t=620,655/master.m3u8", Some("t=620,655"), DerivedResource::Master),
            ("t%3D620%2C655/master.m3u8", Some("t=620,655"), DerivedResource::Master),
            ("t=1&track=audio/v-aB3_-/1-12800/i77.m4s", Some("t=1&track=audio"), of(RenditionItem::KeyFrame(77))),
        ] {
            let expected = DerivedName { fragment: fragment.map(str::to_owned), variant: None, resource };
            assert_eq!(DerivedName::parse(path), Some(expected), "{path}");
        }
        for (path, fragment, content) in [
            ("r1/talk-1080.mp4/v-a/1-12800/7.m4s", None, "talk-1080.mp4"),
            ("r1/a%20b/c,d$.mp4/v-a/1-12800/7.m4s", None, "a b/c,d$.mp4"),
            ("r1/v-1/1-1/0.m4s/v-a/1-12800/7.m4s", None, "v-1/1-1/0.m4s"),
            ("t=620,655/r1/talk-1080.mp4/v-a/1-12800/7.m4s", Some("t=620,655"), "talk-1080.mp4"),
        ] {
            let variant = VariantName { number: 1, content: content.to_owned() };
            let written = variant.to_string();
            let (fragment, resource) =
                (fragment.map(str::to_owned), DerivedName::parse("v-a/1-12800/7.m4s").unwrap().resource);
            assert_eq!(
                DerivedName::parse(path),
                Some(DerivedName { fragment, variant: Some(variant), resource }),
                "{path}"
            );
            assert_eq!(
                DerivedName::parse(&format!("{written}/v-a/1-1/0.m4s")).unwrap().variant.unwrap().content,
                content
            );
        }
    }

    #[test]
    fn what_has_another_form_is_no_name() {
        for path in [
            "",
            "master.m3u8/",
            "MASTER.m3u8",
            "t=620,655/about.json",
            "t=620,655/chapters.json",
            "banana/master.m3u8",
            "/master.m3u8",
            "v-/1-1/init.mp4",
            "v-a/1.1/init.mp4",
            "v-a/1-1/00.m4s",
            "v-a/1-1/+1.m4s",
            "v-a/1-1/-1.m4s",
            "v-a/1-1/ii1.m4s",
            "v-a/1-1/i1.ts",
            "v-a/1-1/01.ts",
            "v-a/1-1/1.mp4",
            "v-a/1-1/init-1.mp4",
            "v-a/1-1/init-02.mp4",
            "v-a/1-1/init-18446744073709551616.mp4",
            "v-a/1-1/99999999999999999999.m4s",
            "v-a/1-1/init.mp4/x",
            "v-a/../init.mp4",
            "captions/.vtt",
            "captions/../x.vtt",
            "captions/a/b.vtt",
            "captions/en.srt",
            "captions/e%6E.vtt",
            "v-a/captions/en/01.vtt",
            "v-a/captions/en/0.vtt/x",
            "v-a/captions/.en/0.vtt",
            "v-a/captions/en/init.mp4",
            "v-a/x/en/0.vtt",
            "t=1/t=2/master.m3u8",
            "r1/master.m3u8",
            "r1/talk.mp4/master.m3u8",
            "r1/talk.mp4/captions/en.vtt",
            "r1/talk.mp4/v-a/captions/en/0.vtt",
            "r0/talk.mp4/v-a/1-1/0.m4s",
            "r01/talk.mp4/v-a/1-1/0.m4s",
            "r9/talk.mp4/v-a/1-1/0.m4s",
            "r/talk.mp4/v-a/1-1/0.m4s",
            "r1/v-a/1-1/0.m4s",
            "r1//v-a/1-1/0.m4s",
            "r1/%ff/v-a/1-1/0.m4s",
            "r1/r1/t=1/r1/talk.mp4/v-a/1-1",
        ] {
            assert_eq!(DerivedName::parse(path), None, "{path}");
        }
    }
}
