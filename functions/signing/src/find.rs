//! Which stored file a name means. Players of RTMP asked for `mp3:audiofile` where `audiofile.mp3` is stored, so a name may
//! come without its extension, and with a prefix that says which format is meant.

use std::fmt;

use reelspan::space::{ContentId, ContentPrefix, MediaKey, SpaceId};
use reelspan::store;

use crate::{RestError, Signing};

/// The prefixes, and the extensions of what they are for (*Flash Media Server Developer Guide*, "Streaming media files").
const PREFIXES: [(&str, &[&str]); 3] =
    [("mp4:", &["mp4", "m4v", "m4a", "mov", "f4v", "f4a", "3gp"]), ("mp3:", &["mp3"]), ("flv:", &["flv"])];

/// The extensions of what is streamed, but for those above. A film's `.srt` is not what is meant by its name.
const OTHERS: [&str; 21] = [
    "3g2", "aac", "aif", "aifc", "aiff", "avi", "flac", "m2ts", "mk3d", "mka", "mkv", "mp2", "mts", "oga", "ogg",
    "ogv", "opus", "ts", "wav", "wave", "webm",
];

/// How many listings of a thousand names are read for one name.
const LISTINGS: usize = 10;

/// What a `resourcePrefix` says of the file that is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormatPrefix(Option<&'static [&'static str]>);

impl FormatPrefix {
    /// Reads a prefix. An empty one counts as missing.
    pub fn parse(prefix: Option<&str>) -> Result<Self, RestError> {
        let Some(prefix) = prefix.filter(|prefix| !prefix.is_empty()) else { return Ok(Self(None)) };
        match PREFIXES.iter().find(|(known, _)| *known == prefix) {
            Some((_, extensions)) => Ok(Self(Some(extensions))),
            None => Err(RestError::Bad(format!("resourcePrefix {prefix:?} is not mp4:, mp3: or flv:"))),
        }
    }

    /// Whether a file may be what is meant by a name: it has that name, and an extension of this format.
    fn fits(self, file: &str, name: &str) -> bool {
        let Some(extension) = file.strip_prefix(name).and_then(|rest| rest.strip_prefix('.')) else { return false };
        let is = |known: &&str| known.eq_ignore_ascii_case(extension);
        match self.0 {
            Some(extensions) => extensions.iter().any(is),
            None => OTHERS.iter().chain(PREFIXES.iter().flat_map(|(_, extensions)| *extensions)).any(is),
        }
    }
}

impl Signing {
    /// The stored file that a name means: the one of that very name, else the one that has it but for an extension of the
    /// format.
    pub(crate) async fn find(&self, space: &SpaceId, name: &str, format: FormatPrefix) -> Result<MediaKey, RestError> {
        let content = ContentId::parse(name)?;
        let key = MediaKey::new(space.clone(), content)?;
        match self.stores.media.content(&key).await {
            Ok(_) => return Ok(key),
            Err(store::StoreError::Missing) => {}
            Err(error) => return Err(error.into()),
        }
        let fitting = self.fitting(space, name, format).await?;
        match fitting.as_slice() {
            [] => Err(RestError::no_content(&key)),
            [one] => Ok(MediaKey::new(space.clone(), one.clone())?),
            several => Err(RestError::Conflict(format!(
                "{name} may be {} in space {space}: name one of them",
                EitherName(several)
            ))),
        }
    }

    async fn fitting(&self, space: &SpaceId, name: &str, format: FormatPrefix) -> Result<Vec<ContentId>, RestError> {
        let mut fitting = Vec::new();
        // Nothing has a name that is too long.
        let Ok(prefix) = ContentPrefix::parse(&format!("{name}.")) else { return Ok(fitting) };
        let mut after = None;
        for _ in 0..LISTINGS {
            let page = self.stores.media.list(space, &prefix, after.as_ref(), 1000).await?;
            after = page.names.last().map(ContentPrefix::from);
            fitting.extend(page.names.into_iter().filter(|file| format.fits(file.as_str(), name)));
            if !page.more || after.is_none() {
                return Ok(fitting);
            }
        }
        Err(RestError::Bad(format!(
            "too many contents of space {space} begin with {prefix}: name one with its extension"
        )))
    }
}

/// Several names, none of them preferred.
struct EitherName<'a>(&'a [ContentId]);

impl fmt::Display for EitherName<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, name) in self.0.iter().enumerate() {
            let separator = match at {
                0 => "",
                _ if at + 1 == self.0.len() => " or ",
                _ => ", ",
            };
            write!(out, "{separator}{name}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_name_is_that_of_files_of_the_format() {
        for (prefix, name, file, fits) in [
            (None, "audiofile", "audiofile.mp3", true),
            (None, "audiofile", "audiofile.MP3", true),
            (None, "audiofile", "audiofile.webm", true),
            (None, "audiofile", "audiofile.srt", false),
            (None, "audiofile", "audiofile.", false),
            (None, "audiofile", "audiofile.part.mp3", false),
            (None, "audiofile", "audiofile.mp3/x.mp3", false),
            (None, "audio", "audiofile.mp3", false),
            (None, "a/audio.file", "a/audio.file.ogg", true),
            (Some(""), "audiofile", "audiofile.mp3", true),
            (Some("mp3:"), "audiofile", "audiofile.mp3", true),
            (Some("mp3:"), "audiofile", "audiofile.mp4", false),
            (Some("mp4:"), "videofile", "videofile.m4v", true),
            (Some("mp4:"), "videofile", "videofile.flv", false),
            (Some("flv:"), "videofile", "videofile.flv", true),
        ] {
            assert_eq!(FormatPrefix::parse(prefix).unwrap().fits(file, name), fits, "{prefix:?} {name} {file}");
        }
    }

    #[test]
    fn a_prefix_is_one_of_three() {
        for prefix in ["mp4", "MP4:", "ogg:", "mp4:video", " "] {
            assert!(matches!(FormatPrefix::parse(Some(prefix)), Err(RestError::Bad(_))), "{prefix}");
        }
    }
}
