//! All of Reelspan on one machine: all functions behind one port, over an S3 and a DynamoDB that run in the same process.
//!
//! ```text
//! reelspan serve --data DIR --import SPACE=FOLDER
//!
//!   aws s3 cp, any SDK ──▶ s3 ──▶ queue ──▶ the indexer ──▶ dynamodb
//!                          ▲                                   ▲
//!   a browser ───────────▶ the fragments function ─────────────┤
//!   DuraCloud's clients ─▶ the spaces function ────────────────┘
//!   players ─────────────▶ cloudfront ──▶ s3, or the fragments function
//! ```
//!
//! The functions are those that run on Lambda. They reach both services through the AWS SDKs, whose requests stay
//! within the process: what works here works there, and only the two announced ports are open. [`s3`] wraps s3s with
//! s3s-fs; [`dynamodb`] is dynoxide; [`cloudfront`] is winterbaume's API with distributions that work; [`queue`]
//! delivers S3's events to Lambda; [`data`] is the folder of everything that outlives a restart; [`users`] manages
//! users, here and on AWS; [`serve`] combines them. [`reindex`] and [`doctor`] maintain a [`deployment`], here or on
//! AWS.

pub mod aws;
pub mod cloudfront;
pub mod connections;
mod contents;
pub mod credentials;
pub mod cut;
pub mod data;
pub mod deployment;
pub mod doctor;
pub mod dynamodb;
mod error;
pub mod file;
mod in_process;
pub mod inspect;
pub mod media;
pub mod queue;
pub mod reindex;
pub mod s3;
pub mod serve;
pub mod users;
pub mod verify;

pub use error::Error;
