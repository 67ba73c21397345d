//! Byte ranges, as players ask for them, ranges of time and tracks, and HEAD.

use std::ops::Range;

use crate::smoke::film::{SOUND_SECONDS, film};
use crate::smoke::names::{PLAIN, SOUND};
use crate::smoke::space::StreamedSpace;
use crate::smoke::web::{Got, Web};
use crate::verify::client::ClientRequest;
use crate::verify::ranges::content_range;
use crate::verify::verdict::{CheckResult, Stop};

/// The cut that is asked for by ranges.
const CUT: &str = "t=12.48,20";

/// How many answers may make up a file.
const MOST_PARTS: usize = 100;

/// Byte ranges of a stored file.
pub async fn stored(place: &StreamedSpace<'_>) -> CheckResult {
    let url = place.url(PLAIN, "").await?;
    let (whole, seen) = parts(place.api.web, &url).await?;
    whole.bytes(&film())?.has("accept-ranges", "bytes", |value| value.contains("bytes"))?;
    Ok(seen)
}

/// Byte ranges of a cut.
pub async fn cut(place: &StreamedSpace<'_>) -> CheckResult {
    let url = place.url(PLAIN, CUT).await?;
    let (whole, seen) = parts(place.api.web, &url).await?;
    whole.is_mp4()?.says("content-type", "video/mp4")?;
    whole.has("x-media-fragment", "t=npt:12.48,20", |value| value.starts_with("t=npt:12.48,20"))?;
    Ok(seen)
}

/// The ranges that players ask for, first of all Safari: two bytes, to see whether there are ranges at all. The whole comes last, so
/// that no cache has it before.
async fn parts(web: &Web, url: &str) -> Result<(Got, String), Stop> {
    let probe = web.range(url, "bytes=0-1").await?;
    let (range, length) = range_of(&probe)?;
    let etag = probe.field("etag").ok_or_else(|| probe.differs("an ETag", "none"))?.to_owned();
    let last = length.saturating_sub(500);
    let mut parts = vec![(probe, range)];
    for (range, expected) in [
        ("bytes=1000-1999", 1000..2000),
        ("bytes=-500", last..length),
        (&format!("bytes={last}-"), last..length),
        (&format!("bytes={last}-999999999"), last..length),
        ("bytes=0-", 0..length),
        ("bytes=0-1", 0..2),
    ] {
        parts.push((web.range(url, range).await?, expected));
    }
    web.range(url, &format!("bytes={length}-")).await?.status(416)?;
    let whole = web.get(url).await?;
    whole.status(200)?.says("etag", &etag)?;
    for (got, expected) in parts {
        part(&got, &whole, expected)?.says("etag", &etag)?;
    }
    let known = ClientRequest::get(url).without_redirects().field("if-none-match", etag);
    web.ask(known).await?.status(304)?;
    let seen = format!("{length} bytes, bytes=0-1 and others, 416, 304");
    Ok((whole, seen))
}

/// The range that an answer says it has, and the length of the whole.
fn range_of(got: &Got) -> Result<(Range<u64>, u64), Stop> {
    let value = got.status(206)?.field("content-range").unwrap_or_default();
    match content_range(value) {
        Ok((range, Some(length))) if !range.is_empty() => Ok((range, length)),
        _ => Err(got.differs("a Content-Range with a length", format!("{value:?}"))),
    }
}

/// Expects a 206 with this part of the whole.
fn part<'a>(got: &'a Got, whole: &Got, expected: Range<u64>) -> Result<&'a Got, Stop> {
    let length = whole.body.len();
    let value = format!("bytes {}-{}/{length}", expected.start, expected.end.saturating_sub(1));
    got.status(206)?.says("content-range", &value)?;
    let at = |place: u64| usize::try_from(place).unwrap_or(usize::MAX);
    got.bytes(whole.body.get(at(expected.start)..at(expected.end)).unwrap_or_default())
}

/// A cut of more than the gateways carry at once: a range of it may be answered with less than was asked for, and the rest
/// follows.
pub async fn long(place: &StreamedSpace<'_>) -> CheckResult {
    let web = place.api.web;
    let url = place.url(SOUND, &format!("t=1,{}", SOUND_SECONDS - 1)).await?;
    // Far behind what is sent at once.
    let far = web.range(&url, "bytes=5000000-5000099").await?;
    let (_, length) = range_of(&far)?;
    let (mut at, mut parts) = (0, Vec::new());
    while at < length {
        let got = web.range(&url, &format!("bytes={at}-")).await?;
        let (range, of) = range_of(&got)?;
        if range.start != at || of != length || parts.len() >= MOST_PARTS {
            return Err(
                got.differs(format!("a part from {at} of {length}"), got.field("content-range").unwrap_or_default())
            );
        }
        got.says("content-length", &(range.end - range.start).to_string())?;
        at = range.end;
        parts.push((got, range));
    }
    let whole = web.get(&url).await?;
    whole.status(200)?.says("content-type", "audio/wav")?;
    part(&far, &whole, 5_000_000..5_000_100)?;
    let count = parts.len();
    for (got, range) in parts {
        part(&got, &whole, range)?;
    }
    Ok(format!("{length} bytes in {count} parts"))
}

/// Ranges of time and of tracks.
pub async fn time(place: &StreamedSpace<'_>) -> CheckResult {
    let web = place.api.web;
    let url = place.url(PLAIN, "").await?;
    let film = film();
    for range in ["t:npt=12-20", "t:npt=12-20;include-setup", "include-setup"] {
        let got = web.range(&url, range).await?;
        let value = got.status(206)?.field("content-range-mapping").unwrap_or_default().to_owned();
        if !value.contains("bytes") {
            return Err(got.differs("a Content-Range-Mapping", value));
        }
        let one = got.field("content-range").map(content_range);
        if let Some(Ok((range, _))) = one {
            let at = |place: u64| usize::try_from(place).unwrap_or(usize::MAX);
            got.bytes(film.get(at(range.start)..at(range.end)).unwrap_or_default())?;
        }
    }
    web.range(&url, "t:npt=100-200").await?.status(416)?;
    // What the edge takes out of a request does not stay in its cache for others.
    web.get(&url).await?.status(200)?.bytes(&film)?;
    web.range(&url, "bytes=0-1").await?.status(206)?.bytes(film.get(..2).unwrap_or_default())?;
    Ok("t:npt, include-setup, 416".to_owned())
}

/// HEAD says what GET says.
pub async fn head(place: &StreamedSpace<'_>) -> CheckResult {
    let web = place.api.web;
    let urls = [place.url(PLAIN, "").await?, place.url(PLAIN, CUT).await?, place.stream(PLAIN, "hls", "").await?];
    for url in &urls {
        let (head, get) = (web.head(url).await?, web.get(url).await?);
        head.status(get.status(200)?.status.as_u16())?.bytes(b"")?;
        for field in ["content-type", "etag"] {
            head.says(field, get.field(field).unwrap_or_default())?;
        }
        head.says("content-length", &get.body.len().to_string())?;
    }
    Ok("stored, cut and playlist".to_owned())
}
