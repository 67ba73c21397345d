//! The streaming of a space: to anybody or to signed URLs and cookies alone, by which distribution, and whether it is on.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

use super::{NameError, SpaceId};

/// To whom a space streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// To anybody who has the URL.
    Open,
    /// To whoever has a signed URL, or signed cookies.
    Secure,
}

impl Kind {
    /// As DuraCloud writes it, in the property `streaming-type`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Secure => "SECURE",
        }
    }

    /// Reads what [`Kind::name`] wrote.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Open, Self::Secure].into_iter().find(|kind| kind.name() == name)
    }
}

/// Whether a space streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It does, or will as soon as its distribution is deployed.
    On,
    /// It was turned off; its distribution is kept, so that turning it on is quick.
    Off,
    /// It is being taken away, and its distribution with it.
    Deleting,
}

impl Standing {
    /// A word for it, as it is stored.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Deleting => "deleting",
        }
    }

    /// Reads what [`Standing::name`] wrote.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::On, Self::Off, Self::Deleting].into_iter().find(|standing| standing.name() == name)
    }
}

/// A distribution of CloudFront.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// CloudFront's name for it: `E2QWRUHAPOMQZL`.
    pub id: String,
    /// Its host: `d111111abcdef8.cloudfront.net`.
    pub host: String,
    /// Whether CloudFront has said `Deployed` since it was changed last.
    pub deployed: bool,
}

/// The streaming of a space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Streaming {
    /// To whom.
    pub kind: Kind,
    /// Whether it is on.
    pub standing: Standing,
    /// The origins whose pages may read what is streamed; none where any https origin may.
    pub origins: Vec<String>,
    /// Names this setup of streaming: every setup has another, those of an earlier space of the same name included. CloudFront is
    /// asked for the distribution by it, so that asking twice makes one; see [`Streaming::generation`] for what signatures have of
    /// it.
    pub reference: String,
    /// What streams it; none until it is made.
    pub distribution: Option<Distribution>,
    /// Counts the writes, so that of two who change it at a time one is told ([`crate::store::SpacesTable::set_streaming`]).
    pub version: u64,
}

impl Streaming {
    /// Streaming that is to be set up.
    #[must_use]
    pub fn new(kind: Kind, origins: Vec<String>) -> Self {
        // Only one space's own past has to be told from its present, and that took longer than a nanosecond.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let reference = format!("{:x}", now.as_nanos());
        Self { kind, standing: Standing::On, origins, reference, distribution: None, version: 0 }
    }

    /// What the URLs of this setup have and those of any other have not, where both are at one host: a signature binds the URL
    /// alone, so the URL says which space of that name it was made for. Turning streaming off and on keeps it; deleting the
    /// streaming, or the space, ends it.
    #[must_use]
    pub fn generation(&self) -> &str {
        &self.reference
    }
}

/// Where viewers reach distributions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hosts {
    /// At the hosts that CloudFront gave them.
    CloudFront,
    /// At paths below this URL, on one machine, without any DNS: see [`Hosts::label`].
    Below(String),
}

/// What stands between a space and its generation in the path of a URL. No space's name has it.
const TILDE: char = '~';

impl Hosts {
    /// What `STREAMING_HOSTS` says: the URL below which they are, or nothing where CloudFront's own hosts count.
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

    #[test]
    fn the_base_of_a_secure_space_says_which_setup_it_is_of() {
        let space = SpaceId::parse("films").unwrap();
        let distribution = Distribution { id: "E1".to_owned(), host: "d1.cloudfront.net".to_owned(), deployed: true };
        let here = Hosts::Below("http://127.0.0.1:8080/stream".to_owned());
        let base = |streaming: &Streaming| here.base(&space, streaming, &distribution);
        let (one, other) = (Streaming::new(Kind::Secure, Vec::new()), Streaming::new(Kind::Secure, Vec::new()));
        assert_eq!(base(&one), format!("http://127.0.0.1:8080/stream/films~{}", one.generation()));
        assert_ne!(base(&one), base(&other));
        let off = Streaming { standing: Standing::Off, version: 7, ..one.clone() };
        assert_eq!(base(&off), base(&one));
        assert_eq!(base(&Streaming::new(Kind::Open, Vec::new())), "http://127.0.0.1:8080/stream/films");
        assert_eq!(Hosts::CloudFront.base(&space, &one, &distribution), "https://d1.cloudfront.net");
        for label in [Hosts::label(&space, &one).as_str(), "films", "films~", "films~~"] {
            assert_eq!(Hosts::space(label).unwrap(), space, "{label}");
        }
        assert!(Hosts::space("~films").is_err());
    }
}
