//! All of Reelspan on one machine: all functions behind one port, over files and SQLite.
//!
//! ```text
//! reelspan serve --data DIR --import SPACE=FOLDER
//!
//!   aws s3 cp, any SDK ──▶ s3 ──▶ queue ──▶ the indexer ──▶ tables
//!                          ▲                                  ▲
//!                        media ◀───────────────┐              │
//!   a browser ───────────▶ the fragments function ────────────┤
//!   DuraCloud's clients ─▶ the spaces function ───────────────┘
//!   players ─────────────▶ stream ──────▶ s3, or the fragments function
//! ```
//!
//! The functions are those that run on Lambda. They reach what they store through the traits of [`reelspan::store`]:
//! [`media`] implements the bucket by files, and [`tables`] the database by SQLite. [`s3`] is the S3 API over the same
//! files, for any client; [`stream`] follows CloudFront's rules; [`queue`]
//! delivers S3's events to Lambda; [`data`] is the folder of everything that outlives a restart; [`users`] manages
//! users, here and on AWS; [`serve`] combines them. [`reindex`] and [`doctor`] maintain a [`deployment`], here or on
//! AWS; [`smoke`] tries one out from outside.
//!
//! Some commands need no server. This is `reelspan cut ../samples/counter.mp4 t=4,14 OUTPUT`:
//!
//! ```
//! use clap::{Args, Command, FromArgMatches};
//! use reelspan_local::cut::{self, CutOptions};
//!
//! let output = std::env::temp_dir().join(format!("reelspan-cut-{}.mp4", std::process::id()));
//! let arguments = ["cut", "../samples/counter.mp4", "t=4,14", output.to_str().ok_or("not UTF-8")?];
//! let parsed = CutOptions::augment_args(Command::new("cut")).try_get_matches_from(arguments)?;
//! cut::run(&CutOptions::from_arg_matches(&parsed)?)?;
//!
//! let (film, excerpt) = (std::fs::read("../samples/counter.mp4")?, std::fs::read(&output)?);
//! assert_eq!(&excerpt[4..8], b"ftyp");
//! assert!(excerpt.len() < film.len());
//! # std::fs::remove_file(output)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod aws;
pub mod connections;
pub mod credentials;
pub mod cut;
pub mod data;
pub mod deployment;
pub mod doctor;
mod error;
pub mod file;
mod in_process;
pub mod inspect;
pub mod lists;
pub mod media;
pub mod package;
pub mod queue;
mod reads;
pub mod reindex;
pub mod s3;
pub mod serve;
pub mod smoke;
pub mod stream;
pub mod tables;
pub mod users;
pub mod verify;

pub use error::CommandError;
