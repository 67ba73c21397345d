//! Ranges of tracks (W3C *Protocol for Media Fragments 1.0 Resolution in HTTP*, §3.1 and §3.2).

use http::StatusCode;

use super::time::{holds, unsatisfiable};
use crate::verify::checked::CheckedAnswer;
use crate::verify::media;
use crate::verify::ranges::Ranges;
use crate::verify::subject::{AskedTime, Named, Subject};
use crate::verify::verdict::{CheckResult, Stop};

/// Every track of the file can be requested by one of its names, and the bytes are where the answer says.
pub async fn pieces(subject: &Subject) -> CheckResult {
    let mut given = Vec::new();
    for (place, track) in subject.media()?.outline.tracks.iter().enumerate() {
        let (name, laid) = by_any_name(subject, &media::names(track)).await?;
        if laid.mapping()?.tracks.is_empty() {
            return Err(laid.mapping_violates("a mapping that names the track"));
        }
        given.push(Named { place, name, ranges: laid.ranges() });
    }
    if given.is_empty() {
        return Err(Stop::NotRun("the file has no tracks".to_owned()));
    }
    let said: Vec<String> = given.iter().map(|track| format!("{}: {} bytes", track.name, track.ranges.len())).collect();
    subject.by_track.set(given).ok();
    Ok(said.join(", "))
}

/// A track by the first of these names that the server knows.
async fn by_any_name(subject: &Subject, names: &[String]) -> Result<(String, CheckedAnswer), Stop> {
    let mut refused = None;
    for name in names {
        let answer = subject.ask(format!("track={name}")).await?;
        if answer.status != StatusCode::RANGE_NOT_SATISFIABLE {
            return Ok((name.clone(), CheckedAnswer::over(&subject.whole, answer).await?));
        }
        refused.get_or_insert_with(|| answer.violated("206 Partial Content", answer.status.to_string()));
    }
    Err(refused.unwrap_or_else(|| Stop::NotRun("a track has no name".to_owned())))
}

/// The bytes of each track, requested separately.
fn given(subject: &Subject) -> Result<&Vec<Named>, Stop> {
    subject.by_track.get().ok_or_else(|| Stop::NotRun("track did not pass".to_owned()))
}

/// The bytes of each track contain all of its samples, and so all tracks together all samples.
pub async fn cover(subject: &Subject) -> CheckResult {
    let (media, mut all) = (subject.media()?, Ranges::default());
    for track in given(subject)? {
        if let Some(missing) = media.uncovered(Some(track.place), &track.ranges)? {
            let request = subject.request().range(format!("track={}", track.name));
            return Err(request.violated("all media of the track", missing));
        }
        all.extend(track.ranges.iter().cloned());
    }
    Ok(format!("{} bytes of media in {} of {}", media.bytes(), all.len(), subject.whole.len()))
}

/// The same for consecutive stretches of time of each track. If a track has nothing in a stretch, 416 is right.
pub async fn with_time(subject: &Subject) -> CheckResult {
    let tracks = given(subject)?;
    let duration = subject.duration().await?;
    let mut random = subject.random("track-time");
    let mut asked = 0;
    for track in tracks {
        let mut covered = Ranges::default();
        let pieces = subject.pieces.div_ceil(tracks.len()).max(2);
        for stretch in AskedTime::consecutive(&mut random, pieces, duration) {
            let answer = subject.ask(format!("track={};t:npt={stretch}", track.name)).await?;
            asked += 1;
            if answer.status == StatusCode::RANGE_NOT_SATISFIABLE {
                continue;
            }
            let laid = CheckedAnswer::over(&subject.whole, answer).await;
            let laid = laid.map_err(|stop| if asked == 1 { stop } else { stop.insist() })?;
            holds(&laid, stretch, duration)?;
            covered.extend(laid.parts);
        }
        if let Some(missing) = subject.media()?.uncovered(Some(track.place), &covered)? {
            let request = subject.request().range(format!("track={};t:npt=A-B", track.name));
            return Err(request.violated("consecutive stretches of time that hold all media of the track", missing));
        }
    }
    Ok(format!("{asked} stretches of {} tracks", tracks.len()))
}

/// An unknown track is not satisfiable.
pub async fn unknown(subject: &Subject) -> CheckResult {
    given(subject)?;
    unsatisfiable(subject, "track=no-such-track".to_owned()).await
}
