//! What is checked of a stream: what `docs/packaging.md` promises.

use std::collections::BTreeMap;

use reelspan::http::etag;
use reelspan_engine::container::{self, Payload};
use reelspan_engine::media::{Kind, Run, Ticks, Time};

use super::packets::{self, StreamDigests};
use super::{FetchedRendition, RunSamples, SegmentRun, StreamCheck, VerifiedStream};
use crate::file::FileSource;
use crate::verify::media::MediaStructure;
use crate::verify::verdict::{CheckResult, Stop};
use crate::verify::whole::WholeResource;

/// All checks, in order.
pub const ALL: &[StreamCheck] = &[
    StreamCheck {
        name: "lists",
        rule: "every rendition has segments, none longer than the target duration",
        run: lists,
    },
    StreamCheck {
        name: "durations",
        rule: "a segment lasts as long as is listed; packets up to a frame, those of a part up to six, sound of a part up to three more or less",
        run: durations,
    },
    StreamCheck {
        name: "gapless",
        rule: "a sample begins when the one before it ends, in every segment, and at every period of DASH; counters of \
               packets and times of packed audio go on",
        run: gapless,
    },
    StreamCheck {
        name: "sync",
        rule: "every segment begins with a sync sample, packets with tables before it",
        run: sync,
    },
    StreamCheck {
        name: "aligned",
        rule: "the segments of all renditions begin at the same instants, up to one frame",
        run: aligned,
    },
    StreamCheck {
        name: "originals",
        rule: "the samples or packets of a rendition are those of the stored file",
        run: originals,
    },
];

/// How far a duration may be rounded.
const ROUNDED: Time = Time(1_000_000);

/// How far sound may change its configuration from where pictures do.
const CHANGES: Time = Time(500_000_000);

fn lists(stream: &VerifiedStream) -> CheckResult {
    let mut count = 0;
    for FetchedRendition { listing, .. } in &stream.renditions {
        let request = super::ClientRequest::get(listing.url.as_str());
        if listing.segments.is_empty() {
            return Err(request.violated("segments", "none"));
        }
        let longest = listing.segments.iter().map(|segment| segment.duration).max().unwrap_or(Time::ZERO);
        // RFC 8216bis §4.4.3.1.
        let rounded = (longest.0 + 500_000_000) / 1_000_000_000;
        if let Some(target) =
            listing.target.and_then(|target| i64::try_from(target).ok()).filter(|target| rounded > *target)
        {
            return Err(request.violated(format!("segments of at most {target} s"), format!("one of {longest} s")));
        }
        count += listing.segments.len();
    }
    if stream.renditions.is_empty() {
        return Err(super::ClientRequest::get(stream.url.as_str()).violated("renditions", "none"));
    }
    Ok(format!("{} renditions, {count} segments", stream.renditions.len()))
}

fn durations(stream: &VerifiedStream) -> CheckResult {
    let mut most = Time::ZERO;
    for rendition in &stream.renditions {
        let (_, longest) = starts(rendition)?;
        let is_packets = rendition.is_packets();
        for RunSamples { track, segments, .. } in rendition.samples()? {
            for (at, samples) in &segments {
                let Some(listed) = rendition.listing.segments.get(*at) else { continue };
                let lasts = samples.iter().fold(Ticks::ZERO, |sum, sample| sum + sample.duration);
                let lasts = track.timescale.time(lasts);
                let difference = apart(lasts, listed.duration);
                let is_rough = stream.is_part && track.kind == Kind::Audio;
                let frames = match (is_rough, is_packets) {
                    (true, _) => 3,
                    // Only the next time stamp says how long a frame lasts; pictures behind a part may be needed in it.
                    (false, true) => {
                        if stream.is_part {
                            6
                        } else {
                            1
                        }
                    }
                    (false, false) => 0,
                };
                // The last one lasts until the last of its tracks ends.
                let is_last = is_packets && at + 1 == rendition.listing.segments.len();
                let is_longer = is_last && listed.duration > lasts;
                if difference > ROUNDED + Time(longest.0.saturating_mul(frames)) && !is_longer {
                    let (expected, came) = (format!("{} s", listed.duration), format!("samples of {lasts} s"));
                    return Err(rendition.request(*at).violated(expected, came));
                }
                most = most.max(difference);
            }
        }
    }
    Ok(format!("within {most} s"))
}

fn gapless(stream: &VerifiedStream) -> CheckResult {
    let mut count = 0;
    for rendition in &stream.renditions {
        // When the run before ended in the presentation, and its period.
        let mut before: Option<(Time, usize)> = None;
        for RunSamples { track, segments, period, origin } in rendition.samples()? {
            // Behind a discontinuity of HLS, time stamps may begin anew.
            let mut end = None;
            let presented = |ticks| track.timescale.time(ticks) + origin.unwrap_or(Time::ZERO);
            let is_known = before.is_some_and(|(_, of)| of == period) || origin.is_some();
            let mut ended = before.filter(|_| is_known).map(|(time, _)| time);
            for (at, sample) in
                segments.iter().flat_map(|(at, samples)| samples.iter().map(move |sample| (*at, sample)))
            {
                let (expected, came) = (end.map(presented).or(ended.take()), presented(sample.decode));
                let is_gap = match end {
                    Some(end) => end != sample.decode,
                    None => expected.is_some_and(|expected| apart(expected, came) > ROUNDED),
                };
                if let (Some(expected), true) = (expected, is_gap) {
                    let (expected, came) = (format!("a sample at {expected} s"), format!("one at {came} s"));
                    return Err(rendition.request(at).violated(expected, came));
                }
                end = Some(sample.decode_end());
                count += 1;
            }
            before = end.map(|end| (presented(end), period)).or(before);
        }
        for segment_run in &rendition.segment_runs {
            counters(stream, rendition, segment_run)?;
        }
        stamps(rendition)?;
    }
    Ok(format!("{count} samples"))
}

/// The counters of each stream of packets go on, unless they are said to begin anew.
fn counters(stream: &VerifiedStream, rendition: &FetchedRendition, segment_run: &SegmentRun) -> Result<(), Stop> {
    if !segment_run.is_packets() {
        return Ok(());
    }
    let (pids, mut counters) = (segment_run.pids(), BTreeMap::new());
    packets::each(&segment_run.file, |number, packet| {
        let pid = packet.pid();
        let Some(counter) = packet.counter().filter(|_| pids.contains(&pid)) else { return Ok(()) };
        let at = segment_run.segment_at(number * packets::PACKET as u64);
        let expected = counters.insert(pid, counter).map(|before| (before + 1) & 0xF);
        // Pictures before a part may be left out.
        let may_jump = packet.begins_anew() || stream.is_part && at == 0;
        match expected.filter(|expected| *expected != counter && !may_jump) {
            Some(expected) => {
                let (expected, came) = (format!("counter {expected} of PID {pid}"), counter.to_string());
                // The stored file may have lost some.
                Err(rendition.request(at).violated(expected, came).forgive())
            }
            None => Ok(()),
        }
    })
}

/// The tags of packed audio say when its frames begin.
fn stamps(rendition: &FetchedRendition) -> Result<(), Stop> {
    for (segment_run, samples) in rendition.segment_runs.iter().zip(rendition.samples()?) {
        let zero = segment_run.stamps.first().copied().flatten();
        let first = samples.segments.first().and_then(|(_, samples)| samples.first());
        let (Some(zero), Some(first)) = (zero, first) else { continue };
        for ((at, samples_of), stamp) in samples.segments.iter().zip(&segment_run.stamps) {
            let Some(sample) = samples_of.first() else { continue };
            let behind = samples.track.timescale.time(sample.decode - first.decode);
            let expected = u64::try_from(i128::from(behind.0) * 90_000 / 1_000_000_000).unwrap_or(0) + zero;
            let came = stamp.map(|stamp| stamp & STAMP);
            if came.is_none_or(|came| came.abs_diff(expected & STAMP) > 2) {
                let came = came.map_or_else(|| "none".to_owned(), |came| came.to_string());
                return Err(rendition.request(*at).violated(format!("a tag with the time {}", expected & STAMP), came));
            }
        }
    }
    Ok(())
}

/// The bits of a time stamp.
const STAMP: u64 = 0x1_ffff_ffff;

/// How far two times are apart.
fn apart(one: Time, other: Time) -> Time {
    Time((one.0 - other.0).abs())
}

fn sync(stream: &VerifiedStream) -> CheckResult {
    let mut count = 0;
    for rendition in &stream.renditions {
        for (at, samples) in rendition.samples()?.into_iter().flat_map(|segment_run| segment_run.segments) {
            if !samples.first().is_some_and(|first| first.sync) {
                return Err(rendition.request(at).violated("a sync sample", "another first"));
            }
            count += 1;
        }
        for segment_run in rendition.segment_runs.iter().filter(|segment_run| segment_run.is_packets()) {
            tables(rendition, segment_run)?;
        }
    }
    Ok(format!("{count} segments"))
}

/// Every segment of packets begins with the table of programs (RFC 8216bis §3.1.2).
fn tables(rendition: &FetchedRendition, segment_run: &SegmentRun) -> Result<(), Stop> {
    let mut begun = None;
    packets::each(&segment_run.file, |number, packet| {
        let at = segment_run.segment_at(number * packets::PACKET as u64);
        if begun.replace(at) != Some(at) && packet.pid() != 0 {
            let came = format!("one of PID {}", packet.pid());
            return Err(rendition.request(at).violated("a packet of the table of programs first", came));
        }
        Ok(())
    })
}

/// When a segment begins, by its own time stamps: they are comparable within a period.
struct SegmentStart {
    segment: usize,
    period: usize,
    time: Time,
    /// Whether it is the first one of its period.
    begins_period: bool,
}

/// When the segments of a rendition begin, and how long its longest sample lasts.
fn starts(rendition: &FetchedRendition) -> Result<(Vec<SegmentStart>, Time), Stop> {
    let (mut starts, mut longest) = (Vec::<SegmentStart>::new(), Time::ZERO);
    for RunSamples { track, segments, period, origin } in rendition.samples()? {
        for (segment, samples) in segments {
            let Some(first) = samples.first() else { continue };
            let time = track.timescale.time(first.presentation() - track.shift()) + origin.unwrap_or(Time::ZERO);
            let begins_period = starts.last().is_none_or(|before| before.period != period);
            starts.push(SegmentStart { segment, period, time, begins_period });
            let lasts = samples.iter().map(|sample| sample.duration).max().unwrap_or(Ticks::ZERO);
            longest = longest.max(track.timescale.time(lasts));
        }
    }
    Ok((starts, longest))
}

fn aligned(stream: &VerifiedStream) -> CheckResult {
    let [leader, others @ ..] = stream.renditions.as_slice() else {
        return Err(Stop::NotRun("there is no rendition".to_owned()));
    };
    if others.is_empty() {
        return Ok("there is one rendition".to_owned());
    }
    if stream.renditions.iter().any(FetchedRendition::is_packets) {
        return Err(Stop::NotRun("the renditions are packets, whose time stamps begin anywhere".to_owned()));
    }
    let (leading, _) = starts(leader)?;
    let mut most = Time::ZERO;
    for rendition in others {
        let (own, frame) = starts(rendition)?;
        // A track may begin later than the others, or end earlier.
        for SegmentStart { segment, period, time, begins_period } in own.into_iter().skip(1) {
            let of_period = || leading.iter().filter(|other| other.period == period);
            let nearest = of_period().map(|other| apart(other.time, time)).min().unwrap_or(Time::MAX);
            let within = frame + if begins_period { CHANGES } else { ROUNDED };
            if nearest > within && of_period().next_back().is_none_or(|last| time < last.time) {
                let came = format!("the nearest of the leading rendition {nearest} s away");
                let stop =
                    rendition.request(segment).violated(format!("a segment at {time} s in every rendition"), came);
                return Err(stop.forgive());
            }
            most = most.max(if nearest > within { Time::ZERO } else { nearest });
        }
    }
    Ok(format!("within {most} s"))
}

fn originals(stream: &VerifiedStream) -> CheckResult {
    let (mut count, mut packets_count) = (0, 0);
    for rendition in &stream.renditions {
        let (whole, stored) = stream.stored_of(rendition)?;
        if rendition.is_packets() {
            packets_count += originals_of_packets(stream, rendition, (whole, stored))?;
            continue;
        }
        let file = FileSource::open(whole.path()).map_err(|error| Stop::NotRun(error.to_string()))?;
        let mut tracks = Vec::with_capacity(stored.outline.tracks.len());
        for place in 0..stored.outline.tracks.len() {
            tracks.push(digests(stored, place, &file).unwrap_or_default());
        }
        let mut own = Vec::new();
        for segment_run in &rendition.segment_runs {
            let file = FileSource::open(&segment_run.file).map_err(|error| Stop::NotRun(error.to_string()))?;
            let (_, media, place) = segment_run.track()?;
            own.extend(digests(media, place, &file)?.into_iter().map(|sample| sample.digest));
        }
        let kept =
            |original: &[FileSample]| if stream.is_part { is_within(&own, original) } else { is_all(&own, original) };
        if !tracks.iter().any(|original| kept(original)) {
            let expected = format!("the samples of a track of {}", stream.url.split("/~/").next().unwrap_or_default());
            let came = format!("{} samples that are no track's", own.len());
            return Err(super::ClientRequest::get(rendition.listing.url.as_str()).violated(expected, came));
        }
        count += own.len();
    }
    Ok(match packets_count {
        0 => format!("{count} samples, bit for bit"),
        packets => format!("{packets} packets, bit for bit"),
    })
}

/// The packets of pictures and sound in the segments are those of the stored file, in order, up to its end.
fn originals_of_packets(
    stream: &VerifiedStream,
    rendition: &FetchedRendition,
    (whole, stored): (&WholeResource, &MediaStructure),
) -> Result<usize, Stop> {
    let mut pids: Vec<u16> = rendition.segment_runs.iter().flat_map(SegmentRun::pids).collect();
    pids.sort_unstable();
    pids.dedup();
    let originals = StreamDigests::of(whole.path(), &pids)?;
    for track in &stored.outline.tracks {
        let is_own = u16::try_from(track.id)
            .is_ok_and(|pid| pids.contains(&pid) && originals.begun(pid) as u64 != track.samples);
        if is_own && track.kind != Kind::Audio {
            let why = format!("pictures of track {} begin within packets, which are written anew", track.id);
            return Err(Stop::NotRun(why));
        }
    }
    // Pictures before a part may be left out.
    let mut compared: BTreeMap<u16, _> =
        pids.iter().map(|pid| (*pid, originals.compare(*pid, stream.is_part))).collect();
    let mut count = 0;
    for segment_run in &rendition.segment_runs {
        packets::each(&segment_run.file, |number, packet| {
            let Some(comparison) = compared.get_mut(&packet.pid()) else { return Ok(()) };
            count += 1;
            if comparison.next(&packet) {
                return Ok(());
            }
            let at = segment_run.segment_at(number * packets::PACKET as u64);
            let expected = format!("the next packet of PID {} of the stored file", packet.pid());
            Err(rendition.request(at).violated(expected, "another packet"))
        })?;
    }
    if let Some((pid, _)) = compared.iter().find(|(_, comparison)| !stream.is_part && !comparison.is_at_end()) {
        let expected = format!("all packets of PID {pid}");
        return Err(super::ClientRequest::get(rendition.listing.url.as_str()).violated(expected, "not the last ones"));
    }
    Ok(count)
}

/// A sample of a file.
struct FileSample {
    digest: String,
    /// Whether a stream of the whole has it: not if it cannot be decoded, or has no bytes.
    is_due: bool,
}

/// Whether these are all samples of a track that are due, in order.
fn is_all(own: &[String], original: &[FileSample]) -> bool {
    let due: Vec<&String> = original.iter().filter(|sample| sample.is_due).map(|sample| &sample.digest).collect();
    !own.is_empty() && own.iter().eq(due)
}

/// Whether these are samples of a track, in order.
fn is_within(own: &[String], original: &[FileSample]) -> bool {
    let mut rest = original.iter();
    !own.is_empty() && own.iter().all(|digest| rest.any(|sample| sample.digest == *digest))
}

/// The digests of the samples of a track.
fn digests(media: &MediaStructure, place: usize, file: &FileSource) -> Result<Vec<FileSample>, Stop> {
    let outline = &media.outline;
    let Some(track) = outline.tracks.get(place) else { return Ok(Vec::new()) };
    let mut samples = Vec::new();
    let (mut parts, mut begun, mut has_sync): (Vec<u8>, Option<Run>, bool) =
        (Vec::new(), None, track.kind == Kind::Audio);
    for run in media.samples(place)? {
        let payload = container::payload(outline, track, &run).map_err(|error| Stop::NotRun(error.to_string()))?;
        let (splice, is_whole) = match payload {
            Payload::Whole(splice) => (splice, true),
            Payload::Part(splice) => (splice, false),
            Payload::Laced(_) => return Err(Stop::NotRun("samples share a block".to_owned())),
        };
        file.write(&splice, &mut parts).map_err(|error| Stop::NotRun(error.to_string()))?;
        let first = begun.get_or_insert_with(|| run.clone());
        has_sync |= first.sync;
        if is_whole {
            let is_due = has_sync && (run.duration > Ticks::ZERO || !parts.is_empty());
            samples.push(FileSample { digest: etag::strong([parts.as_slice()]), is_due });
            parts.clear();
            begun = None;
        }
    }
    Ok(samples)
}
