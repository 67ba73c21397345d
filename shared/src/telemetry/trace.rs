//! Correlation of log lines: the trace id of a request, and the age of an event.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::DateTime;

/// The length of a trace id: `1-`, eight hexadecimal digits for the time, `-`, and twenty-four.
const LENGTH: usize = 35;

/// The trace id of an X-Ray header (`Root=1-5759e988-bd862e3fe1be46a994272793;Parent=…;Sampled=1`, *AWS X-Ray Developer
/// Guide*, "Tracing header"). `None` if it is invalid, since any client may send the header.
#[must_use]
pub fn root(header: &str) -> Option<&str> {
    let root = header.split(';').find_map(|field| field.trim().strip_prefix("Root="))?;
    let is_id = root.len() == LENGTH && root.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    is_id.then_some(root)
}

/// The time since this time (RFC 3339, as in S3's events); zero if it lies in the future.
#[must_use]
pub fn lag(time: &str) -> Option<Duration> {
    let then = DateTime::parse_from_rfc3339(time).ok()?.timestamp_millis();
    let then = UNIX_EPOCH + Duration::from_millis(u64::try_from(then).ok()?);
    Some(SystemTime::now().duration_since(then).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_id_is_one_or_none() {
        let id = "1-5759e988-bd862e3fe1be46a994272793";
        for (header, expected) in [
            (format!("Root={id};Parent=53995c3f42cd8ad8;Sampled=1"), Some(id)),
            (format!("Self=1-67891234-12456789abcdef012345678;Root={id}"), Some(id)),
            (format!("Root={id}"), Some(id)),
            (format!("Root={id}x"), None),
            ("Root=1-5759e988-\"},{\"a\":\"be46a9942727".to_owned(), None),
            ("Sampled=1".to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(root(&header), expected, "{header}");
        }
    }

    #[test]
    fn lag_is_since_the_event() {
        assert!(lag("2026-01-01T00:00:00.000Z").is_some_and(|lag| lag > Duration::from_mins(1)));
        assert_eq!(lag("2999-01-01T00:00:00.000Z"), Some(Duration::ZERO));
        assert_eq!((lag("yesterday"), lag("")), (None, None));
    }
}
