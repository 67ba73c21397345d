//! The answers that are captions: what there are, as a file, and as what streams have of them.

use reelspan::store::IndexReader;
use reelspan_engine::caption::{self, Caption, Cue};
use reelspan_engine::media::Interval;
use reelspan_engine::media::splice::Splice;
use reelspan_engine::package;
use reelspan_engine::package::captions::of_part;
use reelspan_engine::package::hls::{self, Addresses};
use reelspan_engine::package::name::{DerivedResource, TextItem};
use serde_json::json;

use crate::captions::{self, CaptionedContent};
use crate::derived::{DerivedRequest, part, presentation, text};
use crate::{Fragments, MediaError};

impl Fragments {
    /// The type and the bytes of an answer that is captions, and whether its name has a version.
    pub(crate) async fn texts(
        &self,
        request: &DerivedRequest,
        source: &CaptionedContent<'_>,
        pages: &mut IndexReader,
        (captions, addresses): (Vec<Caption>, Addresses<'_>),
    ) -> Result<(&'static str, Splice, bool), MediaError> {
        let outline = source.outline;
        let meaning = part(request, outline)?;
        let captions = of_part(captions, meaning.as_ref());
        match &request.name.resource {
            DerivedResource::Captions(name) => {
                let caption = captions.iter().find(|caption| caption.name == *name).ok_or(MediaError::NoCaptions)?;
                let within = match &meaning {
                    Some(meaning) => meaning.interval(outline).ok_or(package::PackageError::Outside)?,
                    None => Interval::ALL,
                };
                let cues = self.cues(source, pages, caption, within).await?;
                let cues: Vec<Cue> = cues.iter().filter_map(|cue| cue.within(within)).collect();
                Ok((caption::MIME, text(caption::write(&cues)), false))
            }
            DerivedResource::Text { version, name, item } => {
                let presentation = presentation(request, outline)?.with_captions(captions);
                let caption = presentation.caption(name).ok_or(MediaError::NoCaptions)?;
                if caption.version != *version {
                    return Err(MediaError::OtherVersion);
                }
                if *item == TextItem::Playlist {
                    let lead = presentation.caption_lead(pages).await?;
                    return Ok((hls::MIME, text(presentation.caption_playlist(lead, addresses)), true));
                }
                let within = presentation.caption_interval(*item).ok_or(MediaError::NoSegment)?;
                let anchor = presentation.anchor(pages, *item).await?;
                let packet = self.read(source.media, source.etag, anchor.packet()).await?;
                let map = presentation.timestamp_map(&anchor, &packet)?;
                let cues = self.cues(source, pages, caption, within).await?;
                Ok((caption::MIME, text(presentation.caption_item(*item, &cues, map)), true))
            }
            _ => {
                // The addresses of the captions select the same part.
                let list = captions::list(&captions, &request.query_of_text(addresses.query));
                Ok(("application/json", text(json!({ "captions": list }).to_string()), false))
            }
        }
    }
}
