//! Who does what goes on after an answer: a task of this process, or an invocation of its own that nobody waits for.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::error::DisplayErrorContext;
use aws_sdk_lambda::operation::invoke::InvokeError;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use reelspan::space::SpaceId;
use reelspan_rest::Error;
use serde::{Deserialize, Serialize};

use crate::Streams;

/// How long to wait before what failed is tried again on this machine.
const PAUSE: Duration = Duration::from_secs(5);

/// How what takes minutes goes on.
#[derive(Clone, Debug)]
pub enum Work {
    /// By a task of this process. What a process leaves the next one takes up ([`Streams::resume`]).
    Here,
    /// By an invocation of this function.
    Lambda(Invoker),
}

/// How another function has the distributions of spaces looked after: by [`Streams`] in a task of this process, or by an
/// [`Invoker`]. A trait, for whoever invokes need not link all of CloudFront.
#[async_trait]
pub trait Upkeep: Debug + Send + Sync {
    /// Has the distribution of a space looked after, which goes if the space does.
    async fn begin(&self, id: &SpaceId) -> Result<(), Error>;
}

/// Invokes a function for what nobody waits for.
#[derive(Clone, Debug)]
pub struct Invoker {
    /// The client.
    pub client: Client,
    /// The function's name.
    pub function: String,
}

/// The event by which the function is told to look after the distribution of a space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TendEvent {
    /// The space.
    pub tend_streaming: String,
}

#[async_trait]
impl Upkeep for Streams {
    async fn begin(&self, id: &SpaceId) -> Result<(), Error> {
        Self::begin(self, id).await
    }
}

#[async_trait]
impl Upkeep for Invoker {
    async fn begin(&self, id: &SpaceId) -> Result<(), Error> {
        self.invoke(&TendEvent { tend_streaming: id.to_string() }).await
    }
}

impl Streams {
    /// Has the distribution of a space looked after.
    pub async fn begin(&self, id: &SpaceId) -> Result<(), Error> {
        match &self.work {
            Work::Here => {
                let (streams, id) = (self.clone(), id.clone());
                tokio::spawn(async move { streams.tend_to_the_end(&id).await });
                Ok(())
            }
            Work::Lambda(invoker) => Upkeep::begin(invoker, id).await,
        }
    }

    /// Looks after it, and tries again for as long as the process lasts.
    async fn tend_to_the_end(&self, id: &SpaceId) {
        while let Err(error) = self.tend(id, None).await {
            tracing::warn!(space = %id, ?error, "looking after a distribution failed; it is tried again");
            tokio::time::sleep(PAUSE.min(self.pace.look)).await;
        }
    }
}

impl Invoker {
    /// Has the function deal with an event, without waiting for it.
    pub async fn invoke(&self, event: &impl Serialize) -> Result<(), Error> {
        let event = serde_json::to_vec(event).map_err(|error| Error::Internal(error.to_string()))?;
        let invoke = self.client.invoke().function_name(&self.function).invocation_type(InvocationType::Event);
        let invoked = invoke.payload(Blob::new(event)).send().await;
        invoked.map(drop).map_err(|error| match error.as_service_error() {
            Some(InvokeError::TooManyRequestsException(_)) => Error::Busy("Lambda"),
            _ => Error::Upstream(format!("Lambda: {}", DisplayErrorContext(error))),
        })
    }
}
