//! `reelspan credentials`: prints the access key of a data folder's S3 API, whose secret a server prints only at its
//! first start.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::Args;

use crate::{CommandError, data::DataFolder};

/// Options of `reelspan credentials`.
#[derive(Debug, Clone, Args)]
pub struct CredentialsOptions {
    /// The data folder, whether or not a server uses it
    #[arg(long, value_name = "DIR")]
    data: PathBuf,

    /// The address of its S3 API
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9000")]
    s3: String,
}

/// Prints the variables that S3 clients read, as a line for a shell.
pub fn run(options: &CredentialsOptions) -> Result<(), CommandError> {
    if !DataFolder::is_at(&options.data) {
        return Err(CommandError::Setup(format!("data folder {}: does not exist", options.data.display())));
    }
    let data = DataFolder::open_beside(&options.data)?;
    let line = data.credentials().variables(&options.s3);
    writeln!(io::stdout(), "{line}").map_err(CommandError::failed("standard output"))
}
