//! Metrics for CloudWatch in its embedded metric format (*Amazon CloudWatch User Guide*, "Specification: Embedded
//! metric format"): lines of JSON on standard output, from which CloudWatch Logs extracts metrics without a call.
//!
//! They are written only on Lambda (`AWS_LAMBDA_FUNCTION_NAME`), or if `REELSPAN_METRICS` is `stdout`.

use std::env;
use std::io::{self, Write};
use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Serialize, Serializer};

/// The namespace of all metrics.
pub const NAMESPACE: &str = "Reelspan";

/// The unit of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricUnit {
    /// A number of things.
    Count,
    /// Bytes.
    Bytes,
    /// Milliseconds.
    Milliseconds,
}

impl MetricUnit {
    const fn name(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Bytes => "Bytes",
            Self::Milliseconds => "Milliseconds",
        }
    }
}

/// A metric: its name, its unit and its value.
pub type Figure = (&'static str, MetricUnit, u64);

/// The function, if metrics are written.
static FUNCTION: LazyLock<Option<String>> = LazyLock::new(|| {
    let function = env::var("AWS_LAMBDA_FUNCTION_NAME").ok();
    function.or_else(|| (env::var("REELSPAN_METRICS").as_deref() == Ok("stdout")).then(|| "local".to_owned()))
});

/// Writes metrics, if enabled, for this function and, if given, for this kind of work; `request` is the id that the
/// lines of one invocation share.
pub fn emit(kind: Option<&'static str>, request: Option<&str>, figures: &[Figure]) {
    if let Some(function) = FUNCTION.as_deref() {
        let Ok(mut line) = serde_json::to_vec(&document(function, kind, request, figures, SystemTime::now())) else {
            return;
        };
        line.push(b'\n');
        // In one write, because each line is an event. A failure to write does not concern the request.
        let _ = io::stdout().lock().write_all(&line);
    }
}

/// A line, which is written for each request: as it is, without a tree of JSON.
#[derive(Serialize)]
struct MetricsDocument<'a> {
    #[serde(rename = "_aws")]
    aws: Metadata<'a>,
    #[serde(rename = "Function")]
    function: &'a str,
    #[serde(rename = "Kind", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    #[serde(rename = "RequestId", skip_serializing_if = "Option::is_none")]
    request: Option<&'a str>,
    #[serde(flatten)]
    values: MetricValues<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata<'a> {
    /// Milliseconds since 1970.
    timestamp: u128,
    cloud_watch_metrics: [Directive<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    namespace: &'static str,
    dimensions: &'static [&'static [&'static str]],
    metrics: Definitions<'a>,
}

/// The names and the units of metrics.
struct Definitions<'a>(&'a [Figure]);

/// The values of metrics, by name.
struct MetricValues<'a>(&'a [Figure]);

impl Serialize for Definitions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Definition {
            name: &'static str,
            unit: &'static str,
        }
        serializer.collect_seq(self.0.iter().map(|(name, unit, _)| Definition { name, unit: unit.name() }))
    }
}

impl Serialize for MetricValues<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, _, value)| (name, value)))
    }
}

fn document<'a>(
    function: &'a str,
    kind: Option<&'a str>,
    request: Option<&'a str>,
    figures: &'a [Figure],
    now: SystemTime,
) -> MetricsDocument<'a> {
    let timestamp = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let dimensions: &[&[&str]] =
        if kind.is_some() { &[&["Function"], &["Function", "Kind"]] } else { &[&["Function"]] };
    let directive = Directive { namespace: NAMESPACE, dimensions, metrics: Definitions(figures) };
    let aws = Metadata { timestamp, cloud_watch_metrics: [directive] };
    MetricsDocument { aws, function, kind, request, values: MetricValues(figures) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_is_as_the_specification_has_it() {
        let now = UNIX_EPOCH + Duration::from_millis(1_760_019_120_003);
        let figures = [("Requests", MetricUnit::Count, 1), ("Bytes", MetricUnit::Bytes, 4_055_466)];
        assert_eq!(
            json!(document("fragments", Some("cut"), Some("8f3e"), &figures, now)),
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
        let plain = json!(document("indexer", None, None, &figures, now));
        assert_eq!(plain["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["Function"]]));
        assert_eq!((plain.get("Kind"), plain.get("RequestId")), (None, None));
    }
}
