//! Delivering events: what S3 and Lambda do between them on AWS. An event is delivered at least once, those of one object in
//! order, a few at a time; a delivery that fails is tried again, and in the end kept with its reason.
//!
//! The events themselves are in the catalogue ([`crate::s3::catalogue`]), so that they outlive the process.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use serde_json::Value;
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::s3::catalogue::{Catalogue, Error, PendingEvent};

/// What gets the events, as Lambda would get them. It may get one twice.
pub type Handler = Arc<dyn Fn(Value) -> BoxFuture<'static, Result<(), HandlerError>> + Send + Sync>;

/// Why a handler did not handle an event.
pub type HandlerError = Box<dyn std::error::Error + Send + Sync>;

/// How many events are handled at a time: two, so that a long file does not hold up a short one, and memory stays small.
const AT_A_TIME: usize = 2;

/// How long to wait before each further attempt. Then an event is given up.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(250), Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(10)];

/// How often to look for an event whose pause is over.
const TICK: Duration = Duration::from_millis(200);

/// Delivers events until `stop`; then lets running deliveries end for as long as `patience` lasts. What was not delivered is
/// delivered by the next process.
pub async fn deliver(catalogue: Arc<Catalogue>, handler: Handler, stop: CancellationToken, patience: Duration) {
    let mut pending = catalogue.pending();
    let mut running = JoinSet::new();
    let mut events: HashMap<Id, PendingEvent> = HashMap::new();
    loop {
        if let Err(error) = start(&catalogue, &handler, &mut running, &mut events) {
            tracing::error!(%error, "events cannot be read");
        }
        let waiting = *pending.borrow_and_update() > events.len() as u64;
        tokio::select! {
            () = stop.cancelled() => break,
            Some(ended) = running.join_next_with_id() => settle(&catalogue, &mut events, ended),
            Ok(()) = pending.changed() => {}
            () = tokio::time::sleep(TICK), if waiting => {}
        }
    }
    let rest = async {
        while let Some(ended) = running.join_next_with_id().await {
            settle(&catalogue, &mut events, ended);
        }
    };
    if tokio::time::timeout(patience, rest).await.is_err() {
        tracing::warn!("events were still being handled; they come again at the next start");
    }
}

/// Waits until there is nothing left to deliver.
pub async fn drained(catalogue: &Catalogue) {
    // It fails only when the catalogue is dropped, and we have a reference to it.
    let _ = catalogue.pending().wait_for(|pending| *pending == 0).await;
}

fn start(
    catalogue: &Catalogue,
    handler: &Handler,
    running: &mut JoinSet<Result<(), HandlerError>>,
    events: &mut HashMap<Id, PendingEvent>,
) -> Result<(), Error> {
    if events.len() >= AT_A_TIME {
        return Ok(());
    }
    // Those that are running are due too, as they are not delivered yet.
    for event in catalogue.due_events(2 * AT_A_TIME)? {
        if events.len() < AT_A_TIME && !events.values().any(|other| other.sequencer == event.sequencer) {
            let message = serde_json::from_str(&event.message).unwrap_or_default();
            let handle = running.spawn(handler(message));
            events.insert(handle.id(), event);
        }
    }
    Ok(())
}

type Ended = Result<(Id, Result<(), HandlerError>), JoinError>;

fn settle(catalogue: &Catalogue, events: &mut HashMap<Id, PendingEvent>, ended: Ended) {
    let (id, reason) = match ended {
        Ok((id, Ok(()))) => (id, None),
        Ok((id, Err(error))) => (id, Some(error.to_string())),
        Err(error) => (error.id(), Some("the handler panicked".to_owned())),
    };
    let Some(event) = events.remove(&id) else { return };
    let noted = match (reason, pause_after(event.attempts)) {
        (None, _) => catalogue.delivered(&event),
        (Some(reason), Some(pause)) => {
            tracing::warn!(key = event.key, reason, ?pause, "an event was not handled; it is tried again");
            catalogue.postponed(&event, pause)
        }
        (Some(reason), None) => {
            tracing::error!(key = event.key, reason, "an event was not handled, and is given up");
            catalogue.failed(&event, &reason)
        }
    };
    if let Err(error) = noted {
        tracing::error!(%error, key = event.key, "the fate of an event was not noted; it comes again");
    }
}

fn pause_after(attempts: u32) -> Option<Duration> {
    PAUSES.get(usize::try_from(attempts).ok()?).copied()
}
