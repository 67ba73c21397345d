//! Access: open streaming allows every request; secure streaming requires a valid signature in the URL or in cookies;
//! without streaming, every request is refused.
//!
//! A request for `/media/{space}/{content}` is checked like one for the same content at the space's streaming host:
//! that is the URL that was signed, with its path as the request writes it. (API Gateway's HTTP APIs decode paths;
//! behind one, all spellings of a path are equal.) The clock is the system's, without a grace period, as in CloudFront.
//! The address of a viewer is that of the client that opened the connection, to us or to API Gateway; header fields
//! about it are ignored.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use http::request::Parts;
use reelspan::cloudfront::verify::{Evidence, SignatureRefusal, verify, without_signature};
use reelspan::cloudfront::{self, Copy, RequestedUrl, now, policy};
use reelspan::space::streaming::{StreamingKind, StreamingStatus};
use reelspan::space::{MediaKey, SpaceId};
use reelspan::store::Admission;
use reelspan::streaming::Hosts;

use crate::edge::{self, X_REELSPAN_KIND};
use crate::{Fragments, MediaError, Viewers};

/// The path prefix of media.
const MEDIA: &str = "/media";

/// A request's proof of access.
pub struct AccessProof {
    /// The signature in its query, if any; an error if it is malformed.
    pub query: Result<Option<Evidence>, SignatureRefusal>,
    /// The signature in its cookies.
    pub cookies: Result<Option<Evidence>, SignatureRefusal>,
    /// The client's address, if known.
    pub address: Option<IpAddr>,
    /// The path after `/media`, as it is written.
    pub path: Option<String>,
    /// The distribution that asks; only believed behind CloudFront.
    pub distribution: Option<StreamingKind>,
}

/// An allowed request.
pub struct Admitted {
    /// The URL of the content at the streaming host, without a query; `None` behind CloudFront.
    pub url: Option<String>,
    /// Whether the answer has to be kept from others.
    pub secure: bool,
}

impl AccessProof {
    /// Splits a request into its proof and the rest of its query.
    pub fn of(parts: &Parts) -> (Self, Option<String>) {
        let (query, rest) = in_query(parts.uri.query());
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let address = peer.map(|ConnectInfo(peer)| peer.ip().to_canonical());
        let path = parts.uri.path().strip_prefix(MEDIA).map(str::to_owned);
        let distribution = parts.headers.get(X_REELSPAN_KIND).and_then(edge::kind);
        (Self { query, cookies: Evidence::from_cookies(&parts.headers), address, path, distribution }, rest)
    }

    /// The proof in a URL with this path and this query; and the query without it.
    pub fn of_url(path: Option<&str>, query: Option<&str>) -> (Self, Option<String>) {
        let (query, rest) = in_query(query);
        let path = path.and_then(|path| path.strip_prefix(MEDIA)).map(str::to_owned);
        (Self { query, cookies: Ok(None), address: None, path, distribution: None }, rest)
    }

    /// The path of a content of this space, as it is written; `None` if the space is spelled differently.
    fn content_path(&self, space: &SpaceId) -> Option<&str> {
        let path = self.path.as_deref()?.strip_prefix('/')?.strip_prefix(space.as_str())?;
        path.starts_with('/').then_some(path)
    }

    /// The signature that counts: that in the query; if there is none, that in the cookies, as in CloudFront.
    fn evidence(&self) -> Result<&Evidence, SignatureRefusal> {
        match self.query.as_ref().map_err(|refusal| *refusal)? {
            Some(evidence) => Ok(evidence),
            None => self.cookies.as_ref().map_err(|refusal| *refusal)?.as_ref().ok_or(SignatureRefusal::Unsigned),
        }
    }
}

impl std::fmt::Debug for AccessProof {
    /// Omits the signature, so that it never appears in a log.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Shown").field("address", &self.address).finish_non_exhaustive()
    }
}

/// The signature in a query, and the query without it: `None` if nothing else was in it.
fn in_query(query: Option<&str>) -> (Result<Option<Evidence>, SignatureRefusal>, Option<String>) {
    let Some(query) = query else { return (Ok(None), None) };
    let (evidence, rest) = match Evidence::from_query(query) {
        Ok((evidence, rest)) => (Ok(evidence), rest),
        // An open space ignores signatures.
        Err(refusal) => (Err(refusal), without_signature(query)),
    };
    (evidence, (!rest.is_empty() || query.is_empty()).then_some(rest))
}

impl Fragments {
    /// Checks whether a request for this content is allowed; `query` is its query without the signature.
    ///
    /// # Errors
    ///
    /// [`MediaError::Closed`] and [`MediaError::Unsigned`].
    pub fn admit(
        &self,
        admission: &Admission,
        media: &MediaKey,
        query: Option<&str>,
        shown: &AccessProof,
    ) -> Result<Admitted, MediaError> {
        let none = "this space does not stream: enable-streaming turns it on";
        let streaming = admission.streaming.as_ref().ok_or(MediaError::Closed(none))?;
        match streaming.status {
            StreamingStatus::On => {}
            StreamingStatus::Off => return Err(MediaError::Closed("the streaming of this space is off")),
        }
        let secure = streaming.kind == StreamingKind::Secure;
        let base = self.hosts.as_ref().filter(|_| self.viewers == Viewers::Direct);
        let base = base.map(|hosts| hosts.base(media.space(), streaming));
        match (self.viewers, base.as_deref()) {
            // The edge knows which spaces stream, and may know it a few seconds too late.
            (Viewers::CloudFront, _) if shown.distribution != Some(streaming.kind) => {
                return Err(MediaError::Closed("this space does not stream at this host"));
            }
            (Viewers::Direct, Some(base)) if secure => {
                let evidence = shown.evidence()?;
                let path = shown.content_path(media.space()).ok_or(SignatureRefusal::Resource)?;
                let asked = policy::written(base, path, query.unwrap_or_default());
                verify(evidence, &asked, &admission.keys, now(), shown.address)?;
            }
            (Viewers::Direct, None) if secure => return Err(MediaError::Closed("this space streams at its host only")),
            _ => {}
        }
        let url = |query: &str| base.as_ref().map(|base| policy::url(base, media, query));
        Ok(Admitted { url: url(""), secure })
    }

    /// Checks the copy of a signature that the address of a playlist has: in a space with secure streaming, a playlist gives it to its
    /// players. `query` is the request's query without the signature.
    ///
    /// # Errors
    ///
    /// [`MediaError::Unsigned`].
    pub fn admit_copy(
        &self,
        admission: &Admission,
        media: &MediaKey,
        query: Option<&str>,
        shown: &AccessProof,
        copy: &Copy,
    ) -> Result<(), MediaError> {
        let streaming = admission.streaming.as_ref().ok_or(SignatureRefusal::Resource)?;
        let path = shown.content_path(media.space()).ok_or(SignatureRefusal::Resource)?;
        let (keys, now, address) = (&admission.keys, now(), shown.address);
        let base = self.hosts.as_ref().map(|hosts| hosts.base(media.space(), streaming));
        if let (Viewers::Direct, Some(base)) = (self.viewers, &base) {
            let asked = policy::written(base, path, query.unwrap_or_default());
            copy.verify(RequestedUrl::Url(&asked), keys, now, address)?;
        } else {
            // The edge has encoded the path anew.
            let label = || format!("/{}", Hosts::label(media.space(), streaming));
            let folder = base.as_deref().and_then(cloudfront::path_of).map_or_else(label, str::to_owned);
            copy.verify(RequestedUrl::Path(&format!("{folder}{path}")), keys, now, address)?;
        }
        Ok(())
    }
}
