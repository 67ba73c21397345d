//! Ranges of time (W3C *Protocol for Media Fragments 1.0 Resolution in HTTP*, §3.1 and §3.2).

use std::ops::Range;

use http::StatusCode;
use http::header::CONTENT_RANGE;
use reelspan_engine::fragment::resolve;
use reelspan_engine::media::Time;

use crate::verify::checked::CheckedAnswer;
use crate::verify::ranges::Ranges;
use crate::verify::subject::{AskedTime, Subject};
use crate::verify::verdict::{CheckResult, Stop};

/// The tolerance of times in a mapping: the working group's own examples have two decimals.
const ROUNDING: Time = Time(10_000_000);

/// How many stretches are requested with the setup.
const WITH_SETUP: usize = 4;

/// Consecutive stretches of time, from zero to the end: each answer says which bytes and which time it contains, and
/// both are true.
pub async fn pieces(subject: &Subject) -> CheckResult {
    let duration = subject.duration().await?;
    let stretches = AskedTime::consecutive(&mut subject.random("time"), subject.pieces, duration);
    let mut covered = Ranges::default();
    for stretch in &stretches {
        let laid = answer_to(subject, *stretch, "", duration).await.map_err(Stop::insist)?;
        let Some(laid) = laid else { continue };
        holds(&laid, *stretch, duration)?;
        covered.extend(laid.parts);
    }
    let said = format!("{} stretches of {duration} s, {} bytes", stretches.len(), covered.len());
    // Set only once: a second result would be the same.
    subject.by_time.set(covered).ok();
    Ok(said)
}

/// The answer to a stretch of time, laid over the whole. `None` if it is 416 and the file has no sample in the stretch, such as before
/// its first one.
async fn answer_to(
    subject: &Subject,
    asked: AskedTime,
    setup: &str,
    duration: Time,
) -> Result<Option<CheckedAnswer>, Stop> {
    let answer = subject.ask(format!("t:npt={asked}{setup}")).await?;
    if answer.status == StatusCode::RANGE_NOT_SATISFIABLE
        && let Ok(media) = &subject.media
        && !media.has_samples(asked.start..asked.end_of(duration))?
    {
        return Ok(None);
    }
    CheckedAnswer::over(&subject.whole, answer).await.map(Some)
}

/// Checks that the mapping's stretch of time contains the requested one.
pub fn holds(laid: &CheckedAnswer, asked: AskedTime, duration: Time) -> Result<(), Stop> {
    let expected = || format!("a mapping to a stretch of 0-{duration} that holds {asked}");
    let given = laid.mapping()?.time.ok_or_else(|| laid.mapping_violates(expected()))?;
    let end = given.end.or(given.duration).unwrap_or(duration);
    let same_duration = given.duration.is_none_or(|said| said - duration <= ROUNDING && duration - said <= ROUNDING);
    let holds = given.start <= asked.start + ROUNDING && end >= asked.end_of(duration) - ROUNDING;
    if holds && same_duration && given.start < end && end <= duration + ROUNDING {
        Ok(())
    } else {
        Err(laid.mapping_violates(expected()))
    }
}

/// Together, consecutive stretches of time contain every byte of every sample.
pub async fn cover(subject: &Subject) -> CheckResult {
    subject.duration().await?;
    let media = subject.media()?;
    let Some(covered) = subject.by_time.get() else { return Err(Stop::NotRun("time did not pass".to_owned())) };
    match media.uncovered(None, covered)? {
        None => Ok(format!("{} bytes of media", media.bytes())),
        Some(missing) => {
            let request = subject.request().range("t:npt=A-B");
            Err(request.violated("consecutive stretches of time that hold all media", missing))
        }
    }
}

/// With `;include-setup` an answer contains the setup too, and says so.
pub async fn with_setup(subject: &Subject) -> CheckResult {
    let duration = subject.duration().await?;
    let mut random = subject.random("time-setup");
    let stretches = AskedTime::consecutive(&mut random, WITH_SETUP, duration);
    let mut parts = 0;
    for stretch in &stretches {
        let Some(laid) = answer_to(subject, *stretch, ";include-setup", duration).await? else { continue };
        if !laid.mapping()?.setup {
            let came = laid.mapping_violates("a mapping with include-setup");
            // A server that does not know the word returns the stretch without it.
            return Err(if parts == 0 { came.forgive() } else { came });
        }
        holds(&laid, *stretch, duration)?;
        has_setup(subject, &laid, laid.parts.clone())?;
        parts += laid.parts.len();
    }
    Ok(format!("{} stretches in {parts} parts", stretches.len()))
}

/// `include-setup` alone returns only the setup; if a player needs none, there is nothing to return.
pub async fn setup(subject: &Subject) -> CheckResult {
    if subject.media.as_ref().is_ok_and(|media| media.outline.setup_ranges.is_empty()) {
        return unsatisfiable(subject, "include-setup".to_owned()).await;
    }
    let laid = subject.lay("include-setup").await?;
    if !laid.mapping()?.setup {
        return Err(laid.mapping_violates("a mapping with include-setup"));
    }
    has_setup(subject, &laid, Vec::new())?;
    Ok(format!("bytes {}", laid.ranges()))
}

/// Checks that the bytes contain the setup that a player needs before them, by the file's structure.
fn has_setup(subject: &Subject, laid: &CheckedAnswer, fragment: Vec<Range<u64>>) -> Result<(), Stop> {
    let Ok(media) = &subject.media else { return Ok(()) };
    let needed: Ranges = resolve::setup(&media.outline, fragment).into_iter().collect();
    if laid.ranges().hold_all(&needed) {
        Ok(())
    } else {
        Err(laid.request.violated(format!("the setup, bytes {needed}"), format!("bytes {}", laid.ranges())))
    }
}

/// An empty stretch is not satisfiable.
pub async fn empty(subject: &Subject) -> CheckResult {
    subject.duration().await?;
    unsatisfiable(subject, "t:npt=3-3".to_owned()).await
}

/// A reversed stretch is not satisfiable.
pub async fn reversed(subject: &Subject) -> CheckResult {
    subject.duration().await?;
    unsatisfiable(subject, "t:npt=7-3".to_owned()).await
}

/// A stretch behind the end is not satisfiable.
pub async fn behind(subject: &Subject) -> CheckResult {
    let behind = subject.duration().await? + Time::from_secs(10);
    unsatisfiable(subject, format!("t:npt={behind}-{}", behind + Time::from_secs(10))).await
}

/// The answer is 416. If it gives the length of the resource, the length is right.
pub async fn unsatisfiable(subject: &Subject, range: String) -> CheckResult {
    let answer = subject.ask(range).await?;
    answer.expect(StatusCode::RANGE_NOT_SATISFIABLE)?;
    match answer.field(CONTENT_RANGE.as_str()) {
        Some(said) if said.starts_with("bytes") && said.trim() != format!("bytes */{}", subject.whole.len()) => {
            Err(answer
                .violated(format!("Content-Range: bytes */{}", subject.whole.len()), answer.shown("content-range")))
        }
        _ => Ok(answer.shown("content-range")),
    }
}
