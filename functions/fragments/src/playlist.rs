//! `{space}/~/playlist.json` and `{space}/~/playlist.xml`: the contents of an open space as a playlist, in JSON and in Media RSS
//! (<https://www.rssboard.org/media-rss>, with the terms of Dublin Core). Titles and the like are properties of the contents.
//!
//! A playlist is one look into the table of spaces and one list of its contents, which says all that is needed: so it is bounded, and
//! caches keep it for a minute. A list may be a second behind what is stored. A longer playlist has pages, each with the address of
//! the next: in XML as RFC 5005 §3 writes it.

use std::cmp::Ordering;
use std::fmt::Write;

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use reelspan::cloudfront::policy;
use reelspan::http::markup::escaped;
use reelspan::space::record::Space;
use reelspan::space::streaming::{StreamingKind, StreamingStatus};
use reelspan::space::{ContentId, ContentPrefix, MediaKey, SpaceId};
use reelspan::store::{ContentEntry, IndexStatus};
use serde_json::{Map, Value, json};

use crate::admission::AccessProof;
use crate::{Fragments, MediaError, Viewers, derived};

/// How many contents a page of a playlist has at most: those that come first by name.
const MOST: usize = 200;
/// How many contents are looked through for them.
const LOOKED_THROUGH: usize = 1000;
/// How long a playlist may be kept.
const KEPT: &str = "max-age=60";

/// The properties of an entry that a playlist gives, in this order.
const PROPERTIES: [&str; 4] = ["description", "date", "creator", "language"];

/// Names that end like this are no media, whatever type they were stored with: captions, pictures and papers beside them.
const BESIDE: [&str; 19] = [
    "css", "csv", "dfxp", "gif", "htm", "html", "jpeg", "jpg", "json", "md", "md5", "pdf", "png", "srt", "ttml", "txt",
    "vtt", "xml", "zip",
];

/// How a playlist is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PlaylistFormat {
    Json,
    Xml,
}

/// A request for the playlist of a space.
#[derive(Debug)]
pub struct PlaylistRequest {
    space: SpaceId,
    /// Only contents whose names begin with this.
    prefix: ContentPrefix,
    /// Only contents whose names come after this.
    marker: Option<ContentPrefix>,
    format: PlaylistFormat,
    shown: AccessProof,
}

/// What a playlist says of a content.
#[derive(Clone, Debug, PartialEq)]
struct PlaylistEntry {
    order: Option<i64>,
    title: String,
    name: String,
    url: String,
    mime: String,
    size: u64,
    /// In seconds; `None` until the content is indexed.
    duration: Option<f64>,
    /// In the order of [`PROPERTIES`].
    properties: Vec<(&'static str, String)>,
}

/// A playlist.
struct Playlist {
    title: String,
    /// Where the contents are.
    base: String,
    entries: Vec<PlaylistEntry>,
    /// The parameters of the next page, if the space has more contents.
    next: Option<String>,
}

impl PlaylistRequest {
    /// The request for a playlist; `None` if it is for something else.
    pub fn read(parts: &Parts) -> Option<Result<Self, MediaError>> {
        let (above, name) = derived::DerivedRequest::split(parts.uri.path())?;
        let space = above.strip_prefix("/media/").filter(|space| !space.contains('/'))?;
        let format = match name {
            "playlist.json" => PlaylistFormat::Json,
            "playlist.xml" => PlaylistFormat::Xml,
            _ => return None,
        };
        Some(Self::of(parts, space, format))
    }

    fn of(parts: &Parts, space: &str, format: PlaylistFormat) -> Result<Self, MediaError> {
        let decode =
            |text: &str| percent_decode_str(text).decode_utf8().map(String::from).map_err(|_| MediaError::Path);
        let parameter = |name: &str| {
            let mut pairs = parts.uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
            let value = pairs.find_map(|(other, value)| (other == name).then(|| value.replace('+', " ")));
            Ok::<_, MediaError>(ContentPrefix::parse(&decode(&value.unwrap_or_default())?)?)
        };
        Ok(Self {
            space: SpaceId::parse(&decode(space)?)?,
            prefix: parameter("prefix")?,
            marker: Some(parameter("marker")?).filter(|marker| !marker.as_str().is_empty()),
            format,
            shown: AccessProof::of(parts).0,
        })
    }

    /// The space.
    #[must_use]
    pub const fn space(&self) -> &SpaceId {
        &self.space
    }
}

impl Fragments {
    /// The answer to a request for a playlist.
    pub async fn playlist(&self, request: &PlaylistRequest) -> Result<Response, MediaError> {
        let space = self.spaces.get(&request.space).await?;
        let space = self.listed(space, request)?;
        let base = match (&self.hosts, &space.streaming) {
            (Some(hosts), Some(streaming)) => Some(hosts.base(&space.id, streaming)),
            _ => None,
        };
        let (prefix, after) = (&request.prefix, request.marker.as_ref());
        let found = self.stores.index.contents(&space.id, prefix, after, LOOKED_THROUGH).await?;
        let (mut entries, mut last, mut more) = (Vec::new(), None, found.more);
        for content in found.entries {
            if entries.len() == MOST {
                more = true;
                break;
            }
            last = Some(content.content.clone());
            entries.extend(entry(&space.id, content, base.as_deref()));
        }
        entries.sort_by(PlaylistEntry::compared);
        let playlist = Playlist {
            title: space.id.to_string(),
            base: base.map_or_else(|| "../".to_owned(), |base| format!("{base}/")),
            entries,
            next: last.filter(|_| more).map(|last| parameters(prefix, &last)),
        };
        let (mime, body) = match request.format {
            PlaylistFormat::Json => ("application/json", playlist.json()),
            PlaylistFormat::Xml => ("application/rss+xml; charset=utf-8", playlist.xml()),
        };
        Ok(([(CONTENT_TYPE, mime), (CACHE_CONTROL, KEPT)], body).into_response())
    }

    /// The space, if everybody may know what is in it.
    fn listed(&self, space: Option<Space>, request: &PlaylistRequest) -> Result<Space, MediaError> {
        let closed = MediaError::Closed("only spaces that stream openly have a playlist");
        let Some(space) = space else { return Err(closed) };
        let Some(streaming) = &space.streaming else { return Err(closed) };
        let is_open = streaming.kind == StreamingKind::Open && streaming.status == StreamingStatus::On;
        let is_at_its_host = self.viewers == Viewers::Direct || request.shown.distribution == Some(StreamingKind::Open);
        if is_open && is_at_its_host { Ok(space) } else { Err(closed) }
    }
}

/// The parameters of the page that comes after this content.
fn parameters(prefix: &ContentPrefix, last: &ContentId) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    format!("?prefix={}&marker={}", encoded(prefix.as_str()), encoded(last.as_str()))
}

/// What there is to say of a content; nothing if it is no media.
fn entry(space: &SpaceId, content: ContentEntry, base: Option<&str>) -> Option<PlaylistEntry> {
    if is_beside(&content.content) {
        return None;
    }
    let key = MediaKey::new(space.clone(), content.content.clone()).ok()?;
    let path = key.to_path();
    let below = path.strip_prefix(space.as_str()).unwrap_or(&path);
    // Behind CloudFront the function does not know the host: the address is relative to the playlist.
    let url = base.map_or_else(|| format!("..{below}"), |base| policy::url(base, &key, ""));
    PlaylistEntry::of(key.content().as_str(), url, content)
}

fn is_beside(name: &ContentId) -> bool {
    let extension = name.as_str().rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    extension.is_some_and(|extension| BESIDE.contains(&extension.as_str()))
}

impl PlaylistEntry {
    fn of(name: &str, url: String, content: ContentEntry) -> Option<Self> {
        let mime = content.content_type.unwrap_or_default();
        let is_media = ["video/", "audio/", "application/ogg", "application/mp4", "application/mxf"];
        // What came without a type may be media: its index says so.
        let is_untyped = mime.is_empty() || mime.ends_with("/octet-stream");
        let is_played = if is_untyped {
            !matches!(content.status, IndexStatus::Refused(_))
        } else {
            is_media.iter().any(|kind| mime.starts_with(kind))
        };
        if !is_played {
            return None;
        }
        let property = |name: &str| content.properties.get(name).cloned();
        let duration = match &content.status {
            IndexStatus::Ready { duration, .. } => duration.parse().ok(),
            IndexStatus::Waiting | IndexStatus::Running(_) | IndexStatus::Refused(_) => None,
        };
        Some(Self {
            order: property("order").and_then(|order| order.parse().ok()),
            title: property("title").unwrap_or_else(|| name.rsplit('/').next().unwrap_or(name).to_owned()),
            name: name.to_owned(),
            url,
            mime: if is_untyped { String::new() } else { mime },
            size: content.size,
            duration,
            properties: PROPERTIES.iter().filter_map(|name| Some((*name, property(name)?))).collect(),
        })
    }

    /// By the property `order`, then by title. What has no `order` comes last.
    fn compared(&self, other: &Self) -> Ordering {
        let key = |entry: &Self| (entry.order.is_none(), entry.order, entry.title.to_lowercase());
        key(self).cmp(&key(other)).then_with(|| self.name.cmp(&other.name))
    }
}

impl Playlist {
    fn json(&self) -> String {
        let items = self.entries.iter().map(|entry| {
            let mut item = Map::new();
            item.insert("title".to_owned(), entry.title.as_str().into());
            item.insert("src".to_owned(), entry.url.as_str().into());
            if !entry.mime.is_empty() {
                item.insert("type".to_owned(), entry.mime.as_str().into());
            }
            if let Some(duration) = entry.duration {
                item.insert("duration".to_owned(), duration.into());
            }
            item.extend(entry.properties.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().into())));
            Value::Object(item)
        });
        let items = items.collect::<Vec<_>>();
        let mut playlist = json!({ "title": self.title, "items": items, "more": self.next.is_some() });
        if let (Some(next), Some(members)) = (&self.next, playlist.as_object_mut()) {
            members.insert("next".to_owned(), format!("playlist.json{next}").into());
        }
        playlist.to_string()
    }

    fn xml(&self) -> String {
        let mut out = String::from(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\" xmlns:media=\"http://search.yahoo.com/mrss/\" \
             xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:atom=\"http://www.w3.org/2005/Atom\">\n<channel>\n",
        );
        // Writing to a string does not fail.
        let mut line = |text: std::fmt::Arguments<'_>| {
            let _ = out.write_fmt(text);
        };
        line(format_args!("<title>{}</title>\n", escaped(&self.title)));
        line(format_args!("<link>{}</link>\n", escaped(&self.base)));
        line(format_args!("<description>The contents of the space {}</description>\n", escaped(&self.title)));
        if let Some(next) = &self.next {
            let href = escaped(&format!("playlist.xml{next}"));
            line(format_args!("<atom:link rel=\"next\" href=\"{href}\"/>\n"));
        }
        for entry in &self.entries {
            let (title, url) = (escaped(&entry.title), escaped(&entry.url));
            line(format_args!("<item>\n<title>{title}</title>\n<guid isPermaLink=\"false\">{url}</guid>\n"));
            for (name, value) in &entry.properties {
                let term = if *name == "description" { "description".to_owned() } else { format!("dc:{name}") };
                line(format_args!("<{term}>{}</{term}>\n", escaped(value)));
            }
            line(format_args!("<media:content url=\"{url}\" fileSize=\"{}\"", entry.size));
            if !entry.mime.is_empty() {
                line(format_args!(" type=\"{}\"", escaped(&entry.mime)));
            }
            if let Some(duration) = entry.duration {
                // Players of Media RSS read whole seconds.
                line(format_args!(" duration=\"{duration:.0}\""));
            }
            line(format_args!("/>\n</item>\n"));
        }
        out.push_str("</channel>\n</rss>\n");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(order: Option<i64>, title: &str) -> PlaylistEntry {
        let (title, name, url, mime) =
            (title.to_owned(), title.to_owned(), format!("../{title}"), "video/mp4".to_owned());
        PlaylistEntry {
            order,
            title,
            name,
            url,
            mime,
            size: 1,
            duration: Some(10.25),
            properties: vec![("creator", "<Ada> & \u{0}".to_owned())],
        }
    }

    #[test]
    fn entries_come_by_order_and_then_by_title() {
        let mut entries =
            [entry(None, "a"), entry(Some(10), "b"), entry(Some(2), "d"), entry(None, "B"), entry(Some(2), "c")];
        entries.sort_by(PlaylistEntry::compared);
        let titles: Vec<_> = entries.iter().map(|entry| entry.title.as_str()).collect();
        assert_eq!(titles, ["c", "d", "b", "a", "B"]);
    }

    #[test]
    fn hostile_texts_are_texts() {
        let entries = vec![entry(None, "]]></title><script>\"")];
        let playlist = Playlist { title: "&".to_owned(), base: "../".to_owned(), entries, next: None };
        let xml = playlist.xml();
        assert!(!xml.contains("<script>") && !xml.contains("<Ada>") && !xml.contains('\u{0}'), "{xml}");
        assert!(xml.contains("<title>]]&gt;&lt;/title&gt;&lt;script&gt;&quot;</title>"), "{xml}");
        assert!(xml.contains("<dc:creator>&lt;Ada&gt; &amp; </dc:creator>"), "{xml}");
        assert!(playlist.json().contains("\"more\":false"));
    }

    #[test]
    fn an_indexed_entry_has_its_duration() {
        let indexed = entry(None, "a");
        let waiting = PlaylistEntry { duration: None, ..entry(None, "b") };
        let entries = vec![indexed, waiting];
        let playlist = Playlist { title: "x".to_owned(), base: "../".to_owned(), entries, next: None };
        let (json, xml) = (playlist.json(), playlist.xml());
        assert_eq!((json.matches("\"duration\":10.25").count(), json.matches("duration").count()), (1, 1), "{json}");
        assert_eq!((xml.matches(" duration=\"10\"").count(), xml.matches("duration").count()), (1, 1), "{xml}");
    }
}
