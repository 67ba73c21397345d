//! Media fragments: which part of a file a request asks for, and the bytes that answer it.
//!
//! | module | content |
//! | --- | --- |
//! | [`uri`] | the Media Fragments URI grammar: `t`, `track`, `id`, `xywh` (W3C *Media Fragments URI 1.0*) |
//! | [`range`] | the `Range` field in bytes and in time (RFC 9110 §14; W3C *Protocol for Media Fragments 1.0*) |
//! | [`mapping`] | `Content-Range-Mapping`: the time that the bytes of an answer contain |
//! | [`multipart`] | `multipart/byteranges` as a splice |
//! | [`resolve`] | from an index and a fragment to a splice, and the interval that it contains |

pub mod mapping;
pub mod multipart;
pub mod range;
pub mod resolve;
pub mod uri;
