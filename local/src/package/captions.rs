//! The captions of a local file, from its text tracks and from files beside it, as plain files.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use reelspan_engine::caption::{self, Caption, CaptionSource, Cue, SidecarFile, stem};
use reelspan_engine::index::{Outline, Pages};
use reelspan_engine::media::Interval;
use reelspan_engine::package::hls::Addresses;
use reelspan_engine::package::name::TextItem;
use reelspan_engine::package::{PackageError, Presentation};

use super::{VERSION, write};
use crate::CommandError;
use crate::file::FileSource;

/// The files of captions beside a file.
pub struct SidecarPaths(Vec<(SidecarFile, PathBuf)>);

impl SidecarPaths {
    /// Looks for them in the folder of the file.
    pub fn find(input: &Path) -> Self {
        let folder = input.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = input.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
        let mut found: Vec<(SidecarFile, PathBuf)> = entries
            .filter_map(|entry| {
                let path = entry.path();
                let (of, file) = SidecarFile::parse(path.file_name()?.to_str()?)?;
                (of == stem(name)).then_some((file, path.clone()))
            })
            .collect();
        found.sort_by_key(|(file, _)| file.file(""));
        Self(found)
    }

    /// All captions of the file.
    pub fn captions(&self, outline: &Outline) -> Vec<Caption> {
        let files: Vec<_> = self.0.iter().map(|(file, _)| (file.clone(), VERSION.to_owned())).collect();
        caption::list(outline, VERSION, &files)
    }

    /// The cues of captions, with the times of the file.
    async fn cues(
        &self,
        (outline, source): (&Outline, &FileSource),
        pages: &mut impl Pages,
        caption: &Caption,
    ) -> Result<Vec<Cue>, CommandError> {
        let failed = |error: caption::CaptionError| CommandError::failed(&caption.label)(error);
        match caption.source {
            CaptionSource::Track(place, coding) => {
                let samples = caption::samples(outline, pages, place, Interval::ALL).await.map_err(failed)?;
                let mut read = Vec::with_capacity(samples.len());
                for sample in samples {
                    let mut bytes = Vec::new();
                    source.write(&sample.bytes, &mut bytes)?;
                    read.push((sample.interval, Bytes::from(bytes)));
                }
                caption::cues(coding, read).map_err(failed)
            }
            CaptionSource::File(at) => {
                let Some((file, path)) = self.0.get(at) else { return Ok(Vec::new()) };
                let setup = |error| CommandError::Setup(format!("{}: {error}", path.display()));
                let size = fs::metadata(path).map_err(setup)?.len();
                if size > caption::LARGEST {
                    return Err(failed(caption::CaptionError::TooLarge { found: size }));
                }
                file.cues(&fs::read(path).map_err(setup)?).map_err(failed)
            }
        }
    }

    /// Writes the captions of a presentation: playlists, segments, and a file each.
    pub async fn write(
        &self,
        presentation: &Presentation<'_>,
        addresses: Addresses<'_>,
        source: &FileSource,
        pages: &mut impl Pages,
        output: &Path,
    ) -> Result<(), CommandError> {
        for caption in presentation.captions() {
            let failed = |error: PackageError| CommandError::failed(&caption.label)(error);
            let cues = self.cues((presentation.outline(), source), pages, caption).await?;
            let folder = output.join(format!("v-{VERSION}")).join("captions").join(&caption.name);
            fs::create_dir_all(&folder)
                .map_err(|error| CommandError::Setup(format!("{}: {error}", folder.display())))?;
            let lead = presentation.caption_lead(pages).await.map_err(failed)?;
            let playlist = presentation.caption_playlist(lead, addresses);
            write(&folder.join(TextItem::Playlist.to_string()), playlist.as_bytes())?;
            let segments = presentation.caption_segments().into_iter().map(|(start, ..)| TextItem::Segment(start));
            for item in segments.chain([TextItem::Whole]) {
                let Some(within) = presentation.caption_interval(item) else { continue };
                let shown = cues.iter().filter(|cue| cue.interval.intersection(within).is_some());
                let shown: Vec<Cue> = shown.cloned().collect();
                let anchor = presentation.anchor(pages, item).await.map_err(failed)?;
                let mut packet = Vec::new();
                source.write(&anchor.packet(), &mut packet)?;
                let map = presentation.timestamp_map(&anchor, &packet).map_err(failed)?;
                write(&folder.join(item.to_string()), presentation.caption_item(item, &shown, map).as_bytes())?;
            }
        }
        Ok(())
    }
}
