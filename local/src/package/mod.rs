//! `reelspan package`: writes the streams of a file, or of a part of it, as plain files: for any static server, and for a look
//! at what Reelspan gives out.

mod captions;

use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reelspan_engine::fragment::resolve::{Ask, Meaning};
use reelspan_engine::fragment::uri::Fragment;
use reelspan_engine::package::captions::of_part;
use reelspan_engine::package::hls::Addresses;
use reelspan_engine::package::name::Item;
use reelspan_engine::package::{Error as PackageError, Form, Presentation};

use self::captions::Beside;
use crate::Error;
use crate::file::FileSource;

/// The version in the names of segments. A folder has one.
const VERSION: &str = "1";

/// What to package, and where to write it.
#[derive(Debug, Args)]
pub struct Options {
    /// The file to package
    input: PathBuf,
    /// The folder to write; it is created, and must not have a stream already
    output: PathBuf,
    /// A part of the file, as a media fragment: t=620,655&track=audio
    #[arg(long)]
    fragment: Option<String>,
}

/// Writes `master.m3u8`, `manifest.mpd` and all that these name. A transport stream has no `manifest.mpd`.
///
/// # Errors
///
/// [`Error::Setup`] for files that cannot be opened, folders that cannot be written and fragments that mean nothing,
/// [`Error::Failed`] for files without a stream.
pub fn run(options: &Options) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(Error::failed("starting"))?;
    runtime.block_on(package(options))
}

async fn package(options: &Options) -> Result<(), Error> {
    let input = options.input.display().to_string();
    let source = FileSource::open(&options.input)?;
    let (outline, mut pages) = source.index().await?;
    let failed = |error: PackageError| Error::failed(&input)(error);
    let beside = Beside::find(&options.input);
    let mut captions = beside.captions(&outline);
    let presentation = match &options.fragment {
        None => Presentation::whole(&outline).map_err(PackageError::from).map_err(failed)?,
        Some(text) => {
            let meaning = Meaning::of(&Ask::from(&Fragment::parse(text)), &outline);
            if meaning.is_all() {
                return Err(Error::Setup(format!("{text:?} selects no part of {input}, as t=620,655 would")));
            }
            captions = of_part(captions, Some(&meaning));
            Presentation::part(&outline, &meaning).map_err(failed)?
        }
    };
    let presentation = presentation.with_captions(captions);
    let table = presentation.table(&mut pages).await.map_err(failed)?;
    let addresses = Addresses { version: VERSION, query: "", playlists: "" };
    let output = &options.output;
    let master = output.join("master.m3u8");
    if master.exists() {
        return Err(Error::Setup(format!("{} has a stream already", output.display())));
    }
    let segments: usize =
        presentation.renditions().iter().map(|rendition| presentation.rows(rendition, &table).len()).sum();
    let is_packets = presentation.form() == Form::Packets;
    let progress = progress(segments);
    for rendition in presentation.renditions() {
        let folder = output.join(format!("v-{VERSION}")).join(rendition.name());
        fs::create_dir_all(&folder).map_err(|error| Error::Setup(format!("{}: {error}", folder.display())))?;
        let named = |item: Item| folder.join(item.to_string());
        if !is_packets {
            for number in 0..rendition.headers() {
                write(&named(Item::Header(number)), &presentation.header(rendition, number).map_err(failed)?)?;
            }
        }
        write(&named(Item::Playlist), presentation.playlist(rendition, &table, addresses).as_bytes())?;
        let has_pictures = !is_packets && rendition.kind == reelspan_engine::media::Kind::Video;
        if has_pictures {
            write(&named(Item::KeyFrames), presentation.key_frames(rendition, &table, addresses).as_bytes())?;
        }
        for row in presentation.rows(rendition, &table) {
            let segment = presentation.segment(&mut pages, rendition, row.start, false).await.map_err(failed)?;
            let item = if is_packets { Item::Packets(row.start) } else { Item::Segment(row.start) };
            source.write(&segment, create(&named(item))?)?;
            if presentation.is_packed() {
                let packed = presentation.packed_audio(&mut pages, rendition, row.start).await.map_err(failed)?;
                source.write(&packed, create(&named(Item::Packed(row.start)))?)?;
            }
            if has_pictures {
                let picture = presentation.segment(&mut pages, rendition, row.start, true).await.map_err(failed)?;
                source.write(&picture, create(&named(Item::KeyFrame(row.start)))?)?;
            }
            progress.inc(1);
        }
    }
    beside.write(&presentation, addresses, &source, &mut pages, output).await?;
    // The playlists that name everything come last: what they name is there.
    if !is_packets {
        write(&output.join("manifest.mpd"), presentation.manifest(&table, addresses).as_bytes())?;
    }
    write(&master, presentation.master(&table, addresses).as_bytes())?;
    progress.finish_and_clear();
    eprintln!("{}: {segments} segments in {} tracks", master.display(), presentation.renditions().len());
    Ok(())
}

/// A bar on a terminal, and nothing elsewhere.
fn progress(segments: usize) -> ProgressBar {
    let bar = ProgressBar::new(segments as u64);
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} segments, {eta} left") {
        bar.set_style(style);
    }
    bar
}

fn create(path: &Path) -> Result<fs::File, Error> {
    fs::File::create(path).map_err(|error| Error::Setup(format!("{}: {error}", path.display())))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    fs::write(path, bytes).map_err(|error| Error::Setup(format!("{}: {error}", path.display())))
}
