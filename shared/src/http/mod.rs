//! HTTP as media fragments use it: which part of a representation a request asks for, under which conditions, and how an
//! answer says what it gives. Plain types over text and `http`'s headers; no server and no container in here.
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
