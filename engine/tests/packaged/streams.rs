//! A file's streams, written into a folder as a static server would have them.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures::executor::block_on;
use reelspan_engine::container;
use reelspan_engine::fragment::resolve::{Ask, Meaning};
use reelspan_engine::fragment::uri::Fragment;
use reelspan_engine::index::{Memory, Outline};
use reelspan_engine::media::splice::{Piece, Splice};
use reelspan_engine::package::hls::Addresses;
use reelspan_engine::package::name::RenditionItem;
use reelspan_engine::package::{PackageError, Presentation, SegmentForm};

/// An indexed file.
pub struct Content {
    pub file: Bytes,
    pub outline: Outline,
    pub pages: Memory,
}

impl Content {
    pub fn open(path: &Path) -> Option<Self> {
        let file = Bytes::from(fs::read(path).unwrap());
        let mut pages = Memory::default();
        let outline = block_on(container::index(&file, &mut pages)).ok()?;
        Some(Self { file, outline, pages })
    }

    pub fn presentation(&self, fragment: &str) -> Result<Presentation<'_>, PackageError> {
        if fragment.is_empty() {
            return Ok(Presentation::whole(&self.outline)?);
        }
        Presentation::part(&self.outline, &Meaning::of(&Ask::from(&Fragment::parse(fragment)), &self.outline))
    }

    pub fn bytes(&self, splice: &Splice) -> Vec<u8> {
        let piece = |piece| match piece {
            Piece::Made(bytes) => bytes,
            Piece::Source(range) => self.file.slice(range.start as usize..range.end as usize),
        };
        splice.pieces().flat_map(piece).collect()
    }

    /// Writes all that the playlists name into a folder.
    pub fn write(&self, fragment: &str, folder: &Path) -> Result<(), PackageError> {
        let presentation = self.presentation(fragment)?;
        let mut pages = &self.pages;
        let table = block_on(presentation.table(&mut pages))?;
        let addresses = Addresses { version: "x", query: "", playlists: "" };
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("master.m3u8"), presentation.master(&table, addresses)).unwrap();
        if presentation.form() == SegmentForm::Packets {
            return self.write_packets(&presentation, folder);
        }
        fs::write(folder.join("manifest.mpd"), presentation.manifest(&table, addresses)).unwrap();
        for rendition in presentation.renditions() {
            let below = folder.join("v-x").join(rendition.name());
            fs::create_dir_all(&below).unwrap();
            for number in 0..rendition.headers() {
                let header = presentation.header(rendition, number).unwrap();
                fs::write(below.join(RenditionItem::Header(number).to_string()), header).unwrap();
            }
            fs::write(below.join("index.m3u8"), presentation.playlist(rendition, &table, addresses)).unwrap();
            fs::write(below.join("iframes.m3u8"), presentation.key_frames(rendition, &table, addresses)).unwrap();
            for row in presentation.rows(rendition, &table) {
                if presentation.is_packed() {
                    let packed = block_on(presentation.packed_audio(&mut pages, rendition, row.start))?;
                    fs::write(below.join(format!("{}.mp3", row.start)), self.bytes(&packed)).unwrap();
                }
                for (key_frame, name) in [(false, format!("{}.m4s", row.start)), (true, format!("i{}.m4s", row.start))]
                {
                    let segment = block_on(presentation.segment(&mut pages, rendition, row.start, key_frame))?;
                    fs::write(below.join(name), self.bytes(&segment)).unwrap();
                }
            }
        }
        Ok(())
    }

    fn write_packets(&self, presentation: &Presentation<'_>, folder: &Path) -> Result<(), PackageError> {
        let mut pages = &self.pages;
        let table = block_on(presentation.table(&mut pages))?;
        let addresses = Addresses { version: "x", query: "", playlists: "" };
        for rendition in presentation.renditions() {
            let below = folder.join("v-x").join(rendition.name());
            fs::create_dir_all(&below).unwrap();
            fs::write(below.join("index.m3u8"), presentation.playlist(rendition, &table, addresses)).unwrap();
            for row in presentation.rows(rendition, &table) {
                let segment = block_on(presentation.segment(&mut pages, rendition, row.start, false))?;
                fs::write(below.join(format!("{}.ts", row.start)), self.bytes(&segment)).unwrap();
            }
        }
        Ok(())
    }
}

/// The folder of the samples.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples")
}

/// The files of a folder of samples, in order.
pub fn samples() -> Vec<PathBuf> {
    let files = |folder: PathBuf| {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.is_file()).collect::<Vec<_>>()
    };
    let mut all = files(root());
    all.extend(files(root().join("formats")));
    all.sort();
    all
}

/// A folder that is gone with this.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("reelspan-packaged-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
