//! Reelspan whole on one machine: all functions behind one port, over an S3 and a DynamoDB that run in the same process.
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
//! The functions are the very ones that run on Lambda, and reach both services through the AWS SDKs, whose requests are handed over
//! within the process: what holds here holds there, and no port is open but the two that are announced. [`s3`] is s3s with s3s-fs, wrapped; [`dynamodb`] is dynoxide;
//! [`cloudfront`] is winterbaume's API with distributions that do what they are told; [`queue`] is what brings S3's events to
//! Lambda; [`data`] is the folder that all of it outlives a restart in; [`users`] is who may do
//! what, here and on AWS; [`serve`] puts them together. [`reindex`] and [`doctor`] look after a [`deployment`], here or on AWS.

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
pub mod queue;
pub mod reindex;
pub mod s3;
pub mod serve;
pub mod users;
pub mod verify;

pub use error::Error;
