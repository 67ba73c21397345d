//! The streaming of a space: to anybody or to signed URLs and cookies alone, and whether it is on.

use std::time::{SystemTime, UNIX_EPOCH};

/// To whom a space streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamingKind {
    /// To anybody who has the URL.
    Open,
    /// To requests with a signed URL or signed cookies.
    Secure,
}

impl StreamingKind {
    /// As DuraCloud writes it, in the property `streaming-type`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Secure => "SECURE",
        }
    }

    /// Reads what [`StreamingKind::name`] wrote.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Open, Self::Secure].into_iter().find(|kind| kind.name() == name)
    }
}

/// Whether a space streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamingStatus {
    /// It does.
    On,
    /// It was turned off. Turning it on again keeps its URLs.
    Off,
}

impl StreamingStatus {
    /// A word for it, as it is stored.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
        }
    }

    /// Reads what [`StreamingStatus::name`] wrote.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::On, Self::Off].into_iter().find(|status| status.name() == name)
    }
}

/// The streaming of a space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Streaming {
    /// To whom.
    pub kind: StreamingKind,
    /// Whether it is on.
    pub status: StreamingStatus,
    /// The origins whose pages may read what is streamed; none if any may.
    pub origins: Vec<String>,
    /// Names this setup of streaming: every setup has another, those of an earlier space of the same name included. A
    /// signature binds the URL alone, so the URL of a secure space contains it and says which space of that name it was
    /// made for. Turning streaming off and on keeps it; deleting the streaming, or the space, ends it.
    pub generation: String,
    /// Whether the edges have been told that it is on ([`StreamingStatus::On`]).
    pub deployed: bool,
    /// Counts the writes, so that one of two concurrent writers fails ([`crate::store::SpacesTable::set_streaming`]).
    pub version: u64,
}

impl Streaming {
    /// Streaming that is to be set up.
    #[must_use]
    pub fn new(kind: StreamingKind, origins: Vec<String>) -> Self {
        // It has to differ from earlier setups of the same space only, and no two of them take less than a nanosecond.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let generation = format!("{:x}", now.as_nanos());
        Self { kind, status: StreamingStatus::On, origins, generation, deployed: false, version: 0 }
    }
}
