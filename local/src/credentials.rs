//! `reelspan credentials`: the access key of a data folder's S3 API, whose secret a server prints at its first start alone.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::Args;

use crate::{Error, data::Data};

/// Options of `reelspan credentials`.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// The data folder, whether or not it is being served
    #[arg(long, value_name = "DIR")]
    data: PathBuf,

    /// Where its S3 API is
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9000")]
    s3: String,
}

/// Prints the variables that S3 clients read, as a line for a shell.
pub fn run(options: &Options) -> Result<(), Error> {
    if !Data::is_at(&options.data) {
        return Err(Error::Setup(format!("data folder {}: there is none", options.data.display())));
    }
    let data = Data::open_beside(&options.data)?;
    let line = data.credentials().variables(&options.s3);
    writeln!(io::stdout(), "{line}").map_err(Error::failed("standard output"))
}
