//! Counts the calls that are really made, including retries, and their durations: the cost of a request, for logs and
//! for tests.

use std::fmt;
use std::ops::Sub;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use aws_sdk_s3::config::interceptors::{BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef};
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_smithy_types::config_bag::{Storable, StoreReplace};

use crate::telemetry::{self, Service};

/// The number of calls to each service.
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

/// Counts the calls of one client.
#[derive(Clone, Debug)]
pub(super) struct Counter {
    service: Service,
    sent: Arc<AtomicU64>,
}

/// When an attempt began.
#[derive(Debug)]
struct Begun(Instant);

impl Storable for Begun {
    type Storer = StoreReplace<Self>;
}

impl Counter {
    pub fn new(service: Service) -> Self {
        Self { service, sent: Arc::default() }
    }

    pub fn count(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
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
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        bag.interceptor_state().store_put(Begun(Instant::now()));
        Ok(())
    }

    fn read_after_attempt(
        &self,
        _: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(Begun(begun)) = bag.load::<Begun>() {
            telemetry::count(self.service, begun.elapsed());
        }
        Ok(())
    }
}
