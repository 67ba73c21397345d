//! Reelspan serves any excerpt of an audio or video file by a URL, cut from the stored original at request time,
//! without transcoding and without a second copy.
//!
//! The idea: when a file arrives, its structure is read once and stored as an index; a request reads a few kilobytes of
//! the index. The crate `reelspan-engine` reads files, packs indexes and resolves fragments. This crate contains what
//! all functions share on top of it. Its modules, from the bottom up; each imports only those above it in this list:
//!
//! | module | content |
//! | --- | --- |
//! | [`budget`] | the memory budget of all answers |
//! | [`telemetry`] | what an operator sees: logs, metrics, audit trail |
//! | [`http`] | conditional requests, entity tags, media types, origins, problem details |
//! | [`user`] | users and authentication |
//! | [`space`] | spaces and contents: names, access lists, properties, streaming |
//! | [`store`] | S3 and DynamoDB, and the first admin in Secrets Manager |
//! | [`cloudfront`] | signed URLs and cookies: policies, signing, verifying |
//! | [`streaming`] | where viewers reach what is streamed, and the key that signs |
//!
//! The crate does not depend on Lambda, and only [`store`] and [`streaming`] call AWS.
//!
//! Text from outside becomes a name only by its parser, and the stores take nothing but such names:
//!
//! ```
//! use reelspan::space::{ContentId, MediaKey, SpaceId};
//!
//! let (space, content) = (SpaceId::parse("lectures")?, ContentId::parse("2024/talk one.flv")?);
//! assert_eq!(MediaKey::new(space, content)?.to_path(), "lectures/2024/talk%20one.flv");
//! assert!(SpaceId::parse("../users").is_err());
//! // What is derived from a content stands below `~`.
//! assert!(ContentId::parse("talk.flv/~/master.m3u8").is_err());
//! # Ok::<(), reelspan::space::NameError>(())
//! ```

pub mod budget;
pub mod cloudfront;
pub mod http;
pub mod space;
pub mod store;
pub mod streaming;
pub mod telemetry;
pub mod user;
