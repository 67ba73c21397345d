//! The program `reelspan`.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use reelspan_local::{credentials, cut, doctor, inspect, package, reindex, serve, smoke, users, verify};

/// Any part of an audio or video file by its URL, cut at request time without transcoding.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run everything on this machine: HTTP, S3 API, index and the rest
    Serve(serve::ServeOptions),
    /// Cut a fragment out of a file
    Cut(cut::CutOptions),
    /// Write the HLS and DASH streams of a file, or of a part of it, as plain files
    Package(package::PackageOptions),
    /// Show the tracks, samples and index of a file
    Inspect(inspect::InspectOptions),
    /// Add, change, remove and list users, here or on AWS
    User(users::UserOptions),
    /// Print the access key of a data folder's S3 API
    Credentials(credentials::CredentialsOptions),
    /// Update the indexes of a space, here or on AWS: after missed events, or for a new format
    Reindex(reindex::ReindexOptions),
    /// Check a deployment, here or on AWS, and say what is wrong with it
    Doctor(doctor::DoctorOptions),
    /// Try a deployment out: store, stream, cut, sign, replace and refuse with real requests, and take it all away
    Smoke(smoke::SmokeOptions),
    /// Check that a server, this one or another, follows the W3C's protocol for media fragments
    Verify(verify::VerifyOptions),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Serve(options) => serve::run(&options),
        Command::Cut(options) => cut::run(&options),
        Command::Package(options) => package::run(&options),
        Command::Inspect(options) => inspect::run(&options),
        Command::User(options) => users::run(&options),
        Command::Credentials(options) => credentials::run(&options),
        Command::Reindex(options) => reindex::run(&options),
        Command::Doctor(options) => doctor::run(&options),
        Command::Smoke(options) => smoke::run(&options),
        Command::Verify(options) => verify::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("reelspan: {error}");
            ExitCode::from(error.exit_status())
        }
    }
}
