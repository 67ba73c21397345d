//! `reelspan inspect`: what the engine sees in a plain file.

use clap::Args;

use crate::Error;

/// What to look at.
#[derive(Debug, Args)]
pub struct Options {
    /// The file to look at.
    input: std::path::PathBuf,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// Inspects.
pub fn run(_options: &Options) -> Result<(), Error> {
    Err(Error::Failed("not built yet".to_owned()))
}
