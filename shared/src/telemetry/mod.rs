//! What the programs report: logs, one line for each event on standard error, as JSON on Lambda and as text elsewhere
//! ([`init`]); the cost of a request ([`Meter`]), for the single line that is written about it; metrics for CloudWatch
//! ([`metrics`]); and the audit trail ([`audit`]).
//!
//! No line contains a secret: a log names what a request was understood to be (a space, a content, a fragment), and
//! never its raw query, `Authorization` field or cookies.

pub mod audit;
mod meter;
pub mod metrics;
mod redact;
mod trace;

pub use meter::{CallTally, IndexLookup, Meter, RequestNotes, carried, note, within};
pub(crate) use meter::{Service, count};
pub use redact::redacted;
pub use trace::{lag, root};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The finest level that is ever written, whatever `RUST_LOG` says. One level finer, Lambda's runtime and the AWS SDKs
/// write whole requests and answers, with passwords and their hashes. Of `tracing` it is not even compiled (`max_level_debug`).
pub const FINEST: LevelFilter = LevelFilter::DEBUG;

/// Starts logging, at the levels that `RUST_LOG` names (`info` by default). A second call has no effect.
pub fn init() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let events = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // An error means that logging has been set up already.
    let _ = if std::env::var_os("AWS_LAMBDA_FUNCTION_NAME").is_some() {
        // CloudWatch adds the time.
        events.json().flatten_event(true).without_time().finish().with(FINEST).try_init()
    } else {
        events.compact().finish().with(FINEST).try_init()
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_finer_than_debug_is_compiled() {
        assert_eq!(tracing::level_filters::STATIC_MAX_LEVEL, FINEST);
    }
}
