//! What a page says of a content: its title and its size, and which sites may show it. It says so only of what streams openly: who
//! has no signature does not learn the title of a content that needs one.

use percent_encoding::percent_decode_str;
use reelspan::space::record::Space;
use reelspan::space::streaming::{StreamingKind, StreamingStatus};
use reelspan::space::{ContentId, MediaKey, SpaceId};
use reelspan::store::{SpacesTable, StoreError, Stores};
use reelspan::streaming::Hosts;
use reelspan_engine::index::{Outline, Status};
use reelspan_engine::media::Kind;

/// The path of media on the server itself.
const MEDIA: &str = "/media/";

/// Where the spaces and their contents are looked up.
#[derive(Clone, Debug)]
pub struct MediaCatalogue {
    /// The media and their index.
    pub stores: Stores,
    /// The spaces.
    pub spaces: SpacesTable,
    /// The hosts from which they stream.
    pub hosts: Hosts,
}

/// What is known of a content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Described {
    /// Who may have it.
    pub access: Access,
    /// The sites that may frame it; `None`: all.
    pub framed_by: Option<Vec<String>>,
    /// The property `title`, or the last part of the name.
    pub title: String,
    /// The property `description`.
    pub description: Option<String>,
    /// The property `creator`.
    pub creator: Option<String>,
    /// What it shows.
    pub picture: PictureSize,
}

/// Who may have a content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// No viewer: there is no such content, or its space does not stream.
    #[default]
    Closed,
    /// Those who have a signature.
    Signed,
    /// Everybody.
    Open,
}

/// What a content shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PictureSize {
    /// It is not known.
    #[default]
    Unknown,
    /// Nothing: there is sound alone.
    Sound,
    /// A picture of so many pixels, across and down.
    Pixels(u32, u32),
}

impl MediaCatalogue {
    /// The content that a URL or a path of this server means, whatever its query and its fragment are.
    #[must_use]
    pub fn key(&self, url: &str) -> Option<MediaKey> {
        let url = url.split(['?', '#']).next()?;
        let below = url.strip_prefix(MEDIA).or_else(|| self.hosts.below_host(url)).or_else(|| {
            let (_, rest) = url.split_once("://")?;
            let path = rest.get(rest.find('/')?..)?;
            path.strip_prefix(MEDIA).or_else(|| self.hosts.below_host(path))
        })?;
        let (label, content) = below.split_once('/')?;
        let decode = |text: &str| percent_decode_str(text).decode_utf8().map(String::from).ok();
        let label = decode(label)?;
        let (space, _) = Hosts::split(&label);
        MediaKey::new(SpaceId::parse(space).ok()?, ContentId::parse(&decode(content)?).ok()?).ok()
    }

    /// What is known of a content: one look into the tables, and one at the object if it is open.
    ///
    /// # Errors
    ///
    /// Those of the stores.
    pub async fn describe(&self, key: &MediaKey) -> Result<Described, StoreError> {
        let nothing = std::ops::RangeInclusive::new(1, 0);
        let (space, _, found) = self.stores.index.find_with_space(&self.spaces, key, nothing).await?;
        let (access, framed_by) = rules(space.as_ref());
        let name = key.content().as_str();
        let title = name.rsplit('/').next().unwrap_or(name).to_owned();
        let mut described = Described { access, framed_by, title, ..Described::default() };
        if access != Access::Open {
            return Ok(described);
        }
        let content = match self.stores.media.content(key).await {
            Ok(content) => content,
            Err(StoreError::Missing) => return Ok(Described { access: Access::Closed, ..described }),
            Err(error) => return Err(error),
        };
        let property = |name: &str| content.properties.get(name).map(str::to_owned);
        described.title = property("title").unwrap_or(described.title);
        (described.description, described.creator) = (property("description"), property("creator"));
        if let Some(Status::Indexed(outline)) = found.as_ref().map(|found| &found.head.status) {
            described.picture = picture(outline);
        }
        Ok(described)
    }
}

/// Who may have the contents of a space, and which sites may frame them.
fn rules(space: Option<&Space>) -> (Access, Option<Vec<String>>) {
    let streaming = space.and_then(|space| space.streaming.as_ref());
    let Some(streaming) = streaming.filter(|streaming| streaming.status == StreamingStatus::On) else {
        return (Access::Closed, Some(Vec::new()));
    };
    let access = match streaming.kind {
        StreamingKind::Open => Access::Open,
        StreamingKind::Secure => Access::Signed,
    };
    (access, (!streaming.origins.is_empty()).then(|| streaming.origins.clone()))
}

fn picture(outline: &Outline) -> PictureSize {
    let of = |kind| outline.tracks.iter().find(move |track| track.kind == kind);
    match of(Kind::Video) {
        Some(track) => {
            track.dimensions.map_or(PictureSize::Unknown, |(width, height)| PictureSize::Pixels(width, height))
        }
        None if of(Kind::Audio).is_some() => PictureSize::Sound,
        None => PictureSize::Unknown,
    }
}
