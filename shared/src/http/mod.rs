//! HTTP as the functions use it: the conditions of a request, and the header fields of an answer. Plain types over text
//! and `http`'s headers, without a server. Ranges of media are in the engine (`reelspan_engine::fragment`).
//!
//! | file | what it knows |
//! | --- | --- |
//! | [`conditional`] | `If-Match` and the other conditions (RFC 9110 §13) |
//! | [`etag`] | strong validators for generated representations |
//! | [`problem`] | problem details (RFC 9457) |
//! | [`markup`] | text in HTML and XML |
//! | [`media_type`] | media types (RFC 9110 §8.3.1) |
//! | [`origin`] | origins of the web, and which of them are the server's own |
//! | [`protection`] | what a browser may do with an answer |

pub mod conditional;
pub mod etag;
pub mod markup;
pub mod media_type;
pub mod origin;
pub mod problem;
pub mod protection;
