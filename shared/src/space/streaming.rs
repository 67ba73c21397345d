//! The streaming of a space: to anybody or to signed URLs and cookies alone, by which distribution, and whether it is on.

use std::time::{SystemTime, UNIX_EPOCH};

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
pub enum StreamingStatus {
    /// It does, or will as soon as its distribution is deployed.
    On,
    /// It was turned off; its distribution is kept, so that turning it on is quick.
    Off,
    /// It is being taken away, and its distribution with it.
    Deleting,
}

impl StreamingStatus {
    /// A word for it, as it is stored.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Deleting => "deleting",
        }
    }

    /// Reads what [`StreamingStatus::name`] wrote.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::On, Self::Off, Self::Deleting].into_iter().find(|status| status.name() == name)
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
    pub status: StreamingStatus,
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
        Self { kind, status: StreamingStatus::On, origins, reference, distribution: None, version: 0 }
    }

    /// What the URLs of this setup have and those of any other have not, where both are at one host: a signature binds the URL
    /// alone, so the URL says which space of that name it was made for. Turning streaming off and on keeps it; deleting the
    /// streaming, or the space, ends it.
    #[must_use]
    pub fn generation(&self) -> &str {
        &self.reference
    }
}
