//! Work that goes on after a response.

use std::fmt::Debug;

use async_trait::async_trait;
use reelspan::space::SpaceId;
use serde::{Deserialize, Serialize};

use crate::RestError;

/// Ends the streaming of spaces that are being deleted.
#[async_trait]
pub trait EndStreaming: Debug + Send + Sync {
    /// Ends the streaming of a space that is being deleted, or has it ended soon.
    async fn end_streaming(&self, id: &SpaceId) -> Result<(), RestError>;
}

/// The event that tells the streaming function to end the streaming of a deleted space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EndStreamingEvent {
    /// The space.
    pub end_streaming: String,
}

#[cfg(feature = "lambda")]
pub use on_lambda::Invoker;

#[cfg(feature = "lambda")]
mod on_lambda {
    use async_trait::async_trait;
    use aws_sdk_lambda::Client;
    use aws_sdk_lambda::error::DisplayErrorContext;
    use aws_sdk_lambda::operation::invoke::InvokeError;
    use aws_sdk_lambda::primitives::Blob;
    use aws_sdk_lambda::types::InvocationType;
    use reelspan::space::SpaceId;
    use serde::Serialize;

    use super::{EndStreaming, EndStreamingEvent};
    use crate::RestError;

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
        /// [`RestError::Busy`] if Lambda is throttling, [`RestError::Upstream`] if the call fails.
        pub async fn invoke(&self, event: &impl Serialize) -> Result<(), RestError> {
            let event = serde_json::to_vec(event).map_err(|error| RestError::Internal(error.to_string()))?;
            let invoke = self.client.invoke().function_name(&self.function).invocation_type(InvocationType::Event);
            let invoked = invoke.payload(Blob::new(event)).send().await;
            invoked.map(drop).map_err(|error| match error.as_service_error() {
                Some(InvokeError::TooManyRequestsException(_)) => RestError::Busy("Lambda"),
                _ => RestError::Upstream(format!("Lambda: {}", DisplayErrorContext(error))),
            })
        }
    }

    #[async_trait]
    impl EndStreaming for Invoker {
        async fn end_streaming(&self, id: &SpaceId) -> Result<(), RestError> {
            self.invoke(&EndStreamingEvent { end_streaming: id.to_string() }).await
        }
    }
}
