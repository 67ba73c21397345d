//! Importing: puts every file of a folder into a space, except files that are already there unchanged.
//!
//! A property of the object records the file's time of change: the same size and time mean the same file, as in rsync.

use std::{
    fs,
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reelspan::space::{
    ContentId, MediaKey, SpaceId,
    acl::{Grantee, Right},
    properties::Properties,
    record::Space,
    streaming::{StreamingKind, StreamingStatus},
};
use reelspan::store::{self, Media, New};
use reelspan_streaming::Streams;

use super::Import;
use crate::CommandError;

mod body;
mod mime;

/// The property with the file's time of change, in nanoseconds since 1970.
const CHANGED: &str = "source-mtime";

/// The result of an import.
#[derive(Debug, Default)]
pub struct Imported {
    /// The files of the folder, uploaded or not, ordered by name.
    pub keys: Vec<MediaKey>,
    /// How many were uploaded.
    pub uploaded: usize,
    /// How many were already there unchanged.
    pub unchanged: usize,
}

/// A file to import.
#[derive(Debug)]
struct ImportSource {
    path: PathBuf,
    key: MediaKey,
    size: u64,
    changed: String,
}

/// Imports a folder. A name that no content can have is refused before anything is uploaded.
pub async fn import(media: &Media, import: &Import) -> Result<Imported, CommandError> {
    let sources = sources(import)?;
    let bar = progress_bar(sources.iter().map(|source| source.size).sum());
    let mut done = Imported::default();
    for source in sources {
        if is_there(media, &source).await? {
            bar.inc(source.size);
            done.unchanged += 1;
        } else {
            bar.set_message(source.key.to_string());
            upload(media, &source, &bar).await?;
            if bar.is_hidden() {
                eprintln!("imported {} ({} bytes)", source.key, source.size);
            }
            done.uploaded += 1;
        }
        done.keys.push(source.key);
    }
    bar.finish_and_clear();
    let Import { space, folder } = import;
    let (uploaded, unchanged) = (done.uploaded, done.unchanged);
    eprintln!("import {space}={}: {uploaded} uploaded, {unchanged} unchanged", folder.display());
    Ok(done)
}

/// Creates the space of an import if it does not exist, without an owner, and readable by everyone. It streams openly,
/// unless someone has decided otherwise.
pub async fn make_space(streams: &Streams, id: &SpaceId) -> Result<(), CommandError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let mut space = Space::new(id.clone(), None, i64::try_from(now).unwrap_or_default());
    let about = || format!("space {id}");
    space.acl.grant(Grantee::Public, Right::Read).map_err(CommandError::failed(about()))?;
    streams.table.create(&space).await.map_err(CommandError::failed(about()))?;
    let there = streams.table.get(id).await.map_err(CommandError::failed(about()))?;
    let decided = there.and_then(|space| space.streaming);
    if decided.is_none_or(|streaming| (streaming.kind, streaming.status) == (StreamingKind::Open, StreamingStatus::On))
    {
        streams.on(id, StreamingKind::Open, None).await.map_err(CommandError::failed(about()))?;
    }
    Ok(())
}

async fn is_there(media: &Media, source: &ImportSource) -> Result<bool, CommandError> {
    match media.content(&source.key).await {
        Ok(there) => {
            let changed = there.properties.iter().find(|(name, _)| *name == CHANGED).map(|(_, value)| value);
            Ok(there.object.size == source.size && changed == Some(source.changed.as_str()))
        }
        Err(store::StoreError::Missing) => Ok(false),
        Err(error) => Err(CommandError::failed(format!("import {}", source.key))(error)),
    }
}

async fn upload(media: &Media, source: &ImportSource, bar: &ProgressBar) -> Result<(), CommandError> {
    let about = || format!("import {}", source.path.display());
    // Opened here, so that the error names the file if it cannot be read.
    let file = fs::File::open(&source.path).map_err(CommandError::failed(about()))?;
    let new = New {
        content_type: Some(mime::by_extension(&source.path).to_owned()),
        properties: Properties::new([(CHANGED.to_owned(), source.changed.clone())])
            .map_err(CommandError::failed(about()))?,
        md5: None,
    };
    let bytes = body::of_file(file, source.size, bar.clone());
    media.put(&source.key, bytes, Some(source.size), new).await.map(drop).map_err(CommandError::failed(about()))
}

/// The regular files of a folder and its subfolders, ordered by name.
fn sources(import: &Import) -> Result<Vec<ImportSource>, CommandError> {
    let mut found = Vec::new();
    walk(&import.folder, &mut found).map_err(CommandError::failed(format!("import {}", import.folder.display())))?;
    let mut sources = Vec::with_capacity(found.len());
    for (path, about) in found {
        let refuse = |why: String| CommandError::Setup(format!("import {}: {why}", path.display()));
        let name = path.strip_prefix(&import.folder).ok().and_then(Path::to_str);
        let name = name.ok_or_else(|| refuse("its name is not UTF-8".to_owned()))?;
        let content = ContentId::parse(name).map_err(|error| refuse(error.to_string()))?;
        let key = MediaKey::new(import.space.clone(), content).map_err(|error| refuse(error.to_string()))?;
        let changed = about.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
        sources.push(ImportSource { key, size: about.len(), changed: changed.as_nanos().to_string(), path });
    }
    sources.sort_by(|one, other| one.key.cmp(&other.key));
    Ok(sources)
}

fn walk(folder: &Path, found: &mut Vec<(PathBuf, fs::Metadata)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // A link to a file counts as that file; a link to a folder is not followed, because it may lead in a circle.
        let is_folder = entry.file_type()?.is_dir();
        let about = fs::metadata(entry.path())?;
        if is_folder {
            walk(&entry.path(), found)?;
        } else if about.is_file() {
            found.push((entry.path(), about));
        }
    }
    Ok(())
}

fn progress_bar(bytes: u64) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr());
    let style = "{bar:30} {bytes:>10} of {total_bytes}, {binary_bytes_per_sec}, {eta} left  {wide_msg}";
    // The template is constant and parses; if it did not, the bar would only look different.
    bar.with_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()))
}
