//! Redirects to byte ranges (W3C *Protocol for Media Fragments 1.0 Resolution in HTTP*, §3.3): a client that accepts
//! them can get from any cache what otherwise only the server returns.

use http::StatusCode;
use http::header::{LOCATION, VARY};
use reelspan_engine::fragment::uri::TextScanner;

use super::bytes::taken;
use crate::verify::client::{ACCEPT_RANGE_REDIRECT, ClientRequest, RANGE_REDIRECT, UnreadAnswer, join};
use crate::verify::ranges::{Ranges, byte_ranges};
use crate::verify::subject::{AskedTime, Subject};
use crate::verify::verdict::{CheckResult, Stop};

/// A redirect for a stretch of time.
pub async fn of_time(subject: &Subject) -> CheckResult {
    let duration = subject.duration().await?;
    let stretch = AskedTime::within(&mut subject.random("redirect-time"), duration);
    followed(subject, &format!("t:npt={stretch}")).await
}

/// A redirect for a track, which may be hundreds of ranges.
pub async fn of_track(subject: &Subject) -> CheckResult {
    let tracks = subject.by_track.get().ok_or_else(|| Stop::NotRun("track did not pass".to_owned()))?;
    let Some(track) = tracks.last() else { return Err(Stop::NotRun("the file has no tracks".to_owned())) };
    followed(subject, &format!("track={}", track.name)).await
}

/// Requests a range with and without a redirect, follows the redirect, and compares.
async fn followed(subject: &Subject, range: &str) -> CheckResult {
    let request = subject.request().range(range).field(ACCEPT_RANGE_REDIRECT, "bytes");
    let mut answer = subject.client.send(&request).await?;
    if answer.status == StatusCode::PARTIAL_CONTENT || answer.status == StatusCode::OK {
        return Err(answer.violated(StatusCode::TEMPORARY_REDIRECT.to_string(), answer.status.to_string()).forgive());
    }
    answer.expect(StatusCode::TEMPORARY_REDIRECT)?;
    let (location, ranges) = target(&answer)?;
    let body = answer.body.some(1).await.map_err(|why| answer.violated("no body", why))?;
    if body.is_some() {
        return Err(answer.violated("no body", "one"));
    }
    let direct = subject.lay(range).await?;
    if direct.ranges() != ranges {
        let expected = format!("Range-Redirect: bytes {}, as without a redirect", direct.ranges());
        return Err(answer.violated(expected, answer.shown(RANGE_REDIRECT)));
    }
    let plain = ClientRequest::get(join(answer.request.url(), &location));
    taken(&subject.client, &plain, &subject.whole, &ranges).await.map_err(Stop::insist)?;
    Ok(format!("{} bytes in {} ranges", ranges.len(), ranges.iter().count()))
}

/// The target of the redirect, and the bytes to request there.
fn target(answer: &UnreadAnswer) -> Result<(String, Ranges), Stop> {
    let location = answer.field(LOCATION.as_str()).ok_or_else(|| answer.violated("a Location", "none"))?;
    let value = answer.field(RANGE_REDIRECT).ok_or_else(|| answer.violated("a Range-Redirect", "none"))?;
    let (ranges, _) = byte_ranges(&mut TextScanner::new(value.trim()))
        .map_err(|why| answer.violated("a Range-Redirect to bytes", format!("{value}: {why}")))?;
    let varies = answer.headers.get_all(VARY).iter().filter_map(|value| value.to_str().ok()).any(|value| {
        value.split(',').any(|name| name.trim() == "*" || name.trim().eq_ignore_ascii_case(ACCEPT_RANGE_REDIRECT))
    });
    if !varies {
        return Err(answer.violated("Vary: Accept-Range-Redirect", answer.shown("vary")));
    }
    Ok((location.to_owned(), ranges.into_iter().collect()))
}
