//! The entry of a space that streams, as JSON: `{"kind":"secure","generation":"187ba2c3d4e5f607","origins":[…]}`.
//! `functions/edge/` reads it too.

use reelspan::space::record::{Space, SpaceState};
use reelspan::space::streaming::{Streaming, StreamingKind, StreamingStatus};
use serde::{Deserialize, Serialize};

/// The largest value of a CloudFront KeyValueStore, in bytes (*CloudFront Developer Guide*, "File format for key-value
/// pairs").
pub const LARGEST: usize = 1024;

/// What the edges know of a space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgeEntry {
    /// At which of the two hosts it streams.
    #[serde(with = "kind")]
    pub kind: StreamingKind,
    /// The generation that the paths of a secure space contain.
    pub generation: String,
    /// The origins whose pages may read it; none if any may.
    pub origins: Vec<String>,
}

impl EdgeEntry {
    /// The entry of a space; `None` if it does not stream.
    #[must_use]
    pub fn of(space: &Space) -> Option<Self> {
        let streaming = space.streaming.as_ref()?;
        let streams = space.state == SpaceState::Live && streaming.status == StreamingStatus::On;
        streams.then(|| Self::from(streaming))
    }

    /// Reads the value of a key.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        serde_json::from_str(value).ok()
    }

    /// The value of the space's key.
    #[must_use]
    pub fn value(&self) -> String {
        // Texts alone: serialising cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl From<&Streaming> for EdgeEntry {
    fn from(streaming: &Streaming) -> Self {
        let Streaming { kind, generation, origins, .. } = streaming.clone();
        Self { kind, generation, origins }
    }
}

mod kind {
    use reelspan::space::streaming::StreamingKind;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
    pub(super) fn serialize<S: Serializer>(kind: &StreamingKind, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match kind {
            StreamingKind::Open => "open",
            StreamingKind::Secure => "secure",
        })
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<StreamingKind, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "open" => Ok(StreamingKind::Open),
            "secure" => Ok(StreamingKind::Secure),
            other => Err(D::Error::custom(format!("unknown kind {other:?}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use reelspan::space::SpaceId;

    use super::*;

    #[test]
    fn a_space_has_an_entry_while_it_streams() {
        let mut space = Space::new(SpaceId::parse("films").unwrap(), None, 0);
        assert_eq!(EdgeEntry::of(&space), None);
        for kind in [StreamingKind::Open, StreamingKind::Secure] {
            let streaming = Streaming::new(kind, vec!["https://a.org".to_owned()]);
            space.streaming = Some(streaming.clone());
            let entry = EdgeEntry::of(&space).unwrap();
            assert_eq!(
                (entry.kind, &entry.generation, &entry.origins),
                (kind, &streaming.generation, &streaming.origins)
            );
            assert_eq!(EdgeEntry::parse(&entry.value()), Some(entry));
        }
        space.state = SpaceState::Deleting;
        assert_eq!(EdgeEntry::of(&space), None);
        space.state = SpaceState::Live;
        space.streaming.as_mut().unwrap().status = StreamingStatus::Off;
        assert_eq!(EdgeEntry::of(&space), None);
    }

    /// The size of a key value store (*CloudFront Developer Guide*, "Quotas on key value stores").
    const STORE: usize = 5 << 20;

    #[test]
    fn fifty_thousand_spaces_have_room() {
        let names = (0..50_000).map(|number| format!("archive-collection-{number}"));
        let size = |kind: StreamingKind, origins: &[String]| {
            let value = EdgeEntry::from(&Streaming::new(kind, origins.to_vec())).value().len();
            names.clone().map(|name| name.len() + value).sum::<usize>()
        };
        for kind in [StreamingKind::Open, StreamingKind::Secure] {
            let (size, each) = (size(kind, &[]), size(kind, &[]) / 50_000);
            assert!(size < STORE && (70..=100).contains(&each), "{kind:?}: {size} bytes, {each} each");
        }
        // One origin for each halves that.
        let origins = ["https://www.museum.example.org".to_owned()];
        assert!(size(StreamingKind::Secure, &origins) * 4 / 5 < STORE && size(StreamingKind::Secure, &origins) > STORE);
    }

    #[test]
    fn a_value_that_is_no_entry_opens_nothing() {
        for value in ["", "{}", "open", r#"{"kind":"OPEN","generation":"1","origins":[]}"#, r#"{"kind":"open"}"#] {
            assert_eq!(EdgeEntry::parse(value), None, "{value}");
        }
    }
}
