//! Work that goes on after a response: in an invocation of a Lambda function that nobody waits for.

use std::fmt::Debug;

use async_trait::async_trait;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::error::DisplayErrorContext;
use aws_sdk_lambda::operation::invoke::InvokeError;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use reelspan::space::SpaceId;
use serde::{Deserialize, Serialize};

use crate::Error;

/// Looks after the distributions of spaces. The function that streams does so itself; other functions use an [`Invoker`] of it.
#[async_trait]
pub trait Upkeep: Debug + Send + Sync {
    /// Starts to look after the distribution of a space, which is deleted if the space is.
    async fn begin(&self, id: &SpaceId) -> Result<(), Error>;
}

/// The event that tells the streaming function to look after the distribution of a space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TendEvent {
    /// The space.
    pub tend_streaming: String,
}

/// Invokes a Lambda function without waiting for its result.
#[derive(Clone, Debug)]
pub struct Invoker {
    /// The client.
    pub client: Client,
    /// The function's name.
    pub function: String,
}

impl Invoker {
    /// Sends an event to the function, and returns as soon as Lambda has taken it.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] if Lambda is throttling, [`Error::Upstream`] if the call fails.
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

#[async_trait]
impl Upkeep for Invoker {
    async fn begin(&self, id: &SpaceId) -> Result<(), Error> {
        self.invoke(&TendEvent { tend_streaming: id.to_string() }).await
    }
}
