//! Where viewers reach what is streamed: the hosts and the paths of the public URLs.

use std::env;

use crate::space::streaming::{Distribution, Kind, Streaming};
use crate::space::{NameError, SpaceId};

/// The separator of a space and its generation in the path of a URL. No space's name contains it.
const TILDE: char = '~';

/// The URLs at which viewers reach distributions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hosts {
    /// At the hosts that CloudFront gave them.
    CloudFront,
    /// At paths below this URL, on one machine, without any DNS: see [`Hosts::label`].
    Below(String),
}

impl Hosts {
    /// Reads `STREAMING_HOSTS`: the URL below which they are. Without it they are at CloudFront's own hosts.
    #[must_use]
    pub fn from_env() -> Self {
        match env::var("STREAMING_HOSTS") {
            Ok(url) if !url.is_empty() => Self::Below(url.trim_end_matches('/').to_owned()),
            _ => Self::CloudFront,
        }
    }

    /// The same without its scheme, as DuraCloud has it in the property `streaming-host`.
    #[must_use]
    pub fn host(&self, space: &SpaceId, streaming: &Streaming, distribution: &Distribution) -> String {
        let base = self.base(space, streaming, distribution);
        base.split_once("://").map_or(base.as_str(), |(_, host)| host).to_owned()
    }

    /// The URL under which the contents of a streamed space are, without a slash at the end:
    /// `https://d111111abcdef8.cloudfront.net`.
    #[must_use]
    pub fn base(&self, space: &SpaceId, streaming: &Streaming, distribution: &Distribution) -> String {
        match self {
            // Every distribution has a host of its own, and no later one has it again.
            Self::CloudFront => format!("https://{}", distribution.host),
            Self::Below(url) => format!("{url}/{}", Self::label(space, streaming)),
        }
    }

    /// The first segment of a path below [`Hosts::Below`]: the space, and for a secure one its generation: `films~187ba2c3d4e5f607`.
    #[must_use]
    pub fn label(space: &SpaceId, streaming: &Streaming) -> String {
        match streaming.kind {
            Kind::Open => space.to_string(),
            Kind::Secure => format!("{space}{TILDE}{}", streaming.generation()),
        }
    }

    /// The space that a path's first segment names, whatever its generation.
    ///
    /// # Errors
    ///
    /// If there is no name before the generation.
    pub fn space(label: &str) -> Result<SpaceId, NameError> {
        SpaceId::parse(label.split_once(TILDE).map_or(label, |(space, _)| space))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::space::streaming::StreamingStatus;

    #[test]
    fn the_base_of_a_secure_space_says_which_setup_it_is_of() {
        let space = SpaceId::parse("films").unwrap();
        let distribution = Distribution { id: "E1".to_owned(), host: "d1.cloudfront.net".to_owned(), deployed: true };
        let here = Hosts::Below("http://127.0.0.1:8080/stream".to_owned());
        let base = |streaming: &Streaming| here.base(&space, streaming, &distribution);
        let (one, other) = (Streaming::new(Kind::Secure, Vec::new()), Streaming::new(Kind::Secure, Vec::new()));
        assert_eq!(base(&one), format!("http://127.0.0.1:8080/stream/films~{}", one.generation()));
        assert_ne!(base(&one), base(&other));
        let off = Streaming { status: StreamingStatus::Off, version: 7, ..one.clone() };
        assert_eq!(base(&off), base(&one));
        assert_eq!(base(&Streaming::new(Kind::Open, Vec::new())), "http://127.0.0.1:8080/stream/films");
        assert_eq!(Hosts::CloudFront.base(&space, &one, &distribution), "https://d1.cloudfront.net");
        for label in [Hosts::label(&space, &one).as_str(), "films", "films~", "films~~"] {
            assert_eq!(Hosts::space(label).unwrap(), space, "{label}");
        }
        assert!(Hosts::space("~films").is_err());
    }
}
