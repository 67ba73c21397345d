//! HTTP as the functions use it: the conditions of a request, and what an answer says of itself. Plain types over text and
//! `http`'s headers, without a server. Ranges of media are in the engine (`reelspan_engine::fragment`).
//!
//! | file | what it knows |
//! | --- | --- |
//! | [`conditional`] | `If-Match` and its kin (RFC 9110 §13) |
//! | [`etag`] | strong validators for what is made |
//! | [`problem`] | problem details (RFC 9457) |
//! | [`media_type`] | media types (RFC 9110 §8.3.1) |
//! | [`origin`] | origins of the web, and which of them are the server's own |
//! | [`protection`] | what a browser may do with an answer |

pub mod conditional;
pub mod etag;
pub mod media_type;
pub mod origin;
pub mod problem;
pub mod protection;
