//! Who does what goes on after an answer: a task of this process, or an invocation of its own that nobody waits for.

use std::time::Duration;

use async_trait::async_trait;
use reelspan::space::SpaceId;
use reelspan_rest::{Error, Invoker, Upkeep};

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

#[async_trait]
impl Upkeep for Streams {
    async fn begin(&self, id: &SpaceId) -> Result<(), Error> {
        Self::begin(self, id).await
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
