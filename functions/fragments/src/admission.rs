//! Who is let in: anybody, where the space streams openly; whoever has a valid signature, in the URL or in cookies, where it
//! streams securely; nobody where it does not stream.
//!
//! A request on `/media/{space}/{content}` is looked at as one of the same content where its space streams: that is the URL
//! which was signed, with its path as the request writes it. (API Gateway's HTTP APIs give paths decoded; behind one, every
//! way of writing a path is the same.) The clock is the system's, with no grace: CloudFront has none. The address of a viewer is that of whoever
//! opened the connection, to us or to API Gateway; what a header says of it counts for nothing.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use http::request::Parts;
use reelspan::cloudfront::verify::{Evidence, Refusal, verify, without_signature};
use reelspan::cloudfront::{now, policy};
use reelspan::space::streaming::{Kind, Standing};
use reelspan::space::{MediaKey, SpaceId};
use reelspan::store::Admission;

use crate::{Error, Fragments, Viewers};

/// Below which path media are.
const MEDIA: &str = "/media";

/// What a request shows in order to be let in.
pub struct Shown {
    /// What stands in its query: a signature, none, or something that can be none.
    pub query: Result<Option<Evidence>, Refusal>,
    /// What stands in its cookies.
    pub cookies: Result<Option<Evidence>, Refusal>,
    /// Where it comes from, where that is known.
    pub address: Option<IpAddr>,
    /// What stands behind `/media` in its path, as it is written.
    pub path: Option<String>,
}

/// A request that was let in.
pub struct Admitted {
    /// The URL of the content where its space streams, without a query; none until there is a distribution.
    pub url: Option<String>,
    /// Whether others have to be kept out of what is answered.
    pub secure: bool,
}

impl Shown {
    /// What a request shows, and its query without that.
    pub fn of(parts: &Parts) -> (Self, Option<String>) {
        let (query, rest) = in_query(parts.uri.query());
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let address = peer.map(|ConnectInfo(peer)| peer.ip().to_canonical());
        let path = parts.uri.path().strip_prefix(MEDIA).map(str::to_owned);
        (Self { query, cookies: Evidence::from_cookies(&parts.headers), address, path }, rest)
    }

    /// What a URL with this path and this query shows by itself; and the query without it.
    pub fn of_url(path: Option<&str>, query: Option<&str>) -> (Self, Option<String>) {
        let (query, rest) = in_query(query);
        let path = path.and_then(|path| path.strip_prefix(MEDIA)).map(str::to_owned);
        (Self { query, cookies: Ok(None), address: None, path }, rest)
    }

    /// The path of a content of this space, as it is written; none if the space is written in another way.
    fn content_path(&self, space: &SpaceId) -> Option<&str> {
        let path = self.path.as_deref()?.strip_prefix('/')?.strip_prefix(space.as_str())?;
        path.starts_with('/').then_some(path)
    }

    /// What counts: the signature in the query, and only where there is none that of the cookies, as CloudFront has it.
    fn evidence(&self) -> Result<&Evidence, Refusal> {
        match self.query.as_ref().map_err(|refusal| *refusal)? {
            Some(evidence) => Ok(evidence),
            None => self.cookies.as_ref().map_err(|refusal| *refusal)?.as_ref().ok_or(Refusal::Unsigned),
        }
    }
}

impl std::fmt::Debug for Shown {
    /// Without the signature, so that it never ends in a log.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Shown").field("address", &self.address).finish_non_exhaustive()
    }
}

/// The signature in a query, and the query without it: none where there was nothing else in it.
fn in_query(query: Option<&str>) -> (Result<Option<Evidence>, Refusal>, Option<String>) {
    let Some(query) = query else { return (Ok(None), None) };
    let (evidence, rest) = match Evidence::from_query(query) {
        Ok((evidence, rest)) => (Ok(evidence), rest),
        // An open space has no use for it.
        Err(refusal) => (Err(refusal), without_signature(query)),
    };
    (evidence, (!rest.is_empty() || query.is_empty()).then_some(rest))
}

impl Fragments {
    /// Lets a request for this content in, whose query but for the signature is this one.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] and [`Error::Unsigned`].
    pub fn admit(
        &self,
        admission: &Admission,
        media: &MediaKey,
        query: Option<&str>,
        shown: &Shown,
    ) -> Result<Admitted, Error> {
        let none = "this space does not stream: it is turned on by enable-streaming";
        let streaming = admission.streaming.as_ref().ok_or(Error::Closed(none))?;
        match streaming.standing {
            Standing::On => {}
            Standing::Off => return Err(Error::Closed("the streaming of this space is off")),
            Standing::Deleting => return Err(Error::Closed("the streaming of this space is being deleted")),
        }
        let base =
            streaming.distribution.as_ref().map(|distribution| self.hosts.base(media.space(), streaming, distribution));
        let url = |query: &str| base.as_ref().map(|base| policy::url(base, media, query));
        let secure = streaming.kind == Kind::Secure;
        if secure && self.viewers == Viewers::Direct {
            let base = base.as_deref().ok_or(Error::Closed("the streaming of this space is being set up"))?;
            let evidence = shown.evidence()?;
            let path = shown.content_path(media.space()).ok_or(Refusal::Resource)?;
            let asked = policy::written(base, path, query.unwrap_or_default());
            verify(evidence, &asked, &admission.keys, now(), shown.address)?;
        }
        Ok(Admitted { url: url(""), secure })
    }
}
