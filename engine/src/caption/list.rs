//! Which captions a content has: its own text tracks, and the files beside it.

use super::sidecar::label;
use super::text::line;
use super::{Sidecar, SidecarFile};
use crate::container::{self, TextCoding, TextTrack};
use crate::index::Outline;
use crate::media::{Kind, Track};

/// What captions are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptionKind {
    /// What is spoken.
    Subtitles,
    /// What is heard, for those who do not hear it.
    Captions,
}

/// Where captions come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaptionSource {
    /// The track at this place of the outline, whose samples have this coding.
    Track(usize, TextCoding),
    /// A file beside the content, by its position in the list of files.
    File(usize),
}

/// What the names of the captions of tracks begin with. No language does.
pub const TRACK: &str = "track-";

/// Captions of a content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caption {
    /// How they are named below the content: `track-3` or `en.sdh`.
    pub name: String,
    /// Their language, if it is known.
    pub language: Option<String>,
    /// What a menu calls them. No two captions of a content have the same.
    pub label: String,
    /// What they are for.
    pub kind: CaptionKind,
    /// Whether the content asks players to show them without being asked.
    pub default: bool,
    /// Whether they are to be shown even if captions are off.
    pub forced: bool,
    /// Where they come from.
    pub source: CaptionSource,
    /// The version of what they come from, for the names of their segments.
    pub version: String,
}

impl CaptionKind {
    /// Its name: that of a `track` element of HTML.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Subtitles => "subtitles",
            Self::Captions => "captions",
        }
    }
}

/// The captions of a content, with these files beside it: first the tracks in the order of the file, then the files. `version`
/// says of which version the content is and of which each file. Of two files with the same name, WebVTT counts.
#[must_use]
pub fn list(outline: &Outline, version: &str, files: &[(SidecarFile, String)]) -> Vec<Caption> {
    let tracks =
        outline.tracks.iter().enumerate().filter_map(|(place, track)| embedded(outline, place, track, version));
    let mut captions: Vec<Caption> = tracks.collect();
    for (at, (file, version)) in files.iter().enumerate() {
        let name = file.name();
        let has_better = files.iter().any(|(other, _)| other.name() == name && other.format != file.format)
            && file.format != super::FileFormat::Vtt;
        if has_better {
            continue;
        }
        let purpose = file.purpose();
        captions.push(Caption {
            label: called(None, Some(&file.language), purpose),
            name,
            language: Some(file.language.clone()),
            kind: if purpose == Sidecar::Captions { CaptionKind::Captions } else { CaptionKind::Subtitles },
            default: false,
            forced: purpose == Sidecar::Forced,
            source: CaptionSource::File(at),
            version: version.clone(),
        });
    }
    distinguish(&mut captions);
    captions
}

fn embedded(outline: &Outline, place: usize, track: &Track, version: &str) -> Option<Caption> {
    if track.kind != Kind::Text || track.samples == 0 {
        return None;
    }
    let TextTrack { coding, default, forced, hearing_impaired } = container::format_of(outline)?.text(track)?;
    let purpose = match (forced, hearing_impaired) {
        (true, _) => Sidecar::Forced,
        (false, true) => Sidecar::Captions,
        (false, false) => Sidecar::Subtitles,
    };
    Some(Caption {
        name: format!("{TRACK}{}", place + 1),
        language: track.language.clone(),
        label: called(track.name.as_deref(), track.language.as_deref(), purpose),
        kind: if hearing_impaired { CaptionKind::Captions } else { CaptionKind::Subtitles },
        default,
        forced,
        source: CaptionSource::Track(place, coding),
        version: version.to_owned(),
    })
}

/// What a menu calls captions: their name if they have one, else their language and what they are for.
fn called(name: Option<&str>, language: Option<&str>, purpose: Sidecar) -> String {
    if let Some(name) = name.map(line).filter(|name| !name.is_empty()) {
        return name;
    }
    let language = label(language);
    match purpose {
        Sidecar::Subtitles => language,
        Sidecar::Captions => format!("{language} (SDH)"),
        Sidecar::Forced => format!("{language} (forced)"),
    }
}

/// Numbers labels that others have too: HLS wants them to differ (RFC 8216bis §4.4.6.1.1).
fn distinguish(captions: &mut [Caption]) {
    let mut taken: Vec<String> = Vec::new();
    for caption in captions {
        let mut label = caption.label.clone();
        let mut number = 2;
        while taken.contains(&label) {
            label = format!("{} ({number})", caption.label);
            number += 1;
        }
        taken.push(label.clone());
        caption.label = label;
    }
}
