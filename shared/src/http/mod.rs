//! HTTP as media fragments use it: which part of a representation a request asks for, under which conditions, and how an
//! answer says what it gives. Plain types over text and `http`'s headers; no server and no container in here.
//!
//! | file | what it knows |
//! | --- | --- |
//! | [`range`] | `Range` in bytes and in time (RFC 9110 §14; W3C *Protocol for Media Fragments 1.0*) |
//! | [`mapping`] | `Content-Range-Mapping`: which time the bytes of an answer hold |
//! | [`multipart`] | `multipart/byteranges` as a splice |
//! | [`conditional`] | `If-Match` and its kin (RFC 9110 §13) |
//! | [`etag`] | strong validators for what is made |
//! | [`problem`] | problem details (RFC 9457) |
//! | [`media_type`] | media types (RFC 9110 §8.3.1) |
//! | [`origin`] | origins of the web, and which of them are the server's own |
//! | [`protection`] | what a browser may do with an answer |

pub mod conditional;
pub mod etag;
pub mod mapping;
pub mod media_type;
pub mod multipart;
pub mod origin;
pub mod problem;
pub mod protection;
pub mod range;
