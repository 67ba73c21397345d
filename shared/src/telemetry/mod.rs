//! What the programs say of themselves: one line an event on standard error, as JSON where Lambda reads it and as text where a
//! person does ([`init`]); what a request cost ([`Meter`]), for the one line that is written of it; figures for CloudWatch
//! ([`metrics`]); and what users did ([`audit`]).
//!
//! No line has a secret in it: what is logged of a request is what it was understood to be (a space, a content, a fragment),
//! and never its query, its `Authorization` or its cookies as they came.

pub mod audit;
mod meter;
pub mod metrics;
mod redact;
mod trace;

pub use meter::{Index, Meter, Notes, Tally, carried, note, within};
pub(crate) use meter::{Service, count};
pub use redact::redacted;
pub use trace::{lag, root};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The finest level that is ever written, whatever `RUST_LOG` asks for. One level finer Lambda's runtime and the AWS SDKs write
/// whole requests and answers, with passwords and what is kept of them.
pub const FINEST: LevelFilter = LevelFilter::DEBUG;

/// Begins to write events, of the levels that `RUST_LOG` names (`info` where it names none). A second call has no effect.
pub fn init() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let events = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // An error here says that somebody has set up their own way already.
    let _ = if std::env::var_os("AWS_LAMBDA_FUNCTION_NAME").is_some() {
        // CloudWatch has the time already.
        events.json().flatten_event(true).without_time().finish().with(FINEST).try_init()
    } else {
        events.compact().finish().with(FINEST).try_init()
    };
}
