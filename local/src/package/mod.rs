//! `reelspan package`: writes the streams of a file, or of a part of it, as plain files: for any static server, and for a look
//! at what Reelspan gives out.

mod captions;

use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reelspan_engine::fragment::resolve::{Ask, Meaning, Memory};
use reelspan_engine::fragment::uri::Fragment;
use reelspan_engine::index::Outline;
use reelspan_engine::media::Kind;
use reelspan_engine::package::captions::of_part;
use reelspan_engine::package::hls::Addresses;
use reelspan_engine::package::ladder::{Missing, Variant};
use reelspan_engine::package::name::{RenditionItem, VariantName};
use reelspan_engine::package::{PackageError, Presentation, Rendition, Row, SegmentForm, SegmentTable};

use self::captions::SidecarPaths;
use crate::CommandError;
use crate::file::FileSource;

/// The version in the names of segments. A folder has one.
const VERSION: &str = "1";

/// What to package, and where to write it.
#[derive(Debug, Args)]
pub struct PackageOptions {
    /// The file to package
    input: PathBuf,
    /// The folder to write; it is created, and must not have a stream already
    output: PathBuf,
    /// A part of the file, as a media fragment: t=620,655&track=audio
    #[arg(long)]
    fragment: Option<String>,
    /// A file with the same pictures in another size or bit rate, for players to change to; may be repeated
    #[arg(long = "rendition", value_name = "FILE")]
    renditions: Vec<PathBuf>,
}

/// Writes `master.m3u8`, `manifest.mpd` and all that these name. A transport stream has no `manifest.mpd`.
///
/// # Errors
///
/// [`CommandError::Setup`] for files that cannot be opened, folders that cannot be written and fragments that mean nothing,
/// [`CommandError::Failed`] for files without a stream.
pub fn run(options: &PackageOptions) -> Result<(), CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(CommandError::failed("starting"))?;
    runtime.block_on(package(options))
}

async fn package(options: &PackageOptions) -> Result<(), CommandError> {
    let input = OpenedFile::open(&options.input).await?;
    let mut others = Vec::with_capacity(options.renditions.len());
    for path in &options.renditions {
        others.push(OpenedFile::open(path).await?);
    }
    let beside = SidecarPaths::find(&options.input);
    let captions = beside.captions(&input.outline);
    let meaning = input.meaning(options.fragment.as_deref())?;
    let captions = if meaning.is_some() { of_part(captions, meaning.as_ref()) } else { captions };
    let presentation = input.presentation(meaning.as_ref()).map_err(input.failed())?.with_captions(captions);
    let mut pages = &input.pages;
    let table = presentation.table(&mut pages).await.map_err(input.failed())?;
    let addresses = Addresses { version: VERSION, query: "", playlists: "" };
    let output = &options.output;
    let master = output.join("master.m3u8");
    if master.exists() {
        return Err(CommandError::Setup(format!("{} has a stream already", output.display())));
    }
    let (variants, missing) = variants(&others, (&presentation, &table), options.fragment.as_deref()).await?;
    for Missing { name, why } in &missing {
        eprintln!("{name} is left out: {why}");
    }
    let of_variants =
        variants.iter().filter_map(|(_, variant)| variant.presentation().variable().map(|one| (variant, one)));
    let rows = presentation.renditions().iter().map(|rendition| presentation.rows(rendition, &table).len());
    let segments: usize = rows.chain(of_variants.map(|(variant, one)| variant.rows(one).len())).sum();
    let is_packets = presentation.form() == SegmentForm::Packets;
    let progress = progress(segments);
    let own = output.join(format!("v-{VERSION}"));
    for rendition in presentation.renditions() {
        let lists = Lists {
            playlist: presentation.playlist(rendition, &table, addresses),
            key_frames: presentation.key_frames(rendition, &table, addresses),
            rows: presentation.rows(rendition, &table),
        };
        input.write(&presentation, (rendition, lists), &own, &progress).await?;
    }
    for (other, variant) in &variants {
        let Some(pictures) = variant.presentation().variable() else { continue };
        let lists = Lists {
            playlist: variant.playlist(false, addresses),
            key_frames: variant.playlist(true, addresses),
            rows: variant.rows(pictures),
        };
        let folder = output.join(format!("r{}", variant.number())).join(other.name()?).join(format!("v-{VERSION}"));
        other.write(variant.presentation(), (pictures, lists), &folder, &progress).await?;
    }
    beside.write(&presentation, addresses, &input.source, &mut pages, output).await?;
    let variants: Vec<Variant<'_>> = variants.into_iter().map(|(_, variant)| variant).collect();
    let ladder = (variants.as_slice(), missing.as_slice());
    // The playlists that name everything come last: what they name is there.
    if !is_packets {
        write(&output.join("manifest.mpd"), presentation.manifest_with(ladder, &table, addresses).as_bytes())?;
    }
    write(&master, presentation.master_with(ladder, &table, addresses).as_bytes())?;
    progress.finish_and_clear();
    let tracks = presentation.renditions().len() + variants.len();
    eprintln!("{}: {segments} segments in {tracks} tracks", master.display());
    Ok(())
}

/// The variants that players can change to, each with its file, and those that are left out.
async fn variants<'a>(
    others: &'a [OpenedFile],
    content: (&Presentation<'_>, &SegmentTable),
    fragment: Option<&str>,
) -> Result<(Vec<(&'a OpenedFile, Variant<'a>)>, Vec<Missing>), CommandError> {
    let (mut variants, mut missing) = (Vec::new(), Vec::new());
    for (number, other) in (1..).zip(others) {
        let name = VariantName { number, content: other.name()? };
        let own = async {
            let presentation = other.presentation(other.meaning(fragment).ok().flatten().as_ref())?;
            let table = presentation.table(&mut &other.pages).await?;
            Variant::new(content, (&name, VERSION), (presentation, table))
        };
        match own.await {
            Ok(variant) => variants.push((other, variant)),
            Err(why) => missing.push(Missing { name: name.content, why: why.to_string() }),
        }
    }
    Ok((variants, missing))
}

/// An indexed file.
struct OpenedFile {
    path: PathBuf,
    source: FileSource,
    outline: Outline,
    pages: Memory,
}

/// The playlists of a rendition, and its segments.
struct Lists {
    playlist: String,
    key_frames: String,
    rows: Vec<Row>,
}

impl OpenedFile {
    async fn open(path: &Path) -> Result<Self, CommandError> {
        let source = FileSource::open(path)?;
        let (outline, pages) = source.index().await?;
        Ok(Self { path: path.to_owned(), source, outline, pages })
    }

    fn name(&self) -> Result<String, CommandError> {
        let name = self.path.file_name().map(|name| name.to_string_lossy().into_owned());
        name.ok_or_else(|| CommandError::Setup(format!("{} has no name", self.path.display())))
    }

    fn failed(&self) -> impl Fn(PackageError) -> CommandError {
        let input = self.path.display().to_string();
        move |error| CommandError::failed(&input)(error)
    }

    /// What this fragment selects; without a fragment, `None`.
    fn meaning(&self, fragment: Option<&str>) -> Result<Option<Meaning>, CommandError> {
        let Some(text) = fragment else { return Ok(None) };
        let meaning = Meaning::of(&Ask::from(&Fragment::parse(text)), &self.outline);
        if meaning.is_all() {
            let input = self.path.display();
            return Err(CommandError::Setup(format!("{text:?} selects no part of {input}, as t=620,655 would")));
        }
        Ok(Some(meaning))
    }

    fn presentation(&self, meaning: Option<&Meaning>) -> Result<Presentation<'_>, PackageError> {
        match meaning {
            None => Ok(Presentation::whole(&self.outline)?),
            Some(meaning) => Presentation::part(&self.outline, meaning),
        }
    }

    /// Writes a rendition: its headers, playlists and segments.
    async fn write(
        &self,
        presentation: &Presentation<'_>,
        (rendition, lists): (&Rendition, Lists),
        folder: &Path,
        progress: &ProgressBar,
    ) -> Result<(), CommandError> {
        let (failed, mut pages) = (self.failed(), &self.pages);
        let folder = folder.join(rendition.name());
        fs::create_dir_all(&folder).map_err(|error| CommandError::Setup(format!("{}: {error}", folder.display())))?;
        let named = |item: RenditionItem| folder.join(item.to_string());
        let is_packets = presentation.form() == SegmentForm::Packets;
        if !is_packets {
            for number in 0..rendition.headers() {
                write(
                    &named(RenditionItem::Header(number)),
                    &presentation.header(rendition, number).map_err(&failed)?,
                )?;
            }
        }
        write(&named(RenditionItem::Playlist), lists.playlist.as_bytes())?;
        let has_pictures = !is_packets && rendition.kind == Kind::Video;
        if has_pictures {
            write(&named(RenditionItem::KeyFrames), lists.key_frames.as_bytes())?;
        }
        for row in lists.rows {
            let segment = presentation.segment(&mut pages, rendition, row.start, false).await.map_err(&failed)?;
            let item = if is_packets { RenditionItem::Packets(row.start) } else { RenditionItem::Segment(row.start) };
            self.source.write(&segment, create(&named(item))?)?;
            if presentation.is_packed() {
                let packed = presentation.packed_audio(&mut pages, rendition, row.start).await.map_err(&failed)?;
                self.source.write(&packed, create(&named(RenditionItem::Packed(row.start)))?)?;
            }
            if has_pictures {
                let picture = presentation.segment(&mut pages, rendition, row.start, true).await.map_err(&failed)?;
                self.source.write(&picture, create(&named(RenditionItem::KeyFrame(row.start)))?)?;
            }
            progress.inc(1);
        }
        Ok(())
    }
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

fn create(path: &Path) -> Result<fs::File, CommandError> {
    fs::File::create(path).map_err(|error| CommandError::Setup(format!("{}: {error}", path.display())))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    fs::write(path, bytes).map_err(|error| CommandError::Setup(format!("{}: {error}", path.display())))
}
