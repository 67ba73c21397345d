//! The cost of a request: its calls and their durations; and notes about it for logs and metrics.
//!
//! The meter belongs to the task ([`within`]), so that the code between the layer that reads it and the client that
//! counts does not have to pass it on; and to tasks that are started on its behalf ([`carried`]).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

tokio::task_local! {
    static METER: Arc<Meter>;
}

/// The service that a call goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    S3,
    DynamoDb,
}

/// Calls, including retries, and their total duration: for a body of S3, until the answer began.
#[derive(Debug, Default)]
struct CallMeter {
    count: AtomicU64,
    microseconds: AtomicU64,
}

/// The number of calls and their total duration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallTally {
    /// The number, including retries.
    pub calls: u64,
    /// The duration in milliseconds. Simultaneous calls count separately.
    pub milliseconds: u64,
}

/// The result of the index lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexLookup {
    /// The index has the file.
    Hit,
    /// It does not, or not yet.
    Miss,
}

/// Notes about a request, added by the code that knows them. None of them is secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestNotes {
    /// The kind of request, one of a few: a dimension of the metrics.
    pub kind: Option<&'static str>,
    /// The space.
    pub space: Option<String>,
    /// The content.
    pub content: Option<String>,
    /// The fragment that was requested, as understood.
    pub fragment: Option<String>,
    /// The range that was requested, as understood.
    pub range: Option<String>,
    /// The caller.
    pub user: Option<String>,
    /// The result of the index lookup.
    pub index: Option<IndexLookup>,
    /// Whether its signature was refused.
    pub refused_signature: bool,
    /// Whether its credentials were refused.
    pub failed_sign_in: bool,
    /// The act for the audit trail, if method and path do not determine it.
    pub act: Option<&'static str>,
    /// The name in credentials that were refused.
    pub name: Option<String>,
    /// Further details for the audit trail.
    pub detail: BTreeMap<&'static str, String>,
}

/// The cost of one request.
#[derive(Debug)]
pub struct Meter {
    begun: Instant,
    s3: CallMeter,
    dynamodb: CallMeter,
    notes: Mutex<RequestNotes>,
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            begun: Instant::now(),
            s3: CallMeter::default(),
            dynamodb: CallMeter::default(),
            notes: Mutex::default(),
        }
    }
}

impl Meter {
    /// A meter for a request that begins now.
    #[must_use]
    pub fn start() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// The calls to S3 so far.
    #[must_use]
    pub fn s3(&self) -> CallTally {
        self.s3.tally()
    }

    /// The calls to DynamoDB so far.
    #[must_use]
    pub fn dynamodb(&self) -> CallTally {
        self.dynamodb.tally()
    }

    /// Runs synchronous work on behalf of the request, such as polling a body.
    pub fn inside<T>(self: &Arc<Self>, work: impl FnOnce() -> T) -> T {
        METER.sync_scope(Arc::clone(self), work)
    }

    /// The notes about the request.
    #[must_use]
    pub fn notes(&self) -> RequestNotes {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many milliseconds ago the request began.
    #[must_use]
    pub fn milliseconds(&self) -> u64 {
        milliseconds(self.begun.elapsed())
    }
}

impl CallMeter {
    fn tally(&self) -> CallTally {
        CallTally {
            calls: self.count.load(Ordering::Relaxed),
            milliseconds: self.microseconds.load(Ordering::Relaxed) / 1000,
        }
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Runs a future on behalf of the request of this meter.
pub async fn within<F: Future>(meter: Arc<Meter>, work: F) -> F::Output {
    METER.scope(meter, work).await
}

/// Wraps a future that will become a separate task, on behalf of the current request, if any.
pub fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let meter = METER.try_with(Arc::clone).ok();
    async move {
        match meter {
            Some(meter) => METER.scope(meter, work).await,
            None => work.await,
        }
    }
}

/// Adds a note about the current request, if any.
pub fn note(tell: impl FnOnce(&mut RequestNotes)) {
    // An error means that this task belongs to no request.
    let _ = METER.try_with(|meter| tell(&mut meter.notes.lock().unwrap_or_else(PoisonError::into_inner)));
}

/// Counts a call for the current request, if any.
pub(crate) fn count(service: Service, took: Duration) {
    let _ = METER.try_with(|meter| {
        let calls = match service {
            Service::S3 => &meter.s3,
            Service::DynamoDb => &meter.dynamodb,
        };
        calls.count.fetch_add(1, Ordering::Relaxed);
        let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        calls.microseconds.fetch_add(microseconds, Ordering::Relaxed);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_counts_for_the_request_that_made_it_and_for_no_other() {
        count(Service::S3, Duration::from_millis(1));
        let (one, other) = (Meter::start(), Meter::start());
        let work = |space: &'static str, calls: u64| async move {
            note(|notes| notes.space = Some(space.to_owned()));
            for _ in 0..calls {
                tokio::task::yield_now().await;
                count(Service::S3, Duration::from_millis(2));
                let task = tokio::spawn(carried(async { count(Service::DynamoDb, Duration::from_micros(1500)) }));
                assert!(task.await.is_ok());
            }
        };
        tokio::join!(within(Arc::clone(&one), work("films", 2)), within(Arc::clone(&other), work("radio", 5)));
        for (meter, space, calls) in [(one, "films", 2), (other, "radio", 5)] {
            assert_eq!(meter.notes().space.as_deref(), Some(space));
            assert_eq!(meter.s3(), CallTally { calls, milliseconds: 2 * calls });
            assert_eq!(meter.dynamodb(), CallTally { calls, milliseconds: 3 * calls / 2 });
        }
    }
}
