//! What one request cost: the calls that were made for it, and how long they took; and what there is to be told of it.
//!
//! The meter goes with the task ([`within`]), so that nothing between the layer that reads it and the client that counts has to
//! hand it on; and with tasks that are started on its behalf ([`carried`]).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

tokio::task_local! {
    static METER: Arc<Meter>;
}

/// Which service a call goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    S3,
    DynamoDb,
}

/// Calls, retries among them, and how long they took together: until the answer began, where it is a body of S3.
#[derive(Debug, Default)]
struct Calls {
    count: AtomicU64,
    microseconds: AtomicU64,
}

/// How many calls there were, and how long they took together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many, retries among them.
    pub calls: u64,
    /// How long, in milliseconds. Calls at the same time count each for itself.
    pub milliseconds: u64,
}

/// What became of the look into the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Index {
    /// It had the file.
    Hit,
    /// It has not, or not yet.
    Miss,
}

/// What there is to be told of a request, by whoever found it out. None of it is a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// What kind of request it is, of a few: a dimension of the metrics.
    pub kind: Option<&'static str>,
    /// Of which space.
    pub space: Option<String>,
    /// Of which content.
    pub content: Option<String>,
    /// The fragment that it was understood to ask for.
    pub fragment: Option<String>,
    /// The range that it was understood to ask for.
    pub range: Option<String>,
    /// Who asked.
    pub user: Option<String>,
    /// What became of the look into the index.
    pub index: Option<Index>,
    /// Its signature was refused.
    pub refused_signature: bool,
    /// Its credentials were refused.
    pub failed_sign_in: bool,
    /// What it did, for the audit trail, where its method and path do not say so.
    pub act: Option<&'static str>,
    /// The name that was given with credentials that were refused.
    pub name: Option<String>,
    /// What else the audit trail has of it.
    pub detail: BTreeMap<&'static str, String>,
}

/// What one request cost.
#[derive(Debug)]
pub struct Meter {
    begun: Instant,
    s3: Calls,
    dynamodb: Calls,
    notes: Mutex<Notes>,
}

impl Default for Meter {
    fn default() -> Self {
        Self { begun: Instant::now(), s3: Calls::default(), dynamodb: Calls::default(), notes: Mutex::default() }
    }
}

impl Meter {
    /// One for a request that begins now.
    #[must_use]
    pub fn start() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// The calls to S3 so far.
    #[must_use]
    pub fn s3(&self) -> Tally {
        self.s3.tally()
    }

    /// The calls to DynamoDB so far.
    #[must_use]
    pub fn dynamodb(&self) -> Tally {
        self.dynamodb.tally()
    }

    /// Does something at once on behalf of the request: what a body does when it is polled, say.
    pub fn inside<T>(self: &Arc<Self>, work: impl FnOnce() -> T) -> T {
        METER.sync_scope(Arc::clone(self), work)
    }

    /// What was told of the request.
    #[must_use]
    pub fn notes(&self) -> Notes {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many milliseconds ago the request began.
    #[must_use]
    pub fn milliseconds(&self) -> u64 {
        milliseconds(self.begun.elapsed())
    }
}

impl Calls {
    fn tally(&self) -> Tally {
        Tally {
            calls: self.count.load(Ordering::Relaxed),
            milliseconds: self.microseconds.load(Ordering::Relaxed) / 1000,
        }
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Does something on behalf of the request of this meter.
pub async fn within<F: Future>(meter: Arc<Meter>, work: F) -> F::Output {
    METER.scope(meter, work).await
}

/// What is to become a task of its own, on behalf of the request that starts it, if one does.
pub fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let meter = METER.try_with(Arc::clone).ok();
    async move {
        match meter {
            Some(meter) => METER.scope(meter, work).await,
            None => work.await,
        }
    }
}

/// Tells something of the request that is being answered; without one, nobody listens.
pub fn note(tell: impl FnOnce(&mut Notes)) {
    // A failure says that this is no request's task.
    let _ = METER.try_with(|meter| tell(&mut meter.notes.lock().unwrap_or_else(PoisonError::into_inner)));
}

/// Counts a call for the request that made it, if one did.
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
            assert_eq!(meter.s3(), Tally { calls, milliseconds: 2 * calls });
            assert_eq!(meter.dynamodb(), Tally { calls, milliseconds: 3 * calls / 2 });
        }
    }
}
