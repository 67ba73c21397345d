//! Byte ranges (RFC 9110 §14).

use http::StatusCode;
use http::header::CONTENT_RANGE;

use crate::verify::checked::CheckedAnswer;
use crate::verify::client::{Client, ClientRequest};
use crate::verify::random::RandomChoices;
use crate::verify::ranges::Ranges;
use crate::verify::subject::Subject;
use crate::verify::verdict::{CheckResult, Stop};
use crate::verify::whole::WholeResource;

/// A server may return less than requested, from its start, and the client requests the rest; but not endlessly.
const MOST_ANSWERS: usize = 4096;

/// Consecutive ranges of random sizes, joined, are the whole.
pub async fn pieces(subject: &Subject) -> CheckResult {
    joined(&subject.client, &subject.request(), &subject.whole, subject.pieces, &mut subject.random("bytes")).await
}

/// Takes a resource apart by consecutive byte ranges.
pub async fn joined(
    client: &Client,
    of: &ClientRequest,
    whole: &WholeResource,
    pieces: usize,
    random: &mut RandomChoices,
) -> CheckResult {
    if whole.len() == 0 {
        return Err(Stop::NotRun("it is empty".to_owned()));
    }
    let mut ends = random.cuts(pieces, whole.len());
    ends.push(whole.len());
    let (mut at, mut answers) = (0, 0);
    for end in ends {
        let wanted = Ranges::from_iter([at..end]);
        let took = taken(client, of, whole, &wanted).await;
        answers += took.map_err(|stop| if answers == 0 { stop } else { stop.insist() })?;
        at = end;
    }
    Ok(format!("{answers} ranges, {} bytes", whole.len()))
}

/// Requests these bytes of a resource, and requests the rest if an answer has only some of them. Returns the number of
/// answers.
pub async fn taken(client: &Client, of: &ClientRequest, whole: &WholeResource, wanted: &Ranges) -> Result<usize, Stop> {
    let mut missing = wanted.clone();
    for answers in 1..=MOST_ANSWERS {
        let request = of.clone().range(format!("bytes={missing}"));
        let laid = CheckedAnswer::over(whole, client.send(&request).await?).await;
        let came = laid.map_err(|stop| if answers == 1 { stop } else { stop.insist() })?.ranges();
        let left: Ranges = missing.iter().flat_map(|range| came.missing(range)).collect();
        // Several ranges may come as one range that includes the gaps; a single range comes alone, and from its start.
        let one = missing.iter().count() == 1;
        let from_start = missing.iter().next().map(|range| range.start) == came.iter().next().map(|range| range.start);
        if left == missing || (one && !(from_start && missing.hold_all(&came))) {
            return Err(request.violated(format!("bytes {missing}"), format!("bytes {came}")));
        }
        if left.len() == 0 {
            return Ok(answers);
        }
        missing = left;
    }
    Err(of
        .clone()
        .range(format!("bytes={missing}"))
        .violated("the rest", format!("{MOST_ANSWERS} answers, and no end")))
}

/// `bytes=K-` begins at K, and reaches to the end unless the server gives less.
pub async fn open(subject: &Subject) -> CheckResult {
    let at = subject.random("bytes-open").below(subject.whole.len());
    let laid = subject.lay(format!("bytes={at}-")).await?;
    match laid.parts.as_slice() {
        [part] if part.start == at => Ok(format!("{} bytes from {at}", part.end - at)),
        _ => Err(laid.request.violated(format!("bytes from {at}"), format!("bytes {}", laid.ranges()))),
    }
}

/// `bytes=-K` are the last K.
pub async fn last(subject: &Subject) -> CheckResult {
    let length = subject.whole.len();
    let count = 1 + subject.random("bytes-last").below(length);
    let laid = subject.lay(format!("bytes=-{count}")).await?;
    match laid.parts.as_slice() {
        [part] if part.start == length.saturating_sub(count) => Ok(format!("the last {count} bytes")),
        _ => Err(laid.request.violated(format!("the last {count} bytes"), format!("bytes {}", laid.ranges()))),
    }
}

/// All of several ranges in one request arrive, each as a part that names its range.
pub async fn several(subject: &Subject) -> CheckResult {
    let length = subject.whole.len();
    let mut random = subject.random("bytes-several");
    let cuts = random.cuts(8, length);
    let asked: Ranges = cuts.chunks(2).filter_map(|pair| Some(*pair.first()?..*pair.get(1)?)).collect();
    if asked.iter().count() < 2 {
        return Err(Stop::NotRun(format!("{length} bytes are too few")));
    }
    let laid = subject.lay(format!("bytes={asked}")).await?;
    if !laid.ranges().hold_all(&asked) {
        let stop = laid.request.violated(format!("bytes {asked}"), format!("bytes {}", laid.ranges()));
        // A server may return only some of the ranges (RFC 9110 §15.3.7), but nothing else instead.
        return Err(if asked.hold_all(&laid.ranges()) { stop.forgive() } else { stop });
    }
    Ok(format!("{} ranges as {} parts", asked.iter().count(), laid.parts.len()))
}

/// A range behind the end is not satisfiable, and the answer gives the length of the resource.
pub async fn behind(subject: &Subject) -> CheckResult {
    let length = subject.whole.len();
    let answer = subject.ask(format!("bytes={length}-{}", length + 99)).await?;
    if answer.status == StatusCode::OK {
        return Err(CheckedAnswer::ignored(&answer));
    }
    answer.expect(StatusCode::RANGE_NOT_SATISFIABLE)?;
    let expected = format!("bytes */{length}");
    if answer.field(CONTENT_RANGE.as_str()).map(str::trim) != Some(expected.as_str()) {
        return Err(answer.violated(format!("Content-Range: {expected}"), answer.shown("content-range")));
    }
    Ok(expected)
}
