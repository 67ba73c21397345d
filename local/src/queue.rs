//! Delivers events, as S3 and Lambda do on AWS. An event is delivered at least once, those of one object in order, and
//! a few at a time. A failed delivery is retried, and finally kept with its reason.
//!
//! The events themselves are in the catalogue ([`crate::s3::catalogue`]), so that they outlive the process.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use serde_json::Value;
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::s3::catalogue::{CatalogueError, ObjectCatalogue, PendingEvent};

/// Receives the events, as Lambda would. It may get one twice.
pub type Handler = Arc<dyn Fn(Value) -> BoxFuture<'static, Result<(), HandlerError>> + Send + Sync>;

/// Why a handler did not handle an event.
pub type HandlerError = Box<dyn std::error::Error + Send + Sync>;

/// How many events are handled at a time: two, so that a long file does not delay a short one, and memory use stays
/// small.
pub const AT_A_TIME: usize = 2;

/// The default pauses before further attempts. Then an event is given up.
pub const PAUSES: [Duration; 4] =
    [Duration::from_millis(250), Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(10)];

/// How often to look for an event whose pause is over.
const TICK: Duration = Duration::from_millis(200);

/// A queue of events and its handler.
#[derive(Clone)]
pub struct EventQueue {
    /// The store of the events.
    pub catalogue: Arc<ObjectCatalogue>,
    /// Receives the events.
    pub handler: Handler,
    /// The pauses before further attempts; after the last one, an event is given up.
    pub pauses: Vec<Duration>,
}

/// The running deliveries, each with its event.
#[derive(Default)]
struct RunningDeliveries {
    tasks: JoinSet<Result<(), HandlerError>>,
    events: HashMap<Id, PendingEvent>,
}

/// The result of a delivery.
type Ended = Result<(Id, Result<(), HandlerError>), JoinError>;

impl EventQueue {
    /// Delivers events until `stop`, then gives running deliveries `patience` to end. The next process delivers the
    /// rest.
    pub async fn deliver(self, stop: CancellationToken, patience: Duration) {
        let mut pending = self.catalogue.pending();
        let mut running = RunningDeliveries::default();
        loop {
            if let Err(error) = self.start(&mut running) {
                tracing::error!(%error, "events cannot be read");
            }
            let waiting = *pending.borrow_and_update() > running.events.len() as u64;
            tokio::select! {
                () = stop.cancelled() => break,
                Some(ended) = running.tasks.join_next_with_id() => self.settle(&mut running, ended),
                Ok(()) = pending.changed() => {}
                () = tokio::time::sleep(TICK), if waiting => {}
            }
        }
        let rest = async {
            while let Some(ended) = running.tasks.join_next_with_id().await {
                self.settle(&mut running, ended);
            }
        };
        if tokio::time::timeout(patience, rest).await.is_err() {
            tracing::warn!("events were still being handled; they come again at the next start");
        }
    }

    /// Begins as many deliveries as allowed.
    fn start(&self, running: &mut RunningDeliveries) -> Result<(), CatalogueError> {
        if running.events.len() >= AT_A_TIME {
            return Ok(());
        }
        // Running deliveries are listed as due too, because they are not delivered yet.
        for event in self.catalogue.due_events(2 * AT_A_TIME)? {
            let has_begun = running.events.values().any(|other| other.sequencer == event.sequencer);
            if running.events.len() < AT_A_TIME && !has_begun {
                let message = serde_json::from_str(&event.message).unwrap_or_default();
                let task = running.tasks.spawn((self.handler)(message));
                running.events.insert(task.id(), event);
            }
        }
        Ok(())
    }

    /// Records the result of a delivery.
    fn settle(&self, running: &mut RunningDeliveries, ended: Ended) {
        let (id, reason) = match ended {
            Ok((id, Ok(()))) => (id, None),
            Ok((id, Err(error))) => (id, Some(error.to_string())),
            Err(error) => (error.id(), Some("the handler panicked".to_owned())),
        };
        let Some(event) = running.events.remove(&id) else { return };
        let pause = usize::try_from(event.attempts).ok().and_then(|attempts| self.pauses.get(attempts));
        let noted = match (reason, pause) {
            (None, _) => self.catalogue.delivered(&event),
            (Some(reason), Some(pause)) => {
                tracing::warn!(key = event.key, reason, ?pause, "an event was not handled; it is tried again");
                self.catalogue.postponed(&event, *pause)
            }
            (Some(reason), None) => {
                tracing::error!(key = event.key, reason, "an event was not handled, and is given up");
                self.catalogue.failed(&event, &reason)
            }
        };
        if let Err(error) = noted {
            tracing::error!(%error, key = event.key, "the result of a delivery was not recorded; the event comes again");
        }
    }
}

/// Waits until everything is delivered.
pub async fn drained(catalogue: &ObjectCatalogue) {
    // It fails only when the catalogue is dropped, and we have a reference to it.
    let _ = catalogue.pending().wait_for(|pending| *pending == 0).await;
}
