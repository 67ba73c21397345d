//! Where viewers reach what is streamed. There are two hosts: one for open spaces and one for secure ones, which requires
//! signatures. A space is a path there: `/{space}` at the open host, and `/{space}~{generation}` at the secure one.

use std::env;

use crate::space::SpaceId;
use crate::space::streaming::{Streaming, StreamingKind};

/// The separator of a space and its generation in the path of a URL. No space's name contains it.
const TILDE: char = '~';

/// The path of the URL that sets cookies, at the secure host. No space's name begins like this.
const COOKIES: &str = "/~/cookies";

/// The URLs below which spaces are streamed, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosts {
    open: String,
    secure: String,
}

impl Hosts {
    /// Two hosts by their names, reached over HTTPS.
    #[must_use]
    pub fn new(open: &str, secure: &str) -> Self {
        Self { open: format!("https://{open}"), secure: format!("https://{secure}") }
    }

    /// One URL for both, on one machine.
    #[must_use]
    pub fn below(url: &str) -> Self {
        let url = url.trim_end_matches('/').to_owned();
        Self { open: url.clone(), secure: url }
    }

    /// The hosts in the environment variables `OPEN_HOST` and `SECURE_HOST`; `None` if either is missing.
    #[must_use]
    pub fn from_env() -> Option<Self> {
        let variable = |name| env::var(name).ok().filter(|value| !value.is_empty());
        Some(Self::new(&variable("OPEN_HOST")?, &variable("SECURE_HOST")?))
    }

    /// [`Hosts::base`] without its scheme, as DuraCloud has it in the property `streaming-host`.
    #[must_use]
    pub fn host(&self, space: &SpaceId, streaming: &Streaming) -> String {
        let base = self.base(space, streaming);
        base.split_once("://").map_or(base.as_str(), |(_, host)| host).to_owned()
    }

    /// The URL of a streamed space, without a slash at the end:
    /// `https://d111111abcdef8.cloudfront.net/films~187ba2c3d4e5f607`.
    #[must_use]
    pub fn base(&self, space: &SpaceId, streaming: &Streaming) -> String {
        let label = Self::label(space, streaming);
        match streaming.kind {
            StreamingKind::Open => format!("{}/{label}", self.open),
            StreamingKind::Secure => format!("{}/{label}", self.secure),
        }
    }

    /// What stands below either host in a URL, or in a path of one machine, without the slash before it:
    /// `films~187ba2c3d4e5f607/a.mp4`.
    #[must_use]
    pub fn below_host<'a>(&self, url: &'a str) -> Option<&'a str> {
        // On one machine the hosts are a path, and the machine may have several names.
        let path = |host: &str| {
            let authority = host.split_once("://").map_or(host, |(_, rest)| rest);
            authority.find('/').map(|at| authority.get(at..).unwrap_or_default().to_owned())
        };
        [&self.open, &self.secure].into_iter().find_map(|host| {
            let below =
                if url.starts_with('/') { url.strip_prefix(&path(host)?) } else { url.strip_prefix(host.as_str()) };
            below?.strip_prefix('/')
        })
    }

    /// The URL that sets the cookies of secure spaces, without its query.
    #[must_use]
    pub fn cookies(&self) -> String {
        format!("{}{COOKIES}", self.secure)
    }

    /// The first segment of a space's path: its name, with the generation if it is secure.
    #[must_use]
    pub fn label(space: &SpaceId, streaming: &Streaming) -> String {
        match streaming.kind {
            StreamingKind::Open => space.to_string(),
            StreamingKind::Secure => format!("{space}{TILDE}{}", streaming.generation),
        }
    }

    /// Splits the first segment of a path into the name of a space and a generation.
    #[must_use]
    pub fn split(label: &str) -> (&str, Option<&str>) {
        label.split_once(TILDE).map_or((label, None), |(space, generation)| (space, Some(generation)))
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
        let (here, aws) = (Hosts::below("http://127.0.0.1:8080/stream/"), Hosts::new("d1.example", "d2.example"));
        let (one, other) =
            (Streaming::new(StreamingKind::Secure, Vec::new()), Streaming::new(StreamingKind::Secure, Vec::new()));
        let open = Streaming::new(StreamingKind::Open, Vec::new());
        assert_eq!(here.base(&space, &one), format!("http://127.0.0.1:8080/stream/films~{}", one.generation));
        assert_eq!(aws.base(&space, &one), format!("https://d2.example/films~{}", one.generation));
        assert_ne!(aws.base(&space, &one), aws.base(&space, &other));
        let off = Streaming { status: StreamingStatus::Off, version: 7, ..one.clone() };
        assert_eq!(aws.base(&space, &off), aws.base(&space, &one));
        assert_eq!(here.base(&space, &open), "http://127.0.0.1:8080/stream/films");
        assert_eq!(aws.host(&space, &open), "d1.example/films");
        assert_eq!(
            [aws.cookies(), here.cookies()],
            ["https://d2.example/~/cookies", "http://127.0.0.1:8080/stream/~/cookies"]
        );
    }

    #[test]
    fn what_is_below_a_host_is_told_from_what_is_not() {
        let (here, aws) = (Hosts::below("http://127.0.0.1:8080/stream"), Hosts::new("d1.example", "d2.example"));
        for (hosts, url, below) in [
            (&here, "http://127.0.0.1:8080/stream/films/a.mp4", Some("films/a.mp4")),
            (&here, "/stream/films/a.mp4", Some("films/a.mp4")),
            (&here, "/streams/films/a.mp4", None),
            (&here, "/media/films/a.mp4", None),
            (&aws, "https://d1.example/films/a.mp4", Some("films/a.mp4")),
            (&aws, "https://d2.example/films~1/a.mp4", Some("films~1/a.mp4")),
            (&aws, "https://d1.example.org/films/a.mp4", None),
            (&aws, "/films/a.mp4", None),
        ] {
            assert_eq!(hosts.below_host(url), below, "{url}");
        }
    }

    #[test]
    fn a_label_is_split_at_its_first_tilde() {
        for (label, space, generation) in [
            ("films", "films", None),
            ("films~", "films", Some("")),
            ("films~18~7", "films", Some("18~7")),
            ("~", "", Some("")),
        ] {
            assert_eq!(Hosts::split(label), (space, generation), "{label}");
        }
    }
}
