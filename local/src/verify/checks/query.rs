//! Fragments in a query (Media Fragments URI 1.0 §7.3): separate resources.

use http::StatusCode;
use http::header::{CONTENT_LENGTH, ETAG};
use reelspan_engine::fragment::uri::{TextScanner, npt};
use reelspan_engine::media::{Kind, Time};

use super::bytes::joined;
use super::whole::strong;
use crate::verify::client::{ClientRequest, UnreadAnswer};
use crate::verify::media::{self, MediaStructure};
use crate::verify::subject::{AskedTime, Subject};
use crate::verify::verdict::{CheckResult, Stop};
use crate::verify::whole::WholeResource;

/// The interval that a cut really contains, in Reelspan's field: `t=npt:19.77,35`.
const X_MEDIA_FRAGMENT: &str = "x-media-fragment";

/// How many random stretches are requested.
const STRETCHES: usize = 3;

/// The tolerance of times: one or two pictures.
const TOLERANCE: Time = Time(100_000_000);

/// How much longer than promised a file may last: if pictures are stored out of order, the last one of a cut may refer
/// to a picture that is shown later, which is then included.
const REORDERING: Time = Time(500_000_000);

/// Random stretches of time: complete files of the promised duration.
pub async fn time(subject: &Subject) -> CheckResult {
    let duration = match &subject.media {
        Ok(media) => media.outline.duration,
        Err(_) => subject.duration().await.map_err(|_| Stop::NotRun("its duration is not known".to_owned()))?,
    };
    let mut random = subject.random("query-time");
    let mut bytes = 0;
    for at in 0..STRETCHES {
        let stretch = AskedTime::within(&mut random, duration);
        let end = stretch.end_of(duration);
        let request = queried(subject, &format!("t={},{end}", stretch.start))?;
        let cut = fetched(subject, &request).await.map_err(|stop| if at == 0 { stop } else { stop.insist() })?;
        let (start, end) = promised(&request, &cut, stretch, duration)?;
        if let Some(media) = indexed(subject, &request, &cut).await? {
            as_long(&request, &cut, &media, end - start)?;
        }
        bytes += cut.len();
        subject.cut.set((request, cut)).ok();
    }
    Ok(format!("{STRETCHES} files, {bytes} bytes"))
}

/// A request for a fragment.
fn queried(subject: &Subject, fragment: &str) -> Result<ClientRequest, Stop> {
    let query = subject.url.split_once('?').map(|(_, query)| query);
    let dimensions = ["t=", "track=", "id=", "xywh="];
    if query.is_some_and(|query| query.split('&').any(|pair| dimensions.iter().any(|name| pair.starts_with(name)))) {
        return Err(Stop::NotRun("the URL is of a fragment already".to_owned()));
    }
    let separator = if query.is_some() { '&' } else { '?' };
    Ok(ClientRequest::get(format!("{}{separator}{fragment}", subject.url)))
}

/// The file that contains a fragment: 200 with a length and a validator, and not the original.
async fn fetched(subject: &Subject, request: &ClientRequest) -> Result<WholeResource, Stop> {
    let answer = subject.client.send(request).await?;
    if unsupported(&answer) || is_original(subject, &answer) {
        return Err(answer.violated("200 OK with a file of its own", original_or(subject, &answer)).forgive());
    }
    answer.expect(StatusCode::OK)?;
    if answer.field(CONTENT_LENGTH.as_str()).is_none() {
        return Err(answer.violated("a Content-Length", "none"));
    }
    if !answer.field(ETAG.as_str()).is_some_and(strong) {
        return Err(answer.violated("a strong ETag", answer.shown("etag")));
    }
    if answer.field(ETAG.as_str()) == subject.whole.etag() {
        return Err(answer.violated("an ETag of its own", answer.shown("etag")));
    }
    WholeResource::of(answer).await
}

/// Whether the server says that it does not support such fragments.
fn unsupported(answer: &UnreadAnswer) -> bool {
    matches!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE | StatusCode::NOT_IMPLEMENTED)
}

/// Whether the server ignored the query.
fn is_original(subject: &Subject, answer: &UnreadAnswer) -> bool {
    let length = answer.field(CONTENT_LENGTH.as_str()).and_then(|value| value.parse().ok());
    answer.status == StatusCode::OK
        && length == Some(subject.whole.len())
        && answer.field(ETAG.as_str()) == subject.whole.etag()
}

fn original_or(subject: &Subject, answer: &UnreadAnswer) -> String {
    if is_original(subject, answer) { "the original".to_owned() } else { answer.status.to_string() }
}

/// The stretch of the original in a cut: the one in the answer, which has to contain the requested one; else the
/// requested one.
fn promised(
    request: &ClientRequest,
    cut: &WholeResource,
    asked: AskedTime,
    duration: Time,
) -> Result<(Time, Time), Stop> {
    let end = asked.end_of(duration);
    let Some(said) = cut.field(X_MEDIA_FRAGMENT) else { return Ok((asked.start, end)) };
    let wrong = || request.violated(format!("X-Media-Fragment: t=npt:{},{end}, or more", asked.start), said);
    let given = stretch(said).ok_or_else(wrong)?;
    let given_end = given.end.unwrap_or(duration);
    if given.start <= asked.start + TOLERANCE && end <= given_end + TOLERANCE && given.start < given_end {
        Ok((given.start, given_end))
    } else {
        Err(wrong())
    }
}

/// Reads the `t` of `t=npt:19.77,35&track=audio`.
fn stretch(fragment: &str) -> Option<AskedTime> {
    let value = fragment.split('&').find_map(|pair| pair.strip_prefix("t="))?;
    let mut scanner = TextScanner::new(value.strip_prefix("npt:").unwrap_or(value));
    let start = npt::instant(&mut scanner).ok()?;
    let end = if scanner.take(",") { Some(npt::instant(&mut scanner).ok()?) } else { None };
    scanner.end().ok()?;
    Some(AskedTime { start, end })
}

/// The structure of a cut, which has to be valid if that of the original is known.
async fn indexed(
    subject: &Subject,
    request: &ClientRequest,
    cut: &WholeResource,
) -> Result<Option<MediaStructure>, Stop> {
    if subject.media.is_err() {
        return Ok(None);
    }
    let media = MediaStructure::of(cut.path()).await;
    media.map(Some).map_err(|why| request.violated("a complete file", why))
}

/// Checks that the file lasts as long as promised. Without a promise it may begin earlier, where decoding can begin. A
/// subtitle, which is one sample for its whole duration, may last beyond the end.
fn as_long(request: &ClientRequest, cut: &WholeResource, media: &MediaStructure, promised: Time) -> Result<(), Stop> {
    let lasts = media.outline.duration;
    let exact = cut.field(X_MEDIA_FRAGMENT).is_some();
    let played = media.outline.tracks.iter().filter(|track| track.kind != Kind::Text).map(|track| track.span().1).max();
    if lasts + TOLERANCE < promised || (exact && played.is_some_and(|played| promised + REORDERING < played)) {
        return Err(request.violated(format!("a file of {promised} seconds"), format!("one of {lasts}")));
    }
    Ok(())
}

/// The cut that an earlier check fetched.
fn cut(subject: &Subject) -> Result<&(ClientRequest, WholeResource), Stop> {
    subject.cut.get().ok_or_else(|| Stop::NotRun("query-time gave no file".to_owned()))
}

/// Byte ranges of a cut are ranges of that file.
pub async fn bytes(subject: &Subject) -> CheckResult {
    let (request, whole) = cut(subject)?;
    joined(&subject.client, request, whole, subject.pieces, &mut subject.random("query-bytes")).await
}

/// Requesting the same cut again returns the same file.
pub async fn again(subject: &Subject) -> CheckResult {
    let (request, whole) = cut(subject)?;
    let mut answer = subject.client.send(request).await?;
    answer.expect(StatusCode::OK)?;
    if answer.field(ETAG.as_str()) != whole.etag() {
        let etag = whole.etag().unwrap_or("none");
        return Err(answer.violated(format!("ETag: {etag}, as before"), answer.shown("etag")));
    }
    let same = whole.compare(&mut answer.body, 0..whole.len()).await;
    same.map_err(|fault| answer.violated(fault.expected, fault.came))?;
    match answer.body.some(1).await {
        Ok(None) => Ok(format!("{} bytes", whole.len())),
        Ok(Some(_)) => Err(answer.violated(format!("{} bytes, as before", whole.len()), "more")),
        Err(why) => Err(answer.violated("a whole body", why)),
    }
}

/// Each track by itself: a complete file with a track of its kind, and none of another kind.
pub async fn tracks(subject: &Subject) -> CheckResult {
    let mut bytes = 0;
    let tracks = &subject.media()?.outline.tracks;
    for (at, track) in tracks.iter().enumerate() {
        // Every track has a number, but other names too: if a name selects another track, one of the same kind is
        // enough.
        let names = media::names(track);
        let mut file = Err(Stop::NotRun("a track has no name".to_owned()));
        for name in &names {
            let request = queried(subject, &format!("track={name}"))?;
            file = fetched(subject, &request).await.map(|file| (request, file));
            if !matches!(file, Err(Stop::Ignored(_))) {
                break;
            }
        }
        let (request, file) = file.map_err(|stop| if at == 0 { stop } else { stop.insist() })?;
        let Some(media) = indexed(subject, &request, &file).await? else { continue };
        let kinds: Vec<&str> = media.outline.tracks.iter().map(|track| track.kind.name()).collect();
        if kinds.is_empty() || kinds.iter().any(|kind| *kind != track.kind.name()) {
            return Err(request.violated(format!("a file of {} alone", track.kind.name()), kinds.join(", ")));
        }
        bytes += file.len();
    }
    Ok(format!("{} files, {bytes} bytes", tracks.len()))
}
