//! `reelspan cut`: a fragment of a plain file, by the engine that cuts those of S3.

use clap::Args;

use crate::Error;

/// What to cut, and where to.
#[derive(Debug, Args)]
pub struct Options {
    /// The file to cut from.
    input: std::path::PathBuf,
    /// What to cut, as a media fragment: t=620,655&track=audio
    fragment: String,
    /// The file to write; - is standard output.
    output: std::path::PathBuf,
}

/// Cuts.
pub fn run(_options: &Options) -> Result<(), Error> {
    Err(Error::Failed("not built yet".to_owned()))
}
