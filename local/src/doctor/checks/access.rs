//! Checks the credentials and the clock, by AWS's answers.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_config::SdkConfig;
use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, ProvideCredentials, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

use reelspan_accounts::report::Finding;

/// How many seconds a clock may be off. S3 refuses a signature that is a quarter of an hour off. The URLs signed here
/// are valid for an hour, those for viewers possibly for much less.
const APART: i64 = 60;

/// Checks that there are credentials.
pub async fn credentials(aws: &SdkConfig) -> Finding {
    let what = "credentials";
    let remedy = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
    let Some(provider) = aws.credentials_provider() else { return Finding::wrong(what, "none found", remedy) };
    if aws.region().is_none() {
        return Finding::wrong(what, "no region is named", "set AWS_REGION");
    }
    match provider.provide_credentials().await {
        Ok(credentials) => Finding::ok(what, format!("access key {}", credentials.access_key_id())),
        Err(_) => Finding::wrong(what, "none found", remedy),
    }
}

/// Compares this machine's clock with that of the servers that answer.
#[derive(Clone, Debug, Default)]
pub struct ServerClock(Arc<Mutex<Option<i64>>>);

impl ServerClock {
    /// The finding; `None` if no answer had a date.
    pub fn finding(&self) -> Option<Finding> {
        let ahead = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        let off = |direction: &str| format!("{} s {direction} AWS's", ahead.abs());
        Some(match ahead {
            _ if ahead.abs() <= APART => Finding::ok("clock", format!("within {APART} s of AWS's")),
            _ => {
                let off = if ahead > 0 { off("ahead of") } else { off("behind") };
                Finding::wrong("clock", off, "set this machine's clock: its signatures expire too soon or too late")
            }
        })
    }
}

impl Intercept for ServerClock {
    fn name(&self) -> &'static str {
        "Clock"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date =
            context.response().headers().get("date").and_then(|date| DateTime::from_str(date, Format::HttpDate).ok());
        if let Some(date) = date {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
            let ahead = i64::try_from(now).unwrap_or_default() - date.secs();
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(ahead);
        }
        Ok(())
    }
}
