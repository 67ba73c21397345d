//! Conditional requests: whether the current object satisfies a request's conditions. (RFC 9110 §13; *Amazon S3 API
//! Reference*, `GetObject`, `PutObject` and `CopyObject`.)

use s3s::{
    S3Error, S3Result,
    dto::{ETag, ETagCondition, Timestamp},
    header, s3_error,
};

use super::{catalogue::CatalogueObject, timestamp};

/// The four conditions that a request may have.
#[derive(Debug, Default)]
pub struct ObjectConditions {
    /// `If-Match`
    pub matches: Option<ETagCondition>,
    /// `If-None-Match`
    pub none_matches: Option<ETagCondition>,
    /// `If-Modified-Since`
    pub modified_since: Option<Timestamp>,
    /// `If-Unmodified-Since`
    pub unmodified_since: Option<Timestamp>,
}

impl ObjectConditions {
    /// Checks the conditions of a read, in the order of RFC 9110 §13.2.2: 412, or 304 with the object's validators.
    pub fn check_read(&self, object: &CatalogueObject) -> S3Result<()> {
        self.judge(object, || not_modified(object))
    }

    /// Checks the conditions on the source of a copy: there, every refusal is a 412.
    pub fn check_source(&self, object: &CatalogueObject) -> S3Result<()> {
        self.judge(object, refused)
    }

    /// Checks the conditions of a write against the current object: a write has `If-Match`, or `If-None-Match: *`.
    pub fn check_write(&self, current: Option<&CatalogueObject>) -> S3Result<()> {
        if self.matches.is_some() && current.is_none() {
            return Err(s3_error!(NoSuchKey, "The specified key does not exist."));
        }
        let unmet = current.is_some_and(|object| {
            self.matches.as_ref().is_some_and(|condition| !is_match(condition, object))
                || self.none_matches.as_ref().is_some_and(|condition| is_named(condition, object))
        });
        if unmet { Err(refused()) } else { Ok(()) }
    }

    fn judge(&self, object: &CatalogueObject, unchanged: impl FnOnce() -> S3Error) -> S3Result<()> {
        let modified = timestamp(object.modified);
        let as_it_was = match (&self.matches, &self.unmodified_since) {
            (Some(condition), _) => is_match(condition, object),
            (None, Some(since)) => modified <= *since,
            (None, None) => true,
        };
        if !as_it_was {
            return Err(refused());
        }
        let changed = match (&self.none_matches, &self.modified_since) {
            (Some(condition), _) => !is_named(condition, object),
            (None, Some(since)) => modified > *since,
            (None, None) => true,
        };
        if changed { Ok(()) } else { Err(unchanged()) }
    }
}

/// Whether `If-Match` holds: a weak tag never identifies an object's exact bytes (RFC 9110 §13.1.1).
fn is_match(condition: &ETagCondition, object: &CatalogueObject) -> bool {
    matches!(condition, ETagCondition::Any)
        || matches!(condition, ETagCondition::ETag(ETag::Strong(value)) if *value == object.etag)
}

/// Whether `If-None-Match` names the object, weakly or not (RFC 9110 §13.1.2).
fn is_named(condition: &ETagCondition, object: &CatalogueObject) -> bool {
    matches!(condition, ETagCondition::Any)
        || matches!(condition, ETagCondition::ETag(etag) if etag.value() == object.etag)
}

fn refused() -> S3Error {
    s3_error!(PreconditionFailed, "At least one of the conditions that were given does not hold.")
}

fn not_modified(object: &CatalogueObject) -> S3Error {
    let mut error = s3_error!(NotModified);
    let mut headers = http::HeaderMap::new();
    if let Ok(etag) = format!("\"{}\"", object.etag).parse() {
        headers.insert(header::ETAG, etag);
    }
    let mut date = Vec::new();
    if timestamp(object.modified).format(s3s::dto::TimestampFormat::HttpDate, &mut date).is_ok()
        && let Ok(date) = http::HeaderValue::from_bytes(&date)
    {
        headers.insert(header::LAST_MODIFIED, date);
    }
    error.set_headers(headers);
    error
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

    use s3s::dto::ETagCondition;

    use super::*;
    use crate::s3::catalogue::ObjectAttributes;

    const WHEN: i64 = 1_000_000;

    fn object() -> CatalogueObject {
        let attributes = ObjectAttributes::default();
        CatalogueObject { body: String::new(), size: 1, etag: "abc".into(), modified: WHEN, attributes }
    }

    fn tag(text: &str) -> Option<ETagCondition> {
        ETagCondition::parse_http_header(text.as_bytes()).ok()
    }

    #[test]
    fn a_read_is_judged_in_the_order_of_rfc_9110() {
        let since = |offset| Some(timestamp(WHEN + offset));
        let cases = [
            (tag("\"abc\""), None, None, None, 200),
            (tag("\"xyz\""), None, None, None, 412),
            (tag("W/\"abc\""), None, None, None, 412),
            (tag("*"), None, None, None, 200),
            (None, tag("\"abc\""), None, None, 304),
            (None, tag("W/\"abc\""), None, None, 304),
            (None, tag("\"xyz\""), None, None, 200),
            (None, None, since(0), None, 304),
            (None, None, since(-1), None, 200),
            (None, None, None, since(0), 200),
            (None, None, None, since(-1), 412),
            // The tag decides if there is one.
            (tag("\"abc\""), None, None, since(-1), 200),
            (None, tag("\"xyz\""), since(0), None, 200),
            // Both kinds: first whether the object is unchanged, then whether it is new to the client.
            (tag("\"xyz\""), tag("\"abc\""), None, None, 412),
        ];
        for (matches, none_matches, modified_since, unmodified_since, status) in cases {
            let conditions = ObjectConditions { matches, none_matches, modified_since, unmodified_since };
            let got = match conditions.check_read(&object()) {
                Ok(()) => 200,
                Err(error) => error.status_code().unwrap().as_u16(),
            };
            assert_eq!(got, status, "{conditions:?}");
        }
    }
}
