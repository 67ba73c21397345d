//! HLS, DASH and what else is derived from a content.

use serde_json::Value;

use crate::smoke::film::SECONDS;
use crate::smoke::names::PLAIN;
use crate::smoke::space::StreamedSpace;
use crate::smoke::web::Web;
use crate::verify::client::join;
use crate::verify::verdict::{CheckResult, Stop};

/// The beginnings of the boxes with which a segment may begin (ISO/IEC 23000-19 §7.3.2.3).
const SEGMENT: [&[u8]; 5] = [b"styp", b"moof", b"sidx", b"prft", b"emsg"];

/// HLS plays: from its first playlist to the first segment of every rendition.
pub async fn hls(place: &StreamedSpace<'_>) -> CheckResult {
    let url = place.stream(PLAIN, "hls", "").await?;
    let (playlists, segments) = play(place.api.web, &url).await?;
    Ok(format!("{playlists} playlists, {segments} segments named"))
}

/// HLS of a part plays, and is shorter.
pub async fn hls_of_part(place: &StreamedSpace<'_>) -> CheckResult {
    let url = place.stream(PLAIN, "hls", "t=12,20").await?;
    let (playlists, segments) = play(place.api.web, &url).await?;
    Ok(format!("{playlists} playlists, {segments} segments named"))
}

/// Plays what a multivariant playlist names; returns the number of its playlists, and of their segments.
async fn play(web: &Web, url: &str) -> Result<(usize, usize), Stop> {
    let master = web.get(url).await?;
    master.status(200)?.has("content-type", "HLS", |value| value.to_ascii_lowercase().contains("mpegurl"))?;
    let text = String::from_utf8_lossy(&master.body).into_owned();
    let variants = lines(&text).chain(attributes(&text, "#EXT-X-MEDIA:"));
    let variants: Vec<_> = variants.map(|uri| join(url, uri)).collect();
    let mut segments = 0;
    for variant in &variants {
        let playlist = web.get(variant).await?;
        let text = String::from_utf8_lossy(&playlist.status(200)?.body).into_owned();
        let (Some(map), Some(first)) = (attributes(&text, "#EXT-X-MAP:").next(), lines(&text).next()) else {
            return Err(playlist.differs("a header and segments", text));
        };
        web.get(&join(variant, map)).await?.status(200)?.is_mp4()?;
        let segment = web.get(&join(variant, first)).await?;
        if !SEGMENT.iter().any(|name| segment.body.get(4..8) == Some(name)) {
            return Err(segment.status(200)?.differs("a segment", format!("{} bytes", segment.body.len())));
        }
        segments += lines(&text).count();
    }
    if variants.is_empty() || !text.starts_with("#EXTM3U") {
        return Err(master.differs("playlists", text));
    }
    Ok((variants.len(), segments))
}

/// The URIs on lines of their own (RFC 8216 §4.1).
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The URIs in this tag (RFC 8216 §4.2).
fn attributes<'a>(text: &'a str, tag: &str) -> impl Iterator<Item = &'a str> {
    let lines = text.lines().filter(move |line| line.starts_with(tag));
    lines.filter_map(|line| line.split_once("URI=\"")?.1.split_once('"').map(|(uri, _)| uri))
}

/// DASH is described.
pub async fn dash(place: &StreamedSpace<'_>) -> CheckResult {
    let got = place.api.web.get(&place.stream(PLAIN, "dash", "").await?).await?;
    got.status(200)?.says("content-type", "application/dash+xml")?;
    if !got.body.windows(4).any(|four| four == b"<MPD") {
        return Err(got.differs("an MPD", String::from_utf8_lossy(&got.body)));
    }
    Ok(format!("{} bytes of description", got.body.len()))
}

/// What a content plays as is told.
pub async fn about(place: &StreamedSpace<'_>) -> CheckResult {
    let got = place.api.web.get(&format!("{}/~/about.json", place.unsigned(PLAIN))).await?;
    let about: Value = serde_json::from_slice(&got.status(200)?.body).unwrap_or_default();
    match about.get("duration").and_then(Value::as_f64) {
        #[allow(clippy::cast_precision_loss)]
        Some(duration) if (duration - SECONDS as f64).abs() < 0.1 => Ok(format!("{duration} s")),
        _ => Err(got.differs(format!("a duration of {SECONDS} s"), about.to_string())),
    }
}
