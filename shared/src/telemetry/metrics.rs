//! Metrics for CloudWatch in its embedded metric format (*Amazon CloudWatch User Guide*, "Specification: Embedded
//! metric format"): lines of JSON on standard output, from which CloudWatch Logs extracts metrics without a call.
//!
//! They are written only on Lambda (`AWS_LAMBDA_FUNCTION_NAME`), or if `REELSPAN_METRICS` is `stdout`.

use std::env;
use std::io::{self, Write};
use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

/// The namespace of all metrics.
pub const NAMESPACE: &str = "Reelspan";

/// The unit of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number of things.
    Count,
    /// Bytes.
    Bytes,
    /// Milliseconds.
    Milliseconds,
}

impl Unit {
    const fn name(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Bytes => "Bytes",
            Self::Milliseconds => "Milliseconds",
        }
    }
}

/// A metric: its name, its unit and its value.
pub type Figure = (&'static str, Unit, u64);

/// The function, if metrics are written.
static FUNCTION: LazyLock<Option<String>> = LazyLock::new(|| {
    let function = env::var("AWS_LAMBDA_FUNCTION_NAME").ok();
    function.or_else(|| (env::var("REELSPAN_METRICS").as_deref() == Ok("stdout")).then(|| "local".to_owned()))
});

/// Writes metrics, if enabled, for this function and, if given, for this kind of work; `request` is the id that the
/// lines of one invocation share.
pub fn emit(kind: Option<&'static str>, request: Option<&str>, figures: &[Figure]) {
    if let Some(function) = FUNCTION.as_deref() {
        let line = format!("{}\n", document(function, kind, request, figures, SystemTime::now()));
        // In one write, because each line is an event. A failure to write does not concern the request.
        let _ = io::stdout().lock().write_all(line.as_bytes());
    }
}

fn document(function: &str, kind: Option<&str>, request: Option<&str>, figures: &[Figure], now: SystemTime) -> Value {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let metrics = figures.iter().map(|(name, unit, _)| json!({ "Name": name, "Unit": unit.name() }));
    let mut dimensions = vec![vec!["Function"]];
    dimensions.extend(kind.map(|_| vec!["Function", "Kind"]));
    let mut document = Map::new();
    let directive = json!({ "Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": metrics.collect::<Vec<_>>() });
    let timestamp = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    document.insert("_aws".to_owned(), json!({ "Timestamp": timestamp, "CloudWatchMetrics": [directive] }));
    document.insert("Function".to_owned(), function.into());
    document.extend(kind.map(|kind| ("Kind".to_owned(), kind.into())));
    document.extend(request.map(|request| ("RequestId".to_owned(), request.into())));
    document.extend(figures.iter().map(|(name, _, value)| ((*name).to_owned(), (*value).into())));
    Value::Object(document)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_document_is_as_the_specification_has_it() {
        let now = UNIX_EPOCH + Duration::from_millis(1_760_019_120_003);
        let figures = [("Requests", Unit::Count, 1), ("Bytes", Unit::Bytes, 4_055_466)];
        assert_eq!(
            document("fragments", Some("cut"), Some("8f3e"), &figures, now),
            json!({
                "_aws": {
                    "Timestamp": 1_760_019_120_003_u64,
                    "CloudWatchMetrics": [{
                        "Namespace": "Reelspan",
                        "Dimensions": [["Function"], ["Function", "Kind"]],
                        "Metrics": [{ "Name": "Requests", "Unit": "Count" }, { "Name": "Bytes", "Unit": "Bytes" }],
                    }],
                },
                "Function": "fragments", "Kind": "cut", "RequestId": "8f3e", "Requests": 1, "Bytes": 4_055_466,
            })
        );
        let plain = document("indexer", None, None, &figures, now);
        assert_eq!(plain["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["Function"]]));
        assert_eq!((plain.get("Kind"), plain.get("RequestId")), (None, None));
    }
}
