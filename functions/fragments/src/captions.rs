//! Captions of a content: what there are, and their cues. Those of a track are read sample by sample, those of a file beside the
//! content as a whole; both are bounded.

use bytes::{Bytes, BytesMut};
use futures::{StreamExt, TryStreamExt, stream};
use reelspan::http::etag;
use reelspan::space::MediaKey;
use reelspan::store::{CaptionFile, IndexReader};
use reelspan_engine::caption::{self, Caption, CaptionSource, Cue, LARGEST, SidecarFile};
use reelspan_engine::fragment::resolve;
use reelspan_engine::index::{Outline, Pages, PagesError};
use reelspan_engine::media::Interval;
use reelspan_engine::media::splice::Splice;
use serde_json::{Value, json};

use crate::{Fragments, MediaError};

/// How many reads of a content are under way for the samples of a track, which lie all over it.
const AT_ONCE: usize = 16;

/// The version of what captions are made of files by.
const VERSION: &[u8] = b"1";

/// How many digits of a digest stand for the version of a file.
const TOKEN: usize = 12;

/// What captions are read from.
pub struct CaptionedContent<'a> {
    /// The content.
    pub media: &'a MediaKey,
    /// Its version, with quotation marks.
    pub etag: &'a str,
    /// What the index knows of it.
    pub outline: &'a Outline,
    /// The files beside it.
    pub files: &'a [CaptionFile],
}

/// The captions of a content of this version, with these files beside it.
pub fn of(outline: &Outline, version: &str, files: &[CaptionFile]) -> Vec<Caption> {
    // Segments of captions have times of the content's own.
    let digest = |etag: &str| etag::strong([etag.as_bytes(), version.as_bytes(), VERSION]);
    let short = |etag: &str| digest(etag).trim_matches('"').chars().take(TOKEN).collect::<String>();
    let files: Vec<(SidecarFile, String)> =
        files.iter().map(|found| (found.file.clone(), short(&found.etag))).collect();
    caption::list(outline, version, &files)
}

/// The captions as data, with addresses relative to `~/` and this query.
pub fn list(captions: &[Caption], query: &str) -> Value {
    let captions = captions.iter().map(|caption| {
        json!({
            "name": caption.name,
            "language": caption.language,
            "label": caption.label,
            "kind": caption.kind.name(),
            "default": caption.default,
            "forced": caption.forced,
            "mime": caption::MIME,
            "url": format!("captions/{}.vtt{query}", caption.name),
        })
    });
    captions.collect()
}

impl Fragments {
    /// The cues that are shown in this interval of a content, with the times of the content.
    pub(crate) async fn cues(
        &self,
        source: &CaptionedContent<'_>,
        pages: &mut IndexReader,
        caption: &Caption,
        within: Interval,
    ) -> Result<Vec<Cue>, MediaError> {
        match caption.source {
            CaptionSource::Track(place, coding) => {
                let samples = caption::samples(source.outline, pages, place, within).await?;
                let size: u64 = samples.iter().map(|sample| sample.bytes.len()).sum();
                reserve(pages, size).await?;
                let (intervals, splices): (Vec<_>, Vec<_>) =
                    samples.into_iter().map(|sample| (sample.interval, sample.bytes)).unzip();
                let bytes = self.read_all(source.media, source.etag, &splices).await?;
                Ok(caption::cues(coding, intervals.into_iter().zip(bytes))?)
            }
            CaptionSource::File(at) => {
                let file = source.files.get(at).ok_or(MediaError::NoCaptions)?;
                if file.size > LARGEST {
                    return Err(caption::CaptionError::TooLarge { found: file.size }.into());
                }
                reserve(pages, file.size).await?;
                let key = file.key(source.media).ok_or(MediaError::NoCaptions)?;
                let mut whole = Splice::new();
                whole.source(0..file.size);
                let bytes = self.read(&key, &file.etag, whole).await?;
                let cues = file.file.cues(&bytes)?.into_iter();
                Ok(cues.filter(|cue| cue.interval.intersection(within).is_some()).collect())
            }
        }
    }

    /// The bytes of each of these splices, several reads at a time.
    async fn read_all(&self, media: &MediaKey, etag: &str, splices: &[Splice]) -> Result<Vec<Bytes>, MediaError> {
        let length = splices.len().div_ceil(AT_ONCE).max(1);
        let reads = splices.chunks(length).map(|chunk| async move {
            let mut joined = Splice::new();
            for splice in chunk {
                joined.append(splice);
            }
            let mut bytes = self.read(media, etag, joined).await?;
            let lengths = chunk.iter().map(|splice| usize::try_from(splice.len()).unwrap_or(usize::MAX));
            Ok::<_, MediaError>(lengths.map(|length| bytes.split_to(length.min(bytes.len()))).collect::<Vec<_>>())
        });
        let read: Vec<Vec<Bytes>> = stream::iter(reads.collect::<Vec<_>>()).buffered(AT_ONCE).try_collect().await?;
        Ok(read.into_iter().flatten().collect())
    }

    /// The bytes of a splice.
    pub(crate) async fn read(&self, media: &MediaKey, etag: &str, splice: Splice) -> Result<Bytes, MediaError> {
        if splice.is_empty() {
            return Ok(Bytes::new());
        }
        let mut chunks = std::pin::pin!(self.stores.media.body(media, etag, None, splice).await?.into_stream());
        let mut bytes = BytesMut::new();
        while let Some(chunk) = chunks.try_next().await? {
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.freeze())
    }
}

/// Reserves memory for bytes of captions, and for the cues and the text that are made of them.
async fn reserve(pages: &mut IndexReader, bytes: u64) -> Result<(), MediaError> {
    let reserved = pages.reserve(bytes.saturating_mul(4)).await;
    reserved.map_err(|error: PagesError| resolve::ResolveError::from(error).into())
}
