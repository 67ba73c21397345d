//! Reelspan gives out any excerpt of an audio or video file by a URL, cut from the stored original at request time, with no
//! transcoding and no second copy.
//!
//! Its one idea: when a file arrives, its structure is read once and stored as an index; a request reads a few kilobytes of it.
//! The crate `reelspan-engine` reads files, packs indexes and resolves fragments. This crate is what all functions share over it.
//! The rooms, from the ground up; each imports only what stands above it in this list:
//!
//! | room | what it knows |
//! | --- | --- |
//! | [`budget`] | the memory that all answers together may take |
//! | [`user`] | who is asking |
//! | [`space`] | spaces and contents: names, access lists, properties |
//! | [`http`] | conditional requests, entity tags, media types, origins, problem details |
//! | [`cloudfront`] | signed URLs and cookies: policies, signing, verifying |
//! | [`telemetry`] | what an operator sees: traces, and figures of what a request took |
//! | [`store`] | S3 and DynamoDB, and the secrets in Secrets Manager |
//! | [`distribution`] | the distributions of CloudFront, made and changed |
//!
//! Nothing in here knows of Lambda, and only [`store`] and [`distribution`] call AWS.

pub mod budget;
pub mod cloudfront;
pub mod distribution;
pub mod http;
pub mod space;
pub mod store;
pub mod telemetry;
pub mod user;
