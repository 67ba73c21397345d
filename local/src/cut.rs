//! `reelspan cut`: cuts a fragment from a local file, with the engine that cuts those of S3.

use std::fs::File;
use std::io::{Write, stdout};
use std::path::PathBuf;

use clap::Args;
use reelspan_engine::fragment::resolve::{self, Ask, Cut, Meaning};
use reelspan_engine::fragment::uri::Fragment;
use reelspan_engine::media::splice::Splice;

use crate::CommandError;
use crate::file::FileSource;

/// What to cut, and where to write it.
#[derive(Debug, Args)]
pub struct CutOptions {
    /// The file to cut from
    input: PathBuf,
    /// What to cut, as a media fragment: t=620,655&track=audio
    fragment: String,
    /// The file to write; - is standard output
    output: PathBuf,
}

/// Cuts, and says on standard error what was cut.
///
/// # Errors
///
/// [`CommandError::Setup`] for files that cannot be opened and fragments that mean nothing, [`CommandError::Failed`] for files that cannot
/// be cut.
pub fn run(options: &CutOptions) -> Result<(), CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(CommandError::failed("starting"))?;
    runtime.block_on(cut(options))
}

async fn cut(options: &CutOptions) -> Result<(), CommandError> {
    let fragment = Fragment::parse(&options.fragment);
    for ignored in &fragment.ignored {
        eprintln!("reelspan: {} is ignored: {}", ignored.pair, ignored.why);
    }
    if fragment.is_empty() {
        return Err(CommandError::Setup(format!("{:?} is not a media fragment, such as t=620,655", options.fragment)));
    }
    let source = FileSource::open(&options.input)?;
    let (outline, mut pages) = source.index().await?;
    let input = options.input.display();
    let meaning = Meaning::of(&Ask::from(&fragment), &outline);
    for lacking in &meaning.without {
        eprintln!("reelspan: {} is ignored: {}", lacking.dimension, lacking.why);
    }
    let cut = resolve::cut(&outline, &mut pages, &meaning).await.map_err(CommandError::failed(&input))?;
    let part = match cut {
        Cut::Part(part) => part,
        Cut::Original => return Err(CommandError::Setup(format!("{input} has no part {fragment}"))),
        Cut::Outside => {
            let why = format!("{input} lasts {} s, and has nothing at the requested time", outline.duration);
            return Err(CommandError::Setup(why));
        }
    };
    write(&source, &part.file.splice, options)?;
    eprintln!(
        "t=npt:{} ({}, {} bytes, {} of them new)",
        part.given,
        part.mime,
        part.file.splice.len(),
        part.file.splice.made_len()
    );
    Ok(())
}

/// Writes to a file that gets its name once it is complete, or to standard output.
fn write(source: &FileSource, splice: &Splice, options: &CutOptions) -> Result<(), CommandError> {
    if options.output.as_os_str() == "-" {
        return source.write(splice, stdout().lock());
    }
    let output = options.output.display().to_string();
    let mut partial = options.output.clone().into_os_string();
    partial.push(".part");
    let mut file = File::create(&partial).map_err(|error| CommandError::Setup(format!("{output}: {error}")))?;
    let written = source
        .write(splice, &mut file)
        .and_then(|()| file.flush().map_err(CommandError::failed(&output)))
        .and_then(|()| std::fs::rename(&partial, &options.output).map_err(CommandError::failed(&output)));
    if written.is_err() {
        // The error has been reported; failing to remove the incomplete file matters less.
        std::fs::remove_file(&partial).ok();
    }
    written
}
