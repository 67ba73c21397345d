//! Reelspan gives out any excerpt of an audio or video file by a URL, cut from the stored original at request time, with no
//! transcoding and no second copy.
//!
//! Its one idea: when a file arrives, its structure is read once and stored as an index, of which a request reads a few
//! kilobytes. The rooms, from the ground up; each imports only what stands above it in this list:
//!
//! | room | what it knows |
//! | --- | --- |
//! | [`media`] | the model: tracks, runs of samples, edit lists, time as whole ticks of a timescale |
//! | [`user`] | who is asking |
//! | [`space`] | spaces and contents: names, access lists, properties |
//! | [`splice`] | a body as an ordered list of pieces, made anew or taken from the original |
//! | [`uri`] | the Media Fragments URI grammar |
//! | [`http`] | ranges in bytes and in time, conditional requests, problem details |
//! | [`index`] | pages: how the model is packed, and read back for an interval |
//! | [`container`] | one module a format: *index* (bytes to model) and *write* (selection to splice) |
//! | [`resolve`] | (index, what was asked) to (a splice, and the interval that it really holds) |
//! | [`cloudfront`] | signed URLs and cookies: policies, signing, verifying |
//! | [`telemetry`] | what an operator sees: traces, and figures of what a request took |
//! | [`store`] | S3 and DynamoDB, and the secrets in Secrets Manager |
//! | [`distribution`] | the distributions of CloudFront, made and changed |
//!
//! Nothing in here knows of Lambda, and only [`store`] and [`distribution`] call AWS.

// The synthetic files under `benches/` are written against the crate's name, and unit tests use them too.
#[cfg(test)]
extern crate self as reelspan;

pub mod budget;
pub mod cloudfront;
pub mod container;
pub mod distribution;
pub mod http;
pub mod index;
pub mod media;
pub mod resolve;
pub mod space;
pub mod splice;
pub mod store;
pub mod telemetry;
pub mod uri;
pub mod user;
