//! Counting the calls that are really made, retries among them: what a request costs, for logs and for tests.

use std::fmt;
use std::ops::Sub;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;

/// How many calls each service got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// To S3.
    pub s3: u64,
    /// To DynamoDB.
    pub dynamodb: u64,
}

/// The calls since an earlier count.
impl Sub for Calls {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self { s3: self.s3.saturating_sub(earlier.s3), dynamodb: self.dynamodb.saturating_sub(earlier.dynamodb) }
    }
}

impl fmt::Display for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to S3, {} to DynamoDB", self.s3, self.dynamodb)
    }
}

/// Counts what one client sends.
#[derive(Clone, Debug, Default)]
pub(super) struct Counter(Arc<AtomicU64>);

impl Counter {
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Intercept for Counter {
    fn name(&self) -> &'static str {
        "Counter"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}
