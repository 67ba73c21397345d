//! Sessions of browsers around routes: the [`cookie`] that has the token, and the [`layer`] that finds out whose it is.

pub mod cookie;
mod layer;

use http::HeaderMap;

pub use layer::{CsrfToken, Judged, SessionLayer, csrf_token, judge, layer};

/// What goes with a 401 for a page's own request. A browser asks for a password if it sees `Basic`; this page asks itself.
pub const CHALLENGE: &str = "Session realm=\"Reelspan\"";

/// Whether a script of a page sends a request, rather than a person who opens an address.
#[must_use]
pub fn is_fetched(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-mode").is_some_and(|mode| mode != "navigate")
}
