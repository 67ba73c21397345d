//! Variants of a content in its streams: other contents of its space, which it names by the property `renditions`. They are served
//! below the content that names them, `{content}/~/r1/{name}/…`, so that a signature for its stream opens them too. Nothing else is
//! served there: only segments of pictures, and only of a content that the property names at this number.

use std::sync::Arc;

use axum::response::Response;
use reelspan::space::{ContentId, MediaKey};
use reelspan::store::{Found, IndexReader};
use reelspan_engine::fragment::resolve;
use reelspan_engine::index::{Head, Outline, Pages};
use reelspan_engine::media::splice::Splice;
use reelspan_engine::package::hls::{self, Addresses};
use reelspan_engine::package::ladder::{LeftOut, Missing, Variant};
use reelspan_engine::package::name::{DerivedResource, RenditionItem, VariantName};
use reelspan_engine::package::{Presentation, Rendition, SegmentTable};
use serde_json::{Value, json};

use super::part::presentation;
use super::{DerivedRequest, made, tag, text, token};
use crate::resource::{Resource, ResourceContent};
use crate::serving::{Confirmation, VersionedAnswer, outline};
use crate::{Fragments, MediaError, Viewers, answer};

/// How long a cache may keep a segment of a variant: if the variant is replaced or deleted, the edges forget what is below it, and not
/// what is below the content that names it.
const HOUR: &str = "max-age=3600";

/// The same, for one viewer alone.
const HOUR_TO_ONE: &str = "private, max-age=3600";

/// How much more memory a segment table takes than it has bytes in its pages.
const UNPACKED: u64 = 32;

/// The variants that a content names, as they are stored.
#[derive(Default)]
pub(super) struct Ladder(Vec<Rung>);

struct Rung {
    name: VariantName,
    /// Its head and its segment table, or why they cannot be had.
    found: Result<(Arc<Head>, SegmentTable), String>,
}

impl Ladder {
    /// Whether the content names any.
    pub const fn has_variants(&self) -> bool {
        !self.0.is_empty()
    }

    /// Stands for the names and versions of all.
    pub fn token(&self) -> String {
        let tokens = self.0.iter().map(|rung| format!(" {} {}", rung.name, rung.version().unwrap_or_default()));
        tokens.collect()
    }

    /// Those that a player can change to, and those that are left out.
    pub fn variants<'a>(
        &'a self,
        request: &DerivedRequest,
        content: (&Presentation<'_>, &SegmentTable),
    ) -> (Vec<Variant<'a>>, Vec<Missing>) {
        let (mut variants, mut missing) = (Vec::new(), Vec::new());
        for rung in &self.0 {
            match rung.variant(request, content) {
                Ok(variant) => variants.push(variant),
                Err(why) => missing.push(Missing { name: rung.name.content.clone(), why: why.to_string() }),
            }
        }
        (variants, missing)
    }

    /// What they are, as data.
    pub async fn describe(
        &self,
        request: &DerivedRequest,
        outline: &Outline,
        pages: &mut IndexReader,
    ) -> Result<Value, MediaError> {
        let Ok(content) = presentation(request, outline) else { return Ok(json!([])) };
        if self.0.is_empty() {
            return Ok(json!([]));
        }
        let table = content.table(pages).await?;
        let described = self.0.iter().map(|rung| match rung.variant(request, (&content, &table)) {
            Ok(variant) => {
                let pictures = variant.presentation().variable();
                let track = pictures.and_then(|pictures| variant.presentation().outline().tracks.get(pictures.place));
                let (width, height) = track.and_then(|track| track.dimensions).unzip();
                let codec = pictures.map(|pictures| pictures.codec.as_str());
                json!({ "name": rung.name.content, "width": width, "height": height, "codec": codec })
            }
            Err(why) => json!({ "name": rung.name.content, "unavailable": why.to_string() }),
        });
        Ok(described.collect())
    }
}

/// Why a variant is not in a stream.
#[derive(Debug, thiserror::Error)]
enum NotThere {
    #[error("{0}")]
    Missing(String),
    #[error(transparent)]
    Error(#[from] MediaError),
    #[error(transparent)]
    LeftOut(#[from] LeftOut),
}

impl From<NotThere> for MediaError {
    fn from(why: NotThere) -> Self {
        match why {
            NotThere::Missing(_) => Self::NoVariant,
            NotThere::Error(error) => error,
            NotThere::LeftOut(why) => Self::NoStream(why.to_string()),
        }
    }
}

impl Rung {
    fn variant(
        &self,
        request: &DerivedRequest,
        content: (&Presentation<'_>, &SegmentTable),
    ) -> Result<Variant<'_>, NotThere> {
        let (head, table) = self.found.as_ref().map_err(|why| NotThere::Missing(why.clone()))?;
        let outline = outline(&head.status)?;
        let own = presentation(request, outline)?;
        Ok(Variant::new(content, (&self.name, &token(head, outline)), (own, table.clone()))?)
    }

    fn version(&self) -> Option<String> {
        let (head, _) = self.found.as_ref().ok()?;
        Some(token(head, outline(&head.status).ok()?))
    }
}

/// Checks that a content names this variant at the number that the request has.
fn is_named(named: &[MediaKey], wanted: &VariantName, variant: &MediaKey) -> Result<(), MediaError> {
    let at = wanted.number.checked_sub(1).and_then(|at| named.get(at));
    if at == Some(variant) { Ok(()) } else { Err(MediaError::NoVariant) }
}

impl Fragments {
    /// The variants that a content names, if the answer depends on them.
    pub(super) async fn ladder(&self, request: &DerivedRequest, found: &mut Found) -> Result<Ladder, MediaError> {
        if !matches!(
            request.name.resource,
            DerivedResource::Master | DerivedResource::Manifest | DerivedResource::About
        ) {
            return Ok(Ladder::default());
        }
        let named = (1..).zip(found.renditions.clone());
        let wanted = named.map(|(number, key)| (VariantName { number, content: key.content().to_string() }, key));
        self.rungs(request, found, wanted.collect()).await
    }

    /// The variants of these names: one look-up for all, and for the content's own segment table.
    async fn rungs(
        &self,
        request: &DerivedRequest,
        found: &mut Found,
        wanted: Vec<(VariantName, MediaKey)>,
    ) -> Result<Ladder, MediaError> {
        let head = Arc::clone(&found.head);
        // If the content has no stream, the answer says why.
        let Ok(content) = presentation(request, outline(&head.status)?) else { return Ok(Ladder::default()) };
        if wanted.is_empty() {
            return Ok(Ladder::default());
        }
        let (names, keys): (Vec<_>, Vec<_>) = wanted.into_iter().unzip();
        let index = &self.stores.index;
        let all = index.find_variants((&request.media, &mut *found), &keys, content.table_pages()).await?;
        let mut rungs = Vec::with_capacity(names.len());
        for (name, other) in names.into_iter().zip(all) {
            let loaded = match other {
                Some(other) => loaded(request, found, other).await,
                None => Ok(Err("it is not stored in this space, or not indexed yet".to_owned())),
            };
            rungs.push(Rung { name, found: loaded? });
        }
        Ok(Ladder(rungs))
    }

    /// The answer to a request for what is below a variant.
    pub(super) async fn of_variant(
        &self,
        request: &DerivedRequest,
        wanted: &VariantName,
    ) -> Result<Response, MediaError> {
        let DerivedResource::Of { version, rendition, item } = &request.name.resource else {
            return Err(MediaError::NoRoute);
        };
        let variant = MediaKey::new(request.media.space().clone(), ContentId::parse(&wanted.content)?)?;
        let share = self.budget.share().await?;
        let index = &self.stores.index;
        if let RenditionItem::Playlist | RenditionItem::KeyFrames = item {
            let (admission, found) = index.find_with_others(&self.spaces, &request.media, &[]).await?;
            let (admitted, signature) = self.admit_derived(request, &admission)?;
            let mut found = self.there(&request.media, found).await?;
            is_named(&found.renditions, wanted, &variant)?;
            found.pages.hold(share);
            let ladder = self.rungs(request, &mut found, vec![(wanted.clone(), variant)]).await?;
            let content = presentation(request, outline(&found.head.status)?)?;
            let table = content.table(&mut found.pages).await?;
            let rung = ladder.0.first().ok_or(MediaError::NoVariant)?;
            let variant = rung.variant(request, (&content, &table))?;
            if rung.version().as_ref() != Some(version) {
                return Err(MediaError::OtherVersion);
            }
            the_pictures(variant.presentation(), rendition)?;
            let addresses = Addresses { version, query: &signature.segments, playlists: &signature.playlists };
            let body = text(variant.playlist(*item == RenditionItem::KeyFrames, addresses));
            let token = format!("{}{}", token(&found.head, content.outline()), ladder.token());
            let etag = tag(&found.head, &[], request, &token, &signature.playlists);
            let kept = (admitted.secure && self.viewers == Viewers::Direct).then_some(answer::FRESH_TO_ONE);
            return self
                .variant_answer(request, &request.media, (Arc::clone(&found.head), etag), (hls::MIME, body), kept)
                .await;
        }
        let (admission, named, found) =
            index.find_variant(&self.spaces, (&request.media, &variant), &request.guess()).await?;
        let (admitted, _) = self.admit_derived(request, &admission)?;
        is_named(&named, wanted, &variant)?;
        let Found { head, mut pages, .. } = found.ok_or(MediaError::NoVariant)?;
        pages.hold(share);
        let outline = outline(&head.status)?;
        let token = token(&head, outline);
        if *version != token {
            return Err(MediaError::OtherVersion);
        }
        let presentation = presentation(request, outline)?;
        let pictures = the_pictures(&presentation, rendition)?;
        let body = match *item {
            RenditionItem::Header(number) => made(presentation.header(pictures, number)?),
            RenditionItem::Segment(time) => presentation.segment(&mut pages, pictures, time, false).await?,
            RenditionItem::KeyFrame(time) => presentation.segment(&mut pages, pictures, time, true).await?,
            _ => return Err(MediaError::NoSegment),
        };
        let etag = tag(&head, &[], request, &token, "");
        let kept = if admitted.secure && self.viewers == Viewers::Direct { HOUR_TO_ONE } else { HOUR };
        self.variant_answer(request, &variant, (Arc::clone(&head), etag), ("video/mp4", body), Some(kept)).await
    }

    /// Sends what is below a variant; its bytes are those of this content.
    async fn variant_answer(
        &self,
        request: &DerivedRequest,
        media: &MediaKey,
        (head, etag): (Arc<Head>, String),
        (mime, body): (&str, Splice),
        kept: Option<&'static str>,
    ) -> Result<Response, MediaError> {
        let resource = Resource {
            etag,
            modified: head.original.modified,
            mime: mime.to_owned(),
            indexed: false,
            content: ResourceContent::Original(body),
        };
        let mut answer = self.part(request, &resource)?;
        if let Some(kept) = kept {
            answer = answer.kept(kept);
        }
        if request.head {
            answer.body = Splice::new();
        }
        self.send(media, VersionedAnswer::new(answer, head, None), Confirmation::Version).await
    }
}

/// The pictures of a variant, if this is their name: nothing else of it is served below the content that names it.
fn the_pictures<'a>(presentation: &'a Presentation<'_>, rendition: &str) -> Result<&'a Rendition, MediaError> {
    presentation.variable().filter(|pictures| pictures.name() == rendition).ok_or(MediaError::NoSegment)
}

/// The head and the segment table of a variant, or why it has none. The memory that they take is reserved with that of the content.
async fn loaded(
    request: &DerivedRequest,
    content: &mut Found,
    Found { head, mut pages, .. }: Found,
) -> Result<Result<(Arc<Head>, SegmentTable), String>, MediaError> {
    let own = outline(&head.status).and_then(|outline| presentation(request, outline));
    let own = match own {
        Ok(own) => own,
        Err(why) => return Ok(Err(why.to_string())),
    };
    let (_, packed) = pages.read();
    let reserved = content.pages.reserve((packed as u64).saturating_mul(UNPACKED)).await;
    reserved.map_err(|error| MediaError::from(resolve::ResolveError::from(error)))?;
    let table = own.table(&mut pages).await?;
    Ok(Ok((Arc::clone(&head), table)))
}
