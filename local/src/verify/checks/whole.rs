//! The whole resource, with which everything else is compared (RFC 9110 §8, §14.3).

use http::StatusCode;
use http::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_TYPE, ETAG};

use crate::verify::subject::Subject;
use crate::verify::verdict::CheckResult;

/// How much of the second answer is compared: enough to notice a difference, without downloading a film twice.
const COMPARED: u64 = 16 << 20;

/// Its header fields are present and true.
pub async fn fields(subject: &Subject) -> CheckResult {
    let whole = &subject.whole;
    let violated = |expected: &str, name: &str| {
        let came = whole.field(name).map_or_else(|| format!("no {name}"), |value| format!("{name}: {value}"));
        Err(subject.request().violated(expected, came))
    };
    let length = whole.field(CONTENT_LENGTH.as_str()).and_then(|value| value.parse::<u64>().ok());
    if length != Some(whole.len()) {
        return violated(&format!("a Content-Length of {}", whole.len()), CONTENT_LENGTH.as_str());
    }
    if whole.mime().is_none_or(|mime| !mime.contains('/')) {
        return violated("a Content-Type", CONTENT_TYPE.as_str());
    }
    if !whole.etag().is_some_and(strong) {
        return violated("a strong ETag", ETAG.as_str());
    }
    let units = whole.field(ACCEPT_RANGES.as_str()).unwrap_or_default();
    if !units.split(',').any(|unit| unit.trim().eq_ignore_ascii_case("bytes")) {
        return violated("Accept-Ranges with bytes", ACCEPT_RANGES.as_str());
    }
    Ok(format!("Accept-Ranges: {units}"))
}

/// A strong validator is a string in quotation marks (RFC 9110 §8.8.3).
pub fn strong(etag: &str) -> bool {
    etag.len() > 2 && etag.starts_with('"') && etag.ends_with('"')
}

/// The same request gives the same answer.
pub async fn again(subject: &Subject) -> CheckResult {
    let mut answer = subject.client.send(&subject.request()).await?;
    answer.expect(StatusCode::OK)?;
    if answer.field(ETAG.as_str()) != subject.whole.etag() {
        let etag = subject.whole.etag().unwrap_or("none");
        return Err(answer.violated(format!("ETag: {etag}, as before"), answer.shown("etag")));
    }
    let length = answer.field(CONTENT_LENGTH.as_str()).map(str::to_owned);
    if length.as_deref() != subject.whole.field(CONTENT_LENGTH.as_str()) {
        let expected = format!("{} bytes, as before", subject.whole.len());
        return Err(answer.violated(expected, answer.shown("content-length")));
    }
    let compared = subject.whole.len().min(COMPARED);
    let same = subject.whole.compare(&mut answer.body, 0..compared).await;
    same.map_err(|fault| answer.violated(fault.expected, fault.came))?;
    Ok(format!("{compared} bytes compared"))
}
