//! A 206 answer, laid over the whole at the offsets that it declares. Whatever the request and the form of the answer,
//! some rules always hold: its parts say where they belong, the bytes are those of the whole, and a mapping names
//! exactly these bytes.

use std::ops::Range;

use http::StatusCode;
use http::header::{CONTENT_RANGE, CONTENT_TYPE, ETAG};

use super::client::{CONTENT_RANGE_MAPPING, ClientRequest, UnreadAnswer};
use super::mapping::ParsedMapping;
use super::multipart::MultipartReader;
use super::ranges::{self, Ranges};
use super::verdict::{AnswerFault, Stop};
use super::whole::WholeResource;

/// An answer that is right as far as it can be judged alone.
#[derive(Clone, Debug)]
pub struct CheckedAnswer {
    /// The request.
    pub request: ClientRequest,
    /// The parts, in the order of the answer.
    pub parts: Vec<Range<u64>>,
    /// The mapping, if it has one.
    mapping: Option<(ParsedMapping, String)>,
}

impl CheckedAnswer {
    /// Reads an answer to its end.
    ///
    /// # Errors
    ///
    /// [`Stop::Ignored`] for a 200, which servers return that do not know the unit; [`Stop::Violated`] for everything
    /// else that is wrong.
    pub async fn over(whole: &WholeResource, mut answer: UnreadAnswer) -> Result<Self, Stop> {
        if answer.status == StatusCode::OK {
            return Err(Self::ignored(&answer));
        }
        answer.expect(StatusCode::PARTIAL_CONTENT)?;
        if answer.field(ETAG.as_str()) != whole.etag() {
            let expected = whole.etag().map_or("no ETag".to_owned(), |etag| format!("ETag: {etag}, as of the whole"));
            return Err(answer.violated(expected, answer.shown("etag")));
        }
        let mapping = match answer.field(CONTENT_RANGE_MAPPING) {
            None => None,
            Some(text) => Some((
                ParsedMapping::parse(text).map_err(|why| {
                    answer.violated("a Content-Range-Mapping in its grammar", format!("{text}: {why}"))
                })?,
                text.to_owned(),
            )),
        };
        let parts = read(whole, &mut answer).await.map_err(|fault| answer.violated(fault.expected, fault.came))?;
        let laid = Self { request: answer.request, parts, mapping };
        laid.agrees(whole)?;
        Ok(laid)
    }

    /// The server returned the whole instead of a part.
    pub fn ignored(answer: &UnreadAnswer) -> Stop {
        answer.violated(StatusCode::PARTIAL_CONTENT.to_string(), answer.status.to_string()).forgive()
    }

    /// The received bytes, as a set.
    pub fn ranges(&self) -> Ranges {
        self.parts.iter().cloned().collect()
    }

    /// The mapping, which is required here.
    pub fn mapping(&self) -> Result<&ParsedMapping, Stop> {
        let mapping = self.mapping.as_ref().map(|(mapping, _)| mapping);
        mapping.ok_or_else(|| self.request.violated("a Content-Range-Mapping", "none"))
    }

    /// The mapping is wrong.
    pub fn mapping_violates(&self, expected: impl Into<String>) -> Stop {
        let came = self.mapping.as_ref().map_or_else(|| "none".to_owned(), |(_, text)| text.clone());
        self.request.violated(expected, format!("Content-Range-Mapping: {came}"))
    }

    /// Checks that the mapping names the received bytes.
    fn agrees(&self, whole: &WholeResource) -> Result<(), Stop> {
        let Some((mapping, _)) = &self.mapping else { return Ok(()) };
        let mapped: Ranges = mapping.ranges.iter().cloned().collect();
        if mapped != self.ranges() {
            return Err(self.mapping_violates(format!("a mapping to the bytes that came, {}", self.ranges())));
        }
        match mapping.length {
            Some(length) if length != whole.len() => {
                Err(self.mapping_violates(format!("a mapping to bytes of {}", whole.len())))
            }
            _ => Ok(()),
        }
    }
}

async fn read(whole: &WholeResource, answer: &mut UnreadAnswer) -> Result<Vec<Range<u64>>, AnswerFault> {
    let content_type = answer.field(CONTENT_TYPE.as_str()).unwrap_or_default().to_owned();
    if let Some(multipart) = MultipartReader::new(&content_type, &mut answer.body) {
        let mut multipart = multipart?;
        let mut parts = Vec::new();
        while let Some(part) = multipart.next().await? {
            within(whole, &part.range, part.length)?;
            whole.compare(multipart.body(), part.range.clone()).await?;
            parts.push(part.range);
        }
        return Ok(parts);
    }
    let value = answer.field(CONTENT_RANGE.as_str());
    let value =
        value.ok_or_else(|| AnswerFault::new("a Content-Range, or multipart/byteranges", "neither"))?.to_owned();
    let (range, length) = ranges::content_range(&value)
        .map_err(|why| AnswerFault::new("a Content-Range", format!("{value:?}: {why}")))?;
    within(whole, &range, length)?;
    whole.compare(&mut answer.body, range.clone()).await?;
    if answer.body.some(1).await.map_err(AnswerFault::broken)?.is_some() {
        return Err(AnswerFault::new(format!("{} bytes, as Content-Range says", range.end - range.start), "more"));
    }
    Ok(vec![range])
}

/// Checks that a part belongs to this resource, and not to a longer one.
fn within(whole: &WholeResource, range: &Range<u64>, length: Option<u64>) -> Result<(), AnswerFault> {
    if length.is_some_and(|length| length != whole.len()) || range.end > whole.len() {
        let length = length.map_or_else(|| "*".to_owned(), |length| length.to_string());
        let came = format!("Content-Range: bytes {}-{}/{length}", range.start, range.end.saturating_sub(1));
        return Err(AnswerFault::new(format!("a part of {} bytes", whole.len()), came));
    }
    Ok(())
}
